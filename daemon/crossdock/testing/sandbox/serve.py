"""Runs a sandbox as a process of its own: options, a line of JSON when it is ready, until it is told to stop."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta, Struct

from crossdock.testing.sandbox.demo_day import demo_day
from crossdock.testing.sandbox.fault_scripts import load_script
from crossdock.testing.sandbox.oms import SandboxOms
from crossdock.testing.sandbox.oms_costs import Mode
from crossdock.testing.sandbox.server import utc_now
from crossdock.testing.sandbox.stream import feed_sandbox, read_events
from crossdock.testing.sandbox.wms import WAREHOUSES, SandboxWms
from crossdock.testing.sandbox.wms_books import Idempotency

if TYPE_CHECKING:
    from crossdock.testing.sandbox.server import Sandbox


class ServeOptions(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What both sandboxes take. `faults` is none, flaky or a JSON file; `data` a file that keeps what they hold."""

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535)] = 0
    token: str | None = None
    data: str | None = None
    faults: str = "none"
    seed: int | None = None


class OmsOptions(ServeOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the sandbox OMS takes: a `stream` file to feed it from at `speed` (0: at once), or the demo's orders.

    `cost_actual`: who works out average purchase prices, the OMS ("receipts") or whoever writes them ("set_average").
    `rebase` moves the stream's first event to now. `demo_orders` makes up so many orders of a day that ends now.
    """

    stream: str | None = None
    speed: Annotated[float, Meta(ge=0)] = 0
    rebase: bool = False
    demo_orders: Annotated[int, Meta(ge=0, le=100_000)] = 0
    cost_actual: Mode = "set_average"


class WmsOptions(ServeOptions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the sandbox WMS takes: the codes of its warehouses, and how it treats a key that comes again."""

    warehouses: tuple[str, ...] = WAREHOUSES
    idempotency: Idempotency = "key"
    lookup_lag_s: Annotated[float, Meta(ge=0)] = 0


async def serve(options: OmsOptions | WmsOptions) -> None:
    """Serve until SIGTERM, SIGINT or cancellation. Prints {"url": …, "token": …} as one line when it is ready.

    Raises ValueError for a fault script that is none, OSError for a port that is taken or a file that cannot be read.
    """
    sandbox = build(options)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    await sandbox.start(options.port, options.host)
    announce(sandbox)
    feeding = asyncio.ensure_future(feed(sandbox, options))
    stopping = asyncio.ensure_future(stopped.wait())
    try:
        await asyncio.wait({feeding, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if feeding.done():
            feeding.result()  # a stream that cannot be read ends the sandbox
        await stopping
    finally:
        feeding.cancel()
        stopping.cancel()
        await asyncio.gather(feeding, stopping, return_exceptions=True)
        await sandbox.stop()


def build(options: OmsOptions | WmsOptions) -> SandboxOms | SandboxWms:
    """Make the sandbox that the options describe. Raises ValueError for a fault script that is none."""
    script = load_script(options.faults, options.seed)
    if isinstance(options, WmsOptions):
        return SandboxWms(
            warehouses=options.warehouses,
            idempotency=options.idempotency,
            lookup_lag_s=options.lookup_lag_s,
            path=options.data,
            token=options.token,
            script=script,
        )
    if not options.demo_orders:
        return SandboxOms(path=options.data, token=options.token, script=script, cost_actual=options.cost_actual)
    day = demo_day(options.seed or 0, now=utc_now(), count=options.demo_orders)
    oms = SandboxOms(
        path=options.data, token=options.token, script=script, shops=day.shops, logistics=day.logistics,
        cost_actual=options.cost_actual,
    )  # fmt: skip
    if not oms.books.orders:
        oms.put(day.orders, keep_updated_at=True)
    return oms


def announce(sandbox: Sandbox) -> None:
    """Tell the starter of this process where the sandbox listens."""
    line = msgspec.json.encode({"url": sandbox.url, "token": sandbox.token})
    sys.stdout.write(line.decode() + "\n")
    sys.stdout.flush()


async def feed(sandbox: SandboxOms | SandboxWms, options: OmsOptions | WmsOptions) -> None:
    """Feed the stream that the options name, if any."""
    if isinstance(sandbox, SandboxOms) and isinstance(options, OmsOptions) and options.stream:
        await feed_sandbox(sandbox, read_events(options.stream), speed=options.speed, rebase=options.rebase)


def run_oms(options: OmsOptions) -> None:
    """Run the sandbox OMS in this process. Raises as `serve`."""
    asyncio.run(serve(options))


def run_wms(options: WmsOptions) -> None:
    """Run the sandbox WMS in this process. Raises as `serve`."""
    asyncio.run(serve(options))
