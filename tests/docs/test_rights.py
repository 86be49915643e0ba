"""The pages about rights, approvals and the configuration of both say what the code says."""

from __future__ import annotations

import re
import tomllib

import msgspec
import pytest
from tests.docs.pages import ROOT, blocks

from crossdock.config.model import Config
from crossdock.control.auditing import REVEALED
from crossdock.control.door import LOCKED, REFUSED
from crossdock.control.permissions import ROLES, Right
from crossdock.rules.approval_states import ALLOWED, ApprovalState
from crossdock.store.audit_chain import PRUNED

DOCS = ROOT / "docs"


@pytest.mark.security("S4")
@pytest.mark.behaviour("R42")
def test_the_table_of_rights_and_roles_is_the_one_in_the_code():
    text = (DOCS / "reference" / "rights-and-roles.md").read_text(encoding="utf-8")
    head = re.search(r"^\| right \| what it allows \| (.*) \|$", text, re.MULTILINE)[1].split(" | ")
    rows = re.findall(r"^\| `([a-z.]+)` \| ([^|]+) \|(.*)\|$", text, re.MULTILINE)
    assert [right for right, _, _ in rows] == [right.value for right in Right]
    for right, words, cells in rows:
        held = {role for role, cell in zip(head, cells.split("|"), strict=True) if cell.strip() == "yes"}
        assert held == {role for role, rights in ROLES.items() if Right(right) in rights}, right
        assert words.strip()


def test_the_diagram_of_approvals_has_exactly_the_arrows_of_the_code():
    text = (DOCS / "reference" / "approval-states.md").read_text(encoding="utf-8")
    (diagram,) = blocks(text, "mermaid")
    arrows = re.findall(r"^ +(\w+) --> (\w+)$", diagram, re.MULTILINE)
    assert {(ApprovalState[before], ApprovalState[after]) for before, after in arrows} == {
        (before, after) for before, afters in ALLOWED.items() for after in afters
    }
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == [state.name for state in ApprovalState]


@pytest.mark.parametrize("page", ["who-may-do-what", "forget-personal-data", "reach-the-daemon-over-the-network"])
def test_the_configuration_on_the_page_is_one(page):
    shown = blocks((DOCS / "how-to" / f"{page}.md").read_text(encoding="utf-8"), "toml")
    assert shown
    for block in shown:
        msgspec.convert({"state_dir": "/x", **tomllib.loads(block)}, Config)


def test_the_actions_that_are_no_request_are_named():
    text = (DOCS / "how-to" / "see-who-did-what.md").read_text(encoding="utf-8")
    for action in (REVEALED, PRUNED, REFUSED, LOCKED, "privacy.erase", "approval.expire"):
        assert f"`{action}`" in text
