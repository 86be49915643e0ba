"""Orders as people see them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from crossdock.control.records.base import MAX_ORDERS, ChoiceName, Code, ConnectionName, Id, Limit, StateName, TabName
from crossdock.spec.orders import Order, Ref


class OrderRef(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Names an order: the OMS connection it came from, and its reference there."""

    connection: ConnectionName
    ref: Ref


Refs = Annotated[tuple[OrderRef, ...], Meta(min_length=1, max_length=MAX_ORDERS)]


class OrderQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which orders are listed. `text` is exactly a reference or an order number; `after` is `next` of the page before.

    `changed`: only those whose change or cancellation after the push a person has to decide. `updated`: only those with the
    mark "(Updated)". `aged`: only those that are too old to be pushed. `parked`: only failed ones that are not tried again by
    themselves.
    """

    tab: TabName | None = None
    state: StateName | None = None
    changed: bool = False
    updated: bool = False
    aged: bool = False
    parked: bool = False
    connection: ConnectionName | None = None
    warehouse: Code | None = None
    text: Ref | None = None
    after: Id | None = None
    limit: Limit = 50


class OrderItem(Struct, frozen=True, kw_only=True):
    """An order in a list. `why` are the sentences that keep it where it is.

    `stage` is how far its warehouse is, where that is known. `updated`: its warehouse took a change since the push, at
    `updated_at` to `updated_revision`, and nobody has acknowledged that; a picked order carries the mark no more.
    `next_at` is when what is due to its warehouse goes, `again_at` when time alone may let it go, `too_old_at` when it is not
    pushed any more. `choices`: what a person may decide about it now, if anything. `hold` is the reason of a hold set here;
    `gift_gate`: it waits at a gift gate. Either is taken away by a release of its own.
    """

    id: int
    connection: str
    ref: str
    number: str
    status: str
    shop: str
    logistics: str
    created_at: datetime
    state: str
    tab: str
    warehouse: str | None = None
    strategy: str = ""
    why: tuple[str, ...] = ()
    hold: str | None = None
    gift_gate: bool = False
    next_at: datetime | None = None
    again_at: datetime | None = None
    too_old_at: datetime | None = None
    attempts: int = 0
    needs_person: bool = False
    changed: bool = False
    cancel_wanted: bool = False
    queued_at: datetime | None = None
    sent_at: datetime | None = None
    settled_at: datetime | None = None
    remote_id: str | None = None
    error: str | None = None
    stage: str | None = None
    updated: bool = False
    updated_revision: int | None = None
    updated_at: datetime | None = None
    choices: tuple[ChoiceName, ...] = ()


class OrderPage(Struct, frozen=True, kw_only=True):
    """A page of orders, newest first. `next` is None at the end; a page may be short although there is more."""

    items: tuple[OrderItem, ...]
    next: int | None = None


class PushItem(Struct, frozen=True, kw_only=True):
    """One way of an order to a warehouse."""

    id: int
    state: str
    generation: int
    warehouse: str | None
    connection: str | None
    key: str | None
    strategy: str
    origin: str
    actor: str
    attempts: int
    revision: int
    next_at: datetime | None = None
    queued_at: datetime | None = None
    sent_at: datetime | None = None
    settled_at: datetime | None = None
    remote_id: str | None = None
    error_kind: str | None = None
    error_code: str | None = None
    error: str | None = None
    needs_person: bool = False
    changed: bool = False
    reported: str | None = None
    stage: str | None = None
    updated: bool = False
    updated_revision: int | None = None
    updated_at: datetime | None = None
    acknowledged_at: datetime | None = None


class Happened(Struct, frozen=True, kw_only=True):
    """Something that happened to an order: when, what in one word, who did it, and the sentence."""

    at: datetime
    what: str
    text: str
    actor: str = ""


class Difference(Struct, frozen=True, kw_only=True):
    """How the order differs now from what its warehouse has. `decision` is what is done about it, `why` the reason."""

    group: str
    path: str
    before: str | None
    after: str | None
    decision: str | None = None
    why: str | None = None


class OrderDetail(Struct, frozen=True, kw_only=True):
    """An order with everything that is known of it. `masked`: personal data is hidden, the right pii.view shows it.

    `order` is None while its connector is not loaded; `unreadable` says so. `decisions`: how it differs from what its
    warehouse has, and what was decided about each difference. `forgotten`: its personal data were removed.
    """

    row: OrderItem
    order: Order | None
    masked: bool
    pushes: tuple[PushItem, ...]
    timeline: tuple[Happened, ...]
    unreadable: str | None = None
    forgotten: bool = False
    decisions: tuple[Difference, ...] = ()


class ExplainQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The order to explain: its reference or its number, exactly."""

    order: Ref
    connection: ConnectionName | None = None


class ClauseItem(Struct, frozen=True, kw_only=True):
    """One thing the decision depends on, as it is now."""

    code: str
    ok: bool
    text: str


class Next(Struct, frozen=True, kw_only=True):
    """What happens next, or who has to do what; `at` is when, where that is known."""

    text: str
    at: datetime | None = None
    person: bool = False


class Explanation(Struct, frozen=True, kw_only=True):
    """Why an order is where it is: what happened, what every clause says now, what comes next and when."""

    row: OrderItem
    happened: tuple[Happened, ...]
    clauses: tuple[ClauseItem, ...]
    verdict: str
    next: tuple[Next, ...]
    differences: tuple[Difference, ...] = ()
