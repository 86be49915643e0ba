"""What every step after a push needs: the case, its operations, its incidents, its way back to where it was."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crossdock.flows import label_changes, troubles
from crossdock.flows.house import encode
from crossdock.rules.push_states import AT_WAREHOUSE, CANCELLING, PushState, check_transition, home_of
from crossdock.rules.troubles import (
    LABEL,
    LABEL_PULL,
    OUTBOUND_CANCEL,
    OUTBOUND_DOCUMENT,
    OUTBOUND_HOLD,
    OUTBOUND_UPDATE,
    OUTBOUND_WAREHOUSE,
    no_warehouse,
)
from crossdock.spec.orders import OrderStatus
from crossdock.spec.outbound_changes import OutboundCancel, OutboundHold
from crossdock.store import amendments, incidents, labels, operations, pushes, timeline
from crossdock.store.incidents import Cause, Trouble
from crossdock.store.operations import NewOperation
from crossdock.store.timeline import Moment
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from datetime import datetime

    from crossdock.rules.book import Book
    from crossdock.rules.mutability import Abilities
    from crossdock.spec.orders import Order
    from crossdock.store.amendments import Amendment
    from crossdock.store.operations import Operation
    from crossdock.store.orders import StoredOrder
    from crossdock.store.pushes import Push
    from crossdock.store.store import Transaction

UPDATE, CANCEL, HOLD = OUTBOUND_UPDATE, OUTBOUND_CANCEL, OUTBOUND_HOLD
DOCUMENT, WAREHOUSE = OUTBOUND_DOCUMENT, OUTBOUND_WAREHOUSE
"""What incidents about the document itself, and about its warehouse, are called."""
"""The kinds of operations; incidents about them carry the same names."""


def concerns(operation: Operation, push: Push) -> bool:
    """Tell whether an operation was made under the key that its push has now, and not before it began afresh under another."""
    return operation.key.startswith(f"{push.key}-")


@dataclass
class Case:
    """A push that its warehouse has, with all that a step needs. `save` it at the end; the step saves nothing before.

    `by` is written with operations that no person asked for by name.
    """

    tx: Transaction
    push: Push
    stored: StoredOrder
    record: Amendment
    now: datetime
    before: PushState
    book: Book | None = None
    order: Order | None = None
    by: str = ""
    moments: list[Moment] = field(default_factory=list)

    @property
    def at(self) -> int:
        """Now, in milliseconds."""
        return to_ms(self.now)

    @property
    def abilities(self) -> Abilities | None:
        """What its warehouse can do; None while the connection is not open."""
        return None if self.book is None else self.book.abilities.get(self.push.connection or "")

    @property
    def cancelled(self) -> bool:
        """The OMS, or a person here, wants it cancelled."""
        return self.stored.status == OrderStatus.CANCELLED or bool(self.record.cancel_by)

    @property
    def subject(self) -> str:
        """What operations on the document are about: the same as its labels', so that all take effect in their order (P5)."""
        return label_changes.subject_of(self.stored.id)

    def tell(self, what: str, text: str, actor: str = "") -> None:
        """Say in the order's timeline what happened."""
        self.moments.append(Moment(self.stored.id, self.at, what, actor, text))

    def go(self, state: PushState) -> None:
        """Go to another state. Raises UnlistedTransition."""
        check_transition(self.push.state, state)
        self.push.state = state

    def go_home(self) -> None:
        """Go back to where it stands while nothing is asked of its warehouse."""
        if self.push.state in CANCELLING:
            labels.pushed(self.tx, [(self.at, self.stored.id)])  # what was not to be delivered any more is
        self.go(home_of(self.push.shipped, shown=self.push.stage is not None))

    def save(self) -> None:
        """Write the case down. While a person is asked about the order, by whatever part, it counts as changed."""
        push = self.push
        if push.state in AT_WAREHOUSE and not push.changed:
            push.changed = troubles.is_asked(self.tx, push.order_id)
        pushes.decided(self.tx, push, self.before)
        if push.state is not self.before and troubles.has_any(push):
            troubles.note(self.tx, push, self.at)
        amendments.save(self.tx, self.record)
        timeline.add(self.tx, self.moments)
        self.before, self.moments = self.push.state, []

    def save_step(self) -> None:
        """Write a change of state down before another follows in the same unit of work: no row skips a state."""
        if self.push.state is not self.before:
            self.save()

    def enqueue(self, kind: str, key: str, body: bytes, actor: str = "") -> None:
        """Write an operation down, in the order in which they take effect."""
        operations.enqueue(
            self.tx,
            NewOperation(
                connection=self.push.connection or "", kind=kind, subject=self.subject, entity_id=self.push.id,
                revision=self.stored.revision, key=key, body=body, order_id=self.stored.id, actor=actor or self.by,
            ),
            self.at,
        )  # fmt: skip

    def supersede(self, *kinds: str) -> None:
        """Take back what surely had no effect yet."""
        for kind in kinds:
            operations.supersede(self.tx, self.push.connection or "", self.subject, kind, self.at)

    def under_way(self, kind: str) -> bool:
        """Tell whether an operation of a kind may have left and is not settled. One of an earlier key settles nothing here."""
        found = operations.open_of(self.tx, self.push.connection or "", self.subject)
        return any(each.kind == kind and concerns(each, self.push) for each in found)

    def ask_person(self, operation: str, code: str, text: str, particular: str) -> None:
        """Open an incident, or hold the order in the one that is open for this cause."""
        trouble = Trouble(
            cause=Cause.DECISION, connection=self.push.connection or "", operation=operation, code=code, text=text
        )
        subject = f"order:{self.stored.id}"
        others = [each for each in incidents.of_subject(self.tx, subject) if each.operation == operation]
        if any(each.fingerprint != trouble.fingerprint for each in others):
            self.heal(operation)  # one order waits for one decision of a kind
        incidents.report(self.tx, trouble, subject, self.at, particular)

    def asked(self) -> frozenset[str]:
        """Return the operations about which a person is asked to decide of this order."""
        return frozenset(each.operation for each in incidents.of_subject(self.tx, f"order:{self.stored.id}"))

    @property
    def set_up(self) -> bool:
        """Its warehouse is set up here, switched on or not."""
        return self.book is not None and (self.push.warehouse or "") in self.book.warehouses

    def report_warehouse(self) -> None:
        """Its warehouse is not set up any more, so that it cannot be told what changed: somebody has to know."""
        trouble = no_warehouse(self.push.connection or "", self.push.warehouse or "")
        incidents.report(self.tx, trouble, f"order:{self.stored.id}", self.at, self.stored.ref)

    def asked_about(self, operation: str) -> bool:
        """Tell whether a person is asked to decide about an operation of this order."""
        return operation in self.asked()

    def heal(self, *operations_named: str) -> None:
        """Nothing is to be decided about these any more."""
        for operation in operations_named:
            incidents.heal(self.tx, f"order:{self.stored.id}", self.at, operation=operation)

    def hold(self, *, on: bool, reason: str) -> None:
        """Ask the warehouse to keep the document waiting, or to go on with it; nothing if that was asked last."""
        able = self.abilities is not None and self.abilities.can_hold
        if on is bool(self.record.held) or not able:
            return
        self.supersede(HOLD)
        self.record.held = on
        self.record.number += 1
        push = self.push
        key = f"{push.key}-{'hold' if on else 'go'}{self.record.number}"
        item = OutboundHold(
            key=key, outbound_key=push.key or "", order_ref=self.stored.ref, warehouse=self.remote, on=on,
            remote_id=push.remote_id, reason=reason,
        )  # fmt: skip
        self.enqueue(HOLD, key, encode(item))

    def ask_to_cancel(self, reason: str, actor: str) -> None:
        """Ask the warehouse not to ship the document; what was still to be told it is told no more."""
        self.supersede(UPDATE, HOLD, CANCEL, label_changes.KIND)
        self.record.cancel_number += 1
        number, push = self.record.cancel_number, self.push
        key = f"{push.key}-cancel{number if number > 1 else ''}"
        item = OutboundCancel(
            key=key, outbound_key=push.key or "", order_ref=self.stored.ref, warehouse=self.remote,
            remote_id=push.remote_id, reason=reason,
        )  # fmt: skip
        self.enqueue(CANCEL, key, encode(item), actor)
        push.changed = push.cancel_wanted = False
        self.go(PushState.CANCEL_REQUESTED)
        self.heal(UPDATE, CANCEL)
        self.tell("cancel_requested", f"{push.warehouse} is asked not to ship it: {reason}", actor)

    @property
    def remote(self) -> str:
        """The code by which the WMS knows the warehouse."""
        warehouse = None if self.book is None else self.book.warehouses.get(self.push.warehouse or "")
        return warehouse.remote if warehouse is not None else (self.push.warehouse or "")

    def report_as(self, status: str) -> None:
        """Have the OMS told, if it was told of the push or will be."""
        push = self.push
        if push.reported is None and push.report_at is None:
            return
        push.report_as, push.report_at = status, self.at
        push.settled_at = self.at

    def confirm_cancelled(self, text: str, actor: str = "") -> None:
        """The warehouse surely does not ship it. If the order lives on meanwhile, it is decided about afresh."""
        push = self.push
        push.settled_at = self.at
        if self.cancelled:
            self.report_as("cancelled")
        self.go(PushState.CANCELLED)
        self.supersede(UPDATE, HOLD, CANCEL, label_changes.KIND)
        push.changed = push.cancel_wanted = False
        push.again_at = None if self.cancelled else self.at
        self.record.pending = False
        self.heal(UPDATE, CANCEL, DOCUMENT, LABEL, LABEL_PULL)  # nothing ships, whatever its label says
        self.tell("cancelled", text, actor)

    def reject_cancel(self, clause: str, text: str) -> None:
        """It was too late, or cannot be asked: a person decides what becomes of it."""
        push = self.push
        if push.state in AT_WAREHOUSE and home_of(push.shipped, shown=True) is not PushState.ACCEPTED:
            self.go_home()
        else:
            self.go(PushState.CANCEL_REJECTED)
        push.changed, push.cancel_wanted = True, False
        self.heal(UPDATE)  # what changed in an order that is to be cancelled is not to be decided
        where = push.connection or "its warehouse"
        said = (
            f"orders were cancelled after their push, and {where} ships them or cannot be asked not to; for each choose: "
            "let it ship, ask again, or confirm that you cancelled it there, as far as each applies (`crossdock packages decide`)"
        )
        self.ask_person(CANCEL, clause, said, f"{self.stored.ref}: {text}")
        self.tell("cancel_rejected", text)
