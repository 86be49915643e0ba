"""The verdict on everything beyond orders: the simulated systems' own books beside what the daemon made of them."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import msgspec

from crossdock.rules.push_states import GONE, PushState
from crossdock.spec.documents import InboundDoc, InboundKind, OutboundDoc
from crossdock.spec.orders import LineKind, OrderStatus
from crossdock.spec.outbound import Stage
from crossdock.testing.simulation.back_office import printed
from crossdock.testing.simulation.catalogue import FIELDS
from crossdock.testing.simulation.exchange import WAREHOUSES
from crossdock.testing.simulation.goods import SKUS

if TYPE_CHECKING:
    from crossdock.testing.simulation.exchange import Exchange
    from crossdock.testing.simulation.floor import Shipment
    from crossdock.testing.simulation.order_book import Entry
    from crossdock.testing.simulation.world import World

BUSY = (
    "SELECT COUNT(*) FROM operations WHERE unsettled IS NOT NULL",
    "SELECT COUNT(*) FROM labels WHERE next_at IS NOT NULL",
    "SELECT COUNT(*) FROM product_bindings WHERE dirty IS NOT NULL OR pending IS NOT NULL AND state = 'proposed'",
)
STRUCTURE = {
    "operations under way about one thing": "SELECT connection || '/' || subject FROM operations WHERE state IN (1, 2, 3) "
    "GROUP BY connection, subject HAVING COUNT(*) > 1",
    "operations that nothing moves any more": "SELECT key FROM operations WHERE unsettled IS NOT NULL AND next_at IS NULL AND "
    "run_id IS NULL",
    "failed operations without a reason": "SELECT key FROM operations WHERE state = 4 AND error_text IS NULL AND error_code IS NULL",
    "open incidents that hold nothing": "SELECT i.fingerprint FROM incidents i WHERE i.healed_at IS NULL AND NOT EXISTS "
    "(SELECT 1 FROM incident_refs r WHERE r.incident_id = i.id)",
}
_PUSHES = (
    "SELECT o.ref, o.id, p.id, p.state, p.changed, a.choices, a.decided, l.state, l.version FROM orders o "
    "JOIN pushes p ON p.order_id = o.id LEFT JOIN amendments a ON a.push_id = p.id LEFT JOIN labels l ON l.order_id = o.id"
)
_HELD = "SELECT r.subject, i.operation FROM incident_refs r JOIN incidents i ON i.id = r.incident_id WHERE i.healed_at IS NULL"
Document = OutboundDoc | InboundDoc
UPDATE, CANCEL = "outbound_update", "outbound_cancel"


class Row(msgspec.Struct, frozen=True, array_like=True):
    """What the daemon knows of an order after its push."""

    ref: str
    order_id: int
    push_id: int
    state: int
    changed: bool
    choices: str | None
    decided: str | None
    label_state: int | None
    label_version: int | None


def busy(world: World) -> bool:
    """Tell whether something beyond orders is due or under way."""
    return any(world.connection.execute(sql).fetchone()[0] for sql in BUSY)


def judge_exchange(world: World, exchange: Exchange) -> None:
    """Compare the books and note every violation."""
    held: dict[str, set[str]] = {}
    for subject, operation in world.connection.execute(_HELD):
        held.setdefault(subject, set()).add(operation)
    rows = [Row(*row) for row in world.connection.execute(_PUSHES)]
    for row in rows:
        entry = world.orders.entries[row.ref]
        _judge_shipment(world, exchange, entry, row, held.get(f"order:{row.order_id}", set()))
    _judge_documents(world, exchange)
    _judge_plans(world, exchange)
    _judge_averages(world, exchange)
    _judge_stock(world, exchange)
    _judge_products(world, exchange)
    world.audit.violations += exchange.office.violations


def _judge_shipment(world: World, exchange: Exchange, entry: Entry, row: Row, held: set[str]) -> None:
    """What a warehouse has is what the order says, or somebody is asked, or has decided."""
    say, state = world.audit.say, PushState(row.state)
    live = [shipment for floor in exchange.floors.values() for shipment in floor.of_order(row.ref)]
    if len(live) > 1:
        say(f"{row.ref} ships {len(live)} times")
    told = [report.status for report in world.oms.reports.get(row.ref, [])]
    if told and told[-1] == "cancelled" and live and state is PushState.CANCELLED:
        say(f"the OMS was told that {row.ref} is cancelled, and it ships")
    if not live or entry.broken:
        return
    if entry.order.status is not OrderStatus.CANCELLED:
        _judge_content(world, entry, live[0], row, held)
        _judge_label(world, entry, live[0], row)
    elif CANCEL not in held and '"status"' not in (row.choices or ""):
        say(f"{row.ref} was cancelled, ships ({live[0].stage}, {state.name}), and nobody is asked")


def _judge_content(world: World, entry: Entry, shipment: Shipment, row: Row, held: set[str]) -> None:
    state, apart = PushState(row.state), differing(entry, shipment)
    if shipment.stage is Stage.OUTBOUND:
        apart.discard("buyer_note")
    settled = "keep" in (row.choices or "") or row.ref in world.people.cancelled
    if apart and not settled and not (row.changed and held & {UPDATE, CANCEL}):
        said = f"differs in {sorted(apart)}, and nobody is asked: {row.decided}"
        world.audit.say(f"{row.ref} ({state.name}, {shipment.stage}) {said}")
    if not apart and row.changed and not held and state not in GONE:
        world.audit.say(f"{row.ref} is said to differ from what its warehouse has, and does not")


def differing(entry: Entry, shipment: Shipment) -> set[str]:
    """Name what the warehouse has otherwise than the order says; written without the rules it checks."""
    order, content = entry.order, shipment.content
    goods = [(line.line_no, line.sku, line.quantity) for line in order.lines if line.kind is LineKind.GOODS]
    found = {
        name
        for name in ("recipient", "buyer_note", "logistics", "tracking_number")
        if getattr(order, name) != getattr(content, name)
    }
    if goods != [(line.line_no, line.sku, line.quantity) for line in content.lines]:
        found.add("lines")
    return found


_ABNORMAL = frozenset({1, 4, 5})
"""Requested, stale, failed: people see that the label does not fit."""


def _judge_label(world: World, entry: Entry, shipment: Shipment, row: Row) -> None:
    """The label on a parcel that is still here fits its order, or people see that it does not."""
    if shipment.label is None or shipment.stage is Stage.OUTBOUND or row.label_state in _ABNORMAL:
        return
    now = printed(entry.order)
    untracked = printed(msgspec.structs.replace(entry.order, tracking_number=None))
    if shipment.label[1] not in (now, untracked):
        world.audit.say(f"the label of {row.ref} at {shipment.stage} does not fit it, and nobody sees that")
    if shipment.label[0] != row.label_version:
        world.audit.say(f"{row.ref} has label {shipment.label[0]}, the newest is {row.label_version}")


def _judge_documents(world: World, exchange: Exchange) -> None:
    """Every document is known; the OMS has its newest revision, entered once; what cannot be read is set aside."""
    aside = {row[0] for row in world.connection.execute("SELECT ref FROM quarantine")}
    for connection, _, _ in WAREHOUSES:
        for ledger in (exchange.floors[connection].outbound, exchange.goods[connection].inbound):
            for ref, document in ledger.now.items():
                if ref not in ledger.broken:
                    _judge_document(world, document, exchange.office.documents.get(ref), aside)
                elif ref in ledger.shown and f"inbound:{ref}" not in aside:
                    world.audit.say(f"{ref} cannot be read and is not set aside")
    for ref, revisions in exchange.office.entered.items():
        if revisions != sorted(set(revisions)):
            world.audit.say(f"{ref} was entered as {revisions}")


def _judge_document(world: World, document: Document, there: Document | None, aside: set[str]) -> None:
    ref = document.ref
    if there is None or msgspec.structs.replace(there, warehouse=document.warehouse) != document:
        revision = None if there is None else there.revision
        world.audit.say(f"{ref} is at revision {document.revision}, the OMS has {revision}")
    if f"inbound:{ref}" in aside:
        world.audit.say(f"{ref} can be read and is still set aside")


def _judge_plans(world: World, exchange: Exchange) -> None:
    """Planned amounts are those of the last revision."""
    for goods in exchange.goods.values():
        for ref, document in goods.inbound.now.items():
            costs = [(line.planned, line.planned_unit_cost) for line in document.lines]
            if ref in goods.inbound.broken or any(cost is None for _, cost in costs):
                continue
            amount = sum((planned * (cost or 0) for planned, cost in costs), Decimal(0))
            held = exchange.office.planned.get(ref)
            if held is None or held[1] != amount.quantize(Decimal("0.01")):
                world.audit.say(f"{ref} is planned at {amount}, the OMS has {held}")


def replayed(exchange: Exchange, sku: str) -> tuple[Fraction | None, bool]:
    """Return the moving average by the warehouses' own books, and whether a cost that is not known keeps it."""
    events: list[tuple[Any, str, Fraction, Decimal | None]] = []
    for name, goods in exchange.goods.items():
        for ref, document in goods.inbound.now.items():
            if ref in goods.inbound.broken or document.kind is InboundKind.TRANSFER:
                continue
            skus = {line.line_no: line.sku for line in document.lines}
            events += [
                (r.at, f"{ref}/{r.ref}", Fraction(r.quantity), r.unit_cost)
                for r in document.receipts
                if skus[r.line_no] == sku
            ]
        for shipment in exchange.floors[name].shipments.values():
            if shipment.shipped_at is not None:
                lines = [line for line in shipment.content.lines if line.sku == sku]
                events += [
                    (
                        shipment.shipped_at,
                        f"{shipment.remote_id}/{line.line_no}",
                        -Fraction(shipment.actual[line.line_no]),
                        None,
                    )
                    for line in lines
                ]
    return _average(events)


