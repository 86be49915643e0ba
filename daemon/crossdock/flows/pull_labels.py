"""Pull shipping labels from an OMS: what is due by itself, and what people ask for. Deliveries follow as operations."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.flows.deliver_labels import deliver, taker_of, too_late
from crossdock.flows.label_changes import (
    FETCH,
    begin_asking,
    fits_again,
    made_of,
    report_stale,
    subject_of,
    waits_for_pull,
)
from crossdock.rules import labels as rules
from crossdock.rules.backoff import delay
from crossdock.rules.labels import FITS, LabelState, Made, Pulled, PullPolicy
from crossdock.spec.errors import (
    BadResponse,
    ConnectorError,
    ContractError,
    Rejected,
    UnknownOutcome,
    Unsupported,
)
from crossdock.spec.labels import Label
from crossdock.spec.orders import Order, OrderStatus
from crossdock.spec.outbound import Stage
from crossdock.store import incidents, labels, orders, timeline
from crossdock.store.incidents import Cause, Trouble
from crossdock.store.labels import LabelVersion
from crossdock.store.times import from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from typing import Protocol

    from crossdock.flows.house import House
    from crossdock.flows.lane import CallingLane
    from crossdock.spec.orders import Unreadable
    from crossdock.store.labels import LabelHead
    from crossdock.store.orders import StoredOrder
    from crossdock.store.store import Transaction

    Look = Callable[[list[str]], Awaitable[Mapping[str, Order | Unreadable | None]]]

    class Source(Protocol):
        """The part of an OMS connection that this flow calls."""

        async def fetch_label(self, ref: str, package_ref: str | None) -> Label | None:
            """Return the newest label with its bytes."""
            ...


WIDTH = 2
"""Labels under way at a time: each may hold as much memory as a label may have bytes."""
OWN = (Rejected, BadResponse, ContractError, Unsupported, UnknownOutcome)
"""Failures that are the label's own: they say nothing about the connection, and harm no order."""
LOOKS = 3
"""How often a label is asked for in one go while its order is being changed."""
NOT_AS_KNOWN = (
    "the order is not in the OMS any more what was fetched of it; its label is asked for after the next fetch"
)
BEING_CHANGED = (
    "the order is being changed in the OMS, so nobody knows what its label was made of; it is asked for later"
)
NO_MORE = frozenset({OrderStatus.CANCELLED, OrderStatus.DELIVERED, OrderStatus.RETURNED})
"""Orders in these states need no label."""


class Asking(Struct, frozen=True, kw_only=True):
    """A label that the OMS is about to be asked for: which order, what it was made of when that began, whether by a person.

    `touched_at` is when the OMS says the order, as it is stored, was changed last.
    """

    label_id: int
    ref: str
    made: Made
    touched_at: datetime
    by_hand: bool = False


class Refusal(Struct, frozen=True):
    """Why there is no label: by `code` for programs, in a sentence for people; `definite`: there never will be one."""

    code: str
    text: str
    definite: bool = False


class Content(Struct, frozen=True):
    """A label that was pulled, the hash of its bytes, and what it was made of."""

    label: Label
    digest: str
    made: Made


class Brought(Struct, frozen=True, kw_only=True):
    """What came of one label: a word for programs, a sentence, and the connection that has something to deliver."""

    result: str
    text: str
    wake: str | None = None


