"""Runs the yardstick: the daemon beside a hand-written program, one line a scenario, and an end that says whether it is fast enough."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
LIMIT, OURS = "limit", "crossdock"
TUI = "tui"
"""The dashboard before a million orders: measured in benchmarks/tui.py, without the yardstick."""
MOST_MEMORY_MB = 120


class Scenario(NamedTuple):
    """One measurement: what to call it, how the yardstick is asked for it, and what must be reached."""

    name: str
    arguments: tuple[str, ...]
    most_cpu: float | None = None
    least_speed: float | None = None
    most_latency: float | None = None


SCENARIOS = (
    Scenario("S1", ("--scenario", "S1"), most_cpu=1.5, least_speed=0.7),
    Scenario("S1b50", ("--scenario", "S1", "--batch", "50"), most_cpu=1.45),
    Scenario("S2", ("--scenario", "S2", "--seed-batch", "50"), most_cpu=1.5),
    Scenario("S3", ("--scenario", "S3", "--seed-batch", "50"), most_cpu=1.5),
    Scenario("S5", ("--scenario", "S5"), most_latency=2.0),
)


class NoResult(Exception):
    """A run that cannot be counted: it did not end well, or the warehouse's books were wrong."""


def measure(scenario: Scenario, yardstick: Path, runs: int) -> dict[str, dict[str, Any]]:
    """Run both implementations in turn and return the yardstick's summary of each. Raises NoResult."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "result.json"
        # Without a limit of its own here: the yardstick bounds every phase of a run.
        subprocess.run(
            [
                sys.executable, str(yardstick / "bench.py"), "run", "--impl", f"{LIMIT},{OURS}", "--runs", str(runs),
                "--out", str(out), *scenario.arguments,
            ],
            check=True,
            stdout=sys.stderr,
            env={
                **os.environ,
                "BENCH_ADAPTERS": str(HERE / "adapter" / "adapters.toml"),
                "BENCH_PYTHON": sys.executable,
            },
        )  # fmt: skip
        summary: dict[str, dict[str, Any]] = json.loads(out.read_text())["summary"]
    for name in (LIMIT, OURS):
        found = summary[name]
        if found["ok_runs"] != f"{runs}/{runs}" or found["missing"] or found["doubles"] or found["stale"]:
            raise NoResult(
                f"{scenario.name}: {found['ok_runs']} runs of {name} ended well, "
                f"missing={found['missing']} doubled={found['doubles']} stale={found['stale']}"
            )
    return summary


def said(scenario: Scenario, summary: dict[str, dict[str, Any]]) -> tuple[str, list[str]]:
    """Return the line of a scenario and what in it is not as it must be."""
    limit, ours = summary[LIMIT], summary[OURS]
    missed: list[str] = []
    if scenario.most_latency is not None:
        theirs, found = limit["served_to_accepted_ms"], ours["served_to_accepted_ms"]
        ratios = {quantile: found[quantile] / theirs[quantile] for quantile in ("p50", "p99")}
        for quantile, ratio in ratios.items():
            if ratio > scenario.most_latency:
                missed.append(f"{quantile} {ratio:.2f}x, at most {scenario.most_latency}x")
        return f"bench: {scenario.name} p50={ratios['p50']:.2f}x p99={ratios['p99']:.2f}x", missed
    cpu, wall = ours["cpu_s"] / limit["cpu_s"], ours["wall_s"] / limit["wall_s"]
    speed = ours["orders_per_s"]
    if scenario.most_cpu is not None and cpu > scenario.most_cpu:
        missed.append(f"CPU {cpu:.2f}x, at most {scenario.most_cpu}x")
    if scenario.least_speed is not None and speed < scenario.least_speed * limit["orders_per_s"]:
        missed.append(f"{speed / limit['orders_per_s']:.2f}x the orders a second, at least {scenario.least_speed}x")
    if ours["rss_mb"] > MOST_MEMORY_MB:
        missed.append(f"{ours['rss_mb']:.0f} MB of memory, at most {MOST_MEMORY_MB}")
    return f"bench: {scenario.name} cpu={cpu:.2f}x wall={wall:.2f}x orders_per_s={speed:.0f}", missed


def main() -> None:
    """Measure; exit with 1 if something is not reached or cannot be counted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--yardstick", type=Path, required=True, help="the folder with the yardstick's bench.py")
    parser.add_argument("--runs", type=int, default=1, help="runs of each; the figure is their median")
    parser.add_argument("--only", help="names of scenarios, with commas")
    given = parser.parse_args()
    if given.only != TUI and not (given.yardstick / "bench.py").exists():
        raise SystemExit(f"{given.yardstick} holds no bench.py: name the yardstick's folder with YARDSTICK=…")
    names = {TUI, *(scenario.name for scenario in SCENARIOS)} if given.only is None else set(given.only.split(","))
    if unknown := names - {TUI, *(scenario.name for scenario in SCENARIOS)}:
        raise SystemExit(f"no scenario is called {', '.join(sorted(unknown))}")
    wanted = [scenario for scenario in SCENARIOS if scenario.name in names]
    wrong: list[str] = []
    for scenario in wanted:
        try:
            line, missed = said(scenario, measure(scenario, given.yardstick, given.runs))
        except (NoResult, subprocess.CalledProcessError) as error:
            wrong.append(f"{scenario.name} gave no result: {error}")
            continue
        print(line, flush=True)
        wrong += [f"{scenario.name}: {text}" for text in missed]
    if TUI in names and subprocess.run([sys.executable, str(HERE / "tui.py")], check=False).returncode:
        wrong.append("tui: see above")
    for text in wrong:
        print(f"not reached: {text}", file=sys.stderr)
    raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
