"""Write costs to remote systems, and compare the ledger with what an OMS holds. Nothing there is overwritten in silence."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

import msgspec
from msgspec.structs import replace

from crossdock.flows import cost_edits
from crossdock.flows.cost_ledgers import KIND, Work, send_average, shown, subject_of
from crossdock.flows.pull_stream import Taken
from crossdock.rules.money import agree
from crossdock.rules.operation_outcome import Answer, Outcome, from_item, from_refusal
from crossdock.rules.operation_states import OperationState
from crossdock.spec.costs import CostChange, CostKind, ProductCost
from crossdock.spec.errors import Rejected
from crossdock.spec.listing import Listing
from crossdock.store import costs, incidents
from crossdock.store.incidents import Cause, Trouble
from crossdock.store.tasks import Totals
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

    from crossdock.flows.cost_ledgers import Costing
    from crossdock.rules.operation_outcome import OperationVerdict
    from crossdock.spec.orders import Window
    from crossdock.spec.outbound import ItemResult
    from crossdock.store.costs import State
    from crossdock.store.operations import Operation
    from crossdock.store.store import Store, Transaction

LATER = frozenset({"unknown_document", "unknown_receipt"})
"""Codes of what the OMS has not been told of yet: the document is on its way there, so the cost is tried again."""
DRIFTED = "version"
BATCH = 100
"""SKUs compared in one call."""
DAY = timedelta(days=1)


class Remote(Protocol):
    """What is asked of an open connection."""

    @property
    def name(self) -> str:
        """The connection's name."""
        ...

    @property
    def hooks(self) -> frozenset[str]:
        """The hooks the connector implements."""
        ...

    async def update_cost(self, change: CostChange) -> ItemResult:
        """Write one cost."""
        ...

    async def get_costs(self, skus: list[str]) -> dict[str, ProductCost | None]:
        """Return average purchase prices."""
        ...


class CostHandler:
    """Operations of kind "cost". A repeat of the same bytes is harmless by the contract, so a doubt is sent again."""

    kind = KIND
    asks = False
    batch = 1

    def __init__(self, remote: Remote, store: Store, costing: Costing) -> None:
        self._remote, self._store, self._costing = remote, store, costing

    async def send(self, claimed: Sequence[Operation]) -> Mapping[str, Outcome]:
        """Write one cost. An average is compared with what the OMS holds first. Raises ConnectorError."""
        (operation,) = claimed
        change = msgspec.json.decode(operation.body, type=CostChange)
        if _is_average(change) and "get_costs" in self._remote.hooks:
            outcome = await self._met(change)
            if outcome is not None:
                return {operation.key: outcome}
        try:
            outcome = from_item(await self._remote.update_cost(change))
        except Rejected as error:
            outcome = from_refusal(error)
        if outcome.answer is Answer.REFUSED and outcome.code in LATER:
            outcome = msgspec.structs.replace(outcome, answer=Answer.RETRY)
        return {operation.key: outcome}

    async def _met(self, change: CostChange) -> Outcome | None:
        """Say how it ended without writing: the OMS holds the new average already, or one that is nobody's of ours."""
        assert change.sku is not None
        held = (await self._remote.get_costs([change.sku])).get(change.sku)
        if held is None or held.average is None:
            return None
        if held.currency in (None, change.currency):
            state = await self._store.read(costs.state, self._remote.name, change.sku)
            ours = {change.old, state.sent if state is not None else None} - {None}
            if held.average in ours and change.new not in ours:
                return None  # it is the last one, to the digit, however near the new one is
            if agree(change.new, held.average, change.currency):
                return Outcome(answer=Answer.DONE, shown=held)
            if any(agree(each, held.average, change.currency) for each in ours if each is not None):
                return None
        text = (
            f"{self._remote.name} holds {held.average} {held.currency or ''} as the average purchase price of "
            f"{change.sku}, which crossdock did not write"
        )
        return Outcome(answer=Answer.REFUSED, code=DRIFTED, text=text, shown=held)

    async def ask(self, claimed: Sequence[Operation]) -> Mapping[str, Outcome]:
        """Send it again, which the contract says is harmless: the values are absolute. Raises ConnectorError."""
        return await self.send(claimed)

    def settled(self, tx: Transaction, operation: Operation, verdict: OperationVerdict, now: datetime) -> None:
        """Note what the remote system has now, and tell people what it refused."""
        if verdict.state not in (OperationState.DONE, OperationState.FAILED):
            return
        change = msgspec.json.decode(operation.body, type=CostChange)
        at, done = to_ms(now), verdict.state is OperationState.DONE
        if operation.subject.startswith("cost:edit:"):
            cost_edits.edit_settled(tx, Work(self._costing, now), operation, change, done=done)
        elif _is_average(change):
            self._average_settled(tx, change, verdict, at, done=done)
        elif change.kind is CostKind.PLANNED and done:
            document = costs.document_by_id(tx, operation.entity_id)
            if document is not None and document.plan_version >= change.version:
                costs.save_document(tx, replace(document, plan_sent=change.new))
        _tell_refused(tx, operation, change, verdict, at)

    def _average_settled(
        self, tx: Transaction, change: CostChange, verdict: OperationVerdict, at: int, *, done: bool
    ) -> None:
        state = costs.state(tx, self._remote.name, change.sku or "")
        if state is None:
            return
        if done:
            costs.save_state(tx, replace(state, sent=change.new, drift=False))
            incidents.heal(tx, subject_of(state), at, operation="cost_drift")
        elif verdict.code == DRIFTED:
            held = verdict.shown if isinstance(verdict.shown, ProductCost) else None
            tell_drift(tx, state, held, at)


