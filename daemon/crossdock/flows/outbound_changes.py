"""Carry out what a warehouse is asked about documents that it has: update, cancel, hold; each settles its own rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import msgspec

from crossdock.flows.after_push import CANCEL, HOLD, UPDATE, Case, concerns
from crossdock.flows.amend import Planned, confirmed
from crossdock.flows.house import encode
from crossdock.flows.keep_in_step import look
from crossdock.flows.look_up import look_up
from crossdock.rules.changes import same_content
from crossdock.rules.mutability import RANK, Choice, Move, at_stage
from crossdock.rules.operation_outcome import Answer, Outcome, from_push, from_refusal
from crossdock.rules.operation_states import OperationState
from crossdock.rules.push_states import CANCELLING, PushState
from crossdock.spec.errors import ConnectorError, Rejected, Unsupported
from crossdock.spec.outbound import RemoteOutbound, Stage
from crossdock.spec.outbound_changes import OutboundCancel, OutboundHold
from crossdock.store import amendments, orders, pushes
from crossdock.store.amendments import as_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from crossdock.flows.house import House
    from crossdock.rules.mutability import Abilities
    from crossdock.rules.operation_outcome import OperationVerdict
    from crossdock.spec.outbound import PushResult
    from crossdock.spec.outbound_changes import OutboundUpdate
    from crossdock.store.operations import Operation
    from crossdock.store.store import Transaction

read_plan = msgspec.json.Decoder(Planned).decode
read_cancel = msgspec.json.Decoder(OutboundCancel).decode
read_hold = msgspec.json.Decoder(OutboundHold).decode
TOO_LATE = "too_late"
"""The code of a refusal because the document has gone too far."""
AGAIN = 600_000
"""An order that cannot be read now is looked at again after so many milliseconds."""


class Changes(Protocol):
    """The part of a WMS connection that these flows call."""

    @property
    def lookup(self) -> int:
        """How many keys may be asked for in one call now."""
        ...

    async def update_outbound(self, items: list[OutboundUpdate]) -> list[PushResult]:
        """Change documents."""
        ...

    async def cancel_outbound(self, item: OutboundCancel) -> PushResult:
        """Ask not to ship a document."""
        ...

    async def hold_outbound(self, item: OutboundHold) -> PushResult:
        """Keep a document waiting, or let it go on."""
        ...

    async def find_outbound(self, keys: list[str]) -> dict[str, RemoteOutbound | None]:
        """Tell what the warehouse holds."""
        ...


@dataclass
class Handler:
    """What the kinds have in common. `batch` and `asks` are those of flows.operations.Handler."""

    wms: Changes
    house: House
    abilities: Abilities
    batch: int = 1
    asks: bool = False

    def case(self, tx: Transaction, operation: Operation, now: datetime) -> Case | None:
        """Return the case of an operation; None if its push has begun afresh under another key since."""
        found = pushes.by_ids(tx, [operation.entity_id])
        if not found or not concerns(operation, found[0]):
            return None
        push = found[0]
        stored = orders.load_ids(tx, [push.order_id])[push.order_id]
        return Case(tx=tx, push=push, stored=stored, record=amendments.load(tx, push.id), now=now, before=push.state)

    def look_again(self, case: Case) -> None:
        """Decide anew with what is known now; an order that cannot be read is looked at later."""
        stored = case.stored
        try:
            case.order = self.house.read_order(stored.connection, stored.payload, bool(stored.sliced))
        except (ConnectorError, ValueError):
            case.push.again_at = case.at + AGAIN
            return
        case.book = self.house.books.current(case.tx)
        look(case)


class UpdateHandler(Handler):
    """Sends updates; where the warehouse tells stages, it is asked first for those that a stage may forbid."""

    kind = UPDATE

    async def send(self, claimed: Sequence[Operation]) -> Mapping[str, Outcome]:
        """Send what its stage allows. What comes too late is answered with what the warehouse holds."""
        plans = {operation.key: read_plan(operation.body) for operation in claimed}
        found = await self._seen({key: plan for key, plan in plans.items() if plan.until is not None})
        late = {key: _late(seen) for key, seen in found.items() if too_far(plans[key], seen)}
        items = [plan.update for key, plan in plans.items() if key not in late]
        outcomes: dict[str, Outcome] = dict(late)
        if items:
            outcomes |= {
                key: msgspec.structs.replace(outcome, shown=found.get(key))
                for key, outcome in (await self._sent(items)).items()
            }
        return await self._explained({key: plan for key, plan in plans.items() if key not in late}, outcomes)

    async def _sent(self, items: list[OutboundUpdate]) -> dict[str, Outcome]:
        """Send; what is raised of one update says the same as its result would."""
        try:
            return {each.key: from_push(each) for each in await self.wms.update_outbound(items)}
        except Rejected as error:
            if len(items) > 1:
                raise
            return {items[0].key: from_refusal(error)}

    async def _seen(self, plans: Mapping[str, Planned]) -> dict[str, RemoteOutbound | None]:
        if not plans or not self.abilities.tells_stage:
            return {}
        keys = {key: plan.update.request.key for key, plan in plans.items()}
        found = await look_up(self.wms, list(dict.fromkeys(keys.values())))
        return {key: found.get(outbound) for key, outbound in keys.items()}

    async def _explained(self, plans: Mapping[str, Planned], outcomes: dict[str, Outcome]) -> dict[str, Outcome]:
        """Ask how far those documents are for which a change came too late, so that it can be decided about again."""
        unseen = {key: plans[key] for key, each in outcomes.items() if each.answer is Answer.REFUSED and key in plans}
        try:
            found = await self._seen(unseen)
        except ConnectorError:
            found = {}  # the refusal stands; how far the document is will be seen another time
        for key, seen in found.items():
            outcomes[key] = msgspec.structs.replace(outcomes[key], shown=seen)
        return outcomes

    async def ask(self, claimed: Sequence[Operation]) -> Mapping[str, Outcome]:
        """Ask whether a document says by now what it was to say."""
        updates = {operation.key: read_plan(operation.body).update for operation in claimed}
        found = await look_up(self.wms, [update.request.key for update in updates.values()])
        return {key: answered(update, found.get(update.request.key)) for key, update in updates.items()}

    def settled(self, tx: Transaction, operation: Operation, verdict: OperationVerdict, now: datetime) -> None:
        """Take a confirmed update as what the warehouse has; decide again about a refused one."""
        if verdict.state not in (OperationState.DONE, OperationState.FAILED):
            return
        case = self.case(tx, operation, now)
        if case is None:
            return
        if verdict.state is OperationState.DONE:
            learn_stage(case, verdict.shown)
            confirmed(case, read_plan(operation.body).update, operation.revision, now)
            if case.record.pending or case.stored.revision > operation.revision:
                self.look_again(case)
        else:
            self._refused(case, operation, verdict)
        case.save()

    def _refused(self, case: Case, operation: Operation, verdict: OperationVerdict) -> None:
        push, record = case.push, case.record
        learn(case, verdict.shown)
        text = verdict.text or verdict.code or "no reason was given"
        case.tell(
            "update_refused", f"{push.warehouse} did not take the update to revision {operation.revision}: {text}"
        )
        groups = frozenset(read_plan(operation.body).update.groups)
        # where the stage alone forbids it by now, the next look finds that out; else the refusal itself has to be kept,
        # or the same would be sent for ever
        stage, declared = push.at_stage, self.abilities.updates
        moved = any(at_stage(group, stage, declared)[0] is not Move.UPDATE for group in groups)
        chosen = record.chosen()
        for each in record.decisions():
            if each.group in groups and each.move is Move.UPDATE and (each.clause == "forced" or not moved):
                chosen[each.path] = Choice("refused", each.after, text)
        record.choices = as_json(chosen)
        if push.state is PushState.UPDATE_PENDING:
            self.look_again(case)
        elif push.state not in CANCELLING:
            push.again_at = case.at


def _late(seen: RemoteOutbound | None) -> Outcome:
    if seen is None or seen.stage is None:
        return Outcome(answer=Answer.REFUSED, code="gone", text="the warehouse has no such document any more")
    return Outcome(answer=Answer.REFUSED, code=TOO_LATE, text=f"the document is {seen.stage.value} by now", shown=seen)


def too_far(plan: Planned, seen: RemoteOutbound | None) -> bool:
    """Tell whether a document is beyond the last stage at which an update may be sent."""
    if seen is None:
        return True
    return seen.stage is not None and plan.until is not None and RANK[seen.stage] > RANK[plan.until]


def answered(update: OutboundUpdate, seen: RemoteOutbound | None) -> Outcome:
    """Read from what the warehouse holds what became of an update that it passed on."""
    if seen is None:
        return Outcome(answer=Answer.REFUSED, code="gone", text="the warehouse has no such document any more")
    if seen.content is not None and same_content(seen.content, update.request):
        return Outcome(answer=Answer.DONE, remote_id=seen.remote_id or None)
    if seen.content is None and seen.revision is not None and seen.revision >= update.request.revision:
        return Outcome(answer=Answer.DONE, remote_id=seen.remote_id or None)
    if seen.stage in (Stage.OUTBOUND, Stage.CANCELLED):
        return Outcome(
            answer=Answer.REFUSED, code=TOO_LATE, text=f"the document is {seen.stage.value} by now", shown=seen
        )
    return Outcome(answer=Answer.REQUESTED)


def learn(case: Case, shown: object) -> None:
    """Keep what the warehouse told of a document: how far it is, and what it says."""
    learn_stage(case, shown)
    if isinstance(shown, RemoteOutbound) and shown.content is not None:
        case.record.base, case.record.base_revision = encode(shown.content), shown.content.revision


def learn_stage(case: Case, shown: object) -> None:
    """Keep how far a document is; a stage never goes back."""
    stage = shown.stage if isinstance(shown, RemoteOutbound) else None
    if stage is not None and stage is not Stage.CANCELLED:
        case.push.stage = max(case.push.stage or 0, RANK[stage])


class CancelHandler(Handler):
    """Asks a warehouse to cancel; the OMS is told only after the warehouse confirmed it."""

    kind = CANCEL

    async def send(self, claimed: Sequence[Operation]) -> Mapping[str, Outcome]:
        """Ask once."""
        operation = claimed[0]
        try:
            outcome = from_push(await self.wms.cancel_outbound(read_cancel(operation.body)))
        except Rejected as error:  # "already cancelled" is raised by one system and returned by the next
            outcome = from_refusal(error)
        if outcome.answer is Answer.REFUSED and self.abilities.can_find:
            outcome = await self._confirmed(operation, outcome)
        return {operation.key: outcome}

    async def _confirmed(self, operation: Operation, outcome: Outcome) -> Outcome:
        """See how far the document is; one that is cancelled already was not refused."""
        outbound = read_cancel(operation.body).outbound_key
        try:
            seen = (await self.wms.find_outbound([outbound])).get(outbound)
        except ConnectorError:
            return outcome
        if seen is not None and seen.stage is Stage.CANCELLED:
            return Outcome(answer=Answer.DONE, remote_id=seen.remote_id or None, shown=seen)
        return msgspec.structs.replace(outcome, shown=seen)

    async def ask(self, claimed: Sequence[Operation]) -> Mapping[str, Outcome]:
        """Ask whether it is cancelled. What is not, is asked for again after a doubt, and awaited after a request."""
        operation = claimed[0]
        outbound = read_cancel(operation.body).outbound_key
        try:
            seen = (await self.wms.find_outbound([outbound])).get(outbound)
        except Unsupported as error:
            return {operation.key: Outcome(answer=Answer.REFUSED, code="unsupported", text=error.message)}
        if seen is None or seen.stage is Stage.CANCELLED:
            return {operation.key: Outcome(answer=Answer.DONE, shown=seen)}
        if seen.stage is Stage.OUTBOUND:
            text = "it has left the warehouse"
            return {operation.key: Outcome(answer=Answer.REFUSED, code=TOO_LATE, text=text, shown=seen)}
        passed_on = operation.state is OperationState.REQUESTED
        answer = Answer.REQUESTED if passed_on else Answer.ABSENT
        return {operation.key: Outcome(answer=answer, text="the warehouse has not cancelled it yet", shown=seen)}

    def settled(self, tx: Transaction, operation: Operation, verdict: OperationVerdict, now: datetime) -> None:
        """Let the push follow what the warehouse said of its cancellation."""
        case = self.case(tx, operation, now)
        if case is None or case.push.state not in CANCELLING:
            return
        learn(case, verdict.shown)
        match verdict.state:
            case OperationState.DONE:
                case.confirm_cancelled(f"{case.push.warehouse} confirmed that it does not ship it")
            case OperationState.FAILED:
                self._refused(case, verdict.text or verdict.code or "it gave no reason", verdict.code or "")
            case OperationState.IN_DOUBT:
                self._waits(case, PushState.IN_DOUBT_CANCEL, verdict.text)
            case _:
                self._waits(case, PushState.CANCEL_REQUESTED, verdict.text)
        case.save()

    @staticmethod
    def _waits(case: Case, state: PushState, text: str | None) -> None:
        if case.push.state is not state:
            case.go(state)
            case.tell(state.name.lower(), text or "its warehouse has not decided yet")

    def _refused(self, case: Case, text: str, code: str) -> None:
        if case.cancelled:
            case.reject_cancel(
                "too_late" if code == TOO_LATE else "refused", f"its warehouse did not cancel it: {text}"
            )
            return
        case.go_home()
        case.tell("cancel_rejected", f"its warehouse did not cancel it ({text}), and that is not wanted any more")
        case.save_step()
        self.look_again(case)


class HoldHandler(Handler):
    """Asks a warehouse to keep a document waiting while a person decides, or to go on with it."""

    kind = HOLD

    async def send(self, claimed: Sequence[Operation]) -> Mapping[str, Outcome]:
        """Ask once."""
        operation = claimed[0]
        return {operation.key: from_push(await self.wms.hold_outbound(read_hold(operation.body)))}

    async def ask(self, claimed: Sequence[Operation]) -> Mapping[str, Outcome]:
        """What was passed on counts as done: whether it waits decides nothing here."""
        return {operation.key: Outcome(answer=Answer.DONE) for operation in claimed}

    def settled(self, tx: Transaction, operation: Operation, verdict: OperationVerdict, now: datetime) -> None:
        """Tell what came of it; a person decides in any case."""
        if verdict.state not in (OperationState.DONE, OperationState.FAILED):
            return
        case = self.case(tx, operation, now)
        if case is None:
            return
        on = read_hold(operation.body).on
        asked = "keep it waiting" if on else "go on with it"
        if verdict.state is OperationState.DONE:
            case.tell("warehouse_holds" if on else "warehouse_goes_on", f"{case.push.warehouse} was asked to {asked}")
        else:
            case.record.held = False
            case.tell("hold_refused", f"{case.push.warehouse} did not {asked}: {verdict.text or verdict.code}")
        case.save()
