"""Which tests prove which behaviour: `python tests/behaviours.py` runs the marked tests and prints the table.

It is a pytest plugin and a script. Further arguments go to pytest: `python tests/behaviours.py tests/rules -n 2`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROPERTY = "behaviour"

BEHAVIOURS = {
    "R1": "an OMS and any number of WMS warehouses are separate systems",
    "R2": "stores and logistics of the OMS are dimensions of rules",
    "R3": "each warehouse is set up by itself",
    "R4": "master data goes both ways",
    "R5": "master data sync can be switched off",
    "R6": "the fields of master data that are synced can be chosen",
    "R7": "master data settings are kept per warehouse",
    "R8": "the warehouse side can ask for orders",
    "R9": "what failed is tried again by itself",
    "R10": "the same thing can be asked for once in five minutes",
    "R11": "obtaining and syncing make a task",
    "R12": "the tasks can be listed",
    "R13": "a task's progress can be looked at again",
    "R14": "new orders can be obtained by hand",
    "R15": "not pushed or push failed, and not older than 30 days",
    "R16": "chosen orders can be synced from every tab",
    "R17": "a sync compares, and takes the newest data where it differs",
    "R18": "the fields that a sync compares",
    "R19": "the tabs pending, in progress and abnormal",
    "R20": "syncing from every list of outbound packages",
    "R21": "the fields of an outbound package that a sync compares",
    "R22": "the shipping label is pulled by itself",
    "R23": "what was updated is marked",
    "R24": "warehouse documents are pushed back to the OMS",
    "R25": "a push can be asked for again",
    "R26": "pushing again from the three outbound lists",
    "R27": "pushing again from the three inbound lists",
    "R28": "a failed push is tried again by itself",
    "R29": "the push status is shown",
    "R30": "third-party warehouse push setup",
    "R31": "the kinds of strategy, each explained in a sentence",
    "R32": "custom advance: ahead of time for designated stores and logistics",
    "R33": "named strategies are made, changed and removed",
    "R34": "designated stores and designated logistics, ticked or not",
    "R35": "a warehouse is given its strategies",
    "R36": "auto push is a switch of each warehouse",
    "R37": "gifts still to be added keep an order",
    "R38": "orders are pushed by hand where auto push is off",
    "R39": "planned and actual inbound cost can be edited",
    "R40": "planned inbound cost goes to the OMS",
    "R41": "actual inbound cost changes the average purchase price",
    "R42": "rights govern who may do what",
    "P1": "no order is lost",
    "P2": "the cursor moves with the data",
    "P3": "fetches overlap",
    "P4": "effectively once",
    "P5": "one operation at a time for an order and its warehouse",
    "P6": "reconciliation",
    "P7": "a poisonous record blocks no other",
    "P8": "retry with back-off, Retry-After and breaker",
    "P9": "everything is bounded",
    "P10": "a clean stop",
    "P11": "recovery after a crash",
    "P12": "time that jumps",
    "P13": "a database that is busy, full or gone",
    "P14": "a second daemon, and a run that was overtaken",
    "P15": "a bad plugin",
}
"""Every behaviour and promise, in a few words."""

LATER: frozenset[str] = frozenset()
"""Those whose subject is not built yet: none."""


class Tally:
    """Tests by behaviour, and how each ended."""

    def __init__(self):
        self.outcomes = {}
        self.tests = {name: [] for name in BEHAVIOURS}
        self.broken = []

    def note(self, test, names, outcome):
        """Note one phase of a test; the worst phase counts."""
        for name in names:
            if test not in self.tests[name]:
                self.tests[name].append(test)
        rank = ("passed", "skipped", "failed")
        self.outcomes[test] = max(self.outcomes.get(test, "passed"), outcome, key=rank.index)

    def result(self, name):
        """Say whether a behaviour is proved, unproved (no test, or none that ran) or failed."""
        outcomes = {self.outcomes[test] for test in self.tests[name]}
        if "failed" in outcomes:
            return "failed"
        return "proved" if "passed" in outcomes else "unproved"

    def lines(self):
        """The table and its last line."""
        results = {name: self.result(name) for name in BEHAVIOURS}
        for name, text in BEHAVIOURS.items():
            shown = "later" if results[name] == "unproved" and name in LATER else results[name]
            yield f"{name:<4} {shown:<9} {len(self.tests[name]):>3} tests  {text}"
            failed = [test for test in self.tests[name] if self.outcomes[test] == "failed"]
            for test in failed or self.tests[name][:2]:
                yield f"{'':20}{'FAILED ' if failed else ''}{test}"
            if not failed and len(self.tests[name]) > 2:
                yield f"{'':20}… and {len(self.tests[name]) - 2} more"
        yield from (f"not collected: {path}" for path in self.broken)
        count = list(results.values()).count
        yield f"behaviours: proved={count('proved')} unproved={count('unproved')} failed={count('failed') + len(self.broken)}"


TALLY = pytest.StashKey[Tally]()


def pytest_configure(config):
    config.stash[TALLY] = Tally()
    config.pluginmanager.register(Noter(config.stash[TALLY]))


class Noter:
    """Hears of every test's end, also of those that other processes run."""

    def __init__(self, tally):
        self.tally = tally

    def pytest_runtest_logreport(self, report):
        names = [value for key, value in report.user_properties if key == PROPERTY]
        self.tally.note(report.nodeid, names, report.outcome)

    def pytest_collectreport(self, report):
        if report.failed and report.nodeid not in self.tally.broken:
            self.tally.broken.append(report.nodeid or str(report.longrepr))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Keep the marked tests only, and let each carry its behaviours to its report."""
    marked, others = [], []
    for item in items:
        names = [name for mark in item.iter_markers("behaviour") for name in mark.args]
        if unknown := [name for name in names if name not in BEHAVIOURS]:
            raise pytest.UsageError(f"{item.nodeid} names {', '.join(unknown)}, which is no behaviour and no promise")
        item.user_properties += [(PROPERTY, name) for name in dict.fromkeys(names)]
        (marked if names else others).append(item)
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = marked


def pytest_terminal_summary(terminalreporter, config):
    terminalreporter.section("behaviours")
    for line in config.stash[TALLY].lines():
        terminalreporter.write_line(line)


def main(words):
    """Run; the table's last line is the last of the output. Return 0 only if nothing failed."""
    sys.path[0] = str(ROOT)
    keep = Last(sys.stdout)
    options = [
        "-c",
        str(ROOT / "pyproject.toml"),
        "--rootdir",
        str(ROOT),
        "-p",
        "tests.behaviours",
        "-q",
        "--no-header",
    ]
    sys.stdout = keep
    try:
        code = pytest.main([*options, *(words or [str(ROOT / "tests")])])
    finally:
        sys.stdout = keep.out
    if keep.last:
        sys.stdout.write(keep.last + "\n")
    failed = not keep.last.endswith(" failed=0")
    return int(code) or int(failed)


class Last:
    """Standard output, with the line that the whole ends with held back."""

    def __init__(self, out):
        self.out, self.last = out, ""

    def write(self, text):
        if text.startswith("behaviours: "):
            self.last, text = text.rstrip("\n"), ""
        return self.out.write(text)

    def __getattr__(self, name):
        return getattr(self.out, name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
