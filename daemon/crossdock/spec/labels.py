"""Shipping labels: had from the OMS, given to the warehouse."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from crossdock.spec.orders import Ref
from crossdock.spec.outbound import Key


class Label(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A shipping label as the OMS gives it: its bytes, or the address (https) where the daemon gets them.

    The address must be on a host that the connection declares for labels. `tracking_number` is the number printed on it,
    where the OMS says so; `expires_at` (aware UTC) is when the address stops working.
    """

    content_type: str
    data: bytes | None = None
    url: str | None = None
    tracking_number: str | None = None
    expires_at: datetime | None = None


class LabelDelivery(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A shipping label on its way to the warehouse. `version` counts the labels of the order; a newer one voids the older."""

    key: Key
    outbound_key: Key
    order_ref: Ref
    warehouse: str
    version: int
    content_type: str
    data: bytes
    remote_id: Ref | None = None
    package_ref: Ref | None = None
    tracking_number: str | None = None
