"""What arriving orders mean for their shipping labels: one is to be had now, or the one at hand does not fit any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.flows import troubles
from crossdock.rules import labels as rules
from crossdock.rules.labels import FITS, LabelState, Made
from crossdock.rules.push_states import AT_WAREHOUSE, HAS_IT
from crossdock.rules.troubles import LABEL, LABEL_DELIVERY, LABEL_FETCH, LABEL_PULL
from crossdock.spec.orders import OrderStatus
from crossdock.spec.outbound import Stage
from crossdock.store import incidents, labels, operations, orders, pushes, timeline
from crossdock.store.incidents import Cause, Trouble
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from crossdock.spec.orders import Order
    from crossdock.store.labels import LabelHead, LabelVersion
    from crossdock.store.pushes import Push
    from crossdock.store.store import Transaction

STALE, PULL, FETCH, DELIVERY = LABEL, LABEL_PULL, LABEL_FETCH, LABEL_DELIVERY
"""The operations under which troubles with labels are reported, so that each heals by itself."""
KIND = "label"
"""The kind of operation that delivers a label."""


def note(tx: Transaction, oms: str, arrived: Sequence[tuple[Order, Push]], now: datetime) -> None:
    """Look at the labels of orders that are new or changed, in the transaction that stores them."""
    known = labels.of_orders(tx, [push.order_id for _, push in arrived])
    wanted = []
    for order, push in arrived:
        head = known.get(push.order_id)
        if head is not None:
            _judge(tx, head, made_of(order), now)
        elif order.label_ready and order.status is not OrderStatus.CANCELLED:
            wanted.append((push.order_id, to_ms(now) if push.state in HAS_IT else None))
    labels.expect(tx, oms, wanted)


def look_again(tx: Transaction, oms: str, refs: Sequence[str], now: datetime) -> None:
    """Orders were synced: their labels are compared with the OMS's, too, until a parcel document exists (R18, R21, A11)."""
    known = labels.of_orders(tx, [stored.id for stored in orders.load(tx, oms, refs).values()])
    ways = pushes.of_orders(tx, list(known))
    for order_id, head in known.items():
        if head.version and refreshed_by_itself(head, ways.get(order_id)):
            labels.save(tx, head, look=True, next_at=to_ms(now))


def made_of(order: Order) -> Made:
    """Say what a label of the order, as it is now, is made of."""
    return Made(based_on=rules.based_on(order), tracking_number=order.tracking_number)


def check_stale(
    tx: Transaction, order_id: int, based_on: str, now: datetime, tracking_number: str | None = None
) -> None:
    """Mark the label of an order as stale if it was made of something else than `based_on` (rules.labels.based_on).

    To be called where an order's address, logistics or lines change. One that fits again, because the change was taken
    back, is as it was.
    """
    head = labels.of_order(tx, order_id)
    if head is not None:
        _judge(tx, head, Made(based_on=based_on, tracking_number=tracking_number), now)


def _judge(tx: Transaction, head: LabelHead, made: Made, now: datetime) -> None:
    held = labels.newest(tx, head)
    if held is None or rules.is_stale(held.made, made):
        push = pushes.of_orders(tx, [head.order_id]).get(head.order_id)
        if held is not None and held.state in FITS:
            head = _went_stale(tx, head, held, push, now)
        _refresh(tx, head, push, now)
    elif held.state is LabelState.STALE:
        fits_again(tx, head, held, made, now)


def _went_stale(tx: Transaction, head: LabelHead, held: LabelVersion, push: Push | None, now: datetime) -> LabelHead:
    """What is not on its way yet must not go any more; what was printed makes the order abnormal."""
    at = to_ms(now)
    labels.keep(tx, held, state=LabelState.STALE)
    if push is not None and push.connection is not None and held.delivered_key is None:
        operations.supersede(tx, push.connection, subject_of(head.order_id), KIND, at)
    if held.printed_count:
        report_stale(tx, head, held, at)
    text = f"version {held.version} of the shipping label does not fit the order any more"
    timeline.add(tx, [timeline.Moment(head.order_id, at, "label_stale", "", text)])
    if head.state in (LabelState.FAILED, LabelState.REQUESTED):
        return head
    return labels.save(tx, head, state=LabelState.STALE, next_at=None)


def _refresh(tx: Transaction, head: LabelHead, push: Push | None, now: datetime) -> None:
    """Ask for the label anew, unless a parcel is worked on already: then only a person does (R21)."""
    if head.state not in (LabelState.STALE, LabelState.FAILED):
        return
    if refreshed_by_itself(head, push):
        begin_asking(tx, head, now)
    elif push is not None:
        ask_to_pull(tx, head, push, to_ms(now))


def refreshed_by_itself(head: LabelHead, push: Push | None) -> bool:
    """Tell whether a stale label is asked for by itself, by all that the warehouse told: documents, and answers about them."""
    stage = None if head.stage is None else Stage(head.stage)
    if push is not None and push.state in AT_WAREHOUSE:
        stage = rules.further(stage, push.at_stage)
    return rules.may_sync_label(parcel_exists=head.parcel_exists, stage=stage)


