"""The behaviours table counts what was run, and notices a failure."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tests.behaviours import BEHAVIOURS, LATER, Tally
from tests.docs.pages import ROOT


def lines(tally):
    *table, last = tally.lines()
    return table, last


def test_every_behaviour_and_promise_has_a_line():
    assert list(BEHAVIOURS) == [f"R{n}" for n in range(1, 43)] + [f"P{n}" for n in range(1, 16)]
    assert set(BEHAVIOURS) >= LATER
    assert lines(Tally())[1] == "behaviours: proved=0 unproved=57 failed=0"


def test_one_failing_test_fails_what_it_was_to_prove():
    tally = Tally()
    for test, names, outcome in [
        ("a", ["R1", "P4"], "passed"),
        ("b", ["P4"], "passed"),
        ("b", ["P4"], "failed"),
        ("c", ["R2"], "skipped"),
    ]:
        tally.note(test, names, outcome)
    table, last = lines(tally)
    assert last == "behaviours: proved=1 unproved=55 failed=1"
    assert [line.split()[-1] for line in table if "FAILED" in line] == ["b"]


def test_what_cannot_be_collected_counts_as_failed():
    tally = Tally()
    tally.broken.append("tests/x.py")
    assert lines(tally)[1].endswith(" failed=1")


@pytest.mark.parametrize(
    ("content", "code", "last"),
    [
        (
            "@pytest.mark.behaviour('R1')\ndef test_a(): pass\ndef test_b(): raise ValueError\n",
            0,
            "proved=1 unproved=56 failed=0",
        ),
        ("@pytest.mark.behaviour('R1')\ndef test_a(): raise ValueError\n", 1, "proved=0 unproved=56 failed=1"),
        ("import nowhere\n", 2, "proved=0 unproved=57 failed=1"),
        ("@pytest.mark.behaviour('R77')\ndef test_a(): pass\n", 4, ""),
    ],
)
def test_the_script_ends_as_its_last_line_says(tmp_path, content, code, last):
    (tmp_path / "test_some.py").write_text(f"import pytest\n{content}")
    words = [sys.executable, str(ROOT / "tests" / "behaviours.py"), str(tmp_path)]
    ended = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path)
    assert ended.returncode == code, ended.stdout + ended.stderr
    assert ended.stdout.rstrip().endswith(f"behaviours: {last}" if last else ""), ended.stdout
