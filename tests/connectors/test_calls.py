"""One call of a hook: whatever a plugin does, the caller gets a checked result or a ConnectorError, in time."""

from __future__ import annotations

import asyncio
import sys
import threading
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from crossdock.spec import errors
from crossdock.spec.hooks import hookimpl
from crossdock.spec.orders import Order, OrderLine, OrderSlice, OrderStatus, Page, Unreadable, Window
from crossdock.spec.outbound import CheckResult, Choice, ItemResult, OutboundRequest, PushReport, PushResult, PushStatus
from crossdock.spec.outbound import RemoteOutbound as Remote

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LINE = OrderLine(line_no=1, sku="A", quantity="2")
ORDER = Order(ref="O-1", status=OrderStatus.PAID, created_at=NOON, updated_at=NOON, lines=())
REQUEST = OutboundRequest(key="K-1", order_ref="O-1", revision=1, warehouse="W", lines=(), ordered_at=NOON)
REPORT = PushReport(order_ref="O-1", status="pushed", revision=1, warehouse="W")
ACCEPTED = PushResult(key="K-1", status=PushStatus.ACCEPTED, remote_id="R-1")


def doing(**hooks):
    """Make a connector class whose hooks are these functions (of no arguments)."""
    return type("Connector", (), {name: hookimpl(function) for name, function in hooks.items()})


def returning(value):
    async def hook(self):
        return value

    return hook


def raising(error):
    async def hook(self):
        raise error

    return hook


def plainly(function):
    def hook(self):
        return function()

    return hook


READS = {
    "check": lambda link: link.check(),
    "fetch_orders": lambda link: link.fetch_orders(Window(), None, 10),
    "get_orders": lambda link: link.get_orders(["O-1"]),
    "find_outbound": lambda link: link.find_outbound(["K-1"]),
    "list_shops": lambda link: link.list_shops(),
    "list_logistics": lambda link: link.list_logistics(),
    "list_warehouses": lambda link: link.list_warehouses(),
}
WRITES = {
    "push_outbound": lambda link: link.push_outbound([REQUEST]),
    "report_push": lambda link: link.report_push([REPORT]),
}
CALLS = READS | WRITES
GOOD = {
    "check": CheckResult(ok=True),
    "fetch_orders": Page(slices=(OrderSlice("O-1", b"{}"),), orders=(ORDER,), watermark=NOON, next_cursor="c"),
    "get_orders": {"O-1": ORDER},
    "find_outbound": {"K-1": Remote(key="K-1", remote_id="R-1")},
    "list_shops": [Choice(code="a", name="A")],
    "list_logistics": [],
    "list_warehouses": [],
    "push_outbound": [ACCEPTED],
    "report_push": [ItemResult(ref="O-1", ok=True)],
}


async def failure(link, hook) -> errors.ConnectorError:
    with pytest.raises(errors.ConnectorError) as caught:
        await CALLS[hook](link)
    return caught.value


@pytest.mark.parametrize("plain", [False, True], ids=["async", "plain"])
@pytest.mark.parametrize("hook", CALLS)
async def test_a_good_result_comes_back_as_it_is(connect, hook, plain):
    function = plainly(lambda: GOOD[hook]) if plain else returning(GOOD[hook])
    assert await CALLS[hook](connect(doing(**{hook: function}))) == GOOD[hook]


