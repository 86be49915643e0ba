"""The lines of the dashboard's first screen: how the daemon is, in words, with where to go for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from crossdock_tui.language import N_, _, counted, said
from crossdock_tui.line_list import Jump, Line
from crossdock_tui.words import BAD, GOOD, STATES, WAITS, age, shown, size, state, until

if TYPE_CHECKING:
    from datetime import datetime

    from crossdock.control.records.daemon import ConnectionItem, Reason, StateCount, Status
    from crossdock.control.records.events import ThrottleItem, Trend
    from crossdock.control.records.incidents import IncidentItem
    from crossdock.control.records.tasks import TaskItem

DOUBT, FAILED, PARKED = Jump("push_status", "in_doubt"), Jump("push_status", "failed"), Jump("push_status", "parked")
CHANGED = Jump("push_status", "decide")
WRITES = Jump("operations", "failed")
QUARANTINE, OPEN, LOG = (
    Jump("connections", "quarantine"),
    Jump("incidents", "open"),
    Jump("incidents", "log", "level:warning"),
)
LEADS = {"in_doubt": DOUBT, "parked": PARKED, "changed": CHANGED, "quarantine": QUARANTINE, "incidents": OPEN}
"""By the code of a reason; the log tells of all others."""
ASKED = {
    "obtain": N_("get new orders"), "sync": N_("sync order"), "fetch": N_("fetched by itself"), "documents": N_("fetch documents"),
    "stock": N_("fetch stock"),
}  # fmt: skip
"""By the daemon's word for what is asked; what has no word here is no wish of a person."""
THROTTLES = 8
"""Countdowns that are shown, at most; the soonest."""


@dataclass(frozen=True)
class Found:
    """What was read for the screen."""

    status: Status
    trend: Trend
    throttles: tuple[ThrottleItem, ...]
    tasks: tuple[TaskItem, ...]


def left(found: Found, now: datetime) -> list[Line]:
    """Return what is wrong, then the connections, then where orders stand."""
    status = found.status
    lines = [_head("level", _("how it is")), *(_reason(each) for each in status.why)]
    if not status.why:
        well = shown("● " + _("all is well; nothing waits for a person"), style=GOOD)
        lines.append(Line("level:ok", well, Text(_("version {v}").format(v=status.version))))
    lines.append(_head("connections", _("connections")))
    lines += [_connection(each, now) for each in status.connections]
    if not status.connections:
        text = _("the configuration has none: add [connections.NAME]")
        lines.append(Line("connections:none", shown(text, style="dim"), Text(text), Jump("connections", "")))
    lines.append(_head("outbox", _("orders, and since when the oldest waits")))
    lines += [_outbox(each, now) for each in status.outbox if each.count]
    if not any(each.count for each in status.outbox):
        text = _("none yet; 2 g gets new ones from the OMS")
        lines.append(Line("outbox:none", shown(text, style="dim"), Text(text), Jump("orders")))
    if status.updated:
        text = _("{n} carry (Updated), and nobody has acknowledged that").format(n=f"{status.updated:,}")
        lines.append(Line("outbox:updated", shown(text, style="cyan"), Text(text), Jump("orders", "", "updated:true")))
    if status.aged:
        text = _("{n} are too old to be pushed").format(n=f"{status.aged:,}")
        lines.append(Line("outbox:aged", shown(text, style=WAITS), Text(text), Jump("orders", "", "aged:true")))
    return lines


def right(found: Found, now: datetime) -> list[Line]:
    """Return what is open, what runs, and what has to wait."""
    status = found.status
    lines = [_head("incidents", _("open incidents, those that hold the most first"))]
    lines += [_incident(each, now) for each in status.waits]
    if rest := sum(status.incidents.values()) - len(status.waits):
        text = counted(
            "{n} more: muted, or it heals by itself", "{n} more, with those that are muted or heal by themselves", rest
        )
        lines.append(_none("incidents:more", text, OPEN))
    elif not status.waits:
        lines.append(_none("incidents:none", _("none"), OPEN))
    lines.append(_head("tasks", _("what it does now")))
    lines += [_task(each, now) for each in found.tasks]
    if not found.tasks:
        lines.append(_none("tasks:none", _("no task runs; it fetches and sends by itself"), Jump("tasks", "")))
    if status.tasks_queued:
        text = counted("{n} task is queued", "{n} tasks are queued", status.tasks_queued)
        lines.append(Line("tasks:queued", shown(text), Text(text), Jump("tasks", "queued")))
    if status.operations_open or status.operations_failed:
        text = _("writes beside orders: {n} under way, {failed} failed").format(
            n=status.operations_open, failed=status.operations_failed
        )
        lines.append(
            Line(
                "operations",
                shown(text, style=BAD if status.operations_failed else ""),
                Text(text),
                WRITES if status.operations_failed else Jump("operations", "open"),
            )
        )
    waits = [each for each in found.throttles if each.again_at > now and each.action in ASKED]
    if waits:
        lines.append(_head("throttles", _("asked for less than five minutes ago; again in")))
        lines += [_throttle(each, now) for each in waits[:THROTTLES]]
    lines.append(_head("daemon", _("daemon")))
    text = _("version {v} · {free} free on its disk").format(v=status.version, free=size(status.disk_free_bytes))
    lines.append(
        Line(
            "daemon:version", shown(text, style=BAD if status.disk_low else "dim"), Text(text), Jump("incidents", "log")
        )
    )
    return lines


