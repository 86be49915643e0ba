"""The fields of master data: which attributes of a product each is made of, and the form in which they are compared.

A value is plain JSON data in its normal form, so that it can be compared, kept and shown. Only that form is ever written.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, Struct

from crossdock.spec.products import Product

if TYPE_CHECKING:
    from collections.abc import Mapping

Value = Any
"""None, text, a number, a truth value, or a list of these; UNSET where a system does not know the field."""


class Field(Struct, frozen=True, kw_only=True):
    """One field. `several`: a set of values, which can be united; `number`: values that have an order."""

    attributes: tuple[str, ...]
    normal: Callable[[Any], Value]
    several: bool = False
    number: bool = False


def _text(value: str | None) -> Value:
    """Composed Unicode, one kind of line end, nothing around it; empty text is known to be empty."""
    if value is None:
        return None
    return unicodedata.normalize("NFC", value.replace("\r\n", "\n")).strip() or None


def _plain(value: Value) -> Value:
    return value


def _set(values: tuple[str, ...]) -> Value:
    """Barcodes have no order."""
    return sorted({text for value in values if (text := _text(value)) is not None})


def _sequence(values: tuple[str, ...]) -> Value:
    """Images have one: the first is the main one."""
    return list(dict.fromkeys(text for value in values if (text := _text(value)) is not None))


def _amount(value: Decimal | str | None) -> Value:
    """Amounts are equal whatever zeros they end in; text keeps them exact. What is no decimal is text (a currency)."""
    if isinstance(value, Decimal):
        return format(value.normalize(), "f") if value else "0"
    return value


FIELDS: dict[str, Field] = {
    "name": Field(attributes=("name",), normal=_text),
    "specification": Field(attributes=("specification",), normal=_text),
    "barcodes": Field(attributes=("barcodes",), normal=_set, several=True),
    "images": Field(attributes=("images",), normal=_sequence, several=True),
    "price": Field(attributes=("price", "currency"), normal=_amount),
    "active": Field(attributes=("active",), normal=_plain),
    "unit": Field(attributes=("unit",), normal=_text),
    "weight": Field(attributes=("weight_g",), normal=_plain, number=True),
    "dimensions": Field(attributes=("length_mm", "width_mm", "height_mm"), normal=_plain),
    "fragile": Field(attributes=("fragile",), normal=_plain),
    "storage": Field(attributes=("storage",), normal=_text),
    "batch_tracked": Field(attributes=("batch_tracked",), normal=_plain),
    "expiry_tracked": Field(attributes=("expiry_tracked",), normal=_plain),
}
"""Cost and stock never stand here (DOMAIN 4.8). A price is nothing without its currency, nor a length without a width:
such attributes are one field, and change together."""


def value_of(product: Product, name: str) -> Value:
    """Return a field's value in its normal form; UNSET if the system does not know all of its attributes."""
    field = FIELDS[name]
    found = [getattr(product, attribute) for attribute in field.attributes]
    if any(value is UNSET for value in found):
        return UNSET
    normal = [field.normal(value) for value in found]
    if len(normal) == 1:
        return normal[0]
    return None if all(value is None for value in normal) else normal


def values_of(product: Product) -> dict[str, Value]:
    """Return the values of all fields that the system knows."""
    return {name: value for name in FIELDS if (value := value_of(product, name)) is not UNSET}


def attributes_of(values: Mapping[str, Value]) -> dict[str, Any]:
    """Return the attributes of a product that make these values: the opposite of `value_of`."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        parts = FIELDS[name].attributes
        found |= dict(zip(parts, [value] if len(parts) == 1 else value or [None] * len(parts), strict=True))
    return found


def empty(value: Value) -> bool:
    """Tell whether a value says nothing, so that it may be filled from the other side."""
    return value is None or value == []


def read_value(name: str, text: str) -> Value:
    """Read what a person typed as a field's value: JSON, or else plain text. Raises ValueError with a sentence."""
    try:
        plain = msgspec.json.decode(text)
    except msgspec.DecodeError:
        plain = text
    if len(FIELDS[name].attributes) == 1 and isinstance(plain, int | float) and not isinstance(plain, bool):
        plain = plain if FIELDS[name].number else text
    try:
        attributes = attributes_of({name: plain})
        blank = {"sku": "-", "updated_at": "2000-01-01T00:00:00Z"}
        product = msgspec.convert({**blank, **attributes}, Product)
    except (msgspec.ValidationError, TypeError, ValueError) as error:
        raise ValueError(f"{text!r} is no value of the field '{name}': {error}") from None
    return value_of(product, name)


def folded(sku: str) -> str:
    """Return what SKUs have in common that differ only by case or space: twins, which are never taken for one another."""
    return "".join(unicodedata.normalize("NFKC", sku).casefold().split())
