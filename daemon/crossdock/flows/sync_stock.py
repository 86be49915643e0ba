"""Stock from a WMS to an OMS: levels and movements are taken in, translated, and queued as operations."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from crossdock.flows.pull_stream import Taken
from crossdock.rules import stock as rules
from crossdock.rules.operation_outcome import from_item
from crossdock.rules.operation_states import OperationState
from crossdock.rules.stock import Unsent, Unsound
from crossdock.spec.stock import StockLevel, StockMovement, level_name
from crossdock.store import incidents, operations, stock
from crossdock.store.incidents import Cause, Trouble
from crossdock.store.operations import NewOperation
from crossdock.store.tasks import Item, Totals
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime
    from typing import Protocol

    from crossdock.rules.book import Book
    from crossdock.rules.operation_outcome import OperationVerdict, Outcome
    from crossdock.spec.listing import Listing
    from crossdock.spec.orders import Window
    from crossdock.spec.outbound import ItemResult
    from crossdock.store.book import BookCache
    from crossdock.store.operations import Operation
    from crossdock.store.stock import Switch
    from crossdock.store.store import Transaction

    class StockSource(Protocol):
        """The part of a WMS connection that these streams call."""

        async def fetch_stock(self, window: Window, cursor: str | None, limit: int) -> Listing[StockLevel]:
            """Return one page of levels."""
            ...

        async def fetch_movements(self, window: Window, cursor: str | None, limit: int) -> Listing[StockMovement]:
            """Return one page of movements."""
            ...

    class StockTarget(Protocol):
        """The part of an OMS connection that these handlers call."""

        async def apply_stock(self, levels: list[StockLevel]) -> list[ItemResult]:
            """Have levels taken over."""
            ...

        async def apply_movements(self, movements: list[StockMovement]) -> list[ItemResult]:
            """Have movements taken over."""
            ...


log = logging.getLogger("crossdock.flows")
LEVEL, MOVEMENT = "stock", "movement"
RETRIED = 200
"""Rows that were held and are looked at again with each page, at most."""
LONGEST_REF = 200


class Way(Struct, frozen=True):
    """Where the stock of a SKU goes: our warehouse and SKU, the OMS and its word for the warehouse; or why it does not."""

    code: str = ""
    ours: str = ""
    oms: str = ""
    there: str = ""
    why: Unsent | None = None


class Ways:
    """Finds the way of each SKU of one connection, as everything stands in one transaction. `able`: OMS that take this."""

    def __init__(self, connection: str, book: Book, switches: Mapping[str, Switch], able: Sequence[str]) -> None:
        self._connection, self._book, self._switches, self._able = connection, book, switches, sorted(able)
        self._back: dict[str, dict[str, list[str]]] = {}

    def of(self, remote: str, sku: str) -> Way:
        """Return the way of a SKU in a warehouse of the WMS."""
        warehouse = rules.warehouse_of(self._book, self._connection, remote)
        if warehouse is None:
            return Way(why=Unsent.OFF)
        switch = self._switches.get(warehouse.code)
        if switch is None or not switch.on:
            return Way(warehouse.code, why=Unsent.OFF)
        if warehouse.code not in self._back:
            self._back[warehouse.code] = rules.names_back(self._book, warehouse.code)
        ours = rules.ours_of(self._book, warehouse, self._back[warehouse.code], sku)
        if isinstance(ours, Unsent):
            return Way(warehouse.code, why=ours)
        oms = rules.oms_of(switch.oms, self._able)
        if isinstance(oms, Unsent):
            return Way(warehouse.code, ours, why=oms)
        return Way(warehouse.code, ours, oms, warehouse.oms_code or warehouse.code)


def trouble_of(connection: str, remote: str, sku: str, way: Way) -> Trouble:
    """Say what a person has to do so that a SKU's stock can go to an OMS."""
    where = f"warehouse {way.code} ({remote} of {connection})"
    match way.why:
        case Unsent.AMBIGUOUS:
            text = f"several SKUs here are mapped to {sku} of {where}, so nobody knows whose stock it is; it is sent when one is"
            return Trouble(
                cause=Cause.MAPPING, connection=connection, operation=LEVEL, code="ambiguous", missing=f"{way.code}/{sku}",
                text=text,
            )  # fmt: skip
        case Unsent.UNMAPPED:
            text = f"no SKU here is mapped to {sku} of {where}; map it, and its stock is sent with the next fetch"
            return Trouble(
                cause=Cause.MAPPING, connection=connection, operation=LEVEL, code="unmapped", missing=f"{way.code}/{sku}",
                text=text,
            )  # fmt: skip
        case _:
            text = (
                f"the stock of {where} cannot be sent: the OMS chosen for it does not take stock, or none is chosen and there "
                "is not exactly one that does; choose one with `crossdock stock switch`"
            )
            return Trouble(
                cause=Cause.DECISION, connection=connection, operation=LEVEL, code="no_oms", missing=way.code, text=text
            )


