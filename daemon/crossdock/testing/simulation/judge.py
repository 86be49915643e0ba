"""The verdict once everything is quiet: the warehouses' own books beside the OMS's and ours."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.rules.push_states import AT_WAREHOUSE, PushState
from crossdock.spec.orders import LineKind, OrderStatus
from crossdock.testing.simulation.chaos import EPOCH
from crossdock.testing.simulation.exchange_judge import busy as exchange_busy
from crossdock.testing.simulation.exchange_judge import judge_exchange
from crossdock.testing.simulation.order_book import Entry, wanted

if TYPE_CHECKING:
    from crossdock.testing.simulation.wms import Document
    from crossdock.testing.simulation.world import World

ATTEMPTS = 80
"""Sends of one order in one simulation, beyond which we would be hammering."""

BUSY = (
    f"SELECT COUNT(*) FROM pushes WHERE run_id IS NOT NULL OR next_at IS NOT NULL OR state IN ({PushState.QUEUED}, "  # noqa: S608
    f"{PushState.SENDING}, {PushState.IN_DOUBT}) OR (again_at IS NOT NULL AND again_at <= ?) OR report_at IS NOT NULL"
)
_ROWS = (
    "SELECT o.ref, o.payload, p.state, p.changed, p.attempts, p.why, p.reported, p.key FROM orders o "
    "JOIN pushes p ON p.order_id = o.id"
)


class Row(Struct, frozen=True):
    """What we know of an order at the end."""

    ref: str
    payload: bytes
    state: int
    changed: bool
    attempts: int
    why: str
    reported: str | None
    key: str | None


def quiet(world: World) -> bool:
    """Tell whether nothing is due, under way, in doubt or asked for."""
    now = int(1000 * (world.loop.time() + EPOCH.timestamp()))
    busy = world.connection.execute(BUSY, (now,)).fetchone()[0]
    tasks = world.connection.execute("SELECT COUNT(*) FROM tasks WHERE state IN ('queued', 'running')").fetchone()[0]
    return not busy and not tasks and not world.people.held and not (world.exchange and exchange_busy(world))


def judge(world: World) -> None:
    """Compare the books and note every violation."""
    say = world.audit.say
    documents: dict[str, list[Document]] = {}
    for wms in world.warehouses:
        for document in wms.documents:
            documents.setdefault(document.ref, []).append(document)
    rows = {row[0]: Row(row[0], bytes(row[1]), *row[2:]) for row in world.connection.execute(_ROWS)}
    aside = {row[0] for row in world.connection.execute("SELECT ref FROM quarantine")}
    for ref in sorted(world.oms.showed - set(world.orders.entries)):
        say(f"{ref} was shown and is unknown to its own OMS")
    for ref, entry in world.orders.entries.items():
        if entry.visible:
            _judge_order(world, entry, rows.get(ref), documents.get(ref, []), aside=ref in aside)
    _judge_keys(world, rows)
    if world.exchange is not None:
        judge_exchange(world, world.exchange)
    world.audit.violations += [*world.oms.violations, *world.people.violations]


def _judge_keys(world: World, rows: dict[str, Row]) -> None:
    for key, count in Counter(row.key for row in rows.values() if row.key).items():
        if count > 1:
            world.audit.say(f"the key {key} belongs to {count} pushes")


def _judge_order(world: World, entry: Entry, row: Row | None, created: list[Document], *, aside: bool) -> None:
    ref = entry.order.ref
    if row is None:
        if not (entry.broken and aside):
            world.audit.say(f"{ref} is lost: neither stored nor set aside")
        return
    if aside:
        world.audit.say(f"{ref} is both stored and set aside")
    if row.payload != entry.raw:
        world.audit.say(f"{ref} is stale: its last change was never taken in")
    if row.attempts > ATTEMPTS:
        world.audit.say(f"{ref} was sent {row.attempts} times")
    _judge_documents(world, entry, row, created)
    if world.exchange is None:
        _judge_difference(world, entry, row, created)
    _judge_report(world, row)


def _judge_documents(world: World, entry: Entry, row: Row, created: list[Document]) -> None:
    """Every eligible order exactly once, no other at all, and our state says the same."""
    say, ref, state = world.audit.say, row.ref, PushState(row.state)
    if world.exchange is not None:  # what was cancelled there may be pushed again
        created = [
            each
            for each in created
            if any(each.key in f.shipments and f.shipments[each.key].live for f in world.exchange.floors.values())
        ]
        if row.ref in world.people.cancelled or state is PushState.REJECTED:
            return
    if len(created) > 1:
        say(f"{ref} was created {len(created)} times: {', '.join(document.key for document in created)}")
    if created and not entry.ever_wanted:
        say(f"{ref} was never eligible and was pushed")
    if (state in AT_WAREHOUSE) != bool(created):
        say(f"{ref} is {state.name}, but the warehouse has {len(created)} of it")
    if wanted(entry) and not created:
        say(f"{ref} is eligible and never arrived; it is {state.name} because {row.why}")


def _judge_difference(world: World, entry: Entry, row: Row, created: list[Document]) -> None:
    """What changed after the push is shown; what is shown did change."""
    if not created:
        return
    goods = [(line.line_no, line.sku, line.quantity) for line in entry.order.lines if line.kind is LineKind.GOODS]
    same = goods == [(line.line_no, line.sku, line.quantity) for line in created[0].lines]
    differs = not same or entry.order.status is OrderStatus.CANCELLED
    if differs and not row.changed:
        world.audit.say(f"{row.ref} differs from what was pushed, and nobody is told")
    if row.changed and not differs:
        world.audit.say(f"{row.ref} is said to differ from what was pushed, and does not")


def _judge_report(world: World, row: Row) -> None:
    told = [report.status for report in world.oms.reports.get(row.ref, [])]
    if world.exchange is not None and "cancelled" in told:
        return  # judged with what its warehouse has
    if row.state in AT_WAREHOUSE and "pushed" not in told:
        world.audit.say(f"the OMS was never told that {row.ref} was pushed")
    if row.state not in AT_WAREHOUSE and "pushed" in told:
        world.audit.say(f"the OMS was told that {row.ref} was pushed, and it is {PushState(row.state).name}")
