"""What is known of a document and what arrives of it, put together so that order and repetition do not matter.

Of everything but its state and its parts the newest revision counts. The state is the furthest that was ever seen. Parts
(parcels, receipts) are collected by their names, each as the newest revision that held it says (DOMAIN 4.3 C, D; invariants
5 and 7).
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec
from msgspec import Struct

from crossdock.rules.document_states import (
    STAGE_RANK,
    OutboundState,
    contradict,
    further,
    outbound_state,
)
from crossdock.spec.documents import InboundDoc, InboundKind, InboundState, OutboundDoc, OutboundKind, Parcel, Receipt
from crossdock.spec.outbound import Stage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crossdock.spec.documents import OutboundDocLine
    from crossdock.spec.outbound import OutboundRequest

_encode = msgspec.json.Encoder(order="sorted").encode
D = TypeVar("D", OutboundDoc, InboundDoc)
P = TypeVar("P", Parcel, Receipt)


class Stamp(Struct, frozen=True, order=True):
    """How new something is: by revision, then by change stamp; the digest only makes ties the same everywhere.

    `correction` is that of a receipt's cost, which counts before all else.
    """

    correction: int
    revision: int
    updated_at: datetime
    digest: str


class Known(Struct, Generic[D], frozen=True, kw_only=True):
    """All that was seen of a document. `parts` holds how new each parcel or receipt of `document` is.

    `contradicted`: it was seen in two states that cannot both be true, such as cancelled and left.
    """

    document: D
    stamp: Stamp
    parts: dict[str, Stamp]
    state: str
    contradicted: bool = False


def without_words(document: OutboundDoc) -> OutboundDoc:
    """Return a document without what its warehouse wrote into it in words of its own: they may name anybody."""
    lines = tuple(msgspec.structs.replace(line, reason="") for line in document.lines)
    return msgspec.structs.replace(document, lines=lines, problem="", note="", extra={})


def first_outbound(document: OutboundDoc) -> Known[OutboundDoc]:
    """Begin with the first that is seen of an outbound document."""
    stamp = _stamp(document)
    parcels, stamps = _together((), {}, document.parcels, {p.parcel_no: stamp for p in document.parcels})
    return Known(
        document=msgspec.structs.replace(document, parcels=parcels), stamp=stamp, parts=stamps,
        state=outbound_state(document).value,
    )  # fmt: skip


def merge_outbound(known: Known[OutboundDoc] | None, arriving: OutboundDoc) -> Known[OutboundDoc]:
    """Take in what arrives of an outbound document."""
    found = first_outbound(arriving)
    if known is None:
        return found
    before, after = OutboundState(known.state), OutboundState(found.state)
    newest = found if found.stamp > known.stamp else known
    stage = max(known.document.stage, arriving.stage, key=STAGE_RANK.__getitem__)
    parcels, parts = _together(known.document.parcels, known.parts, found.document.parcels, found.parts)
    return Known(
        document=msgspec.structs.replace(newest.document, stage=stage, parcels=parcels),
        stamp=newest.stamp,
        parts=parts,
        state=further(before, after).value,
        contradicted=known.contradicted or contradict(before, after),
    )


def first_inbound(document: InboundDoc) -> Known[InboundDoc]:
    """Begin with the first that is seen of an inbound document."""
    stamp = _stamp(document)
    stamps = {r.ref: msgspec.structs.replace(stamp, correction=r.cost_revision) for r in document.receipts}
    receipts, stamps = _together((), {}, document.receipts, stamps)
    return Known(
        document=msgspec.structs.replace(document, receipts=receipts), stamp=stamp, parts=stamps,
        state=document.state.value,
    )  # fmt: skip


def merge_inbound(known: Known[InboundDoc] | None, arriving: InboundDoc) -> Known[InboundDoc]:
    """Take in what arrives of an inbound document."""
    found = first_inbound(arriving)
    if known is None:
        return found
    before, after = InboundState(known.state), arriving.state
    newest = found if found.stamp > known.stamp else known
    state = further(before, after)
    receipts, parts = _together(known.document.receipts, known.parts, found.document.receipts, found.parts)
    return Known(
        document=msgspec.structs.replace(newest.document, state=state, receipts=receipts),
        stamp=newest.stamp,
        parts=parts,
        state=state.value,
        contradicted=known.contradicted or contradict(before, after),
    )


def _stamp(document: OutboundDoc | InboundDoc) -> Stamp:
    digest = hashlib.blake2b(_encode(document), digest_size=16).hexdigest()
    return Stamp(0, document.revision, document.updated_at, digest)


def _name(part: Parcel | Receipt) -> str:
    return part.parcel_no if isinstance(part, Parcel) else part.ref


def _together(
    known: Iterable[P], known_stamps: dict[str, Stamp], arriving: Iterable[P], stamps: dict[str, Stamp]
) -> tuple[tuple[P, ...], dict[str, Stamp]]:
    """Collect parts by their names; of one name the newer counts, and of two as new the one that sorts last."""
    found = {_name(part): (known_stamps[_name(part)], _encode(part), part) for part in known}
    for part in arriving:
        name = _name(part)
        candidate = (stamps[name], _encode(part), part)
        if name not in found or candidate[:2] > found[name][:2]:
            found[name] = candidate
    ordered = sorted(found.items())
    return tuple(part for _, (_, _, part) in ordered), {name: stamp for name, (stamp, _, _) in ordered}


LISTS: dict[str, tuple[str, str]] = {
    "package-outbound": ("outbound", OutboundKind.PARCEL.value),
    "manual-outbound": ("outbound", OutboundKind.MANUAL.value),
    "transfer-outbound": ("outbound", OutboundKind.TRANSFER.value),
    "receiving-inbound": ("inbound", InboundKind.RECEIPT.value),
    "manual-inbound": ("inbound", InboundKind.MANUAL.value),
    "transfer-inbound": ("inbound", InboundKind.TRANSFER.value),
}
"""The six lists, each with the direction and kind of its documents (the article, lines 35 and 36)."""
_LIST_OF = {pair: name for name, pair in LISTS.items()}


def list_of(document: OutboundDoc | InboundDoc) -> str:
    """Name the list in which a document stands."""
    direction = "outbound" if isinstance(document, OutboundDoc) else "inbound"
    return _LIST_OF[direction, document.kind.value]


def posting_key(wms: str, list_name: str, ref: str, revision: int, generation: int) -> str:
    """Name one revision of a document on its way to the OMS: "XP-" and 20 characters of A to Z and 2 to 7 (DOMAIN 4.4).

    `generation` is raised only after a definite end of the earlier one: other bytes, or a person's wish.
    """
    text = "\x1f".join(("DOC", wms, list_name, ref, str(revision), str(generation)))
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
    return "XP-" + base64.b32encode(digest[:15])[:20].decode("ascii")


def changes(
    before: Known[OutboundDoc] | Known[InboundDoc] | None, after: Known[OutboundDoc] | Known[InboundDoc]
) -> str:
    """Say in words what a page changed about a document."""
    document = after.document
    if before is None:
        return f"first seen at revision {document.revision}: {after.state}{_told(len(after.parts), document)}"
    said = []
    if document.revision != before.document.revision:
        said.append(f"revision {before.document.revision} → {document.revision}")
    if after.state != before.state:
        said.append(f"{before.state} → {after.state}")
    fresh = sorted(set(after.parts) - set(before.parts))
    if fresh:
        said.append(f"new: {', '.join(fresh[:10])}" + (f" and {len(fresh) - 10} more" if len(fresh) > 10 else ""))
    return "; ".join(said) or "its content changed"


def _told(count: int, document: OutboundDoc | InboundDoc) -> str:
    if not count:
        return ""
    what = "parcel" if isinstance(document, OutboundDoc) else "receipt"
    return f", {count} {what}{'' if count == 1 else 's'}"


def held_beyond(
    told: Iterable[OutboundRequest], documents: Iterable[OutboundDoc]
) -> dict[str, tuple[Decimal, Decimal]]:
    """Name what documents under one key hold beyond what their warehouse was told: SKU → (held, told).

    `told` are all that it may have taken over by now; of a SKU the largest counts. An order may be split over documents, but
    they hold no more than it together (DOMAIN 5, invariants 1 and 7). A cancelled one holds nothing, and of one that has ended
    counts what left.
    """
    most: dict[str, Decimal] = {}
    for request in told:
        for sku, quantity in _summed((line.sku, line.quantity) for line in request.lines).items():
            most[sku] = max(most.get(sku, quantity), quantity)
    live = (document for document in documents if document.stage is not Stage.CANCELLED)
    held = _summed((line.sku, _holds(document, line)) for document in live for line in document.lines)
    return {
        sku: (quantity, most.get(sku, Decimal(0)))
        for sku, quantity in held.items()
        if quantity > most.get(sku, Decimal(0))
    }


def _holds(document: OutboundDoc, line: OutboundDocLine) -> Decimal:
    ended = document.stage is Stage.OUTBOUND or document.short_closed
    return line.actual if ended and line.actual is not None else line.planned


def _summed(pairs: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for sku, quantity in pairs:
        found[sku] = found.get(sku, Decimal(0)) + quantity
    return found
