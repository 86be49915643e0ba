"""The published document is the table that is served."""

from __future__ import annotations

from pathlib import Path

from crossdock.control.openapi import FILE, document, main, rendered
from crossdock.control.routes import TABLE

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


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


def test_the_published_document_is_fresh():
    said = "write it again: python -m crossdock.control.openapi docs/reference"
    assert (REFERENCE / FILE).read_bytes() == rendered(), said


def test_the_document_describes_exactly_the_table():
    described = {
        (method.upper(), path, operation["x-permission"])
        for path, item in document()["paths"].items()
        for method, operation in item.items()
    }
    assert described == {(route.method, route.path, str(route.permission)) for route in TABLE}


def test_every_reference_leads_somewhere():
    whole = document()
    names = {f"#/components/schemas/{name}" for name in whole["components"]["schemas"]}
    assert set(references(whole)) <= names


def test_every_operation_has_a_name_of_its_own_and_a_summary():
    operations = [operation for item in document()["paths"].values() for operation in item.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)
    assert all(operation["summary"] for operation in operations)


def test_the_document_is_written_to_a_folder(tmp_path):
    main(str(tmp_path))
    assert (tmp_path / FILE).read_bytes() == rendered()
