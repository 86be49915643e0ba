"""Every command against a real daemon: what a person sees, what a program reads, how it ends."""

from __future__ import annotations

import asyncio
import json
import re

import msgspec
import pytest
from tests.control.test_packages import took_a_change
from tests.control.world import order

from crossdock.cli.connections import _clock
from crossdock.control.records.daemon import Reloaded
from crossdock.rules.book import AllocationRule, StrategyKind
from crossdock.spec.errors import Retryable
from crossdock.spec.orders import OrderStatus, Unreadable
from crossdock.spec.outbound import PushStatus


def test_status_shows_connections_the_outbox_and_what_needs_a_person(daemon, run):
    daemon.fetch(order("A"), order("B", holds=("wait",)), unreadable=["U"])
    daemon.until("A", "pushed")
    shown = run("status")
    assert shown.code == 0
    for said in ("crossdock 0.1.0", "warning", "oms", "wms", "pushed", "held", "quarantine: 1", "free"):
        assert said in shown.out
    found = run("status", "--json")
    assert {each["state"]: each["count"] for each in found.json["outbox"]}["pushed"] == 1


@pytest.mark.parametrize(
    ("trouble", "code", "word"), [(None, 0, "OK"), ("quarantine", 1, "WARNING"), ("paused", 2, "CRITICAL")]
)
def test_status_ends_as_a_monitoring_plugin_does(daemon, run, trouble, code, word):
    if trouble == "quarantine":
        daemon.fetch(unreadable=["U"])
    if trouble == "paused":
        daemon.do(daemon.world.requests.pause("wms", "x", "me"))
    shown = run("status", "--exit-code")
    assert (shown.code, shown.out.count("\n")) == (code, 1)
    assert shown.out.startswith(f"crossdock {word}: ")
    assert run("status", "--exit-code", "--json").code == code


def test_orders_are_listed_and_shown(daemon, run):
    daemon.fetch(order("A"), order("B", holds=("fraud check",)))
    daemon.until("A", "pushed")
    listed = run("orders", "list", "--tab", "pending")
    assert "fraud check" in listed.out
    assert "R-A" not in listed.out
    assert [item["ref"] for item in run("orders", "list", "--json").json["items"]] == ["B", "A"]
    assert "more: --after 2" in run("orders", "list", "--limit", "1").out
    shown = run("orders", "show", "N-A")
    for said in ("A of oms", "สมชาย ใจดี", "R-A", "WH1", "call my wife"):
        assert said in shown.out
    assert run("orders", "show", "A", "--json").json["row"]["ref"] == "A"
    missing = run("orders", "show", "X")
    assert (missing.code, "no order with the reference or number X" in missing.err) == (1, True)


def test_orders_that_changed_after_their_push_are_found(daemon, run):
    made = order("A")
    daemon.fetch(made, order("B"))
    daemon.until("A", "pushed")
    daemon.until("B", "pushed")
    daemon.fetch(msgspec.structs.replace(made, status=OrderStatus.CANCELLED))
    for words in (("--changed",), ("--tab", "abnormal")):
        listed = run("orders", "list", *words)
        for said in ("N-A", "cancel_rejected, changed", "cancelled after its push"):
            assert said in listed.out
        assert "N-B" not in listed.out
    assert "changed after their push: 1" in run("status").out
    explained = run("explain", "A")
    assert "In short: it was to be cancelled after its push" in explained.out


@pytest.mark.behaviour("R15")
def test_orders_that_are_too_old_to_be_pushed_are_found_and_counted(daemon, run):
    daemon.fetch(
        order("OLD", hours=24 * 40), order("B", holds=("fraud check",)),
        order("HELD", hours=24 * 40, holds=('["age",false',)), order("TRICK", holds=('["age",false',)),
    )  # fmt: skip
    assert [each["ref"] for each in run("orders", "list", "--aged", "--json").json["items"]] == ["HELD", "OLD"]
    assert run("orders", "list", "--aged", "--state", "in_doubt", "--json").json["items"] == []
    assert run("orders", "list", "--aged", "--tab", "done", "--json").json["items"] == []
    assert run("orders", "list", "--aged", "--limit", "1", "--json").json["next"]
    assert "more than 30 days ago" in run("orders", "list", "--aged", "--text", "OLD").out
    assert run("orders", "list", "--aged", "--text", "B").out == "no orders\n"
    assert "too old to be pushed: 2" in run("status").out
    assert run("status", "--json").json["aged"] == 2
    refused = run("push", "OLD")  # no person overrides the age for one order
    assert (refused.code, "more than 30 days ago" in refused.out) == (1, True)


