"""What connectors answer must be storable and sendable: one record that is not is set aside, and holds up no other."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from tests.connectors.test_calls import REQUEST, doing, failure, raising, returning

from crossdock.spec import errors
from crossdock.spec.connector import Capabilities
from crossdock.spec.documents import (
    InboundDoc,
    InboundKind,
    InboundLine,
    InboundState,
    OutboundDoc,
    OutboundKind,
    Parcel,
    Receipt,
)
from crossdock.spec.labels import LabelDelivery
from crossdock.spec.listing import Listing
from crossdock.spec.orders import FetchMode, Page, Unreadable, Window
from crossdock.spec.outbound import CheckResult, Choice, PushResult, PushStatus, RemoteOutbound, Stage
from crossdock.spec.outbound_changes import OutboundCancel
from crossdock.spec.products import Product
from crossdock.spec.stock import StockLevel

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NAIVE = datetime(2026, 3, 1, 12)  # noqa: DTZ001 - that is the point
WINDOW = Window(mode=FetchMode.CHANGED, since=NOW)
CANCEL = OutboundCancel(key="C-1", outbound_key="K-1", order_ref="O-1", warehouse="W")
LABEL = LabelDelivery(
    key="C-1", outbound_key="K-1", order_ref="O-1", warehouse="W", version=1, content_type="application/pdf", data=b"%"
)


@pytest.mark.parametrize("remote_id", ["", "x" * 201])
async def test_a_remote_id_that_fits_nowhere_counts_as_not_told(connect, remote_id, caplog):
    """It was stored, and made every later write about the order unsendable, even its cancellation."""
    accepted = PushResult(key="K-1", status=PushStatus.ACCEPTED, remote_id=remote_id)
    other = PushResult(key="C-1", status=PushStatus.ACCEPTED, remote_id=remote_id)
    held = RemoteOutbound(key="K-1", remote_id=remote_id)
    link = connect(
        doing(
            push_outbound=returning([accepted]), cancel_outbound=returning(other), push_label=returning(other),
            find_outbound=returning({"K-1": held}),
        )
    )  # fmt: skip
    (result,) = await link.push_outbound([REQUEST])
    assert result.remote_id is None
    assert (await link.cancel_outbound(CANCEL)).remote_id is None
    assert (await link.push_label(LABEL)).remote_id is None
    assert (await link.find_outbound(["K-1"]))["K-1"].remote_id == ""
    told = [record for record in caplog.records if "remote_id" in record.getMessage()]
    assert bool(told) is bool(remote_id)
    if remote_id:
        assert "push_outbound returned a remote_id of 201 characters for K-1" in told[0].getMessage()


def an_outbound(ref="D-1", **fields):
    known = {"kind": OutboundKind.PARCEL, "revision": 1, "warehouse": "W", "stage": Stage.PENDING, "lines": ()}
    return OutboundDoc(**{"ref": ref, "updated_at": NOW, **known, **fields})


def an_inbound(ref="D-1", **fields):
    known = {"kind": InboundKind.RECEIPT, "revision": 1, "warehouse": "W", "state": InboundState.PENDING, "lines": ()}
    return InboundDoc(**{"ref": ref, "updated_at": NOW, **known, **fields})


def a_receipt(**fields):
    return Receipt(**{"ref": "E", "line_no": 1, "quantity": Decimal(1), "at": NOW, **fields})


BROKEN = [
    ("fetch_outbound", an_outbound(updated_at=NAIVE), an_outbound("D-2"), "updated_at is a time without a time zone"),
    ("fetch_outbound", an_outbound(updated_at=NAIVE.isoformat()), an_outbound("D-2"), "updated_at"),
    ("fetch_outbound", an_outbound(shipped_at=NAIVE), an_outbound("D-2"), "shipped_at"),
    ("fetch_outbound", an_outbound(parcels=(Parcel(parcel_no="1", shipped_at=NAIVE),)), an_outbound("D-2"), r"parcels\[0\]"),
    ("fetch_outbound", an_outbound(revision=2**63), an_outbound("D-2"), "revision is a number beyond 64 bits"),
    ("fetch_outbound", an_outbound(number=b"N-1"), an_outbound("D-2"), "number is bytes, not text"),
    ("fetch_inbound", an_inbound(receipts=(a_receipt(at=NAIVE),)), an_inbound("D-2"), r"receipts\[0\].at"),
    ("fetch_inbound", an_inbound(receipts=(a_receipt(cost_revision=2**63),)), an_inbound("D-2"), "cost_revision"),
    ("fetch_inbound", an_inbound(receipts=(a_receipt(unit_cost=Decimal("NaN")),)), an_inbound("D-2"), "unit_cost is NaN"),
    ("fetch_inbound", an_inbound(receipts=(a_receipt(quantity="1e30"),)), an_inbound("D-2"), "too many digits"),
    ("fetch_inbound", an_inbound(lines=(InboundLine(line_no=1, sku="A", planned=Decimal("Infinity")),)), an_inbound("D-2"),
     r"lines\[0\].planned is Infinity"),
    ("fetch_products", Product(sku="A", updated_at=NAIVE), Product(sku="B", updated_at=NOW), "updated_at"),
    ("fetch_products", Product(sku="A", updated_at=NOW, price=Decimal("sNaN")), Product(sku="B", updated_at=NOW), "price"),
    ("fetch_stock", StockLevel(sku="A", warehouse="W", on_hand=Decimal(1), observed_at=NAIVE),
     StockLevel(sku="B", warehouse="W", on_hand=Decimal(1), observed_at=NOW), "observed_at"),
    ("fetch_stock", StockLevel(sku="A", warehouse="W", on_hand=Decimal(1), observed_at=NOW, sequence=2**63),
     StockLevel(sku="B", warehouse="W", on_hand=Decimal(1), observed_at=NOW), "sequence"),
    ("fetch_outbound", an_outbound(updated_at=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=9)))), an_outbound("D-2"),
     "beyond the calendar"),
]  # fmt: skip


@pytest.mark.behaviour("P7")
@pytest.mark.parametrize("number", range(len(BROKEN)))
async def test_a_record_that_cannot_be_kept_is_set_aside_and_the_rest_of_its_page_comes_through(connect, number):
    hook, broken, sound, why = BROKEN[number]
    link = connect(doing(**{hook: returning(Listing(items=(broken, sound)))}))
    page = await getattr(link, hook)(WINDOW, None, 10)
    assert page.items == (sound,)
    (aside,) = page.unreadable
    with pytest.raises(ValueError, match=why):
        raise ValueError(aside.reason)


class Costly(list):
    """Items that take for ever to look at."""

    def __iter__(self):
        raise AssertionError("they were looked at one by one")


@pytest.mark.parametrize(
    ("hook", "page"),
    [
        ("fetch_orders", Page(orders=Costly([None] * 1001))),
        ("fetch_orders", Page(slices=(None,) * 500, unreadable=Costly([None] * 501))),
        ("fetch_stock", Listing(items=Costly([None] * 1001))),
    ],
)
async def test_a_page_that_is_too_large_is_refused_before_it_is_looked_at(connect, hook, page):
    link = connect(doing(**{hook: returning(page)}))
    with pytest.raises(errors.ContractError, match="1001 records, more than 1000"):
        await getattr(link, hook)(WINDOW, None, 10)


@pytest.mark.parametrize("hook", ["list_shops", "push_outbound", "find_outbound"])
async def test_a_list_that_nobody_asked_for_is_refused_before_it_is_looked_at(connect, hook):
    held = {str(number): None for number in range(10_001)} if hook == "find_outbound" else Costly([None] * 10_001)
    error = await failure(connect(doing(**{hook: returning(held)})), hook)
    assert type(error) is (errors.UnknownOutcome if hook == "push_outbound" else errors.ContractError)
    assert "10001 entries" in error.message


async def test_a_clock_without_a_zone_is_a_warning_and_no_failure(connect):
    found = await connect(doing(check=returning(CheckResult(ok=True, server_time=NAIVE)))).check()
    assert (found.ok, found.server_time) == (True, None)
    assert "check of shop returned server_time is a time without a time zone" in found.warnings[0]


async def test_bytes_are_no_text(connect):
    error = await failure(connect(doing(list_shops=returning([Choice(code=b"s1", name="One")]))), "list_shops")
    assert type(error) is errors.ContractError
    assert "code is bytes, not text" in error.message


async def test_bytes_where_bytes_belong_come_through(connect):
    page = Listing(unreadable=(Unreadable("D-1", b"{", "no"),))
    assert await connect(doing(fetch_stock=returning(page))).fetch_stock(WINDOW, None, 10) == page


@pytest.mark.parametrize("error", [KeyboardInterrupt, GeneratorExit])
@pytest.mark.parametrize("hook", ["check", "push_outbound"])
async def test_a_hook_cannot_end_the_daemon(connect, hook, error):
    link = connect(doing(**{hook: raising(error())}))
    found = await failure(link, hook)
    assert type(found) is (errors.UnknownOutcome if hook == "push_outbound" else errors.BadResponse)
    assert error.__name__ in found.message
    assert not link.stuck


async def test_a_look_up_that_takes_too_long_asks_for_fewer_keys_the_next_time(connect):
    async def slow(self, keys):
        await asyncio.sleep(0.03 * len(keys))
        return dict.fromkeys(keys)

    link = connect(doing(find_outbound=slow), timeouts={"push_s": 0.1}, capabilities=Capabilities(max_lookup=8))
    sizes = [link.lookup]
    for _ in range(2):
        with pytest.raises(errors.PluginTimeout):
            await link.find_outbound([str(number) for number in range(link.lookup)])
        sizes.append(link.lookup)
    await link.find_outbound([str(number) for number in range(link.lookup)])
    assert [*sizes, link.lookup] == [8, 4, 2, 3]
