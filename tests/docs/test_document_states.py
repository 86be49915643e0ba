"""The page of document states says what the code says."""

from __future__ import annotations

import re

import pytest
from tests.docs.pages import ROOT, blocks

from crossdock.rules.document_states import INBOUND_ALLOWED, OUTBOUND_ALLOWED, PUSH_ALLOWED, PushBack
from crossdock.rules.documents import LISTS

PAGE = ROOT / "docs" / "reference" / "document-states.md"
TABLES = (OUTBOUND_ALLOWED, INBOUND_ALLOWED, PUSH_ALLOWED)


@pytest.mark.parametrize("number", range(3), ids=["outbound", "inbound", "push"])
def test_each_diagram_has_exactly_the_arrows_of_the_code(number):
    diagrams = blocks(PAGE.read_text(encoding="utf-8"), "mermaid")
    assert len(diagrams) == 3
    arrows = re.findall(r"^ +(\w+) --> (\w+)$", diagrams[number], re.MULTILINE)
    assert len(arrows) == len(set(arrows))
    allowed = TABLES[number]
    assert set(arrows) == {(before.name, after.name) for before, afters in allowed.items() for after in afters}


def test_every_state_is_explained():
    text = PAGE.read_text(encoding="utf-8")
    for allowed in TABLES:
        for state in allowed:
            assert re.search(rf"^\| .*`{state.name}`", text, re.MULTILINE), state
    assert set(re.findall(r"^\| `(\w+)` \|.*\|.*\|$", text.split("## Push status")[1], re.MULTILINE)) == {
        status.name for status in PushBack
    }


def test_the_how_to_names_every_list():
    text = (ROOT / "docs" / "how-to" / "push-documents-back.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE) == list(LISTS)
