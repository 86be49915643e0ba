"""An order as a unit of work sees it."""

from __future__ import annotations

from msgspec import Struct

from crossdock.spec.orders import Order
from crossdock.store.orders import StoredOrder


class Sight(Struct, frozen=True, gc=False):
    """An order as it is now, beside its row."""

    stored: StoredOrder
    order: Order
