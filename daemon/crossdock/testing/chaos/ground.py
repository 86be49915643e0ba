"""Where a chaos run happens: a folder, sandboxes, and the daemon between them where one lives."""

from __future__ import annotations

import asyncio
import random
import shutil
import time
from typing import TYPE_CHECKING

import aiohttp
import msgspec

from crossdock.control.client import Client, Refusal, Unreachable
from crossdock.testing.chaos import setting
from crossdock.testing.chaos.catalogue import Catalogue, switch_on
from crossdock.testing.chaos.processes import COMMAND, START_S, Process, SandboxProcess, Unexpected, daemon_environ

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AsyncExitStack
    from pathlib import Path

    from crossdock.control.records.daemon import Status


class Ground:
    """Starts and ends daemons in one folder."""

    def __init__(self, folder: Path, sandboxes: dict[str, SandboxProcess], catalogue: Catalogue) -> None:
        self.sandboxes, self.catalogue = sandboxes, catalogue
        self.database, self.log, self.clock = folder / "crossdock.db", folder / "daemon.log", folder / "clock"
        self._folder, self._config = folder, folder / "crossdock.toml"
        self._daemon: Process | None = None

    @classmethod
    async def prepare(cls, seed: int, folder: Path, stack: AsyncExitStack) -> Ground:
        """Start the sandboxes, write the configuration, and let a first daemon fill its book."""
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)))
        sandboxes = {}
        for name, words in sandbox_words(seed, folder).items():
            sandbox = await SandboxProcess.start(name, words, folder, session)
            stack.push_async_callback(sandbox.process.kill)
            sandboxes[name] = sandbox
        ground = cls(folder, sandboxes, Catalogue(random.Random(f"{seed}:catalogue"), sandboxes))
        await ground.catalogue.begin()
        urls = {name: sandbox.url for name, sandbox in sandboxes.items()}
        ground._config.write_text(setting.configuration(folder, urls), encoding="utf-8")
        stack.push_async_callback(ground.end_daemon)
        await ground.start_daemon()
        async with ground.client() as client:
            await ground.answers(client)
            await setting.fill_book(client)
            await switch_on(client)
        await ground.end_daemon()
        return ground

    def client(self) -> Client:
        """Return a client of the daemon."""
        return Client(str(self._folder / "control.sock"))

    async def answers(self, client: Client) -> Status:
        """Wait until the daemon answers, and return its status. Raises Unexpected."""
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            try:
                return await client.status()
            except (Unreachable, Refusal):
                await asyncio.sleep(0.05)
        raise Unexpected("the daemon did not answer on its socket")

    async def start_daemon(self, fail_point: str | None = None, command: tuple[str, ...] = COMMAND) -> Process:
        """Start the daemon on what the last one left."""
        self._daemon = await self.another("the daemon", fail_point, command)
        return self._daemon

    async def another(self, name: str, fail_point: str | None = None, command: tuple[str, ...] = COMMAND) -> Process:
        """Start a daemon beside the one that there may be; whoever calls this ends it."""
        tokens = {name: sandbox.token for name, sandbox in self.sandboxes.items()}
        words = ("--config", str(self._config), "run", "--log-format", "plain")
        return await Process.start(name, words, self.log, daemon_environ(tokens, fail_point), command)

    async def migrated_copy(self, point: str, change: Callable[[Path], None]) -> tuple[int | None, int | None, Path]:
        """Copy the database, change the copy, start a daemon on it that kills itself at `point`, and migrate it again.

        Return how the daemon and the migration ended, and the copy's file.
        """
        folder = self._folder / "copy"
        await asyncio.to_thread(_copied, self.database, folder)
        copy = folder / self.database.name
        await asyncio.to_thread(change, copy)
        config = folder / self._config.name
        text = await asyncio.to_thread(self._config.read_text, encoding="utf-8")
        config.write_text(text.replace(f'"{self._folder}"', f'"{folder}"'), encoding="utf-8")
        ended: list[int | None] = []
        for words, where in ((("run", "--log-format", "plain"), point), (("db", "migrate"), None)):
            environ = daemon_environ({name: sandbox.token for name, sandbox in self.sandboxes.items()}, where)
            process = await Process.start("the daemon on a copy", ("--config", str(config), *words), self.log, environ)
            try:
                ended.append(await process.ended_within(START_S))
            finally:
                await process.kill()
        return ended[0], ended[1], copy

    async def end_daemon(self) -> None:
        """Kill the daemon if one lives."""
        if self._daemon is not None:
            await self._daemon.kill()
            self._daemon = None


def _copied(database: Path, folder: Path) -> None:
    """Copy a database that no process has open, its log too."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    for name in (database.name, f"{database.name}-wal"):
        if (database.parent / name).exists():
            shutil.copy(database.parent / name, folder / name)


def sandbox_words(seed: int, folder: Path) -> dict[str, tuple[str, ...]]:
    """Return the command of each sandbox; their fault scripts are written into `folder`."""
    scripts = {"oms": setting.oms_faults(seed)}
    scripts |= {name: setting.wms_faults(seed + number) for number, name in enumerate(setting.WAREHOUSES, 1)}
    words = {}
    for name, script in scripts.items():
        path = folder / f"{name}-faults.json"
        path.write_bytes(msgspec.json.encode(script))
        kind = ("wms", "--warehouse", setting.WAREHOUSES[name]) if name in setting.WAREHOUSES else ("oms",)
        idempotency = ("--idempotency", setting.IDEMPOTENCY[name]) if name in setting.IDEMPOTENCY else ()
        words[name] = (*kind, *idempotency, "--faults", str(path))
    return words
