"""The lanes of a connection beyond orders: its operations, and its streams of documents, products and stock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crossdock.engine import document_exchange, exchange_costs, outbound_handlers, stock_lanes
from crossdock.engine.operation_lane import OperationLane
from crossdock.engine.stream_lane import StreamLane
from crossdock.flows.deliver_labels import LabelHandler
from crossdock.flows.product_writes import ProductLook, ProductWriter
from crossdock.flows.products import ProductStream
from crossdock.store.tasks import TaskKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crossdock.config.model import Config
    from crossdock.engine.connection_keeper import ConnectionKeeper
    from crossdock.engine.links import Link
    from crossdock.flows.house import House
    from crossdock.flows.operations import Handler
    from crossdock.flows.pull_stream import Stream
    from crossdock.store.tasks import Totals


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What the lanes of a connection stand on. `links` are all open connections, and `interval_s` the five-minute limit, as they are now."""

    config: Config
    interval_s: Callable[[], float]
    house: House
    keeper: ConnectionKeeper
    links: Mapping[str, Link]
    going: Callable[[], bool]
    settled: Callable[[], None]
    wake: Callable[[frozenset[str]], None]
    fetched: Callable[[str, Totals], None]


def _labels(link: Link, ground: Ground) -> Handler:
    return LabelHandler(link, ground.house)


WRITES_AT_ONCE = 20
"""Products written in one call, at most."""

HANDLERS: tuple[tuple[str, Callable[[Link, Ground], Handler]], ...] = (
    ("apply_stock", stock_lanes.levels_to),
    ("apply_movements", stock_lanes.movements_to),
    ("push_label", _labels),
    ("apply_outbound", document_exchange.post_outbound),
    ("apply_inbound", document_exchange.post_inbound),
    ("write_products", lambda link, ground: ProductWriter(link.name, link, ground.house, WRITES_AT_ONCE)),
    ("get_products", lambda link, ground: ProductLook(link.name, link, ground.house)),
    ("update_cost", exchange_costs.handler),
    ("update_outbound", outbound_handlers.updates),
    ("cancel_outbound", outbound_handlers.cancels),
    ("hold_outbound", outbound_handlers.holds),
)
"""By the hook that it needs: what makes the handler of one kind of operation for a connection."""

STREAMS: tuple[tuple[str, TaskKind, Callable[[Link, Ground], Stream[Any] | None]], ...] = (
    ("fetch_stock", TaskKind.FETCH_STOCK, stock_lanes.levels_from),
    ("fetch_movements", TaskKind.FETCH_STOCK, stock_lanes.movements_from),
    ("fetch_outbound", TaskKind.FETCH_OUTBOUND, document_exchange.outbound_stream),
    ("fetch_inbound", TaskKind.FETCH_INBOUND, document_exchange.inbound_stream),
    ("fetch_products", TaskKind.FETCH_PRODUCTS, lambda link, ground: ProductStream(link.name, link, ground.house)),
    ("get_costs", TaskKind.CHECK_COSTS, exchange_costs.check),
)
"""By the hook that it needs: the kind of its tasks, and what makes one stream of a connection (None: it is not needed)."""


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
            if stream is None:
                continue
            found[stream.name] = StreamLane(
                link, config.connections[link.name], config.engine, ground.interval_s, ground.house, ground.keeper,
                ground.going, stream, kind, ground.wake, ground.fetched,
            )  # fmt: skip
    return found
