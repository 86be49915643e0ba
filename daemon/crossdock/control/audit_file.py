"""The audit in a database file, verified from outside a running daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.control import audit_check
from crossdock.control.database import DatabaseProblem, opened
from crossdock.store import audit_chain
from crossdock.store.store import Transaction

if TYPE_CHECKING:
    from pathlib import Path

    from crossdock.control.audit_check import Noted
    from crossdock.control.records.audit import Verified


def verify_file(path: Path, noted: Noted) -> Verified:
    """Verify the whole chain in a file; a daemon may be running. Raises DatabaseProblem."""
    with opened(_one_of_sqlite(path)) as database:
        if not database.table_exists("orders"):
            raise DatabaseProblem(f"{path} is no database of crossdock: name its crossdock.db, or a backup of it")
        if not database.table_exists("audit_seal"):
            raise DatabaseProblem(f"{path} has no audit that could be verified; run `crossdock db migrate` first")
        tx, walk = Transaction(database), audit_chain.Walk()
        while not walk.ended and walk.bad is None:
            walk = audit_chain.step(tx, walk)
        return audit_check.found(tx, walk, noted)


def _one_of_sqlite(path: Path) -> Path:
    """Return the path if an SQLite file stands there: whoever names a file here need not mean the daemon's. Raises DatabaseProblem."""
    if not path.exists():
        raise DatabaseProblem(f"there is no file {path}")
    if not path.is_file():
        raise DatabaseProblem(f"{path} is no file: name the crossdock.db in it, or a backup of it")
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise DatabaseProblem(f"{path} is no SQLite database: name a crossdock.db, or a backup of it")
    return path


_MAGIC = b"SQLite format 3\0"
