"""Reference pages that people write say what the code says."""

from __future__ import annotations

import inspect
import re
from types import ModuleType

import pytest
from tests.docs.pages import ROOT, blocks, pages

from crossdock.config.model import Connection
from crossdock.connectors.discovery import Plugins
from crossdock.connectors.host import PluginHost
from crossdock.env import Env
from crossdock.ops.metrics import Metrics
from crossdock.rules import remedies, troubles
from crossdock.rules.labels import ALLOWED as LABEL_STEPS
from crossdock.rules.labels import LabelState
from crossdock.rules.mutability import TABLE, Move
from crossdock.rules.push_states import ALLOWED, PushState, tab_of
from crossdock.rules.reconcile import REMEDIES, Finding, Remedy
from crossdock.spec import connector, errors, hooks

REFERENCE = ROOT / "docs" / "reference"


def test_the_diagram_of_push_states_has_exactly_the_arrows_of_the_code():
    (diagram,) = blocks((REFERENCE / "push-states.md").read_text(encoding="utf-8"), "mermaid")
    arrows = re.findall(r"^ +(\w+) --> (\w+)$", diagram, re.MULTILINE)
    assert len(arrows) == len(set(arrows))
    assert {(PushState[before], PushState[after]) for before, after in arrows} == {
        (before, after) for before, afters in ALLOWED.items() for after in afters
    }


def test_the_table_of_push_states_names_each_with_its_tab():
    text = (REFERENCE / "push-states.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", text, re.MULTILINE))
    assert rows == {state.name: tab_of(state).value for state in PushState}


def test_the_diagram_of_label_states_has_exactly_the_arrows_of_the_code_and_the_table_every_state():
    text = (REFERENCE / "label-states.md").read_text(encoding="utf-8")
    (diagram,) = blocks(text, "mermaid")
    arrows = re.findall(r"^ +(\w+) --> (\w+)$", diagram, re.MULTILINE)
    assert len(arrows) == len(set(arrows))
    assert {(LabelState[before], LabelState[after]) for before, after in arrows} == {
        (before, after) for before, afters in LABEL_STEPS.items() for after in afters
    }
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == [state.name for state in LabelState]


def test_the_table_of_changes_after_the_push_says_what_the_code_says():
    text = (REFERENCE / "changes-after-push.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| `(\w+)` \| `(\w+)` \| `(\w+)` \| `(\w+)` \|$", text, re.MULTILINE)
    assert {row[0]: row[1:] for row in rows} == {
        group.value: tuple(move.value for move in moves) for group, moves in TABLE.items()
    }
    assert all(f"`{move.value}`" in text for move in Move)


def test_every_hook_is_on_the_page_of_the_contract_with_its_parameters():
    text = (REFERENCE / "connector-contract.md").read_text(encoding="utf-8")
    found = 0
    for name, hook in vars(hooks).items():
        if inspect.isfunction(hook) and hook.__module__ == hooks.__name__:
            assert f"`{name}({', '.join(inspect.signature(hook).parameters)})`" in text, name
            found += 1
    assert found >= 14


def test_the_plugin_on_the_page_of_the_contract_fits_it():
    (code,) = blocks((REFERENCE / "connector-contract.md").read_text(encoding="utf-8"), "python")
    module = ModuleType("crossdock_acme")
    exec(compile(code, "connector-contract.md", "exec", dont_inherit=True), module.__dict__)
    plugins = Plugins()
    assert plugins.register("plugin:acme", module) == ["acme"]
    settings = {"url": "https://wms.test", "api_key": {"secret": "acme.key"}}
    made = PluginHost(plugins, Env()).connect("acme", Connection(type="acme", settings=settings), str)
    assert {"check", "push_outbound", "find_outbound"} <= made.hooks


def test_every_error_and_capability_is_on_the_page_of_the_contract():
    text = (REFERENCE / "connector-contract.md").read_text(encoding="utf-8")
    named = [
        name for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, errors.ConnectorError)
    ]
    for name in {*named, *connector.Capabilities.__struct_fields__} - {"ConnectorError"}:
        assert f"`{name}`" in text, name


def test_the_table_of_metrics_has_exactly_those_of_the_code_with_their_labels_and_types():
    text = (REFERENCE / "metrics.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(crossdock_\w+)` \| (.*?)\| (\w+) \| ", text, re.MULTILINE)
    said = {(name, tuple(re.findall(r"`(\w+)`", labels)), kind) for name, labels, kind in rows}
    assert said == {
        (family.name + ("_total" if family.type == "counter" else ""), tuple(metric._labelnames), family.type)
        for metric in Metrics("1")._registry._collector_to_names
        if hasattr(metric, "_labelnames")
        for family in metric.describe()
    }


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_on_the_page_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://", "mailto:")):
            assert (page.parent / target).exists(), target


def test_the_page_of_reconciliation_has_exactly_the_findings_and_remedies_of_the_code():
    text = (REFERENCE / "reconciliation.md").read_text(encoding="utf-8")
    (diagram,) = blocks(text, "mermaid")
    arrows = re.findall(r"^ +(\w+) --> (\w+)$", diagram, re.MULTILINE)
    assert dict(arrows) == {finding.value: remedy.value for finding, remedy in REMEDIES.items()}
    rows = re.findall(r"^\| `(\w+)` \| ", text, re.MULTILINE)
    assert rows[: len(Finding)] == [finding.value for finding in Finding]
    assert set(rows[len(Finding) :]) == {remedy.value for remedy in Remedy}


def test_the_page_of_incidents_names_every_code_that_has_a_remedy_of_its_own():
    text = (REFERENCE / "incidents.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+) \| `(\w+)` \| ", text, re.MULTILINE)
    said = {code for operation, code in rows if operation == "push"}
    assert said == {"sku", "logistics"} | set(troubles._REMEDIES)
    named = {name for row in re.findall(r"^\| ([\w ,]+) \| ", text, re.MULTILINE) for name in row.split(", ")}
    assert {operation for operation, _ in remedies._OF_CODE} | set(remedies._OF_OPERATION) <= named
    assert set(troubles._BY_OPERATION) <= named
    assert {code for operation, code in rows if operation == "connection"} == set(troubles._REMEDIES_OF_CONNECTIONS)
