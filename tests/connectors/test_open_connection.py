"""An open connection: opening, renewing, closing, and what it makes of answers and slices."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import msgspec
import pytest
from tests.connectors.conftest import RawServer, Settings

from crossdock.spec import errors
from crossdock.spec.hooks import hookimpl
from crossdock.spec.orders import Order, OrderStatus
from crossdock.spec.outbound import CheckResult, OutboundRequest, PushResult, PushStatus, RemoteOutbound

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
GIVEN = {"url": "https://shop.test", "token": {"secret": "shop.token"}}


def request(key: str) -> OutboundRequest:
    return OutboundRequest(key=key, order_ref="O-1", revision=1, warehouse="W", lines=(), ordered_at=NOON)


def result(key: str, status: PushStatus = PushStatus.ACCEPTED, **more) -> PushResult:
    return PushResult(key=key, status=status, **more)


class Bare:
    """Takes its settings and does nothing."""

    def __init__(self, settings=None) -> None:
        self.settings = settings


class Echo(Bare):
    """Tells what it was handed."""

    @hookimpl
    async def check(self, ctx) -> CheckResult:
        return CheckResult(ok=True, account=f"{ctx.connection} {ctx.secret('token')}", server_time=ctx.now())


# opening, renewing, closing ------------------------------------------------------------------------------------------


class Door(Bare):
    """Counts its openings and closings; an opening waits for `may_open`."""

    def __init__(self, settings=None) -> None:
        self.log: list[str] = []
        self.may_open = asyncio.Event()
        self.fails: list[errors.ConnectorError] = []
        last.append(self)

    @hookimpl
    async def open(self, ctx):
        self.log.append("open")
        await self.may_open.wait()
        if self.fails:
            raise self.fails.pop()

    @hookimpl
    async def check(self, ctx):
        self.log.append("check")
        return CheckResult(ok=True)

    @hookimpl
    async def refresh_auth(self, ctx):
        self.log.append("refresh")
        await asyncio.sleep(0)
        if self.fails:
            raise self.fails.pop()

    @hookimpl
    async def close(self, ctx):
        self.log.append("close")
        if self.fails:
            raise self.fails.pop()


last: list[Door] = []


async def test_calls_that_come_while_the_connection_opens_wait_for_it(connect):
    link = connect(Door)
    calls = [asyncio.create_task(link.check()) for _ in range(3)]
    for _ in range(10):
        await asyncio.sleep(0)
    assert last[-1].log == ["open"]
    last[-1].may_open.set()
    await asyncio.gather(*calls)
    assert last[-1].log == ["open", "check", "check", "check"]


async def test_calls_that_wait_share_a_failed_opening_and_the_next_one_tries_again(connect):
    link = connect(Door)
    door = last[-1]
    door.fails = [errors.AuthFailed("no")]
    calls = [asyncio.create_task(link.check()) for _ in range(3)]
    for _ in range(10):
        await asyncio.sleep(0)
    door.may_open.set()
    found = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(error) for error in found] == [errors.AuthFailed] * 3
    assert door.log == ["open"]
    await link.check()
    assert door.log == ["open", "open", "check"]


@pytest.mark.parametrize("fails", [False, True])
async def test_credentials_are_renewed_once_for_all_who_ask_meanwhile(connect, fails):
    link = connect(Door)
    door = last[-1]
    door.may_open.set()
    await link.check()
    door.log.clear()
    door.fails = [errors.AuthFailed("no")] if fails else []
    found = await asyncio.gather(*(link.refresh_auth() for _ in range(5)), return_exceptions=True)
    assert door.log == ["refresh"]
    assert [type(each) for each in found] == [errors.AuthFailed if fails else type(None)] * 5
    await link.refresh_auth()
    assert door.log == ["refresh", "refresh"]


@pytest.mark.parametrize("error", [None, errors.Retryable("x"), KeyError("x")], ids=["well", "error", "bug"])
async def test_closing_happens_once_and_never_raises(connect, error, caplog):
    link = connect(Door)
    door = last[-1]
    door.may_open.set()
    await link.check()
    door.fails = [error] if error else []
    await link.close()
    await link.close()
    assert door.log == ["open", "check", "close"]
    assert not connect.plugins.manager.has_plugin("conn:shop")
    assert bool(caplog.records) == bool(error)


async def test_a_connection_that_was_never_opened_is_closed_without_its_connector(connect):
    link = connect(Door)
    await link.close()
    assert last[-1].log == []


async def test_a_closed_connection_sends_nothing_more(connect):
    link = connect(Door)
    last[-1].may_open.set()
    await link.check()
    await link.close()
    with pytest.raises(errors.Retryable, match="closed; nothing was sent"):
        await link.check()
    with pytest.raises(errors.Retryable, match="closed"):
        await link.open()


async def test_closing_in_the_middle_of_a_call_ends_its_http(connect):
    async def silent(_writer, _number):
        await asyncio.sleep(30)

    class Calling(Bare):
        @hookimpl
        async def push_outbound(self, ctx, items):
            return (await ctx.http.post("/x", b"{}")).json(list[PushResult])

    async with RawServer(silent) as remote:
        link = connect(Calling, shape=Settings, settings={**GIVEN, "url": f"http://127.0.0.1:{remote.port}"})
        call = asyncio.create_task(link.push_outbound([request("K-1")]))
        while not remote.requests:
            await asyncio.sleep(0.001)
        await link.close()
        with pytest.raises(errors.UnknownOutcome):
            await call


# results of pushes and look-ups --------------------------------------------------------------------------------------


def pushing(*results):
    class Pushing(Bare):
        @hookimpl
        async def push_outbound(self, items):
            return list(results)

    return Pushing


@pytest.mark.behaviour("P4")
async def test_results_come_in_any_order_and_a_missing_one_stays_missing(connect):
    link = connect(pushing(result("C"), result("A")))
    assert [each.key for each in await link.push_outbound([request(key) for key in "ABC"])] == ["C", "A"]


@pytest.mark.behaviour("P4")
async def test_results_for_keys_nobody_asked_about_are_dropped_and_logged(connect, caplog):
    link = connect(pushing(result("A"), result("FOREIGN")))
    assert [each.key for each in await link.push_outbound([request("A")])] == ["A"]
    assert "FOREIGN" in caplog.text


@pytest.mark.behaviour("P4")
@pytest.mark.parametrize(
    "results",
    [
        (result("A", remote_id="1"), result("A", remote_id="2")),
        (result("A"), result("A", PushStatus.REJECTED)),
        (result("A", PushStatus.REJECTED), result("A"), result("A", PushStatus.REJECTED)),
    ],
)
async def test_results_that_contradict_each_other_leave_their_key_in_doubt(connect, results, caplog):
    link = connect(pushing(*results, result("B"), result("B")))
    assert [each.key for each in await link.push_outbound([request("A"), request("B")])] == ["B"]
    assert "contradicted itself" in caplog.text


@pytest.mark.behaviour("P4")
@pytest.mark.parametrize(
    "found",
    [
        {},
        {"A": None},
        {"A": None, "B": RemoteOutbound(key="A", remote_id="1")},
        {"A": None, "b": RemoteOutbound(key="B", remote_id="1")},
    ],
)
async def test_a_look_up_that_does_not_answer_about_a_key_never_means_absent(connect, found):
    class Finding(Bare):
        @hookimpl
        async def find_outbound(self, keys):
            return found

    with pytest.raises(errors.ContractError):
        await connect(Finding).find_outbound(["A", "B"])


# reading orders ------------------------------------------------------------------------------------------------------


def reading(function):
    class Reading(Bare):
        @hookimpl
        def read_order(self, raw):
            return function(raw)

    return Reading


ORDER = Order(ref="O-1", status=OrderStatus.PAID, created_at=NOON, updated_at=NOON, lines=())
RAW = msgspec.json.encode(ORDER)
DECODE = msgspec.json.Decoder(Order).decode


def test_a_slice_is_read(connect):
    assert connect(reading(DECODE)).read_order(RAW) == ORDER


@pytest.mark.parametrize(
    "raw",
    [
        b'{"ref":"O-1",' + RAW[1:],
        RAW[:-1] + b',"extra":{"a":1,"\\u0061":2}}',
        RAW[:-1] + b',"unknown":{"a":1,"a":2}}',
        b"",
        b"{",
        b"null",
        b"[" * 100_000,
        RAW.replace(b"paid", b"odd"),
        RAW[:-1] + b',"x":"\xff"}',
    ],
)
def test_bytes_that_are_no_order_raise_a_value_error(connect, raw):
    with pytest.raises(ValueError):
        connect(reading(DECODE)).read_order(raw)


@pytest.mark.behaviour("P15")
@pytest.mark.parametrize("error", [KeyError("x"), RuntimeError("x"), RecursionError("x"), AttributeError("x")])
def test_a_reader_that_fails_otherwise_raises_a_value_error_too(connect, error):
    def fail(_raw):
        raise error

    with pytest.raises(ValueError, match=f"read_order of shop raised {type(error).__name__}"):
        connect(reading(fail)).read_order(b"{}")


@pytest.mark.parametrize("value", [None, {}, "x"])
def test_a_reader_that_returns_something_else_raises_a_value_error(connect, value):
    with pytest.raises(ValueError, match=f"returned {type(value).__name__}, not Order"):
        connect(reading(lambda _raw: value)).read_order(b"{}")


def test_slices_without_a_reader_break_the_contract(connect):
    with pytest.raises(errors.ContractError, match="has no read_order"):
        connect(Bare).read_order(b"{}")
