"""The three-way merge of master data: its table, its laws, and systems that come together through the hub."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from msgspec import UNSET

from crossdock.rules.master_policy import (
    DEFAULTS,
    EXPLAINED,
    Direction,
    FieldPolicy,
    MasterPolicy,
    MergeRule,
    Side,
    braked,
    problems_of_policy,
)
from crossdock.rules.merge import Act, Decision, Stamps, first_contact, merge, merge_field, newer, united
from crossdock.rules.product_fields import FIELDS, attributes_of, folded, read_value, value_of, values_of
from crossdock.spec.products import Product

pytestmark = pytest.mark.behaviour("R4")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
SAME = Stamps(oms=NOW, wms=NOW, tolerance_s=5)
OWNED = FieldPolicy()
MANUAL = FieldPolicy(rule=MergeRule.MANUAL)
TO_WMS = FieldPolicy(direction=Direction.OMS_TO_WMS)


def merged(policy=OWNED, base=UNSET, oms=None, wms=None, stamps=SAME, decision=None, name="name"):
    return merge_field(name, policy, base, oms, wms, stamps, decision)


@pytest.mark.parametrize(
    ("policy", "base", "oms", "wms", "act", "value", "to"),
    [
        (OWNED, "b", "x", "x", Act.AGREED, "x", ()),
        (OWNED, "b", "o", "b", Act.WRITE, "o", (Side.WMS,)),
        (OWNED, "b", "b", "w", Act.WRITE, "w", (Side.OMS,)),
        (OWNED, "b", "o", "w", Act.WRITE, "o", (Side.WMS,)),
        (FieldPolicy(owner=Side.WMS), "b", "o", "w", Act.WRITE, "w", (Side.OMS,)),
        (MANUAL, "b", "o", "w", Act.CONFLICT, None, ()),
        (TO_WMS, "b", "b", "w", Act.HELD, None, ()),
        (TO_WMS, "b", "o", "w", Act.WRITE, "o", (Side.WMS,)),
        (OWNED, UNSET, "o", "w", Act.PLAN, None, ()),
        (OWNED, "b", UNSET, "w", Act.ABSENT, None, ()),
        (OWNED, "b", "o", UNSET, Act.ABSENT, None, ()),
        (OWNED, "b", None, "b", Act.WRITE, None, (Side.WMS,)),
    ],
)
def test_what_comes_of_a_field(policy, base, oms, wms, act, value, to):
    found = merged(policy, base, oms, wms)
    assert (found.act, found.value, found.to) == (act, value, to)


@pytest.mark.parametrize(("apart", "value"), [(10, "o"), (-10, "w"), (5, None), (-5, None), (0, None)], ids=str)
def test_the_last_writer_wins_only_if_the_changes_are_further_apart_than_clocks_may_be(apart, value):
    stamps = Stamps(oms=NOW + timedelta(seconds=apart), wms=NOW, tolerance_s=5)
    found = merged(FieldPolicy(rule=MergeRule.LAST_WRITER), "b", "o", "w", stamps)
    assert (found.act, found.value) == (Act.CONFLICT if value is None else Act.WRITE, value)


def test_the_larger_number_wins_and_a_lack_of_one_is_left_to_a_person():
    policy = FieldPolicy(rule=MergeRule.MAX)
    assert merged(policy, 1, 2, 3, name="weight").value == 3
    assert merged(policy, 1, None, 3, name="weight").act is Act.CONFLICT


def test_a_union_keeps_what_was_added_and_drops_what_was_taken_away():
    found = merged(FieldPolicy(rule=MergeRule.UNION), ["1", "2"], ["1", "2", "3"], ["1", "4"], name="barcodes")
    assert found.value == ["1", "3", "4"]
    assert found.to == (Side.OMS, Side.WMS)


def test_a_decision_holds_until_a_side_moves_on():
    decision = Decision(value="d", oms="o", wms="w", by="ann")
    assert merged(MANUAL, "b", "o", "w", decision=decision).to == (Side.OMS, Side.WMS)
    assert merged(MANUAL, "b", "d", "w", decision=decision).to == (Side.WMS,)
    assert merged(MANUAL, "b", "d", "d", decision=decision).act is Act.AGREED
    assert merged(MANUAL, "b", "other", "w", decision=decision).act is Act.CONFLICT


@pytest.mark.parametrize(
    ("policy", "oms", "wms", "what", "to"),
    [
        (OWNED, "x", "x", "adopt", None),
        (OWNED, None, "w", "fill", Side.OMS),
        (OWNED, "o", None, "fill", Side.WMS),
        (OWNED, [], ["w"], "fill", Side.OMS),
        (OWNED, "o", "w", "conflict", None),
        (TO_WMS, None, "w", "conflict", None),
    ],
)
def test_a_first_contact_overwrites_nothing(policy, oms, wms, what, to):
    found = first_contact(policy, oms, wms)
    assert (found.what, found.to) == (what, to)


text = st.sampled_from(["a", "b", "c", "d", None])
barcodes = st.lists(st.sampled_from(["1", "2", "3", "4"]), unique=True).map(sorted)
rules = st.sampled_from(list(MergeRule))
sides = st.sampled_from(list(Side))
directions = st.sampled_from(list(Direction))
policies = st.builds(FieldPolicy, direction=directions, owner=sides, rule=rules)
stamps = st.builds(
    lambda seconds: Stamps(oms=NOW + timedelta(seconds=seconds), wms=NOW, tolerance_s=5), st.integers(-20, 20)
)
VALUES = {"name": text, "barcodes": barcodes, "weight": st.one_of(st.none(), st.integers(0, 4))}
cases = st.sampled_from(list(VALUES)).flatmap(
    lambda name: st.tuples(st.just(name), VALUES[name], VALUES[name], VALUES[name])
)


def after(verdict, oms, wms):
    """Both sides once the verdict has been followed."""
    to = verdict.to if verdict.act is Act.WRITE else ()
    return (verdict.value if Side.OMS in to else oms), (verdict.value if Side.WMS in to else wms)


@given(cases, policies, stamps)
def test_laws_of_the_merge(case, policy, stamp):
    name, base, oms, wms = case
    verdict = merge_field(name, policy, base, oms, wms, stamp)
    left, right = after(verdict, oms, wms)
    if oms == wms:
        assert (verdict.act, verdict.value) == (Act.AGREED, oms)
    elif base in (oms, wms):
        assert not verdict.clash
        assert verdict.act is Act.HELD or left == right == (wms if base == oms else oms)
    elif verdict.act is Act.CONFLICT:
        assert (left, right) == (oms, wms)
    if verdict.act is Act.WRITE:
        assert left == right
        if policy.rule is not MergeRule.UNION:
            assert verdict.value in (oms, wms), "no value is invented"
        again = merge_field(name, policy, left, left, right, stamp)
        assert (again.act, again.to) == (Act.AGREED, ())
    clash = oms != wms and base not in (oms, wms)
    assert verdict.clash == clash, "a conflict is always visible"


@given(cases, policies, stamps)
def test_the_merge_is_symmetric_but_for_the_owner(case, policy, stamp):
    name, base, oms, wms = case
    there = {
        Direction.BOTH: Direction.BOTH, Direction.OMS_TO_WMS: Direction.WMS_TO_OMS, Direction.WMS_TO_OMS: Direction.OMS_TO_WMS
    }  # fmt: skip
    turned = FieldPolicy(direction=there[policy.direction], owner=policy.owner.other, rule=policy.rule)
    mirror = Stamps(oms=stamp.wms, wms=stamp.oms, tolerance_s=stamp.tolerance_s)
    one = merge_field(name, policy, base, oms, wms, stamp)
    other = merge_field(name, turned, base, wms, oms, mirror)
    assert (one.act, one.value, one.clash) == (other.act, other.value, other.clash)
    assert set(one.to) == {side.other for side in other.to}


@given(barcodes, barcodes, barcodes)
def test_a_union_holds_what_is_in_both_and_nothing_that_is_in_neither(base, oms, wms):
    found = united(base, oms, wms, ordered=False)
    assert set(oms) & set(wms) <= set(found) <= set(oms) | set(wms)
    assert set(found) >= (set(oms) | set(wms)) - set(base)
    assert found == united(base, wms, oms, ordered=False)


@settings(max_examples=100)
@given(st.integers(0, 4), st.integers(0, 3), st.integers(0, 100), st.integers(0, 10))
def test_the_brake_needs_both_figures(changes, bound, percent, skus):
    policy = MasterPolicy(warehouse="W", oms="o", brake_percent=percent, brake_skus=skus)
    assert braked(changes, bound, policy) == (changes > skus and changes * 100 > bound * percent)


def test_of_two_states_the_newer_stays_whatever_their_order():
    old, new = (NOW, "9"), (NOW, "10")
    assert newer(old, new)
    assert not newer(new, old)
    assert newer(new, (NOW + timedelta(seconds=1), None))
    assert not newer((NOW, None), (NOW - timedelta(seconds=1), "99"))


def test_the_normal_form_of_each_field_can_be_written_and_read_again():
    product = Product(
        sku="A", updated_at=NOW, name="  Café\r\n", specification="", barcodes=("2", "1", "2"),
        images=("b", "a", "b"), price=Decimal("10.00"), currency="THB", active=True, unit="box", weight_g=5,
        length_mm=1, width_mm=2, height_mm=3, fragile=False, storage=None, batch_tracked=True, expiry_tracked=False,
    )  # fmt: skip
    values = values_of(product)
    assert set(values) == set(FIELDS)
    assert (values["name"], values["specification"], values["barcodes"]) == ("Café", None, ["1", "2"])
    assert (values["images"], values["price"], values["dimensions"]) == (["b", "a"], ["10", "THB"], [1, 2, 3])
    again = Product(sku="A", updated_at=NOW, **{
        name: tuple(value) if isinstance(value, list) else value for name, value in attributes_of(values).items()
    })  # fmt: skip
    assert {name: value_of(again, name) for name in FIELDS} == values


def test_an_attribute_that_a_system_does_not_know_takes_its_field_out():
    assert value_of(Product(sku="A", updated_at=NOW, length_mm=1, width_mm=2), "dimensions") is UNSET
    assert values_of(Product(sku="A", updated_at=NOW)) == {}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("name", "Cup", "Cup"), ("name", "12", "12"), ("name", "null", None), ("weight", "12", 12),
        ("barcodes", '["2","1"]', ["1", "2"]), ("price", '["9.50","EUR"]', ["9.5", "EUR"]), ("fragile", "true", True),
    ],
)  # fmt: skip
def test_a_value_is_read_as_a_person_types_it(name, text, value):
    assert read_value(name, text) == value


@pytest.mark.parametrize(
    ("name", "text"), [("weight", "heavy"), ("fragile", "12"), ("price", "9.50"), ("weight", "-1")]
)
def test_what_is_no_value_of_the_field_is_refused(name, text):
    with pytest.raises(ValueError, match=f"is no value of the field '{name}'"):
        read_value(name, text)


def test_twins_are_told_by_what_is_left_without_case_and_space():
    assert folded("Cup 1") == folded("CUP1") == folded("cup1 ")
    assert folded("Cup-1") != folded("Cup1")


@pytest.mark.behaviour("R6")
def test_settings_that_make_no_sense_are_refused():
    wrong = {"weight": FieldPolicy(rule=MergeRule.UNION), "name": FieldPolicy(rule=MergeRule.MAX), "colour": OWNED}
    found = problems_of_policy(MasterPolicy(warehouse="W", oms="o", fields=wrong))
    assert len(found) == 3
    assert problems_of_policy(MasterPolicy(warehouse="W", oms="o", fields=DEFAULTS)) == ()


@pytest.mark.behaviour("R5", "R6")
def test_by_default_nothing_is_kept_in_step_and_each_field_has_its_owner():
    policy = MasterPolicy(warehouse="W", oms="o")
    assert not policy.enabled
    assert {name for name in FIELDS if policy.of(name).owner is Side.WMS} == {
        "weight", "dimensions", "fragile", "storage", "batch_tracked", "expiry_tracked"
    }  # fmt: skip
    assert set(EXPLAINED) == set(MergeRule)


class Systems(RuleBasedStateMachine):
    """A hub and spokes with a base each. Edits, looks in any order, looks at old states, lost and repeated writes."""

    @initialize(count=st.integers(1, 3), owner=sides)
    def begin(self, count, owner):
        self.policy = MasterPolicy(
            warehouse="W", oms="o",
            fields={name: FieldPolicy(on=name in VALUES, owner=owner, rule=DEFAULTS[name].rule) for name in FIELDS},
        )  # fmt: skip
        start = {"name": "a", "barcodes": ["1"], "weight": 1}
        self.hub = dict(start)
        self.spokes = [dict(start) for _ in range(count)]
        self.bases = [dict(start) for _ in range(count)]
        self.ever = {name: {str(value)} for name, value in start.items()}
        self.writes = 0

    @rule(spoke=st.integers(-1, 2), data=st.data(), name=st.sampled_from(list(VALUES)))
    def edit(self, spoke, data, name):
        system = self.hub if spoke < 0 else self.spokes[spoke % len(self.spokes)]
        system[name] = data.draw(VALUES[name])
        self.ever[name].add(str(system[name]))

    @rule(spoke=st.integers(0, 2), lost=st.booleans(), twice=st.booleans())
    def meet(self, spoke, lost, twice):
        self.look(spoke % len(self.spokes), lost, twice)

    def look(self, number, lost=False, twice=False):
        """Merge one spoke with the hub; a write that is lost had no effect, its base stays."""
        spoke, base = self.spokes[number], self.bases[number]
        verdicts = merge(self.policy, base, dict(self.hub), dict(spoke), SAME, {})
        for name, verdict in verdicts.items():
            if verdict.act is Act.AGREED:
                base[name] = verdict.value
            for side in () if lost else verdict.to * (2 if twice else 1):
                self.writes += 1
                (self.hub if side is Side.OMS else spoke)[name] = verdict.value
            if self.hub[name] == spoke[name]:
                base[name] = spoke[
                    name
                ]  # what was written is read back, and agreed on before anything else is looked at

    @invariant()
    def no_value_was_invented(self):
        if not hasattr(self, "hub"):
            return
        for system in (self.hub, *self.spokes):
            for name in ("name", "weight"):
                assert str(system[name]) in self.ever[name]

    def teardown(self):
        """Without further edits all come together, and then nothing is written any more."""
        if not hasattr(self, "hub"):
            return
        for _ in range(2 * len(self.spokes) + 2):
            for number in range(len(self.spokes)):
                self.look(number)
        assert all(spoke == self.hub for spoke in self.spokes)
        written = self.writes
        for number in reversed(range(len(self.spokes))):
            self.look(number)
        assert self.writes == written
        assert all(base == self.hub for base in self.bases)


Systems.TestCase.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
TestSystems = Systems.TestCase
