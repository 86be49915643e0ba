"""What the demo found: the warehouses' own books held against what should have arrived, and the summary for a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from rich.console import Console
from rich.table import Table
from rich.text import Text

from crossdock.app.demo_desk import Told
from crossdock.spec.text import clean
from crossdock.testing.sandbox.demo_day import Case

if TYPE_CHECKING:
    from collections.abc import Mapping

NEVER = frozenset({Case.UNPAID, Case.CANCELLED, Case.OLD, Case.NO_GOODS, Case.HOLD, Case.GIFTS_PENDING})


class Outcome(Struct, frozen=True, kw_only=True):
    """What the demo found.

    `ok`: the warehouses' own books show every eligible order exactly once, and what a warehouse definitely refused, and
    nothing else, is known as refused (`misjudged` are orders of which that is not so); and each part of the `day` went as it
    should. `by_hand` names what a person did in the dashboard meanwhile; with that, only nothing doubled is asked for.
    """

    ok: bool
    orders: int
    eligible: int
    pushed: int
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    unexpected: tuple[str, ...]
    misjudged: tuple[str, ...]
    cancelled: int
    waiting: dict[str, int]
    failed: dict[str, int]
    settled_doubts: int
    still_in_doubt: int
    faults: dict[str, int]
    reported: int
    seconds: float
    day: tuple[Told, ...] = ()
    by_hand: tuple[str, ...] = ()


class Compared(Struct, frozen=True, kw_only=True):
    """The warehouses' own books beside the day's orders."""

    eligible: int
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    unexpected: tuple[str, ...]
    misjudged: tuple[str, ...]


def compare(cases: Mapping[str, Case], arrived: Mapping[str, int], refused: set[str]) -> Compared:
    """Hold what arrived, and what is known as refused, against what should have: what a warehouse refuses is not lost."""
    expected = {ref for ref, case in cases.items() if case is Case.REFUSED}
    eligible = {ref for ref, case in cases.items() if case not in NEVER} - expected
    return Compared(
        eligible=len(eligible),
        lost=tuple(sorted(eligible - set(arrived))),
        doubled=tuple(sorted(ref for ref, count in arrived.items() if count > 1)),
        unexpected=tuple(sorted(set(arrived) - eligible)),
        misjudged=tuple(sorted(expected ^ refused)),
    )


def tell(outcome: Outcome) -> None:
    """Say what happened, for a person."""
    console = Console()
    table = Table(title="What happened to the day's orders", show_header=False, title_justify="left")
    table.add_column(justify="right")
    table.add_column()
    rows: list[tuple[int, str]] = [
        (outcome.orders, "orders fetched from the OMS"),
        (outcome.pushed, "pushed: in the warehouses' own books, each exactly once"),
        (outcome.cancelled, "not pushed: cancelled in the OMS"),
        *((count, f"not pushed: {why}") for why, count in sorted(outcome.waiting.items())),
        *([(count, f"failed: {why}") for why, count in sorted(outcome.failed.items())] or [(0, "failed")]),
        (outcome.settled_doubts, "were in doubt (the answer was lost) and settled by asking or the same key again"),
        (outcome.still_in_doubt, "are still in doubt"),
        (outcome.reported, "reported back to the OMS"),
    ]
    for count, text in rows:
        table.add_row(str(count), Text(clean(text)))
    console.print(table)
    if outcome.day:
        console.print(the_day(outcome.day))
    met = ", ".join(f"{name} {count}" for name, count in outcome.faults.items())
    console.print(Text(f"faults the sandbox systems played meanwhile: {met or 'none'}"))
    for name, refs in (
        ("lost", outcome.lost), ("doubled", outcome.doubled), ("unexpected", outcome.unexpected),
        ("refused, or not, against what the warehouse says", outcome.misjudged),
    ):  # fmt: skip
        if refs:
            console.print(Text(f"{name}: {', '.join(refs[:20])}"))
    once = not (outcome.lost or outcome.doubled or outcome.unexpected)
    verdict = f"{'every' if once else 'NOT every'} eligible order arrived exactly once"
    verdict += "; NOT exactly what a warehouse refused is known as refused" if outcome.misjudged else ""
    if outcome.day:
        wrong = sum(not told.ok for told in outcome.day)
        verdict += f"; {f'{wrong} of' if wrong else 'all'} {len(outcome.day)} parts of the day went {'wrong' if wrong else 'as they should'}"
    if outcome.by_hand:
        done = ", ".join(outcome.by_hand[:10])
        console.print(Text(clean(f"done by hand in the dashboard, and what differs may be due to it: {done}")))
    console.print(Text(f"{verdict} ({outcome.eligible} eligible, {outcome.seconds} s)"))


def the_day(day: tuple[Told, ...]) -> Table:
    """Say in a table what crossdock did about each part of the day."""
    table = Table(title="What else happened, and what crossdock did about it", title_justify="left", show_header=False)
    table.add_column()
    table.add_column()
    for told in day:
        table.add_row(Text(told.part), Text(clean(told.text)))
    return table
