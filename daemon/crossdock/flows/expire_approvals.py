"""Proposals that nobody decided in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.rules.approval_states import ApprovalState
from crossdock.store import approvals, audit
from crossdock.store.audit import Entry
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from datetime import datetime

    from crossdock.store.store import Transaction

EXPIRED_AT_ONCE = 100
"""Proposals marked as expired in one transaction."""


def expire_due(tx: Transaction, now: datetime) -> int:
    """Mark proposals that nobody decided in time; return how many."""
    found = approvals.expired(tx, to_ms(now), EXPIRED_AT_ONCE)
    for each in found:
        approvals.decided(tx, each.id, ApprovalState.EXPIRED, audit.DAEMON, None, to_ms(now), "nobody decided in time")
        gone = Entry(
            actor=audit.DAEMON, action="approval.expire", object=f"{each.action} {each.object}",
            reason=f"approval {each.id}, proposed by {each.proposed_by}",
        )  # fmt: skip
        audit.write(tx, gone, to_ms(now))
    return len(found)
