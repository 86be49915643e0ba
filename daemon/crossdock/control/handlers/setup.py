"""The setup of pushing to warehouses in one view."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from crossdock.control.records.setup import Setup, SetupStep, SetUpWarehouse
from crossdock.rules import setup
from crossdock.rules.book import EXPLAINED

if TYPE_CHECKING:
    from crossdock.control.route import Call


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
    return Setup(
        warehouses=tuple(SetUpWarehouse(**msgspec.structs.asdict(place)) for place in setup.places(book, connected)),
        steps=tuple(SetupStep(**msgspec.structs.asdict(step)) for step in setup.steps(book, connected)),
        explained={kind.value: text for kind, text in EXPLAINED.items()},
    )
