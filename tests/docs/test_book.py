"""The documentation is one book: every page is found, every state machine has its page, every behaviour its line."""

from __future__ import annotations

import inspect
import json
import re

import pytest
from tests.behaviours import BEHAVIOURS
from tests.docs.pages import ROOT, blocks, pages
from tests.docs.test_messages import wrong

from crossdock.control.routes import TABLE
from crossdock.engine.exchange import HANDLERS
from crossdock.flows.cost_sending import CostCheck
from crossdock.flows.documents import INBOUND, OUTBOUND
from crossdock.flows.products import STREAM as PRODUCTS
from crossdock.flows.sync_stock import LevelStream, MovementStream
from crossdock.rules import remedies
from crossdock.rules.operation_states import ALLOWED as OPERATION_STEPS
from crossdock.rules.operation_states import OperationState
from crossdock.spec import (
    connector,
    costs,
    documents,
    labels,
    listing,
    orders,
    outbound,
    outbound_changes,
    products,
    stock,
    webhooks,
)
from crossdock.store.tasks import TaskKind, TaskState
from crossdock_tui.screens.catalogue import MORE, NUMBERED

DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
SPECS = (costs, documents, labels, listing, orders, outbound, outbound_changes, products, stock, webhooks)
METHODS = ("get", "post", "put", "delete")


def read(path):
    return path.read_text(encoding="utf-8")


def arrows_of(page):
    (diagram,) = blocks(read(REFERENCE / page), "mermaid")
    found = re.findall(r"^ +(\w+) --> (\w+)$", diagram, re.MULTILINE)
    assert len(found) == len(set(found))
    return set(found)


def names_of(page):
    return re.findall(r"^\| `(\w+)` \|", read(REFERENCE / page), re.MULTILINE)


def links(path):
    return {
        (path.parent / target).resolve()
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", read(path))
        if not target.startswith(("http", "mailto:"))
    }


def test_the_page_of_operations_has_exactly_the_states_arrows_and_hooks_of_the_code():
    assert arrows_of("operation-states.md") == {
        (before.name, after.name) for before, afters in OPERATION_STEPS.items() for after in afters
    }
    assert names_of("operation-states.md")[: len(OperationState)] == [state.name for state in OperationState]
    text = read(REFERENCE / "operation-states.md").partition("## What goes as an operation")[2]
    assert all(f"`{hook}`" in text for hook, _ in HANDLERS)


def test_the_page_of_tasks_has_every_state_and_kind_of_the_code_and_arrows_among_them():
    states = [state.name for state in TaskState]
    arrows = arrows_of("task-states.md")
    assert {end for arrow in arrows for end in arrow} == set(states)
    over = {TaskState.SUCCEEDED, TaskState.PARTIAL, TaskState.FAILED, TaskState.CANCELLED}
    assert not {before for before, _ in arrows} & {state.name for state in over}
    assert [name for name in names_of("task-states.md") if name.isupper()] == states
    kinds = read(REFERENCE / "task-states.md").partition("## The kinds")[2]
    assert all(f"`{kind.value}`" in kinds for kind in TaskKind)


def test_every_page_is_in_the_index_and_every_task_is_in_the_readme_too():
    index = links(DOCS / "README.md")
    every = {page for page in DOCS.rglob("*.md") if page.parent.name != "decisions"} | {
        DOCS / "decisions" / "README.md"
    }
    assert every - index - {DOCS / "README.md"} == set()
    assert {path.name for path in REFERENCE.glob("*.json")} <= {path.name for path in index}
    assert set((DOCS / "how-to").glob("*.md")) - links(ROOT / "README.md") == set()


def test_every_picture_that_a_page_shows_exists_and_each_screen_of_the_dashboard_has_one():
    shown = {target for page in pages() for target in links(page) if target.suffix == ".svg"}
    assert {target.name for target in shown if not target.is_file()} == set()
    assert {path.name for path in (DOCS / "images").glob("*.svg")} == {target.name for target in shown}
    assert all("http://" not in text and "https://" not in text for text in outside(shown))
    assert {f"{each.SCREEN}.svg" for each in (*NUMBERED, *MORE)} <= {target.name for target in shown}


def outside(pictures):
    """What pictures hold beside the names of their format and their makers: nothing of it is fetched."""
    for path in pictures:
        yield re.sub(r'xmlns(:\w+)?="[^"]*"|<!--.*?-->', "", read(path))


