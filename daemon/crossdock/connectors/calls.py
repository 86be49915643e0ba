"""One guarded call of one hook: bounded in time, errors mapped, the result's type checked."""

from __future__ import annotations

import asyncio
import inspect
import logging
import traceback
from contextvars import copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from crossdock.connectors import written
from crossdock.connectors.raised import sound_error
from crossdock.connectors.threads import NeverStarted
from crossdock.spec import errors
from crossdock.spec.costs import ProductCost
from crossdock.spec.labels import Label
from crossdock.spec.listing import Listing
from crossdock.spec.orders import Page
from crossdock.spec.outbound import CheckResult, Choice, ItemResult, PushResult, RemoteOutbound
from crossdock.spec.products import Product
from crossdock.spec.storable import bytes_as_text
from crossdock.spec.webhooks import Hint

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from crossdock.connectors.deadlines import Deadlines
    from crossdock.connectors.threads import Threads

log = logging.getLogger("crossdock.plugins")

WRITES = frozenset({
    "push_outbound", "report_push", "update_outbound", "cancel_outbound", "hold_outbound", "push_label", "apply_outbound",
    "apply_inbound", "write_products", "update_cost", "apply_stock", "apply_movements",
})  # fmt: skip
"""Hooks after which nobody knows what happened if they end in an unexpected way."""


class Result(NamedTuple):
    """What a hook returns: the outer type, the type of what it holds (None: not looked at here), and the whole shape."""

    outer: type | tuple[type, ...]
    item: type | None = None
    shape: Any = None


def _list_of(item: type) -> Result:
    return Result(list, item, list[item])  # type: ignore[valid-type]  # msgspec reads it at run time


def _dict_of(item: type) -> Result:
    return Result(dict, item, dict[str, item | None])  # type: ignore[valid-type]  # as above


def _one(item: type) -> Result:
    return Result(item, None, item)


RESULTS: dict[str, Result] = {
    "check": _one(CheckResult),
    "fetch_orders": Result(Page),
    "get_orders": Result(dict),
    "find_outbound": _dict_of(RemoteOutbound),
    "push_outbound": _list_of(PushResult),
    "report_push": _list_of(ItemResult),
    "list_shops": _list_of(Choice),
    "list_logistics": _list_of(Choice),
    "list_warehouses": _list_of(Choice),
    "update_outbound": _list_of(PushResult),
    "cancel_outbound": _one(PushResult),
    "hold_outbound": _one(PushResult),
    "fetch_label": Result((Label, type(None)), None, Label | None),
    "push_label": _one(PushResult),
    "fetch_outbound": Result(Listing),
    "fetch_inbound": Result(Listing),
    "apply_outbound": _list_of(ItemResult),
    "apply_inbound": _list_of(ItemResult),
    "fetch_products": Result(Listing),
    "get_products": _dict_of(Product),
    "write_products": _list_of(ItemResult),
    "update_cost": _one(ItemResult),
    "get_costs": _dict_of(ProductCost),
    "fetch_stock": Result(Listing),
    "fetch_movements": Result(Listing),
    "apply_stock": _list_of(ItemResult),
    "apply_movements": _list_of(ItemResult),
    "parse_webhook": _list_of(Hint),
}
_encode = msgspec.json.Encoder().encode
_DECODE = {
    name: msgspec.json.Decoder(result.shape).decode for name, result in RESULTS.items() if result.shape is not None
}
"""A record's fields are not checked when Python code builds it; through JSON and back they are, in a microsecond."""


MOST_ENTRIES = 10_000
"""Of a list or dict that is no page: more than anything was ever asked for, or than people could choose from."""


class Overtime(Exception):
    """A call took longer than it may. Not TimeoutError: a plugin may raise that itself."""


class Escaped(Exception):
    """A call ended with something that is no Exception; its name is the message."""


class GivenUp(Exception):
    """A call did not end when it was cancelled. Not PluginStuck: a plugin may raise that itself."""


class Hook:
    """A hook as one connector implements it: the function and the arguments it takes."""

    __slots__ = ("arguments", "function", "name", "plain", "write")

    def __init__(self, name: str, function: Callable[..., Any], arguments: tuple[str, ...]) -> None:
        self.name, self.function, self.arguments = name, function, arguments
        self.plain = not inspect.iscoroutinefunction(function)
        self.write = name in WRITES


async def call(hook: Hook, connection: str, threads: Threads, deadlines: Deadlines, grace_s: float, given: Any) -> Any:
    """Call a hook and return its checked result. Raises ConnectorError only."""
    arguments = {name: given[name] for name in hook.arguments}
    what = f"{hook.name} of {connection}"
    sent = written.Written(hook.name) if hook.write else None
    work = threads.run(partial(hook.function, **arguments)) if hook.plain else hook.function(**arguments)
    try:
        result = await bounded(work, deadlines, grace_s, what, sent)
    except Overtime:
        raise _late(hook, what, deadlines.seconds) from None
    except GivenUp as error:
        raise errors.PluginStuck(str(error)) from None
    except NeverStarted:
        raise
    except errors.ConnectorError as error:
        sound = sound_error(error, what, write=hook.write)
        raise sound if sent is None else sent.judged(sound, what, several=_several(given)) from None
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything
        raise unexpected(hook, what, error) from None
    if hook.plain and inspect.isawaitable(result):
        raise _unawaited(hook, what, result)
    return checked(hook, what, result)


