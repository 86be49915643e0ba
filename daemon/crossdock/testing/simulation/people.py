"""The people of the simulation: they resume, settle, sync, hold and release, as an operator at the control API would."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from crossdock.engine.requests import Refused, Requests
from crossdock.flows.reconsider import Barrier
from crossdock.flows.settle_by_hand import Settlement
from crossdock.rules.connection_health import Status
from crossdock.rules.push_states import PushState
from crossdock.store.store import StoreError
from crossdock.testing.simulation.order_book import wanted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.engine.engine import Engine
    from crossdock.store.store import Transaction
    from crossdock.testing.simulation.exchange_people import ExchangePeople
    from crossdock.testing.simulation.order_book import OrderBook
    from crossdock.testing.simulation.wms import SimWms

ACTOR = "somebody"
_WAITING = (
    f"SELECT o.ref, p.key, p.connection FROM pushes p JOIN orders o ON o.id = p.order_id WHERE p.state = {PushState.IN_DOUBT} "  # noqa: S608
    "AND p.needs_person AND p.run_id IS NULL AND p.settled_at < ? LIMIT 20"
)


def waiting_for_a_person(tx: Transaction, before: int) -> list[tuple[str, str, str]]:
    """List pushes in doubt that only a person can settle: ref, key, connection."""
    return tx.rows(_WAITING, (before,))


class People:
    """Act on one running engine from time to time. `calm`: only repair, start nothing new."""

    def __init__(self, seed: str, orders: OrderBook, warehouses: Sequence[SimWms], quiet_s: float) -> None:
        self.random = random.Random(f"{seed}:people")
        self.calm = False
        self.held: set[str] = set()
        self.violations: list[str] = []
        self._orders, self._warehouses, self._quiet_s = orders, {w.name: w for w in warehouses}, quiet_s
        self._allowed: dict[str, float] = {}
        self.more: ExchangePeople | None = None

    @property
    def cancelled(self) -> set[str]:
        """The orders that somebody here had cancelled."""
        return set() if self.more is None else self.more.cancelled

    async def act(self, engine: Engine) -> None:
        """Repair and ask, until the engine is gone."""
        requests = Requests(engine)
        while True:
            await engine.env.sleep(self.random.uniform(0.2, 1.6))
            try:
                await self._repair(engine, requests)
                if self.more is not None:
                    await self.more.mind_first_contacts(engine, requests)
                    await self.more.mind_labels(engine, requests)
                if not self.calm:
                    await self._ask(engine, requests)
                elif self.held:
                    await self._release(requests, sorted(self.held))
            except (StoreError, Refused):
                continue

    async def _repair(self, engine: Engine, requests: Requests) -> None:
        for name in sorted(engine.links):
            if engine.keeper.of(name).status is Status.PAUSED:
                await requests.resume(name, ACTOR)
        before = int(engine.env.now().timestamp() * 1000 - self._quiet_s * 1000)
        for ref, key, connection in await engine.store.read(waiting_for_a_person, before):
            document = self._warehouses[connection].by_key.get(key)
            settlement = Settlement.ABSENT if document is None else Settlement.ARRIVED
            remote_id = None if document is None else document.remote_id
            await requests.settle("oms", ref, settlement, remote_id, "looked", ACTOR)

    async def _ask(self, engine: Engine, requests: Requests) -> None:
        refs = sorted(ref for ref, entry in self._orders.entries.items() if entry.visible)
        if not refs:
            return
        ref = self.random.choice(refs[-30:])
        if self.more is not None and self.random.random() < 0.6:
            await self.more.act(engine, requests, ref)
        else:
            await self._ask_about(engine, requests, refs, ref)

    async def _ask_about(self, engine: Engine, requests: Requests, refs: Sequence[str], ref: str) -> None:
        match self.random.randint(0, 7):
            case 0:
                await self._sync(engine, requests, ref)
            case 1:
                await requests.obtain("oms", self.random.choice(("WH-A", "WH-B")), ACTOR)
            case 2:
                self.held.add(ref)
                await requests.hold([("oms", ref)], "wait", ACTOR)
            case 3 if self.held:
                await self._release(requests, [min(self.held)])
            case 4 if wanted(self._orders.entries[ref]):
                await requests.push([("oms", ref)], ACTOR)
            case 5:
                await requests.redrive([self.random.randint(1, len(refs))], ACTOR)
            case _:
                return

    async def _release(self, requests: Requests, refs: Sequence[str]) -> None:
        await requests.release([("oms", ref) for ref in refs], Barrier.HOLD, ACTOR)
        self.held.difference_update(refs)

    async def _sync(self, engine: Engine, requests: Requests, ref: str) -> None:
        now = engine.env.monotonic()
        asked = await requests.sync("oms", [ref], ACTOR)
        if asked.task_id is None:
            return
        if now < self._allowed.get(ref, 0) - 0.002:
            self.violations.append(f"floor: {ref} was synced again too early")
        self._allowed[ref] = now + engine.config.engine.min_interval_s
