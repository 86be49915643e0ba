"""A list that a remote system does not have, or that cannot be read: said once, asked for again, no failure of its connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.rules.troubles import Cause, Held, Trouble
from crossdock.store import incidents

if TYPE_CHECKING:
    from crossdock.store.store import Transaction

LISTING = "listing"
"""The operation of these incidents."""
CODE, UNREADABLE = "not_offered", "unreadable_list"


def report(tx: Transaction, connection: str, stream: str, text: str, now: int) -> None:
    """Say that a connection does not offer a stream. Saying it again changes nothing."""
    trouble = Trouble(
        cause=Cause.REFUSED, connection=connection, operation=LISTING, code=CODE, missing=stream,
        text=f"{connection} does not offer its {stream}; everything else goes on, and it is asked again every hour",
    )  # fmt: skip
    incidents.keep(tx, _subject(connection, stream), LISTING, (Held(trouble, text),), now)


def report_unreadable(tx: Transaction, connection: str, stream: str, text: str, now: int) -> None:
    """Say that what a connection lists cannot be read. Saying it again changes nothing but the reason."""
    trouble = Trouble(
        cause=Cause.BUG, connection=connection, operation=LISTING, code=UNREADABLE, missing=stream,
        text=f"the {stream} of {connection} cannot be read; everything else goes on, and they are asked for again",
    )  # fmt: skip
    incidents.keep(tx, _subject(connection, stream), LISTING, (Held(trouble, text),), now)


def heal(tx: Transaction, connection: str, stream: str, now: int) -> None:
    """It offers it and it can be read, or nobody wants it any more."""
    incidents.heal(tx, _subject(connection, stream), now, operation=LISTING)


def _subject(connection: str, stream: str) -> str:
    return f"listing:{connection}:{stream}"
