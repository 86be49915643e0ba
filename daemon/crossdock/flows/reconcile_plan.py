"""The plan of a reconciliation: what was found, in bounded memory, each kept as an item of its task when it is found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from crossdock.flows import doubled_documents
from crossdock.rules.reconcile import REMEDIES, SENTENCES, Finding, Remedy
from crossdock.rules.troubles import RECONCILE, Cause, Trouble
from crossdock.store import incidents, tasks
from crossdock.store.tasks import Item
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from crossdock.flows.house import House
    from crossdock.store.store import Transaction

MAX_FOUND = 10_000
"""Findings of one run, at most; the next run finds the rest."""
CHUNK = 500


class Watch(Protocol):
    """Asked between two calls: may the run go on."""

    def __call__(self) -> bool:
        """False when the daemon stops."""
        ...


class Scope(Struct, frozen=True, kw_only=True):
    """What is compared: orders created within so many days, of one warehouse or all, for a task."""

    days: int
    warehouse: str | None
    task_id: int


class Found(Struct, frozen=True, kw_only=True):
    """One finding. `subject` is its name among what incidents hold; `push_id` and `key` where it is about a push."""

    finding: Finding
    connection: str
    ref: str
    subject: str
    text: str
    push_id: int | None = None
    key: str = ""


def finding(kind: Finding, connection: str, ref: str, subject: str, about: str, **more: object) -> Found:
    """Make a finding with its sentence."""
    text = SENTENCES[kind].format(connection, about)
    return Found(finding=kind, connection=connection, ref=ref, subject=subject, text=text, **more)  # type: ignore[arg-type]  # push_id and key


@dataclass
class Plan:
    """What was found so far. `foreign` are documents that others made; `not_asked` says why a connection was not compared,
    `cannot` why one never can be; `off` are those that somebody switched off.
    """

    found: list[Found] = field(default_factory=list)
    compared: int = 0
    foreign: int = 0
    cut: bool = False
    not_asked: dict[str, str] = field(default_factory=dict)
    cannot: dict[str, str] = field(default_factory=dict)
    off: frozenset[str] = frozenset()

    async def add(self, house: House, scope: Scope, found: Sequence[Found]) -> None:
        """Take findings in, and keep them as items of the task."""
        room = MAX_FOUND - len(self.found)
        self.cut = self.cut or len(found) > room
        kept = list(found[:room])
        self.found += kept
        if kept:
            items = [Item(each.ref, each.finding.value, each.text) for each in kept]
            await house.store.write(keep, scope.task_id, items)


def keep(tx: Transaction, task_id: int, items: Sequence[Item]) -> None:
    """Keep items of a task."""
    tasks.add(tx, task_id, tasks.Totals(), items)


_TEXTS = {
    Finding.GONE: "orders wait here that {0} does not have any more",
    Finding.VANISHED: "{0} has nothing any more of orders that it did not cancel, or of which a part has left",
    Finding.DRIFTED_AGAIN: "{0} holds something else than it was told, again and again",
    Finding.UNKNOWN_THERE: "{0} has documents under keys of ours that nothing here belongs to",
}


def reported(tx: Transaction, plan: Plan, now: datetime) -> None:
    """Tell people of what is not mended by itself: one incident a connection and kind."""
    for each in plan.found:
        if REMEDIES[each.finding] is Remedy.INCIDENT:
            incidents.report(tx, trouble_of(each), each.subject, to_ms(now), each.text)


def trouble_of(found: Found) -> Trouble:
    """Say which incident holds a finding; that of documents that hold too much is closed by the documents alone."""
    if found.finding is Finding.DOUBLED_THERE:
        return doubled_documents.trouble_of(found.connection)
    text = _TEXTS[found.finding].format(found.connection)
    return Trouble(
        cause=Cause.DRIFT, connection=found.connection, operation=RECONCILE, code=found.finding.value, text=text
    )


def close_healed(tx: Transaction, plan: Plan, now: int) -> None:
    """Take out of the incidents of reconciliations what a whole run did not find any more where it looked."""
    unseen = {*plan.not_asked, *plan.cannot, *plan.off}
    found = {(trouble_of(f).fingerprint, f.subject) for f in plan.found if REMEDIES[f.finding] is Remedy.INCIDENT}
    for number, fingerprint, connection in incidents.open_of(tx, RECONCILE, Cause.DRIFT):
        if connection in unseen:
            continue
        after = ""
        while held := incidents.subjects(tx, number, after, CHUNK):
            for subject, _, _ in held:
                if (fingerprint, subject) not in found:
                    incidents.leave(tx, number, subject, now)
            after = held[-1][0]
