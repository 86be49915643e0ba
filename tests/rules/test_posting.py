"""Where a document goes: never guessed, and what is missing is named."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from crossdock.rules.book import Mapping, MappingKind, Warehouse, make_book
from crossdock.rules.posting import Held, Owner, Targets, address
from crossdock.spec.documents import (
    InboundDoc,
    InboundKind,
    InboundLine,
    InboundState,
    OutboundDoc,
    OutboundDocLine,
    OutboundKind,
)
from crossdock.spec.outbound import Stage

NOW = datetime(2026, 3, 1, tzinfo=UTC)
BOTH = frozenset({"outbound", "inbound"})
ONE = Targets(takes={"shop": BOTH})


def outbound(sku="A", **fields):
    base = {
        "ref": "D1", "kind": OutboundKind.MANUAL, "revision": 1, "warehouse": "W1", "stage": Stage.OUTBOUND,
        "lines": (OutboundDocLine(line_no=1, sku=sku, planned=Decimal(1)),), "updated_at": NOW,
    }  # fmt: skip
    return OutboundDoc(**{**base, **fields})


def inbound(sku="A", **fields):
    base = {
        "ref": "I1", "kind": InboundKind.TRANSFER, "revision": 1, "warehouse": "W1", "state": InboundState.COMPLETE,
        "lines": (InboundLine(line_no=1, sku=sku, planned=Decimal(1)),), "updated_at": NOW,
    }  # fmt: skip
    return InboundDoc(**{**base, **fields})


def book(*mappings, **fields):
    here = Warehouse(**{"code": "BKK", "connection": "depot", "remote": "W1", **fields})
    there = Warehouse(code="CNX", connection="depot", remote="W2", oms_code="north")
    return make_book(1, 30, [], [here, there], [], [
        Mapping(warehouse="BKK", kind=MappingKind.SKU, ours=ours, theirs=theirs) for ours, theirs in mappings
    ])  # fmt: skip


def found(document, known=None, targets=ONE, owner=Owner(), kept=None):  # noqa: B008
    return address(document, "depot", owner, known or book(), targets, kept)


def test_a_document_without_an_order_goes_to_the_only_oms_in_the_oms_names():
    sent = found(inbound(sku="THEIRS", source="W2"), book(("OURS", "THEIRS"), oms_code="bangkok"))
    assert sent.oms == "shop"
    assert (sent.document.warehouse, sent.document.source) == ("bangkok", "north")
    assert sent.document.lines[0].sku == "OURS"


def test_a_transfer_to_a_warehouse_that_is_not_set_up_keeps_the_warehouse_s_word():
    assert found(outbound(destination="W9")).document.destination == "W9"


def test_the_oms_of_a_warehouse_is_the_one_that_was_named():
    several = Targets(takes={"shop": BOTH, "other": BOTH})
    assert found(inbound(), book(oms="other"), several).oms == "other"


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        (Targets(takes={"shop": BOTH, "other": BOTH}), "several OMS connections (other, shop)"),
        (Targets(takes={}), "there is no OMS connection"),
        (Targets(takes={"shop": BOTH}, unknown=("broken",)), "connection broken is not loaded"),
    ],
)
def test_an_oms_is_never_guessed(targets, said):
    held = found(inbound(), targets=targets)
    assert (held.code, held.missing) == ("no_oms", "oms of BKK")
    assert said in held.text


def test_a_parcel_goes_to_the_oms_of_its_order_whatever_the_warehouse_says():
    several = Targets(takes={"shop": BOTH, "other": BOTH})
    parcel = outbound(kind=OutboundKind.PARCEL, order_ref="O1")
    assert found(parcel, book(oms="other"), several, Owner(7, "shop")).oms == "shop"
    assert found(parcel, targets=several).code == "unknown_order"
    assert found(parcel, targets=several).time_heals
    assert found(parcel, targets=several, owner=Owner(several=True)).code == "several_orders"


def test_a_document_stays_with_the_oms_that_has_an_earlier_revision():
    assert found(inbound(), book(oms="other"), kept="shop").oms == "shop"


@pytest.mark.parametrize(
    ("sku", "mappings", "fields", "ours"),
    [
        ("A", (), {}, "A"),
        ("T", (("O", "T"),), {}, "O"),
        ("T", (("O", "T"),), {"auto_bind": False}, "O"),
        ("T", (("O", "T"), ("P", "T")), {}, "ambiguous_sku"),
        ("A", (), {"auto_bind": False}, "unmapped_sku"),
        ("A", (("A", "B"),), {}, "unmapped_sku"),
        ("A", (("A", None),), {}, "unmapped_sku"),
    ],
)
def test_a_sku_goes_back_by_its_mapping_or_is_said_to_be_missing(sku, mappings, fields, ours):
    said = found(inbound(sku=sku), book(*mappings, **fields))
    assert (said.code if isinstance(said, Held) else said.document.lines[0].sku) == ours


def test_a_warehouse_that_is_not_set_up_or_set_up_twice_is_said_to_be_missing():
    assert found(inbound(warehouse="W9")).code == "unknown_warehouse"
    assert found(inbound(warehouse="W2"), book(remote="W2")).code == "several_warehouses"


def test_a_warehouse_that_is_switched_off_does_not_count_beside_another_of_the_same_code():
    assert found(inbound(warehouse="W2"), book(remote="W2", enabled=False)).warehouse == "CNX"
    known = book(remote="W2", enabled=False)
    both = make_book(1, 30, [], [msgspec.structs.replace(w, enabled=False) for w in known.warehouses.values()], [], [])
    assert found(inbound(warehouse="W2"), both).code == "several_warehouses"


def test_documents_of_one_that_is_switched_off_go_on():
    assert found(inbound(), book(enabled=False)).warehouse == "BKK"


def test_an_oms_that_takes_no_such_documents_is_said_to():
    held = found(inbound(), targets=Targets(takes={"shop": frozenset({"outbound"})}))
    assert held.code == "unsupported"
    assert "not supported by this OMS" in held.text