_REFUSED = {
    Unsound.FUTURE: "says of stock levels that they were observed in the future; they are not taken, as they would hide newer ones",
    Unsound.NO_NUMBER: "lists stock with quantities that are no numbers; it is not taken",
    Unsound.NO_ZONE: "lists stock levels whose time has no zone; they are not taken",
    Unsound.SEQUENCE: "lists stock levels whose sequence is out of bounds; they are not taken",
}


def refused_of(connection: str, operation: str, why: Unsound) -> Trouble:
    """Say that what a warehouse tells of its stock cannot be taken: its OMS goes on with what it has."""
    text = f"{connection} {_REFUSED[why]}"
    return Trouble(cause=Cause.VALIDATION, connection=connection, operation=operation, code=str(why), text=text)


def _any_refused(tx: Transaction, connection: str, operation: str) -> bool:
    """Tell whether anything of a connection was not taken, so that what is sound now may heal it: nothing is asked else."""
    known = {refused_of(connection, operation, why).fingerprint for why in Unsound}
    return any(fingerprint in known for _, fingerprint, _ in incidents.open_of(tx, operation, Cause.VALIDATION))


class StockBase:
    """What both streams of stock share. `able` tells the OMS connections that take what the stream brings."""

    def __init__(
        self, connection: str, source: StockSource, books: BookCache, able: Callable[[], Sequence[str]]
    ) -> None:
        self._connection, self._source, self._books, self._able = connection, source, books, able
        self._retried = 0  # the last row that was held and tried again: the next page goes on behind it

    def wanted(self, tx: Transaction) -> bool:
        """Tell whether a warehouse of this WMS sends its stock; if none does, the WMS is not asked for it."""
        book, switches = self._books.current(tx), stock.switches(tx)
        mine = (w for w in book.warehouses.values() if w.connection == self._connection and w.enabled)
        return any(w.code in switches and switches[w.code].on for w in mine)

    def _ways(self, tx: Transaction) -> Ways:
        return Ways(self._connection, self._books.current(tx), stock.switches(tx), self._able())


class LevelStream(StockBase):
    """Absolute levels (flows.pull_stream.Stream)."""

    name = LEVEL

    async def fetch(self, window: Window, cursor: str | None, limit: int) -> Listing[StockLevel]:
        """Return one page."""
        return await self._source.fetch_stock(window, cursor, limit)

    def ref_of(self, item: StockLevel) -> str:
        """Name a level."""
        return level_name(item)[:LONGEST_REF]

    @staticmethod
    def _contradicting(connection: str, items: Sequence[StockLevel], now: datetime) -> Collection[int]:
        """Say which levels of a page give way to another one of the same moment, and tell of them in the log."""
        sound = {place: level for place, level in enumerate(items) if rules.unsound(level, now) is None}
        odd = rules.contradictions(sound)
        if odd:
            names = sorted({level_name(level) for level in odd.values()})
            text = "%s told two levels of the same moment of %d SKUs, such as %s; the smaller one counts"
            log.warning(text, connection, len(names), names[:5])
        return odd

    def absorb(self, tx: Transaction, connection: str, items: Sequence[StockLevel], now: datetime) -> Taken:
        """Keep what is newer than what is known, and queue it for its OMS; what was held is tried again."""
        ways, at = self._ways(tx), to_ms(now)
        wake, changed, odd = set[str](), 0, []
        doubted = _any_refused(tx, connection, LEVEL)
        contradicting = self._contradicting(connection, items, now)
        for place, level in enumerate(items):
            if place in contradicting:
                continue
            subject = f"level:{connection}/{level_name(level)}"
            if (why := rules.unsound(level, now)) is not None:
                said = rules.refused(level, why)
                odd.append(Item(level_name(level), "refused", said))
                if ways.of(level.warehouse, level.sku).why is not Unsent.OFF:
                    incidents.report(tx, refused_of(connection, LEVEL, why), subject, at, said)
                continue
            if doubted:
                incidents.heal(tx, subject, at, operation=LEVEL)
            number = stock.see(tx, connection, level, at)
            if number is not None:
                changed += 1
                wake |= send_level(tx, connection, number, level, ways.of(level.warehouse, level.sku), at)
        again = stock.held(tx, connection, self._retried, RETRIED)
        self._retried = again[-1].id if len(again) == RETRIED else 0
        for known in again:
            level = known.level
            wake |= send_level(tx, connection, known.id, level, ways.of(level.warehouse, level.sku), at)
        unchanged = len(items) - changed - len(odd)
        totals = Totals(found=len(items), changed=changed, unchanged=unchanged, failed=len(odd))
        return Taken(totals, frozenset(wake), tuple(odd))


