"""Give labels to the warehouses that have their orders: an operation a version, a newer one in the place of an older."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from crossdock.flows import troubles
from crossdock.flows.house import encode
from crossdock.flows.label_changes import DELIVERY, KIND, PULL, heal_stale, subject_of
from crossdock.rules import labels as rules
from crossdock.rules.labels import FITS, LabelState
from crossdock.rules.operation_outcome import Answer, Outcome, from_push
from crossdock.rules.operation_states import UNSETTLED, OperationState
from crossdock.rules.push_states import GONE, HAS_IT
from crossdock.spec.labels import LabelDelivery
from crossdock.spec.outbound import OutboundRequest
from crossdock.store import incidents, labels, operations, pushes, timeline
from crossdock.store.incidents import Cause, Trouble
from crossdock.store.operations import NewOperation
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime
    from typing import Protocol

    from crossdock.flows.house import House
    from crossdock.rules.operation_outcome import OperationVerdict
    from crossdock.spec.outbound import PushResult
    from crossdock.store.labels import LabelHead, LabelVersion
    from crossdock.store.operations import Operation
    from crossdock.store.pushes import Push
    from crossdock.store.store import Transaction

    class Taker(Protocol):
        """The part of a WMS connection that this flow calls."""

        @property
        def name(self) -> str:
            """The connection."""
            ...

        async def push_label(self, item: LabelDelivery) -> PushResult:
            """Give a document its label."""
            ...


_read_delivery = msgspec.json.Decoder(LabelDelivery).decode
_read_request = msgspec.json.Decoder(OutboundRequest).decode


def taker_of(tx: Transaction, order_id: int, takers: Collection[str]) -> Push | None:
    """Return the push under which a warehouse has the order, if it takes labels and nothing of the order has left."""
    push = pushes.of_orders(tx, [order_id]).get(order_id)
    if push is None or push.state not in HAS_IT or push.key is None or push.connection not in takers:
        return None
    return push


def deliver(tx: Transaction, head: LabelHead, held: LabelVersion, takers: Collection[str], now: datetime) -> str | None:
    """Write the delivery of a version down, unless its document has it; return the connection that has something to do."""
    push = taker_of(tx, head.order_id, takers)
    if push is None or push.connection is None or push.key is None or held.state not in FITS:
        too_late(tx, head, takers, now)
        return None
    if troubles.is_asked(tx, head.order_id):  # the warehouse may have taken the order since a person was asked
        pushes.mark(tx, head.order_id, changed=True)
    if held.delivered_key == push.key:
        return None
    known = operations.by_key(tx, rules.delivery_key(push.key, held.version))
    if known is not None and known.state is OperationState.FAILED:
        operations.requeue(tx, [known.id], to_ms(now))
        return push.connection
    if known is not None and known.state in UNSETTLED:
        return push.connection  # it is on its way; to supersede it would take back the very delivery that is due
    if known is not None and known.state is OperationState.SUPERSEDED:
        # it was not to go while it was stale; under its old key it never goes any more
        head, held = _renumbered(tx, head, held)
    at = to_ms(now)
    subject = subject_of(head.order_id)
    operations.supersede(tx, push.connection, subject, KIND, at)
    operations.enqueue(tx, _operation(tx, push, head, held), at)
    return push.connection


TOO_LATE = "too_late"


def too_late(tx: Transaction, head: LabelHead, takers: Collection[str], now: datetime) -> bool:
    """Goods left the warehouse before it was given the label that is due: it failed, and is not given any more.

    Where the warehouse had an older version, a parcel may carry that: a person has to know. False: nothing is too late, or
    that is known already.
    """
    push = pushes.of_orders(tx, [head.order_id]).get(head.order_id)
    if push is None or push.state not in GONE or push.connection not in takers or head.error_code == TOO_LATE:
        return False
    known = labels.versions(tx, head.id)
    if head.state not in (LabelState.REQUESTED, LabelState.STALE):
        held = next((each for each in known if each.version == head.version), None)
        if held is None or held.state not in FITS or held.delivered_key == push.key:
            return False
    text = f"goods of the order left {push.warehouse} before the shipping label that is due could be given to it"
    state = LabelState.FAILED if head.state in (LabelState.READY, LabelState.REQUESTED) else head.state
    labels.save(tx, head, state=state, next_at=None, look=False, error_code=TOO_LATE, error_text=text)
    at = to_ms(now)
    timeline.add(tx, [timeline.Moment(head.order_id, at, "label_too_late", "", text)])
    incidents.heal(tx, subject_of(head.order_id), at, operation=PULL)  # what is wrong now is that it left so
    troubles.note_question(tx, head.order_id)
    if any(each.delivered_key == push.key for each in known):
        said = (
            "parcels left their warehouse with an older shipping label than the one that is right; see with the carrier "
            "where they go, then release this incident"
        )
        trouble = Trouble(
            cause=Cause.DECISION, connection=push.connection or "", operation=DELIVERY, code=TOO_LATE, text=said
        )
        incidents.report(tx, trouble, subject_of(head.order_id), at, text)
    return True


def _renumbered(tx: Transaction, head: LabelHead, held: LabelVersion) -> tuple[LabelHead, LabelVersion]:
    again = msgspec.structs.replace(held, version=held.version + 1, delivered_at=None, delivered_key=None)
    labels.add(tx, again, labels.content(tx, held.label_id, held.version) or b"")
    labels.keep(tx, held, state=LabelState.VOIDED)
    return labels.save(tx, head, version=again.version), again


def _operation(tx: Transaction, push: Push, head: LabelHead, held: LabelVersion) -> NewOperation:
    assert push.key is not None  # taker_of() returns none without
    assert push.connection is not None
    request = _read_request(pushes.body(tx, push.id) or b"")
    key = rules.delivery_key(push.key, held.version)
    item = LabelDelivery(
        key=key, outbound_key=push.key, order_ref=request.order_ref, warehouse=request.warehouse, version=held.version,
        content_type=held.content_type, data=b"", remote_id=push.remote_id, tracking_number=held.tracking_number,
    )  # fmt: skip
    return NewOperation(
        connection=push.connection, kind=KIND, subject=subject_of(head.order_id), entity_id=head.id,
        revision=held.version, key=key, body=encode(item), order_id=head.order_id,
    )  # fmt: skip


class LabelHandler:
    """Delivers labels through one WMS connection. The bytes stand with their version and are read when they are sent."""

    kind = KIND
    asks = False
    batch = 1

    def __init__(self, link: Taker, house: House) -> None:
        self._link, self._house = link, house

    async def send(self, claimed: Sequence[Operation]) -> Mapping[str, Outcome]:
        """Send one label. Raises ConnectorError."""
        found = {}
        for operation in claimed:
            data = await self._house.store.read(labels.content, operation.entity_id, operation.revision)
            if data is None:
                text = f"the bytes of version {operation.revision} are not kept any more; pull the label again"
                found[operation.key] = Outcome(answer=Answer.REFUSED, code="no_bytes", text=text)
                continue
            item = msgspec.structs.replace(_read_delivery(operation.body), data=data)
            outcome = from_push(await self._link.push_label(item))
            if outcome.answer is Answer.REQUESTED:  # the contract has no such answer to a label
                outcome = msgspec.structs.replace(outcome, answer=Answer.UNKNOWN)
            found[operation.key] = outcome
        return found

    async def ask(self, claimed: Sequence[Operation]) -> Mapping[str, Outcome]:
        """Send the same bytes again, which the contract says is harmless. Raises ConnectorError."""
        return await self.send(claimed)

    def settled(self, tx: Transaction, operation: Operation, verdict: OperationVerdict, now: datetime) -> None:
        """Note with the version what became of its delivery."""
        head = labels.get(tx, operation.entity_id)
        held = labels.version(tx, operation.entity_id, operation.revision)
        if head is None or held is None:
            return
        if verdict.state is OperationState.DONE:
            _delivered(tx, head, held, operation, now)
        elif verdict.state is OperationState.FAILED and held.version == head.version:
            _refused(tx, head, operation, verdict, now)


def _delivered(tx: Transaction, head: LabelHead, held: LabelVersion, operation: Operation, now: datetime) -> None:
    at = to_ms(now)
    outbound_key = _read_delivery(operation.body).outbound_key
    held = labels.keep(tx, held, delivered_at=at, delivered_key=outbound_key)
    labels.drop_older(tx, head.id, head.version)
    if held.version != head.version:
        return
    incidents.heal(tx, subject_of(head.order_id), at, operation=DELIVERY)
    if held.state in FITS:
        heal_stale(tx, head, at)
        if head.state is LabelState.FAILED:
            labels.save(tx, head, state=held.state, error_code=None, error_text=None)
    if held.version > 1:
        text = f"version {held.version} of the shipping label was given to {operation.connection}"
        timeline.add(tx, [timeline.Moment(head.order_id, at, "label_delivered", "", text)])


def _refused(tx: Transaction, head: LabelHead, operation: Operation, verdict: OperationVerdict, now: datetime) -> None:
    at = to_ms(now)
    code = verdict.code or verdict.kind or "refused"
    said = verdict.text or "no reason was given"
    text = f"{operation.connection} did not take version {operation.revision} of the shipping label: {said}"
    trouble = Trouble(
        cause=Cause.DECISION, connection=operation.connection, operation=DELIVERY, code=code,
        text=(
            "a warehouse did not take shipping labels; see to the parcels by hand (`crossdock labels save ORDER FILE`), "
            "or pull the label again"
        ),
    )  # fmt: skip
    incidents.report(tx, trouble, subject_of(head.order_id), at, text)
    timeline.add(tx, [timeline.Moment(head.order_id, at, "label_refused", "", text)])
    state = LabelState.FAILED if head.state is LabelState.READY else head.state
    labels.save(tx, head, state=state, error_code=code, error_text=text)
