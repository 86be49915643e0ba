"""The daemon as a process: put together, run until a signal, taken apart."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING

import msgspec
import uvloop

from crossdock.app.failpoints import from_environment
from crossdock.app.rooms import Rooms, open_rooms
from crossdock.config.load import load
from crossdock.config.problems import BadConfig
from crossdock.control.sockets import SocketRefused
from crossdock.env import SteadyEnv
from crossdock.ops import process
from crossdock.ops.logging import configure
from crossdock.ops.masks import Masks
from crossdock.ops.sd_notify import Notifier
from crossdock.spec.errors import ConfigError
from crossdock.store.migrate import SchemaProblem
from crossdock.store.sqlite import FileInUse
from crossdock.store.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from crossdock.config.model import Config

log = logging.getLogger("crossdock")


def run(
    path: Path, *, log_format: str | None = None, no_plugins: bool = False, only_plugins: tuple[str, ...] = ()
) -> int:
    """Run the daemon with the configuration at `path` until it is told to stop; return the exit status."""

    def read() -> Config:
        return chosen(load(path, os.environ), log_format, no_plugins, only_plugins)

    try:
        config = read()
    except BadConfig as problem:
        sys.stderr.write(f"{problem}\n")
        return process.BAD_CONFIG
    process.harden()
    masks = Masks()
    configure(config.log, masks)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_main(read, config, masks))
    except KeyboardInterrupt:
        return process.OK


def chosen(config: Config, log_format: str | None, no_plugins: bool, only_plugins: tuple[str, ...]) -> Config:
    """Apply what the command line overrides."""
    if log_format is not None:
        config = msgspec.structs.replace(config, log=msgspec.structs.replace(config.log, format=log_format))
    if no_plugins:
        return msgspec.structs.replace(
            config, plugins=msgspec.structs.replace(config.plugins, allow=()), connections={}
        )
    if only_plugins:
        allow = tuple(entry for entry in config.plugins.allow if entry.split("==")[0].strip() in only_plugins)
        return msgspec.structs.replace(config, plugins=msgspec.structs.replace(config.plugins, allow=allow))
    return config


async def _main(read: Callable[[], Config], config: Config, masks: Masks) -> int:
    env = SteadyEnv(on_failpoint=from_environment(os.environ))
    notifier = Notifier(os.environ, env)
    try:
        rooms = await open_rooms(config, env, masks, os.environ, notifier)
    except FileInUse as error:
        log.error("%s", error)
        return process.HELD_ELSEWHERE
    except ConfigError as error:
        log.error("%s", error)
        return process.BAD_CONFIG
    except (SchemaProblem, StoreError) as error:
        log.error("%s", error)
        return process.DATABASE_UNREACHABLE
    except (SocketRefused, OSError) as error:
        log.error("the daemon cannot start: %s", error)
        return process.CANNOT_CREATE
    await _serve(read, rooms, notifier)
    return process.OK


async def _serve(read: Callable[[], Config], rooms: Rooms, notifier: Notifier) -> None:
    """Serve until SIGTERM or SIGINT; a second one ends the process at once, which loses nothing."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if stopping.is_set():
            log.warning("stopped a second time: the process ends now; what is under way is settled at the next start")
            os._exit(process.UNEXPECTED)
        stopping.set()

    async def reload() -> None:
        notifier.reloading()
        await rooms.reload(read)
        notifier.ready(rooms.status_line())

    reloads: set[asyncio.Task[None]] = set()

    def hang_up() -> None:
        task = loop.create_task(reload())
        reloads.add(task)
        task.add_done_callback(reloads.discard)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    loop.add_signal_handler(signal.SIGHUP, hang_up)
    rooms.reload_now = lambda: rooms.reload(read)
    process.spare_the_collector()
    notifier.ready(rooms.status_line())
    log.info("crossdock is ready: %s", rooms.status_line())
    pulse = loop.create_task(rooms.pulse(notifier))
    await stopping.wait()
    log.info("crossdock stops")
    notifier.stopping()
    pulse.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await pulse
    stuck = [name for name, link in rooms.links.items() if link.stuck]
    await rooms.close()
    log.info("crossdock has stopped")
    if stuck:
        # the event loop would wait for ever for calls that ignore their cancellation; everything is stored by now
        log.warning("the connectors of %s never stopped; the process ends without them", ", ".join(stuck))
        logging.shutdown()
        os._exit(process.OK)
