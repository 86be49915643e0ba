"""Processes of a chaos run: the daemon and the sandboxes, exactly as a person would start them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import sys
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    import signal
    from pathlib import Path

    import aiohttp

COMMAND = (sys.executable, "-c", "from crossdock.cli.main import main; main()")
COMMAND_WITH_CLOCK = (sys.executable, "-c", "from crossdock.testing.chaos.clock import main; main()")
"""Takes a file as its first word: see set_clock. Needs time-machine."""

FAIL_POINT = "CROSSDOCK_FAILPOINT"
NOT_FOUND = 404
START_S = 30.0
"""A process that has not started after so long counts as failed."""


class Unexpected(Exception):
    """Something that no kill explains: a process did not start, did not stop, or ended by itself."""


class Process:
    """A crossdock command that runs; what it writes to standard error is kept in `log`."""

    def __init__(self, inner: asyncio.subprocess.Process, name: str) -> None:
        self._inner, self.name = inner, name

    @classmethod
    async def start(
        cls,
        name: str,
        words: tuple[str, ...],
        log: Path,
        environ: dict[str, str],
        command: tuple[str, ...] = COMMAND,
    ) -> Process:
        """Start `crossdock WORDS…` with `environ` beside this process's own environment."""
        own = {key: value for key, value in os.environ.items() if not key.startswith("CROSSDOCK_")}
        with log.open("ab") as errors:
            inner = await asyncio.create_subprocess_exec(
                *command, *words, env=own | environ, stderr=errors,
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
        return cls(inner, name)

    async def first_line(self) -> bytes:
        """Return the first line it prints. Raises Unexpected if none comes."""
        assert self._inner.stdout is not None  # it is a pipe
        try:
            line = await asyncio.wait_for(self._inner.stdout.readline(), START_S)
        except TimeoutError:
            line = b""
        if not line:
            raise Unexpected(f"{self.name} did not start")
        return line

    async def ended_within(self, seconds: float) -> int | None:
        """Return its exit status (negative: the signal that ended it), or None if it still runs after `seconds`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._inner.communicate()
        return self._inner.returncode

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._inner.send_signal(number)

    def limit_files(self, size: int | None) -> None:
        """Let it write no file beyond `size` bytes, None: as it was. The hard limit stays, so that this needs no root."""
        hard = resource.prlimit(self._inner.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(self._inner.pid, resource.RLIMIT_FSIZE, (hard if size is None else size, hard))

    async def kill(self) -> None:
        """End it as kill -9 does."""
        with contextlib.suppress(ProcessLookupError):
            self._inner.kill()
        await self._inner.communicate()

    async def stop(self, within_s: float) -> int:
        """Ask it to stop and return its exit status. Raises Unexpected if it still runs after `within_s`."""
        with contextlib.suppress(ProcessLookupError):
            self._inner.terminate()
        status = await self.ended_within(within_s)
        if status is None:
            await self.kill()
            raise Unexpected(f"{self.name} had not stopped {within_s:.0f} s after SIGTERM")
        return status


class SandboxProcess:
    """A sandbox in a process of its own, with what tests may ask of it."""

    def __init__(self, process: Process, session: aiohttp.ClientSession, url: str, token: str) -> None:
        self.process, self.url, self.token = process, url, token
        self._session = session

    @classmethod
    async def start(
        cls, name: str, words: tuple[str, ...], folder: Path, session: aiohttp.ClientSession
    ) -> SandboxProcess:
        """Start `crossdock sandbox WORDS…` and wait until it listens."""
        process = await Process.start(name, ("sandbox", *words), folder / f"{name}.log", {})
        try:
            ready = msgspec.json.decode(await process.first_line(), type=dict[str, str])
        except BaseException:
            await process.kill()
            raise
        return cls(process, session, ready["url"], ready["token"])

    async def ask(self, path: str, **query: str | int) -> Any:
        """Read something behind /__sandbox/."""
        async with self._session.get(f"{self.url}/__sandbox{path}", params=query) as answer:
            answer.raise_for_status()
            return msgspec.json.decode(await answer.read())

    async def tell(self, path: str, body: object) -> None:
        """Change something behind /__sandbox/."""
        async with self._session.post(f"{self.url}/__sandbox{path}", data=msgspec.json.encode(body)) as answer:
            answer.raise_for_status()

    async def ask_for(self, path: str, body: object) -> Any:
        """Change something behind /__sandbox/ and return the answer; None if there is no such thing."""
        async with self._session.post(f"{self.url}/__sandbox{path}", data=msgspec.json.encode(body)) as answer:
            if answer.status == NOT_FOUND:
                return None
            answer.raise_for_status()
            return msgspec.json.decode(await answer.read())

    async def books(self) -> list[dict[str, Any]]:
        """Return every document that a WMS created, as its own books show them."""
        documents: list[dict[str, Any]] = []
        after: str | None = ""
        while after is not None:
            page = await self.ask("/books", after=after, limit=1000)
            documents += [document for book in page["keys"].values() for document in book["documents"]]
            after = page["next_after"]
        return documents


def set_clock(file: Path, seconds: float) -> None:
    """Have the daemon that was started with COMMAND_WITH_CLOCK and `file` set its clock by `seconds`."""
    part = file.with_suffix(".part")
    part.write_text(str(seconds), encoding="ascii")
    part.replace(file)  # it is there as a whole or not at all


def daemon_environ(secrets: dict[str, str], fail_point: str | None) -> dict[str, str]:
    """Return the daemon's environment: its secrets by connection, and where it is to kill itself."""
    environ = {f"CROSSDOCK_SECRET_{name.upper().replace('-', '_')}_TOKEN": token for name, token in secrets.items()}
    return environ | ({FAIL_POINT: fail_point} if fail_point else {})
