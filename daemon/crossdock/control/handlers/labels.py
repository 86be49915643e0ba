"""Shipping labels: lists, one of them, its bytes, and what people ask to be done with them."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec

from crossdock.control.handlers.actions import one_liners, queued
from crossdock.control.problems import ApiProblem
from crossdock.control.records.asks import Done, Results
from crossdock.control.records.labels import LabelContent, LabelDetail, LabelItem, LabelPage, LabelVersionItem
from crossdock.flows.label_changes import DELIVERY, FETCH, PULL, STALE, subject_of
from crossdock.rules.labels import FITS, LabelState, unusable
from crossdock.store import incidents, labels, orders, pushes
from crossdock.store.labels import Listed
from crossdock.store.times import from_ms

if TYPE_CHECKING:
    from collections.abc import Iterable

    from crossdock.control.records.asks import ForOrders, Queued
    from crossdock.control.records.labels import ConfirmLabels, ContentQuery, LabelQuery, PullLabels
    from crossdock.control.records.orders import OrderRef
    from crossdock.control.route import Call
    from crossdock.flows.reconsider import Answer
    from crossdock.store.labels import LabelHead, LabelVersion
    from crossdock.store.store import Transaction


async def list_labels(call: Call[object, LabelQuery]) -> LabelPage:
    """List shipping labels, oldest first."""
    query = call.query
    state = None if query.state is None else LabelState[query.state.upper()]
    rows = await call.engine.store.read(labels.page, state, query.connection, query.after, query.limit + 1)
    shown = rows[: query.limit]
    more = shown[-1].head.id if len(rows) > query.limit else None
    return LabelPage(items=tuple(map(_item, shown)), next=more)


async def show_label(call: Call[object, object]) -> LabelDetail:
    """Show the shipping label of an order and all its versions, without their bytes."""
    return await call.engine.store.read(_detail, call.path["connection"], call.path["ref"])


async def label_content(call: Call[object, ContentQuery]) -> LabelContent:
    """Return the bytes of a shipping label: personal data."""
    return await call.engine.store.read(_content, call.path["connection"], call.path["ref"], call.query.version)


async def pull_labels(call: Call[PullLabels, object]) -> Queued:
    """Pull the shipping labels of chosen orders from their OMS (a task)."""
    refs = one_liners(call.body.refs)
    return queued(call, await call.requests.labels.pull(call.body.connection, refs, call.actor))


async def printed_labels(call: Call[ForOrders, object]) -> Results:
    """Note that the shipping labels of chosen orders were printed."""
    return _results(await call.requests.labels.printed(_pairs(call.body.orders), call.actor))


async def confirm_labels(call: Call[ConfirmLabels, object]) -> Results:
    """Say that stale shipping labels are right all the same, or were stuck over."""
    body = call.body
    return _results(await call.requests.labels.confirm(_pairs(body.orders), body.reason, call.actor))


def _found(tx: Transaction, oms: str, ref: str) -> Listed:
    stored = orders.load(tx, oms, [ref]).get(ref)
    head = None if stored is None else labels.of_order(tx, stored.id)
    if stored is None or head is None:
        what = "order" if stored is None else "shipping label of order"
        raise ApiProblem(HTTPStatus.NOT_FOUND, "not_found", f"there is no {what} {ref} of {oms}")
    push = pushes.of_orders(tx, [stored.id]).get(stored.id)
    return Listed(head=head, ref=stored.ref, number=stored.number, push=None if push is None else push.state)


def _detail(tx: Transaction, oms: str, ref: str) -> LabelDetail:
    found = _found(tx, oms, ref)
    head = found.head
    kept = {each.version: labels.has_content(tx, head.id, each.version) for each in labels.versions(tx, head.id)}
    about = (STALE, PULL, FETCH, DELIVERY)
    problems = [each.text for each in incidents.of_subject(tx, subject_of(head.order_id)) if each.operation in about]
    versions = tuple(_version(each, kept=kept[each.version]) for each in labels.versions(tx, head.id))
    return LabelDetail(row=_item(found), versions=versions, problems=tuple(problems))


def _content(tx: Transaction, oms: str, ref: str, wanted: int | None) -> LabelContent:
    found = _found(tx, oms, ref)
    head: LabelHead = found.head
    held = labels.version(tx, head.id, wanted or head.version)
    data = None if held is None else labels.content(tx, head.id, held.version)
    if held is None or data is None:
        which = "a shipping label" if wanted is None else f"version {wanted} of its shipping label"
        raise ApiProblem(HTTPStatus.NOT_FOUND, "not_found", f"order {ref} of {oms} has not {which}, or not any more")
    stale = None if held.state in FITS else f"version {held.version} does not fit the order any more"
    warning = unusable(found.push) or stale
    return LabelContent(version=held.version, content_type=held.content_type, data=data, warning=warning)


def _item(row: Listed) -> LabelItem:
    head = row.head
    return LabelItem(
        id=head.id, connection=head.oms, ref=row.ref, number=row.number, state=head.state.name.lower(),
        version=head.version, next_at=from_ms(head.next_at), attempts=head.attempts, error_code=head.error_code,
        error=head.error_text, unusable=unusable(row.push),
    )  # fmt: skip


def _version(held: LabelVersion, *, kept: bool) -> LabelVersionItem:
    return LabelVersionItem(
        version=held.version, state=held.state.name.lower(), content_type=held.content_type,
        content_hash=held.content_hash, size=held.size, fetched_at=from_ms(held.fetched_at),
        tracking_number=held.tracking_number, printed_at=from_ms(held.printed_at), printed_count=held.printed_count,
        delivered_at=from_ms(held.delivered_at), delivered_key=held.delivered_key, kept=kept,
    )  # fmt: skip


def _pairs(refs: Iterable[OrderRef]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((each.connection, each.ref) for each in refs))


def _results(answers: Iterable[Answer]) -> Results:
    return Results(results=tuple(msgspec.convert(each, Done, from_attributes=True) for each in answers))
