"""Why the daemon is not well: what does not work, and what nobody but a person can mend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from crossdock.control.records.daemon import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from crossdock.control.records.daemon import ConnectionItem
    from crossdock.store.views import Counts

_WELL = frozenset({"ok", "idle", "disabled"})
_DOWN = frozenset({"paused", "stuck", "not_loaded"})


def reasons(
    counted: Counts,
    connections: Sequence[ConnectionItem],
    against: Sequence[str],
    strained: Sequence[str],
    *,
    disk_low: bool,
    writable: bool,
    incidents: int,
) -> tuple[Reason, ...]:
    """Say why it is not well, the worst first. Critical: it does not work, or nothing goes on without a person."""
    critical = _critical(counted, connections, against, disk_low=disk_low, writable=writable)
    return (*critical, *_warnings(counted, connections, strained, incidents))


def level(found: Sequence[Reason]) -> Literal["ok", "warning", "critical"]:
    """Say how bad it is."""
    return found[0].level if found else "ok"


def _critical(
    counted: Counts,
    connections: Sequence[ConnectionItem],
    against: Sequence[str],
    *,
    disk_low: bool,
    writable: bool,
) -> Iterator[Reason]:
    for text in against:
        yield Reason(level="critical", code="process", text=text)
    if disk_low:
        text = "the disk is nearly full; nothing is fetched or sent"
        yield Reason(level="critical", code="disk", text=text)
    if not writable:
        text = "the database takes no writes; nothing is fetched or sent until it does"
        yield Reason(level="critical", code="database", text=text)
    for each in connections:
        if each.state in _DOWN:
            yield Reason(level="critical", code="connection", about=each.name, text=f"{each.name} is {each.state}")
    if counted.needs_person:
        text = f"{counted.needs_person} orders in doubt need a person"
        yield Reason(level="critical", code="in_doubt", text=text, command="crossdock orders list --state in_doubt")


def _warnings(
    counted: Counts, connections: Sequence[ConnectionItem], strained: Sequence[str], incidents: int
) -> Iterator[Reason]:
    for each in connections:
        if each.state not in _DOWN | _WELL:
            yield Reason(level="warning", code="connection", about=each.name, text=f"{each.name} is {each.state}")
    for text in strained:
        yield Reason(level="warning", code="strained", text=text)
    if counted.parked:
        text = f"{counted.parked} orders failed and are parked"
        yield Reason(level="warning", code="parked", text=text, command="crossdock orders list --state push_failed")
    if counted.changed:
        text = f"{counted.changed} orders changed or were cancelled after their push, and a person has to decide what becomes of it"
        yield Reason(level="warning", code="changed", text=text, command="crossdock orders list --changed")
    if counted.quarantine:
        text = f"{counted.quarantine} records could not be read"
        yield Reason(level="warning", code="quarantine", text=text, command="crossdock quarantine list")
    if incidents:
        text = f"open incidents: {incidents}"
        yield Reason(level="warning", code="incidents", text=text, command="crossdock incidents list")
