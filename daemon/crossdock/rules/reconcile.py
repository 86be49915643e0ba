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

COUNTED = frozenset({PushState.PUSHED, PushState.ACCEPTED})
"""States in which we say that the warehouse has a document."""
ASKED = COUNTED | {PushState.IN_DOUBT, PushState.PUSH_FAILED}
"""States whose key the warehouse is asked about."""


class Finding(StrEnum):
    """What is wrong with one order or document (RELIABILITY P6)."""

    MISSING_HERE = "missing_here"
    STALE_HERE = "stale_here"
    GONE = "gone"
    MISSING_THERE = "missing_there"
    ARRIVED = "arrived"
    CANCELLED_THERE = "cancelled_there"
    DRIFTED = "drifted"
    UNKNOWN_THERE = "unknown_there"


class Remedy(StrEnum):
    """What is done about a finding. FETCH, DOUBT and SETTLE mend it; INCIDENT tells a person."""

    FETCH = "fetch"
    DOUBT = "doubt"
    SETTLE = "settle"
    INCIDENT = "incident"


REMEDIES: dict[Finding, Remedy] = {
    Finding.MISSING_HERE: Remedy.FETCH,
    Finding.STALE_HERE: Remedy.FETCH,
    Finding.GONE: Remedy.INCIDENT,
    Finding.MISSING_THERE: Remedy.DOUBT,
    Finding.ARRIVED: Remedy.SETTLE,
    Finding.CANCELLED_THERE: Remedy.INCIDENT,
    Finding.DRIFTED: Remedy.INCIDENT,
    Finding.UNKNOWN_THERE: Remedy.INCIDENT,
}
"""Only what cannot make a second document is mended by itself; nothing is ever sent because of a comparison alone."""

SENTENCES: dict[Finding, str] = {
    Finding.MISSING_HERE: "{0} has it since {1}, and no listing ever showed it; it is fetched now",
    Finding.STALE_HERE: "{0} changed it at {1}, and no listing showed that; it is fetched again",
    Finding.GONE: "{0} does not have it any more, and it waits here; hold or cancel it, or ask in the OMS what became of it",
    Finding.MISSING_THERE: (
        "it counts as pushed, and {0} has nothing under its key {1}; it is put in doubt and never sent again by itself: "
        "a person looks and settles it"
    ),
    Finding.ARRIVED: "{0} has it under its key {1}, although its push counted as failed or in doubt; it counts as pushed now",
    Finding.CANCELLED_THERE: "{0} cancelled its document {1}, and the order is still open in its OMS",
    Finding.DRIFTED: "{0} holds something else under its key than it was sent: {1}",
    Finding.UNKNOWN_THERE: "{0} has the document {1} under a key of ours that nothing here belongs to",
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

    `held`: a run or a retry of its own is about to deal with it. `sent` are the contents that it was sent with.
    """

    state: PushState
    quiet: bool
    held: bool = False
    cancelled: bool = False
    changed: bool = False
    sent: OutboundRequest | None = None
    found: RemoteOutbound | None = None


def of_wms(ours: OfWms) -> Finding | None:
    """Judge a push by what the warehouse holds under its key."""
    found = ours.found
    if ours.held:
        return None
    if found is None:
        return Finding.MISSING_THERE if ours.state in COUNTED and ours.quiet else None
    if ours.state in _SETTLED_QUIETLY:
        return Finding.ARRIVED
    if ours.state not in COUNTED or ours.cancelled:
        return None
    if found.stage is Stage.CANCELLED:
        return Finding.CANCELLED_THERE
    return Finding.DRIFTED if drift(ours) else None


def drift(ours: OfWms) -> str:
    """Say in which parts the warehouse's document is not what it was sent; "" if it is, or if nobody can tell.

    An order that changed after its push is known to differ and is dealt with as such.
    """
    if ours.changed or ours.sent is None or ours.found is None or ours.found.content is None:
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
