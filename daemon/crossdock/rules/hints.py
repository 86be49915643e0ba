"""Hints coalesced: however many come, each kind of thing of a connection is fetched at most once in a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.spec.webhooks import Subject

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crossdock.spec.webhooks import Hint

MOST_REFS = 500
"""Orders that are fetched by name at once, at most; with more, what changed is listed instead."""


class Due(Struct, frozen=True):
    """A fetch that hints ask for now. `refs` empty: whatever changed."""

    connection: str
    subject: Subject
    refs: tuple[str, ...] = ()


class Hints:
    """What is hinted at and not fetched yet. It holds one entry a (connection, subject), of bounded size.

    Times are seconds of a clock that only goes forward.
    """

    def __init__(self, gap_s: float) -> None:
        self._gap = gap_s
        self._wanted: dict[tuple[str, Subject], dict[str, None] | None] = {}
        self._last: dict[tuple[str, Subject], float] = {}

    def add(self, connection: str, hints: Iterable[Hint]) -> None:
        """Take hints of a connection; None stands for so many orders, or none that is named, that all changes are listed."""
        for hint in hints:
            key = (connection, hint.subject)
            refs = self._wanted.setdefault(key, {})
            named = hint.subject is Subject.ORDER and hint.ref is not None and hint.ref.splitlines() == [hint.ref]
            if refs is None or not named or hint.ref is None:
                self._wanted[key] = None
                continue
            refs[hint.ref] = None
            if len(refs) > MOST_REFS:
                self._wanted[key] = None

    def due(self, now: float) -> list[Due]:
        """Return what is to be fetched now; it is forgotten here."""
        ready = [key for key in self._wanted if self._at(key) <= now]
        found = []
        for key in ready:
            refs = self._wanted.pop(key)
            self._last[key] = now
            found.append(Due(*key, tuple(refs or ())))
        return found

    def next_at(self) -> float | None:
        """Return when something is due next; None if nothing is wanted."""
        return min(map(self._at, self._wanted), default=None)

    def forget(self, connection: str) -> None:
        """Forget a connection that is gone."""
        for table in (self._wanted, self._last):
            for key in [key for key in table if key[0] == connection]:
                del table[key]

    def _at(self, key: tuple[str, Subject]) -> float:
        last = self._last.get(key)
        return float("-inf") if last is None else last + self._gap
