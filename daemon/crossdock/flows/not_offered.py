"""A list that a remote system does not have: said once, asked for again now and then, and no failure of its connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.rules.troubles import Cause, Trouble
from crossdock.store import incidents

if TYPE_CHECKING:
    from crossdock.store.store import Transaction

LISTING = "listing"
"""The operation of these incidents."""
CODE = "not_offered"


def report(tx: Transaction, connection: str, stream: str, text: str, now: int) -> None:
    """Say that a connection does not offer a stream. Saying it again changes nothing."""
    trouble = Trouble(
        cause=Cause.REFUSED, connection=connection, operation=LISTING, code=CODE, missing=stream,
        text=f"{connection} does not offer its {stream}; everything else goes on, and it is asked again every hour",
    )  # fmt: skip
    incidents.report(tx, trouble, _subject(connection, stream), now, text)


def heal(tx: Transaction, connection: str, stream: str, now: int) -> None:
    """It offers it, or nobody wants it any more."""
    incidents.heal(tx, _subject(connection, stream), now, operation=LISTING)


def _subject(connection: str, stream: str) -> str:
    return f"listing:{connection}:{stream}"
