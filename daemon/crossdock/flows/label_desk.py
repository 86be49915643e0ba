"""What people say about labels: it was printed; it is right all the same, or was stuck over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.flows.label_changes import BY_HAND, PULL, fits_again, heal_stale, made_of, report_stale, subject_of
from crossdock.flows.reconsider import Answer
from crossdock.rules.labels import LabelState, unusable
from crossdock.store import audit, incidents, labels, orders, pushes, timeline
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from crossdock.flows.house import House
    from crossdock.store.labels import LabelHead, LabelVersion
    from crossdock.store.orders import StoredOrder
    from crossdock.store.store import Transaction


def printed(tx: Transaction, named: Sequence[tuple[str, str]], actor: str, now: datetime) -> list[Answer]:
    """Note that the labels of orders were printed."""

    def one(stored: StoredOrder, head: LabelHead, held: LabelVersion) -> Answer:
        return _printed(tx, stored, head, held, actor, now)

    return [_about(tx, oms, ref, one) for oms, ref in named]


def confirm(
    tx: Transaction, named: Sequence[tuple[str, str]], actor: str, reason: str, house: House, now: datetime
) -> list[Answer]:
    """Take a person's word that stale labels are right all the same, or that what was stuck on the parcel was replaced."""

    def one(stored: StoredOrder, head: LabelHead, held: LabelVersion) -> Answer:
        return _confirm(tx, stored, head, held, actor, reason, house, now)

    return [_about(tx, oms, ref, one) for oms, ref in named]


def _about(tx: Transaction, oms: str, ref: str, do: Callable[[StoredOrder, LabelHead, LabelVersion], Answer]) -> Answer:
    stored = orders.load(tx, oms, [ref]).get(ref)
    if stored is None:
        return Answer(order=ref, done=False, text=f"there is no order {ref} of {oms}")
    head = labels.of_order(tx, stored.id)
    held = None if head is None else labels.newest(tx, head)
    if head is None or held is None:
        return Answer(
            order=ref,
            done=False,
            text=f"order {ref} of {oms} has no shipping label yet; `crossdock labels pull {ref}` asks for it",
        )
    return do(stored, head, held)


def _printed(
    tx: Transaction, stored: StoredOrder, head: LabelHead, held: LabelVersion, actor: str, now: datetime
) -> Answer:
    at = to_ms(now)
    state = LabelState.PRINTED if held.state is LabelState.READY else held.state
    after = labels.keep(tx, held, state=state, printed_at=at, printed_count=held.printed_count + 1)
    if head.state is LabelState.READY:
        labels.save(tx, head, state=LabelState.PRINTED)
    push = pushes.of_orders(tx, [stored.id]).get(stored.id)
    void = unusable(None if push is None else push.state)
    if after.state is LabelState.STALE and void is None:
        incidents.heal(tx, subject_of(head.order_id), at, operation=PULL)  # now it is more than that
        report_stale(tx, head, after, at)
    _written_down(tx, "label.printed", stored, held, actor, "", at)
    stale = "it does not fit the order any more: stick the new one over it" if after.state is LabelState.STALE else ""
    warning = f"; {void or stale}" if void or stale else ""
    return Answer(
        order=stored.ref, done=True, text=f"version {held.version} was printed {after.printed_count} time(s){warning}"
    )


def _confirm(  # noqa: PLR0917 - one unit of work
    tx: Transaction, stored: StoredOrder, head: LabelHead, held: LabelVersion, actor: str, reason: str, house: House,
    now: datetime,
) -> Answer:  # fmt: skip
    at = to_ms(now)
    if held.state is LabelState.STALE:
        made = made_of(house.read_order(stored.connection, stored.payload, stored.sliced))
        fits_again(tx, head, held, made, now)
        heal_stale(tx, head, at)
        text = f"version {held.version} counts as right again"
    elif heal_stale(tx, head, at):
        if head.error_code == BY_HAND:
            labels.save(tx, head, state=held.state, error_code=None, error_text=None)
        text = "the parcel carries the right label"
    else:
        return Answer(
            order=stored.ref, done=False, text=f"the label of {stored.ref} fits the order; there is nothing to confirm"
        )
    _written_down(tx, "label.confirmed", stored, held, actor, reason, at)
    return Answer(order=stored.ref, done=True, text=text)


def _written_down(
    tx: Transaction, action: str, stored: StoredOrder, held: LabelVersion, actor: str, reason: str, at: int
) -> None:
    object_ = f"order {stored.ref} of {stored.connection}, label version {held.version}"
    audit.write(
        tx, audit.Entry(actor=actor, action=action, object=object_, reason=reason, before=held.content_hash), at
    )
    what, text = action.replace(".", "_"), reason or f"version {held.version}"
    timeline.add(tx, [timeline.Moment(stored.id, at, what, actor, text)])
