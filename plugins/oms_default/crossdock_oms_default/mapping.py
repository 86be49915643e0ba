"""The OMS side of the default contract: the bodies around the records, and pages cut into slices."""

from __future__ import annotations

import hashlib
from datetime import datetime

import msgspec
from msgspec import Raw, Struct

from crossdock.spec.orders import Order, OrderSlice, Page, Ref, Unreadable
from crossdock.spec.outbound import Choice, ItemResult
from crossdock_oms_default.wire import unreadable_name


class PageBody(Struct, frozen=True):
    """A page of orders, each left as it was received.

    `next_cursor` must be there, null on the last page: taken for it, a misspelt one would end every listing early.
    """

    orders: list[Raw]
    next_cursor: str | None
    watermark: datetime | None


class Head(Struct, frozen=True):
    """What is read of every order."""

    ref: Ref


class Heads(Struct, frozen=True):
    """The heads of a page, read in one go."""

    orders: list[Head]


class OrdersBody(Struct, frozen=True):
    """Orders by ref; null where the OMS has one no more."""

    orders: dict[str, Order | None]


class ResultsBody(Struct, frozen=True):
    """One result per report."""

    results: list[ItemResult]


class ChoicesBody(Struct, frozen=True):
    """What a person may choose from."""

    choices: list[Choice]


ORDER = msgspec.json.Decoder(Order)
HEAD = msgspec.json.Decoder(Head)
HEADS = msgspec.json.Decoder(Heads)


def to_page(page: PageBody, body: bytes) -> Page:
    """Cut a page into slices; an order without a readable ref becomes Unreadable and spoils nothing else."""
    try:
        heads = HEADS.decode(body).orders
    except (msgspec.MsgspecError, ValueError):
        return _page_one_by_one(page)
    slices = tuple(OrderSlice(head.ref, bytes(raw)) for head, raw in zip(heads, page.orders, strict=True))
    return Page(slices=slices, next_cursor=page.next_cursor, watermark=page.watermark)


def _page_one_by_one(page: PageBody) -> Page:
    slices: list[OrderSlice] = []
    unreadable: list[Unreadable] = []
    for raw in map(bytes, page.orders):
        try:
            slices.append(OrderSlice(HEAD.decode(raw).ref, raw))
        except (msgspec.MsgspecError, ValueError) as error:
            unreadable.append(Unreadable(unreadable_name(raw), raw, f"The order has no readable ref: {error}"))
    return Page(
        slices=tuple(slices),
        unreadable=tuple(unreadable),
        next_cursor=page.next_cursor,
        watermark=page.watermark,
    )


def reports_key(body: bytes) -> str:
    """Return the Idempotency-Key of a body: the same bytes, the same key."""
    return f"XR-{hashlib.blake2b(body, digest_size=16).hexdigest()}"
