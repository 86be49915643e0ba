"""What is done to the daemon in a cycle. Each kind is a function; whatever still lives at its end is killed."""

from __future__ import annotations

import asyncio
import importlib.util
import random
import resource
import signal
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from msgspec import Struct
from playhouse.migrations import Runner

from crossdock.control import database
from crossdock.ops.process import HELD_ELSEWHERE
from crossdock.store import migrate
from crossdock.store import sqlite as store_sqlite
from crossdock.testing.chaos import setting
from crossdock.testing.chaos.ground import Ground
from crossdock.testing.chaos.plan import FAIL_POINTS, MIGRATION_POINTS, Kind, Outcome, Plan
from crossdock.testing.chaos.processes import COMMAND, COMMAND_WITH_CLOCK, START_S, Process, Unexpected, set_clock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

KILLED = -9
STEPS_S = (3_600, -3_600, 40 * 86_400, -40 * 86_400)
"""How far the clock is set. Forty days make every order too old to be sent, as long as it lasts."""


class Cycle(Struct, frozen=True, kw_only=True):
    """One cycle: where it happens, by which plan and chance, and where what it finds is noted."""

    number: int
    kind: Kind
    ground: Ground
    plan: Plan
    chance: random.Random
    outcome: Outcome

    def killed(self, where: str) -> None:
        """Note where the daemon was killed."""
        self.outcome.kills[where] += 1

    def trouble(self, what: str) -> None:
        """Note what no kill explains."""
        self.outcome.troubles.append(f"cycle {self.number} ({self.kind}): {what}")

    async def lives(self, daemon: Process, seconds: float) -> None:
        """Let a daemon live for so long. Raises Unexpected if it ends by itself."""
        status = await daemon.ended_within(seconds)
        if status is not None:
            raise Unexpected(f"cycle {self.number} ({self.kind}): the daemon ended by itself with status {status}")

    async def lives_a_while(self, daemon: Process, share: float = 1.0) -> None:
        """Let a daemon live for up to a share of the time that the plan gives it. Raises Unexpected if it ends."""
        await self.lives(daemon, self.chance.uniform(0, self.plan.life_s * share))

    async def at_work(self, command: tuple[str, ...] = COMMAND) -> Process:
        """Start a daemon and wait until it answers. Raises Unexpected."""
        daemon = await self.ground.start_daemon(command=command)
        async with self.ground.client() as client:
            await self.ground.answers(client)
        return daemon


async def run_cycle(cycle: Cycle) -> None:
    """Run a cycle to its end, whatever it meets."""
    cycle.outcome.kinds[cycle.kind] += 1
    try:
        await DISTURBANCES[cycle.kind](cycle)
    except Unexpected as trouble:
        cycle.outcome.troubles.append(str(trouble))
        cycle.killed(cycle.kind)
    finally:
        await cycle.ground.end_daemon()


def left_out() -> dict[Kind, str]:
    """Say which kinds this machine cannot do, and why."""
    found = {}
    if importlib.util.find_spec("time_machine") is None:
        found[Kind.CLOCK] = "no clock is set: time-machine is not installed"
    if not hasattr(resource, "prlimit"):
        found[Kind.FULL] = "no disk is full: this system cannot limit the files of a running process"
    return found


async def at_random(cycle: Cycle) -> None:
    """Kill it at a random moment, which may lie before it has even started."""
    await cycle.lives_a_while(await cycle.ground.start_daemon())
    cycle.killed(Kind.AT_RANDOM)


async def at_fail_point(cycle: Cycle) -> None:
    """Let it kill itself at a fail point; one that it does not come to within the patience is killed all the same."""
    point = cycle.chance.choice(list(FAIL_POINTS))
    daemon = await cycle.ground.start_daemon(f"{point}:{cycle.chance.randint(1, FAIL_POINTS[point])}")
    status = await daemon.ended_within(cycle.plan.patience_s)
    if status is None:
        cycle.outcome.unreached += 1
    elif status != KILLED:
        cycle.trouble(f"the daemon ended by itself with status {status}")
    cycle.killed(Kind.AT_RANDOM if status is None else point)


async def stopped(cycle: Cycle) -> None:
    """Stop it for longer than it waits for an answer, and let it go on or kill it as it stands.

    Its connections outlive it in the kernel, its timeouts all fire at once, and nobody else may take its place meanwhile.
    """
    daemon = await cycle.ground.start_daemon()
    await cycle.lives_a_while(daemon)
    daemon.send(signal.SIGSTOP)
    await asyncio.sleep(setting.TIMEOUT_S * cycle.chance.uniform(1.2, 3))
    if cycle.chance.random() < 0.7:
        daemon.send(signal.SIGCONT)
        await cycle.lives_a_while(daemon, 0.5)
    cycle.killed(Kind.STOPPED)


