"""The few threads in which a connection's plain (not async) hooks run."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from crossdock.spec.errors import Retryable

if TYPE_CHECKING:
    from collections.abc import Callable

Job = tuple["Future[Any]", "Callable[[], Any]"]


class NeverStarted(Retryable):
    """The call waited for a thread until its time was over, so it surely had no effect."""


class Threads:
    """At most `most` threads, started when they are needed.

    They are daemon threads, which concurrent.futures has none of: a hook that hangs must not keep the process from
    ending.
    """

    def __init__(self, name: str, most: int = 2) -> None:
        self._name, self._most = name, most
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._busy = 0
        self._closed = False

    async def run(self, function: Callable[[], Any]) -> Any:
        """Run a function in one of the threads and return what it returns.

        A thread cannot be cancelled. The first cancellation takes the function back if it has not begun (NeverStarted)
        and else goes on waiting for it; the second one gives it up.
        """
        job = self._submit(function)
        ended = asyncio.wrap_future(job)
        try:
            return await asyncio.shield(ended)
        except asyncio.CancelledError:
            if ended.done():
                raise
            if job.cancel():
                raise NeverStarted("no thread became free for it; nothing was sent") from None
            await ended
            raise
        finally:
            self._busy -= 1

    def close(self) -> None:
        """Let every thread end after what it does now."""
        self._closed = True
        for _ in self._threads:
            self._jobs.put(None)

    def _submit(self, function: Callable[[], Any]) -> Future[Any]:
        if self._closed:
            raise Retryable("the connection is closed; nothing was sent")
        job: Future[Any] = Future()
        self._busy += 1
        self._jobs.put((job, function))
        if len(self._threads) < min(self._most, self._busy):
            thread = threading.Thread(target=_work, args=(self._jobs,), name=self._name, daemon=True)
            self._threads.append(thread)
            thread.start()
        return job


def _work(jobs: SimpleQueue[Job | None]) -> None:
    while (taken := jobs.get()) is not None:
        job, function = taken
        if not job.set_running_or_notify_cancel():
            continue
        try:
            job.set_result(function())
        except StopIteration:
            job.set_exception(RuntimeError("StopIteration"))  # asyncio's futures refuse it
        except BaseException as error:  # noqa: BLE001 - even an exit that a plugin asks for is its result, not ours
            job.set_exception(error)
        del taken, job, function
