"""What people may ask of costs; each answers at once, with what will happen or why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.engine.exchange_costs import costing
from crossdock.flows import cost_edits
from crossdock.flows.cost_ledgers import Work

if TYPE_CHECKING:
    from typing import ParamSpec, TypeVar

    from crossdock.engine.engine import Engine
    from crossdock.flows.cost_edits import Edit, Effect, Made

    P = ParamSpec("P")
    T = TypeVar("T")


class CostRequests:
    """The engine's door for costs. Raises cost_edits.NotDone for what is not done."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def _work(self) -> Work:
        return Work(costing(self._engine.config, self._engine.links), self._engine.env.now())

    def _writes(self) -> frozenset[str]:
        links = self._engine.links.items()
        return frozenset(name for name, link in links if "update_cost" in link.hooks and link.kind != "oms")

    async def preview(self, edit: Edit) -> Effect:
        """Say what an edit would do; nothing is saved."""
        return await self._engine.store.read(cost_edits.preview, edit, self._work())

    async def edit(self, edit: Edit, actor: str) -> Made:
        """Make an edit, or ask for a second person."""
        made = await self._engine.store.write(cost_edits.make, edit, self._work(), actor=actor, writes=self._writes())
        self._engine.wake_operations(made.wake)
        return made

    async def decide(self, number: int, *, agree: bool, actor: str, reason: str) -> Made | None:
        """Agree to somebody else's edit, or turn it down."""
        made = await self._engine.store.write(
            cost_edits.decide, number, self._work(), agree=agree, actor=actor, writes=self._writes(), reason=reason
        )
        if made is not None:
            self._engine.wake_operations(made.wake)
        return made

    async def settle_drift(self, oms: str, sku: str, *, take_theirs: bool, actor: str, reason: str) -> None:
        """End a drift: take over what the OMS holds, or have the ledger's average written again."""
        wake = await self._engine.store.write(
            cost_edits.settle_drift, oms, sku, self._work(), take_theirs=take_theirs, actor=actor, reason=reason
        )
        self._engine.wake_operations(wake)