@pytest.mark.behaviour("P4", "P15")
@pytest.mark.parametrize("plain", [False, True], ids=["async", "plain"])
@pytest.mark.parametrize(
    "error",
    [KeyError("x"), ValueError("canary"), TimeoutError(), OSError(5, "x"), RecursionError(), StopIteration(), SystemExit(3),
     asyncio.CancelledError(), BaseExceptionGroup("x", [SystemExit()]), UnicodeDecodeError("utf-8", b"", 0, 1, "x")],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
@pytest.mark.parametrize("hook", ["check", "fetch_orders", "push_outbound", "report_push"])
async def test_an_exception_the_contract_does_not_know_is_bad_for_a_read_and_unknown_for_a_write(
    connect, hook, error, plain, caplog
):
    def fail():
        raise error

    found = await failure(connect(doing(**{hook: plainly(fail) if plain else raising(error)})), hook)
    assert type(found) is (errors.UnknownOutcome if hook in WRITES else errors.BadResponse)
    assert f"{hook} of shop raised" in found.message
    assert "canary" not in found.message
    assert found.__cause__ is None
    assert [record.levelname for record in caplog.records] == ["ERROR"]


@pytest.mark.behaviour("P15")
@pytest.mark.parametrize("hook", CALLS)
async def test_an_error_of_the_contract_comes_through_as_it_is(connect, hook):
    for number, kind in enumerate((errors.RateLimited, errors.AuthFailed, errors.Rejected, errors.UnknownOutcome)):
        error = kind("x")
        assert await failure(connect(doing(**{hook: raising(error)}), name=f"shop{number}"), hook) is error


WRONG = {
    "check": [None, True, {"ok": True}, CheckResult(ok="yes"), CheckResult(ok=True, warnings=[object()])],
    "fetch_orders": [None, [], {}, (), Page(slices=None), Page(slices=(1,)), Page(orders=("x",)), Page(next_cursor=5),
                     Page(next_cursor=""), Page(watermark="now"), Page(watermark=datetime(2026, 1, 1)), Page(unreadable=(None,)),  # noqa: DTZ001
                     Page(slices=(OrderSlice("", b"{}"),)), Page(slices=(OrderSlice("x" * 201, b"{}"),)),
                     Page(slices=(OrderSlice("x", "{}"),)), Page(slices=(OrderSlice(5, b"{}"),))],
    "get_orders": [None, [], [ORDER], {}, {"O-2": ORDER}, {"O-1": "x"}, {"O-1": Order(ref="O-2", status=OrderStatus.PAID,
                   created_at=NOON, updated_at=NOON, lines=())}, {"O-1": Unreadable("O-2", b"{}", "no")},
                   {"O-1": Unreadable("O-1", "{}", "no")}],
    "find_outbound": [None, [], {}, {"K-2": None}, {"K-1": "R-1"}, {"K-1": Remote(key="K-2", remote_id="R-1")},
                      {"K-1": Remote(key="K-1", remote_id=5)}, {"K-1": Remote(key="K-1", remote_id=None)}],
    "list_shops": [None, {}, [None], ["a"], [Choice(code=1, name="A")], (Choice(code="a", name="A"),)],
    "push_outbound": [None, {}, True, ["K-1"], [None], [("K-1", "accepted")], [PushResult(key=[], status=PushStatus.ACCEPTED)],
                      [PushResult(key="K-1", status="great")], [PushResult(key="K-1", status=PushStatus.ACCEPTED, remote_id=5)],
                      [PushResult(key="K-1", status=PushStatus.REJECTED, message="\ud800")]],
    "report_push": [None, {}, ["O-1"], [True], [ItemResult(ref=5, ok=True)], [ItemResult(ref="O-1", ok="no")]],
}  # fmt: skip


@pytest.mark.behaviour("P15")
@pytest.mark.parametrize(("hook", "number"), [(hook, n) for hook, values in WRONG.items() for n in range(len(values))])
async def test_a_result_of_a_wrong_type_is_never_taken_for_an_answer(connect, hook, number):
    error = await failure(connect(doing(**{hook: returning(WRONG[hook][number])})), hook)
    assert type(error) is (errors.UnknownOutcome if hook in WRITES else errors.ContractError)
    assert f"{hook} of shop" in error.message


@pytest.mark.behaviour("P7")
async def test_orders_that_cannot_be_read_are_told_apart_from_those_that_can(connect):
    odd = Order(ref="O-2", status="odd", created_at=NOON, updated_at=NOON, lines=())
    unreadable = Unreadable("O-3", b"{", "it is no JSON")
    found = {"O-1": ORDER, "O-2": odd, "O-3": unreadable, "O-4": None}
    answer = await connect(doing(get_orders=returning(found))).get_orders(list(found))
    assert (answer["O-1"], answer["O-3"], answer["O-4"]) == (ORDER, unreadable, None)
    assert (answer["O-2"].ref, b"odd" in answer["O-2"].raw) == ("O-2", True)
    assert "wrong types" in answer["O-2"].reason


@pytest.mark.behaviour("P7", "P15")
@pytest.mark.parametrize("hook", ["fetch_orders", "get_orders"])
async def test_plain_values_are_taken_as_what_they_say_and_never_handed_on_as_they_are(connect, hook):
    """A status that is a str, or a quantity that is an int, once stopped a lane for good while all was shown well."""
    plain = Order(ref="O-1", status="paid", created_at=NOON.isoformat(), updated_at=NOON, lines=[LINE], holds=["paper"])
    meant = Order(
        ref="O-1", status=OrderStatus.PAID, created_at=NOON, updated_at=NOON, holds=("paper",),
        lines=(OrderLine(line_no=1, sku="A", quantity=Decimal(2)),),
    )  # fmt: skip
    result = Page(orders=(plain,)) if hook == "fetch_orders" else {"O-1": plain}
    link = connect(doing(**{hook: returning(result)}))
    if hook == "fetch_orders":
        (found,) = (await link.fetch_orders(Window(), None, 10)).orders
    else:
        found = (await link.get_orders(["O-1"]))["O-1"]
    assert found == meant
    assert (type(found.status), type(found.lines), type(found.lines[0].quantity)) == (OrderStatus, tuple, Decimal)


@pytest.mark.behaviour("P1", "P7")
@pytest.mark.parametrize(
    "change",
    [{"status": "odd"}, {"created_at": "today"}, {"lines": (1,)}, {"lines": (OrderLine(line_no="1", sku="A", quantity="2"),)},
     {"currency": "baht"}, {"total": object()}, {"extra": {"x": {1, 2, object()}}}, {"number": "\ud800"}],
    ids=["status", "created_at", "lines", "a line", "currency", "total", "extra", "number"],
)  # fmt: skip
async def test_an_order_with_values_of_wrong_types_is_set_aside_and_spoils_no_other(connect, change):
    fields = {"ref": "O-2", "status": OrderStatus.PAID, "created_at": NOON, "updated_at": NOON, "lines": ()}
    before = Unreadable("O-0", b"x", "said so itself")
    page = Page(orders=(ORDER, Order(**{**fields, **change})), unreadable=(before,), next_cursor="c")
    found = await connect(doing(fetch_orders=returning(page))).fetch_orders(Window(), None, 10)
    assert (found.orders, found.next_cursor) == ((ORDER,), "c")
    assert [(record.ref, type(record.raw)) for record in found.unreadable] == [("O-0", bytes), ("O-2", bytes)]
    assert "wrong types" in found.unreadable[1].reason


@pytest.mark.parametrize("ref", [5, "", "x" * 201, "\ud800", None])
async def test_an_order_without_a_proper_ref_is_set_aside_under_a_name_of_its_content(connect, ref):
    order = Order(ref=ref, status=OrderStatus.PAID, created_at=NOON, updated_at=NOON, lines=())
    link = connect(doing(fetch_orders=returning(Page(orders=(order,)))))
    first, second = [(await link.fetch_orders(Window(), None, 10)).unreadable[0] for _ in range(2)]
    assert first.ref.startswith("unreadable-")
    assert first.ref == second.ref


class Clock:
    """Events of a plain hook that hangs until the test lets it go."""

    def __init__(self):
        self.entered, self.release = threading.Semaphore(0), threading.Event()
        self.running = self.most = 0

    def hang(self):
        self.running += 1
        self.most = max(self.most, self.running)
        self.entered.release()
        self.release.wait(30)
        self.running -= 1
        return []


@pytest.fixture
def clock():
    made = Clock()
    yield made
    made.release.set()


SHORT = {"push_s": 0.05, "fetch_s": 0.05, "check_s": 0.05, "cancel_grace_s": 0.05}


def forever():
    async def hook(self):
        await asyncio.Event().wait()

    return hook


def deaf(cancels):
    async def hook(self):
        while cancels.pop():
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                continue
        return GOOD["push_outbound"]

    return hook


@pytest.mark.behaviour("P15")
@pytest.mark.parametrize("hook", CALLS)
async def test_a_hook_that_hangs_is_cancelled_in_time(connect, hook):
    link = connect(doing(**{hook: forever()}), timeouts=SHORT)
    error = await failure(link, hook)
    assert type(error) is (errors.UnknownOutcome if hook in WRITES else errors.PluginTimeout)
    assert not link.stuck
    assert "did not end within 0.05 s" in error.message


@pytest.mark.behaviour("P15")
async def test_a_hook_that_swallows_its_cancellation_takes_its_connection_out_of_use(connect):
    cancels = [True, True, True]
    link = connect(doing(check=deaf(cancels), list_shops=returning([])), timeouts=SHORT)
    assert type(await failure(link, "check")) is errors.PluginStuck
    assert link.stuck
    assert type(await failure(link, "list_shops")) is errors.PluginStuck
    await link.close()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        for _ in cancels:
            task.cancel()
            await asyncio.sleep(0)


@pytest.mark.behaviour("P4", "P15")
@pytest.mark.parametrize("hook", ["push_outbound", "fetch_orders"])
async def test_what_a_hook_returns_after_its_cancellation_is_no_answer(connect, hook):
    """A page that was cut short must not look like the last one."""
    late = {"push_outbound": [ACCEPTED], "fetch_orders": Page()}[hook]

    async def stubborn(self):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return late

    error = await failure(connect(doing(**{hook: stubborn}), timeouts=SHORT), hook)
    assert type(error) is (errors.UnknownOutcome if hook in WRITES else errors.PluginTimeout)


@pytest.mark.behaviour("P15")
async def test_the_threads_of_plain_hooks_stay_two_when_they_hang(connect, clock):
    hooks = doing(push_outbound=plainly(clock.hang), list_shops=plainly(list))
    link = connect(hooks, name="hanging", timeouts={**SHORT, "push_s": 0.5})
    found = await asyncio.gather(*(link.push_outbound([REQUEST]) for _ in range(6)), return_exceptions=True)
    assert sorted(type(error).__name__ for error in found) == ["NeverStarted"] * 4 + ["PluginStuck"] * 2
    assert all("nothing was sent" in str(error) for error in found if isinstance(error, errors.Retryable))
    assert link.stuck
    threads = [thread for thread in threading.enumerate() if thread.name == "plugin-hanging"]
    assert (clock.most, len(threads)) == (2, 2)
    assert all(thread.daemon for thread in threads)
    assert type(await failure(link, "list_shops")) is errors.PluginStuck


@pytest.mark.behaviour("P15")
async def test_a_plain_hook_that_ends_within_the_grace_is_late_and_not_stuck(connect, clock):
    link = connect(doing(push_outbound=plainly(clock.hang)), timeouts={"push_s": 0.5, "cancel_grace_s": 30})
    asyncio.get_running_loop().call_later(0.7, clock.release.set)
    assert type(await failure(link, "push_outbound")) is errors.UnknownOutcome
    assert not link.stuck


async def test_a_plain_hook_lets_the_loop_run_and_two_run_at_a_time(connect, clock):
    link = connect(doing(push_outbound=plainly(clock.hang)))
    calls = [asyncio.create_task(link.push_outbound([REQUEST])) for _ in range(3)]
    while clock.running < 2:
        await asyncio.sleep(0.001)
    clock.release.set()
    await asyncio.gather(*calls)
    assert clock.most == 2


async def test_the_threads_end_when_the_connection_is_closed(connect):
    link = connect(doing(list_shops=plainly(list)), name="closing")
    await link.list_shops()
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "plugin-closing"]
    await link.close()
    await asyncio.to_thread(thread.join, 10)
    assert not thread.is_alive()