def _head(key: str, text: str) -> Line:
    return Line(f"head:{key}", shown(text, style="bold underline"), head=True)


def _none(key: str, text: str, jump: Jump) -> Line:
    return Line(key, shown(text, style="dim"), Text(text), jump)


def _reason(found: Reason) -> Line:
    sign, style = ("■", BAD) if found.level == "critical" else ("▲", WAITS)
    jump = Jump("connections", "", row=found.about) if found.code == "connection" else LEADS.get(found.code, LOG)
    text = said(found.text)
    word = found.text.removeprefix(f"{found.about} is ")
    if found.code == "connection" and word in STATES:
        text = _("{name} is {state}").format(name=found.about, state=_(STATES[word][2]))
    return Line(
        f"level:{found.code}:{found.about or found.text}",
        shown(f"{sign} {text}", 400, style),
        Text(shown(text, 400).plain),
        jump,
    )


def _connection(item: ConnectionItem, now: datetime) -> Line:
    text = shown(f"{item.name:<14.14} ") + _wide(state(item.state), 16) + shown(f"{item.kind.upper():<5}", style="dim")
    if item.last_success is not None:
        text += shown(" " + _("ok {age} ago").format(age=age(item.last_success, now)))
    if again := until(item.until, now):
        text += shown(" · " + _("again in {left}").format(left=again), style=WAITS)
    if item.failures:
        text += shown(" · " + counted("{n} failure", "{n} failures", item.failures), style=WAITS)
    if item.since is not None:
        text += shown(" · " + _("so for {age}").format(age=age(item.since, now)), style="dim")
    why = Text(shown(f"{item.name}: {said(item.text)}", 400).plain)
    if item.error:
        why.append("\n" + shown(said(item.error), 300).plain, style="red")
    return Line(f"connection:{item.name}", text, why, Jump("connections", "", row=item.name))


def _outbox(found: StateCount, now: datetime) -> Line:
    text = _wide(state(found.state), 26) + shown(f"{found.count:>8,}")
    if found.oldest is not None:
        text += shown("   " + _("oldest {age}").format(age=age(found.oldest, now)), style="dim")
    why = _("orders that are {state}: {n}").format(state=state(found.state).plain, n=f"{found.count:,}")
    return Line(f"outbox:{found.state}", text, Text(why), Jump("orders", "", f"state:{found.state}"))


def _incident(item: IncidentItem, now: datetime) -> Line:
    muted = bool(until(item.muted_until, now))
    text = shown(f"{item.holds:>6,}  ", style="bold") + shown(said(item.text), 300, "dim" if muted else "")
    text += shown(f"  {age(item.since, now)}" + (f"  ({item.owner})" if item.owner else ""), style="dim")
    why = Text(shown(said(item.text), 300).plain)
    why.append("\n" + shown(said(item.do), 400).plain, style="bold yellow")
    return Line(f"incident:{item.id}", text, why, Jump("incidents", "open", row=str(item.id)))


def _task(item: TaskItem, now: datetime) -> Line:
    kind = item.kind.replace("_", " ")
    where = " → ".join(filter(None, (item.connection, item.warehouse)))
    text = (
        state(item.state)
        + shown(f"  {kind}  {where}  ")
        + shown(age(item.started_at or item.asked_at, now), style="dim")
    )
    text += shown("  " + _("{n} found, {changed} changed").format(n=item.found, changed=item.changed), style="dim")
    return Line(
        f"task:{item.id}",
        text,
        Text(shown(f"{kind} {where} ({item.actor or item.origin})", 300).plain),
        Jump("tasks", "running", row=str(item.id)),
    )


def _throttle(item: ThrottleItem, now: datetime) -> Line:
    what = " → ".join(filter(None, (item.connection, item.about)))
    text = shown(f"{until(item.again_at, now):>6}  ", style="bold") + shown(f"{_(ASKED[item.action])}  {what}")
    why = _("{what} may be asked for again in {left}").format(
        what=shown(f"{_(ASKED[item.action])} {what}").plain, left=until(item.again_at, now)
    )
    order = item.about if item.action == "sync" else ""
    return Line(f"throttle:{item.action}:{what}", text, Text(why), Jump("orders", "" if order else "pending", order))


def _wide(text: Text, width: int) -> Text:
    wide = text.copy()
    wide.truncate(width, overflow="ellipsis", pad=True)
    return wide
