"""Run simulations: `python -m crossdock.testing.simulation --seeds 2000`, or one again by `--seed N`."""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

import click

from crossdock.testing.simulation.profiles import PROFILES, profile_of
from crossdock.testing.simulation.simulate import Report, simulate

if TYPE_CHECKING:
    from collections.abc import Iterable


def run_one(seed: int, profile: str | None) -> Report:
    """Simulate one seed, in its own profile unless one is named."""
    return simulate(seed, PROFILES[profile] if profile else profile_of(seed))


def run_many(seeds: range, profile: str | None, jobs: int) -> Iterable[Report]:
    """Simulate many seeds, in `jobs` processes."""
    if jobs == 1:
        yield from (run_one(seed, profile) for seed in seeds)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(run_one, seeds, [profile] * len(seeds), chunksize=5)


def main() -> int:
    """Parse the command line, run, say what was found; 0 if nothing was violated."""
    parser = argparse.ArgumentParser(prog="python -m crossdock.testing.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many seeds, from --first on")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="run just this seed")
    parser.add_argument("--profile", choices=sorted(PROFILES), help="run in this profile (default: by seed)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes to run at a time")
    asked = parser.parse_args()
    seeds = range(asked.first, asked.first + asked.seeds) if asked.seed is None else range(asked.seed, asked.seed + 1)
    crashes = violations = 0
    for report in run_many(seeds, asked.profile, 1 if len(seeds) == 1 else asked.jobs):
        crashes += report.crashes
        violations += len(report.violations)
        if report.violations or asked.seed is not None:
            show(report)
    click.echo(f"sim: seeds={len(seeds)} crashes={crashes} violations={violations}")
    return 1 if violations else 0


def show(report: Report) -> None:
    """Print what one simulation found, and the command that runs it again."""
    click.echo(
        f"seed {report.seed} ({report.profile}): {report.orders} orders, {report.created} created, {report.digest}"
    )
    for violation in report.violations[:20]:
        click.echo(f"  {violation}")
    if report.violations:
        click.echo(f"  again: {report.replay}")


if __name__ == "__main__":
    sys.exit(main())
