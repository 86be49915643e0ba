"""Who did what, who one is, what waits for a second person, and forgetting: on the command line."""

from __future__ import annotations

import sqlite3

import msgspec
import pytest
from tests.control.world import order

from crossdock.cli.audit import a_moment, a_note
from crossdock.config.model import Control, Role, TwoPerson
from crossdock.spec.orders import OrderStatus
from crossdock.spec.outbound import PushStatus


@pytest.mark.security("S6")
def test_who_did_what_is_listed(daemon, run):
    run("connections", "pause", "wms", "--reason", "stocktaking")
    run("strategies", "remove", "nothing")
    listed = run("audit", "list")
    for said in ("pause_connection", "admin", "wms", "done"):
        assert said in listed.out
    assert run("audit", "list", "--actor", "nobody").out == "nothing was done\n"
    assert run("audit", "list", "--since", "2999-01-01", "--json").json["items"] == []
    first = run("audit", "list", "--limit", "1", "--action", "pause_connection", "--object", "wms", "--json").json
    assert [item["result"] for item in first["items"]] == ["done"]
    assert run("audit", "list", "--csv").out.startswith('"row","at","who"')
    assert run("audit", "list", "--since", "soon").code == 2


@pytest.mark.security("S6")
@pytest.mark.parametrize("offline", [False, True])
def test_the_audit_is_verified_and_a_row_that_was_changed_is_named(daemon, run, offline):
    where = ("--file", str(daemon.world.folder / "crossdock.db")) if offline else ()
    for number in range(3):
        run("connections", "pause", "wms", "--reason", f"reason {number}")
    whole = run("audit", "verify", *where)
    assert (whole.code, "the audit is whole" in whole.out) == (0, True)
    noted = whole.out.split("it stands at ")[1].strip()
    assert run("audit", "verify", *where, "--expect", noted).code == 0
    assert run("audit", "verify", *where, "--expect", noted[:-4] + "0000").code == 1

    def tamper(tx):
        tx.execute("DROP TRIGGER audit_no_update")
        tx.execute("UPDATE audit SET actor = 'nobody' WHERE id = 2")

    daemon.do(daemon.world.store.write(tamper))
    bad = run("audit", "verify", *where)
    assert (bad.code, "row 2 was changed" in bad.out) == (1, True)
    assert run("audit", "verify", *where, "--json").json["bad_row"] == 2


def test_a_file_that_is_no_database_cannot_be_verified(run, tmp_path):
    text, other = tmp_path / "text", tmp_path / "other.db"
    text.write_text("root:x:0:0")
    with sqlite3.connect(other) as made:
        made.execute("CREATE TABLE t (x)")
    made.close()
    said = {
        tmp_path / "nowhere.db": "there is no file", tmp_path: "is no file: name the crossdock.db in it",
        text: "is no SQLite database", other: "is no database of crossdock",
    }  # fmt: skip
    for path, why in said.items():
        ended = run("audit", "verify", "--file", str(path))
        assert (ended.code, why in ended.err, "migrate" in ended.err) == (1, True, False)


@pytest.mark.parametrize("given", ["1", "1:xyz", ":", "0:" + "0" * 64])
def test_what_is_no_note_is_refused(run, given):
    assert run("audit", "verify", "--expect", given).code == 2


def test_a_note_and_a_moment_are_read():
    assert a_note("7:" + "a" * 64) == (7, "a" * 64)
    assert a_moment("2026-01-31").isoformat() == "2026-01-31T00:00:00+00:00"


@pytest.mark.security("S4")
def test_who_one_is_is_shown(daemon, run):
    assert "admin" in run("whoami").out
    daemon.world.become("stranger")
    daemon.world.api.use_roles({"viewer": Role(users=("stranger",))})
    assert run("whoami", "--json").json["rights"] == ["view"]


@pytest.mark.security("S5")
def test_what_waits_for_a_second_person_is_listed_and_cannot_be_approved_by_the_first(start, tmp_path):
    from click.testing import CliRunner
    from tests.cli.conftest import Ran

    from crossdock.cli.main import cli

    roles = {"admin": Role(users=("admin",))}
    daemon = start(idempotency="none", control=Control(roles=roles, two_person=TwoPerson(settle=True)))

    def run(*words):
        return Ran(CliRunner().invoke(cli, ["--socket", daemon.socket, *words], catch_exceptions=False))

    assert run("approvals", "list").out == "nothing waits for a second person\n"
    daemon.world.wms.answer = PushStatus.UNKNOWN
    daemon.fetch(order("A"))
    daemon.until("A", "in_doubt")
    proposed = run("settle", "A", "--arrived", "--remote-id", "7", "--reason", "seen")
    assert (proposed.code, "proposed as approval 1" in proposed.out) == (0, True)
    assert "NOT DONE" not in proposed.out
    assert "settle order A of oms" in run("approvals", "list", "--state", "proposed").out
    assert "settle order A of oms" in run("approvals", "list", "--csv").out
    assert [item["id"] for item in run("approvals", "list", "--json").json["items"]] == [1]
    own = run("approvals", "approve", "1")
    assert (own.code, "yourself" in own.err) == (1, True)
    taken_back = run("approvals", "reject", "1", "--reason", "wrong shelf")
    assert (taken_back.code, "approval 1 is rejected" in taken_back.out) == (0, True)


@pytest.mark.security("S16")
def test_an_order_is_forgotten_when_one_is_sure(daemon, run):
    made = order("A")
    daemon.fetch(made)
    daemon.until("A", "pushed")
    refused = run("forget", "A", "--yes")
    assert (refused.code, "NOT DONE: A: its OMS says that it is ready_to_ship" in refused.out) == (1, True)
    daemon.fetch(msgspec.structs.replace(made, status=OrderStatus.DELIVERED))
    assert run("forget", "A", input="n\n", standalone_mode=True).code == 1
    assert "สมชาย" in run("orders", "show", "A").out
    done = run("forget", "A", "--yes", "--connection", "oms")
    assert (done.code, done.out) == (0, "A: its personal data are removed\n")
    shown = run("orders", "show", "A").out
    assert "สมชาย" not in shown
    assert "removed" in shown
    assert run("forget", "A", "--yes", "--json").json["done"]
