"""Makes the handlers of what a warehouse is asked about documents that it has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from crossdock.flows.outbound_changes import CancelHandler, HoldHandler, UpdateHandler
from crossdock.rules.mutability import abilities_of

if TYPE_CHECKING:
    from crossdock.engine.links import Link
    from crossdock.flows.house import House


class Grounded(Protocol):
    """The part of engine.exchange.Ground that is needed here."""

    @property
    def house(self) -> House:
        """The rooms a flow may use."""
        ...


def updates(link: Link, ground: Grounded) -> UpdateHandler:
    """Handle updates, as many in a call as documents are created in one. A doubt is settled by the same bytes again."""
    able = abilities_of(link.capabilities, link.hooks)
    return UpdateHandler(link, ground.house, able, batch=link.capabilities.max_batch)


def cancels(link: Link, ground: Grounded) -> CancelHandler:
    """Handle cancellations; a doubt is settled by asking, where the warehouse says how far documents are."""
    able = abilities_of(link.capabilities, link.hooks)
    return CancelHandler(link, ground.house, able, asks=able.tells_stage)


def holds(link: Link, ground: Grounded) -> HoldHandler:
    """Handle holds."""
    return HoldHandler(link, ground.house, abilities_of(link.capabilities, link.hooks))
