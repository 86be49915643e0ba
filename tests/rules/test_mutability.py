"""What may be changed after the push: the table, what connectors declare over it, what people chose."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.rules.changes import Change, differences, merged
from crossdock.rules.mutability import (
    OPEN,
    RANK,
    STAGES,
    TABLE,
    Abilities,
    Choice,
    Decided,
    Move,
    abilities_of,
    at_stage,
    cancelling,
    decide_changes,
    sentence,
    until,
)
from crossdock.rules.push_states import ALLOWED, AT_WAREHOUSE, PushState, Shipped, Tab, home_of, tab_of
from crossdock.spec.connector import Capabilities
from crossdock.spec.outbound import OutboundLine, OutboundRequest, Stage
from crossdock.spec.outbound_changes import FieldGroup

ABLE = Abilities(can_update=True, can_cancel=True)
GROUPS = st.sampled_from(list(FieldGroup))
ALL = st.sampled_from(STAGES)
DECLARED = st.dictionaries(GROUPS, ALL)


def change(group=FieldGroup.LINES, path="lines[1].quantity", before="1", after="2"):
    return Change(group, path, before, after)


def one(changed, stage=Stage.PENDING, abilities=ABLE, choices=None, blocked=None):
    (found,) = decide_changes([changed], stage, abilities, choices or {}, blocked or {})
    return found


@pytest.mark.behaviour("R17")
@pytest.mark.parametrize(("group", "moves"), [
    (FieldGroup.STATUS, "cancel request request request refuse"),
    (FieldGroup.LINES, "update hold_and_ask ask refuse refuse"),
    (FieldGroup.RECIPIENT, "update update ask ask refuse"),
    (FieldGroup.LOGISTICS, "update update update ask refuse"),
    (FieldGroup.NOTES, "update update update update local_only"),
])  # fmt: skip
def test_the_table_is_that_of_the_domain(group, moves):
    assert [at_stage(group, stage, {})[0].value for stage in STAGES] == moves.split()


@given(group=GROUPS, stage=ALL, declared=DECLARED)
def test_what_a_connector_declares_is_updated_up_to_its_stage_and_never_beyond(group, stage, declared):
    move, _ = at_stage(group, stage, declared)
    if group not in declared:
        assert move is TABLE[group][RANK[stage]]
    elif TABLE[group][RANK[stage]] is not Move.LOCAL:
        assert (move is Move.UPDATE) == (RANK[stage] <= RANK[declared[group]])


@given(
    groups=st.sets(st.sampled_from([FieldGroup.LINES, FieldGroup.NOTES, FieldGroup.OTHER]), min_size=1),
    declared=DECLARED,
)
def test_an_update_may_be_sent_up_to_the_stage_that_is_named_and_no_group_is_free_beyond(groups, declared):
    last = until(groups, declared)
    for stage in STAGES:
        free = all(at_stage(group, stage, declared)[0] in (Move.UPDATE, Move.LOCAL) for group in groups)
        if last is not None and RANK[stage] > RANK[last]:
            assert not free or RANK[stage] > RANK[Stage.PACKED]


def test_a_connector_without_the_hook_leaves_changes_to_a_person():
    assert one(change(), abilities=Abilities()).move is Move.ASK
    assert one(change(), abilities=None).clause == "not_open"
    tracking = change(FieldGroup.LOGISTICS, "tracking_number", None, "T1")
    assert one(tracking, abilities=Abilities()).move is Move.LOCAL
    assert one(tracking).move is Move.UPDATE


@pytest.mark.parametrize(("kind", "move"), [("force", Move.UPDATE), ("keep", Move.KEPT), ("refused", Move.ASK)])
def test_what_was_settled_counts_while_the_order_says_the_same(kind, move):
    choices = {"lines[1].quantity": Choice(kind, "2", "ann: why")}
    assert one(change(), Stage.PICKED, choices=choices).move is move
    assert one(change(after="3"), Stage.PICKED, choices=choices).move is Move.ASK


def test_what_belongs_to_the_lines_waits_with_them():
    total = change(FieldGroup.OTHER, "total", "10", "20")
    note = change(FieldGroup.NOTES, "buyer_note", None, "x")
    moves = [each.move for each in decide_changes([change(), total, note], Stage.PICKING, ABLE, {}, {})]
    assert moves == [Move.HOLD_AND_ASK, Move.ASK, Move.UPDATE]
    assert one(total, Stage.PICKING).move is Move.UPDATE


def test_what_no_warehouse_can_be_sent_is_asked_at_every_stage():
    found = one(change(), blocked={FieldGroup.LINES: "SKU X is not bound"})
    assert (found.move, sentence(found)) == (Move.ASK, "SKU X is not bound")


def test_an_address_makes_the_label_stale_and_a_carrier_from_picking_on():
    address = change(FieldGroup.RECIPIENT, "recipient.address.city")
    carrier = change(FieldGroup.LOGISTICS, "logistics")
    assert [one(address, stage).stale for stage in STAGES] == [True, True, True, True, False]
    assert [one(carrier, stage).stale for stage in STAGES] == [False, False, True, True, False]


@pytest.mark.parametrize(("stage", "abilities", "move"), [
    (Stage.PENDING, ABLE, Move.CANCEL), (Stage.PACKED, ABLE, Move.REQUEST), (Stage.OUTBOUND, ABLE, Move.REFUSE),
    (Stage.PENDING, Abilities(), Move.REFUSE), (Stage.PENDING, None, Move.ASK), (Stage.CANCELLED, ABLE, Move.CANCEL),
    (Stage.PICKED, Abilities(can_cancel=True, cancel_until=Stage.PICKING), Move.REFUSE),
    (Stage.PICKING, Abilities(can_cancel=True, cancel_until=Stage.PICKING), Move.CANCEL),
])  # fmt: skip
def test_a_cancellation_is_asked_for_where_it_may_succeed(stage, abilities, move):
    assert cancelling(stage, abilities)[0] is move


def test_a_document_that_its_warehouse_cancelled_is_told_nothing():
    assert one(change(), Stage.CANCELLED).move is Move.LOCAL


def test_what_a_connector_can_do_is_read_off_its_hooks():
    hooks = {"update_outbound", "find_outbound"}
    found = abilities_of(Capabilities(tells_stage=True, idempotency="key"), hooks)
    assert (found.can_update, found.can_cancel, found.tells_stage) == (True, False, True)
    assert not abilities_of(Capabilities(tells_stage=True, idempotency="none"), hooks).tells_stage


@given(
    clause=st.sampled_from(
        ["table", "declared", "with_lines", "not_open", "no_update", "forced", "kept", "refused", "cancelled"]
    )
)
def test_every_decision_has_a_sentence(clause):
    decided = Decided(FieldGroup.LINES, "p", "1", "2", Move.ASK, clause, "pending")
    assert sentence(decided)
    assert decided.move in OPEN


def test_merging_takes_the_groups_that_are_named_and_no_other():
    base = OutboundRequest(
        key="k", order_ref="1", revision=1, warehouse="W", ordered_at=datetime(2026, 1, 1, tzinfo=UTC),
        lines=(OutboundLine(line_no=1, sku="A", quantity=Decimal(1)),),
    )  # fmt: skip
    fresh = OutboundRequest(
        key="other", order_ref="1", revision=3, warehouse="X", ordered_at=base.ordered_at, buyer_note="n", logistics="L",
        lines=(OutboundLine(line_no=1, sku="A", quantity=Decimal(2)),), strategy="s",
    )  # fmt: skip
    made = merged(base, fresh, {FieldGroup.NOTES, FieldGroup.LINES})
    assert {each.group for each in differences(made, fresh)} == {FieldGroup.LOGISTICS}
    assert (made.key, made.revision, made.warehouse, made.strategy) == ("k", 3, "W", "")


def test_a_push_that_its_warehouse_has_never_goes_back_to_before_the_push_but_by_its_end():
    """Or into doubt, where a reconciliation finds nothing there any more."""
    gone = {PushState.PUSHED: {PushState.IN_DOUBT}}
    for state in AT_WAREHOUSE:
        back = ALLOWED[state] - AT_WAREHOUSE - {PushState.CANCELLED}
        assert back == gone.get(state, set()) or state is PushState.REJECTED, state


@pytest.mark.behaviour("R19")
def test_tabs_are_those_of_the_domain():
    progress = {state for state in PushState if tab_of(state) is Tab.IN_PROGRESS}
    assert {each.name for each in progress} == {
        "PUSHED",
        "ACCEPTED",
        "UPDATE_PENDING",
        "CANCEL_REQUESTED",
        "PARTIALLY_SHIPPED",
    }
    assert all(tab_of(state, changed=True) is Tab.ABNORMAL for state in AT_WAREHOUSE)


def test_home_is_where_nothing_is_asked():
    assert [home_of(each, shown=True) for each in Shipped] == [
        PushState.ACCEPTED, PushState.PARTIALLY_SHIPPED, PushState.SHIPPED, PushState.CLOSED_SHORT,
    ]  # fmt: skip
    assert home_of(Shipped.NOTHING, shown=False) is PushState.PUSHED
