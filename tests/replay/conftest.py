"""A few events of a shop, made up, in the form of the stream."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


def line(number: int, sku: str, pieces: int, kind: str = "product") -> dict[str, Any]:
    return {"line_no": number, "sku": sku, "name": sku, "qty": pieces, "unit_price": "1.5", "type": kind}


def event(kind: str, ref: str, at: str, lines: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    head = {"kind": kind, "order_ref": ref, "store": "s", "created_at": f"2011-03-01T{at}:00Z", "currency": "GBP"}
    person = {"name": "A", "phone": None, "email": None, "address": {"lines": ["1"], "country": more.pop("to", "TH")}}
    given = {"source_country": "United Kingdom", "country": "GB", "lines": lines, "recipient": person, **more}
    return {**head, **given}


def named(*cancels: tuple[str, int]) -> dict[str, Any]:
    return {"cancels": [{"order_ref": ref, "qty": pieces} for ref, pieces in cancels]}


@pytest.fixture
def events() -> list[dict[str, Any]]:
    """A plain order; one with no goods; one cancelled, one amended and one reduced before the push; one reduced after it.

    A cancel that names two orders, one that names none, and an order of one SKU twice, in two cases of letters.
    """
    return [
        event("order", "PLAIN", "09:00", [line(1, "a", 2), line(2, "A", 3), line(3, "a", 1)], to="gb"),
        event("order", "POSTAGE", "09:01", [line(1, "POST", 1, "shipping")]),
        event("order", "GONE", "09:02", [line(1, "b", 80_995)]),
        event("order", "GROWN", "09:03", [line(1, "c", 1), line(2, "POST", 1, "shipping")]),
        event("order", "SHRUNK", "09:04", [line(1, "d", 5), line(2, "d", 5)], to=None),
        event("order", "LATER", "09:05", [line(1, "e", 5), line(2, "f", 1)], to="IL"),
        event("cancel", "C1", "09:08", [line(1, "b", -80_995)], **named(("GONE", 80_995))),
        event("amend", "GROWN", "09:09", [line(3, "c", 4)]),
        event("cancel", "C2", "09:10", [line(1, "d", -7)], **named(("SHRUNK", 7))),
        event("cancel", "C3", "09:11", [line(1, "zz", -1)], **named()),
        event("cancel", "C4", "15:00", [line(1, "e", -6)], **named(("LATER", 5), ("PLAIN", 1))),
    ]


@pytest.fixture
def stream(events: list[dict[str, Any]], tmp_path: Path) -> Path:
    file = tmp_path / "stream.jsonl"
    file.write_text("".join(json.dumps(item) + "\n" for item in events))
    return file
