"""Parts of the engine on a real store, in a world whose clock can be set and whose disk can be full."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import time_machine

from crossdock.control.database import migrate
from crossdock.engine.connection_keeper import ConnectionKeeper
from crossdock.env import Boot, SteadyEnv
from crossdock.rules.connection_health import Limits
from crossdock.spec.errors import Retryable
from crossdock.store import sqlite
from crossdock.store.store import Store, StoreFull


@pytest.fixture
def clock():
    with time_machine.travel(datetime.now(UTC), tick=True) as made:
        yield made


class World(SteadyEnv):
    """A world whose machine can be started again, and whose store can be told to fail."""

    def __init__(self):
        super().__init__(on_failpoint=self._pass)
        self.machine, self.full = "first", False

    def boot(self):
        return Boot(self.machine, self.monotonic())

    def _pass(self, name):
        if self.full and name == "store.before_commit":
            raise StoreFull("no room")


@pytest.fixture
def env(clock):
    return World()


@pytest.fixture
async def store(tmp_path, env):
    migrate(tmp_path / "crossdock.db")
    made = Store(sqlite.connect(str(tmp_path / "crossdock.db")), env)
    yield made
    made.close()


@pytest.fixture
def connections(env, store):
    made = ConnectionKeeper(env, store)
    made.add("shop", Limits(base_s=20, cap_s=20))
    made.failed("shop", Retryable("no answer"))
    return made
