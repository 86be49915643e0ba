"""The bodies of the default contract around the records of crossdock.spec."""

from __future__ import annotations

from datetime import datetime

from msgspec import Raw, Struct

from crossdock.spec.costs import ProductCost
from crossdock.spec.labels import Label
from crossdock.spec.orders import Order
from crossdock.spec.outbound import (
    Choice,
    ItemResult,
    OutboundRequest,
    PushReport,
    PushResult,
    RemoteOutbound,
)
from crossdock.spec.outbound_changes import OutboundUpdate


class OrderPage(Struct, frozen=True, kw_only=True):
    """One page of orders, ordered by (`updated_at`, `ref`). `watermark` is the newest `updated_at` it covers."""

    orders: tuple[Order, ...]
    next_cursor: str | None
    watermark: datetime | None


class OrderRefs(Struct, frozen=True, kw_only=True):
    """The orders asked for."""

    refs: tuple[str, ...]


class OrdersByRef(Struct, frozen=True, kw_only=True):
    """Each order asked for as it is now; null where the OMS has it no more."""

    orders: dict[str, Order | None]


class PushReports(Struct, frozen=True, kw_only=True):
    """What became of orders; (`order_ref`, `status`, `revision`) names a report."""

    reports: tuple[PushReport, ...]


class ItemResults(Struct, frozen=True, kw_only=True):
    """One result per report, named by its `order_ref`."""

    results: tuple[ItemResult, ...]


class Choices(Struct, frozen=True, kw_only=True):
    """What a person may choose from."""

    choices: tuple[Choice, ...]


class Outbounds(Struct, frozen=True, kw_only=True):
    """Outbound documents to create, 1 to 50 of them."""

    items: tuple[OutboundRequest, ...]


class RawOutbounds(Struct, frozen=True, kw_only=True):
    """The same, each item still to be read: one bad item must not spoil the others."""

    items: tuple[Raw, ...]


class PushResults(Struct, frozen=True, kw_only=True):
    """One result per item, named by its `key`, in any order."""

    results: tuple[PushResult, ...]


class Keys(Struct, frozen=True, kw_only=True):
    """The keys asked for."""

    keys: tuple[str, ...]


class Found(Struct, frozen=True, kw_only=True):
    """What the WMS holds under each key asked for; null where it surely holds nothing."""

    found: dict[str, RemoteOutbound | None]


class LabelBody(Struct, frozen=True, kw_only=True):
    """The newest shipping label of an order; null where there is none yet."""

    label: Label | None


class Skus(Struct, frozen=True, kw_only=True):
    """The SKUs asked for."""

    skus: tuple[str, ...]


class CostsBySku(Struct, frozen=True, kw_only=True):
    """What is known of each SKU's cost; null where the OMS does not know the SKU."""

    costs: dict[str, ProductCost | None]


class OutboundUpdates(Struct, frozen=True, kw_only=True):
    """Documents that are to change, 1 to 50 of them."""

    items: tuple[OutboundUpdate, ...]
