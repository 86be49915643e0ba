"""Fills the book of a fresh database: one warehouse, pushed ahead of time, automatically."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from crossdock.control.database import migrate
from crossdock.env import Env
from crossdock.rules.book import PushStrategy, StrategyKind, Warehouse
from crossdock.store import book, sqlite
from crossdock.store.store import Store, Transaction


def fill(tx: Transaction) -> None:
    """Save a strategy and a warehouse."""
    book.save(tx, PushStrategy(name="advance", kind=StrategyKind.ADVANCE))
    book.save(tx, Warehouse(code="WH1", connection="wms", remote="WH1", strategies=("advance",), auto_push=True))


async def main(path: Path) -> None:
    """Make the database and fill it."""
    migrate(path)
    store = Store(sqlite.connect(str(path)), Env())
    await store.write(fill)
    store.close()


asyncio.run(main(Path(sys.argv[1])))
