"""Master data from the command line: settings, plan and apply, conflicts, the brake."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crossdock.flows.master import keep_in_step
from crossdock.flows.products import STREAM, concerned, take_in
from crossdock.spec.products import Product
from crossdock.store import cursors
from crossdock.store.cursors import Cursor
from crossdock.store.times import to_ms

pytestmark = pytest.mark.behaviour("R4")
NASTY = "Cup\x1b[2J\u202e"


def shown_by(daemon, connection, *products):
    """Have a connection's listing bring these, and what follows from it done."""
    engine = daemon.world.engine

    async def done():
        def unit(tx):
            cursors.save(tx, Cursor(connection=connection, stream=STREAM, started_at=1, finished_at=2))
            now = to_ms(engine.env.now())
            take_in(tx, connection, products, concerned(engine.books.current(tx), connection), now)

        await engine.store.write(unit)
        while (await keep_in_step(engine.house))[1]:
            pass

    daemon.do(done())


def product(sku="A", **values):
    return Product(sku=sku, updated_at=datetime.now(UTC), **{"name": "Cup", "weight_g": 1, **values})


@pytest.fixture
def warehouse(daemon, run):
    """Warehouse WH1, switched on."""
    for link in daemon.world.engine.links.values():
        link.hooks = link.hooks | {"fetch_products", "get_products", "write_products"}
    switched = run("master", "policy", "enable", "WH1")
    assert "its products are kept in step" in switched.out
    return "WH1"


@pytest.mark.behaviour("R5", "R6", "R7")
def test_settings_are_shown_changed_field_by_field_and_switched(run, warehouse):
    changed = run(
        "master", "policy", "set", "WH1", "--field", "name", "--off", "--direction", "oms_to_wms", "--brake-skus", "7"
    )
    assert "revision 2" in changed.out
    found = run("master", "policy", "show", "WH1", "--json").json
    assert (found["fields"]["name"]["on"], found["fields"]["name"]["direction"], found["brake_skus"]) == (
        False, "oms_to_wms", 7
    )  # fmt: skip
    assert found["fields"]["weight"]["on"] is True
    assert "oms_to_wms" in run("master", "policy", "show", "WH1").out
    assert run("master", "policy", "set", "WH1", "--off").code == 2
    wrong = run("master", "policy", "set", "WH1", "--field", "name", "--rule", "union")
    assert (wrong.code, "cannot be united" in wrong.err) == (1, True)
    assert "are not kept in step" in run("master", "policy", "disable", "WH1").out
    assert "master policy enable WH1" in run("master", "plan", "WH1").err


def test_the_first_contact_is_shown_then_applied_and_its_conflict_decided(daemon, run, warehouse):
    shown_by(daemon, "oms", product(name=NASTY, unit=None), product("B"))
    shown_by(daemon, "wms", product(name="Beaker", unit="box"), product("B"))
    planned = run("master", "plan", "WH1")
    assert "2 products" in planned.out
    assert "unit → oms: box" in planned.out
    assert "name: oms Cup\\x1b[2J\\u202e, wms Beaker" in planned.out
    assert "\x1b" not in planned.out + run("master", "products", "WH1").out
    assert "crossdock master apply WH1 --plan 1" in planned.out
    assert run("master", "plan", "WH1", "--show", "1", "--limit", "1", "--json").json["next"] == "A"
    assert "(applied)" in run("master", "apply", "WH1", "--plan", "1").out
    assert run("master", "apply", "WH1", "--plan", "1").code == 1
    listed = run("master", "conflicts", "list", "WH1", "--json").json["items"]
    assert [(each["field"], each["why"]) for each in listed] == [("name", "first_contact")]
    assert run("master", "conflicts", "resolve", "1", "--take", "base").code == 1
    decided = run("master", "conflicts", "resolve", "1", "--take", "Mug", "--reason", "as sold")
    assert "name of A becomes Mug" in decided.out
    assert "as sold" in run("master", "conflicts", "show", "1").out
    assert run("master", "conflicts", "list", "WH1").out.strip() == "no conflicts"
    assert "value" in run("master", "conflicts", "list", "WH1", "--decided").out


def test_the_brake_is_shown_and_released(daemon, run, warehouse):
    run("master", "policy", "set", "WH1", "--brake-skus", "1", "--brake-percent", "10")
    for connection in ("oms", "wms"):
        shown_by(daemon, connection, *(product(f"P{number}") for number in range(4)))
    run("master", "apply", "WH1", "--plan", str(run("master", "plan", "WH1", "--json").json["plan"]["id"]))
    shown_by(daemon, "oms")
    assert run("master", "products", "WH1", "--state", "bound", "--json").json["items"][3]["sku"] == "P3"
    shown_by(daemon, "oms", *(product(f"P{number}", name="Mug") for number in range(3)))
    assert "3 of 4 products wait for a person" in run("master", "status", "WH1").out
    assert "3 products of warehouse WH1 go on" in run("master", "release", "WH1").out
    assert "brake" not in run("master", "status", "WH1").out
    assert run("master", "release", "WH1").code == 1


def test_a_conflict_shows_values_as_people_write_them(daemon, run, warehouse):
    run("master", "policy", "set", "WH1", "--field", "barcodes", "--rule", "manual")
    shown_by(daemon, "oms", product(barcodes=("111", "112"), name="Cup"))
    shown_by(daemon, "wms", product(barcodes=("222",), name="Cup"))
    run("master", "apply", "WH1", "--plan", str(run("master", "plan", "WH1", "--json").json["plan"]["id"]))
    number = str(run("master", "conflicts", "list", "WH1", "--json").json["items"][0]["id"])
    shown = run("master", "conflicts", "show", number).out
    assert "111, 112" in shown
    listed = run("master", "conflicts", "list", "WH1").out
    for text in (shown, listed):
        assert not any(mark in text for mark in ("[", "'", "None"))
