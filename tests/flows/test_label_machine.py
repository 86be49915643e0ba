"""One order's label under any order of what the OMS, the warehouse, people and time do to it."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from tests.flows.conftest import Bench
from tests.flows.label_bench import LabelBench, here, label

from crossdock.flows import label_changes
from crossdock.rules import labels as rules
from crossdock.rules.labels import FITS, LabelState
from crossdock.spec.errors import BadResponse, Rejected, Retryable, UnknownOutcome
from crossdock.spec.outbound import PushStatus, Stage
from crossdock.store import labels

STREETS = st.sampled_from(["1 Road", "2 Road", "3 Road"])
ANSWERS = st.sampled_from([UnknownOutcome("lost"), Retryable("down"), "REJECTED", "RETRY", "ACCEPTED"])


class LabelMachine(RuleBasedStateMachine):
    """The OMS makes the label of an address it had some time ago."""

    def __init__(self):
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.at = LabelBench(Bench())
        self.street = "1 Road"
        self.fitted: dict[str, str] = {}  # by the hash of the bytes that counted as right: what they were made of
        self.kept: dict[int, str] = {}  # every version that there ever was, with its bytes' hash

    def run(self, work):
        return self.loop.run_until_complete(work)

    def teardown(self):
        self.at.bench.database.close()
        self.loop.close()

    @initialize(begun=st.booleans())
    def fill(self, begun):
        self.run(self.at.bench.fill())
        self.run(self.at.see(here(self.street)))
        if begun:  # most of what can go wrong does so behind the first delivery
            self.run(self.at.delivered())

    @rule()
    def push(self):
        self.run(self.at.push())

    @rule(street=STREETS)
    def the_buyer_moves(self, street):
        self.street = street
        self.run(self.at.see(here(street)))

    @rule(street=STREETS)
    def the_oms_has_a_label(self, street):
        self.at.oms.gives["1"] = label(street)

    @rule(answer=st.sampled_from([None, BadResponse("html"), Rejected("none", code="pickup"), Retryable("down")]))
    def the_oms_has_none(self, answer):
        self.at.oms.gives["1"] = answer

    @rule(street=STREETS)
    def the_buyer_moves_while_the_label_is_fetched(self, street):
        async def see():
            self.street = street
            await self.at.see(here(street))

        self.at.oms.meanwhile.append(see)

    @rule()
    def pull(self):
        self.run(self.at.pull())

    @rule()
    def pull_by_hand(self):
        try:
            self.run(self.at.pull_by_hand())
        except Retryable:
            assert isinstance(self.at.oms.gives["1"], Retryable)

    @rule(answer=ANSWERS)
    def the_warehouse_will_say(self, answer):
        self.at.wms.answers = [PushStatus[answer] if isinstance(answer, str) else answer]

    @rule()
    def deliver(self):
        self.run(self.at.deliver())

    @rule()
    def print_it(self):
        self.run(self.at.printed())

    @rule()
    def confirm(self):
        self.run(self.at.confirm())
        self.fitted = {}

    @rule(stage=st.sampled_from([None, Stage.PENDING.value, Stage.PICKING.value]))
    def a_parcel_document_comes(self, stage):
        stored = self.run(self.at.bench.stored("1"))
        self.run(self.at.store.write(labels.parcel_known, stored.id, stage))

    @rule()
    def sync(self):
        self.run(self.at.store.write(label_changes.look_again, "oms", ["1"], self.at.house.env.now()))

    @rule(minutes=st.sampled_from([1, 20, 90]))
    def time_passes(self, minutes):
        self.at.bench.later(minutes=minutes)

    @invariant()
    def a_printed_label_fits_its_order_or_is_an_incident(self):
        """Invariant 4 of DOMAIN 5."""
        head = self.run(self.at.head()) if self.run(self.at.bench.stored("1")) else None
        if head is None or not head.version:
            return
        newest, *_ = versions = self.run(self.at.versions())
        now = rules.based_on(here(self.street))
        if head.state in FITS:
            assert newest.state is head.state
            assert newest.based_on == now
        if newest.state is LabelState.STALE:
            assert newest.based_on != now
        if newest.printed_count and newest.based_on != now:
            assert "LABEL_STALE" in self.run(self.at.problems())
        assert [each.version for each in versions] == list(range(head.version, 0, -1))
        assert all(each.state is LabelState.VOIDED for each in versions[1:])

    @invariant()
    def the_same_bytes_never_fit_two_addresses_unless_a_person_says_so(self):
        head = self.run(self.at.head()) if self.run(self.at.bench.stored("1")) else None
        if head is not None and head.state in FITS:
            newest = self.run(self.at.versions())[0]
            assert self.fitted.setdefault(newest.content_hash, newest.based_on) == newest.based_on

    @invariant()
    def no_version_is_lost_or_changes_its_bytes(self):
        head = self.run(self.at.head()) if self.run(self.at.bench.stored("1")) else None
        if head is None:
            return
        found = {each.version: each.content_hash for each in self.run(self.at.versions())}
        assert self.kept.items() <= found.items()
        self.kept = found
        if head.version:
            assert self.run(self.at.store.read(labels.content, head.id, head.version))

    @invariant()
    def the_warehouse_gets_each_version_under_one_key_with_one_content_and_in_order(self):
        got = [(item.version, item.key, item.data) for item in self.at.wms.got]
        assert len({version for version, _, _ in got}) == len(set(got))
        assert [version for version, _, _ in got] == sorted(version for version, _, _ in got)

    @invariant()
    def a_label_is_never_sent_to_a_warehouse_that_has_no_order(self):
        assert not self.at.wms.got or self.run(self.at.bench.row("1")).state.name == "PUSHED"

    @invariant()
    def what_was_asked_for_has_something_due_or_has_ended(self):
        head = self.run(self.at.head()) if self.run(self.at.bench.stored("1")) else None
        if head is not None and head.state is LabelState.REQUESTED:
            assert head.next_at is not None


TestLabels = pytest.mark.behaviour("R22", "P4", "P5")(LabelMachine.TestCase)
TestLabels.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