@pytest.mark.behaviour("R15")
def test_explain_tells_the_chain(daemon, run):
    daemon.fetch(order("A", holds=("fraud check",)))
    shown = run("explain", "A")
    assert shown.code == 0
    for said in (
        "A of oms: held",
        "What happened",
        "fetched",
        "✗ it is on hold: fraud check",
        "✓ it has goods to ship",
        "What comes next",
        "crossdock release",
    ):
        assert said in shown.out
    assert run("explain", "A", "--json").json["row"]["state"] == "held"
    missing = run("explain", "X", "--json")
    assert (missing.code, missing.json["error"]["code"]) == (1, "not_found")


def test_explain_says_the_time_before_what_happens_then(daemon, run):
    daemon.fetch(order("A", holds=("fraud check",)))
    lines = run("explain", "A").out.splitlines()
    assert re.fullmatch(r"  [0-9-]{10} [0-9:]{8} UTC: it is 30 days old and is not pushed any more", lines[-1])


@pytest.mark.behaviour("R10", "R14")
def test_obtain_is_a_task_and_is_refused_within_five_minutes(daemon, run):
    first = run("obtain", "WH1")
    assert (first.code, "queued as task" in first.out) == (0, True)
    again = run("obtain", "WH1")
    assert again.code == 1
    assert "it may run again at" in again.err
    assert run("obtain", "WH1", "--json").json["error"]["code"] == "too_soon"
    assert run("obtain", "WH1", "--json").json["error"]["again_at"]


@pytest.mark.behaviour("R12", "R16")
def test_sync_makes_tasks_that_can_be_listed_shown_and_cancelled(daemon, run):
    daemon.fetch(order("A"))
    daemon.do(daemon.world.requests.pause("oms", "x", "me"))
    number = run("sync", "A", "--json").json["tasks"][0]["task_id"]
    assert "sync_order" in run("tasks", "list").out
    assert run("tasks", "list", "--state", "queued", "--json").json["items"][0]["id"] == number
    assert "orders named" in run("tasks", "show", str(number)).out
    assert run("tasks", "show", str(number), "--json").json["task"]["state"] == "queued"
    assert "cancelled" in run("tasks", "cancel", str(number)).out
    assert run("tasks", "cancel", str(number)).code == 1
    assert run("sync", "never-seen").code == 1
    assert run("sync", "never-seen", "--connection", "oms").code == 0


@pytest.mark.parametrize(
    ("words", "answered"),
    [
        (("push",), "NOT DONE: A: "),
        (("hold", "--reason", "x"), "A: "),
        (("release",), "A: "),
        (("release", "--gifts"), "NOT DONE: A: it does not wait at a gift gate"),
        (("redrive",), "NOT DONE: A: "),
        (("cancel", "--reason", "x"), "NOT DONE: A: "),
        (("ack",), "NOT DONE: A: "),
        (("packages", "decide", "--choice", "keep", "--reason", "x"), "NOT DONE: A: "),
        (("labels", "printed"), "NOT DONE: A: "),
        (("labels", "confirm", "--reason", "x"), "NOT DONE: A: "),
        (("sync",), "queued as task"),
    ],
)
def test_a_name_that_means_no_order_keeps_no_other_from_its_answer(daemon, run, words, answered):
    daemon.fetch(order("A", holds=("fraud check",)))
    ended = run(*words, "NOPE", "A")
    assert (ended.code, answered in ended.out) == (1, True), ended.all
    assert "NOT DONE: NOPE: there is no order with the reference or number NOPE" in ended.out
    alone = run(*words, "NOPE", "--json").json
    (said,) = alone.get("results") or alone["unknown"]
    assert (said["order"], said["done"]) == ("NOPE", False)


def test_a_label_of_an_unknown_order_is_no_task_and_is_answered(daemon, run):
    ended = run("labels", "pull", "NOPE", "--json")
    assert (ended.code, ended.json["tasks"], ended.json["unknown"][0]["order"]) == (1, [], "NOPE")


