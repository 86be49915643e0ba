"""Tell the OMS what became of its orders; a report that it has already changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from crossdock.rules.push_states import PushState
from crossdock.spec.outbound import ItemResult, PushReport
from crossdock.store import push_reports, pushes, timeline
from crossdock.store.times import from_ms, to_ms

if TYPE_CHECKING:
    from datetime import datetime

    from crossdock.flows.house import House
    from crossdock.store.push_reports import DueReport
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
    return [(found.push_id, _report(found)) for found in push_reports.due(tx, connection, now, CHUNK)]


def _report(found: DueReport) -> PushReport:
    failed = found.state is PushState.PUSH_FAILED
    return PushReport(
        order_ref=found.ref,
        status=found.report_as or ("push_failed" if failed else "pushed"),
        revision=found.revision,
        warehouse=found.warehouse,
        remote_id=found.remote_id,
        message=found.error_text if failed and found.report_as is None else _SAID.get(found.report_as or ""),
        at=from_ms(found.settled_at),
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
            push_reports.put_off(tx, push_id, at, later)
            continue
        said = report.status if result.ok else f"refused: {result.message or result.code}"
        if push_reports.done(tx, push_id, at, said[:500]) and not result.ok:
            text = f"the OMS did not take the report that it is {report.status}: {result.message or result.code or 'no reason'}"
            _note_refused(tx, push_id, text[:500], now)


def _note_refused(tx: Transaction, push_id: int, text: str, now: datetime) -> None:
    order_id = pushes.order_of(tx, push_id)
    assert order_id is not None  # pushes are never deleted
    timeline.add(tx, [timeline.Moment(order_id, to_ms(now), "report_refused", "", text)])
