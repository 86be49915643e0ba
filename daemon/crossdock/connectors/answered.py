"""What a connector's hooks returned, made sure of: what is wrong in it must not look like an answer."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import msgspec

from crossdock.spec.errors import ContractError
from crossdock.spec.listing import MOST_RECORDS
from crossdock.spec.orders import Order, OrderSlice, Page, Unreadable
from crossdock.spec.outbound import PushResult
from crossdock.spec.storable import bytes_as_text, unstorable

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from crossdock.spec.labels import Label
    from crossdock.spec.listing import Listing
    from crossdock.spec.outbound import CheckResult, ItemResult, RemoteOutbound

    Log = logging.Logger | logging.LoggerAdapter[Any]
T = TypeVar("T")


class _OfSku(Protocol):
    @property
    def sku(self) -> str: ...


S = TypeVar("S", bound=_OfSku)

Found = Order | Unreadable | None
"""What `get_orders` returns about one order."""
LONGEST_REF = 200
_encode = msgspec.json.Encoder().encode
_read_order = msgspec.json.Decoder(Order).decode


def sound_page(page: Page, what: str) -> Page:
    """Return the page with orders of wrong types set aside. Raises ContractError for a page that is none.

    A record's fields are not checked when Python code builds it, so each order goes through JSON and back, and what
    comes back is taken: a list where a tuple belongs, or the text of a status, is as good. Slices are checked when they
    are read.
    """
    if not all(isinstance(part, tuple | list) for part in (page.orders, page.slices, page.unreadable)):
        raise ContractError(f"{what} returned a page whose orders, slices or unreadable ones are no tuple")
    _refuse_large(len(page.orders) + len(page.slices) + len(page.unreadable), what)
    if not all(map(_is_slice, page.slices)) or not all(map(_is_unreadable, page.unreadable)):
        raise ContractError(f"{what} returned a page with a slice that has no proper ref or no bytes")
    if not isinstance(page.next_cursor, str | None) or page.next_cursor == "":
        raise ContractError(f"{what} returned a next_cursor that is no text")
    if page.watermark is not None and getattr(page.watermark, "tzinfo", None) is None:
        raise ContractError(f"{what} returned a watermark that is no time with a zone")
    if not page.orders:
        return page
    broken = list(page.unreadable)
    read = [_sound(order, broken, what) for order in page.orders]
    orders = tuple(order for order in read if order is not None)
    return msgspec.structs.replace(page, orders=orders, unreadable=tuple(broken))


def _refuse_large(count: int, what: str) -> None:
    """Raise ContractError for a page of too many records, before any of them is looked at: that alone would take seconds."""
    if count > MOST_RECORDS:
        raise ContractError(f"{what} returned a page of {count} records, more than {MOST_RECORDS}; none was looked at")


def sound_orders(found: Mapping[str, Found], refs: Sequence[str], what: str) -> dict[str, Found]:
    """Return the orders found; one with values of wrong types is unreadable.

    Raises ContractError if one is missing, is no order, or stands under another's ref.
    """
    return {ref: _sound_order(found, ref, what) for ref in refs}


def _sound_order(found: Mapping[str, Found], ref: str, what: str) -> Found:
    if ref not in found:
        raise ContractError(f"{what} did not answer about order {ref}")
    order = found[ref]
    if order is None:
        return None
    broken: list[Unreadable] = []
    read: Order | Unreadable | None = order if _is_unreadable(order) else _sound(order, broken, what)
    if read is None:
        return msgspec.structs.replace(broken[0], ref=ref)
    if read.ref != ref:
        raise ContractError(f"{what} returned order {read.ref[:60]} when it was asked for {ref}")
    return read


def sound_found(
    found: dict[str, RemoteOutbound | None], keys: Sequence[str], log: Log, what: str
) -> dict[str, RemoteOutbound | None]:
    """Return what was found; a `remote_id` that is none is left empty, content that cannot be kept counts as not told.

    Raises ContractError for a key without an answer, or with the document of another one.
    """
    for key in keys:
        if key not in found:
            raise ContractError(f"{what} did not answer about every key, such as {key}; that does not mean absent")
        document = found[key]
        if document is not None and document.key != key:
            raise ContractError(f"{what} returned the document of key {document.key[:60]} for {key}")
        if document is not None:
            found[key] = _with_content(_with_remote_id(document, log, what), log, what)
    return found


def _with_content(document: RemoteOutbound, log: Log, what: str) -> RemoteOutbound:
    """Return the document without content that could be neither kept nor compared: that it is there is known all the same."""
    flaw = unstorable(document.content)
    if flaw is None:
        return document
    log.error(
        "%s returned the document of %s whose content's %s; the content counts as not told",
        what,
        document.key[:60],
        flaw,
    )
    return msgspec.structs.replace(document, content=None)


R = TypeVar("R", "PushResult", "RemoteOutbound")


def _with_remote_id(told: R, log: Log, what: str) -> R:
    """Return what was told with a `remote_id` that fits into every record that it is put into later, or with none.

    Left as it is, it would make each of those unsendable: a change, a label, even the cancellation.
    """
    given = told.remote_id
    if given is None or _is_ref(given):
        return told
    if given:
        text = "%s returned a remote_id of %d characters for %s, more than %d; it counts as not told"
        log.error(text, what, len(given), told.key[:60], LONGEST_REF)
    return msgspec.structs.replace(told, remote_id=None if isinstance(told, PushResult) else "")


def sound_result(result: PushResult, log: Log, what: str) -> PushResult:
    """Return the result of a call about one document; a `remote_id` that is none counts as not told."""
    return _with_remote_id(result, log, what)


def sound_check(result: CheckResult, what: str) -> CheckResult:
    """Return what a check found; a clock without a time zone counts as not told, and a warning says so."""
    if result.server_time is None or (flaw := unstorable(result)) is None:
        return result
    warning = f"{what} returned {flaw}: how far its clock is off cannot be said"
    return msgspec.structs.replace(result, server_time=None, warnings=(*result.warnings, warning))


def sound_results(
    results: Iterable[PushResult],
    keys: Collection[str],
    log: Log,
    what: str = "push_outbound",
) -> list[PushResult]:
    """Keep one result per key asked for.

    What was not asked for, or contradicts another result, is dropped and logged: its key then counts as not mentioned,
    so as unknown.
    """
    by_key: dict[str, PushResult] = {}
    torn: set[str] = set()
    foreign: list[str] = []
    for result in results:
        if result.key not in keys:
            foreign.append(result.key[:60])
        elif by_key.setdefault(result.key, result) != result:
            torn.add(result.key)
    if foreign:
        log.error("%s answered about keys it was not asked for: %s", what, foreign[:5])
    if torn:
        log.error("%s contradicted itself about keys; they are in doubt now: %s", what, sorted(torn)[:5])
    return [_with_remote_id(result, log, what) for key, result in by_key.items() if key not in torn]


def _is_slice(item: object) -> bool:
    return isinstance(item, OrderSlice) and item.raw.__class__ is bytes and _is_ref(item.ref)


def _is_unreadable(item: object) -> bool:
    return isinstance(item, Unreadable) and isinstance(item.raw, bytes) and _is_ref(item.ref)


def _is_ref(ref: object) -> bool:
    return isinstance(ref, str) and 0 < len(ref) <= LONGEST_REF


def _sound(order: object, broken: list[Unreadable], what: str) -> Order | None:
    """Return an order with the type of its record in every field, else None and add it to the `broken` ones.

    Raises ContractError for what is no order at all.
    """
    if not isinstance(order, Order):
        raise ContractError(f"{what} returned {type(order).__name__} where an order should be")
    raw = b""
    try:
        raw = _encode(order)
        _refuse_bytes(order)
        return _read_order(raw)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        broken.append(Unreadable(_name(order.ref, raw), raw, f"{what} returned values of wrong types: {error}"))
        return None


def _name(ref: object, raw: bytes) -> str:
    """The order's ref, or a name made of its content: the same for the same content."""
    if isinstance(ref, str) and _is_ref(ref) and ref.isprintable():
        return ref
    return f"unreadable-{hashlib.blake2b(raw or repr(ref).encode('utf-8', 'replace'), digest_size=8).hexdigest()}"