def _average(events: list[tuple[Any, str, Fraction, Decimal | None]]) -> tuple[Fraction | None, bool]:
    quantity, average, unknown = Fraction(0), None, False
    for _, _, moved, cost in sorted(events, key=lambda event: event[:2]):
        if moved <= 0:
            quantity += moved
            continue
        if cost is None:
            average, unknown = None, True
        elif (average is None and not unknown) or quantity <= 0:
            average, unknown = Fraction(cost), False
        elif average is not None:
            average = (quantity * average + moved * Fraction(cost)) / (quantity + moved)
        quantity += moved
    return average, unknown


def _judge_averages(world: World, exchange: Exchange) -> None:
    """Averages at the OMS are what the receipts make."""
    for sku in SKUS:
        average, unknown = replayed(exchange, sku)
        held = exchange.office.averages.get(sku)
        if unknown or average is None:
            continue
        if held is None or abs(Fraction(held[1]) - average) > Fraction(1, 1_000_000):
            world.audit.say(f"the average of {sku} is {float(average):.6f} by the receipts, the OMS has {held}")


def _judge_stock(world: World, exchange: Exchange) -> None:
    for connection, code, _ in WAREHOUSES:
        for sku, level in exchange.goods[connection].stock.now.items():
            held = exchange.office.levels.get((code, sku))
            if held is None or (held.on_hand, held.observed_at) != (level.on_hand, level.observed_at):
                world.audit.say(f"{code} holds {level.on_hand} of {sku}, the OMS has {held and held.on_hand}")


