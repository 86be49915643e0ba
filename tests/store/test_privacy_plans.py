"""What housekeeping, the audit and approvals ask of the database is found by an index."""

from __future__ import annotations

import re

import pytest
from tests.store.test_query_plans import IDS, MS, Recording, database, plans, tx

from crossdock.rules.approval_states import ApprovalState
from crossdock.store import approvals, audit, audit_chain, privacy

__all__ = ["Recording", "database", "tx"]  # fixtures
pytestmark = pytest.mark.security("S6", "S16")

HOT = {
    "due": (lambda tx: privacy.due(tx, privacy.WHOLE, MS, 100), "order_personal"),
    "bodies": (lambda tx: privacy.remove_bodies(tx, IDS), "PRIMARY KEY"),
    "open": (lambda tx: privacy.is_open(tx, 1), "operation_order"),
    "words": (lambda tx: privacy.remove_words(tx, 1), "incident_subject"),
    "told": (lambda tx: privacy.told(tx, 1), "timeline"),
    "quarantine": (lambda tx: privacy.empty_quarantined(tx, MS, "gone", 100), "quarantine_age"),
    "newest": (lambda tx: audit.newest(tx, audit.Sought(), None, 50), "audit_request"),
    "by actor": (lambda tx: audit.newest(tx, audit.Sought(actor="anna"), None, 50), "audit_actor"),
    "by action": (lambda tx: audit.newest(tx, audit.Sought(action="push"), None, 50), "audit_action"),
    "by object": (lambda tx: audit.newest(tx, audit.Sought(object="oms/A"), None, 50), "audit_object"),
    "since": (lambda tx: audit.newest(tx, audit.Sought(since=MS), None, 50), "audit_at"),
    "last look": (lambda tx: audit.last_at(tx, "anna", "pii.reveal", "oms/A"), "audit_object"),
    "chain": (lambda tx: audit_chain.step(tx, audit_chain.Walk()), "PRIMARY KEY"),
    "prune": (lambda tx: audit_chain.prune(tx, MS, 500, MS), "PRIMARY KEY"),
    "approvals": (lambda tx: approvals.page(tx, ["view"], 0, None, None, 50), "PRIMARY KEY"),
    "open approvals": (
        lambda tx: approvals.page(tx, ["view"], 0, ApprovalState.PROPOSED, None, 50), "approval_state",
    ),
    "expired": (lambda tx: approvals.expired(tx, MS, 100), "approval_state"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOT)
def test_what_is_asked_often_uses_its_index(database, tx, name):
    unit, index = HOT[name]
    unit(tx)
    found = plans(database, tx)
    assert any(index in line for _, lines in found for line in lines), found
    for sql, lines in found:
        for line in lines:
            assert not re.search(
                r"\bSCAN (o|orders|audit|approvals|operations|quarantine|pushes|timeline)\b(?! USING)", line
            ), (sql, line)
