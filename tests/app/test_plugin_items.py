"""A plugin is shown with what its connector types can do and want to be told."""

from __future__ import annotations

import pytest

from crossdock.app.plugin_items import type_item
from crossdock_oms_default.plugin import OMS_DEFAULT
from crossdock_oms_default.settings import Settings as OmsSettings
from crossdock_wms_default.plugin import WMS_DEFAULT


@pytest.mark.parametrize("kind", [OMS_DEFAULT, WMS_DEFAULT], ids=["oms", "wms"])
def test_every_setting_and_capability_of_the_shipped_types_is_shown(kind):
    shown = type_item(kind)
    assert {setting.key for setting in shown.settings} == set(kind.settings.__struct_fields__)
    assert set(shown.capabilities) == set(kind.capabilities.__struct_fields__)
    assert all(setting.text and setting.takes for setting in shown.settings)


def test_a_setting_says_whether_it_must_be_there_and_what_it_is_otherwise():
    shown = {setting.key: setting for setting in type_item(OMS_DEFAULT).settings}
    assert (shown["url"].required, shown["url"].default) == (True, "")
    assert (shown["cost_actual"].required, shown["cost_actual"].default) == (False, '"set_average"')
    assert set(shown) == set(OmsSettings.__struct_fields__)
