"""Tell the OMS what became of its orders; a report that it has already changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from crossdock.rules.push_states import PushState
from crossdock.spec.outbound import ItemResult, PushReport
from crossdock.store import timeline
from crossdock.store.times import from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from crossdock.flows.house import House
    from crossdock.store.store import Transaction

CHUNK = 100
_SAID = {
    "cancelled": "the warehouse confirmed that it does not ship it",
    "cancel_refused": "it was too late to cancel it: the warehouse ships it",
}


class ReportTo(Protocol):
    """The part of an OMS connection that this flow calls."""

    async def report_push(self, reports: list[PushReport]) -> list[ItemResult]:
        """Tell the OMS."""
        ...


async def report_pushes(connection: str, oms: ReportTo, house: House) -> bool:
    """Report one chunk; True if there may be more. Raises ConnectorError; then the reports stay due."""
    due = await house.store.read(due_reports, connection, to_ms(house.env.now()))
    if not due:
        return False
    house.env.failpoint("report.before_call")
    results = await oms.report_push([report for _, report in due])
    house.env.failpoint("report.answered")
    answered = {result.ref: result for result in results}
    await house.store.write(note_reported, due, answered, house.env.now())
    return len(due) == CHUNK


def due_reports(tx: Transaction, connection: str, now: int) -> list[tuple[int, PushReport]]:
    """Return the reports that are due to an OMS, by push id, oldest first."""
    sql = (
        "SELECT p.id, o.ref, p.state, p.revision, p.warehouse, p.remote_id, p.error_text, p.settled_at, "
        "p.report_as FROM pushes p "
        "JOIN orders o ON o.id = p.order_id WHERE p.oms = ? AND p.report_at <= ? ORDER BY p.report_at LIMIT ?"
    )
    return [(row[0], _report(row[1:])) for row in tx.rows(sql, (connection, now, CHUNK))]


def next_report(tx: Transaction, connection: str) -> int | None:
    """Return when the next report to an OMS is due (milliseconds), or None."""
    row = tx.one("SELECT MIN(report_at) FROM pushes WHERE oms = ? AND report_at IS NOT NULL", (connection,))
    return None if row is None or row[0] is None else int(row[0])


def _report(row: Sequence[Any]) -> PushReport:
    """Say what became of a push, from its columns in the order of `due_reports`."""
    ref, state, revision, warehouse, remote_id, text, at, said = row
    failed = state == PushState.PUSH_FAILED
    return PushReport(
        order_ref=ref,
        status=said or ("push_failed" if failed else "pushed"),
        revision=revision,
        warehouse=warehouse,
        remote_id=remote_id,
        message=text if failed and said is None else _SAID.get(said or ""),
        at=from_ms(at),
    )


def note_reported(
    tx: Transaction, due: list[tuple[int, PushReport]], answered: dict[str, ItemResult], now: datetime
) -> None:
    """Note what the OMS took; what it did not answer is reported again, what it refused is not.

    A push that ended otherwise while the OMS was told keeps its newer report.
    """
    later = to_ms(now) + 5_000
    for push_id, report in due:
        result = answered.get(report.order_ref)
        at = None if report.at is None else to_ms(report.at)
        if result is None:
            tx.execute("UPDATE pushes SET report_at = ? WHERE id = ? AND settled_at = ?", (later, push_id, at))
            continue
        said = report.status if result.ok else f"refused: {result.message or result.code}"
        sql = "UPDATE pushes SET report_at = NULL, reported = ? WHERE id = ? AND settled_at = ?"
        if tx.execute(sql, (said[:500], push_id, at)) and not result.ok:
            text = f"the OMS did not take the report that it is {report.status}: {result.message or result.code or 'no reason'}"
            _note_refused(tx, push_id, text[:500], now)


def _note_refused(tx: Transaction, push_id: int, text: str, now: datetime) -> None:
    row = tx.one("SELECT order_id FROM pushes WHERE id = ?", (push_id,))
    timeline.add(tx, [timeline.Moment(row[0], to_ms(now), "report_refused", "", text)])
