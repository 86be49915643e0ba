"""Sandbox systems as processes of their own."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from crossdock.cli.numbers import Real
from crossdock.cli.session import FAILED, fail

if TYPE_CHECKING:
    from collections.abc import Callable


def _shared(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--seed", type=int, help="Draws faults and demo orders."),
        click.option("--faults", default="none", show_default=True, help="none, flaky, or a JSON file of faults."),
        click.option("--data", help="File that keeps what the sandbox holds. Default: memory."),
        click.option("--token", help="The bearer token it asks for. Default: a new one."),
        click.option("--port", type=click.IntRange(0, 65_535), default=0, help="Default: a free one."),
        click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at."),
        click.option("--json", is_flag=True, expose_value=False, help="Accepted for likeness: the answer is JSON."),
    ):
        command = option(command)
    return command


@click.group()
def sandbox() -> None:
    """Run a sandbox OMS or WMS.

    A real HTTP server of the default contract for trials and tests. It prints its address and token as one line of
    JSON when it is ready, and stops at SIGTERM or Ctrl-C.
    """


@sandbox.command()
@click.option("--stream", help="File of orders to replay.")
@click.option("--speed", type=Real(0), default=0, show_default=True, help="Of the stream; 0: at once.")
@click.option("--rebase", is_flag=True, help="Move the stream's first event to now.")
@click.option("--demo-orders", type=click.IntRange(0, 100_000), default=0, help="Make up so many orders of a day.")
@click.option(
    "--cost-actual", type=click.Choice(["set_average", "receipts"]), default="set_average", show_default=True,
    help="Average prices are written to it, or worked out from receipts.",
)  # fmt: skip
@_shared
def oms(**options: Any) -> None:
    """Run a sandbox OMS."""
    module: Any = import_module("crossdock.testing.sandbox.serve")
    _served(module.run_oms, module.OmsOptions(**options))


@sandbox.command()
@click.option("--warehouse", "warehouses", multiple=True, help="Code of a warehouse; may be repeated.")
@click.option(
    "--idempotency", type=click.Choice(["key", "lookup", "none"]), default="key", show_default=True,
    help="What it does with a key that comes again.",
)  # fmt: skip
@click.option("--lookup-lag-s", type=Real(0), default=0, show_default=True, help="How late look-ups are.")
@_shared
def wms(**options: Any) -> None:
    """Run a sandbox WMS."""
    if not options["warehouses"]:
        del options["warehouses"]
    module: Any = import_module("crossdock.testing.sandbox.serve")
    _served(module.run_wms, module.WmsOptions(**options))


def _served(run: Callable[[Any], None], options: Any) -> None:
    try:
        run(options)
    except (OSError, ValueError) as error:
        fail(FAILED, f"the sandbox cannot run: {error}")
