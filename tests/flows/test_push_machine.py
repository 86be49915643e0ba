"""The push state machine as a whole: any order of events through the real units of work, beside a small model of it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from crossdock.env import Env
from crossdock.flows import settling
from crossdock.flows.absorb import Arrival, Batch, absorb, content_hash
from crossdock.flows.house import encode
from crossdock.flows.reconsider import Barrier, Desk, hold, push_by_hand, reconsider_due, release
from crossdock.flows.settle_by_hand import Settlement, redrive, settle_by_hand
from crossdock.flows.settle_doubt import claim_doubts
from crossdock.rules import outcome
from crossdock.rules.book import AllocationRule, PushStrategy, StrategyKind, Warehouse
from crossdock.rules.connection_health import Limits
from crossdock.rules.outcome import PushPolicy, Verdict
from crossdock.rules.push_states import ALLOWED, PushState
from crossdock.spec import errors
from crossdock.spec.orders import Order, OrderLine, OrderStatus
from crossdock.spec.outbound import OutboundRequest
from crossdock.store import book, migrate, orders, outbox, pushes, sqlite
from crossdock.store.book import BookCache
from crossdock.store.store import Store
from crossdock.store.times import to_ms
from crossdock.testing.simulation.chaos import EPOCH

REFS = ("1", "2", "3")
SETTLE = timedelta(seconds=60)
ENDS = st.lists(
    st.sampled_from(["ok", "lost", "late", "error", "limited", "refused", "rejected"]), min_size=3, max_size=3
)
_template: list[bytes] = []


def template() -> bytes:
    if not _template:
        database = sqlite.connect(":memory:")
        database.connect()
        migrate.migrate(database)
        _template.append(database.connection().serialize())
        database.close()
    return _template[0]


class Lane:
    """A flows.lane.Lane whose run number the machine sets."""

    connection = "wms"
    run = 0

    def may_call(self):
        return True

    def reports_to(self, oms):
        return False


class PushMachine(RuleBasedStateMachine):
    """Three orders, one warehouse. The model is the warehouse's own book and what the OMS showed last."""

    idempotency = "key"

    def __init__(self) -> None:
        super().__init__()
        self.now = EPOCH
        self.database = sqlite.connect(":memory:")
        self.database.connect()
        self.database.connection().deserialize(template())
        self.store = Store(self.database, Env(seed=3), inline=True)
        self.books = BookCache(30)
        self.lane = Lane()
        self.flying: list = []  # claimed by the present run and sent, outcome still open
        self.arriving: list = []  # (due, request): on their way to the warehouse although nobody waits any more
        self.created: dict[str, list[OutboundRequest]] = {ref: [] for ref in REFS}
        self.keys: dict[str, OutboundRequest] = {}
        self.shown: dict[str, Order] = {}
        self.states: dict[str, PushState] = {}

    def teardown(self) -> None:
        self.database.close()

    def write(self, unit, *args, **kwargs):
        return self.store._run("BEGIN IMMEDIATE", unit, args, kwargs)

    @initialize()
    def fill(self) -> None:
        for entry in (
            PushStrategy(name="s", kind=StrategyKind.ADVANCE),
            Warehouse(code="WH", connection="wms", remote="1", strategies=("s",), auto_push=True),
            AllocationRule(position=1, warehouse="WH"),
        ):
            self.write(book.save, entry)
        for ref in REFS:
            self.take_in(ref, 1, OrderStatus.PAID, held=False)

    @property
    def desk(self) -> Desk:
        return Desk(self.books, self.read, self.now)

    @property
    def policy(self) -> PushPolicy:
        return PushPolicy(
            idempotency=self.idempotency, can_find=self.idempotency != "none", settle=SETTLE, limits=Limits()
        )

    @staticmethod
    def read(connection, payload, sliced):
        return msgspec.json.decode(payload, type=Order)

    def row(self, ref):
        def find(tx):
            stored = orders.load(tx, "oms", [ref]).get(ref)
            return None if stored is None else pushes.of_orders(tx, [stored.id])[stored.id]

        return self.write(find)

    # what the OMS does

    @rule(ref=st.sampled_from(REFS), quantity=st.integers(1, 3), held=st.sampled_from([False, False, False, True]))
    def amend(self, ref, quantity, held) -> None:
        self.take_in(ref, quantity, OrderStatus.PAID, held=held)

    @rule(ref=st.sampled_from(REFS))
    def cancel(self, ref) -> None:
        self.take_in(ref, int(self.shown[ref].lines[0].quantity), OrderStatus.CANCELLED, held=False)

    def take_in(self, ref, quantity, status, *, held) -> None:
        order = Order(
            ref=ref, status=status, created_at=EPOCH, updated_at=self.now, holds=("h",) if held else (),
            lines=(OrderLine(line_no=1, sku="A", quantity=Decimal(quantity)),),
        )  # fmt: skip
        raw = encode(order)
        batch = Batch(connection="oms", arrivals=[Arrival(order, content_hash(raw), raw, False)])
        self.write(absorb, batch, self.books, self.read, self.now)
        self.shown[ref] = order

    # what the daemon does

    @precondition(lambda self: not self.flying)
    @rule(ends=ENDS, waits=st.sampled_from([0, 3, 61]))
    def whole_run(self, ends, waits) -> None:
        """A run with nothing happening in between."""
        self.pass_time(waits)
        self.begin_run()
        self.end_run(ends)

    @precondition(lambda self: not self.flying)
    @rule()
    def begin_only(self) -> None:
        self.begin_run()

    def begin_run(self) -> None:
        """Take over what is left, ask about doubts, claim, send."""
        self.lane.run += 1
        while doubts := self.write(claim_doubts, self.lane, self.policy, self.now):
            ended = []
            for doubt in doubts:
                if doubt.key in self.keys:
                    verdict = Verdict(state=PushState.PUSHED, remote_id="R")
                elif doubt.cancel_wanted:
                    verdict = Verdict(state=PushState.CANCELLED, kind="cancelled", text="absent")
                else:
                    verdict = Verdict(state=PushState.QUEUED, next_at=self.now, kind="absent", text="absent")
                ended.append(settling.settle(doubt, verdict, to_ms(self.now), self.lane))
            self.write(settling.save, self.lane.run, ended)
        self.flying = self.write(settling.exchange, self.lane, [], 10, self.policy, self.now)
        for claimed in self.flying:
            self.check_sent(claimed)

    def check_sent(self, claimed) -> None:
        request = msgspec.json.decode(claimed.body, type=OutboundRequest)
        assert request.key == claimed.key
        ref = request.order_ref
        order = self.shown[ref]
        assert order.status is not OrderStatus.CANCELLED, f"{ref} is sent although its cancellation is known"
        if not self.row(ref).doubted:
            assert request.lines[0].quantity == order.lines[0].quantity, f"{ref} is not sent as amended"

    @precondition(lambda self: self.flying)
    @rule(ends=ENDS)
    def end_only(self, ends) -> None:
        self.end_run(ends)

    def end_run(self, ends) -> None:
        """The calls end, each in its own way."""
        ended = []
        for claimed, end in zip(self.flying, ends, strict=False):
            request = msgspec.json.decode(claimed.body, type=OutboundRequest)
            verdict = self.sent(claimed, request, end)
            if claimed.state is PushState.IN_DOUBT:
                verdict = outcome.still_in_doubt(verdict)
            ended.append(settling.settle(claimed, verdict, to_ms(self.now), self.lane))
        self.flying = []
        self.write(settling.save, self.lane.run, ended)

    def sent(self, claimed, request, end) -> Verdict:
        past, half = settling.past(claimed), Env(seed=1).random
        if end in ("ok", "lost"):
            self.arrive(request)
        if end == "late":
            self.arriving.append((self.now + timedelta(seconds=30), request))
        failure = {
            "lost": errors.UnknownOutcome("lost"), "late": errors.UnknownOutcome("late"), "error": errors.UnknownOutcome("500"),
            "limited": errors.RateLimited("429"), "refused": errors.Retryable("refused"), "rejected": errors.Rejected("no", code="x"),
        }.get(end)  # fmt: skip
        if end == "rejected" and (request.key in self.keys or any(r.key == request.key for _, r in self.arriving)):
            failure = errors.UnknownOutcome("500")  # what it took once, it does not refuse
        if failure is None:
            return Verdict(state=PushState.PUSHED, remote_id="R")
        return outcome.of_error(failure, past, self.policy, self.now, half)

    def arrive(self, request) -> None:
        if request.key in self.keys and self.idempotency == "key":
            return
        self.keys[request.key] = request
        self.created[request.order_ref].append(request)

    @precondition(lambda self: self.flying)
    @rule(arrives=st.booleans())
    def crash(self, arrives) -> None:
        """The process dies with calls under way."""
        for claimed in self.flying:
            request = msgspec.json.decode(claimed.body, type=OutboundRequest)
            if arrives:
                self.arriving.append((self.now + timedelta(seconds=30), request))
        self.flying = []

    @precondition(lambda self: self.flying)
    @rule()
    def give_back(self) -> None:
        """The run ends before it sent anything."""
        self.write(outbox.give_back, self.lane.run, self.flying, to_ms(self.now))
        self.flying = []

    @rule(seconds=st.sampled_from([1, 31, 61, 1000]))
    def wait(self, seconds) -> None:
        self.pass_time(seconds)

    def pass_time(self, seconds) -> None:
        self.now += timedelta(seconds=seconds)
        due = [request for at, request in self.arriving if at <= self.now]
        self.arriving = [(at, request) for at, request in self.arriving if at > self.now]
        for request in due:
            self.arrive(request)
        self.write(reconsider_due, self.desk)

    # what people do

    @rule(ref=st.sampled_from(REFS))
    def hold(self, ref) -> None:
        self.write(hold, [("oms", ref)], "ann", "wait", self.desk)

    @rule(ref=st.sampled_from(REFS), what=st.sampled_from(Barrier))
    def release(self, ref, what) -> None:
        self.write(release, [("oms", ref)], what, "ann", self.desk)

    @rule(ref=st.sampled_from(REFS))
    def push_by_hand(self, ref) -> None:
        self.write(push_by_hand, [("oms", ref)], "ann", self.desk)

    @rule(ref=st.sampled_from(REFS))
    def redrive(self, ref) -> None:
        if (row := self.row(ref)) is not None:
            self.write(redrive, [row.id], "ann", self.now)

    @precondition(lambda self: not self.arriving)
    @rule(ref=st.sampled_from(REFS))
    def settle(self, ref) -> None:
        """A person looks into the warehouse and says what is there."""
        row = self.row(ref)
        if row is not None and row.needs_person:
            found = Settlement.ARRIVED if row.key in self.keys else Settlement.ABSENT
            self.write(settle_by_hand, "oms", ref, found, remote_id=None, reason="looked", actor="ann", now=self.now)

    @rule()
    def change_the_book(self) -> None:
        self.write(pushes.decide_again, to_ms(self.now))

    # what must always be true

    @invariant()
    def nothing_is_created_twice(self) -> None:
        for ref, requests in self.created.items():
            assert len(requests) <= 1, f"{ref} was created {len(requests)} times"

    @invariant()
    def no_state_changed_in_a_way_that_is_not_listed(self) -> None:
        for ref in self.shown:
            state = self.row(ref).state
            before = self.states.get(ref, state)
            assert state in reachable(before), f"{ref} went from {before.name} to {state.name}"
            self.states[ref] = state

    @invariant()
    def everything_is_at_rest_or_due_or_somebodys(self) -> None:
        for ref in self.shown:
            row = self.row(ref)
            moving = row.next_at is not None or row.run_id is not None or row.needs_person
            if row.state in (PushState.QUEUED, PushState.SENDING, PushState.IN_DOUBT):
                assert moving, f"{ref} is {row.state.name} and nothing will move it"
            if row.state in (PushState.PUSHED, PushState.CANCELLED, PushState.NOT_PUSHED, PushState.HELD):
                assert row.next_at is None
                assert row.run_id is None
            if row.state is PushState.QUEUED and (row.cancel_wanted or (row.changed and not row.doubted)):
                assert row.again_at is not None, f"{ref} waits for a decision that nobody will take"

    @invariant()
    def the_books_agree(self) -> None:
        for ref, order in self.shown.items():
            row = self.row(ref)
            made = self.created[ref]
            if row.state is PushState.PUSHED:
                assert made, f"{ref} counts as pushed and is not in the warehouse"
                differs = order.status is OrderStatus.CANCELLED or made[0].lines[0].quantity != order.lines[0].quantity
                assert row.changed == differs, f"{ref}: changed is {row.changed}"
            if row.state in (PushState.CANCELLED, PushState.NOT_PUSHED, PushState.HELD, PushState.QUEUED):
                assert not made, f"{ref} is {row.state.name}, and the warehouse has it"

    @invariant()
    def no_key_belongs_to_two_pushes(self) -> None:
        keys = Counter(row.key for ref in self.shown if (row := self.row(ref)).key)
        assert all(count == 1 for count in keys.values())


def reachable(before: PushState) -> set[PushState]:
    """What a push may have become between two looks, by any number of listed steps."""
    found, edge = {before}, [before]
    while edge:
        for state in ALLOWED[edge.pop()] - found:
            found.add(state)
            edge.append(state)
    return found


class LookupMachine(PushMachine):
    """The same for a warehouse that can only be asked."""

    idempotency = "lookup"


class NoneMachine(PushMachine):
    """The same for a warehouse that can do neither."""

    idempotency = "none"


QUICK = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
mark = pytest.mark.behaviour("P1", "P4", "P5", "R15", "R17", "R28", "R38")
TestKey = mark(PushMachine.TestCase)
TestKey.settings = QUICK
TestLookup = mark(LookupMachine.TestCase)
TestLookup.settings = QUICK
TestNone = mark(NoneMachine.TestCase)
TestNone.settings = QUICK
