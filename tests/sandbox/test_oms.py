"""The sandbox OMS: listings, changes by tests, bad requests."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.spec.orders import Order, OrderLine, OrderStatus, Window
from crossdock.testing.sandbox.call import Refused
from crossdock.testing.sandbox.faults import Fault, Rule, Script
from crossdock.testing.sandbox.oms import SandboxOms
from crossdock.testing.sandbox.oms_books import OmsBooks, from_cursor, stored_order, to_cursor

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    def __init__(self):
        self.moment = NOON

    def __call__(self):
        return self.moment


def made(ref: str, minutes: int) -> Order:
    at = NOON + timedelta(minutes=minutes)
    return Order(ref=ref, status=OrderStatus.PAID, created_at=at, updated_at=at, lines=())


@given(
    stamps=st.dictionaries(st.text(min_size=1, max_size=5), st.integers(0, 6), max_size=20),
    since=st.none() | st.integers(0, 6),
    until=st.none() | st.integers(0, 6),
    limit=st.integers(1, 5),
)
def test_every_walk_shows_exactly_the_window_in_order(stamps, since, until, limit):
    books = OmsBooks()
    books.put(stored_order(made(ref, minutes)) for ref, minutes in stamps.items())
    window = Window(
        since=None if since is None else NOON + timedelta(minutes=since),
        until=None if until is None else NOON + timedelta(minutes=until),
    )
    seen, cursor = [], None
    while True:
        page = books.page(window, cursor, limit, NOON)
        seen += [stored.ref for stored in page.orders]
        cursor = page.next_cursor
        if cursor is None:
            break
    low, high = since or 0, 6 if until is None else until
    assert seen == [ref for minutes, ref in sorted((m, r) for r, m in stamps.items()) if low <= minutes <= high]


@given(st.text(max_size=60))
def test_a_cursor_of_a_stranger_is_refused_or_means_a_place(text):
    with suppress(Refused):
        place = from_cursor(text)
        assert place is None or isinstance(place[1], str)


@given(st.datetimes(timezones=st.just(UTC)), st.text(min_size=1))
def test_a_cursor_names_its_place(moment, ref):
    assert from_cursor(to_cursor(moment, ref)) == (moment, ref)
    assert from_cursor(to_cursor(moment, ref) + "~12") == (moment, ref)


async def test_an_order_that_changes_during_a_walk_is_seen_again_at_its_end(client, order):
    async with SandboxOms() as oms:
        oms.put([order(f"ORD-{n}") for n in range(4)], keep_updated_at=True)
        _, first, _ = await client(oms).get("/v1/orders?limit=2")
        oms.put([order("ORD-0", minutes=5)], keep_updated_at=True)
        _, rest, _ = await client(oms).get(f"/v1/orders?limit=9&cursor={first['next_cursor']}")
        assert [o["ref"] for o in rest["orders"]] == ["ORD-2", "ORD-3", "ORD-0"]


async def test_orders_are_put_amended_and_cancelled_behind_the_sandbox_path(client, order):
    clock = Clock()
    async with SandboxOms(now=clock) as oms:
        ask = client(oms)
        await ask.post("/__sandbox/orders", {"orders": [order("ORD-1", minutes=-500)]}, Authorization="")
        clock.moment += timedelta(seconds=5)
        line = OrderLine(line_no=9, sku="B", quantity=Decimal(1))
        await ask.post("/__sandbox/orders/amend", {"ref": "ORD-1", "lines": [line]})
        clock.moment += timedelta(seconds=5)
        status, cancelled, _ = await ask.post("/__sandbox/orders/cancel", {"ref": "ORD-1"})
        known = msgspec.convert(cancelled, type=Order)
        assert (status, known.status, [line.line_no for line in known.lines]) == (200, "cancelled", [1, 9])
        assert known.updated_at == NOON + timedelta(seconds=10)
        assert (await ask.post("/__sandbox/orders/cancel", {"ref": "NOPE"}))[0] == 404


async def test_what_is_named_of_an_order_is_edited_and_the_rest_stays(client, order):
    async with SandboxOms() as oms:
        ask = client(oms)
        await ask.post("/__sandbox/orders", {"orders": [order("ORD-1")]})
        before = oms.books.order("ORD-1")
        change = {"ref": "ORD-1", "recipient": {"name": "Nok"}, "buyer_note": None}
        status, _, _ = await ask.post("/__sandbox/orders/edit", change)
        after = oms.books.order("ORD-1")
        assert (status, after.recipient.name, after.buyer_note) == (200, "Nok", None)
        assert (after.lines, after.logistics, after.seller_note) == (before.lines, before.logistics, before.seller_note)
        assert after.updated_at > before.updated_at
        assert (await ask.post("/__sandbox/orders/edit", {"ref": "NOPE"}))[0] == 404
        assert (await ask.post("/__sandbox/orders/edit", {"ref": "ORD-1", "colour": "red"}))[0] == 422


async def test_an_order_that_becomes_visible_late_has_an_older_stamp(client, order):
    clock = Clock()
    script = Script(rules=(Rule(fault=Fault.LATE_VISIBLE, args={"seconds": 60}, times=1),))
    async with SandboxOms(now=clock, script=script) as oms:
        oms.put([order("LATE")])
        clock.moment += timedelta(seconds=30)
        oms.put([order("SOON")])
        _, before, _ = await client(oms).get("/v1/orders")
        clock.moment += timedelta(seconds=30)
        _, after, _ = await client(oms).get("/v1/orders")
        assert [o["ref"] for o in before["orders"]] == ["SOON"]
        assert [o["ref"] for o in after["orders"]] == ["LATE", "SOON"]
        assert datetime.fromisoformat(after["orders"][0]["updated_at"]) < datetime.fromisoformat(before["watermark"])


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v1/orders?mode=all", "bad_mode"),
        ("/v1/orders?since=yesterday", "bad_time"),
        ("/v1/orders?until=2026-03-01T12:00:00", "bad_time"),
        ("/v1/orders?limit=0", "bad_number"),
        ("/v1/orders?limit=-1", "bad_number"),
        ("/v1/orders?limit=%D9%A3", "bad_number"),
        ("/v1/orders?cursor=!!!", "bad_cursor"),
        ("/v1/nothing", "not_found"),
        ("/v1/push-reports", "method_not_allowed"),
    ],
)
async def test_a_bad_request_is_answered_with_a_problem_that_names_it(client, path, code):
    async with SandboxOms() as oms:
        status, problem, headers = await client(oms).get(path)
        assert 400 <= status < 500
        assert (problem["code"], problem["status"], headers["Content-Type"]) == (
            code,
            status,
            "application/problem+json",
        )


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "bad_json"),
        (b"{", "bad_json"),
        (b'{"x":' + b"[" * 9000, "bad_json"),
        (b'{"refs":5}', "invalid"),
        (b"null", "invalid"),
    ],
)
async def test_a_bad_body_is_answered_with_a_problem_that_names_it(client, body, code):
    async with SandboxOms() as oms:
        status, problem, _ = await client(oms).post("/v1/orders/get", body)
        assert (status, problem["code"]) == (422 if code == "invalid" else 400, code)


async def test_a_write_without_an_idempotency_key_is_refused(client):
    async with SandboxOms() as oms:
        status, problem, _ = await client(oms).call(
            "POST", "/v1/push-reports", {"reports": []}, **{"Idempotency-Key": ""}
        )
        assert (status, problem["code"]) == (400, "idempotency_key_missing")


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer wrong", "Basic abc", "Bearer ไทย"])
async def test_without_the_token_nothing_is_answered(client, token):
    async with SandboxOms() as oms:
        status, problem, _ = await client(oms).get("/v1/check", Authorization=token)
        assert (status, problem["code"]) == (401, "unauthorized")


async def test_the_books_tell_what_is_known_and_what_was_reported(client, order):
    async with SandboxOms() as oms:
        oms.put([order("ORD-1")])
        report = {"order_ref": "ORD-1", "status": "pushed", "revision": 1, "warehouse": "BKK-1"}
        for _ in range(2):
            await client(oms).post("/v1/push-reports", {"reports": [report]})
        _, books, _ = await client(oms).get("/__sandbox/books")
        assert books == {"orders": ["ORD-1"], "reports": [{"report": report, "received": 2}]}
        _, summary, _ = await client(oms).get("/__sandbox/books?form=summary")
        assert summary == {"orders": 1, "reports": 1, "got": 2}