def test_the_page_of_incidents_has_every_trouble_that_has_a_remedy():
    text = read(REFERENCE / "incidents.md").partition("## What becomes one")[2]
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ", text, re.MULTILINE)
    said = {(name.strip(), code) for names, codes in rows for name in names.split(",") for code in codes.split("`")}
    assert {key for key in remedies._OF_CODE if key not in said} == set()
    assert {name for name in remedies._OF_OPERATION if name not in {known for known, _ in said}} <= {"outbound_hold"}


def test_the_diagram_of_incidents_goes_there_and_back():
    assert arrows_of("incidents.md") == {("open", "healed"), ("healed", "open")}


def test_decisions_are_listed_in_order_each_number_once():
    listed = re.findall(
        r"^\| \[(\d{4})\]\((\d{4})-[\w-]+\.md\) \|", read(DOCS / "decisions" / "README.md"), re.MULTILINE
    )
    there = sorted(page.name[:4] for page in (DOCS / "decisions").glob("0*.md"))
    assert [number for number, _ in listed] == [target for _, target in listed] == there
    assert len(set(there)) == len(there)


def rows_of_behaviours():
    text = read(REFERENCE / "behaviours.md")
    return {row[0]: row for row in re.findall(r"^\| ([RP]\d+) \| ([^|]+) \| ([^|]+) \|(.*)$", text, re.MULTILINE)}


def test_the_page_of_behaviours_has_every_one_in_the_words_of_the_tests():
    assert {name: row[1] for name, row in rows_of_behaviours().items()} == BEHAVIOURS


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_the_commands_and_routes_of_a_behaviour_exist(name):
    row = " | ".join(rows_of_behaviours()[name])
    named = re.findall(r"`crossdock ([^`]+)`", row)
    assert named
    assert [line for line in named if wrong(line)] == []
    there = {f"{route.method} {route.path}" for route in TABLE}
    routes = re.findall(r"`((?:GET|PUT|POST|DELETE) [^`]+)`", row)
    assert set(routes) <= there
    assert routes or name[0] == "P"


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_every_behaviour_is_carried_by_a_test(name):
    carrying = re.compile(rf"behaviour\([^)]*\"{name}\"")
    here = (ROOT / "tests" / "docs").resolve()
    assert any(carrying.search(read(path)) for path in (ROOT / "tests").rglob("test_*.py") if path.parent != here)


@pytest.mark.parametrize("side", ["oms", "wms"])
def test_every_endpoint_of_the_default_contract_is_on_its_page(side):
    text = read(REFERENCE / "default-contract.md")
    described = json.loads(read(REFERENCE / f"{side}-contract.openapi.json"))["paths"]
    missing = [
        f"{method.upper()} {path}"
        for path, operations in described.items()
        for method in operations
        if method in METHODS and not re.search(rf"`{method.upper()} {re.escape(path)}(\?[^`]*)?`", text)
    ]
    assert missing == []


def test_every_record_is_on_the_page_of_the_connector_contract_with_its_module():
    text = read(REFERENCE / "connector-contract.md")
    for module in SPECS:
        assert f"`{module.__name__}`" in text, module.__name__
        for name, kind in vars(module).items():
            if inspect.isclass(kind) and kind.__module__ == module.__name__:
                assert f"`{name}`" in text, f"{module.__name__}.{name}"


def test_every_write_of_a_connector_has_its_rule_on_the_page_of_the_contract():
    rules = read(REFERENCE / "connector-contract.md").partition("## What a write must keep to")[2].partition("\n## ")[0]
    writes = {hook for hook, _ in HANDLERS} - {"get_products"} | {"push_outbound", "report_push"}
    assert {name for name in re.findall(r"`(\w+)`", rules) if name in writes} == writes


def test_the_version_of_the_connector_contract_is_said_as_it_is():
    assert f"Version {connector.API}." in read(REFERENCE / "connector-contract.md")


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_anchor_that_the_page_leads_to_is_there(page):
    for target, anchor in re.findall(r"\]\(([^)#\s]*)#([^)\s]+)\)", read(page)):
        if not target.startswith("http"):
            text = read((page.parent / target) if target else page)
            heads = {slug(head) for head in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}
            assert anchor in heads, f"{target}#{anchor}"


def slug(head):
    return re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-")


def test_the_page_of_the_architecture_names_every_lane():
    text = read(DOCS / "explanation" / "architecture.md").partition("A **lane** is")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`[^|]+) \| ", text, re.MULTILINE)
    said = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    engine = read(ROOT / "daemon" / "crossdock" / "engine" / "engine.py")
    served = set(re.findall(r"_serve\(f?\"(\w+)", engine)) | set(re.findall(r"lane = f\"(\w+):", engine))
    streams = {OUTBOUND, INBOUND, PRODUCTS, LevelStream.name, MovementStream.name, CostCheck.name}
    assert said == served | streams
