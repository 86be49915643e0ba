"""The streams and operations of stock: which connections have them, and what they are made of."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from crossdock.flows.sync_stock import LEVEL, MOVEMENT, LevelStream, MovementStream, StockHandler

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    from crossdock.config.model import Config
    from crossdock.engine.links import Link
    from crossdock.flows.house import House

    class Ground(Protocol):
        """The part of engine.exchange.Ground that is needed here."""

        @property
        def config(self) -> Config:
            """The configuration."""
            ...

        @property
        def house(self) -> House:
            """The rooms a flow may use."""
            ...

        @property
        def links(self) -> Mapping[str, Link]:
            """All open connections."""
            ...


def able(links: Mapping[str, Link], hook: str) -> list[str]:
    """Name the connections that have a hook, as they are open now."""
    return [name for name, link in links.items() if hook in link.hooks]


def levels_from(link: Link, ground: Ground) -> LevelStream:
    """Make the stream of levels of a WMS."""
    return LevelStream(link.name, link, ground.house.books, partial(able, ground.links, "apply_stock"))


def movements_from(link: Link, ground: Ground) -> MovementStream | None:
    """Make the stream of movements of a WMS; None where it has levels, which say the same and more."""
    if "fetch_stock" in link.hooks:
        return None
    return MovementStream(link.name, link, ground.house.books, partial(able, ground.links, "apply_movements"))


def levels_to(link: Link, ground: Ground) -> StockHandler:
    """Make what has an OMS take over levels."""
    return StockHandler(link, _batch(link, ground), LEVEL)


def movements_to(link: Link, ground: Ground) -> StockHandler:
    """Make what has an OMS take over movements."""
    return StockHandler(link, _batch(link, ground), MOVEMENT)


def _batch(link: Link, ground: Ground) -> int:
    return min(link.capabilities.max_batch, ground.config.connections[link.name].push.max_batch)
