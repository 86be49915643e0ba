"""Incidents, simulations, reconciliation and the setup, as a person at a terminal meets them."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from tests.control.world import order

from crossdock.spec.orders import OrderLine
from crossdock.spec.outbound import PushStatus


def for_sku(ref, sku):
    return order(ref, lines=(OrderLine(line_no=1, sku=sku, quantity=Decimal(1)),))


@pytest.fixture
def held(daemon, run):
    run("warehouses", "set", "WH1", "--no-auto-bind")
    daemon.fetch(for_sku("A", "TEA"), for_sku("B", "TEA"))
    daemon.until("B", "held")


@pytest.mark.behaviour("P7")
def test_incidents_are_read_mended_by_the_command_they_name_and_gone(daemon, run, held):
    listed = run("incidents", "list")
    for said in ("mapping", "SKU TEA is not bound in warehouse WH1", "crossdock mappings set WH1 sku TEA THEIRS"):
        assert said in listed.out
    (item,) = run("incidents", "list", "--json").json["items"]
    assert item["holds"] == 2
    shown = run("incidents", "show", str(item["id"]))
    for said in ("holds:", "2", "what to do:", "A", "B"):
        assert said in shown.out
    assert run(*item["command"].replace("THEIRS", "T-1").split()[1:]).code == 0
    for ref in "AB":
        daemon.until(ref, "pushed")
    assert "no open incidents" in run("incidents", "list").out
    assert "SKU TEA" in run("incidents", "list", "--healed").out


def test_an_incident_is_taken_muted_and_news_again(run, held):
    assert "admin looks after incident 1" in run("incidents", "take", "1").out
    assert "ann looks after" in run("incidents", "take", "1", "--owner", "ann").out
    assert "(1 muted)" not in run("status").out
    assert "is muted until" in run("incidents", "mute", "1", "--hours", "2").out
    assert "(1 muted)" in run("status").out
    assert "is news again" in run("incidents", "mute", "1", "--hours", "0").out
    assert run("incidents", "show", "1", "--json").json["incident"]["owner"] == "ann"


def test_release_tells_of_each_and_fails_if_nothing_could_be_released(daemon, run, held):
    done = run("incidents", "release", "1")
    assert (done.code, "0 of 2 released" in done.out) == (1, True)
    assert run("incidents", "release", "1", "--json").code == 1
    run("mappings", "set", "WH1", "sku", "TEA", "T-1")
    daemon.until("B", "pushed")
    daemon.world.wms.answer = PushStatus.REJECTED
    daemon.fetch(for_sku("C", "TEA"))
    daemon.until("C", "push_failed")
    daemon.world.wms.answer = PushStatus.ACCEPTED
    done = run("incidents", "release", "2")
    assert (done.code, "1 of 1 released" in done.out) == (0, True)
    daemon.until("C", "pushed")
    assert run("incidents", "show", "99").code == 1


@pytest.mark.security("S12")
def test_what_strangers_wrote_reaches_the_terminal_cleaned(daemon, run):
    run("warehouses", "set", "WH1", "--no-auto-bind")
    daemon.fetch(for_sku("A", "X\x1b[2J\u202e"))
    daemon.until("A", "held")
    for words in (("incidents", "list"), ("incidents", "show", "1"), ("incidents", "release", "1"), ("simulate",)):
        shown = run(*words)
        assert "\x1b" not in shown.all
        assert "\u202e" not in shown.all
    assert "\x1b" not in run("incidents", "list", "--json").out


@pytest.mark.behaviour("R31", "R36")
def test_a_strategy_is_tried_from_a_file_before_it_is_saved(daemon, run, tmp_path):
    daemon.fetch(order("A", label_ready=False))
    daemon.until("A", "not_pushed")
    assert "kept by: strategy 1" in run("simulate").out
    draft = tmp_path / "ahead.json"
    draft.write_text(json.dumps({"name": "ahead", "kind": "advance"}))
    shown = run("simulate", "--warehouse", "WH1", "--strategy", str(draft))
    for said in ("goes to WH1 by ahead", "shipping label", "different with the draft: 1"):
        assert said in shown.out
    found = run("simulate", "--warehouse", "WH1", "--strategy", str(draft), "--json").json
    assert (found["differing"], found["would"]) == (1, {"push": 1})
    assert [s["name"] for s in run("strategies", "list", "--json").json["items"]] == ["std"]
    assert run("simulate", "--warehouse", "WH1", "--strategy", "std", "--order", "A").code == 0
    assert run("simulate", "--only", "going").out.startswith("no waiting order fits")
    refused = run("simulate", "--only", "differing")
    assert (refused.code, "compares the settings with a draft" in refused.err) == (2, True)


@pytest.mark.parametrize("words", [("--auto-push",), ("--strategy", "std")])
def test_what_is_tried_in_a_warehouse_needs_its_name(run, words):
    assert run("simulate", *words).code == 2


def test_simulate_goes_on_where_it_was_cut(daemon, run):
    daemon.fetch(*(order(f"{n}", holds=("x",)) for n in range(5)))
    daemon.until("4", "held")
    first = run("simulate", "--limit", "3", "--json").json
    rest = run("simulate", "--after", str(first["next"]), "--json").json
    assert [i["ref"] for i in (*first["items"], *rest["items"])] == [str(n) for n in range(5)]
    assert "more: --after" in run("simulate", "--limit", "3").out


@pytest.mark.behaviour("P6")
def test_reconcile_waits_and_tells_what_it_found(daemon, run):
    daemon.fetch(order("A"))
    daemon.until("A", "pushed")
    done = run("reconcile", "--dry-run")
    assert (done.code, "nothing is wrong; a dry run" in done.out) == (0, True)
    assert run("reconcile", "--days", "7", "--json").json["task"]["state"] == "succeeded"
    queued = run("reconcile", "--no-wait")
    assert "crossdock tasks show" in queued.out


@pytest.mark.behaviour("P6")
def test_reconcile_ends_with_1_if_something_is_left_for_a_person(daemon, run):
    daemon.fetch(order("A", holds=("x",)))
    daemon.until("A", "held")
    daemon.world.oms.orders.clear()
    done = run("reconcile")
    assert (done.code, "gone" in done.out) == (1, True)
    assert "crossdock reconcile --dry-run" in run("incidents", "list").out


@pytest.mark.behaviour("R30", "R37")
def test_the_setup_is_shown_and_walked_through(run):
    shown = run("setup", "show")
    for said in ("WH1", "by itself", "waits for no gifts"):
        assert said in shown.out
    assert "everything is set up" in run("setup", "start").out
    run("warehouses", "auto-push", "WH1", "off")
    assert "next: crossdock warehouses auto-push WH1 on" in run("setup", "start").out
    assert [step["done"] for step in run("setup", "start", "--json").json][-1] is False
    assert "1 of" in run("setup", "show").out
    assert run("setup", "show", "--json").json["warehouses"][0]["works"] is False
