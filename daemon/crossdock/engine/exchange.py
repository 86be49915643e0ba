"""The lanes of a connection beyond orders: its operations, and its streams of documents, products and stock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crossdock.engine import outbound_handlers
from crossdock.engine.operation_lane import OperationLane
from crossdock.engine.stream_lane import StreamLane

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crossdock.config.model import Config
    from crossdock.engine.connection_keeper import ConnectionKeeper
    from crossdock.engine.links import Link
    from crossdock.flows.house import House
    from crossdock.flows.operations import Handler
    from crossdock.flows.pull_stream import Stream
    from crossdock.store.tasks import TaskKind, Totals


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What the lanes of a connection stand on. `links` are all open connections, as they are now."""

    config: Config
    house: House
    keeper: ConnectionKeeper
    links: Mapping[str, Link]
    going: Callable[[], bool]
    settled: Callable[[], None]
    wake: Callable[[frozenset[str]], None]
    fetched: Callable[[str, Totals], None]


HANDLERS: tuple[tuple[str, Callable[[Link, Ground], Handler]], ...] = (
    ("update_outbound", outbound_handlers.updates),
    ("cancel_outbound", outbound_handlers.cancels),
    ("hold_outbound", outbound_handlers.holds),
)
"""By the hook that it needs: what makes the handler of one kind of operation for a connection."""

STREAMS: tuple[tuple[str, TaskKind, Callable[[Link, Ground], Stream[Any]]], ...] = ()
"""By the hook that it needs: the kind of its tasks, and what makes one stream of a connection."""


def operation_lane(link: Link, ground: Ground) -> OperationLane | None:
    """Make the lane that carries out a connection's operations, if its hooks allow any."""
    handlers = {made.kind: made for hook, make in HANDLERS if hook in link.hooks for made in [make(link, ground)]}
    if not handlers:
        return None
    config = ground.config
    return OperationLane(
        link, config.connections[link.name], config.engine, ground.house, ground.keeper, ground.going, handlers,
        ground.settled,
    )  # fmt: skip


def stream_lanes(link: Link, ground: Ground) -> dict[str, StreamLane]:
    """Make the lanes that fetch a connection's streams, by the name of the stream."""
    config = ground.config
    found = {}
    for hook, kind, make in STREAMS:
        if hook in link.hooks:
            stream = make(link, ground)
            found[stream.name] = StreamLane(
                link, config.connections[link.name], config.engine, ground.house, ground.keeper, ground.going, stream,
                kind, ground.wake, ground.fetched,
            )  # fmt: skip
    return found
