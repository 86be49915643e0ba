"""Operations: what is written to remote systems beside orders; listed, shown, and carried out again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from crossdock.control import auditing
from crossdock.control import known as names
from crossdock.control.handlers.actions import COUNTED, matching
from crossdock.control.permissions import Right
from crossdock.control.problems import not_found, not_valid
from crossdock.control.records.operations import (
    MAX_RETRIED,
    NotRetried,
    OperationDetail,
    OperationItem,
    OperationPage,
    Retried,
)
from crossdock.flows import cost_ledgers
from crossdock.flows.retry_failed import retry_failed
from crossdock.rules.operation_states import UNSETTLED, OperationState
from crossdock.rules.troubles import (
    LABEL,
    OUTBOUND_CANCEL,
    OUTBOUND_HOLD,
    OUTBOUND_UPDATE,
    POST_INBOUND,
    POST_OUTBOUND,
    PRODUCT,
)
from crossdock.spec.costs import CostChange, CostKind
from crossdock.store import operations, operations_list
from crossdock.store.operations_list import Sought
from crossdock.store.times import from_ms

if TYPE_CHECKING:
    from crossdock.control.records.asks import Matching
    from crossdock.control.records.operations import FailedOperations, OperationQuery, RetryOperations
    from crossdock.control.route import Call
    from crossdock.store.operations import Operation

SHOWN = 20_000
"""Characters of a body shown, at most."""


async def list_operations(call: Call[OperationQuery, OperationQuery]) -> OperationPage:
    """List writes that are under way or failed, oldest first, by connection, kind and state."""
    query = call.query
    await names.check(call.engine, kind=query.kind)
    state = None if query.state == "open" else OperationState[query.state.upper()]
    sought = Sought(state=state, connection=query.connection, kind=query.kind)
    rows = await call.engine.store.read(operations_list.page, sought, query.after, query.limit + 1)
    more = rows[query.limit - 1].id if len(rows) > query.limit else None
    return OperationPage(items=tuple(map(_item, rows[: query.limit])), next=more)


async def show_operation(call: Call[None, object]) -> OperationDetail:
    """Show one write. What is sent is shown to those who may see personal data, and of costs only to those who may see them."""
    number = call.path["id"]
    found = await call.engine.store.read(operations_list.get, number)
    if found is None:
        raise not_found(f"there is no operation {number}")
    may = found.kind != "cost" or call.may(Right.COST_VIEW)
    shown = may and await auditing.revealed(call, f"operation:{number}")
    text = found.body.decode("utf-8", "replace")[:SHOWN] if shown else None
    return OperationDetail(item=_item(found), key=found.key, size=len(found.body), body=text)


async def count_failed_operations(call: Call[object, FailedOperations]) -> Matching:
    """Count the failed writes that would be carried out again, of a connection or kind if named."""
    query = call.query
    return matching(
        await call.engine.store.read(operations_list.count_failed, query.connection, query.kind, COUNTED + 1)
    )


async def retry_operations(call: Call[RetryOperations, object]) -> Retried:
    """Carry failed writes out again, as they are: those named, or a page of all that failed.

    A write needs the right of what it does, too; of all that failed, those that the caller has no right to are left. So is
    what a decision, or something newer, has overtaken.
    """
    body, engine = call.body, call.engine
    if bool(body.operations) == body.all_failed:
        raise not_valid("name the operations, or say all_failed: one of the two")
    if body.operations and (body.connection or body.kind or body.after):
        raise not_valid("connection, kind and after go with all_failed only")
    more, numbers = None, list(dict.fromkeys(body.operations))
    await names.check(engine, connection=body.connection, kind=body.kind)
    if body.all_failed:
        sought = Sought(state=OperationState.FAILED, connection=body.connection, kind=body.kind)
        rows = await engine.store.read(operations_list.page, sought, body.after, MAX_RETRIED + 1)
        numbers = [row.id for row in rows[:MAX_RETRIED]]
        more = numbers[-1] if len(rows) > MAX_RETRIED else None
    known = await engine.store.read(operations.by_ids, numbers)
    lacked = {each.id: right for each in known if (right := needs(each)) is not None and not call.may(right)}
    if not body.all_failed and lacked:
        number, right = next(iter(lacked.items()))
        call.need(right, f"operation {number}")
    again = await engine.store.write(retry_failed, [each for each in numbers if each not in lacked], engine.env.now())
    engine.wake_operations(engine.links)
    left = {number: f"you lack the right '{right}', which it needs" for number, right in lacked.items()}
    left |= {each.number: each.text for each in again.kept}
    text = f"{len(again.queued)} of {len(numbers)} are carried out again"
    kept = tuple(NotRetried(operation=number, text=left[number]) for number in numbers if number in left)
    return Retried(queued=len(again.queued), of=len(numbers), text=text, next=more, kept=kept)


def needs(operation: Operation) -> Right | None:
    """Say which right a write needs beside that of retrying: the one by which a person has it made."""
    if operation.kind != cost_ledgers.KIND:
        return _NEEDS.get(operation.kind)
    change = msgspec.json.decode(operation.body, type=CostChange)
    return Right.COST_PLAN_EDIT if change.kind is CostKind.PLANNED else Right.COST_ACTUAL_EDIT


_NEEDS = {
    OUTBOUND_UPDATE: Right.ORDER_SYNC, OUTBOUND_CANCEL: Right.CANCEL_REQUEST, OUTBOUND_HOLD: Right.ORDER_HOLD,
    LABEL: Right.LABEL_PULL, POST_OUTBOUND: Right.PUSH_REPUSH, POST_INBOUND: Right.PUSH_REPUSH,
    PRODUCT: Right.MASTER_RESOLVE,
}  # fmt: skip
"""By kind. Stock is sent by its own switch, without anybody's doing: retrying it needs nothing more."""


def _item(row: Operation) -> OperationItem:
    waits = row.state in UNSETTLED
    return OperationItem(
        id=row.id, connection=row.connection, kind=row.kind, subject=row.subject, state=row.state.name.lower(),
        revision=row.revision, attempts=row.attempts, actor=row.actor, queued_at=from_ms(row.queued_at),
        sent_at=from_ms(row.sent_at), next_at=from_ms(row.next_at) if waits else None, error_kind=row.error_kind,
        error_code=row.error_code, error=row.error_text,
    )  # fmt: skip
