"""What hints lead to: a fetch of what they name, soon, and never more than one in a while."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from crossdock.rules.hints import Hints
from crossdock.spec.webhooks import Subject
from crossdock.store import tasks
from crossdock.store.store import StoreError
from crossdock.store.tasks import TaskKind
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.engine.engine import Engine
    from crossdock.rules.hints import Due
    from crossdock.spec.webhooks import Hint

log = logging.getLogger("crossdock.engine")

KINDS = {
    Subject.OUTBOUND: TaskKind.FETCH_OUTBOUND,
    Subject.INBOUND: TaskKind.FETCH_INBOUND,
    Subject.PRODUCT: TaskKind.FETCH_PRODUCTS,
    Subject.STOCK: TaskKind.FETCH_STOCK,
}
"""By what a hint is about: the kind of the streams that are fetched."""


class HintKeeper:
    """Coalesces hints and wakes lanes. Nothing of it is stored: what is lost with the process is found by polling."""

    def __init__(self, engine: Engine, gap_s: float) -> None:
        self._engine, self._hints = engine, Hints(gap_s)
        self._woken = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to serve."""
        self._serving = asyncio.create_task(self._serve(), name="hints")

    async def stop(self) -> None:
        """Stop; what is not fetched yet is found by polling."""
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.gather(self._serving, return_exceptions=True)

    def add(self, connection: str, hints: Sequence[Hint]) -> None:
        """Take hints of a connection."""
        self._engine.hints_at[connection] = self._engine.env.now()
        self._hints.add(connection, hints)
        self._woken.set()

    async def _serve(self) -> None:
        env = self._engine.env
        while True:
            at = self._hints.next_at()
            try:
                async with asyncio.timeout(None if at is None else max(0.0, at - env.monotonic())):
                    await self._woken.wait()
            except TimeoutError:
                pass
            self._woken.clear()
            for due in self._hints.due(env.monotonic()):
                try:
                    await self.fire(due)
                except StoreError as error:
                    log.error(
                        "a hint about %s of %s led to no fetch; polling finds it: %s",
                        due.subject,
                        due.connection,
                        error,
                    )
                except Exception:
                    log.exception(
                        "a hint about %s of %s led to no fetch; polling finds it", due.subject, due.connection
                    )

    async def fire(self, due: Due) -> None:
        """Fetch what hints name: orders by name as a task, everything else by the lanes that list it."""
        engine, name = self._engine, due.connection
        if due.subject is not Subject.ORDER:
            for lane, stream in list(engine.streams.items()):
                if stream.connection == name and stream.kind is KINDS[due.subject]:
                    stream.hint()
                    engine.wake(lane)
            return
        pull = engine.pulls.get(name)
        if pull is None:
            return
        if due.refs and "get_orders" in engine.links[name].hooks:
            now = to_ms(engine.env.now())
            await engine.store.write(
                tasks.create, TaskKind.SYNC_ORDER, name, now, origin="webhook", scope="\n".join(due.refs)
            )
        else:
            pull.hint()
        engine.wake(f"pull:{name}")