def test_a_simulation_of_an_unknown_order_says_so_and_tries_the_others_alone(daemon, run):
    daemon.fetch(order("A", holds=("fraud check",)), order("B", holds=("fraud check",)))
    ended = run("simulate", "--order", "A", "--order", "NOPE")
    assert (ended.code, "1 orders looked at" in ended.out, "NOPE" in ended.err) == (1, True, True)
    nothing = run("simulate", "--order", "NOPE")
    assert (nothing.code, "0 orders looked at" in nothing.out) == (1, True)


@pytest.mark.behaviour("R38")
def test_orders_are_pushed_held_and_released_by_hand(start, run, daemon):
    daemon.do(daemon.world.requests.pause("wms", "x", "me"))
    daemon.fetch(order("A"), order("B"))
    assert run("hold", "A", "B", "--reason", "the buyer called").code == 0
    assert "the buyer called" in run("orders", "list").out
    refused = run("push", "A")
    assert (refused.code, "NOT DONE" in refused.out) == (1, True)
    assert "the hold set here is ended; it is queued" in run("release", "A", "N-B").out
    daemon.do(daemon.world.requests.resume("wms", "me"))
    daemon.until("A", "pushed")
    daemon.until("B", "pushed")
    assert run("hold", "A", "--reason", "late", "--json").json["results"][0]["done"] is False


def test_a_manual_push_overrides_the_strategy(start):
    from click.testing import CliRunner

    from crossdock.cli.main import cli

    daemon = start()
    strategy = {"name": "std", "kind": "manual_only", "revision": 1}
    saved = CliRunner().invoke(
        cli, ["--socket", daemon.socket, "strategies", "set", "std", "--from-json", "-"], input=json.dumps(strategy)
    )
    assert saved.exit_code == 0, saved.output
    daemon.fetch(order("A"))
    pushed = CliRunner().invoke(cli, ["--socket", daemon.socket, "push", "A"])
    assert "queued for warehouse WH1" in pushed.output
    daemon.until("A", "pushed")


@pytest.mark.behaviour("P4")
def test_an_order_in_doubt_is_settled_by_hand(start):
    from click.testing import CliRunner

    from crossdock.cli.main import cli

    daemon = start(idempotency="none")
    daemon.world.wms.answer = PushStatus.UNKNOWN
    daemon.fetch(order("A"))
    daemon.until("A", "in_doubt")

    def run(*words):
        return CliRunner().invoke(cli, ["--socket", daemon.socket, *words])

    assert run("settle", "A", "--reason", "x").exit_code == 2
    assert "it is pushed now" in run("settle", "A", "--arrived", "--remote-id", "R9", "--reason", "I looked").output
    assert "as R9" in run("explain", "A").output
    assert run("settle", "A", "--absent", "--reason", "x").exit_code == 1


@pytest.mark.behaviour("P7", "R25")
def test_failed_orders_are_sent_again(daemon, run):
    daemon.world.wms.answer = PushStatus.REJECTED
    daemon.fetch(order("A"), order("B"))
    daemon.until("A", "push_failed")
    daemon.until("B", "push_failed")
    daemon.world.wms.answer = PushStatus.ACCEPTED
    assert run("redrive").code == 2
    assert run("redrive", "A", "--all").code == 2
    assert run("redrive", "A", "--warehouse", "WH1").code == 2
    assert "A: queued" in run("redrive", "A").out
    daemon.until("A", "pushed")
    assert [each["order"] for each in run("redrive", "--all", "--warehouse", "WH1", "--json").json["results"]] == ["B"]
    daemon.until("B", "pushed")
    assert "nothing to do" in run("redrive", "--all").out


