"""Shipping labels on the control API: where they stand, what people ask of them, their bytes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from crossdock.control.records.base import MAX_ORDERS, ConnectionName, Limit, Reason
from crossdock.control.records.orders import Refs
from crossdock.spec.orders import Ref

LabelStateName = Literal["absent", "requested", "ready", "printed", "stale", "failed"]


class PullLabels(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pull the shipping labels of these orders of an OMS."""

    connection: ConnectionName
    refs: Annotated[tuple[Ref, ...], Meta(min_length=1, max_length=MAX_ORDERS)]


class ConfirmLabels(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The labels of these orders are right all the same, or were stuck over."""

    orders: Refs
    reason: Reason


class LabelQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which labels; `after` is `next` of the page before."""

    state: LabelStateName | None = None
    connection: ConnectionName | None = None
    after: Annotated[int, Meta(ge=0, le=2**62)] = 0
    limit: Limit = 50


class ContentQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which version; None is the newest."""

    version: Annotated[int, Meta(ge=1, le=2**31)] | None = None


class LabelItem(Struct, frozen=True, kw_only=True):
    """The label of an order. `version` 0: it never had one. `next_at` is when something is due for it.

    `unusable` says why no parcel may carry it, whatever its state: its order is cancelled.
    """

    id: int
    connection: str
    ref: str
    number: str
    state: str
    version: int
    next_at: datetime | None = None
    attempts: int = 0
    error_code: str | None = None
    error: str | None = None
    unusable: str | None = None


class LabelPage(Struct, frozen=True, kw_only=True):
    """A page of labels, oldest first; `next` is None at the end."""

    items: tuple[LabelItem, ...]
    next: int | None = None


class LabelVersionItem(Struct, frozen=True, kw_only=True):
    """One version of a label. `content_hash` is the BLAKE2b of its bytes, `delivered_key` the document that has it."""

    version: int
    state: str
    content_type: str
    content_hash: str
    size: int
    fetched_at: datetime
    tracking_number: str | None = None
    printed_at: datetime | None = None
    printed_count: int = 0
    delivered_at: datetime | None = None
    delivered_key: str | None = None
    kept: bool = True


class LabelDetail(Struct, frozen=True, kw_only=True):
    """A label with its versions, newest first, and the problems that a person has to see."""

    row: LabelItem
    versions: tuple[LabelVersionItem, ...]
    problems: tuple[str, ...] = ()


class LabelContent(Struct, frozen=True, kw_only=True):
    """The bytes of a label (base64): personal data. `warning`: why it must not be used as it is."""

    version: int
    content_type: str
    data: bytes
    warning: str | None = None
