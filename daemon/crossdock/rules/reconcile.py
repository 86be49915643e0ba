"""Compare what the OMS shows, what the warehouse holds and what we know; say what is wrong, in words, and what to do."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.rules.changes import differences
from crossdock.rules.push_states import PushState
from crossdock.spec.outbound import OutboundRequest, RemoteOutbound, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable

DOUBTFUL = frozenset({PushState.PUSHED, PushState.ACCEPTED})
"""The warehouse has it, and nothing else is asked of it: one that is missing there is in doubt."""
COUNTED = DOUBTFUL | {PushState.CANCEL_REJECTED, PushState.PARTIALLY_SHIPPED}
"""States in which we say that the warehouse has a document. Of one that is being updated or cancelled, the operation that does
that finds out by itself what the warehouse holds; of one that has left, or that the warehouse cancelled, nothing is expected."""
ASKED = COUNTED | {PushState.IN_DOUBT, PushState.PUSH_FAILED}
"""States whose key the warehouse is asked about."""


class Finding(StrEnum):
    """What is wrong with one order or document (RELIABILITY P6)."""

    MISSING_HERE = "missing_here"
    STALE_HERE = "stale_here"
    GONE = "gone"
    MISSING_THERE = "missing_there"
    VANISHED = "vanished"
    ARRIVED = "arrived"
    CANCELLED_THERE = "cancelled_there"
    DRIFTED = "drifted"
    DRIFTED_AGAIN = "drifted_again"
    UNKNOWN_THERE = "unknown_there"
    DOUBLED_THERE = "doubled_there"


class Remedy(StrEnum):
    """What is done about a finding. INCIDENT tells a person, everything else mends it.

    FOLLOW: the push follows what the warehouse did. AMEND: what differs is decided about as any change after a push, by the
    stage of the document (rules.mutability), so that it is told to the warehouse or asked of a person.
    """

    FETCH = "fetch"
    DOUBT = "doubt"
    SETTLE = "settle"
    FOLLOW = "follow"
    AMEND = "amend"
    INCIDENT = "incident"


REMEDIES: dict[Finding, Remedy] = {
    Finding.MISSING_HERE: Remedy.FETCH,
    Finding.STALE_HERE: Remedy.FETCH,
    Finding.GONE: Remedy.INCIDENT,
    Finding.MISSING_THERE: Remedy.DOUBT,
    Finding.VANISHED: Remedy.INCIDENT,
    Finding.ARRIVED: Remedy.SETTLE,
    Finding.CANCELLED_THERE: Remedy.FOLLOW,
    Finding.DRIFTED: Remedy.AMEND,
    Finding.DRIFTED_AGAIN: Remedy.INCIDENT,
    Finding.UNKNOWN_THERE: Remedy.INCIDENT,
    Finding.DOUBLED_THERE: Remedy.INCIDENT,
}
"""Only what cannot make a second document is mended by itself: nothing is ever pushed because of a comparison alone."""

SENTENCES: dict[Finding, str] = {
    Finding.MISSING_HERE: "{0} has it since {1}, and no listing ever showed it; it is fetched now",
    Finding.STALE_HERE: "{0} changed it at {1}, and no listing showed that; it is fetched again",
    Finding.GONE: "{0} does not have it any more, and it waits here; hold or cancel it, or ask in the OMS what became of it",
    Finding.MISSING_THERE: (
        "it counts as pushed, and {0} has nothing under its key {1}; it is put in doubt and never sent again by itself: "
        "a person looks and settles it"
    ),
    Finding.VANISHED: "{0} has nothing under its key {1} any more, although it had it: ask there what became of it",
    Finding.ARRIVED: "{0} has it under its key {1}, although its push counted as failed or in doubt; it counts as pushed now",
    Finding.CANCELLED_THERE: "{0} cancelled its document {1}; its push follows",
    Finding.DRIFTED: "{0} holds something else under its key than it confirmed: {1}; that is decided about by its stage",
    Finding.DRIFTED_AGAIN: (
        "{0} was told again what the order says, confirmed it, and holds something else once more: {1}; see there who changes it"
    ),
    Finding.UNKNOWN_THERE: "{0} has the document {1} under a key of ours that nothing here belongs to",
    Finding.DOUBLED_THERE: "{0} made more of it than was ordered: {1}",
}
"""Facts are the connection, and what the finding is about. They may hold hostile text: clean before a terminal."""

_SETTLED_QUIETLY = frozenset({PushState.IN_DOUBT, PushState.PUSH_FAILED})


class OfOms(Struct, frozen=True, kw_only=True):
    """An order that the OMS shows and that we do not hold like this. `known`: we hold it, with other content.

    `covered` is until when the listings so far claim to have shown every change (UTC); None: no listing ended yet.
    """

    updated_at: datetime
    known: bool
    covered: datetime | None


def of_oms(seen: OfOms) -> Finding | None:
    """Judge an order of the OMS. What changed after the last listing is no finding: the next one brings it."""
    if seen.covered is None or seen.updated_at > seen.covered:
        return None
    return Finding.STALE_HERE if seen.known else Finding.MISSING_HERE


class OfWms(Struct, frozen=True, kw_only=True):
    """A push whose key the warehouse was asked about. `quiet`: long enough ago that "nothing" is to be believed.

    `held`: a run or a retry of its own is about to deal with it. `sent` is what the warehouse confirmed last; `repaired`: it
    was told that because it had drifted before.
    """

    state: PushState
    quiet: bool
    held: bool = False
    cancelled: bool = False
    repaired: bool = False
    sent: OutboundRequest | None = None
    found: RemoteOutbound | None = None


def of_wms(ours: OfWms) -> Finding | None:
    """Judge a push by what the warehouse holds under its key."""
    found = ours.found
    if ours.held:
        return None
    if found is None:
        return _missing(ours)
    if ours.state in _SETTLED_QUIETLY:
        return Finding.ARRIVED
    if ours.state not in COUNTED or ours.state is PushState.PARTIALLY_SHIPPED:
        return None
    if found.stage is Stage.CANCELLED:
        return Finding.CANCELLED_THERE
    if ours.state not in DOUBTFUL or ours.cancelled or not drift(ours):
        return None
    return Finding.DRIFTED_AGAIN if ours.repaired else Finding.DRIFTED


def _missing(ours: OfWms) -> Finding | None:
    if ours.state not in COUNTED or not ours.quiet:
        return None
    return Finding.MISSING_THERE if ours.state in DOUBTFUL else Finding.VANISHED


def drift(ours: OfWms) -> str:
    """Say in which parts the warehouse's document is not what it confirmed; "" if it is, or if nobody can tell."""
    if ours.sent is None or ours.found is None or ours.found.content is None:
        return ""
    return ", ".join(change.path for change in differences(ours.sent, ours.found.content)[:5])