async def second(cycle: Cycle) -> None:
    """Start another one beside it, which must refuse; then another in the moment in which the first is killed."""
    first = await cycle.at_work()
    other = await cycle.ground.another("the second daemon")
    status = await _end(other, START_S)
    if status != HELD_ELSEWHERE:
        cycle.trouble(f"a second daemon ended with status {status}, not {HELD_ELSEWHERE}")
    await cycle.lives(first, 0)
    heir = await cycle.ground.another("the third daemon")
    try:
        await asyncio.sleep(cycle.chance.uniform(0, 0.8))
        await first.kill()
        status = await heir.ended_within(cycle.chance.uniform(0, cycle.plan.life_s))
        if status not in (None, HELD_ELSEWHERE):
            cycle.trouble(f"a daemon that was started while another was killed ended with status {status}")
    finally:
        await heir.kill()
    cycle.killed(Kind.SECOND)


async def _end(daemon: Process, within_s: float) -> int | None:
    try:
        return await daemon.ended_within(within_s)
    finally:
        await daemon.kill()


async def clock_set(cycle: Cycle) -> None:
    """Set its clock while it works; the next daemon has the right time again, so for that one it is set back."""
    daemon = await cycle.at_work(command=(*COMMAND_WITH_CLOCK, str(cycle.ground.clock)))
    await cycle.lives_a_while(daemon, 0.5)
    set_clock(cycle.ground.clock, cycle.chance.choice(STEPS_S))
    await cycle.lives_a_while(daemon)
    cycle.ground.clock.unlink(missing_ok=True)
    cycle.killed(Kind.CLOCK)


async def disk_full(cycle: Cycle) -> None:
    """Let no file grow or be written for a while, and then kill it or give it room again."""
    daemon = await cycle.at_work()
    await cycle.lives_a_while(daemon, 0.3)
    daemon.limit_files(0)
    await cycle.lives_a_while(daemon, 0.5)
    if cycle.chance.random() < 0.7:
        daemon.limit_files(None)
        await cycle.lives_a_while(daemon)
    cycle.killed(Kind.FULL)


async def migrating(cycle: Cycle) -> None:
    """Take a copy's schema back to its first form, orders and all, and kill the start that brings it up to date again.

    It is a copy because the first form has no room for what came later: undoing it loses that, killed or not. What every
    form has, orders and their pushes, must be there afterwards as before. The daemon itself is killed at random.
    """
    point = cycle.chance.choice(MIGRATION_POINTS)
    before = await asyncio.to_thread(kept_by_every_schema, cycle.ground.database)
    killed, migrated, copy = await cycle.ground.migrated_copy(point, first_schema)
    if killed != KILLED:
        cycle.trouble(f"the daemon ended with status {killed} and not at {point}")
    problems = (await asyncio.to_thread(database.check, copy)).problems
    if migrated != 0 or problems or await asyncio.to_thread(kept_by_every_schema, copy) != before:
        cycle.trouble(f"a migration that was killed at {point} was not made up for ({migrated}, {problems})")
    await cycle.lives_a_while(await cycle.ground.start_daemon())
    cycle.killed(point)


def kept_by_every_schema(file: Path) -> list[tuple[object, ...]]:
    """Read orders and how their pushes stand."""
    sql = "SELECT o.ref, o.content_hash, p.key, p.state FROM orders o JOIN pushes p ON p.order_id = o.id ORDER BY p.id"
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        return connection.execute(sql).fetchall()


def first_schema(file: Path) -> None:
    """Undo every migration but the first, as if this database had been made by the first version."""
    opened = store_sqlite.connect(str(file))
    with opened:
        later = [each.name for each in migrate.status(opened) if each.applied][1:]
        for name in reversed(later):
            Runner(opened, str(migrate.FOLDER)).down(name)
            opened.execute_sql("DELETE FROM migration_checksums WHERE name = ?", (name,))
    opened.close()


DISTURBANCES: dict[Kind, Callable[[Cycle], Awaitable[None]]] = {
    Kind.AT_RANDOM: at_random,
    Kind.AT_FAIL_POINT: at_fail_point,
    Kind.STOPPED: stopped,
    Kind.SECOND: second,
    Kind.CLOCK: clock_set,
    Kind.FULL: disk_full,
    Kind.MIGRATING: migrating,
}
