"""The real core in virtual time: seeded faults and crashes, then the warehouses' own books are read."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import crossdock
from crossdock.testing.simulation import __main__ as command
from crossdock.testing.simulation import mutants
from crossdock.testing.simulation.profiles import PROFILES, profile_of
from crossdock.testing.simulation.simulate import fail_points_of, simulate

CHUNK = 10


@pytest.mark.behaviour(
    "P1",
    "P2",
    "P3",
    "P4",
    "P5",
    "P7",
    "P8",
    "P10",
    "P11",
    "P12",
    "P13",
    "R4",
    "R8",
    "R9",
    "R10",
    "R17",
    "R22",
    "R24",
    "R25",
    "R28",
    "R40",
    "R41",
)
@pytest.mark.parametrize("first", range(0, 200, CHUNK))
def test_whatever_fails_every_eligible_order_arrives_exactly_once(first):
    for seed in range(first, first + CHUNK):
        report = simulate(seed, profile_of(seed))
        assert not report.violations, f"{report.violations[:5]}\nagain: {report.replay}"
        assert report.crashes > 3
        assert report.created > 20 if "exchange" not in report.profile else report.created > 10


def test_a_process_passes_and_may_die_at_every_fail_point_of_the_flows():
    passed: set[str] = set()
    for seed, profile in ((1, "default"), (1, "exchange"), (2, "exchange-lookup"), (3, "exchange-lookup")):
        passed |= fail_points_of(seed, PROFILES[profile])
    named = {
        found
        for path in (Path(crossdock.__file__).parent / "flows").rglob("*.py")
        for found in re.findall(r'failpoint\("([a-z_.]+)"\)', path.read_text(encoding="utf-8"))
    }
    assert named - passed == set()


def test_the_same_seed_gives_the_same_simulation():
    once, again = (simulate(7, PROFILES["lookup"]) for _ in range(2))
    assert once == again


@pytest.mark.behaviour("P2", "P3", "P4", "P8", "P14")
@pytest.mark.parametrize(
    "mutant", [*mutants.MUTANTS, *mutants.BEYOND], ids=lambda mutant: mutant.name.replace(" ", "-")
)
def test_the_simulation_finds_each_planted_fault(mutant):
    report = mutants.find(mutant, seeds=40)
    assert report is not None, f"{mutant.name} was not found"
    assert report.replay.endswith(f"--seed {report.seed} --profile {mutant.profile}")


def test_the_command_ends_with_its_summary_and_succeeds_if_nothing_was_violated(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["simulation", "--seeds", "2", "--jobs", "1"])
    assert command.main() == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("sim: seeds=2 crashes=")
    assert last.endswith(" violations=0")


def test_the_command_fails_and_prints_how_to_replay_a_seed_that_finds_something(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["simulation", "--seed", "0", "--profile", "lookup"])
    with mutants.blind_resend():
        assert command.main() == 1
    said = capsys.readouterr().out
    assert "again: python -m crossdock.testing.simulation --seed 0 --profile lookup" in said


def test_the_gate_fails_if_a_planted_fault_is_not_found(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["mutants", "--seeds", "1"])
    harmless = mutants.Mutant("nothing at all", "default", mutants.nothing)
    monkeypatch.setattr(mutants, "MUTANTS", (harmless,))
    monkeypatch.setattr(mutants, "BEYOND", ())
    assert mutants.main() == 1
    assert capsys.readouterr().out.splitlines()[-1] == "mutants: planted=1 found=0"