class Puller:
    """Pulls the labels of one OMS. `lane` is the engine's; what is due by itself and what people ask for goes one way.

    `look` reads orders as they are now. An order that changed in its OMS before we heard of it may have got a new label
    already: taken for one of the order as we know it, it would look old for ever once the change is heard of. And one that
    was changed and changed back may have given the label of what it was in between: only a label that was got while the
    OMS's change stamp stood still is believed.
    """

    def __init__(
        self, oms: Source, house: House, lane: CallingLane, policy: PullPolicy, look: Look | None = None
    ) -> None:
        self._oms, self._house, self._lane, self._policy, self._look = oms, house, lane, policy, look

    async def due(self) -> tuple[bool, frozenset[str]]:
        """Do what is due; return (there is more, the connections that have something to deliver)."""
        house, lane = self._house, self._lane
        wake: set[str] = set()
        while lane.keep_going() and lane.may_call():
            due = await house.store.read(labels.due, lane.connection, to_ms(house.env.now()), WIDTH)
            if not due:
                return False, frozenset(wake)
            ended = await asyncio.gather(*(self._step(head) for head in due), return_exceptions=True)
            for brought in ended:  # each has ended: none goes on behind the next run's back
                if isinstance(brought, BaseException):
                    raise brought
                if brought is not None and brought.wake is not None:
                    wake.add(brought.wake)
        return True, frozenset(wake)

    async def one(self, order_id: int) -> Brought:
        """Pull the label of one order because a person asked. Raises ConnectorError for what is the connection's trouble."""
        begun = await self._house.store.write(self._begin, order_id, asked=True)
        return begun if isinstance(begun, Brought) else await self._ask(begun)

    async def _step(self, head: LabelHead) -> Brought | None:
        begun = await self._house.store.write(self._begin, head.order_id, asked=False)
        if isinstance(begun, Brought):
            return begun
        try:
            return await self._ask(begun)
        except ConnectorError as error:
            self._lane.failed(error)
            await self._house.store.write(self._wait, begun.label_id, error)
            return None

    async def _ask(self, asking: Asking) -> Brought:
        house = self._house
        answer: Label | Refusal | None
        try:
            answer = await self._settled(asking)
        except OWN as error:
            answer = refusal(error)
        house.env.failpoint("labels.fetched")
        self._lane.succeeded(1)
        brought = await house.store.write(self._take, asking, answer)
        house.env.failpoint("labels.stored")
        return brought

    async def _settled(self, asking: Asking) -> Label | Refusal | None:
        """Return a label that was got while its order stood still in the OMS, as it is known here."""
        touched_at = asking.touched_at
        for _ in range(LOOKS):
            answer = await self._oms.fetch_label(asking.ref, None)
            if answer is None or self._look is None:
                return answer
            order = (await self._look([asking.ref])).get(asking.ref)
            if not isinstance(order, Order):
                return answer
            if made_of(order).based_on != asking.made.based_on:
                return Refusal("changing", NOT_AS_KNOWN)
            if order.updated_at == touched_at:
                return answer
            touched_at = order.updated_at
        return Refusal("changing", BEING_CHANGED)

    def _begin(self, tx: Transaction, order_id: int, *, asked: bool) -> Asking | Brought:
        """See what is to be done for a label: ask the OMS, deliver what is there, or nothing.

        `asked`: a person wants it, so the OMS is asked whatever there is.
        """
        stored = orders.load_ids(tx, [order_id])[order_id]
        head = labels.of_order(tx, order_id) or _made(tx, stored)
        if (why := needs_none(stored, head)) is not None:
            head = labels.save(tx, head, next_at=None, look=False)
            too_late(tx, head, self._house.label_takers, self._now)
            return Brought(result="skipped", text=why)
        by_hand = asked
        if not by_hand and head.state is not LabelState.REQUESTED and waits_for_pull(tx, head):
            labels.save(tx, head, next_at=None, look=False)
            too_late(tx, head, self._house.label_takers, self._now)
            return Brought(result="skipped", text="it is refreshed only if a person pulls it: the parcel is worked on")
        asked = asked or head.look
        if not asked and (done := self._without_asking(tx, head)) is not None:
            labels.save(tx, labels.of_order(tx, order_id) or head, next_at=None)
            return done
        if not asked and too_late(tx, head, self._house.label_takers, self._now):
            return Brought(result="skipped", text="goods of the order left its warehouse before the label was there")
        try:
            order = self._order(stored)
        except (ValueError, ConnectorError) as error:  # one order that cannot be read holds up no other's label
            text = f"the stored order cannot be read ({error}); sync it"
            labels.save(tx, head, next_at=None, look=False, error_code="unreadable", error_text=text)
            return Brought(result="failed", text=text)
        if head.state in (LabelState.ABSENT, LabelState.STALE, LabelState.FAILED):
            head = begin_asking(tx, head, self._now)
        return Asking(
            label_id=head.id, ref=stored.ref, made=made_of(order), touched_at=order.updated_at, by_hand=by_hand
        )

    def _without_asking(self, tx: Transaction, head: LabelHead) -> Brought | None:
        held = labels.newest(tx, head)
        if held is not None and held.state in FITS and head.state is not LabelState.REQUESTED:
            wake = deliver(tx, head, held, self._house.label_takers, self._now)
            return Brought(result="unchanged", text=f"version {held.version} is at hand", wake=wake)
        if head.state is LabelState.ABSENT and taker_of(tx, head.order_id, self._house.label_takers) is None:
            return Brought(result="skipped", text="no warehouse that takes labels has the order")
        return None

    def _take(self, tx: Transaction, asking: Asking, answer: Label | Refusal | None) -> Brought:
        """Store what the OMS answered, and write the delivery down with it."""
        head = labels.save(tx, _known(tx, asking.label_id), look=False)
        if not asking.by_hand and head.state is not LabelState.REQUESTED and waits_for_pull(tx, head):
            return Brought(result="skipped", text="meanwhile the change that asked for it waits for a person")
        if answer is None:
            return self._not_there(tx, head, Refusal("none_yet", "the OMS has no label for the order yet"))
        if isinstance(answer, Refusal):
            return self._not_there(tx, head, answer)
        made = made_of(self._order(orders.load_ids(tx, [head.order_id])[head.order_id]))
        if made != asking.made:
            # nobody knows whether it was made of the order as it was or as it is
            labels.save(tx, head, next_at=to_ms(self._now), look=True)
            return Brought(result="changed", text="the order changed meanwhile; its label is asked for again")
        content = Content(answer, hashlib.blake2b(answer.data or b"", digest_size=16).hexdigest(), made)
        held = labels.newest(tx, head)
        known = {each.content_hash: each.based_on for each in reversed(labels.versions(tx, head.id))}
        match rules.judged(None if held is None else (held.content_hash, held.made), known, content.digest, made):
            case Pulled.OLD:
                text = "the OMS still gives the label that was made before the order changed"
                return self._not_there(tx, head, Refusal("old_label", text))
            case Pulled.SAME:
                assert held is not None  # nothing is the same as none
                return self._same(tx, head, held, made)
            case Pulled.NEW:
                return self._new(tx, head, held, content)

    def _same(self, tx: Transaction, head: LabelHead, held: LabelVersion, made: Made) -> Brought:
        made = Made(based_on=made.based_on, tracking_number=held.tracking_number or made.tracking_number)
        head = fits_again(tx, head, held, made, self._now, deliver=False)
        held = labels.newest(tx, head) or held
        wake = deliver(tx, head, held, self._house.label_takers, self._now)
        return Brought(result="unchanged", text=f"it is version {held.version}, which was there already", wake=wake)

    def _new(self, tx: Transaction, head: LabelHead, held: LabelVersion | None, content: Content) -> Brought:
        at, label = to_ms(self._now), content.label
        data = label.data or b""
        version = LabelVersion(
            label_id=head.id, version=head.version + 1, state=LabelState.READY, content_type=label.content_type,
            content_hash=content.digest, size=len(data), based_on=content.made.based_on,
            tracking_number=label.tracking_number or content.made.tracking_number, fetched_at=at,
        )  # fmt: skip
        labels.add(tx, version, data)
        if held is not None:
            _void(tx, head, held, at)
        incidents.heal(tx, subject_of(head.order_id), at, operation=FETCH)
        head = labels.save(
            tx, head, state=LabelState.READY, version=version.version, next_at=None, attempts=0, asked_at=None,
            error_code=None, error_text=None,
        )  # fmt: skip
        wake = deliver(tx, head, version, self._house.label_takers, self._now)
        labels.drop_older(tx, head.id, head.version)
        return Brought(result="pulled", text=f"version {version.version}, {version.content_type}", wake=wake)

    def _not_there(self, tx: Transaction, head: LabelHead, refused: Refusal) -> Brought:
        """Ask again later, or give it up; a label that fits stays as it is."""
        result = "absent" if refused.code in ("none_yet", "old_label", "changing") else "failed"
        if head.state is not LabelState.REQUESTED:
            labels.save(tx, head, next_at=None, error_code=refused.code, error_text=refused.text)
            return Brought(result=result, text=refused.text)
        head = self._put_off(tx, head, refused)
        if head.next_at is None:
            return Brought(result="failed", text=f"{refused.text}; it is not asked for again by itself")
        again = f"{from_ms(head.next_at):%H:%M:%S}"
        return Brought(result=result, text=f"{refused.text}; it is asked for again at {again} UTC")

    def _put_off(self, tx: Transaction, head: LabelHead, refused: Refusal) -> LabelHead:
        """Write down when a label is asked for again; one that is given up becomes an incident."""
        now = self._now
        attempts = head.attempts + 1
        asked_at = now if head.asked_at is None else from_ms(head.asked_at)
        random = self._house.env.random
        again = None if refused.definite else rules.again_at(attempts, asked_at, self._policy, now, random)
        changes = {"attempts": attempts, "error_code": refused.code, "error_text": refused.text}
        if again is not None:
            return labels.save(tx, head, next_at=to_ms(again), **changes)
        trouble = Trouble(
            cause=Cause.DECISION, connection=head.oms, operation=FETCH, code=refused.code,
            text="shipping labels cannot be had from the OMS; see there, then `crossdock labels pull ORDER`",
        )  # fmt: skip
        incidents.report(tx, trouble, subject_of(head.order_id), to_ms(now), refused.text)
        return labels.save(tx, head, state=LabelState.FAILED, next_at=None, **changes)

    def _wait(self, tx: Transaction, label_id: int, error: ConnectorError) -> None:
        """The connection has a trouble of its own: the label waits with it, and is not counted as asked for."""
        policy = self._policy
        again = self._now + delay(3, policy.base_s, policy.cap_s, self._house.env.random)
        head = _known(tx, label_id)
        labels.save(tx, head, next_at=to_ms(again), error_code=type(error).__name__, error_text=error.message)

    def _order(self, stored: StoredOrder) -> Order:
        return self._house.read_order(stored.connection, stored.payload, stored.sliced)

    @property
    def _now(self) -> datetime:
        return self._house.env.now()