def sound_listing(page: Listing[T], kind: type[T], ref_of: Callable[[T], str], what: str) -> Listing[T]:
    """Return the page with items of wrong types set aside. Raises ContractError for a page that is none."""
    if not isinstance(page.items, tuple | list) or not isinstance(page.unreadable, tuple | list):
        raise ContractError(f"{what} returned a page whose items or unreadable ones are no tuple")
    _refuse_large(len(page.items) + len(page.unreadable), what)
    if not all(map(_is_unreadable, page.unreadable)):
        raise ContractError(f"{what} returned a page with an unreadable one that has no proper ref or no bytes")
    if not isinstance(page.next_cursor, str | None) or page.next_cursor == "":
        raise ContractError(f"{what} returned a next_cursor that is no text")
    if page.watermark is not None and getattr(page.watermark, "tzinfo", None) is None:
        raise ContractError(f"{what} returned a watermark that is no time with a zone")
    broken = list(page.unreadable)
    read = [_sound_item(item, kind, ref_of, broken, what) for item in page.items]
    items = tuple(item for item in read if item is not None)
    return msgspec.structs.replace(page, items=items, unreadable=tuple(broken))


def _sound_item(item: T, kind: type[T], ref_of: Callable[[T], str], broken: list[Unreadable], what: str) -> T | None:
    if not isinstance(item, kind):
        raise ContractError(f"{what} returned {type(item).__name__} where a {kind.__name__} should be")
    raw = b""
    try:
        raw = _encode(item)
        _refuse_bytes(item)
        read = msgspec.json.decode(raw, type=kind)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        reason = f"{what} returned values of wrong types: {error}"
        broken.append(Unreadable(_name(ref_of(item), raw), raw, reason))
        return None
    if (flaw := unstorable(read)) is not None:
        broken.append(Unreadable(_name(ref_of(read), raw), raw, f"{what} returned what cannot be kept: {flaw}"))
        return None
    return read


