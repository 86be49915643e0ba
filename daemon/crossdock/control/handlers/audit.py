"""The audit: listed and verified. Proposals that a second person decides. Who the caller is. Personal data removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crossdock.control import audit_check
from crossdock.control.permissions import Right
from crossdock.control.problems import not_found, not_valid
from crossdock.control.records.asks import Done
from crossdock.control.records.audit import (
    ApprovalItem,
    ApprovalPage,
    AuditItem,
    AuditPage,
    WhoAmI,
)
from crossdock.rules.approval_states import ApprovalState, Person
from crossdock.store import approvals, audit, audit_chain
from crossdock.store.times import from_ms, to_ms

if TYPE_CHECKING:
    from crossdock.control.records.audit import ApprovalQuery, AuditQuery, Reject, Verified, VerifyQuery
    from crossdock.control.route import Call
    from crossdock.store.approvals import Approval
    from crossdock.store.audit import Audited

STEPS = 20
"""Steps of the verification in one request, each of audit_chain.STEP rows."""


async def list_audit(call: Call[None, AuditQuery]) -> AuditPage:
    """List who did what, newest first."""
    query = call.query
    if query.since is not None and query.since.tzinfo is None:
        raise not_valid("since needs its time zone, as in 2026-01-31T00:00:00Z")
    since = None if query.since is None else to_ms(query.since)
    sought = audit.Sought(actor=query.actor, action=query.action, object=query.object, result=query.result, since=since)
    rows = await call.engine.store.read(audit.newest, sought, query.after, query.limit + 1)
    more = rows[query.limit - 1].id if len(rows) > query.limit else None
    return AuditPage(items=tuple(map(_audit_item, rows[: query.limit])), next=more)


def _audit_item(row: Audited) -> AuditItem:
    return AuditItem(
        id=row.id, at=from_ms(row.at), actor=row.actor, action=row.action, object=row.object, result=row.result,
        reason=row.reason, uid=row.uid, roles=row.roles, before=row.before, after=row.after, request=row.request,
        hash=row.hash,
    )  # fmt: skip


async def verify_audit(call: Call[None, VerifyQuery]) -> Verified:
    """Verify the chain of the audit, at most 20,000 rows a request, and name the first row that is wrong."""
    query, store = call.query, call.engine.store
    if (query.expect_row is None) != (query.expect_hash is None):
        raise not_valid("expect_row and expect_hash go together")
    walk = audit_chain.Walk(at=query.at, hash=query.hash)
    for _ in range(STEPS):
        walk = await store.read(audit_chain.step, walk)
        if walk.ended or walk.bad is not None:
            break
    noted = None if query.expect_row is None or query.expect_hash is None else (query.expect_row, query.expect_hash)
    return await store.read(audit_check.found, walk, noted)


async def list_approvals(call: Call[None, ApprovalQuery]) -> ApprovalPage:
    """List what waits for a second person, and what became of it: what the caller proposed or may decide, newest first."""
    query, caller = call.query, call.caller
    state = None if query.state is None else ApprovalState[query.state.upper()]
    rights = [right.value for right in sorted(caller.rights)]
    rows = await call.engine.store.read(
        approvals.page, rights, caller.user, state, query.after, query.limit + 1, query.text
    )
    more = rows[query.limit - 1].id if len(rows) > query.limit else None
    return ApprovalPage(items=tuple(_approval_item(call, row) for row in rows[: query.limit]), next=more)


def _approval_item(call: Call[Any, Any], row: Approval) -> ApprovalItem:
    own = Person(row.proposed_by, row.proposed_uid).is_also(Person(call.caller.user, call.caller.uid))
    return ApprovalItem(
        id=row.id, action=row.action, needs=row.needs, object=row.object, text=row.text, state=row.state.name.lower(),
        proposed_by=row.proposed_by, proposed_at=from_ms(row.proposed_at), expires_at=from_ms(row.expires_at),
        decided_by=row.decided_by, decided_at=from_ms(row.decided_at), outcome=row.outcome, own=own,
    )  # fmt: skip


async def approve(call: Call[None, object]) -> ApprovalItem:
    """Approve what another person proposed; it is carried out at once. The same right is needed, and not the same user."""
    found = await _proposal(call)
    return _approval_item(call, await call.requests.approvals.approve(found.id, call.audited()))


async def reject(call: Call[Reject, object]) -> ApprovalItem:
    """Turn down what another person proposed, or take back what one proposed oneself."""
    found = await _proposal(call)
    return _approval_item(call, await call.requests.approvals.reject(found.id, call.body.reason, call.audited()))


async def _proposal(call: Call[object, object]) -> Approval:
    """Find the proposal, and refuse whoever lacks the right that it needs."""
    number = call.path["id"]
    found = await call.requests.approvals.get(number)
    if found is None:
        raise not_found(f"there is no approval {number}")
    call.need(Right(found.needs), f"deciding approval {number}")
    return found


async def whoami(call: Call[None, object]) -> WhoAmI:
    """Show who the caller is to the daemon, with roles and rights."""
    caller = call.caller
    rights = tuple(right.value for right in Right if right in caller.rights)
    return WhoAmI(
        user=caller.user, uid=caller.uid, roles=caller.roles, rights=rights, token=caller.token, until=caller.until
    )


async def forget_order(call: Call[None, object]) -> Done:
    """Remove the personal data of one order that ended; an order that is open is refused."""
    answer = await call.requests.privacy.forget(call.path["connection"], call.path["ref"], call.audited())
    return Done(order=answer.order, done=answer.done, text=answer.text)
