"""Stock in the sandboxes: a WMS that shows levels and movements, an OMS that takes them over."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from crossdock.spec.outbound import ItemResult
from crossdock.spec.stock import StockLevel, StockMovement, level_name
from crossdock.testing.sandbox.bodies import ItemResults
from crossdock.testing.sandbox.call import Answer, Call, Refused, check_key, decode, number, ok
from crossdock.testing.sandbox.listing_query import window_of
from crossdock.testing.sandbox.shelf import Shelf
from crossdock.testing.sandbox.stock_bodies import Levels, Movements

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

MAX_PAGE = 500
MAX_ITEMS = 500


def _path(path: str | None, suffix: str) -> str | None:
    return None if path is None else f"{path}.{suffix}"


class WmsStock:
    """The stock of a WMS. Tests put levels and movements, here or behind /__sandbox/stock."""

    def __init__(
        self, path: str | None = None, changed: Callable[[Iterable[str]], object] = lambda _refs: None
    ) -> None:
        self._changed = changed
        self.levels: Shelf[StockLevel] = Shelf(
            StockLevel, level_name, lambda level: level.observed_at, _path(path, "stock")
        )
        self.movements: Shelf[StockMovement] = Shelf(
            StockMovement, lambda movement: movement.ref, lambda movement: movement.at, _path(path, "movements")
        )

    @property
    def routes(self) -> Mapping[tuple[str, str], Callable[[Call], Answer]]:
        """The contract's routes of stock."""
        return {
            ("GET", "/v1/stock"): lambda call: _listed(self.levels, call),
            ("GET", "/v1/stock/movements"): lambda call: _listed(self.movements, call),
        }

    @property
    def admin_routes(self) -> Mapping[tuple[str, str], Callable[[Call], Answer]]:
        """How tests change stock."""
        return {("POST", "/stock"): self._put, ("POST", "/stock/movements"): self._move}

    def subjects(self, call: Call) -> tuple[str, ...]:
        """A listing is about nothing in particular."""
        del call
        return ()

    def put(self, levels: Iterable[StockLevel]) -> None:
        """Show these levels from now on."""
        found = tuple(levels)
        self.levels.put(found)
        self._changed(level.sku for level in found)

    def change(self, warehouse: str, sku: str, by: Decimal, at: datetime) -> None:
        """Let a level follow what arrived or left at `at`; of what nobody ever counted, only an arrival makes a level."""
        held = self.levels.get(f"{warehouse}/{sku}")
        if held is None and by <= 0:
            return
        before = held or StockLevel(sku=sku, warehouse=warehouse, on_hand=Decimal(0), observed_at=at)
        on_hand = max(Decimal(0), before.on_hand + by)
        sequence = None if before.sequence is None else before.sequence + 1
        self.put([replace(before, on_hand=on_hand, observed_at=at, sequence=sequence)])

    def move(self, movements: Iterable[StockMovement]) -> None:
        """Show these movements from now on."""
        self.movements.put(movements)

    def close(self) -> None:
        """Let go of the files."""
        self.levels.close()
        self.movements.close()

    def _put(self, call: Call) -> Answer:
        levels = decode(call.body, Levels, "a list of stock levels").levels
        self.put(levels)
        return ok({"put": len(levels)})

    def _move(self, call: Call) -> Answer:
        movements = decode(call.body, Movements, "a list of stock movements").movements
        self.move(movements)
        return ok({"put": len(movements)})


def _listed(shelf: Shelf[StockLevel] | Shelf[StockMovement], call: Call) -> Answer:
    return ok(shelf.page(window_of(call), call.query.get("cursor"), number(call, "limit", 100, MAX_PAGE)))


class OmsStock:
    """The stock that an OMS was told. `quantities` adds up movements; `received` counts how often something came.

    `history` holds every level in the order in which it was taken over, so that a test sees one that went back in time.
    """

    def __init__(self, path: str | None = None) -> None:
        self.levels: Shelf[StockLevel] = Shelf(
            StockLevel, level_name, lambda level: level.observed_at, _path(path, "stock")
        )
        self.movements: Shelf[StockMovement] = Shelf(
            StockMovement, lambda movement: movement.ref, lambda movement: movement.at, _path(path, "movements")
        )
        self.received: Counter[str] = Counter()
        self.history: list[StockLevel] = []

    @property
    def quantities(self) -> dict[str, Decimal]:
        """Add up the movements, by "WAREHOUSE/SKU"."""
        found: dict[str, Decimal] = {}
        for movement in self.movements.items.values():
            name = f"{movement.warehouse}/{movement.sku}"
            found[name] = found.get(name, Decimal(0)) + movement.change
        return found

    @property
    def routes(self) -> Mapping[tuple[str, str], Callable[[Call], Answer]]:
        """The contract's routes of stock."""
        return {("POST", "/v1/stock"): self._levels, ("POST", "/v1/stock/movements"): self._movements}

    @property
    def admin_routes(self) -> Mapping[tuple[str, str], Callable[[Call], Answer]]:
        """What tests look at."""
        return {("GET", "/stock"): self._books}

    def subjects(self, call: Call) -> tuple[str, ...]:
        """Name the levels or movements of a call."""
        try:
            if call.path == "/v1/stock":
                return tuple(level_name(level) for level in msgspec.json.decode(call.body, type=Levels).levels)
            return tuple(m.ref for m in msgspec.json.decode(call.body, type=Movements).movements)
        except msgspec.MsgspecError:
            return ()

    def close(self) -> None:
        """Let go of the files."""
        self.levels.close()
        self.movements.close()

    def _levels(self, call: Call) -> Answer:
        check_key(call)
        levels = decode(call.body, Levels, "a list of stock levels").levels
        _bounded(len(levels))
        for level in levels:
            name = level_name(level)
            self.received[name] += 1
            held = self.levels.get(name)
            if held is None or _newer(level, held):
                self.levels.put([level])
                self.history.append(level)
        return ok(ItemResults(results=tuple(ItemResult(ref=level_name(level), ok=True) for level in levels)))

    def _movements(self, call: Call) -> Answer:
        check_key(call)
        movements = decode(call.body, Movements, "a list of stock movements").movements
        _bounded(len(movements))
        for movement in movements:
            self.received[movement.ref] += 1
            if self.movements.get(movement.ref) is None:
                self.movements.put([movement])
        return ok(ItemResults(results=tuple(ItemResult(ref=movement.ref, ok=True) for movement in movements)))

    def _books(self, _call: Call) -> Answer:
        return ok({"levels": self.levels.items, "quantities": self.quantities, "received": dict(self.received)})


def _newer(level: StockLevel, held: StockLevel) -> bool:
    if level.sequence is not None and held.sequence is not None:
        return level.sequence > held.sequence
    return level.observed_at > held.observed_at


def _bounded(count: int) -> None:
    if not 1 <= count <= MAX_ITEMS:
        raise Refused(422, "too_many", f"1 to {MAX_ITEMS} items a call, these are {count}")
