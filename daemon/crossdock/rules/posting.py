"""Where a document goes and how: which OMS, under which names. Never guessed; what is missing is said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from crossdock.spec.documents import InboundDoc, OutboundDoc

if TYPE_CHECKING:
    from crossdock.rules.book import Book, Warehouse

Document = OutboundDoc | InboundDoc


class Targets(Struct, frozen=True, kw_only=True):
    """The OMS connections there are, and what each can take ("outbound", "inbound").

    `unknown` are configured connections of which nobody can say what they are: they are not loaded.
    """

    takes: Mapping[str, frozenset[str]]
    unknown: tuple[str, ...] = ()


class Owner(Struct, frozen=True):
    """The order that a document is about; `ref` is the OMS's own name of it. `several`: it fits orders of more than one OMS."""

    order_id: int | None = None
    oms: str | None = None
    several: bool = False
    ref: str | None = None


class Held(Struct, frozen=True, kw_only=True):
    """Why a document cannot be sent yet. `code` is for programs; `missing` is what has to be filled in.

    `text` is the same for all that lack the same; `time_heals`: it may go away by itself.
    """

    code: str
    missing: str
    text: str
    time_heals: bool = False


class Address(Struct, frozen=True, kw_only=True):
    """Where a document goes: the OMS, our warehouse, and the document in the OMS's own names."""

    oms: str
    warehouse: str
    document: Document


def warehouse_of(book: Book, connection: str, remote: str) -> Warehouse | Held:
    """Find our warehouse by the code that its WMS gives it; one that is switched off does not count beside another."""
    there = [w for w in book.warehouses.values() if w.connection == connection and w.remote == remote]
    found = [w for w in there if w.enabled] or there
    if len(found) == 1:
        return found[0]
    if not found:
        text = (
            f"{connection} has documents of warehouse '{remote}', which is not set up; set it up "
            "(`crossdock warehouses set`), then they go to the OMS by themselves"
        )
        return Held(code="unknown_warehouse", missing=f"warehouse {remote}", text=text)
    names = ", ".join(sorted(warehouse.code for warehouse in found))
    text = f"'{remote}' of {connection} is set up as several warehouses ({names}); leave one of them switched on"
    return Held(code="several_warehouses", missing=f"warehouse {remote}", text=text)


def oms_of(warehouse: Warehouse, targets: Targets) -> str | Held:
    """Name the OMS that gets the documents of a warehouse: as it is set up, else the only one there is."""
    if warehouse.oms is not None:
        return warehouse.oms
    if len(targets.takes) == 1 and not targets.unknown:
        return next(iter(targets.takes))
    if targets.unknown:
        known = f"connection {', '.join(targets.unknown)} is not loaded, so nobody knows whether there is another OMS"
    elif targets.takes:
        known = f"there are several OMS connections ({', '.join(sorted(targets.takes))})"
    else:
        known = "there is no OMS connection"
    text = (
        f"nobody said which OMS gets the documents of warehouse {warehouse.code}: {known}; name it with "
        f"`crossdock warehouses set {warehouse.code} --oms NAME`"
    )
    return Held(code="no_oms", missing=f"oms of {warehouse.code}", text=text)


def our_sku(book: Book, warehouse: Warehouse, theirs: str) -> str | Held:
    """Translate a warehouse's SKU back into ours. An explicit mapping counts before the text itself."""
    explicit = sorted(ours for (code, ours), sku in book.skus.items() if code == warehouse.code and sku == theirs)
    if len(explicit) == 1:
        return explicit[0]
    if explicit:
        text = (
            f"SKU '{theirs}' of warehouse {warehouse.code} stands for several of ours ({', '.join(explicit[:5])}); "
            "leave one mapping, then its documents go to the OMS by themselves"
        )
        return Held(code="ambiguous_sku", missing=f"sku {theirs}", text=text)
    if warehouse.auto_bind and (warehouse.code, theirs) not in book.skus:
        return theirs
    text = (
        f"nobody said what SKU '{theirs}' of warehouse {warehouse.code} is called in the OMS; map it "
        f"(`crossdock mappings set {warehouse.code} sku OURS THEIRS`), then its documents go to the OMS by themselves"
    )
    return Held(code="unmapped_sku", missing=f"sku {theirs}", text=text)


def address(
    document: Document, connection: str, owner: Owner, book: Book, targets: Targets, kept: str | None = None
) -> Address | Held:
    """Say where a document goes, in the OMS's names, or what is missing.

    A document of an order goes to the order's OMS, any other to its warehouse's. `kept` is the OMS that has, or may
    have, an earlier revision: it stays with that one.
    """
    warehouse = warehouse_of(book, connection, document.warehouse)
    if isinstance(warehouse, Held):
        return warehouse
    oms = kept or _target(document, connection, owner, warehouse, targets)
    if isinstance(oms, Held):
        return oms
    direction = "outbound" if isinstance(document, OutboundDoc) else "inbound"
    if oms in targets.takes and direction not in targets.takes[oms]:
        text = f"{oms} takes no {direction} documents: not supported by this OMS"
        return Held(code="unsupported", missing=f"{direction} documents of {oms}", text=text)
    translated = translate(document, connection, warehouse, book)
    if isinstance(translated, Held):
        return translated
    if isinstance(translated, OutboundDoc) and owner.ref is not None:
        translated = msgspec.structs.replace(translated, order_ref=owner.ref)
    return Address(oms=oms, warehouse=warehouse.code, document=translated)


def _target(document: Document, connection: str, owner: Owner, warehouse: Warehouse, targets: Targets) -> str | Held:
    named = isinstance(document, OutboundDoc) and (document.order_ref or document.outbound_key)
    if not named:
        return oms_of(warehouse, targets)
    if owner.oms is not None:
        return owner.oms
    if owner.several:
        text = f"{connection} has documents of orders whose reference fits orders of several OMS; nothing was guessed"
        return Held(code="several_orders", missing="order", text=text)
    text = (
        f"{connection} has documents of orders that crossdock does not know; they go to the OMS once their orders "
        "were fetched (`crossdock sync`)"
    )
    return Held(code="unknown_order", missing="order", text=text, time_heals=True)


def translate(document: Document, connection: str, warehouse: Warehouse, book: Book) -> Document | Held:
    """Put a document into the OMS's names: warehouses by its codes, SKUs as ours."""
    skus: dict[str, str] = {}
    for line in document.lines:
        ours = our_sku(book, warehouse, line.sku)
        if isinstance(ours, Held):
            return ours
        skus[line.sku] = ours
    code = warehouse.oms_code or warehouse.code
    replace = msgspec.structs.replace
    if isinstance(document, OutboundDoc):
        out = tuple(replace(line, sku=skus[line.sku]) for line in document.lines)
        other = _other(document.destination, connection, book)
        return replace(document, warehouse=code, lines=out, destination=other)
    into = tuple(replace(line, sku=skus[line.sku]) for line in document.lines)
    return replace(document, warehouse=code, lines=into, source=_other(document.source, connection, book))


def _other(remote: str | None, connection: str, book: Book) -> str | None:
    """The other end of a transfer by the OMS's code; one that is not set up keeps the warehouse's own word for it."""
    found = None if remote is None else warehouse_of(book, connection, remote)
    return remote if found is None or isinstance(found, Held) else found.oms_code or found.code
