"""What people ask the daemon to do, and what it answers."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from crossdock.control.records.base import MAX_ORDERS, Code, ConnectionName, Id, Reason, StageName
from crossdock.control.records.orders import OrderRef, Refs
from crossdock.spec.orders import Ref


class Obtain(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fetch new orders of an OMS and queue what a strategy of the warehouse matches."""

    connection: ConnectionName
    warehouse: Code


class Sync(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fetch these orders of an OMS again."""

    connection: ConnectionName
    refs: Annotated[tuple[Ref, ...], Meta(min_length=1, max_length=MAX_ORDERS)]


class SyncList(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fetch every order of a list of an OMS again: of a tab, or of package outbound (at a stage, or all of it).

    `warehouse` narrows it. At most 10,000 orders, newest first; `after` is `next` of the answer before.
    """

    connection: ConnectionName
    tab: Literal["pending", "in_progress", "abnormal"] | None = None
    stage: StageName | Literal["all"] | None = None
    warehouse: Code | None = None
    after: Id | None = None


class QueuedList(Struct, frozen=True, kw_only=True):
    """Tasks that were queued, each of up to 1,000 orders; `next` goes on where the list was cut off."""

    task_ids: tuple[int, ...]
    orders: int
    text: str
    next: int | None = None


class Queued(Struct, frozen=True, kw_only=True):
    """A task that was queued."""

    task_id: int
    text: str


class ForOrders(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """These orders."""

    orders: Refs


class HoldOrders(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hold these orders until they are released."""

    orders: Refs
    reason: Reason


class ReleaseOrders(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """End the hold that was set here of these orders, or open the gift gate at which they wait: `what` says which.

    A request whose answer was lost can so be repeated: it takes nothing else away.
    """

    orders: Refs
    what: Literal["hold", "gift_gate"] = "hold"


class SettleOrder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person looked into the warehouse: the order in doubt has arrived there (under `remote_id`), or it has not."""

    connection: ConnectionName
    ref: Ref
    settlement: Literal["arrived", "absent"]
    reason: Reason
    remote_id: Ref | None = None


class Redrive(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Send failed orders again: those named, or `all_failed` of a connection or warehouse, at most 1,000 a request.

    `parked`: of all that failed only those that are not tried again by themselves.
    """

    orders: Annotated[tuple[OrderRef, ...], Meta(max_length=MAX_ORDERS)] = ()
    all_failed: bool = False
    parked: bool = False
    connection: ConnectionName | None = None
    warehouse: Code | None = None
    after: Annotated[int, Meta(ge=0, le=2**62)] = 0


class FailedQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which failed orders are counted; see Redrive."""

    parked: bool = False
    connection: ConnectionName | None = None
    warehouse: Code | None = None


class Matching(Struct, frozen=True, kw_only=True):
    """How many things a request for all that match would be about; `more`: they are even more, and not all were counted."""

    count: int
    more: bool = False


class Done(Struct, frozen=True, kw_only=True):
    """What was done about one order, or why not."""

    order: str
    done: bool
    text: str


class Results(Struct, frozen=True, kw_only=True):
    """One result an order; `next` goes on where a request was cut off.

    `approval` is the number under which it waits for a second person, where one is needed: then nothing is done yet.
    """

    results: tuple[Done, ...]
    next: int | None = None
    approval: int | None = None
