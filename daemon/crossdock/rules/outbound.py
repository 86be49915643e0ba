"""From an order to what its warehouse receives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.spec.orders import LineKind
from crossdock.spec.outbound import OutboundLine, OutboundRequest

if TYPE_CHECKING:
    from crossdock.rules.book import Book, Warehouse
    from crossdock.spec.orders import Order


def to_request(
    order: Order, warehouse: Warehouse, book: Book, key: str, revision: int, strategy: str
) -> OutboundRequest:
    """Make the outbound request of an order: goods lines only, with the warehouse's own SKUs and carrier name."""
    skus = book.skus
    code = warehouse.code
    return OutboundRequest(
        key=key,
        order_ref=order.ref,
        order_number=order.number,
        revision=revision,
        warehouse=warehouse.remote,
        shop=order.shop,
        channel=order.channel,
        logistics=book.logistics.get((code, order.logistics)) or order.logistics,
        logistics_kind=order.logistics_kind,
        recipient=order.recipient,
        lines=tuple(
            OutboundLine(
                line_no=line.line_no,
                sku=(skus.get((code, line.sku)) or line.sku) if skus else line.sku,
                quantity=line.quantity,
                name=line.name,
                unit=line.unit,
                unit_price=line.unit_price,
                gift=line.gift,
            )
            for line in order.lines
            if line.kind is LineKind.GOODS
        ),
        ordered_at=order.created_at,
        currency=order.currency,
        total=order.total,
        cash_on_delivery=order.cash_on_delivery,
        ship_by=order.ship_by,
        tracking_number=order.tracking_number,
        buyer_note=order.buyer_note,
        seller_note=order.seller_note,
        strategy=strategy,
        extra=order.extra,
    )
