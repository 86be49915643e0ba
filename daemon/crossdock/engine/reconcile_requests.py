"""What people may ask about reconciliation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from crossdock.store import reconciled
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from crossdock.engine.engine import Engine
    from crossdock.flows.reconcile import Ordered
    from crossdock.store.store import Transaction


class ReconcileRequests:
    """The engine's door for reconciliation."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def reconcile(self, ordered: Ordered, actor: str) -> int | None:
        """Queue a reconciliation; return its task, or None while one is queued or running."""
        task = await self._engine.store.write(_ask, ordered, actor, to_ms(self._engine.env.now()))
        self._engine.wake("reconcile")
        return task


def _ask(tx: Transaction, ordered: Ordered, actor: str, now: int) -> int | None:
    scope = msgspec.json.encode(ordered).decode()
    return reconciled.ask(tx, scope, now, origin="user", actor=actor, warehouse=ordered.warehouse)
