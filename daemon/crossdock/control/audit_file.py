"""The audit in a database file, verified from outside a running daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.control import audit_check
from crossdock.control.database import DatabaseProblem, existing, opened
from crossdock.store import audit_chain
from crossdock.store.store import Transaction

if TYPE_CHECKING:
    from pathlib import Path

    from crossdock.control.audit_check import Noted
    from crossdock.control.records.audit import Verified


def verify_file(path: Path, noted: Noted) -> Verified:
    """Verify the whole chain in a file; a daemon may be running. Raises DatabaseProblem."""
    with opened(existing(path)) as database:
        if not database.table_exists("audit_seal"):
            raise DatabaseProblem(f"{path} has no audit that could be verified; run `crossdock db migrate` first")
        tx, walk = Transaction(database), audit_chain.Walk()
        while not walk.ended and walk.bad is None:
            walk = audit_chain.step(tx, walk)
        return audit_check.found(tx, walk, noted)