@pytest.mark.behaviour("P15")
@pytest.mark.parametrize("hook", ["list_shops", "push_outbound", "refresh_auth", "open"])
async def test_a_plain_hook_that_returns_a_coroutine_is_told_to_be_async(connect, hook):
    async def inner():
        return []

    link = connect(doing(**{hook: plainly(inner), "check": returning(CheckResult(ok=True))}))
    call = {"refresh_auth": link.refresh_auth, "open": link.check}.get(hook) or (lambda: CALLS[hook](link))
    with pytest.raises((errors.ContractError, errors.UnknownOutcome), match="async def"):
        await call()


@pytest.mark.behaviour("P15")
async def test_a_caller_who_is_cancelled_is_cancelled_at_once_and_so_is_the_hook(connect):
    ended = asyncio.Event()

    async def waiting(self):
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    call = asyncio.create_task(connect(doing(check=waiting)).check())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await asyncio.wait_for(ended.wait(), 10)


async def test_what_a_given_up_hook_raises_later_is_noted_and_nothing_more(connect, caplog):
    release = asyncio.Event()

    async def stubborn(self):
        try:
            await release.wait()
        except asyncio.CancelledError:
            await release.wait()
        raise ValueError("canary")

    link = connect(doing(check=stubborn), timeouts=SHORT)
    assert type(await failure(link, "check")) is errors.PluginStuck
    release.set()
    while not caplog.records:
        await asyncio.sleep(0.001)
    assert [record.getMessage() for record in caplog.records] == [
        "check of shop ended with ValueError after it had been given up"
    ]


def test_a_process_ends_although_a_plain_hook_hangs():
    program = """
import asyncio, threading
from crossdock.connectors.threads import Threads
async def main():
    task = asyncio.ensure_future(Threads("t").run(threading.Event().wait))
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.wait((task,), timeout=0.05)
asyncio.run(main())
print("ended")
"""
    import subprocess

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("ended\n", "")
