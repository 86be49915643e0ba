"""Let pushes that were just found to have arrived follow what their warehouse told of their documents before.

A warehouse may show a document while its push is still in doubt. What it said then is not said again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from crossdock.flows import shipping
from crossdock.rules.documents import Known
from crossdock.spec.documents import OutboundDoc
from crossdock.store import documents

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from crossdock.store.store import Transaction

CHUNK = 500
_read = msgspec.json.Decoder(Known[OutboundDoc]).decode


def catch_up(tx: Transaction, order_ids: Sequence[int], now: datetime) -> None:
    """Have the pushes of these orders follow the documents that are known of them. Repeating it changes nothing."""
    for start in range(0, len(order_ids), CHUNK):
        chunk = order_ids[start : start + CHUNK]
        for order_id in documents.among_orders(tx, chunk):
            for row in documents.of_order(tx, order_id):
                if row.list_name.endswith("outbound"):
                    shipping.follow(tx, row.connection, [_read(row.payload).document], now)
