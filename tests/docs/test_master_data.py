"""The page of master data says what the code says."""

from __future__ import annotations

import re

import pytest
from tests.docs.pages import ROOT, blocks

from crossdock.rules.master_policy import DEFAULTS, EXPLAINED
from crossdock.rules.merge import Act
from crossdock.rules.product_fields import FIELDS
from crossdock.store.bindings import ALLOWED, BindingState

pytestmark = pytest.mark.behaviour("R6")
PAGE = (ROOT / "docs" / "reference" / "master-data.md").read_text(encoding="utf-8")


def test_the_table_of_fields_has_exactly_those_of_the_code_with_their_defaults():
    rows = re.findall(r"^\| `(\w+)` \| (`.*?`) \| (\w+) \| (\w+) \| (\w+) \|$", PAGE, re.MULTILINE)
    said = {name: (tuple(re.findall(r"`(\w+)`", parts)), *rest) for name, parts, *rest in rows}
    assert said == {
        name: (field.attributes, DEFAULTS[name].direction.value, DEFAULTS[name].owner.value, DEFAULTS[name].rule.value)
        for name, field in FIELDS.items()
    }


def test_each_rule_is_explained_as_the_code_explains_it():
    for rule, text in EXPLAINED.items():
        assert f"| `{rule.value}` | {text} |" in PAGE


def test_the_diagrams_have_every_outcome_and_exactly_the_arrows_of_the_states():
    flow, states = blocks(PAGE, "mermaid")
    for act in Act:
        assert re.search(rf"\b{act.value}\[{act.value}:?", flow), act
    arrows = re.findall(r"^ +([A-Z]+) --> (\w+)$", states, re.MULTILINE)
    assert len(arrows) == len(set(arrows))
    assert {(BindingState[before], BindingState[after]) for before, after in arrows} == {
        (before, after) for before, afters in ALLOWED.items() for after in afters
    }
    assert set(re.findall(r"^\| `([A-Z]+)` \|", PAGE, re.MULTILINE)) == {state.name for state in BindingState}
