"""Product master data, which goes both ways between an OMS and its warehouses."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType, field

from crossdock.spec.orders import Currency, Ref, Text
from crossdock.spec.outbound import Key

Grams = Annotated[int, Meta(ge=0, le=10**9)]
Millimetres = Annotated[int, Meta(ge=0, le=10**7)]


class Product(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A product as one system shows it now. Its identity is `sku`: exact text, case included.

    A field that the system does not know at all is UNSET and takes no part in any comparison; None means "known to be
    empty". `version` is the system's own number or entity tag of this state, where it has one; `deleted` marks a
    tombstone. Cost and stock never stand here.
    """

    sku: Ref
    updated_at: datetime
    version: str | None = None
    deleted: bool = False
    name: Text | UnsetType | None = UNSET
    specification: Text | UnsetType | None = UNSET
    barcodes: tuple[str, ...] | UnsetType = UNSET
    images: tuple[str, ...] | UnsetType = UNSET
    price: Decimal | UnsetType | None = UNSET
    currency: Currency | UnsetType | None = UNSET
    active: bool | UnsetType = UNSET
    unit: str | UnsetType | None = UNSET
    weight_g: Grams | UnsetType | None = UNSET
    length_mm: Millimetres | UnsetType | None = UNSET
    width_mm: Millimetres | UnsetType | None = UNSET
    height_mm: Millimetres | UnsetType | None = UNSET
    fragile: bool | UnsetType = UNSET
    storage: Text | UnsetType | None = UNSET
    batch_tracked: bool | UnsetType = UNSET
    expiry_tracked: bool | UnsetType = UNSET
    extra: dict[str, Any] = field(default_factory=dict)


class ProductWrite(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Values to write into one product, one key with every attempt.

    Only the fields of `product` that are not UNSET are written. `base_version` is the state that the decision rested on:
    a system that can compare refuses with code "version" if its product is at another one. `create`: the product may not
    exist there yet.
    """

    key: Key
    product: Product
    base_version: str | None = None
    create: bool = False