def send_level(tx: Transaction, connection: str, number: int, level: StockLevel, way: Way, now: int) -> set[str]:
    """Queue a level for its OMS in place of an older one that was not sent; return the OMS to wake.

    One that has no way is held, and a person is told what to do; one whose warehouse does not send stock just waits.
    """
    subject = f"stock:{connection}/{level.warehouse}/{level.sku}"
    held = None if way.why in {None, Unsent.OFF} else str(way.why)
    if held is None or held != stock.held_for(tx, number):
        incidents.heal(tx, subject, now)
    stock.route(tx, number, code=way.code, ours=way.ours, oms=way.oms, held=held)
    if way.why is not None:
        if held is not None:
            incidents.report(tx, trouble_of(connection, level.warehouse, level.sku, way), subject, now)
        return set()
    sent = msgspec.structs.replace(level, warehouse=way.there, sku=way.ours)
    mark, name = rules.mark_of(level), f"stock:{level_name(sent)}"
    parts = (connection, level.warehouse, level.sku, way.oms, level_name(sent), str(mark.sequence), str(mark.at))
    key = _key("XS", *parts)
    before = operations.by_key(tx, key)
    while before is not None and before.state is OperationState.SUPERSEDED:  # its SKU was mapped elsewhere and back
        key = _key("XS", *parts, str(before.id))
        before = operations.by_key(tx, key)
    if before is not None:
        operations.requeue(tx, [before.id], now)
        return {way.oms}
    operations.supersede(tx, way.oms, name, LEVEL, now)
    new = NewOperation(
        connection=way.oms, kind=LEVEL, subject=name, entity_id=number, revision=0, key=key,
        body=msgspec.json.encode(sent),
    )  # fmt: skip
    operations.enqueue(tx, new, now)
    return {way.oms}


def send_unconfirmed(
    tx: Transaction, connection: str, remote: str, books: BookCache, able: Sequence[str], after: str, now: int
) -> tuple[set[str], str | None]:
    """Queue levels of a warehouse that no OMS has confirmed; return the OMS to wake, and where to go on (None: done)."""
    ways = Ways(connection, books.current(tx), stock.switches(tx), able)
    rows = stock.of_warehouse(tx, connection, remote, after, RETRIED)
    wake = set[str]()
    for known in rows:
        way = ways.of(remote, known.level.sku)
        if known.confirmed != known.mark or way.oms != known.oms:
            wake |= send_level(tx, connection, known.id, known.level, way, now)
    return wake, rows[-1].level.sku if len(rows) == RETRIED else None


class MovementStream(StockBase):
    """Movements by id (flows.pull_stream.Stream), of a WMS that has no levels.

    What moved while the warehouse did not send its stock is never sent: what the OMS holds then is not ours to know.
    """

    name = "movements"

    async def fetch(self, window: Window, cursor: str | None, limit: int) -> Listing[StockMovement]:
        """Return one page."""
        return await self._source.fetch_movements(window, cursor, limit)

    def ref_of(self, item: StockMovement) -> str:
        """Name a movement."""
        return item.ref

    def absorb(self, tx: Transaction, connection: str, items: Sequence[StockMovement], now: datetime) -> Taken:
        """Queue what was never seen before; what was held is tried again."""
        ways, at = self._ways(tx), to_ms(now)
        wake, changed, odd = set[str](), 0, []
        doubted = _any_refused(tx, connection, MOVEMENT)
        for movement in items:
            subject = f"moved:{connection}/{movement.ref}"
            if not rules.finite(movement.change):
                said = "it is not taken: its change is no number; it is taken once the warehouse lists it with one"
                odd.append(Item(movement.ref, "refused", said))
                if ways.of(movement.warehouse, movement.sku).why is not Unsent.OFF:
                    incidents.report(tx, refused_of(connection, MOVEMENT, Unsound.NO_NUMBER), subject, at, said)
                continue
            if doubted:
                incidents.heal(tx, subject, at, operation=MOVEMENT)
            number = stock.see_movement(tx, connection, movement, at)
            if number is not None:
                changed += 1
                wake |= send_movement(tx, connection, number, movement, ways.of(movement.warehouse, movement.sku), at)
        again = stock.held_movements(tx, connection, self._retried, RETRIED)
        self._retried = again[-1][0] if len(again) == RETRIED else 0
        for number, movement in again:
            wake |= send_movement(tx, connection, number, movement, ways.of(movement.warehouse, movement.sku), at)
        unchanged = len(items) - changed - len(odd)
        totals = Totals(found=len(items), changed=changed, unchanged=unchanged, failed=len(odd))
        return Taken(totals, frozenset(wake), tuple(odd))