def leave_to_person(tx: Transaction, push: Push, now: datetime) -> None:
    """A change that its warehouse is not told by itself waits for a person: so does the label that was asked for with it.

    The warehouse would else get a label of what its document does not say (R21). A label that fits, or is the first, goes on.
    """
    head = labels.of_order(tx, push.order_id)
    held = None if head is None else labels.newest(tx, head)
    if head is None or held is None or push.connection is None or refreshed_by_itself(head, push):
        return
    if head.state is LabelState.REQUESTED and held.state is LabelState.STALE:
        head = labels.save(tx, head, state=LabelState.STALE, next_at=None, look=False, attempts=0, asked_at=None)
    if held.state in FITS and held.delivered_key != push.key and _had_one(tx, head, push):
        operations.supersede(tx, push.connection, subject_of(push.order_id), KIND, to_ms(now))
        if head.state is LabelState.READY:  # it fits the order, but is not where it has to be
            head = labels.save(tx, head, state=LabelState.FAILED, next_at=None, look=False)
    ask_to_pull(tx, head, push, to_ms(now))


def ask_to_pull(tx: Transaction, head: LabelHead, push: Push, at: int) -> None:
    """Have a person pull the label of a parcel that is worked on, where the warehouse has, or was to get, one that is wrong."""
    held = labels.newest(tx, head)
    if held is None or push.state not in HAS_IT or not _had_one(tx, head, push):
        return
    if held.state in FITS and held.delivered_key == push.key:
        return
    labels.save(tx, head, error_code=BY_HAND, error_text=_BY_HAND)
    if _asked(tx, head, STALE):
        return  # a person has to pull it already, and to stick it over the printed one
    trouble = Trouble(
        cause=Cause.DECISION, connection=head.oms, operation=PULL, code=BY_HAND,
        text=(
            "shipping labels at warehouses do not fit their orders any more, and are not refreshed by themselves once a parcel "
            "is worked on: pull each, or confirm that the one there is right (`crossdock labels confirm ORDER --reason …`)"
        ),
    )  # fmt: skip
    incidents.report(tx, trouble, subject_of(head.order_id), at, f"version {held.version} is at hand")
    troubles.note_question(tx, head.order_id)


BY_HAND = "by_hand"
_BY_HAND = (
    "the label at the warehouse does not fit the order, and is not refreshed by itself because the parcel is worked on: "
    "`crossdock labels pull`"
)


def waits_for_pull(tx: Transaction, head: LabelHead) -> bool:
    """Tell whether only a person has the label of an order refreshed, or given to its warehouse, now."""
    if not _asked(tx, head, STALE, PULL):
        return False
    push = pushes.of_orders(tx, [head.order_id]).get(head.order_id)
    return push is not None and not refreshed_by_itself(head, push) and _had_one(tx, head, push)


def _asked(tx: Transaction, head: LabelHead, *operations_named: str) -> bool:
    return any(each.operation in operations_named for each in incidents.of_subject(tx, subject_of(head.order_id)))


def _had_one(tx: Transaction, head: LabelHead, push: Push) -> bool:
    """Tell whether the document has a label, or was to get one."""
    if push.key is None:
        return False
    known = labels.versions(tx, head.id)
    given = any(each.delivered_key == push.key for each in known)
    return given or operations.by_key(tx, rules.delivery_key(push.key, head.version)) is not None


def begin_asking(tx: Transaction, head: LabelHead, now: datetime) -> LabelHead:
    """Ask the OMS for a label from now on, until it is there."""
    at = to_ms(now)
    return labels.save(
        tx, head, state=LabelState.REQUESTED, next_at=at, asked_at=at, attempts=0, error_code=None, error_text=None
    )


def fits_again(
    tx: Transaction, head: LabelHead, held: LabelVersion, made: Made, now: datetime, *, deliver: bool = True
) -> LabelHead:
    """The version at hand fits the order after all: it is ready, or printed, as it was before."""
    state = LabelState.PRINTED if held.printed_count else LabelState.READY
    labels.keep(tx, held, state=state, based_on=made.based_on, tracking_number=made.tracking_number)
    at = to_ms(now)
    incidents.heal(tx, subject_of(head.order_id), at, operation=FETCH)
    if held.printed_count or held.delivered_key:  # what is on the parcel is right; else it may be an older version
        heal_stale(tx, head, at)
    return labels.save(
        tx, head, state=state, attempts=0, asked_at=None, error_code=None, error_text=None,
        next_at=at if deliver or head.look else None,
    )  # fmt: skip


def report_stale(tx: Transaction, head: LabelHead, held: LabelVersion, at: int) -> None:
    """A label that was printed does not fit its order: somebody has to see what is stuck on the parcel."""
    trouble = Trouble(
        cause=Cause.DECISION, connection=head.oms, operation=STALE, code="LABEL_STALE",
        text=(
            "a shipping label was printed and does not fit its order any more; pull the new one and stick it over the old "
            "one, or confirm the label with `crossdock labels confirm ORDER --reason …`"
        ),
    )  # fmt: skip
    incidents.report(tx, trouble, subject_of(head.order_id), at, f"version {held.version} was printed")
    troubles.note_question(tx, head.order_id)


def heal_stale(tx: Transaction, head: LabelHead, at: int) -> bool:
    """What is stuck on the parcel is right again, or nobody has to look any more; False if nobody had to."""
    subject = subject_of(head.order_id)
    if not sum(incidents.heal(tx, subject, at, operation=operation) for operation in (STALE, PULL)):
        return False
    troubles.note_question(tx, head.order_id)
    return True


def subject_of(order_id: int) -> str:
    """Name an order as what incidents hold and operations change."""
    return f"order:{order_id}"
