"""`python -m crossdock.testing.chaos`: kill the daemon so often, then say whether any order was lost or doubled."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import click

from crossdock.testing.chaos.harness import run
from crossdock.testing.chaos.plan import Outcome, Plan

SHOWN = 20


@click.command()
@click.option("--cycles", type=click.IntRange(1, 100_000), default=500, show_default=True, help="Kills, one a cycle.")
@click.option("--seed", type=int, default=1, show_default=True, help="Draws orders, faults and where to kill.")
@click.option("--keep", is_flag=True, help="Keep the folder with the database and the logs also when all is well.")
def main(cycles: int, seed: int, keep: bool) -> None:
    """Kill the daemon with SIGKILL, at random and at its fail points, while an OMS and two warehouses are at work.

    Orders come in, change and are cancelled after their push; the warehouses pick and ship, receive goods and correct
    their costs; labels, products and stock change on either side.

    In three cycles of ten something else comes first: it is stopped for a while, meets a second daemon, its clock is set,
    its disk is full, or it has to bring an old database up to date.

    Ends with one line; the exit code is 0 only if the warehouses' own books show every eligible order exactly once.
    """
    folder = Path(tempfile.mkdtemp(prefix="crossdock-chaos-"))
    try:
        outcome = asyncio.run(_run(Plan(cycles=cycles, seed=seed), folder))
    except asyncio.CancelledError:
        shutil.rmtree(folder)
        sys.exit(130)
    for line in told(outcome):
        click.echo(line)
    if outcome.ok and not keep:
        shutil.rmtree(folder)
    else:
        click.echo(f"the daemon's database, configuration and log are in {folder}")
    click.echo(last_line(outcome))
    sys.exit(0 if outcome.ok else 1)


async def _run(plan: Plan, folder: Path) -> Outcome:
    """Run; SIGTERM and Ctrl-C end it without leaving a process behind."""
    task = asyncio.ensure_future(run(plan, folder))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    return await task


def told(outcome: Outcome) -> list[str]:
    """Say in lines where the daemon was killed, what the sandboxes did, and which orders went wrong."""
    places = ", ".join(f"{where} {count}" for where, count in sorted(outcome.kills.items()))
    faults = ", ".join(f"{fault} {count}" for fault, count in sorted(outcome.faults.items()))
    kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(outcome.kinds.items()))
    lines = [
        f"cycles: {kinds}",
        *(f"left out: {what}" for what in outcome.left_out),
        f"killed: {places} ({outcome.unreached} of those at random had not come to their fail point)",
        f"faults met: {faults}",
        f"eligible: {outcome.verdict.eligible} of {outcome.orders}",
    ]
    for what, refs in (
        ("lost", outcome.verdict.lost),
        ("created more than once", outcome.verdict.doubled),
        ("created wrongly", outcome.verdict.wrong),
    ):
        lines += [f"{what}: {ref}" for ref in refs[:SHOWN]]
        lines += [f"{what}: {len(refs) - SHOWN} more"] if len(refs) > SHOWN else []
    for found in outcome.found:
        lines += [found.line, *found.complaints(SHOWN)]
    return [*lines, *outcome.troubles[:SHOWN]]


def last_line(outcome: Outcome) -> str:
    """Return the line that a run ends with; what was lost or doubled besides orders counts, too."""
    lost = len(outcome.verdict.lost) + sum(len(found.lost) for found in outcome.found)
    doubled = len(outcome.verdict.doubled) + sum(len(found.doubled) for found in outcome.found)
    return f"chaos: cycles={outcome.cycles} orders={outcome.orders} lost={lost} doubled={doubled}"


if __name__ == "__main__":
    main()
