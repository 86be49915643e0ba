"""Which troubles hold a push, how they are grouped, and what mends them."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.rules.push_states import PushState
from crossdock.rules.reasons import Clause
from crossdock.rules.troubles import CONNECTION, Cause, Standing, Trouble, of_push, remedy

SKU = Clause("skus", False, ("A-1", "WH"))


def standing(state, *clauses, **fields):
    return Standing(state=state, oms="shop", connection="depot", clauses=clauses, **fields)


@pytest.mark.parametrize(
    ("push", "found"),
    [
        (standing(PushState.HELD, SKU), [(Cause.MAPPING, "sku", "A-1", "WH")]),
        (standing(PushState.HELD, Clause("logistics", False, ("Flash", "WH"))), [(Cause.MAPPING, "logistics", "Flash", "WH")]),
        (standing(PushState.HELD, Clause("warehouse", False, ("the OMS assigned 'X'",))), [(Cause.MAPPING, "warehouse", "the OMS assigned 'X'", "")]),
        (standing(PushState.HELD, Clause("sku_missing", False, ("3",))), [(Cause.VALIDATION, "sku_missing", "", "")]),
        (standing(PushState.NOT_PUSHED, Clause("quantity", False, ("1", "0"))), [(Cause.VALIDATION, "quantity", "", "")]),
        (standing(PushState.PUSH_FAILED, parked=True, kind="Rejected", code="no_stock"), [(Cause.REFUSED, "no_stock", "", "")]),
        (standing(PushState.PUSH_FAILED, parked=True, kind="Parked", code="later"), [(Cause.TRANSIENT, "later", "", "")]),
        (standing(PushState.PUSH_FAILED, parked=True, kind="Rejected"), [(Cause.REFUSED, "Rejected", "", "")]),
        (standing(PushState.IN_DOUBT, needs_person=True), [(Cause.IN_DOUBT, "needs_person", "", "")]),
        (standing(PushState.PUSH_FAILED, kind="Retryable"), []),
        (standing(PushState.IN_DOUBT, kind="PluginTimeout"), []),
        (standing(PushState.QUEUED, kind="absent"), []),
        (standing(PushState.HELD, Clause("hold", False, ("a person",))), []),
        (standing(PushState.HELD, Clause("gift", False, ("until 12:00",))), []),
        (standing(PushState.NOT_PUSHED, Clause("strategy", False, ("WH", "none"))), []),
        (standing(PushState.NOT_PUSHED, Clause("auto_push", False, ("WH",))), []),
        (standing(PushState.NOT_PUSHED, SKU, Clause("age", False, ("2026-01-01", "30"))), []),
    ],
)  # fmt: skip
@pytest.mark.behaviour("P7")
def test_a_push_is_held_by_what_somebody_can_mend_and_by_nothing_else(push, found):
    assert [(h.trouble.cause, h.trouble.code, h.trouble.missing, h.trouble.warehouse) for h in of_push(push)] == found


@given(st.sampled_from([PushState.QUEUED, PushState.SENDING, PushState.PUSHED, PushState.CANCELLED]), st.booleans())
def test_what_goes_its_way_or_is_settled_is_never_held(state, parked):
    assert of_push(standing(state, SKU, parked=parked, needs_person=True, kind="Rejected")) == ()


def test_two_orders_that_miss_the_same_mapping_are_one_incident_and_another_warehouse_is_another():
    one, other = (of_push(standing(PushState.HELD, SKU))[0].trouble for _ in range(2))
    elsewhere = of_push(standing(PushState.HELD, Clause("skus", False, ("A-1", "WH2"))))[0].trouble
    assert one.fingerprint == other.fingerprint != elsewhere.fingerprint


def test_what_a_refusal_said_of_one_order_does_not_part_it_from_the_others():
    held = [
        of_push(standing(PushState.PUSH_FAILED, parked=True, kind="Rejected", code="c", text=f"order {n}"))
        for n in (1, 2)
    ]
    assert {h.trouble.fingerprint for (h,) in held} == {held[0][0].trouble.fingerprint}
    assert [h.text for (h,) in held] == ["order 1", "order 2"]


@given(missing=st.text(min_size=1, max_size=50), warehouse=st.text(min_size=1, max_size=20))
def test_the_command_that_mends_a_mapping_is_one_word_per_part_whatever_strangers_wrote(missing, warehouse):
    command = remedy("sku", "depot", missing, warehouse).command
    assert shlex.split(command) == ["crossdock", "mappings", "set", warehouse, "sku", missing, "THEIRS"]


@pytest.mark.parametrize(
    ("code", "operation", "command"),
    [
        ("warehouse", "push", "crossdock allocation set POSITION --warehouse WAREHOUSE"),
        ("no_stock", "push", "crossdock incidents release INCIDENT"),
        ("paused", CONNECTION, "crossdock connections resume depot"),
        ("failing", CONNECTION, "crossdock connections check depot"),
        ("stuck", CONNECTION, ""),
        ("unreadable", "read", "crossdock quarantine retry depot"),
        ("gone", "reconcile", "crossdock reconcile --dry-run"),
        ("brake", "reconcile", "crossdock reconcile --force"),
        ("quantity", "push", ""),
    ],
)
def test_every_trouble_says_what_mends_it(code, operation, command):
    found = remedy(code, "depot", operation=operation)
    assert found.command == command
    assert found.text


def test_a_fingerprint_of_a_trouble_without_a_warehouse_is_as_it_always_was():
    trouble = Trouble(cause=Cause.DRIFT, connection="a", operation="b", code="c", missing="d", text="t")
    assert trouble.fingerprint == "drift\x1fa\x1fb\x1fc\x1fd"
