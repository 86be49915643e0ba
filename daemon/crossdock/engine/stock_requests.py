"""What people may ask of the engine about stock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.engine.requests import Asked, Refused
from crossdock.engine.stock_lanes import able
from crossdock.flows.sync_stock import send_unconfirmed
from crossdock.store import audit, stock, tasks, throttles
from crossdock.store.book import ChangedMeanwhile
from crossdock.store.tasks import TaskKind
from crossdock.store.times import from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.engine.engine import Engine
    from crossdock.rules.book import Warehouse
    from crossdock.store.audit import By
    from crossdock.store.stock import Switch
    from crossdock.store.store import Transaction

STREAMS = ("stock", "movements")


class StockRequests:
    """The engine's door for stock."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def fetch(self, connection: str, actor: str) -> Asked:
        """Fetch the stock of a WMS now (a task, under the five-minute limit). Raises Refused."""
        lanes = [f"{stream}:{connection}" for stream in STREAMS if f"{stream}:{connection}" in self._engine.streams]
        if not lanes:
            known = sorted({name.split(":", 1)[1] for name in self._engine.streams if name.split(":", 1)[0] in STREAMS})
            raise Refused(f"no connection '{connection}' tells its stock (those that do: {', '.join(known) or 'none'})")
        if not await self._engine.streams[lanes[0]].wanted():
            raise Refused(
                f"no warehouse of {connection} sends its stock; switch one on first: crossdock stock switch CODE on"
            )
        interval = int(self._engine.config.engine.min_interval_s * 1000)
        asked = await self._engine.store.write(_queue, connection, actor, interval, to_ms(self._engine.env.now()))
        self._engine.wake(lanes[0])
        return asked

    async def switch(self, code: str, *, on: bool, oms: str, revision: int | None, by: By) -> Switch:
        """Switch whether a warehouse's stock goes to an OMS (empty: the only one that takes stock).

        What is known and was not confirmed by that OMS is sent at once. Raises Refused, ChangedMeanwhile.
        """
        engine = self._engine
        targets = sorted({*able(engine.links, "apply_stock"), *able(engine.links, "apply_movements")})
        if oms and oms not in targets:
            raise Refused(f"no connection '{oms}' takes stock (those that do: {', '.join(targets) or 'none'})")
        now = to_ms(engine.env.now())
        book = await engine.store.read(engine.books.current)
        warehouse = book.warehouses.get(code)
        if warehouse is None:
            raise Refused(f"there is no warehouse '{code}' (known: {', '.join(sorted(book.warehouses)) or 'none'})")
        switched = await engine.store.write(_switch, code, on, oms, revision, by, now)
        if on:
            await self._send_known(warehouse)
            for stream in STREAMS:
                engine.wake(f"{stream}:{warehouse.connection}")
        return switched

    async def _send_known(self, warehouse: Warehouse) -> None:
        engine, after = self._engine, ""
        takers: Sequence[str] = able(engine.links, "apply_stock")
        while True:
            wake, more = await engine.store.write(
                send_unconfirmed, warehouse.connection, warehouse.remote, engine.books, takers, after,
                to_ms(engine.env.now()),
            )  # fmt: skip
            engine.wake_operations(wake)
            if more is None:
                return
            after = more


def _queue(tx: Transaction, connection: str, actor: str, interval: int, now: int) -> Asked:
    again = throttles.allow(tx, f"stock:{connection}", interval, now)
    if again is not None:
        at = from_ms(again)
        return Asked(
            again_at=at,
            text=f"stock of {connection} was fetched less than {interval // 1000} s ago; it may run again at {at:%H:%M:%S} UTC",
        )
    task = tasks.create(tx, TaskKind.FETCH_STOCK, connection, now, origin="user", actor=actor)
    return Asked(task_id=task.id, text=f"queued as task {task.id}")


def _switch(tx: Transaction, code: str, on: bool, oms: str, revision: int | None, by: By, now: int) -> Switch:
    before = stock.switch(tx, code)
    if revision is not None and revision != before.revision:
        raise ChangedMeanwhile(
            f"the stock switch of {code} is at revision {before.revision}, you changed revision {revision}; read it again"
        )
    after = stock.set_switch(tx, code, on=on, oms=oms)
    audit.write(tx, by.entry(before=_said(before), after=_said(after)), now)
    return after


def _said(switch: Switch) -> str:
    return f"{'on' if switch.on else 'off'} {switch.oms}".strip()
