"""How things are written on screens: foreign text made harmless, times, ages, countdowns, numbers, states in words and colour."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.text import Text

from crossdock.spec.text import clean
from crossdock_tui.language import N_, _, said

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

CELL = 200
"""Characters of a cell, at most."""
SENTENCE = 1_000
"""Characters of a line of a sentence, at most."""
GOOD, BUSY, WAITS, BAD = "green", "cyan", "yellow", "bold red"
STATES: dict[str, tuple[str, str, str]] = {
    "not_pushed": ("·", "dim", N_("not pushed")),
    "held": ("‖", WAITS, N_("held")),
    "queued": ("»", BUSY, N_("queued")),
    "sending": ("»", BUSY, N_("sending")),
    "in_doubt": ("?", BAD, N_("in doubt")),
    "push_failed": ("✗", BAD, N_("push failed")),
    "pushed": ("✓", GOOD, N_("pushed")),
    "cancelled": ("-", "dim", N_("cancelled")),
    "accepted": ("✓", GOOD, N_("accepted")),
    "update_pending": ("»", BUSY, N_("update under way")),
    "cancel_requested": ("»", BUSY, N_("cancellation asked")),
    "cancel_rejected": ("✗", BAD, N_("cancellation refused")),
    "in_doubt_cancel": ("?", BAD, N_("cancellation in doubt")),
    "rejected": ("✗", BAD, N_("warehouse refused")),
    "partially_shipped": ("◐", GOOD, N_("partly shipped")),
    "shipped": ("✓", GOOD, N_("shipped")),
    "closed_short": ("◐", WAITS, N_("closed short")),
    "pushing": ("»", BUSY, N_("pushing")),
    "failed": ("✗", BAD, N_("failed")),
    "stale": ("!", WAITS, N_("stale")),
    "running": ("»", BUSY, N_("running")),
    "succeeded": ("✓", GOOD, N_("succeeded")),
    "partial": ("!", WAITS, N_("partly done")),
    "ok": ("✓", GOOD, N_("ok")),
    "idle": ("·", "dim", N_("idle")),
    "retrying": ("!", WAITS, N_("retrying")),
    "rate_limited": ("!", WAITS, N_("rate limited")),
    "breaker_open": ("✗", BAD, N_("left alone")),
    "open": ("!", WAITS, N_("open")),
    "paused": ("‖", WAITS, N_("paused")),
    "auth_failed": ("✗", BAD, N_("login refused")),
    "stuck": ("✗", BAD, N_("stuck")),
    "not_loaded": ("✗", BAD, N_("not loaded")),
    "disabled": ("-", "dim", N_("switched off")),
    "absent": ("·", "dim", N_("no label")),
    "requested": ("»", BUSY, N_("asked for")),
    "ready": ("✓", GOOD, N_("ready")),
    "printed": ("✓", GOOD, N_("printed")),
    "unbound": ("·", "dim", N_("unbound")),
    "proposed": ("?", WAITS, N_("proposed")),
    "bound": ("✓", GOOD, N_("bound")),
    "conflict": ("✗", BAD, N_("conflict")),
    "retired": ("-", "dim", N_("retired")),
    "done": ("✓", GOOD, N_("done")),
    "refused": ("✗", BAD, N_("refused")),
    "expired": ("-", "dim", N_("expired")),
    "confirmed": ("✓", GOOD, N_("confirmed")),
    "waiting": ("»", BUSY, N_("waiting")),
    "off": ("-", "dim", N_("off")),
    "created": ("·", "dim", N_("created")),
    "part_complete": ("◐", GOOD, N_("part complete")),
    "complete": ("✓", GOOD, N_("complete")),
    "short_closed": ("◐", WAITS, N_("closed short")),
    "invalid": ("-", "dim", N_("cancelled")),
    "part_invalid": ("◐", WAITS, N_("rest cancelled")),
    "pending": ("·", "", N_("pending")),
    "picking": ("»", BUSY, N_("picking")),
    "picked": ("»", BUSY, N_("picked")),
    "packed": ("»", BUSY, N_("packed")),
    "outbound": ("✓", GOOD, N_("outbound")),
    "warning": ("!", WAITS, N_("warning")),
    "good": ("✓", GOOD, N_("good")),
    "revoked": ("-", "dim", N_("revoked")),
    "turned_down": ("✗", WAITS, N_("turned down")),
    "partly": ("!", WAITS, N_("partly done")),
    "forbidden": ("✗", BAD, N_("not allowed")),
    "begun": ("?", WAITS, N_("begun, no end known")),
    "critical": ("✗", BAD, N_("critical")),
    "changed": ("✓", GOOD, N_("changed")),
    "unchanged": ("·", "dim", N_("unchanged")),
}
"""By the daemon's word: a sign (colour never carries the meaning alone), a style, and the word on screens."""


def shown(value: object, limit: int = CELL, style: str = "") -> Text:
    """Make a cell of anything from outside: no markup, no control character, no line break."""
    return Text(
        "" if value is None else clean(str(value), limit), style=style, no_wrap=True, overflow="ellipsis", end=""
    )


def sentence(text: str, style: str = "", limit: int = SENTENCE) -> Text:
    """Write a sentence of ours that may hold text from outside; one of several lines keeps them."""
    return Text("\n".join(clean(line, limit) for line in text.split("\n")), style=style)


def state(word: str | None) -> Text:
    """Show a state as its sign and its word, in its colour; one that is not known as it is."""
    if not word:
        return shown("")
    sign, style, text = STATES.get(word, ("", "", ""))
    return shown(f"{sign} {_(text)}" if sign else word, style=style)


def sentences(texts: Iterable[str]) -> str:
    """Join the daemon's sentences in the language that is spoken."""
    return "; ".join(clean(said(text)) for text in texts)


def yes(value: bool) -> Text:
    """Show a yes as a sign, and a no as nothing."""
    return shown("✓" if value else "", style=GOOD)


def number(value: float | Decimal | None) -> Text:
    """Show a number on the right side of its column."""
    text = "" if value is None else f"{value:,}" if isinstance(value, int) else str(value)
    return Text(clean(text), justify="right", no_wrap=True, overflow="ellipsis", end="")


def local(at: datetime | None, *, seconds: bool = False) -> str:
    """Write a time in the zone of this machine, today's without the date."""
    if at is None:
        return ""
    here = at.astimezone()
    return f"{here:%Y-%m-%d %H:%M:%S}" if seconds else f"{here:%m-%d %H:%M}"


def iso(at: datetime | None) -> str:
    """Write a time as ISO 8601 in UTC, for details."""
    return "" if at is None else at.astimezone(UTC).isoformat(timespec="seconds")


def age(at: datetime | None, now: datetime) -> str:
    """Write how long ago something was: 5s, 12m, 3h, 4d."""
    return "" if at is None else span((now - at).total_seconds())


def until(at: datetime | None, now: datetime) -> str:
    """Write how long something takes yet, as minutes and seconds; nothing if it is past."""
    if at is None:
        return ""
    left = int((at - now).total_seconds())
    if left <= 0:
        return ""
    return f"{left // 60}:{left % 60:02d}" if left < 3600 else span(left)


def span(seconds: float) -> str:
    """Write a span of time in its largest unit."""
    whole = max(0, int(seconds))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if whole >= size:
            return f"{whole // size}{unit}"
    return f"{whole}s"


def size(count: int) -> str:
    """Write a number of bytes."""
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.0f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"
