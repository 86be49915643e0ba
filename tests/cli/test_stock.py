"""The commands about stock: what a person sees, and that nothing of it steers the terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from crossdock.flows.sync_stock import Way, send_level
from crossdock.rules.stock import Unsent
from crossdock.spec.stock import StockLevel
from crossdock.store import stock

HOSTILE = "A\x1b[2Jred\u202e"


def put(daemon, sku, way):
    def unit(tx):
        level = StockLevel(sku=sku, warehouse="W1", on_hand=Decimal("7.5"), observed_at=datetime.now(UTC))
        number = stock.see(tx, "wms", level, 1)
        send_level(tx, "wms", number, level, way, 1)

    daemon.do(daemon.world.store.write(unit))


def test_levels_are_listed_with_what_a_person_must_do(daemon, run):
    assert "no stock is known" in run("stock", "list").out
    assert run("stock", "switch", "WH1", "on").out == "stock of warehouse WH1 is sent to the OMS\n"
    put(daemon, HOSTILE, Way("WH1", why=Unsent.UNMAPPED))
    put(daemon, "B", Way("WH1", "B", "oms", "WH1"))
    shown = run("stock", "list", "--warehouse", "WH1").out
    for said in ("7.5", "held", "map the warehouse's SKU", "waiting"):
        assert said in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert [item["state"] for item in run("stock", "list", "--json").json["items"]] == ["held", "waiting"]
    assert "more: --after 1" in run("stock", "list", "--limit", "1").out


def test_switches_are_listed(run):
    run("stock", "switch", "WH1", "on")
    assert "on" in run("stock", "switches").out
    assert run("stock", "switch", "WH1", "off", "--json").json["on"] is False
    assert run("stock", "switches", "--json").json["items"][0]["on"] is False


def test_what_cannot_be_fetched_is_refused_in_a_sentence(run):
    found = run("stock", "fetch", "wms")
    assert found.code == 1
    assert "no connection 'wms' tells its stock" in found.all
