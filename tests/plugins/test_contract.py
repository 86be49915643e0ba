"""Both default plugins keep to the hooks of the contract."""

from __future__ import annotations

import msgspec
import pluggy
import pytest

from crossdock.spec import hooks
from crossdock_oms_default import plugin as oms_plugin
from crossdock_wms_default import plugin as wms_plugin


@pytest.mark.parametrize("plugin", [oms_plugin, wms_plugin])
def test_every_hook_is_one_of_the_contract_with_its_parameters(plugin):
    manager = pluggy.PluginManager(hooks.PROJECT)
    manager.add_hookspecs(hooks)
    manager.register(plugin)
    for kind in plugin.crossdock_connectors():
        settings = msgspec.convert({"url": "https://x", "token": {"secret": "t"}}, type=kind.settings)
        first, second = kind.factory(settings), kind.factory(settings)
        manager.register(first, "conn:first")
        manager.register(second, "conn:second")
        assert {caller.name for caller in manager.get_hookcallers(first)} >= {"check"}
        assert msgspec.json.schema(kind.settings)
    manager.check_pending()


@pytest.mark.parametrize(
    "given", [{"url": "ftp://x", "token": {"secret": "t"}}, {"url": "https://x", "token": "in the clear"}]
)
@pytest.mark.parametrize("plugin", [oms_plugin, wms_plugin])
def test_settings_refuse_another_scheme_and_a_secret_in_the_clear(plugin, given):
    (kind,) = plugin.crossdock_connectors()
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(given, type=kind.settings)
