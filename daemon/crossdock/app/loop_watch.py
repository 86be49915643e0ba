"""A thread that sees when the event loop stands still, and says whose code it stands in while it does (P15)."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import traceback
from typing import TYPE_CHECKING

from crossdock.connectors.blame import running
from crossdock.ops.health import LoopBlock

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossdock.env import Env

log = logging.getLogger("crossdock.loop")

BLOCKED_S = 1.0
"""A loop that does not turn for longer than this is blocked."""
PERIOD_S = 0.25
"""The thread looks so often."""
_DEEPEST = 30


class LoopWatch:
    """Asks the loop for a sign of life again and again. `told` hears, in the loop, of every block that is over.

    The block is logged while it lasts, from the thread: a loop that never comes back must have been named before the
    process is ended.
    """

    def __init__(self, env: Env, told: Callable[[LoopBlock], None]) -> None:
        self._env, self._told = env, told
        self._loop = asyncio.get_running_loop()
        self._watched = threading.get_ident()
        self._asked: float | None = None
        self._blamed: tuple[str, str] | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="loop-watch", daemon=True)

    def start(self) -> None:
        """Begin to watch the loop in which this was made."""
        self._thread.start()

    def stop(self) -> None:
        """Watch no more."""
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(PERIOD_S):
            try:
                self.look()
            except RuntimeError:
                return  # the loop is closed

    def look(self) -> None:
        """Ask for a sign, or, where none has come for too long, say once what the loop is doing instead."""
        asked = self._asked
        if asked is None:
            self._asked = self._env.monotonic()
            self._loop.call_soon_threadsafe(self._sign)
        elif self._blamed is None and self._env.monotonic() - asked > BLOCKED_S:
            frame = sys._current_frames().get(self._watched)  # noqa: SLF001 - there is no other way to see another thread's stack
            if self._asked == asked:  # else the loop went on meanwhile, and this is not what held it up
                self._blamed = running(frame) or ("", "")
                _say(self._blamed, "".join(traceback.format_stack(frame, _DEEPEST)))

    def _sign(self) -> None:
        """The loop turns. Code that kept every other thread from running, too, is only seen now, and stays unnamed."""
        asked, blamed = self._asked, self._blamed
        self._asked = self._blamed = None
        late = 0.0 if asked is None else self._env.monotonic() - asked
        if late > BLOCKED_S:
            connection, hook = blamed or ("", "")
            block = LoopBlock(connection=connection, hook=hook, seconds=late, at=self._env.now())
            log.warning("the event loop goes on: %s", block, extra={"connection": connection or None})
            self._told(block)


def _say(blamed: tuple[str, str], stack: str) -> None:
    connection, hook = blamed
    who = f"{hook} of connection {connection}" if connection else "the daemon itself"
    text = f"{who} blocks the event loop; everything waits for it. It stands here:"
    extra = {"connection": connection or None}
    log.handle(log.makeRecord(log.name, logging.ERROR, __file__, 0, text, (), None, extra=extra, sinfo=stack.rstrip()))
