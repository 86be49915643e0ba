"""Everything that the simulated systems do beyond orders, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.testing.simulation.back_office import BackOffice
from crossdock.testing.simulation.catalogue import Catalogue
from crossdock.testing.simulation.floor import Floor
from crossdock.testing.simulation.goods import Goods
from crossdock.testing.simulation.wire import Wire

if TYPE_CHECKING:
    from crossdock.testing.simulation.clock import VirtualLoop
    from crossdock.testing.simulation.order_book import OrderBook
    from crossdock.testing.simulation.wire import Ledger

WAREHOUSES = (("wms-a", "WH-A", "a"), ("wms-b", "WH-B", "b"))
"""Connection, our code, and the code in the WMS."""


class Exchange:
    """The books of the OMS's back office and of both warehouses. They outlive every crash of ours."""

    def __init__(self, seed: str, loop: VirtualLoop, orders: OrderBook, *, ordered: bool) -> None:
        self.office = BackOffice(Wire(f"{seed}:office", loop), orders, ordered=ordered)
        self.floors: dict[str, Floor] = {}
        self.goods: dict[str, Goods] = {}
        self.catalogues: dict[str, Catalogue] = {}
        for name, _, remote in WAREHOUSES:
            wire = Wire(f"{seed}:{name}:beyond", loop)
            self.floors[name] = Floor(name, remote, wire)
            self.goods[name] = Goods(name, remote, wire, counted=name == "wms-a")
            self.catalogues[name] = Catalogue(name, wire)
        self.office.delivered = lambda data: any(
            each.label is not None and each.label[1] == data
            for floor in self.floors.values()
            for each in floor.shipments.values()
        )

    def tick(self) -> None:
        """Let the next seconds' events happen."""
        for name, _, _ in WAREHOUSES:
            self.goods[name].tick()
            self.catalogues[name].tick()
        self.office.catalogue.tick()

    def settle_down(self) -> None:
        """Nothing fails any more, and nothing new happens."""
        self.office.wire.calm = True
        for name, floor in self.floors.items():
            floor.wire.calm = floor.still = True
            self.goods[name].settle_down()

    def listings(self) -> int:
        """Count the complete listings of the stream that was listed least."""
        return min(ledger.listings for ledger in self.ledgers())

    def ledgers(self) -> list[Ledger[object]]:
        """Return everything that is listed."""
        found: list[Ledger[object]] = [self.office.catalogue.products]  # type: ignore[list-item]  # each of its own
        for name, floor in self.floors.items():
            goods = self.goods[name]
            found += [floor.outbound, goods.inbound, goods.stock, self.catalogues[name].products]  # type: ignore[list-item]
        return found
