"""Webhooks: hints that something changed. They trigger a fetch; what they say of it is never taken for true."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from crossdock.spec.orders import Ref


class Subject(StrEnum):
    """What a hint is about."""

    ORDER = "order"
    OUTBOUND = "outbound"
    INBOUND = "inbound"
    PRODUCT = "product"
    STOCK = "stock"


class Hint(Struct, frozen=True):
    """Something may have changed; `ref` None: nobody says which."""

    subject: Subject
    ref: Ref | None = None
