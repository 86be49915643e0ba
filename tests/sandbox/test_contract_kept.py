"""The sandboxes refuse what the contract forbids, so that who compares with them learns it there."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from crossdock.testing.sandbox.oms import SandboxOms
from crossdock.testing.sandbox.oms_books import to_cursor
from crossdock.testing.sandbox.wms import SandboxWms

REPORT = {"order_ref": "ORD-1", "status": "pushed", "revision": 1, "warehouse": "W"}


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer"])
async def test_the_scheme_of_the_token_may_be_written_in_any_case(client, scheme):
    async with SandboxOms() as oms:
        assert (await client(oms).get("/v1/check", Authorization=f"{scheme} {oms.token}"))[0] == 200
        assert (await client(oms).get("/v1/check", Authorization=f"{scheme} {oms.token.upper()}x"))[0] == 401


@pytest.mark.parametrize("media", ["text/plain", "application/xml", "", "application/problem+json"])
async def test_a_body_that_does_not_say_it_is_json_is_refused(client, media):
    async with SandboxOms() as oms:
        ask = client(oms)
        status, problem, _ = await ask.post("/v1/orders/get", {"refs": []}, **{"Content-Type": media})
        assert (status, problem["code"]) == (415, "unsupported_media_type")
        typed = {"Content-Type": "Application/JSON; charset=utf-8"}
        assert (await ask.post("/v1/orders/get", {"refs": []}, **typed))[0] == 200


@pytest.mark.parametrize("key", ["k" * 51, "k" * 60, "ไทย", "é"])
async def test_a_key_that_is_too_long_or_no_ascii_is_refused_on_both_sides(client, request_of, key):
    named = {"Idempotency-Key": key}
    async with SandboxOms() as oms, SandboxWms() as wms:
        answers = [
            await client(oms).post("/v1/push-reports", {"reports": [REPORT]}, **named),
            await client(wms).post("/v1/outbounds", {"items": [request_of()]}, **named),
        ]
        assert wms.books.received == {}
    assert [(status, body["code"]) for status, body, _ in answers] == [(400, "idempotency_key_invalid")] * 2


async def test_a_key_of_fifty_printable_characters_is_taken(client, request_of):
    async with SandboxWms() as wms:
        key = "XD " + "~" * 47
        assert (await client(wms).post("/v1/outbounds", {"items": [request_of()]}, **{"Idempotency-Key": key}))[
            0
        ] == 200


async def test_a_page_has_at_most_five_hundred_orders_and_a_problem_names_the_field(client):
    async with SandboxOms() as oms:
        assert (await client(oms).get("/v1/orders?limit=500"))[0] == 200
        status, problem, _ = await client(oms).get("/v1/orders?limit=501")
        assert (status, problem["code"], problem["field"]) == (400, "bad_number", "limit")


@pytest.mark.parametrize(
    "query",
    [
        "since=0001-01-01T00:00:00%2B14:00", "until=9999-12-31T23:59:59-14:00", "since=2026-03-01T12:00:00",
        "cursor=" + to_cursor(datetime(2026, 3, 1), "ORD-1"),  # noqa: DTZ001 - a cursor without a zone is meant
    ],
)  # fmt: skip
async def test_a_time_that_cannot_be_compared_is_refused_and_not_stumbled_over(client, order, query):
    async with SandboxOms() as oms:
        oms.put([order()])
        status, problem, _ = await client(oms).get(f"/v1/orders?{query}")
        assert (status, problem["code"]) == (400, "bad_cursor" if "cursor" in query else "bad_time")


@pytest.mark.parametrize("quantity", ["NaN", "sNaN", "Infinity"])
async def test_a_quantity_that_is_no_number_is_rejected_alone(client, request_of, quantity):
    async with SandboxWms() as wms:
        items = [msgspec.to_builtins(request_of(f"XD-{n}")) for n in (1, 2)]
        items[1]["lines"][0]["quantity"] = quantity
        status, body, _ = await client(wms).post("/v1/outbounds", {"items": items})
    assert status == 200
    assert [(r["status"], r.get("code")) for r in body["results"]] == [("accepted", None), ("rejected", "bad_quantity")]


async def test_a_report_of_a_status_that_the_contract_does_not_have_is_refused(client, order):
    async with SandboxOms(now=lambda: datetime(2026, 3, 1, tzinfo=UTC)) as oms:
        oms.put([order()])
        status, problem, _ = await client(oms).post("/v1/push-reports", {"reports": [{**REPORT, "status": "sent"}]})
        assert (status, problem["code"], oms.books.reports) == (422, "invalid", {})
