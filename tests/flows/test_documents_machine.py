"""Documents as a whole: any order of pages, failures, people and time, through the real units of work."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from crossdock.env import Env
from crossdock.flows import documents as flow
from crossdock.flows.house import House
from crossdock.flows.operations import carry_out
from crossdock.flows.post_documents import Desk, PostInbound, PostOutbound
from crossdock.flows.repush_documents import DocumentName, reconsider, repush_named
from crossdock.rules.book import Mapping, MappingKind, Warehouse
from crossdock.rules.connection_health import Limits
from crossdock.rules.document_states import OUTBOUND_ALLOWED, OutboundState, PushBack
from crossdock.rules.operation_outcome import OperationPolicy
from crossdock.rules.posting import Targets
from crossdock.spec.documents import OutboundDoc, OutboundDocLine, OutboundKind, Parcel
from crossdock.spec.errors import RateLimited, Retryable, UnknownOutcome
from crossdock.spec.outbound import ItemResult, Stage
from crossdock.store import book, documents, migrate, sqlite
from crossdock.store.audit import By
from crossdock.store.book import BookCache
from crossdock.store.store import Store

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
REFS = ("D1", "D2")
STAGES = (Stage.PENDING, Stage.PICKING, Stage.PACKED, Stage.OUTBOUND)
SKU = Mapping(warehouse="WH", kind=MappingKind.SKU, ours="A", theirs="B")

ANNA = By(actor="anna", action="documents.repush", object="x")


class StillEnv(Env):
    def __init__(self):
        super().__init__(seed=1)
        self.time = NOW

    def now(self):
        return self.time

    def monotonic(self):
        return 0.0


class Lane:
    """A flows.lane.CallingLane that always may."""

    connection, run = "oms", 0

    def keep_going(self):
        return True

    may_call = keep_going

    def alone(self):
        return False

    def succeeded(self, calls):
        pass

    def failed(self, error):
        pass

    def counted(self, result, count):
        pass


class Oms:
    """Enters a revision once; `plan` says how the next calls end."""

    def __init__(self):
        self.held, self.plan = {}, []

    async def apply_outbound(self, items):
        end = self.plan.pop(0) if self.plan else "ok"
        if end == "limited":
            raise RateLimited("slowly")
        if end == "down":
            raise Retryable("down")
        if end not in {"refused", "lost"}:
            for item in items:
                mine = self.held.setdefault(item.document.ref, [])
                if not mine or mine[-1] < item.document.revision:
                    mine.append(item.document.revision)
        if end in ("lost", "late"):
            raise UnknownOutcome("the line went dead")
        return [ItemResult(ref=item.key, ok=end != "refused", code="bad", message="no") for item in items]


class DocumentMachine(RuleBasedStateMachine):
    @initialize()
    def begin(self):
        self.env, self.oms, self.lane = StillEnv(), Oms(), Lane()
        self.database = sqlite.connect(":memory:")
        self.database.connect()
        migrate.migrate(self.database)
        self.store = Store(self.database, self.env, inline=True)
        self.house = House(self.store, self.env, BookCache(30))
        self.newest, self.states = {}, {}
        self.write(book.save, Warehouse(code="WH", connection="wms", remote="W1"))
        self.mapped_away = None

    def teardown(self):
        if hasattr(self, "database"):
            self.settle()
            self.database.close()

    def write(self, unit, *args):
        return asyncio.run(self.store.write(unit, *args))

    @property
    def desk(self):
        return Desk(self.house.books, Targets(takes={"oms": frozenset({"outbound", "inbound"})}), self.env.now())

    def row(self, ref):
        found = asyncio.run(self.store.read(documents.named, "wms", ref))
        return found[0] if found else None

    @rule(ref=st.sampled_from(REFS), revision=st.integers(1, 6))
    def a_page_tells_of_a_revision_perhaps_again_perhaps_late(self, ref, revision):
        parcels = tuple(Parcel(parcel_no=f"P{n}") for n in range(revision // 2))
        document = OutboundDoc(
            ref=ref, kind=OutboundKind.MANUAL, revision=revision, warehouse="W1", stage=STAGES[min(revision // 2, 3)],
            lines=(OutboundDocLine(line_no=1, sku="A", planned=Decimal(1)),), updated_at=NOW + timedelta(seconds=revision),
            parcels=parcels,
        )  # fmt: skip
        self.write(flow.absorb, "wms", [document], self.desk)
        self.newest[ref] = max(self.newest.get(ref, 0), revision)

    @rule(plan=st.lists(st.sampled_from(["ok", "lost", "late", "limited", "down", "refused"]), max_size=3))
    def what_is_due_is_carried_out(self, plan):
        self.oms.plan = list(plan)
        self.carry()

    def carry(self):
        self.lane.run += 1
        handlers = {each.kind: each for each in (PostOutbound(self.oms), PostInbound(self.oms))}
        policy = OperationPolicy(limits=Limits(), settle=timedelta(seconds=60))
        asyncio.run(carry_out(handlers, self.house, self.lane, policy, 10))

    @rule(minutes=st.sampled_from([1, 20]))
    def time_passes(self, minutes):
        self.env.time += timedelta(minutes=minutes)

    @rule(ref=st.sampled_from(REFS))
    def a_person_pushes_again(self, ref):
        self.write(repush_named, [DocumentName("wms", ref)], ANNA, self.desk)

    @rule()
    def a_mapping_takes_the_name_away_or_gives_it_back(self):
        if self.mapped_away is None:
            self.mapped_away = self.write(book.save, SKU)
        else:
            self.write(book.remove, Mapping, book.name_of(self.mapped_away))
            self.mapped_away = None
        self.write(reconsider, self.desk)

    @invariant()
    def a_document_never_goes_back_and_no_revision_counts_twice(self):
        for ref in getattr(self, "newest", ()):
            row = self.row(ref)
            state = OutboundState(row.state)
            before = self.states.get(ref, state)
            assert state is before or state in OUTBOUND_ALLOWED[before]
            self.states[ref] = state
            assert row.revision == self.newest[ref]
            held = self.oms.held.get(ref, [])
            assert held == sorted(set(held))
            assert row.pushed_revision is None or row.pushed_revision in held
            assert (row.push_status is PushBack.PUSHED) <= (row.pushed_revision == row.revision)

    def settle(self):
        """Once nothing fails any more, the OMS has the newest revision of everything."""
        if self.mapped_away is not None:
            self.a_mapping_takes_the_name_away_or_gives_it_back()
        self.oms.plan = []
        for _ in range(3):
            self.env.time += timedelta(hours=2)
            self.carry()
        failed = [ref for ref in self.newest if self.row(ref).push_status is PushBack.FAILED]
        self.write(repush_named, [DocumentName("wms", ref) for ref in failed], ANNA, self.desk)
        self.carry()
        for ref, revision in self.newest.items():
            row = self.row(ref)
            assert (row.push_status, row.pushed_revision, self.oms.held[ref][-1]) == (
                PushBack.PUSHED,
                revision,
                revision,
            )


TestDocuments = pytest.mark.behaviour("R24", "R25", "R28", "R29")(DocumentMachine.TestCase)
TestDocuments.settings = settings(
    max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
