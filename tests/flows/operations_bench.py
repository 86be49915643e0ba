"""A bench for operations: the flow against a remote system that does as scripted."""

from __future__ import annotations

from collections import deque
from datetime import timedelta

from crossdock.flows.operations import carry_out
from crossdock.rules.connection_health import Limits
from crossdock.rules.operation_outcome import Answer, OperationPolicy, Outcome
from crossdock.rules.operation_states import OperationState
from crossdock.store import operations
from crossdock.store.operations import NewOperation
from crossdock.store.times import to_ms

S = OperationState
SETTLE = timedelta(seconds=60)


class Killed(BaseException):
    """The process ends here."""


class Remote:
    """A handler of kind "note": answers each call with the next entry of its script, else that all is done."""

    kind = "note"

    def __init__(self, *, asks=False, batch=1):
        self.asks, self.batch = asks, batch
        self.script, self.ask_script = deque(), deque()
        self.sent, self.asked, self.ended = [], [], []
        self.on_send = lambda: None

    async def send(self, claimed):
        self.sent.append([(o.key, o.body) for o in claimed])
        self.on_send()
        return self._answer(self.script, claimed)

    async def ask(self, claimed):
        self.asked.append([o.key for o in claimed])
        return self._answer(self.ask_script, claimed)

    def _answer(self, script, claimed):
        entry = script.popleft() if script else Answer.DONE
        if isinstance(entry, BaseException):
            raise entry
        if isinstance(entry, dict):
            return {key: Outcome(answer=answer) for key, answer in entry.items()}
        return {o.key: Outcome(answer=entry, remote_id="R", text=f"it said {entry}") for o in claimed}

    def settled(self, tx, operation, verdict, now):
        self.ended.append((operation.key, verdict.state.name))


class Operations:
    """The flow with a remote system, one call each."""

    def __init__(self, bench, kit, **remote):
        self.bench, self.kit = bench, kit
        self.remote = Remote(**remote)
        self.handlers = {"note": self.remote}

    async def queue(self, *keys, subject=None, kind="note", connection="wms"):
        for key in keys:
            new = NewOperation(
                connection=connection, kind=kind, subject=subject or key, entity_id=1, revision=1, key=key,
                body=f"body of {key}".encode(),
            )  # fmt: skip
            await self.bench.store.write(operations.enqueue, new, to_ms(self.bench.env.now()))

    async def run(self, lane=None, concurrency=4):
        self.bench.runs += 1
        lane = lane or self.kit.lane(self.bench.runs)
        lane.run = self.bench.runs
        policy = OperationPolicy(
            limits=Limits(base_s=1, cap_s=30), settle=SETTLE, park_after=3, park_span=timedelta(hours=1)
        )
        self.more = await carry_out(self.handlers, self.bench.house, lane, policy, concurrency)
        return lane

    async def row(self, key):
        return await self.bench.store.read(operations.by_key, key)

    async def state(self, key):
        return (await self.row(key)).state
