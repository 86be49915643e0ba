"""The published contract is the one that is spoken."""

from __future__ import annotations

import re
from inspect import getsource
from pathlib import Path

import pytest

from crossdock.testing.sandbox import (
    call,
    oms,
    oms_books,
    oms_labels,
    server,
    wms,
    wms_books,
    wms_changes,
    wms_labels,
)  # fmt: skip
from crossdock.testing.sandbox.oms import SandboxOms
from crossdock.testing.sandbox.openapi import FILES, document, main, rendered
from crossdock.testing.sandbox.wms import SandboxWms

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
CORES = {"oms": SandboxOms()._core, "wms": SandboxWms()._core}


def references(value):
    if isinstance(value, dict):
        for name, part in value.items():
            if name == "$ref":
                yield part
            else:
                yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


@pytest.mark.parametrize("side", FILES)
def test_the_published_document_is_fresh(side):
    published = (REFERENCE / FILES[side]).read_bytes()
    assert published == rendered(side), "write it again: python -m crossdock.testing.sandbox.openapi docs/reference"


@pytest.mark.parametrize("side", FILES)
def test_the_document_describes_exactly_what_the_sandbox_serves(side):
    described = {(method.upper(), path) for path, item in document(side)["paths"].items() for method in item}
    assert described == set(CORES[side]._routes)


@pytest.mark.parametrize("side", FILES)
def test_every_reference_leads_somewhere_and_every_schema_is_used(side):
    whole = document(side)
    names = {f"#/components/schemas/{name}" for name in whole["components"]["schemas"]}
    assert set(references(whole)) == names


@pytest.mark.parametrize("side", FILES)
def test_the_prose_names_every_operation(side):
    prose = (REFERENCE / "default-contract.md").read_text()
    assert [path for path in document(side)["paths"] if f"{path}`" not in prose and f"{path}?" not in prose] == []


@pytest.mark.parametrize("side", FILES)
def test_every_operation_tells_how_it_fails_and_a_body_of_another_kind_and_what_is_there_already_where_it_can(side):
    for path, item in document(side)["paths"].items():
        for method, described in item.items():
            answers = set(described["responses"])
            assert {"400", "401", "403", "422", "429", "500", "503", "default"} <= answers, path
            assert ("415" in answers) == (method == "post"), path
            assert ("409" in answers) == (path == "/v1/outbounds"), path


def test_every_code_of_the_sandboxes_is_in_the_prose():
    prose = (REFERENCE / "default-contract.md").read_text()
    code = re.compile(r"""(?:Refused\(\s*\d+, |(?:rejected|refused)\([^"]*?, |ok=False, code=)"(\w+)\"""")
    found = {
        name
        for module in (call, server, oms, oms_books, oms_labels, wms, wms_books, wms_labels, wms_changes)
        for name in code.findall(getsource(module))
    }
    assert found >= {"bad_number", "bad_cursor", "not_found", "unsupported", "invalid", "key_reused", "unknown_order"}
    assert {name for name in found if f"`{name}`" not in prose} == set()


def test_a_key_is_printable_ascii_wherever_one_is_asked_for():
    wms = document("wms")
    (header,) = wms["paths"]["/v1/outbounds"]["post"]["parameters"]
    key = wms["components"]["schemas"]["OutboundRequest"]["properties"]["key"]
    assert header["schema"] == key == {"type": "string", "minLength": 1, "maxLength": 50, "pattern": "^[ -~]+$"}


def test_a_report_has_one_of_four_statuses_and_a_problem_may_name_a_field():
    schemas = document("oms")["components"]["schemas"]
    assert schemas["PushReport"]["properties"]["status"]["enum"] == [
        "cancel_refused",
        "cancelled",
        "push_failed",
        "pushed",
    ]
    assert schemas["Problem"]["properties"]["field"] == {"type": "string"}
    assert "field" not in schemas["Problem"]["required"]


def test_a_decimal_may_be_a_string_or_a_number():
    quantity = document("wms")["components"]["schemas"]["OutboundLine"]["properties"]["quantity"]
    assert quantity == {"type": ["string", "number"], "format": "decimal"}


def test_every_time_is_marked_as_one():
    oms, wms = (document(side)["components"]["schemas"] for side in ("oms", "wms"))
    time = {"type": "string", "format": "date-time"}
    assert oms["Order"]["properties"]["created_at"] == time
    assert wms["OutboundRequest"]["properties"]["ship_by"]["anyOf"][0] == time
    assert oms["OrderPage"]["properties"]["watermark"]["anyOf"][0] == time
    assert oms["Order"]["properties"]["shop"] == {"type": "string", "default": ""}


def test_a_wms_that_cannot_be_asked_by_key_has_an_answer_of_its_own():
    paths = document("wms")["paths"]
    assert "404" in paths["/v1/outbounds/find"]["post"]["responses"]
    assert "404" not in paths["/v1/outbounds"]["post"]["responses"]


def test_both_documents_are_written_to_a_folder(tmp_path):
    main(str(tmp_path))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {FILES[s]: rendered(s) for s in FILES}
