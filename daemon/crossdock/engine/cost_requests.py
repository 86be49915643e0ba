"""What people may ask of costs; each answers at once, with what will happen or why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.engine import costs_by_two
from crossdock.engine.exchange_costs import costing
from crossdock.flows import cost_edits
from crossdock.flows.cost_ledgers import Work

if TYPE_CHECKING:
    from datetime import datetime

    from crossdock.engine.approvals import Approvals
    from crossdock.engine.engine import Engine
    from crossdock.flows.cost_edits import Edit, Effect, Made
    from crossdock.store.approvals import Approval
    from crossdock.store.audit import By


class CostRequests:
    """The engine's door for costs. Raises cost_edits.NotDone for what is not done."""

    def __init__(self, engine: Engine, approvals: Approvals) -> None:
        self._engine, self._approvals = engine, approvals
        approvals.learn(costs_by_two.ACTION, costs_by_two.carry_out(self._work_at, self._writes))

    def _work(self) -> Work:
        return self._work_at(self._engine.env.now())

    def _work_at(self, now: datetime) -> Work:
        return Work(costing(self._engine.config, self._engine.links), now)

    def _writes(self) -> frozenset[str]:
        links = self._engine.links.items()
        return frozenset(name for name, link in links if "update_cost" in link.hooks and link.kind != "oms")

    async def preview(self, edit: Edit) -> Effect:
        """Say what an edit would do; nothing is saved."""
        return await self._engine.store.read(cost_edits.preview, edit, self._work())

    async def edit(self, edit: Edit, by: By) -> tuple[Made, Approval | None]:
        """Make an edit, or propose it to a second person."""
        store = self._engine.store
        made = await store.write(cost_edits.make, edit, self._work(), by=by, writes=self._writes())
        if made.state == "waiting":
            return made, await self._approvals.propose(costs_by_two.proposal(edit, made), by.actor, by.uid, made.note)
        self._engine.wake_operations(made.wake)
        return made, None

    async def settle_drift(self, oms: str, sku: str, *, take_theirs: bool, reason: str, by: By) -> None:
        """End a drift: take over what the OMS holds, or have the ledger's average written again."""
        wake = await self._engine.store.write(
            cost_edits.settle_drift, oms, sku, self._work(), take_theirs=take_theirs, reason=reason, by=by
        )
        self._engine.wake_operations(wake)
