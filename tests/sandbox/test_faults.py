"""Fault scripts: which request meets which fault."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.testing.sandbox.fault_scripts import flaky, load_script
from crossdock.testing.sandbox.faults import PUT_ORDER, Fault, Faults, Match, Rule, Script

PATH = "/v1/outbounds"


def met(faults: Faults, keys: list[str], path: str = PATH) -> list[str | None]:
    hits = [faults.meet("POST", path, (key,)) for key in keys]
    return [None if hit is None else hit.fault.value for hit in hits]


def test_nth_every_and_times_count_the_requests_that_method_and_path_let_through():
    rules = (
        Rule(fault=Fault.S500, match=Match(path=PATH, nth=2)),
        Rule(fault=Fault.S503, match=Match(path=PATH, every=3), times=1),
    )
    faults = Faults(Script(rules=rules))
    assert faults.meet("POST", "/v1/elsewhere", ()) is None
    assert met(faults, ["a"] * 7) == [None, "500", None, "503", None, None, None]


def test_the_first_rule_that_matches_decides():
    rules = (Rule(fault=Fault.S500, match=Match(method="POST")), Rule(fault=Fault.S503))
    faults = Faults(Script(rules=rules))
    assert met(faults, ["a"]) == ["500"]
    assert faults.meet("GET", PATH, ()).fault is Fault.S503
    assert faults.met == {"500": 1, "503": 1}


def test_a_rule_by_probability_spares_a_key_that_met_two_in_a_row():
    faults = Faults(Script(rules=(Rule(fault=Fault.S500, match=Match(probability=1)),), in_a_row=2))
    assert met(faults, ["a"] * 6) == ["500", "500", None, "500", "500", None]


@given(st.permutations([f"XD-{n}" for n in range(12)] * 3), st.integers(0, 2**32))
def test_the_order_of_keys_changes_nothing_for_each_of_them(keys, seed):
    def by_key(faults, order):
        found = {}
        for key in order:
            found.setdefault(key, []).append(met(faults, [key])[0])
        return found

    assert by_key(Faults(flaky(seed)), keys) == by_key(Faults(flaky(seed)), sorted(keys))


def test_flaky_hits_about_as_often_as_it_says_and_another_seed_hits_others():
    keys = [f"XD-{n}" for n in range(4000)]
    first, second = met(Faults(flaky(1)), keys), met(Faults(flaky(2)), keys)
    hit = sum(fault is not None for fault in first)
    assert 0.13 < hit / len(keys) < 0.20
    assert first != second
    assert {f for f in first if f} == {"500", "429", "accepted_then_lost", "accepted_late", "partial_batch"}


def test_late_visible_is_about_orders_put_and_nothing_else_is():
    rules = (Rule(fault=Fault.LATE_VISIBLE), Rule(fault=Fault.S500))
    faults = Faults(Script(rules=rules))
    assert faults.meet("GET", "/v1/orders", ()).fault is Fault.S500
    assert faults.meet(PUT_ORDER, "/orders/ORD-1", ()).fault is Fault.LATE_VISIBLE


def test_a_script_is_read_from_a_file_and_its_seed_can_be_set(tmp_path):
    path = tmp_path / "script.json"
    script = Script(rules=(Rule(fault=Fault.SLOW, args={"seconds": 2}, match=Match(nth=1)),), seed=4)
    path.write_bytes(msgspec.json.encode(script))
    assert load_script(str(path)) == script
    assert load_script(str(path), 9).seed == 9
    assert (load_script("none"), load_script("flaky", 5)) == (Script(), flaky(5))


@pytest.mark.parametrize("text", ["{", '{"rules":[{"fault":"nonsense"}]}', '{"rules":[{"fault":"500","mach":{}}]}'])
def test_a_script_that_is_none_is_named_in_the_error(tmp_path, text):
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"bad\.json"):
        load_script(str(path))
    with pytest.raises(ValueError, match="none, flaky or a JSON file"):
        load_script(str(tmp_path / "absent.json"))