class Brake(Struct, frozen=True, kw_only=True):
    """When a reconciliation stops before it mends anything (STYLE 6). Below `floor` it never does."""

    percent: float = 5
    actions: int = 500
    floor: int = 20


def braked(actions: int, compared: int, brake: Brake) -> str:
    """Say why so many repairs are not made without being asked for; "" if they are."""
    if actions <= brake.floor:
        return ""
    if actions > brake.actions:
        return f"{actions} repairs are more than {brake.actions}"
    if compared and actions * 100 > brake.percent * compared:
        return f"{actions} repairs are more than {brake.percent:g} % of the {compared} that were compared"
    return ""


def mending(findings: Iterable[Finding]) -> int:
    """Count the findings that are mended by themselves."""
    return sum(1 for finding in findings if REMEDIES[finding] is not Remedy.INCIDENT)


def next_run(last: datetime | None, now: datetime, clock: str, jitter: timedelta) -> datetime | None:
    """Say when the daily reconciliation is due (UTC): at `clock` (HH:MM) and `jitter`, once a day, or at once if missed.

    `last` is when it last began; None, a new installation, has nothing to compare yet: None.
    """
    if last is None:
        return None
    today = now.replace(hour=int(clock[:2]), minute=int(clock[3:]), second=0, microsecond=0)
    slot = today if today <= now else today - timedelta(days=1)
    if last > now:
        return slot + timedelta(days=1) + jitter  # the clock was set back
    return slot + jitter if last < slot else slot + timedelta(days=1) + jitter
