"""The published contract is the one that is spoken."""

from __future__ import annotations

from pathlib import Path

import pytest

from crossdock.testing.sandbox.oms import OmsCore
from crossdock.testing.sandbox.oms_books import OmsBooks
from crossdock.testing.sandbox.openapi import FILES, document, main, rendered
from crossdock.testing.sandbox.wms import WmsCore
from crossdock.testing.sandbox.wms_books import WmsBooks

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
CORES = {"oms": OmsCore(OmsBooks()), "wms": WmsCore(WmsBooks(("A",)))}


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
