"""What people of the simulation do beyond orders: decide, acknowledge, push again, pull labels, resolve conflicts."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from crossdock.engine.requests import Refused
from crossdock.flows.master_plan import StalePlan
from crossdock.flows.repush_documents import DocumentName
from crossdock.rules.choices import Verdict
from crossdock.rules.push_states import PushState
from crossdock.spec.outbound import Stage
from crossdock.store.audit import By
from crossdock.testing.simulation.back_office import LABEL_LAG_S, printed
from crossdock.testing.simulation.exchange import WAREHOUSES

if TYPE_CHECKING:
    from crossdock.engine.engine import Engine
    from crossdock.engine.requests import Requests
    from crossdock.store.store import Transaction
    from crossdock.testing.simulation.exchange import Exchange
    from crossdock.testing.simulation.order_book import OrderBook

ACTOR = "somebody"
BY = By(actor=ACTOR, action="simulated", object="simulated")
_OPEN = (
    "SELECT o.ref, p.state FROM pushes p JOIN orders o ON o.id = p.order_id WHERE p.changed OR p.state IN "  # noqa: S608
    f"({PushState.CANCEL_REJECTED}, {PushState.REJECTED}) ORDER BY o.ref LIMIT 50"
)


_DOUBTED = (
    "SELECT o.ref, b.content FROM labels l JOIN orders o ON o.id = l.order_id JOIN label_bytes b ON b.label_id = l.id "
    "AND b.version = l.version WHERE l.error_code = 'old_label' AND l.attempts > 3 ORDER BY o.ref LIMIT 20"
)


def open_decisions(tx: Transaction) -> list[tuple[str, int]]:
    """List the orders about which somebody has to decide, with their states."""
    return tx.rows(_OPEN)


def open_conflicts(tx: Transaction) -> list[int]:
    """List the conflicts that wait for a person."""
    return [row[0] for row in tx.rows("SELECT id FROM product_conflicts WHERE open IS NOT NULL ORDER BY id LIMIT 50")]


def unplanned(tx: Transaction, warehouse: str) -> bool:
    """Tell whether products of a warehouse wait for their first contact."""
    sql = "SELECT 1 FROM product_bindings WHERE warehouse = ? AND pending IS NOT NULL LIMIT 1"
    return tx.one(sql, (warehouse,)) is not None


def document_names(tx: Transaction) -> list[DocumentName]:
    """Name some documents."""
    rows = tx.rows("SELECT connection, ref, list_name FROM documents ORDER BY id DESC LIMIT 20")
    return [DocumentName(*row) for row in rows]


def doubted_labels(tx: Transaction) -> list[tuple[str, bytes]]:
    """List the orders whose label seems old however often it is asked for, with what it says."""
    return tx.rows(_DOUBTED)


class ExchangePeople:
    """Act on one running engine. `cancelled` are the orders that somebody here had cancelled."""

    def __init__(self, seed: str, exchange: Exchange, orders: OrderBook) -> None:
        self.random = random.Random(f"{seed}:more people")
        self.cancelled: set[str] = set()
        self._exchange, self._orders = exchange, orders

    async def mind_first_contacts(self, engine: Engine, requests: Requests) -> None:
        """Have the first contact of products planned and applied wherever it waits for somebody."""
        for _, code, _ in WAREHOUSES:
            if await engine.store.read(unplanned, code):
                try:
                    plan = await requests.master.plan(code, ACTOR)
                    await requests.master.apply(code, plan.id, BY)
                except (Refused, StalePlan):
                    continue

    async def mind_labels(self, engine: Engine, requests: Requests) -> None:
        """Confirm labels that the OMS keeps giving although they seem old, where they fit the order after all."""
        for ref, data in await engine.store.read(doubted_labels):
            entry = self._orders.entries[ref]
            if data == printed(entry.order) and entry.changed_at < engine.env.monotonic() - LABEL_LAG_S:
                await requests.labels.confirm([("oms", ref)], "compared", ACTOR)

    async def act(self, engine: Engine, requests: Requests, ref: str) -> None:
        """Do one thing."""
        order = ("oms", ref)
        match self.random.randint(0, 7):
            case 0 | 1:
                await self._decide(engine, requests)
            case 2:
                await requests.packages.acknowledge([order], ACTOR)
            case 3:
                await self._repush(engine, requests)
            case 4:
                await requests.labels.pull("oms", [ref], ACTOR)
            case 5:
                await requests.labels.printed([order], ACTOR)
            case 6:
                await self._resolve(engine, requests)
            case _:
                await self._cancel(requests, ref)

    async def _repush(self, engine: Engine, requests: Requests) -> None:
        if names := await engine.store.read(document_names):
            await requests.documents.repush([self.random.choice(names)], BY)

    async def _resolve(self, engine: Engine, requests: Requests) -> None:
        if numbers := await engine.store.read(open_conflicts):
            take = self.random.choice(("oms", "wms"))
            await requests.master.resolve(self.random.choice(numbers), take, None, "seen", BY)

    async def _cancel(self, requests: Requests, ref: str) -> None:
        if self.random.random() < 0.3:
            answers = await requests.packages.cancel([("oms", ref)], "changed my mind", ACTOR)
            if answers[0].done:
                self.cancelled.add(ref)

    async def _decide(self, engine: Engine, requests: Requests) -> None:
        found = await engine.store.read(open_decisions)
        if not found:
            return
        ref, state = self.random.choice(found)
        if state == PushState.REJECTED:
            choices: tuple[Verdict, ...] = (Verdict.AGAIN,)
        elif state == PushState.CANCEL_REJECTED:
            choices = (Verdict.SHIP, Verdict.ASK_AGAIN, Verdict.CANCELLED)
        else:
            choices = (Verdict.FORCE, Verdict.KEEP, Verdict.SHIP)
        verdict = self.random.choice(choices)
        if verdict is Verdict.CANCELLED and not self._cancel_there(ref):
            return
        await requests.packages.decide([("oms", ref)], verdict, "looked", ACTOR)

    def _cancel_there(self, ref: str) -> bool:
        """Cancel an order in its warehouse by hand, if that is still possible."""
        for floor in self._exchange.floors.values():
            for shipment in floor.of_order(ref):
                if shipment.stage is Stage.OUTBOUND:
                    return False
                floor.drop(shipment)
        return True