def _is_average(change: CostChange) -> bool:
    return change.kind is CostKind.ACTUAL and change.document_ref is None and change.sku is not None


def _tell_refused(
    tx: Transaction, operation: Operation, change: CostChange, verdict: OperationVerdict, at: int
) -> None:
    subject = f"operation:{operation.subject}"
    incidents.heal(tx, subject, at, operation="cost_write")
    if verdict.state is OperationState.DONE or (_is_average(change) and verdict.code == DRIFTED):
        return
    cause = Cause.CONFLICT if verdict.code == DRIFTED else Cause.REFUSED
    trouble = Trouble(
        cause=cause, connection=operation.connection, operation="cost_write", code=verdict.code or "",
        text=f"{operation.connection} refused costs, and holds what it held before; nothing more happens by itself",
    )  # fmt: skip
    about = change.document_ref or change.sku or ""
    incidents.report(tx, trouble, subject, at, f"{shown(about)}: {change.new} {change.currency}: {verdict.text or ''}")


def tell_drift(tx: Transaction, state: State, held: ProductCost | None, at: int) -> State:
    """The OMS holds an average that the ledger cannot explain: one incident a SKU, until a person decides or both agree."""
    theirs = None if held is None else held.average
    saved = costs.save_state(
        tx,
        replace(
            state, drift=True, held=theirs, held_at=at, held_quantity=None if held is None else held.quantity,
        ),
    )  # fmt: skip
    ours = "none" if state.balance.average is None else f"{state.balance.average:.6f}"
    trouble = Trouble(
        cause=Cause.DRIFT, connection=state.oms, operation="cost_drift", code="average", missing=state.sku,
        text=(
            f"{state.oms} holds an average purchase price of SKU {state.sku} that does not follow from the receipts. Nothing "
            "is overwritten; decide with `crossdock costs settle-drift`"
        ),
    )  # fmt: skip
    currency = state.balance.currency or ""
    incidents.report(tx, trouble, subject_of(state), at, f"the OMS holds {theirs} {currency}, the ledger says {ours}")
    return saved


class CostCheck:
    """The stream that compares ledgers with the averages an OMS holds: those that changed a while ago, all once a day."""

    name = "costs"

    def __init__(self, remote: Remote, store: Store, costing: Costing, now: Callable[[], datetime]) -> None:
        self._remote, self._store, self._costing, self._now = remote, store, costing, now

    def wanted(self, tx: Transaction) -> bool:
        """Tell whether this OMS keeps averages and one is to be looked at: what calls nothing must not look well."""
        if self._costing.keeps(self._remote.name).actual is None:
            return False
        return bool(costs.due_checks(tx, self._remote.name, to_ms(self._now()), (0, ""), 1))

    async def fetch(self, window: Window, cursor: str | None, limit: int) -> Listing[ProductCost]:  # noqa: ARG002 - what is due is our own affair
        """Ask for the averages of ledgers that are due. Raises ConnectorError."""
        at, until = ((0, ""), to_ms(self._now())) if cursor is None else _place(cursor)
        limit = min(limit, BATCH)
        due = await self._store.read(costs.due_checks, self._remote.name, until, at, limit)
        if not due:
            return Listing()
        held = await self._remote.get_costs([state.sku for state in due])
        items = tuple(held.get(state.sku) or ProductCost(sku=state.sku, average=None) for state in due)
        more = f"{until}:{due[-1].check_at}:{due[-1].sku}" if len(due) == limit else None
        return Listing(items=items, next_cursor=more)

    def absorb(self, tx: Transaction, connection: str, items: Sequence[ProductCost], now: datetime) -> Taken:
        """Compare each with its ledger."""
        work, changed = Work(self._costing, now), 0
        for item in items:
            state = costs.state(tx, connection, item.sku)
            if state is not None:
                changed += _compare(tx, work, state, item)
        totals = Totals(found=len(items), changed=changed, unchanged=len(items) - changed)
        return Taken(totals=totals, wake=frozenset(work.wake))

    def ref_of(self, item: ProductCost) -> str:
        """Name it by its SKU."""
        return item.sku


def _place(cursor: str) -> tuple[tuple[int, str], int]:
    until, at, sku = cursor.split(":", 2)
    return (int(at), sku), int(until)


def _compare(tx: Transaction, work: Work, state: State, held: ProductCost) -> int:
    """Note what the OMS holds; return 1 if that is news. A ledger whose average is not known is not compared."""
    at = to_ms(work.now)
    if state.check_at > at:
        return 0
    seen = replace(
        state, held=held.average, held_quantity=held.quantity, held_at=at, check_at=at + DAY // timedelta(milliseconds=1)
    )  # fmt: skip
    ours = {state.balance.average}
    if work.costing.keeps(state.oms).actual == "set_average":
        ours = {state.sent, state.wanted}  # what is on its way may have arrived
    expected = [each for each in ours if each is not None]
    if not expected or state.balance.currency is None:
        send_average(tx, work, costs.save_state(tx, seen))
        return 0
    if _is_ours(held, expected, state.balance.currency):
        healed = costs.save_state(tx, replace(seen, drift=False))
        incidents.heal(tx, subject_of(state), at, operation="cost_drift")
        send_average(tx, work, healed)
        return int(state.drift)
    soon = replace(seen, check_at=at + int(work.costing.policy.check_after_s * 1000))
    tell_drift(tx, soon, held, at)
    return int(not state.drift)


def _is_ours(held: ProductCost, expected: Sequence[Decimal], currency: str) -> bool:
    average = held.average
    if average is None or held.currency not in (None, currency):
        return False
    return any(agree(each, average, currency) for each in expected)