async def bounded(
    work: Awaitable[Any], deadlines: Deadlines, grace_s: float, what: str, sent: written.Written | None = None
) -> Any:
    """Await until the deadline, then cancel; who ignores that for `grace_s` is stuck. Raises Overtime, GivenUp.

    Who waits here waits for a future of its own, never for the task: a task that swallows its cancellation would hold
    up everyone who awaits it. `sent` is where its HTTP notes what it wrote.
    """
    loop = asyncio.get_running_loop()
    errand = Errand(loop, grace_s, what)
    context = copy_context()
    context.run(written.current.set, sent)
    task = errand.task = loop.create_task(errand.run(work), context=context)
    deadline = deadlines.begin(errand.expire)
    try:
        return await errand.ended
    except asyncio.CancelledError:
        task.cancel()
        raise
    finally:
        deadline.met()


class Errand:
    """One call in a task of its own: how it ended, or that it was cancelled, and then given up."""

    __slots__ = ("_expired", "_grace_s", "_loop", "ended", "task", "what")

    def __init__(self, loop: asyncio.AbstractEventLoop, grace_s: float, what: str) -> None:
        self._loop, self._grace_s, self.what = loop, grace_s, what
        self._expired = False
        self.ended: asyncio.Future[Any] = loop.create_future()
        self.task: asyncio.Task[None] | None = None

    async def run(self, work: Awaitable[Any]) -> None:
        """Await; what would end more than this call (SystemExit, above all) becomes an ordinary exception."""
        try:
            result = await work
        except Exception as error:  # noqa: BLE001 - whoever waits gets it
            self._fail(error)
        except BaseException as error:  # CancelledError too: passed on, it would end whoever called
            if self._loop.is_closed():  # nobody waits any more, and nobody can be told
                raise
            escaped = Escaped(type(error).__name__)
            escaped.__cause__ = error
            self._fail(escaped)
        else:
            if self._expired:
                self._fail(Overtime())
            elif not self.ended.done():
                self.ended.set_result(result)

    def _fail(self, error: Exception) -> None:
        """It has ended with an error; if nobody waits any more, that is only noted."""
        if self.ended.done():
            if not isinstance(error.__cause__, asyncio.CancelledError):
                log.warning("%s ended with %s after it had been given up", self.what, type(error).__name__)
        elif self._expired and not isinstance(error, NeverStarted):
            self.ended.set_exception(Overtime())
        else:
            self.ended.set_exception(error)

    def expire(self) -> None:
        """The time is over, unless the call has ended in this very moment."""
        if self.ended.done() or self.task is None:
            return
        self._expired = True
        self.task.cancel()
        self._loop.call_later(self._grace_s, self._give_up)

    def _give_up(self) -> None:
        if not self.ended.done():
            text = f"{self.what} did not stop when it was cancelled; its connection is taken out of use"
            self.ended.set_exception(GivenUp(text))


def _several(given: dict[str, Any]) -> bool:
    """Tell whether a call is about more than one thing."""
    return any(isinstance(value, list) and len(value) > 1 for value in given.values())


def _late(hook: Hook, what: str, timeout_s: float) -> errors.ConnectorError:
    text = f"{what} did not end within {timeout_s:g} s"
    return errors.UnknownOutcome(text) if hook.write else errors.PluginTimeout(text)


def unexpected(hook: Hook, what: str, error: Exception) -> errors.ConnectorError:
    """Map an exception that the contract does not know; the traceback goes to the log, masked there."""
    name = str(error) if isinstance(error, Escaped) else type(error).__name__
    log.error("%s raised %s\n%s", what, name, "".join(traceback.format_exception(error)[-8:]))
    text = f"{what} raised {name}, which its connector should not let out"
    return errors.UnknownOutcome(text) if hook.write else errors.BadResponse(text)


def checked(hook: Hook, what: str, returned: object) -> Any:
    """Return the result if it has the type that the contract names, in every field; pages and orders: see answered."""
    expected = RESULTS.get(hook.name)
    if expected is None:
        return returned
    outer = expected.outer if isinstance(expected.outer, tuple) else (expected.outer,)
    if not isinstance(returned, outer):
        raise _broken(hook, f"{what} returned {type(returned).__name__}, not {outer[0].__name__}")
    decode = _DECODE.get(hook.name)
    if decode is None:
        return returned
    if isinstance(returned, list | dict) and len(returned) > MOST_ENTRIES:
        raise _broken(hook, f"{what} returned {len(returned)} entries, more than {MOST_ENTRIES}; none was looked at")
    item = expected.item
    if item is not None and not all(entry is None or isinstance(entry, item) for entry in _entries(returned)):
        raise _broken(hook, f"{what} returned a {outer[0].__name__} that holds something else than {item.__name__}")
    try:
        raw = _encode(returned)
        _refuse_bytes(returned)
        return decode(raw)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise _broken(hook, f"{what} returned values of wrong types: {error}") from None


def _refuse_bytes(returned: object) -> None:
    for entry in _entries(returned) if isinstance(returned, list | dict) else (returned,):
        if (path := bytes_as_text(entry)) is not None:
            raise TypeError(f"{path} is bytes, not text")


def _entries(result: Any) -> Iterable[object]:
    return result.values() if isinstance(result, dict) else result


def _unawaited(hook: Hook, what: str, result: Any) -> errors.ConnectorError:
    if inspect.iscoroutine(result):
        result.close()
    return _broken(hook, f"{what} returned something to be awaited; declare the hook with async def")


def _broken(hook: Hook, text: str) -> errors.ConnectorError:
    return errors.UnknownOutcome(text) if hook.write else errors.ContractError(text)