def send_movement(
    tx: Transaction, connection: str, number: int, movement: StockMovement, way: Way, now: int
) -> set[str]:
    """Queue a movement for its OMS; return the OMS to wake. One that has no way is held, and a person is told."""
    subject = f"movement:{connection}/{movement.ref}"
    held = None if way.why in {None, Unsent.OFF} else str(way.why)
    if held is None or held != stock.movement_held_for(tx, number):
        incidents.heal(tx, subject, now)
    stock.hold_movement(tx, number, held)
    if way.why is not None:
        if held is not None:
            incidents.report(tx, trouble_of(connection, movement.warehouse, movement.sku, way), subject, now)
        return set()
    ref = f"{connection}:{movement.ref}"  # ids of two warehouses may be the same
    if len(ref) > LONGEST_REF:
        ref = _key(connection, movement.ref)
    sent = msgspec.structs.replace(movement, ref=ref, warehouse=way.there, sku=way.ours)
    new = NewOperation(
        connection=way.oms, kind=MOVEMENT, subject=f"movement:{ref}", entity_id=number, revision=0,
        key=_key("XM", way.oms, ref), body=msgspec.json.encode(sent),
    )  # fmt: skip
    operations.enqueue(tx, new, now)
    return {way.oms}


def _key(head: str, *parts: str) -> str:
    joined = "\x1f".join(parts).encode()
    return f"{head}-{hashlib.blake2b(joined, digest_size=16).hexdigest()}"


class StockHandler:
    """Has an OMS take over stock (flows.operations.Handler). A repeat changes nothing there, so doubts are sent again."""

    asks = False

    def __init__(self, target: StockTarget, batch: int, kind: str) -> None:
        self._target, self.batch, self.kind = target, batch, kind

    async def send(self, claimed: Sequence[Operation]) -> Mapping[str, Outcome]:
        """Make one call."""
        if self.kind == LEVEL:
            levels = {o.key: msgspec.json.decode(o.body, type=StockLevel) for o in claimed}
            names = {key: level_name(level) for key, level in levels.items()}
            results = await self._target.apply_stock(list(levels.values()))
        else:
            movements = {o.key: msgspec.json.decode(o.body, type=StockMovement) for o in claimed}
            names = {key: movement.ref for key, movement in movements.items()}
            results = await self._target.apply_movements(list(movements.values()))
        said = {result.ref: result for result in results}
        return {key: from_item(said[name]) for key, name in names.items() if name in said}

    async def ask(self, claimed: Sequence[Operation]) -> Mapping[str, Outcome]:
        """Nothing is asked about: the same bytes are sent again."""
        return await self.send(claimed)

    def settled(self, tx: Transaction, operation: Operation, verdict: OperationVerdict, now: datetime) -> None:
        """Move the mark of what the OMS was told, or tell a person that it refused."""
        at = to_ms(now)
        if verdict.state is OperationState.DONE:
            incidents.heal(tx, operation.subject, at)
            if self.kind == LEVEL:
                level = msgspec.json.decode(operation.body, type=StockLevel)
                stock.confirm(tx, operation.entity_id, rules.mark_of(level), at)
            else:
                stock.confirm_movement(tx, operation.entity_id, at)
        elif verdict.state is OperationState.FAILED:
            incidents.report(tx, refusal(operation, verdict), operation.subject, at, verdict.text or "")


def refusal(operation: Operation, verdict: OperationVerdict) -> Trouble:
    """Say that an OMS refused stock, with what happens next."""
    code = verdict.code or "rejected"
    text = (
        f"{operation.connection} refused stock ({code}); a newer level is sent when the warehouse reports one, a movement "
        "waits until a person sends it again"
    )
    return Trouble(cause=Cause.REFUSED, connection=operation.connection, operation=operation.kind, code=code, text=text)
