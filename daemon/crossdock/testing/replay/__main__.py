"""`python -m crossdock.testing.replay`: a real year of orders through the real core."""

from __future__ import annotations

import logging
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import click

from crossdock.testing.replay.replay import Options, replay, told
from crossdock.testing.replay.world import GIFT_MINUTES, RULES, WAREHOUSES

MOMENT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])


@click.command()
@click.option("--stream", type=click.Path(path_type=Path), help="File of events, one JSON object a line.")
@click.option("--orders-py", type=click.Path(path_type=Path), help="The program that writes such a file.")
@click.option("--from", "since", type=MOMENT, help="First day (UTC).")
@click.option("--to", "until", type=MOMENT, help="Day to stop before (UTC).")
@click.option("--seed", default=1, show_default=True, help="Draws the faults.")
@click.option("--faults", type=click.Choice(["flaky", "none"]), default="flaky", show_default=True)
def main(
    stream: Path | None, orders_py: Path | None, since: datetime | None, until: datetime | None, seed: int, faults: str
) -> None:
    """Replay a stream of orders, amends and cancels, and judge the warehouses' own books."""
    logging.basicConfig(level=logging.CRITICAL)
    if (stream is None) == (orders_py is None):
        raise click.UsageError("name either --stream FILE or --orders-py PATH")
    source = stream or orders_py
    assert source is not None  # one of them was named
    if not source.exists():
        raise click.ClickException(
            f"{source} does not exist; the replay needs the folder of real orders beside the project"
        )
    for line in _setting():
        click.echo(line)
    with tempfile.TemporaryDirectory(prefix="crossdock-stream-") as folder:
        path = stream or written(source, Path(folder) / "stream.jsonl")
        span = {"since": _utc(since), "until": _utc(until)}
        try:
            outcome = replay(Options(stream=path, faults=faults, seed=seed, **span), click.echo)
        except ValueError as error:
            raise click.ClickException(str(error)) from None
    for line in told(outcome):
        click.echo(line)
    sys.exit(0 if outcome.good else 1)


def written(program: Path, path: Path) -> Path:
    """Have the program write the whole stream into `path`. Raises ClickException if it cannot."""
    with path.open("wb") as file:
        done = subprocess.run([sys.executable, str(program), "stream"], stdout=file, check=False)  # noqa: S603 - named by the caller
    if done.returncode:
        raise click.ClickException(f"{program} ended with {done.returncode} and wrote no stream")
    return path


def _setting() -> list[str]:
    rules = "; ".join(
        f"rule {position}: {'any country' if countries is None else ', '.join(countries)} -> {code}"
        for position, countries, code in RULES
    )
    warehouses = ", ".join(f"{code} (idempotency: {kind})" for code, (_, kind) in WAREHOUSES.items())
    return [
        f"warehouses: {warehouses}",
        f"allocation by the recipient's country: {rules} (the default)",
        f"strategy: ADVANCE, auto push, gift gate of {GIFT_MINUTES} minutes; window 30 days; a fetch every 300 s",
    ]


def _utc(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(tzinfo=UTC)


if __name__ == "__main__":
    main()
