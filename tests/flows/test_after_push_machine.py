"""What follows a push, as a whole: any order of changes, cancellations, stages, lost answers and choices, beside the books."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.flows.conftest import Bench, Kit
from tests.flows.depot import Depot
from tests.flows.test_push_machine import reachable

from crossdock.flows.decide_by_hand import Verdict, cancel_by_hand
from crossdock.flows.reconsider import Barrier, release
from crossdock.flows.shipping import follow
from crossdock.rules.push_states import AT_WAREHOUSE, PushState
from crossdock.spec.documents import OutboundDoc, OutboundDocLine, OutboundKind
from crossdock.spec.errors import Retryable, UnknownOutcome
from crossdock.spec.orders import OrderStatus
from crossdock.spec.outbound import Stage
from crossdock.store import operations
from crossdock.testing.sandbox.wms_changes import ORDER, before

PATHS = ("/v1/outbounds", "/v1/outbounds/update", "/v1/outbounds/cancel", "/v1/outbounds/find")


class AfterPushMachine(RuleBasedStateMachine):
    """One order, a warehouse with stages. The model is the warehouse's own books and what the OMS showed last."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench()
        self.depot = Depot(self.bench, Kit)
        self.reported = False
        self.states: list[PushState] = []

    def do(self, awaited):
        return asyncio.run(awaited)

    def teardown(self) -> None:
        self.bench.database.close()

    @initialize()
    def fill(self) -> None:
        self.do(self.bench.fill())
        self.shown = Kit.order("1")
        self.do(self.depot.push(self.shown))

    def row(self):
        return self.do(self.bench.row("1"))

    # what the OMS does

    @rule(quantity=st.integers(0, 3), note=st.sampled_from([None, "a", "b"]), place=st.sampled_from(["x", "y"]))
    def amend(self, quantity, note, place) -> None:
        line = Kit.line(quantity=Decimal(quantity))
        self.shown = Kit.order("1", lines=(line,), buyer_note=note, recipient=self.depot.moved(place))
        self.do(self.bench.absorb(self.shown))

    @rule()
    def cancel(self) -> None:
        self.shown = Kit.order("1", status=OrderStatus.CANCELLED)
        self.do(self.bench.absorb(self.shown))

    # what the warehouse and the network do

    @rule(step=st.integers(1, 2), told=st.booleans())
    def work(self, step, told) -> None:
        row = self.row()
        if row.key not in self.depot.wms.books.by_key:
            return
        state = self.depot.wms.changes.state(row.key)
        if state.stage is Stage.CANCELLED:
            return
        stage = ORDER[min(ORDER.index(state.stage) + step, 4)]
        self.depot.wms.changes.move(row.key, stage)
        if told:
            self.tell(row.key)

    @rule()
    def tell_again(self) -> None:
        """A document is shown once more, by itself."""
        if (key := self.row().key) in self.depot.wms.books.by_key:
            self.tell(key)

    def tell(self, key) -> None:
        content, state = self.depot.wms.changes.content(key), self.depot.wms.changes.state(key)
        lines = tuple(OutboundDocLine(line_no=n.line_no, sku=n.sku, planned=n.quantity) for n in content.lines)
        shown = OutboundDoc(
            ref=f"D-{key}", kind=OutboundKind.PARCEL, revision=1, warehouse="1", stage=state.stage, lines=lines,
            updated_at=Kit.NOW, outbound_key=key,
        )  # fmt: skip
        self.do(self.bench.store.write(follow, "wms", [shown], self.bench.env.now()))

    @rule(path=st.sampled_from(PATHS), arrives=st.booleans())
    def lose(self, path, arrives) -> None:
        if path.endswith("find"):
            self.depot.wms.unsent[path] = Retryable("503")
        elif arrives:
            self.depot.wms.lost[path] = UnknownOutcome("lost")
        else:
            self.depot.wms.unsent[path] = UnknownOutcome("lost before it arrived")

    # what the daemon does

    @rule(minutes=st.sampled_from([0, 2, 15]))
    def run_lanes(self, minutes) -> None:
        self.bench.later(minutes=minutes)
        self.do(self.bench.decide())
        self.do(self.bench.push())
        self.do(self.depot.operate())
        self.do(self.depot.reports())

    # what people do

    @rule(verdict=st.sampled_from([Verdict.FORCE, Verdict.KEEP, Verdict.SHIP, Verdict.ASK_AGAIN, Verdict.AGAIN]))
    def choose(self, verdict) -> None:
        self.do(self.depot.choose(verdict))

    @rule()
    def cancel_here(self) -> None:
        self.do(self.bench.store.write(cancel_by_hand, [("oms", "1")], "fraud", "ann", self.bench.desk))

    @rule()
    def release_here(self) -> None:
        self.do(self.bench.store.write(release, [("oms", "1")], Barrier.HOLD, "ann", self.bench.desk))

    # what must always be true

    @invariant()
    def at_most_one_document_of_an_order_can_still_ship(self) -> None:
        made = self.depot.wms.books.by_order.get("1", [])
        live = [each.key for each in made if self.depot.wms.changes.state(each.key).stage is not Stage.CANCELLED]
        assert len(live) <= 1, live

    @invariant()
    def it_is_said_to_be_cancelled_only_where_the_warehouse_cancelled_it(self) -> None:
        made = {each.key: self.depot.wms.changes.state(each.key).stage for each in self.depot.wms.books.documents}
        row = self.row()
        if row.state is PushState.CANCELLED and row.key in made:
            assert made[row.key] is Stage.CANCELLED
        told = [each for each in self.bench.oms.reports if each.status == "cancelled"]
        if told:
            assert Stage.CANCELLED in made.values()
        assert not self.depot.wms.changes.counts["shipped_although_cancelled"]

    @invariant()
    def no_state_changed_in_a_way_that_is_not_listed(self) -> None:
        state = self.row().state
        if self.states:
            assert state in reachable(self.states[-1])
        self.states = [state]

    @invariant()
    def everything_is_at_rest_or_due_or_somebodys(self) -> None:
        row = self.row()
        if row.state not in AT_WAREHOUSE:
            return
        due = self.do(self.bench.store.read(operations.open_of, "wms", f"order:{row.order_id}"))
        if row.state in (PushState.UPDATE_PENDING, PushState.CANCEL_REQUESTED, PushState.IN_DOUBT_CANCEL):
            assert due, f"{row.state.name} and nothing will move it"
            return
        content = self.depot.wms.changes.content(row.key)
        cancelled = self.shown.status is OrderStatus.CANCELLED
        same = not cancelled and (content.buyer_note, content.lines[0].quantity, content.recipient) == (
            self.shown.buyer_note, self.shown.lines[0].quantity, self.shown.recipient,
        )  # fmt: skip
        told = same or row.changed or row.again_at is not None or row.state is PushState.REJECTED
        assert told or self.settled_by_somebody() or not before(row.at_stage, Stage.OUTBOUND), row

    def settled_by_somebody(self) -> bool:
        """A person let it be, or only notes differ that nobody is told of any more."""
        row = self.row()

        def read(tx):
            from crossdock.store import amendments

            record = amendments.load(tx, row.id)
            kept = {each.move.value for each in record.decisions()}
            return bool(record.chosen()) or (kept <= {"kept", "local_only"} and bool(kept))

        return self.do(self.bench.store.read(read))


TestAfterPush = pytest.mark.behaviour("P1", "P4", "R17", "R18")(AfterPushMachine.TestCase)
TestAfterPush.settings = settings(
    max_examples=60, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
