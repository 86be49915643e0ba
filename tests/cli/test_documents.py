"""Documents on the command line, against a real daemon."""

from __future__ import annotations

import pytest
from tests.cli.conftest import Daemon
from tests.control.document_world import DocumentWorld, inbound, outbound


class DocumentDaemon(Daemon):
    async def _made(self, folder, options):
        world = DocumentWorld(folder, **options)
        await world.start()
        await world.settings()
        return world

    def take(self, *documents):
        self.do(self.world.take(*documents))

    def until_status(self, ref, status):
        return self.do(self.world.until_status(ref, status))


@pytest.fixture
def daemon(tmp_path):
    made = DocumentDaemon(tmp_path)
    yield made
    made.stop()


@pytest.mark.behaviour("R29")
def test_documents_are_listed_and_shown(daemon, run):
    daemon.world.oms.refuses = {"D2": "item A is \x1b[31mlocked"}
    daemon.take(outbound("D1"), outbound("D2"), inbound())
    daemon.until_status("D2", "failed")
    daemon.until_status("I1", "pushed")
    listed = run("documents", "list", "--list", "manual-outbound")
    for said in ("N-D1", "N-D2", "pushed", "failed", "push status", "item A is"):
        assert said in listed.out
    assert "\x1b" not in listed.out
    assert [item["ref"] for item in run("documents", "list", "--status", "failed", "--json").json["items"]] == ["D2"]
    assert "more: --after" in run("documents", "list", "--limit", "1").out
    shown = run("documents", "show", "N-D2")
    for said in ("D2", "failed (oms)", "did not take revision 1", "no parcels"):
        assert said in shown.out
    received = run("documents", "show", "I1")
    for said in ("part_complete", "R1", "2.75", "oms has revision 1"):
        assert said in received.out
    assert run("documents", "show", "I1", "--json").json["row"]["list"] == "receiving-inbound"
    missing = run("documents", "show", "X")
    assert (missing.code, "no document with the reference or number X" in missing.err) == (1, True)


@pytest.mark.behaviour("R25", "R26", "R27")
def test_documents_are_pushed_again_one_many_or_all_that_match(daemon, run):
    daemon.world.oms.refuses = dict.fromkeys(["D1", "D2", "D3", "I1"], "no")
    daemon.take(*(outbound(f"D{n}") for n in (1, 2, 3)), inbound())
    for ref in ("D1", "D2", "D3", "I1"):
        daemon.until_status(ref, "failed")
    daemon.world.oms.refuses = {}
    one = run("documents", "repush", "D1")
    assert (one.code, "N-D1: revision 1 is queued for oms" in one.out) == (0, True)
    assert "1 of 1 documents are queued" in one.out
    every = run("documents", "repush", "--all", "--list", "manual-outbound", "--status", "failed", "--warehouse", "WH1")
    assert "2 of 2 documents are queued" in every.out
    for ref in ("D1", "D2", "D3"):
        daemon.until_status(ref, "pushed")
    assert run("documents", "repush", "I1", "--json").json["results"][0]["done"] is True
    nothing = run("documents", "repush", "--all", "--list", "transfer-inbound", "--status", "failed")
    assert (nothing.code, nothing.out) == (0, "there was nothing to do\n")


def test_a_name_that_means_no_document_keeps_no_other_from_being_pushed_again(daemon, run):
    daemon.world.oms.refuses = {"D1": "no"}
    daemon.take(outbound("D1"), outbound("X"), inbound("X"))
    daemon.until_status("D1", "failed")
    daemon.world.oms.refuses = {}
    ended = run("documents", "repush", "D1", "NOPE", "X")
    assert ended.code == 1
    for said in (
        "N-D1: revision 1 is queued for oms",
        "NOT DONE: NOPE: there is no document with the reference or number NOPE",
        "NOT DONE: X: several documents fit X",
        "1 of 3 documents are queued",
    ):
        assert said in ended.out
    daemon.until_status("D1", "pushed")
    assert run("documents", "repush", "NOPE", "--json").json["results"][0]["done"] is False


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "one of the two"),
        (("D1", "--all"), "one of the two"),
        (("--all", "--list", "manual-outbound"), "--all needs --list and --status"),
        (("D1", "--status", "failed"), "go with --all"),
    ],
)
def test_a_wish_that_is_not_clear_is_wrong_usage(daemon, run, words, said):
    ended = run("documents", "repush", *words)
    assert (ended.code, said in ended.all) == (2, True)


@pytest.mark.behaviour("R10", "R11")
def test_documents_are_fetched_now_as_tasks(daemon, run):
    asked = run("documents", "fetch", "wms")
    assert asked.out.count("queued as task") == 2
    again = run("documents", "fetch", "wms", "--direction", "inbound", "--json")
    assert (again.code, again.json["error"]["code"]) == (1, "too_soon")


def test_several_documents_of_one_name_are_told_apart(daemon, run):
    daemon.take(outbound("X"), inbound("X"))
    torn = run("documents", "show", "X")
    assert (torn.code, "several documents fit X" in torn.err) == (1, True)
    assert "receiving-inbound" in run("documents", "show", "X", "--list", "receiving-inbound").out


def test_a_warehouse_is_told_its_oms(daemon, run):
    assert run("warehouses", "set", "WH1", "--oms", "oms").code == 0
    assert run("warehouses", "show", "WH1").json["oms"] == "oms"
