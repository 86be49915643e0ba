"""Operations as a whole: any order of writes, lost answers and crashes; each takes effect exactly once and in order."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from crossdock.env import Env
from crossdock.flows.house import House
from crossdock.flows.operations import carry_out
from crossdock.rules.connection_health import Limits
from crossdock.rules.operation_outcome import Answer, OperationPolicy, Outcome
from crossdock.rules.operation_states import UNSETTLED, OperationState
from crossdock.spec import errors
from crossdock.store import migrate, operations, sqlite
from crossdock.store.book import BookCache
from crossdock.store.operations import NewOperation
from crossdock.store.store import Store
from crossdock.store.times import to_ms

SUBJECTS = ("x", "y")
POLICY = OperationPolicy(limits=Limits(base_s=1, cap_s=30), settle=timedelta(seconds=60))
ENDS = st.lists(
    st.sampled_from(["ok", "lost", "lost", "nothing arrived", "later", "later", "limited", "passed on", "unmentioned"]),
    max_size=5,
)


class Killed(BaseException):
    """The process ends here."""


class CrashingEnv(Env):
    """A clock that stands still, and a process that ends at a failpoint."""

    def __init__(self):
        super().__init__(seed=1)
        self.time, self.crash_at = datetime(2026, 3, 1, tzinfo=UTC), None

    def now(self):
        return self.time

    def monotonic(self):
        return self.time.timestamp()

    def failpoint(self, name):
        if self.crash_at is not None:
            self.crash_at -= 1
            if self.crash_at < 0:
                self.crash_at = None
                raise Killed(name)


class Remote:
    """Keeps what took effect, in order. `asks`: it counts a repeat twice and can be asked; else a repeat changes nothing."""

    kind = "note"

    def __init__(self, asks, batch):
        self.asks, self.batch = asks, batch
        self.effects, self.pending, self.ends = [], set(), []

    async def send(self, claimed):
        end = self.ends.pop() if self.ends else "ok"
        if end == "limited":
            raise errors.RateLimited("slow down")
        if end == "nothing arrived":
            raise errors.UnknownOutcome("the line broke before")
        if end == "later":
            return {o.key: Outcome(answer=Answer.RETRY) for o in claimed}
        if end == "passed on":
            self.pending |= {o.key for o in claimed}
            return {o.key: Outcome(answer=Answer.REQUESTED) for o in claimed}
        for o in claimed:
            self._take(o)
        if end == "lost":
            raise errors.UnknownOutcome("the line broke after")
        return {o.key: Outcome(answer=Answer.DONE) for o in claimed[: len(claimed) - (end == "unmentioned")]}

    async def ask(self, claimed):
        if self.ends and self.ends.pop() == "lost":
            raise errors.Retryable("down")
        found = {}
        for o in claimed:
            if o.key in self.pending:
                self.pending.discard(o.key)
                self._take(o)
            done = o.key in {key for _, key in self.effects}
            found[o.key] = Outcome(answer=Answer.DONE if done else Answer.ABSENT)
        return found

    def _take(self, o):
        if self.asks or (o.subject, o.key) not in self.effects:
            self.effects.append((o.subject, o.key))

    def settled(self, tx, operation, verdict, now):
        """There are no rows behind these operations."""


class Lane:
    """May go on until a call of this run fails."""

    connection = "wms"

    def __init__(self, run):
        self.run, self.callable = run, True

    def keep_going(self):
        return True

    def may_call(self):
        return self.callable

    def alone(self):
        return False

    def succeeded(self, calls):
        pass

    def failed(self, error):
        self.callable = False

    def counted(self, result, count):
        pass


class OperationsMachine(RuleBasedStateMachine):
    """Random histories."""

    @initialize(asks=st.booleans(), batch=st.integers(1, 3))
    def begin(self, asks, batch):
        self.database = sqlite.connect(":memory:")
        self.database.connect()
        migrate.migrate(self.database)
        self.env = CrashingEnv()
        self.store = Store(self.database, self.env, inline=True)
        self.house = House(self.store, self.env, BookCache(30))
        self.remote = Remote(asks, batch)
        self.runner = asyncio.Runner()
        self.keys, self.runs = [], 0

    @rule(subject=st.sampled_from(SUBJECTS), newer=st.booleans())
    def write(self, subject, newer):
        key = f"k{len(self.keys):03}"
        new = NewOperation(
            connection="wms", kind="note", subject=subject, entity_id=1, revision=1, key=key, body=key.encode()
        )

        def unit(tx):
            if newer:
                operations.supersede(tx, "wms", subject, "note", to_ms(self.env.now()))
            operations.enqueue(tx, new, to_ms(self.env.now()))

        self.runner.run(self.store.write(unit))
        self.keys.append((subject, key))

    @rule(ends=ENDS, crash_at=st.none() | st.integers(0, 30))
    def run_lane(self, ends, crash_at):
        self.remote.ends, self.env.crash_at = list(ends), crash_at
        self.runs += 1
        lane = Lane(self.runs)
        handlers = {"note": self.remote}
        try:
            self.runner.run(carry_out(handlers, self.house, lane, POLICY, 2))
        except Killed:
            pass
        finally:
            self.env.crash_at = None

    @rule(seconds=st.sampled_from([1, 30, 61, 600]))
    def time_passes(self, seconds):
        self.env.time += timedelta(seconds=seconds)

    def teardown(self):
        for _ in range(200):
            self.time_passes(3600)
            self.run_lane([], None)
            if not self._unsettled():
                break
        try:
            self._judge()
        finally:
            self.runner.close()
            self.database.close()

    def _rows(self):
        return {key: self.runner.run(self.store.read(operations.by_key, key)) for _, key in self.keys}

    def _unsettled(self):
        return [row for row in self._rows().values() if row.state in UNSETTLED]

    def _judge(self):
        rows = self._rows()
        counts = Counter(key for _, key in self.remote.effects)
        for key, row in rows.items():
            assert row.state in {OperationState.DONE, OperationState.SUPERSEDED}, row
            assert counts[key] == (row.state is OperationState.DONE), (key, row.state, counts[key])
        for subject in SUBJECTS:
            order = [key for of, key in self.remote.effects if of == subject]
            assert order == sorted(order), order


TestOperationsMachine = OperationsMachine.TestCase
TestOperationsMachine.settings = settings(
    max_examples=150, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
