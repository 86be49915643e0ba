"""The page about costs says what the code says."""

from __future__ import annotations

import re

from tests.docs.pages import ROOT

from crossdock.config.model import Costs
from crossdock.rules.cost_ledger import EmptyStock, EventKind, Flag
from crossdock.rules.money import QUANTITY_DECIMALS, UNIT_EXTRA

PAGE = (ROOT / "docs" / "reference" / "costs.md").read_text(encoding="utf-8")


def test_the_table_of_events_has_exactly_those_of_the_code():
    assert re.findall(
        r"^\| `(\w+)` \| [^|]+ \| [^|]+ \|$", PAGE.split("| `event` |")[1].split("\n\n")[0], re.MULTILINE
    ) == [kind.value for kind in EventKind]


def test_every_policy_flag_and_option_is_on_the_page():
    for name in (*EmptyStock, *Flag):
        assert f"`{name.value}`" in PAGE or f'"{name.value}"' in PAGE, name
    for option in {*Costs.__struct_fields__} - {"currency"}:
        assert f"`costs.{option}" in PAGE, option


def test_the_decimals_on_the_page_are_those_of_the_code():
    assert (UNIT_EXTRA, QUANTITY_DECIMALS) == (4, 6)
    assert "four more than that" in PAGE
    assert "| a quantity | 6 |" in PAGE