def refusal(error: ConnectorError) -> Refusal:
    """Say why the OMS gave no label, where that is the label's own trouble."""
    if isinstance(error, Rejected):
        return Refusal(error.code, error.message, definite=rules.definite(error.code))
    return Refusal(f"{rules.DOWNLOAD}{type(error).__name__.lower()}", error.message)


def needs_none(stored: StoredOrder, head: LabelHead) -> str | None:
    """Say why an order needs no label any more."""
    if stored.status in NO_MORE:
        return f"the order is {stored.status}: it needs no label"
    if not rules.may_pull_label(None if head.stage is None else Stage(head.stage)):
        return f"the parcel is {head.stage}: its label does not matter any more"
    return None


def _made(tx: Transaction, stored: StoredOrder) -> LabelHead:
    labels.expect(tx, stored.connection, [(stored.id, None)])
    head = labels.of_order(tx, stored.id)
    assert head is not None  # it was just made
    return head


def _known(tx: Transaction, label_id: int) -> LabelHead:
    head = labels.get(tx, label_id)
    assert head is not None  # labels are never deleted
    return head


def _void(tx: Transaction, head: LabelHead, held: LabelVersion, at: int) -> None:
    """A newer version takes the place of one; where that was printed, somebody has to stick the new one over it."""
    labels.keep(tx, held, state=LabelState.VOIDED)
    if held.printed_count:
        report_stale(tx, head, held, at)
    text = f"version {held.version + 1} of the shipping label was pulled; version {held.version} is void"
    timeline.add(tx, [timeline.Moment(head.order_id, at, "label_pulled", "", text)])
