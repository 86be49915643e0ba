"""The setup of pushing to warehouses in one view."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from crossdock.control.records.setup import Setup, SetupStep, SetUpWarehouse
from crossdock.engine.offers import designated
from crossdock.rules import offers, setup
from crossdock.rules.book import EXPLAINED

if TYPE_CHECKING:
    from crossdock.control.route import Call
    from crossdock.rules.book import Book


async def show_setup(call: Call[None, object]) -> Setup:
    """Show every warehouse with its strategies and auto push, what is odd about it, and what is still to be set up."""
    engine = call.engine
    book = await engine.store.read(engine.books.current)
    connected = {
        name: setup.Connected(
            name=name, kind=engine.links[name].kind if name in engine.links else "", open=name in engine.links
        )
        for name in engine.config.connections
    }
    offered = await _offered(call, book)
    places = setup.places(book, connected, offered)
    return Setup(
        warehouses=tuple(SetUpWarehouse(**msgspec.structs.asdict(place)) for place in places),
        odd=offers.of_book(book, offered),
        steps=tuple(SetupStep(**msgspec.structs.asdict(step)) for step in setup.steps(book, connected)),
        explained={kind.value: text for kind, text in EXPLAINED.items()},
    )


async def _offered(call: Call[None, object], book: Book) -> offers.Offered:
    """Ask what is offered of that which is designated; what was told lately is not asked again."""
    entries = (*book.strategies.values(), *book.allocation)
    known = await call.requests.offers.of_orders(designated(entries, "shops"), designated(entries, "logistics"))
    there = await call.requests.offers.of_warehouses([(w.connection, w.remote) for w in book.warehouses.values()])
    return msgspec.structs.replace(known, warehouses=there.warehouses)
