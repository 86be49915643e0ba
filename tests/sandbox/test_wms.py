"""The sandbox WMS: validation, keys, what its books show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from crossdock.spec.outbound import OutboundLine
from crossdock.testing.sandbox.wms import SandboxWms
from crossdock.testing.sandbox.wms_books import WmsBooks

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def line(quantity: str) -> OutboundLine:
    return OutboundLine(line_no=1, sku="A", quantity=Decimal(quantity))


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"warehouse": "NOPE"}, "unknown_warehouse"),
        ({"warehouse": "bkk-1"}, "unknown_warehouse"),
        ({"lines": ()}, "no_lines"),
        ({"lines": (line("0"),)}, "bad_quantity"),
        ({"lines": (line("1"), line("-1"))}, "bad_quantity"),
    ],
)
def test_what_a_warehouse_cannot_ship_is_rejected_and_its_key_stays_free(request_of, fields, code):
    books = WmsBooks(("BKK-1",))
    (refused,) = books.create([request_of("XD-1", **fields)], NOON)
    (accepted,) = books.create([request_of("XD-1")], NOON)
    assert (refused.status, refused.code, accepted.status) == ("rejected", code, "accepted")
    assert (books.received["XD-1"], books.rejected) == (2, {code: 1})


async def test_an_item_that_cannot_be_read_is_rejected_alone(client, request_of):
    async with SandboxWms() as wms:
        items = [request_of("XD-1"), {"key": "XD-2", "lines": "many"}, request_of("ไทย")]
        status, body, _ = await client(wms).post("/v1/outbounds", {"items": items})
        assert status == 200
        assert [(r["key"], r["status"], r.get("code")) for r in body["results"]] == [
            ("XD-1", "accepted", None),
            ("XD-2", "rejected", "invalid"),
            ("ไทย", "rejected", "invalid"),
        ]


@pytest.mark.parametrize("items", [[], [{}], [5], [{"key": 5}]])
async def test_a_batch_that_names_no_keys_is_refused_as_a_whole(client, items):
    async with SandboxWms() as wms:
        status, problem, _ = await client(wms).post("/v1/outbounds", {"items": items})
        assert (status, problem["status"], wms.books.received) == (422, 422, {})


def test_the_same_key_twice_in_one_batch_makes_one_document(request_of):
    books = WmsBooks(("BKK-1",))
    results = books.create([request_of(), request_of()], NOON)
    assert [result.status for result in results] == ["accepted", "duplicate"]


def test_an_order_under_two_keys_is_a_double(request_of):
    books = WmsBooks(("BKK-1",))
    books.create([request_of("XD-1", order_ref="ORD-1"), request_of("XD-2", order_ref="ORD-1")], NOON)
    assert books.doubles() == {"ORD-1": ["XD-1", "XD-2"]}
    assert (books.summary()["doubles"], books.summary()["double_refs"]) == (1, ["ORD-1"])


def test_a_document_is_found_only_after_the_lag(request_of):
    books = WmsBooks(("BKK-1",), idempotency="lookup", lookup_lag_s=10)
    books.create([request_of()], NOON)
    assert books.find(("XD-1",), NOON + timedelta(seconds=9)) == {"XD-1": None}
    assert books.find(("XD-1",), NOON + timedelta(seconds=10))["XD-1"].revision == 1


async def test_the_books_are_read_page_by_page_by_key_and_as_a_summary(client, request_of):
    async with SandboxWms() as wms:
        ask = client(wms)
        await ask.post("/v1/outbounds", {"items": [request_of(f"XD-{n}", quantity=n) for n in (1, 2, 3)]})
        _, first, _ = await ask.get("/__sandbox/books?limit=2", Authorization="")
        _, second, _ = await ask.get(f"/__sandbox/books?limit=2&after={first['next_after']}")
        assert ([*first["keys"]], [*second["keys"]], second["next_after"]) == (["XD-1", "XD-2"], ["XD-3"], None)
        assert first["keys"]["XD-2"]["documents"][0]["lines"] == [[1, "A", "2"]]
        _, one, _ = await ask.get("/__sandbox/books?key=XD-3")
        assert (one["received"], one["created"], one["order_ref"], one["warehouse"]) == (1, 1, "ORD-XD-3", "BKK-1")
        _, summary, _ = await ask.get("/__sandbox/books?form=summary")
        assert (summary["created"], summary["quantity"], summary["by_warehouse"]) == (3, "6", {"BKK-1": 3})


async def test_a_bad_limit_of_the_books_is_refused(client):
    async with SandboxWms() as wms:
        assert (await client(wms).get("/__sandbox/books?limit=many"))[0] == 400


async def test_a_wms_that_cannot_be_asked_says_so(client):
    async with SandboxWms(idempotency="none") as wms:
        status, problem, _ = await client(wms).post("/v1/outbounds/find", {"keys": ["XD-1"]})
        assert (status, problem["code"]) == (404, "unsupported")


async def test_numbers_are_taken_where_decimals_are_meant(client, request_of):
    async with SandboxWms() as wms:
        item = msgspec.to_builtins(request_of())
        item["lines"][0]["quantity"] = 2
        await client(wms).post("/v1/outbounds", {"items": [item]})
        _, again, _ = await client(wms).post("/v1/outbounds", {"items": [request_of()]})
        assert again["results"][0]["status"] == "duplicate"