def _judge_products(world: World, exchange: Exchange) -> None:
    """Both sides say the same, and something that people entered last somewhere; or people see the conflict."""
    sql = "SELECT warehouse, sku, field FROM product_conflicts WHERE open IS NOT NULL"
    conflicts = set(world.connection.execute(sql).fetchall())
    waiting = set(world.connection.execute("SELECT warehouse, sku FROM product_bindings WHERE pending IS NOT NULL"))
    braked = {row[0] for row in world.connection.execute("SELECT warehouse FROM product_brakes")}
    disputed = {(sku, field) for _, sku, field in conflicts} | {(sku, "") for _, sku in waiting}
    hub = exchange.office.catalogue
    every = [hub, *exchange.catalogues.values()]
    for sku in SKUS:
        for name in FIELDS:
            if not {(sku, name.removesuffix("_g")), (sku, "")} & disputed and not braked:
                _judge_value(world, every, sku, name, getattr(hub.products.now[sku], name))
    for connection, code, _ in WAREHOUSES:
        spoke = exchange.catalogues[connection]
        for sku in SKUS:
            for name in FIELDS:
                ours, theirs = (getattr(each.products.now[sku], name) for each in (hub, spoke))
                open_here = (
                    (code, sku, name.removesuffix("_g")) in conflicts or (code, sku) in waiting or code in braked
                )
                if ours != theirs and not open_here:
                    world.audit.say(
                        f"{name} of {sku} is {ours!r} at the OMS and {theirs!r} at {connection}, and nobody is asked"
                    )


def _judge_value(world: World, every: list[Any], sku: str, name: str, value: Any) -> None:
    """No value was invented, and none that people replaced came back."""
    if name == "barcodes":
        entered = {code for each in every for values in each.ever.get((sku, name), []) for code in values}
        if not entered.issuperset(value or ()):
            world.audit.say(f"barcodes of {sku} were invented: {value}")
    elif value not in [each.by_people.get((sku, name)) for each in every]:
        world.audit.say(f"{name} of {sku} is {value!r}, which nobody entered last")
