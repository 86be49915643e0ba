"""What a verification of the audit found, as a record: the same for the API and for a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.control.records.audit import Verified
from crossdock.store import audit, audit_chain
from crossdock.store.audit_chain import Bad

if TYPE_CHECKING:
    from crossdock.store.audit_chain import Walk
    from crossdock.store.store import Transaction

Noted = tuple[int, str] | None
"""A row and the hash that it had when somebody noted it."""


def found(tx: Transaction, walk: Walk, noted: Noted) -> Verified:
    """Say how far the chain is good, and whether a row still is what was noted."""
    sealed = audit.seal(tx)
    bad = walk.bad or _unlike(tx, noted, sealed.pruned_to)
    return Verified(
        ok=bad is None, checked=walk.checked, kept_from=sealed.pruned_to + 1, at=walk.at, hash=walk.hash,
        ended=walk.ended, text=_said(walk, sealed.pruned_to) if bad is None else bad.text,
        bad_row=None if bad is None else bad.id,
    )  # fmt: skip


def _unlike(tx: Transaction, noted: Noted, pruned_to: int) -> Bad | None:
    if noted is None or noted[0] <= pruned_to or audit_chain.hash_at(tx, noted[0]) == noted[1]:
        return None
    text = f"row {noted[0]} is not the one that was noted: rows were written anew, or cut off and written again"
    return Bad(noted[0], text)


def _said(walk: Walk, pruned_to: int) -> str:
    older = f"; rows up to {pruned_to} were removed by age" if pruned_to else ""
    if not walk.ended:
        return f"good up to row {walk.at}; there is more"
    return f"everything up to row {walk.at} is there and in order{older}"
