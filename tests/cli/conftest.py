"""A daemon in a thread of its own, and the command line run against it."""

from __future__ import annotations

import asyncio
import json
import threading

import pytest
from click.testing import CliRunner
from tests.control.world import World

from crossdock.cli.main import cli


class Daemon:
    """A world that lives in another thread, as the command line brings its own event loop."""

    def __init__(self, folder, **options):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.world = self.do(self._made(folder, options))
        self.socket = str(self.world.socket)

    async def _made(self, folder, options):
        world = World(folder, **options)
        await world.start()
        await world.settings()
        return world

    def do(self, work):
        """Run a coroutine in the daemon's thread."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def fetch(self, *orders, unreadable=()):
        """Have these orders fetched."""
        self.world.serve(*orders, unreadable=unreadable)
        self.do(self.world.fetch())

    def until(self, ref, state):
        return self.do(self.world.until(ref, state))

    def stop(self):
        self.do(self.world.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


class Ran:
    """How a command ended."""

    def __init__(self, result):
        self.code, self.out, self.err = result.exit_code, result.stdout, result.stderr
        self.all = result.output

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def start(tmp_path):
    """Start daemons; they are stopped at the end."""
    made = []

    def started(**options):
        daemon = Daemon(tmp_path, **options)
        made.append(daemon)
        return daemon

    yield started
    for daemon in made:
        daemon.stop()


@pytest.fixture
def daemon(start):
    return start()


@pytest.fixture
def run(daemon):
    """Run the command line against the daemon."""

    def ran(*words, **options):
        return Ran(CliRunner().invoke(cli, ["--socket", daemon.socket, *words], catch_exceptions=False, **options))

    return ran
