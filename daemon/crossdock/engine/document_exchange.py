"""The streams and handlers of documents, and what the engine knows of the OMS connections that take them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from crossdock.engine.exchange_costs import costing
from crossdock.flows.documents import InboundStream, OutboundStream
from crossdock.flows.post_documents import PostInbound, PostOutbound
from crossdock.rules.posting import Targets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crossdock.config.model import Config
    from crossdock.engine.links import Link
    from crossdock.flows.house import House
    from crossdock.flows.operations import Handler
    from crossdock.flows.pull_stream import Stream

HOOKS = {"apply_outbound": "outbound", "apply_inbound": "inbound"}


class Ground(Protocol):
    """The part of engine.exchange.Ground that documents need."""

    @property
    def config(self) -> Config:
        """The configuration."""
        ...

    @property
    def house(self) -> House:
        """The rooms."""
        ...

    @property
    def links(self) -> Mapping[str, Link]:
        """All open connections, as they are now."""
        ...


def targets(links: Mapping[str, Link], config: Config) -> Targets:
    """Say which OMS connections there are now, and what each takes."""
    takes = {
        name: frozenset(direction for hook, direction in HOOKS.items() if hook in link.hooks)
        for name, link in links.items()
        if link.kind in ("oms", "both")
    }
    unknown = [name for name, each in config.connections.items() if each.enabled and name not in links]
    return Targets(takes=takes, unknown=tuple(sorted(unknown)))


def outbound_stream(link: Link, ground: Ground) -> Stream[Any]:
    """Make the stream of a connection's outbound documents."""
    costs = costing(ground.config, ground.links)
    return OutboundStream(link, ground.house.books, lambda: targets(ground.links, ground.config), costs)


def inbound_stream(link: Link, ground: Ground) -> Stream[Any]:
    """Make the stream of a connection's inbound documents."""
    costs = costing(ground.config, ground.links)
    return InboundStream(link, ground.house.books, lambda: targets(ground.links, ground.config), costs)


def post_outbound(link: Link, _ground: Ground) -> Handler:
    """Make the handler that enters outbound documents in an OMS."""
    return PostOutbound(link)


def post_inbound(link: Link, _ground: Ground) -> Handler:
    """Make the handler that enters inbound documents in an OMS."""
    return PostInbound(link)