def _refuse_bytes(record: object) -> None:
    if (path := bytes_as_text(record)) is not None:
        raise TypeError(f"{path} is bytes, not text")


def sound_items(results: Iterable[ItemResult], refs: Collection[str], log: Log, what: str) -> list[ItemResult]:
    """Keep one result per item asked for; what contradicts itself or was not asked for is dropped and logged."""
    by_ref: dict[str, ItemResult] = {}
    torn: set[str] = set()
    foreign: list[str] = []
    for result in results:
        if result.ref not in refs:
            foreign.append(result.ref[:60])
        elif by_ref.setdefault(result.ref, result) != result:
            torn.add(result.ref)
    if foreign:
        log.error("%s answered about what it was not asked for: %s", what, foreign[:5])
    if torn:
        log.error("%s contradicted itself; what it said of these counts as nothing: %s", what, sorted(torn)[:5])
    return [result for ref, result in by_ref.items() if ref not in torn]


def sound_answers(found: Mapping[str, S | None], asked: Sequence[str], what: str) -> dict[str, S | None]:
    """Return what was found under each SKU asked for; None is what the remote system does not have.

    Raises ContractError if one was not answered, stands under another's SKU, or holds a value that can be neither kept
    nor calculated with. Its types are checked already (connectors.calls).
    """
    return {sku: _sound_answer(found, sku, what) for sku in asked}


def _sound_answer(found: Mapping[str, S | None], sku: str, what: str) -> S | None:
    if sku not in found:
        raise ContractError(f"{what} did not answer about everything, such as {sku[:60]}; that does not mean absent")
    answer = found[sku]
    if answer is None:
        return None
    if answer.sku != sku:
        raise ContractError(f"{what} returned {answer.sku[:60]} when it was asked for {sku[:60]}")
    if (flaw := unstorable(answer)) is not None:
        raise ContractError(f"{what} returned {sku[:60]} with a value that cannot be kept: {flaw}")
    return answer


def sound_label(label: Label, what: str) -> Label:
    """Return the label. Raises ContractError for one whose time is none."""
    if (flaw := unstorable(label)) is not None:
        raise ContractError(f"{what} returned a label whose {flaw}")
    return label
