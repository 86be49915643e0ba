"""Deadlines of calls. Calls that may take equally long end in the order in which they began, so they share one timer.

A timer of its own for every call, as asyncio.timeout and aiohttp make them, costs as much as everything else that the
daemon does for a call (docs/decisions/0011).
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType


class Deadline:
    """The end of one call; `expire` is called once if it comes before `met`."""

    __slots__ = ("at", "expire")

    def __init__(self, at: float, expire: Callable[[], None]) -> None:
        self.at = at
        self.expire: Callable[[], None] | None = expire

    def met(self) -> None:
        """The call has ended in time."""
        self.expire = None


class Deadlines:
    """Deadlines that all lie `seconds` after their beginning, on the running event loop."""

    __slots__ = ("_loop", "_open", "_timer", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._open: deque[Deadline] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, expire: Callable[[], None]) -> Deadline:
        """Start the time of a call."""
        loop = asyncio.get_running_loop()
        waiting = self._open
        while waiting and waiting[0].expire is None:
            waiting.popleft()
        deadline = Deadline(loop.time() + self.seconds, expire)
        waiting.append(deadline)
        if self._timer is None or self._loop is not loop:
            self._loop = loop
            self._timer = loop.call_at(waiting[0].at, self._look)
        return deadline

    def within(self) -> Within:
        """Bound the body of a `with`: it raises TimeoutError when the time is over, like asyncio.timeout."""
        return Within(self)

    def close(self) -> None:
        """Stop looking; nothing is under way any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        assert self._loop is not None  # it was called by one
        now = self._loop.time()
        waiting = self._open
        while waiting and (waiting[0].expire is None or waiting[0].at <= now):
            expire = waiting.popleft().expire
            if expire is not None:
                expire()
        if waiting:
            self._timer = self._loop.call_at(waiting[0].at, self._look)


class Within:
    """Cancels the task in its body when the time is over, and turns that into TimeoutError."""

    __slots__ = ("_cancelling", "_deadline", "_deadlines", "_over", "_task")

    def __init__(self, deadlines: Deadlines) -> None:
        self._deadlines = deadlines
        self._over = False

    def __enter__(self) -> None:
        """Start the time."""
        task = asyncio.current_task()
        assert task is not None  # it is used in coroutines only
        self._task, self._cancelling = task, task.cancelling()
        self._deadline = self._deadlines.begin(self._expire)

    def _expire(self) -> None:
        self._over = True
        self._task.cancel()

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        """End it. Raises TimeoutError if it was over."""
        self._deadline.met()
        # Only our own cancellation becomes a timeout: somebody else may have cancelled the task as well.
        if self._over and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from None
