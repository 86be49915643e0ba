"""One guarded call of one hook: bounded in time, errors mapped, the result's type checked."""

from __future__ import annotations

import asyncio
import inspect
import logging
import traceback
from typing import TYPE_CHECKING, Any

from crossdock.spec import errors
from crossdock.spec.orders import Page
from crossdock.spec.outbound import CheckResult, Choice, ItemResult, PushResult, RemoteOutbound

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import ThreadPoolExecutor

log = logging.getLogger("crossdock.plugins")

WRITES = frozenset({"push_outbound", "report_push"})
"""Hooks after which nobody knows what happened if they end in an unexpected way."""

RESULTS: dict[str, type] = {
    "check": CheckResult,
    "fetch_orders": Page,
    "get_orders": dict,
    "find_outbound": dict,
    "push_outbound": list,
    "report_push": list,
    "list_shops": list,
    "list_logistics": list,
    "list_warehouses": list,
}
ITEMS: dict[str, type] = {
    "push_outbound": PushResult,
    "report_push": ItemResult,
    "list_shops": Choice,
    "list_logistics": Choice,
    "list_warehouses": Choice,
}


class Hook:
    """A hook as one connector implements it: the function and the arguments it takes."""

    __slots__ = ("arguments", "function", "name", "plain", "write")

    def __init__(self, name: str, function: Callable[..., Any], arguments: tuple[str, ...]) -> None:
        self.name, self.function, self.arguments = name, function, arguments
        self.plain = not inspect.iscoroutinefunction(function)
        self.write = name in WRITES


async def call(
    hook: Hook, connection: str, pool: ThreadPoolExecutor, timeout_s: float, grace_s: float, given: Any
) -> Any:
    """Call a hook and return its checked result. Raises ConnectorError only."""
    arguments = {name: given[name] for name in hook.arguments}
    what = f"{hook.name} of {connection}"
    if hook.plain:
        work: Any = asyncio.get_running_loop().run_in_executor(pool, lambda: hook.function(**arguments))
    else:
        work = hook.function(**arguments)
    try:
        result = await bounded(work, timeout_s, grace_s, what)
    except TimeoutError:
        raise _late(hook, what, timeout_s) from None
    except errors.ConnectorError:
        raise
    except Exception as error:  # noqa: BLE001 - a plugin may raise anything
        raise unexpected(hook, what, error) from None
    return checked(hook, what, result)


async def bounded(work: Any, timeout_s: float, grace_s: float, what: str) -> Any:
    """Await for at most `timeout_s`, then cancel; who ignores that for `grace_s` is stuck. Raises TimeoutError, PluginStuck.

    Who waits here waits for a future of its own, never for the task: a task that swallows its cancellation would hold
    up everyone who awaits it.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work)
    ended: asyncio.Future[None] = loop.create_future()
    guard = Guarded(loop, task, ended, grace_s, what)
    task.add_done_callback(guard.end)
    timer = loop.call_later(timeout_s, guard.expire)
    try:
        await ended
    except asyncio.CancelledError:
        task.cancel()
        raise
    finally:
        timer.cancel()
        guard.stop()
    if guard.expired:
        if not task.cancelled():
            task.exception()
        raise TimeoutError
    return task.result()


class Guarded:
    """The timers of one call: first its task is cancelled, then it is given up."""

    __slots__ = ("_ended", "_grace_s", "_loop", "_task", "_timer", "_what", "expired")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        task: asyncio.Future[Any],
        ended: asyncio.Future[None],
        grace_s: float,
        what: str,
    ) -> None:
        self._loop, self._task, self._ended = loop, task, ended
        self._grace_s, self._what = grace_s, what
        self._timer: asyncio.TimerHandle | None = None
        self.expired = False

    def end(self, _task: asyncio.Future[Any]) -> None:
        """The task has ended."""
        if not self._ended.done():
            self._ended.set_result(None)

    def expire(self) -> None:
        """The time is over."""
        self.expired = True
        self._task.cancel()
        self._timer = self._loop.call_later(self._grace_s, self._give_up)

    def _give_up(self) -> None:
        if not self._ended.done():
            text = f"{self._what} did not stop when it was cancelled; its connection is taken out of use"
            self._ended.set_exception(errors.PluginStuck(text))

    def stop(self) -> None:
        """Nothing is waited for any more."""
        if self._timer is not None:
            self._timer.cancel()


def _late(hook: Hook, what: str, timeout_s: float) -> errors.ConnectorError:
    text = f"{what} did not end within {timeout_s:g} s"
    return errors.UnknownOutcome(text) if hook.write else errors.PluginTimeout(text)


def unexpected(hook: Hook, what: str, error: Exception) -> errors.ConnectorError:
    """Map an exception that the contract does not know; the traceback goes to the log, masked there."""
    log.error("%s raised %s\n%s", what, type(error).__name__, "".join(traceback.format_exception(error)[-8:]))
    text = f"{what} raised {type(error).__name__}, which its connector should not let out"
    return errors.UnknownOutcome(text) if hook.write else errors.BadResponse(text)


def checked(hook: Hook, what: str, returned: object) -> Any:
    """Return the result if it has the type that the contract names."""
    expected = RESULTS.get(hook.name)
    if expected is not None and not isinstance(returned, expected):
        raise _broken(hook, f"{what} returned {type(returned).__name__}, not {expected.__name__}")
    result: Any = returned
    item = ITEMS.get(hook.name)
    if item is not None and not all(isinstance(entry, item) for entry in result):
        raise _broken(hook, f"{what} returned a list that holds something else than {item.__name__}")
    if hook.name == "find_outbound":
        _check_found(hook, what, result)
    return result


def _check_found(hook: Hook, what: str, found: Any) -> None:
    if not all(value is None or isinstance(value, RemoteOutbound) for value in found.values()):
        raise _broken(hook, f"{what} returned something else than RemoteOutbound")


def _broken(hook: Hook, text: str) -> errors.ConnectorError:
    return errors.UnknownOutcome(text) if hook.write else errors.ContractError(text)
