"""Writes to remote systems on the command line: what failed is listed, shown and carried out again."""

from __future__ import annotations

import pytest
from tests.control.test_operations import write


@pytest.fixture
def failed(daemon):
    """A write that failed."""
    return str(daemon.do(daemon.world.store.write(write, "a\x1b[31m")))


def test_what_failed_is_listed_shown_and_carried_out_again(failed, run):
    listed = run("operations", "list", "--failed")
    assert ("stock.level:a" in listed.out, "\x1b" in listed.out) == (True, False)
    assert run("operations", "list").out == "no open operations\n"
    assert "Somchai" in run("operations", "show", failed).out
    assert run("operations", "show", failed, "--json").json["size"] == 7
    assert run("operations", "retry", failed).out == "1 of 1 are carried out again\n"
    again = run("operations", "retry", failed)
    assert (again.code, "0 of 1" in again.out) == (1, True)
    assert run("operations", "retry", "--all-failed", "--json").json["pages"][0]["of"] == 0
    assert "1 under way, 0 failed" in run("status").out


@pytest.mark.parametrize(
    "words", [(), ("1", "--all-failed"), ("1", "--kind", "cost"), tuple(str(n) for n in range(1, 102))]
)
def test_what_is_wrong_with_the_words_is_said(daemon, run, words):
    assert run("operations", "retry", *words).code == 2
