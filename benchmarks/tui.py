"""How quick the dashboard is before a million orders: python benchmarks/tui.py [--orders N]. A line a key, and an end that says whether it is quick.

The store is made once and kept in build/. The daemon is a process of its own; the dashboard is driven in this one, key by key.
`reacts` is the time until the terminal shows that the key was pressed; `read` is the time until the list, or the answer, stands there.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import os
import shutil
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from crossdock.control.client import Client
from crossdock.env import Env
from crossdock.flows.absorb import Batch, absorb
from crossdock.flows.house import House
from crossdock.flows.pull_orders import sift
from crossdock.flows.settling import save
from crossdock.rules.book import AllocationRule, PushStrategy, StrategyKind, Warehouse
from crossdock.rules.push_states import PushState
from crossdock.spec.orders import Address, LineKind, Order, OrderLine, OrderStatus, Page, Recipient
from crossdock.store import book, migrate, outbox, sqlite
from crossdock.store.book import BookCache
from crossdock.store.outbox import Settled
from crossdock.store.store import Store
from crossdock_tui.app import Dashboard

BUILD = Path(__file__).resolve().parents[1] / "build"
PROGRAM = "from crossdock.cli.main import main; main()"
TEMPLATES, OPEN_COPIES = 2_000, 5
"""Orders that are made as the daemon makes them, the rest are copies; of how many copies the orders are still under way."""
MOST_P95_MS = 100.0
PATIENCE_S = 30.0


async def templates(path: Path) -> None:
    """Take orders in, send most of them and settle them."""
    database = sqlite.connect(str(path))
    database.connect()
    migrate.migrate(database)
    env = Env(seed=1)
    store = Store(database, env, inline=True)
    house = House(store, env, BookCache(30))
    warehouse = Warehouse(
        code="WH", connection="wms", remote="1", strategies=("ahead",), auto_push=True, auto_bind=True
    )
    for entry in (
        PushStrategy(name="ahead", kind=StrategyKind.ADVANCE), warehouse, AllocationRule(position=1, warehouse="WH"),
    ):  # fmt: skip
        await store.write(book.save, entry)
    now = datetime.now(UTC)
    orders = [an_order(number, now) for number in range(TEMPLATES)]
    arrivals, _, _ = await sift("oms", house, Page(orders=tuple(orders)))
    await store.write(absorb, Batch(connection="oms", arrivals=arrivals), house.books, house.read_order, now)
    at = 2 * int(now.timestamp() * 1000)
    claimed = await store.write(outbox.claim, 1, "wms", PushState.QUEUED, TEMPLATES, at)
    ended = [Settled(id=c.id, state=PushState.PUSHED, at=at // 2, remote_id="R", order_id=c.order_id) for c in claimed]
    await store.write(save, 1, ended)
    database.close()


def an_order(number: int, now: datetime) -> Order:
    """Make up an order; of every hundred one has no goods and waits."""
    kind = LineKind.GOODS if number % 100 else LineKind.SHIPPING
    return Order(
        ref=f"T{number}", number=f"N{number}", status=OrderStatus.READY_TO_SHIP, created_at=now - timedelta(hours=1), updated_at=now,
        shop=f"shop{number % 7}", logistics="Flash", label_ready=True,
        recipient=Recipient(name="สมชาย ใจดี", phone="0812345678", address=Address(lines=("1 ถนนสุขุมวิท",), city="กรุงเทพ", country="TH")),
        lines=tuple(OrderLine(line_no=n, sku=f"SKU-{n}", name=f"ชาเขียว {n}", quantity=Decimal(n), kind=kind) for n in (1, 2)),
    )  # fmt: skip


def multiply(path: Path, copies: int) -> None:
    """Copy every order, with all that belongs to it, so that there are `copies` of each."""
    database = sqlite.connect(str(path))
    database.connect()
    database.execute_sql(
        f"CREATE TEMP TABLE copy AS WITH RECURSIVE c(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM c WHERE k < {copies - 1}) SELECT k FROM c"
    )
    step = f"{TEMPLATES} * k"
    for table, changed in (
        ("orders", {"id": f"id + {step}", "ref": "ref || '-' || k", "number": "number || '-' || k"}),
        ("pushes", {
            "id": f"id + {step}", "order_id": f"order_id + {step}", "key": "key || '-' || k",
            "state": f"CASE WHEN state = 6 AND k >= {OPEN_COPIES} THEN 15 WHEN state = 6 AND id % 50 = 7 THEN 5 ELSE state END",
            "unsettled": f"CASE WHEN state = 6 AND id % 50 = 7 AND k < {OPEN_COPIES} THEN 1 ELSE unsettled END",
            "next_at": "NULL", "again_at": "NULL", "report_at": "NULL", "run_id": "NULL",
        }),
        ("push_bodies", {"push_id": f"push_id + {step}"}),
        ("timeline", {"id": "id + (SELECT max(id) FROM timeline) * k", "order_id": f"order_id + {step}"}),
    ):  # fmt: skip
        names = [row[1] for row in database.execute_sql(f"PRAGMA table_info({table})")]
        values = ", ".join(changed.get(name, f'"{name}"') for name in names)
        waits = " WHERE k < 5 OR state = 6" if table == "pushes" else ""
        with database.atomic():
            database.execute_sql(f"CREATE TEMP TABLE few AS SELECT * FROM {table}")
            database.execute_sql(
                f"INSERT INTO {table} SELECT {values.replace('FROM ' + table, 'FROM few')} FROM copy, few{waits} ORDER BY k"
            )
            database.execute_sql("DROP TABLE few")
    database.execute_sql("ANALYZE")
    database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def the_store(orders: int) -> Path:
    """Return the folder of a store with so many orders; it is made where it is not there yet."""
    folder = BUILD / f"tui-{orders}"
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        started = time.monotonic()
        asyncio.run(templates(folder / "crossdock.db"))
        multiply(folder / "crossdock.db", orders // TEMPLATES)
        (folder / "ready").touch()
        size = (folder / "crossdock.db").stat().st_size / 1e6
        print(
            f"bench: tui made a store of {orders:,} orders, {size:,.0f} MB, in {time.monotonic() - started:.0f} s",
            flush=True,
        )
    return folder


class Hand:
    """Presses keys and looks at the clock."""

    def __init__(self, app: Dashboard, pilot: Any) -> None:
        self.app, self.pilot = app, pilot
        self.reacts: dict[str, list[float]] = {}
        self.read: dict[str, list[float]] = {}
        self.cpu: dict[str, list[float]] = {}

    def busy(self) -> bool:
        """Tell whether something is still read for the screen."""
        screen: Any = self.app.screen
        ours = [each for each in self.app.workers if not each.is_finished and each.group not in ("link", "status")]
        return bool(ours) or getattr(screen, "_waiting", False) or not getattr(screen, "loaded", True)

    async def press(self, name: str, *keys: str) -> None:
        """Press keys, and wait until all that they lead to stands there."""
        started, cpu = time.perf_counter(), time.process_time()
        for key in keys:
            await self.pilot.press(key)
        self.reacts.setdefault(name, []).append((time.perf_counter() - started) * 1e3 / len(keys))
        self.cpu.setdefault(name, []).append((time.process_time() - cpu) * 1e3 / len(keys))
        while self.busy():
            await asyncio.sleep(0.002)
            if time.perf_counter() - started > PATIENCE_S:
                raise SystemExit(f"bench: tui {name}: it never ends reading")
        self.read.setdefault(name, []).append((time.perf_counter() - started) * 1e3)
        await self.pilot.pause(0.05)


async def measure(socket: Path) -> Hand:
    """Go through the screen of orders as an operator does."""
    app = Dashboard(Client(str(socket)), Env(), tongue="en", first="tasks")
    async with app.run_test(size=(140, 40)) as pilot:
        hand = Hand(app, pilot)
        while not app.connected or hand.busy():
            await pilot.pause(0.05)
        number = str([name for name, _label in app.numbered()].index("orders") + 1)
        other = str([name for name, _label in app.numbered()].index("tasks") + 1)
        await hand.press("open Orders, the first time", number)
        for _ in range(5):
            await hand.press("open another screen", other)
            await hand.press("open Orders again", number)
        for _ in range(10):
            await hand.press("next tab", "tab")
        while getattr(app.screen, "tab", ""):  # the last tab, of all orders, has no name
            await hand.press("next tab", "tab")
        for _ in range(20):
            await hand.press("page down", "pagedown")
        for _ in range(20):
            await hand.press("cursor down", "down")
        for _ in range(5):
            await hand.press("open an order", "enter")
            await hand.press("close it", "escape")
            await hand.press("explain", "e")
            await hand.press("close the explanation", "escape")
        for text in ("N1234-77", "T1999", "shop:shop3"):
            await hand.press("open the filter", "slash")
            for character in text:
                await hand.press("type in the filter", {":": "colon", "-": "minus"}.get(character, character))
            await hand.press(f"filter {text}", "enter")
            await hand.press("take the filter away", "escape")
    return hand


async def run(folder: Path) -> Hand:
    """Start a daemon on the store, and measure."""
    with tempfile.TemporaryDirectory(prefix="crossdock-bench-") as there:
        config = Path(there) / "crossdock.toml"
        config.write_text(
            f'state_dir = "{folder}"\n[control]\nsocket = "{there}/control.sock"\n[log]\nlevel = "error"\n[plugins]\nallow = []\n'
        )
        daemon = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROGRAM, "--config", str(config), "run", env={**os.environ, "NOTIFY_SOCKET": ""}
        )
        try:
            async with Client(f"{there}/control.sock") as client:
                for _ in range(600):
                    try:
                        await client.status()
                        break
                    except Exception:
                        await asyncio.sleep(0.1)
            return await measure(Path(there) / "control.sock")
        finally:
            daemon.terminate()
            await asyncio.wait_for(daemon.wait(), 40)


def at(values: list[float], share: float) -> float:
    """Return the value that so large a share does not exceed."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def main() -> None:
    """Measure; exit with 1 if a key is slow."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=1_000_000)
    given = parser.parse_args()
    hand = asyncio.run(run(the_store(given.orders)))
    slow = []
    for name, reacts in hand.reacts.items():
        read = hand.read[name]
        p95 = at(reacts, 0.95)
        print(
            f"bench: tui {name}: reacts median={statistics.median(reacts):.0f} p95={p95:.0f} worst={max(reacts):.0f} ms, "
            f"of it processor time {statistics.median(hand.cpu[name]):.0f}, read median={statistics.median(read):.0f} worst={max(read):.0f} ms (×{len(reacts)})"
        )
        if p95 > MOST_P95_MS:
            slow.append(f"{name} {p95:.0f} ms")
    if slow:
        print(f"not reached: tui: reacts in at most {MOST_P95_MS:.0f} ms (p95): {', '.join(slow)}", file=sys.stderr)
    raise SystemExit(1 if slow else 0)


if __name__ == "__main__":
    main()