@pytest.mark.behaviour("R31", "R33", "R34")
def test_strategies_are_made_changed_and_removed(run, tmp_path):
    made = run(
        "strategies",
        "set",
        "fast",
        "--kind",
        "custom_advance",
        "--shop",
        "s1",
        "--shop",
        "s2",
        "--gift-gate",
        "wait_minutes",
        "--gift-minutes",
        "30",
    )
    assert (made.code, "revision 1" in made.out) == (0, True)
    changed = run("strategies", "set", "fast", "--any-shops", "--logistics", "grab", "--disabled", "--json").json
    assert (changed["shops"], changed["logistics"], changed["enabled"], changed["gift_minutes"]) == (
        None,
        ["grab"],
        False,
        30,
    )
    listed = run("strategies", "list")
    for said in ("fast", "custom_advance", "grab", "30 min", "Pushes an order ahead of time"):
        assert said in listed.out
    shown = run("strategies", "show", "fast").json
    assert shown == {name: value for name, value in changed.items() if name != "warnings"}
    (tmp_path / "s.json").write_text(json.dumps({**shown, "delay_minutes": 5}))
    assert "revision 3" in run("strategies", "set", "fast", "--from-json", str(tmp_path / "s.json")).out
    stale = run("strategies", "set", "fast", "--from-json", str(tmp_path / "s.json"))
    assert (stale.code, "read it again" in stale.err) == (1, True)
    assert run("strategies", "remove", "fast", "--revision", "1").code == 1
    assert run("strategies", "remove", "fast").code == 0
    assert run("strategies", "remove", "std").code == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("strategies", "set", "new"), "kind"),
        (("strategies", "set", "new", "--kind", "advance", "--shop", "a", "--any-shops"), "one of the two"),
        (("strategies", "set", "new", "--kind", "sometimes"), "sometimes"),
        (("warehouses", "set", "new"), "connection"),
        (("warehouses", "set", "WH1", "--strategy", "a", "--no-strategies"), "one of the two"),
        (("allocation", "set", "7"), "warehouse"),
        (("allocation", "set", "seven"), "seven"),
        (("mappings", "set", "WH1", "sku", "A"), "--never"),
        (("mappings", "set", "WH1", "sku", "A", "B", "--never"), "one of the two"),
        (("mappings", "list", "--kind", "sku"), "--warehouse"),
        (("orders", "list", "--limit", "1000"), "1000"),
        (("hold", "A"), "--reason"),
        (("push",), "ORDER"),
        (("push", ""), "an order is named by its reference or its number; this is empty"),
        (("explain", " "), "this is empty"),
        (("sync", "--connection", "oms", "A", ""), "this is empty"),
        (("orders", "list", "--text", "x" * 201), "more than 200 characters"),
        (("nonsense",), "nonsense"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_is_wrong(run, words, said):
    ended = run(*words)
    assert ended.code == 2
    assert said in ended.err


@pytest.mark.parametrize(
    "content", ["{", "[]", '"x"', '{"kind": "advance", "colour": "red"}', '{"kind": 7}', "\ud83d"[:0] + "nul"]
)
def test_a_file_that_holds_no_strategy_is_told_so(run, tmp_path, content):
    (tmp_path / "s.json").write_text(content)
    ended = run("strategies", "set", "new", "--from-json", str(tmp_path / "s.json"))
    assert ended.code in (1, 2)
    assert "Traceback" not in ended.all
    assert run("strategies", "set", "new", "--from-json", str(tmp_path / "missing.json")).code == 1


@pytest.mark.behaviour("R35", "R36")
def test_warehouses_are_made_switched_and_removed(run):
    made = run(
        "warehouses", "set", "WH2", "--connection", "wms", "--remote", "W2", "--strategy", "std", "--name", "Bangkok"
    )
    assert (made.code, "auto push off" in made.out) == (0, True)
    assert "auto push on" in run("warehouses", "auto-push", "WH2", "on").out
    assert run("warehouses", "set", "WH2", "--no-strategies", "--json").json["strategies"] == []
    listed = run("warehouses", "list").out
    assert "Bangkok" in listed
    assert "enabled" in listed
    assert run("warehouses", "show", "WH2").json["auto_push"] is True
    assert run("warehouses", "remove", "WH2").code == 0
    assert "used" in run("warehouses", "remove", "WH1").err or run("warehouses", "remove", "WH1").code == 1
    assert "Bangkok" in run("warehouses", "available", "wms").out


def test_allocation_rules_are_made_and_removed(run):
    assert run("allocation", "set", "5", "--warehouse", "WH1", "--country", "th", "--logistics", "grab").code == 0
    rules = run("allocation", "list", "--json").json["items"]
    assert [(rule["position"], rule["countries"]) for rule in rules] == [(1, None), (5, ["TH"])]
    assert run("allocation", "set", "5", "--any-countries", "--json").json["countries"] is None
    assert "any" in run("allocation", "list").out
    assert run("allocation", "remove", "5").code == 0


def test_mappings_are_made_and_removed(run):
    assert "must not be sent" in run("mappings", "set", "WH1", "sku", "A/1", "--never").out
    assert "is B" in run("mappings", "set", "WH1", "sku", "A/1", "B").out
    assert "A/1" in run("mappings", "list", "--warehouse", "WH1", "--kind", "sku").out
    assert run("mappings", "list", "--json").json["items"][0]["theirs"] == "B"
    assert run("mappings", "remove", "WH1", "sku", "A/1").code == 0
    assert "no mappings" in run("mappings", "list").out


def test_connections_are_listed_paused_resumed_and_checked(daemon, run):
    assert "is paused" in run("connections", "pause", "wms", "--reason", "stocktaking").out
    assert "stocktaking" in run("connections", "list").out
    assert "is ok" in run("connections", "resume", "wms").out
    assert "is accepted as shop 7; its clock " in run("connections", "check", "oms").out
    assert "Shop one" in run("connections", "shops", "oms").out
    assert "maintenance" in run("connections", "logistics", "oms").err
    assert run("connections", "list", "--json").json["items"][1]["name"] == "oms"
    daemon.world.oms.account_ok = False
    refused = run("connections", "check", "oms")
    assert (refused.code, "NOT accepted" in refused.out) == (1, True)

    async def down():
        raise Retryable("nobody answers")

    daemon.world.oms.check = down
    assert run("connections", "check", "oms", "--json").json["error"]["code"] == "remote"


@pytest.mark.parametrize(
    ("skew_s", "said"),
    [(None, ""), (-0.2, "agrees with ours"), (89.6, "is 90 s ahead of ours"), (-90.0, "is 90 s behind ours")],
)
def test_a_check_says_how_far_the_remote_clock_is_off(skew_s, said):
    assert _clock(skew_s) == (f"; its clock {said}" if said else "")


def test_a_sync_of_what_the_oms_does_not_know_says_so(daemon, run):
    number = str(run("sync", "NOPE", "--connection", "oms", "--json").json["tasks"][0]["task_id"])
    shown = daemon.do(ended(daemon, number))
    assert shown.outcome == "0 found, 0 changed, 0 unchanged; 1 not known to oms"
    assert "the OMS does not know it" in run("tasks", "show", number).out


async def ended(daemon, number):
    async with daemon.world.client() as client, asyncio.timeout(20):
        while (task := await client.task(int(number))).state in ("queued", "running"):
            await asyncio.sleep(0.005)
        return task


def test_plugins_are_listed_and_shown(run):
    assert "crossdock-fake" in run("plugins", "list").out
    shown = run("plugins", "show", "crossdock-fake").out
    assert all(
        said in shown
        for said in ("fake-oms", "idempotency", "key", "max_page", "100", "url", "Where it is", "required")
    )
    assert run("plugins", "show", "crossdock-fake", "--json").json["loaded"] is True
    missing = run("plugins", "show", "other")
    assert (missing.code, "allowed: crossdock-fake" in missing.err) == (1, True)


def test_the_quarantine_is_listed_and_read_again(daemon, run):
    daemon.fetch(unreadable=["U", "V"])
    listed = run("quarantine", "list").out
    assert "no status" in listed
    assert '{"oops": 1}' in listed
    assert "more: --after" in run("quarantine", "list", "--limit", "1").out
    assert "queued as task" in run("quarantine", "retry", "oms", "U").out


def test_the_quarantine_shows_a_short_beginning_and_hides_it_from_who_may_not_see_personal_data(daemon, run):
    daemon.world.oms.unreadable = [Unreadable(ref="U", raw=b'{"name": "' + b"x" * 500, reason="cut")]
    daemon.do(daemon.world.fetch())
    assert '{"name": "' + "x" * 109 + "…" in run("quarantine", "list").out
    daemon.world.become("viewer")
    hidden = run("quarantine", "list").out
    assert "pii.view" in hidden
    assert "xxx" not in hidden


def test_a_reload_that_is_refused_ends_with_1(daemon, run):
    assert run("reload").code == 0
    daemon.world.reloaded = Reloaded(taken=False, text="crossdock.toml:3: unknown key", need_restart=("state_dir",))
    refused = run("reload")
    assert (refused.code, "unknown key" in refused.out, "state_dir" in refused.out) == (1, True, True)
    assert run("reload", "--json").json["taken"] is False


def test_what_the_caller_may_not_do_ends_with_1_and_names_the_right(daemon, run):
    daemon.world.become("viewer")
    refused = run("reload")
    assert (refused.code, "connection.admin" in refused.err) == (1, True)
    assert run("status").code == 0


def test_every_kind_of_strategy_can_be_chosen():
    from crossdock.cli.strategies import KINDS

    assert list(KINDS) == [kind.value for kind in StrategyKind]


@pytest.mark.behaviour("R12", "R13", "R17")
def test_a_sync_task_shows_which_fields_of_which_order_changed(daemon, run):
    daemon.fetch(order("A", holds=("wait",)))
    moved = order("A", holds=("wait",), tracking_number="T2", buyer_note="ring twice")
    daemon.world.serve(moved)
    task = run("sync", "A", "--json").json["tasks"][0]["task_id"]
    daemon.do(_ended(daemon, task))
    shown = run("tasks", "show", str(task))
    for said in ("changed", "tracking_number", "T2", "buyer_note"):
        assert said in shown.out
    assert "ring twice" not in shown.out
    (item,) = run("tasks", "show", str(task), "--json").json["items"]
    assert (item["ref"], item["result"]) == ("A", "changed")
    assert {"path": "tracking_number", "before": "T", "after": "T2"}.items() <= next(
        each for each in item["diff"] if each["path"] == "tracking_number"
    ).items()


def test_an_order_is_shown_whole_in_a_pipe(daemon, run):
    daemon.fetch(order("A"))
    daemon.until("A", "pushed")
    run("hold", "A", "--reason", "x")
    note = "word " * 80 + "end"
    daemon.fetch(order("A", seller_note=note))
    shown = run("orders", "show", "A").out
    assert shown.count("word end") >= 2  # among its facts, and where it differs from what its warehouse has


async def _ended_task(client, number):
    while (await client.task(number)).state in ("queued", "running"):
        await asyncio.sleep(0.005)


async def _ended(daemon, number):
    async with daemon.world.client() as client, asyncio.timeout(20):
        await _ended_task(client, number)


@pytest.mark.behaviour("R16", "R20")
def test_every_order_of_a_tab_is_synced(daemon, run):
    daemon.fetch(order("A"), order("B", holds=("wait",)))
    daemon.until("A", "pushed")
    found = run("sync", "--tab", "in_progress", "--warehouse", "WH1", "--json").json
    assert (found["orders"], len(found["task_ids"])) == (1, 1)
    again = run("sync", "--stage", "all")
    assert (again.code, "it may run again at" in again.err) == (1, True)
    for words, said in (
        ((), "one of the three"),
        (("A", "--tab", "pending"), "one of the three"),
        (("A", "--after", "1"), "go with"),
    ):
        refused = run("sync", *words)
        assert (refused.code, said in refused.err) == (2, True)


@pytest.mark.behaviour("R23")
def test_updated_orders_are_listed_and_acknowledged_all_at_once(daemon, run):
    daemon.fetch(order("A"), order("B"))
    for each in "AB":
        daemon.until(each, "pushed")
    daemon.do(daemon.world.store.write(took_a_change, "A"))
    assert [each["ref"] for each in run("orders", "list", "--updated", "--json").json["items"]] == ["A"]
    assert [each["ref"] for each in run("packages", "list", "--updated", "--json").json["items"]] == ["A"]
    assert "(Updated): 1" in run("status").out
    assert "A: acknowledged" in run("ack", "--all-updated").out
    assert "there was nothing to do" in run("ack", "--all-updated").out
    for words, said in (
        ((), "one of the two"),
        (("A", "--all-updated"), "one of the two"),
        (("A", "--warehouse", "W"), "goes with"),
    ):
        refused = run("ack", *words)
        assert (refused.code, said in refused.err) == (2, True)


def test_status_says_what_waits_for_a_person_and_what_to_do(daemon, run):
    daemon.do(daemon.world.requests.remove_entry(AllocationRule, "0000001"))
    daemon.fetch(order("A"), order("B"), unreadable=["U"])
    shown = run("status").out
    assert "need a person: 2 orders and 1 other things" in shown
    assert re.search(r"2 × .*`crossdock allocation set", shown)


@pytest.mark.behaviour("R2", "R34")
def test_a_store_that_nobody_offers_is_warned_of(run):
    saved = run("strategies", "set", "inst", "--kind", "custom_advance", "--shop", "nope")
    assert (saved.code, "! strategy inst names the store 'nope', which no OMS offers" in saved.out) == (0, True)
    assert "which no OMS offers" in run("setup", "show").out
    assert "offers no warehouse 'W9'" in run("warehouses", "set", "X", "--connection", "wms", "--remote", "W9").out
    rule = run("allocation", "set", "9", "--warehouse", "WH1", "--shop", "nope")
    assert "! allocation rule 9 names the store" in rule.out
