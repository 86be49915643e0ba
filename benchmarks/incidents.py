"""Measure what incidents cost: python benchmarks/incidents.py [--held]. Prints microseconds of processor time an order, best of several runs.

Straight: orders are taken in, queued, sent and settled. With --held they wait for a mapping, which makes one incident.
"""

from __future__ import annotations

import asyncio
import sys
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec

from crossdock.env import Env
from crossdock.flows.absorb import Batch, absorb
from crossdock.flows.house import House
from crossdock.flows.pull_orders import sift
from crossdock.flows.settling import save
from crossdock.rules.book import AllocationRule, PushStrategy, StrategyKind, Warehouse
from crossdock.rules.push_states import PushState
from crossdock.spec.orders import Order, OrderLine, OrderStatus, Page
from crossdock.store import book, migrate, outbox, sqlite
from crossdock.store.book import BookCache
from crossdock.store.outbox import Settled
from crossdock.store.store import Store

ORDERS, PAGE, RUNS = 10_000, 200, 5


async def run(held: bool) -> float:
    """Take orders in, send and settle them; return microseconds of processor time an order."""
    database = sqlite.connect(":memory:")
    database.connect()
    migrate.migrate(database)
    env = Env(seed=1)
    store = Store(database, env, inline=True)
    house = House(store, env, BookCache(30))
    warehouse = Warehouse(
        code="WH", connection="wms", remote="1", strategies=("ahead",), auto_push=True, auto_bind=not held
    )
    for entry in (
        PushStrategy(name="ahead", kind=StrategyKind.ADVANCE), warehouse, AllocationRule(position=1, warehouse="WH"),
    ):  # fmt: skip
        await store.write(book.save, entry)
    now = datetime.now(UTC)
    line = OrderLine(line_no=1, sku="A", quantity=Decimal(1))
    order = Order(ref="-", status=OrderStatus.PAID, created_at=now - timedelta(hours=1), updated_at=now, lines=(line,))
    pages = [
        Page(orders=tuple(msgspec.structs.replace(order, ref=str(n)) for n in range(start, start + PAGE)))
        for start in range(0, ORDERS, PAGE)
    ]
    at = 2 * int(now.timestamp() * 1000)
    started = time.process_time()
    for number, page in enumerate(pages, start=1):
        arrivals, _, _ = await sift("oms", house, page)
        batch = Batch(connection="oms", arrivals=arrivals)
        await store.write(absorb, batch, house.books, house.read_order, now)
        claimed = await store.write(outbox.claim, number, "wms", PushState.QUEUED, PAGE, at)
        ended = [Settled(id=c.id, state=PushState.PUSHED, at=at, remote_id="R", order_id=c.order_id) for c in claimed]
        await store.write(save, number, ended)
    return (time.process_time() - started) / ORDERS * 1e6


def main() -> None:
    """Print the best of several runs."""
    held = "--held" in sys.argv
    print(f"{min(asyncio.run(run(held)) for _ in range(RUNS)):.2f}")


if __name__ == "__main__":
    main()
