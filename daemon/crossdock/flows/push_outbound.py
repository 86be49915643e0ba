"""Send what is due to a warehouse: claim, call, judge, save; results and next claims share a transaction."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from crossdock.flows import settling
from crossdock.flows.settle_doubt import ask_about_doubts
from crossdock.rules import outcome
from crossdock.rules.outcome import PushPolicy, Verdict
from crossdock.rules.push_states import PushState
from crossdock.spec.errors import ConnectorError, Rejected
from crossdock.spec.outbound import OutboundRequest, RemoteOutbound
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.flows.house import House
    from crossdock.flows.lane import Lane, Wms
    from crossdock.store.outbox import Claimed, Settled

_read_request = msgspec.json.Decoder(OutboundRequest).decode


class Sending(Struct, frozen=True, kw_only=True):
    """How much at a time."""

    concurrency: int = 8
    max_batch: int = 1
    claim: int = 400
    flush_s: float = 0.05


async def push_outbound(wms: Wms, house: House, lane: Lane, policy: PushPolicy, sending: Sending) -> bool:
    """Send everything that is due through a connection; True if it stopped with work left.

    What an earlier run of the lane left as sending is put in doubt first. A cancelled run leaves its rows as sending:
    the next run finds them.
    """
    await ask_about_doubts(wms, house, lane, policy)
    return await Pump(wms, house, lane, policy, sending).run()


class Pump:
    """One run: a few senders fed from claims, and one place that saves what they bring."""

    def __init__(self, wms: Wms, house: House, lane: Lane, policy: PushPolicy, sending: Sending) -> None:
        self._wms, self._house, self._lane = wms, house, lane
        self._policy, self._sending = policy, sending
        self._waiting: deque[Claimed] = deque()
        self._ended: list[Settled] = []
        self._flying: set[asyncio.Task[None]] = set()
        self._landed = asyncio.Event()
        self._last_save = house.env.monotonic()
        self._dry = False
        self._crash: BaseException | None = None

    async def run(self) -> bool:
        """Pump until nothing is due, or the lane says stop; everything claimed is settled or given back."""
        try:
            while await self._save_and_claim():
                self._launch()
                await self._pause()
            await self._land()
        except BaseException:
            for task in self._flying:
                task.cancel()
            await asyncio.gather(*self._flying, return_exceptions=True)
            raise
        return not self._dry

    async def _save_and_claim(self) -> bool:
        """Save results and claim more in one transaction; False when this run is over."""
        going = self._lane.keep_going() and self._lane.may_call()
        want = self._sending.claim - len(self._waiting) if going and not self._dry else 0
        if not going or (self._dry and not self._waiting and not self._flying):
            return False
        if want > self._sending.claim // 2 or self._worth_saving():
            ended, self._ended = self._ended, []
            house, lane = self._house, self._lane
            claimed = await house.store.write(settling.exchange, lane, ended, want, self._policy, house.env.now())
            house.env.failpoint("push.claimed")
            self._last_save = house.env.monotonic()
            self._dry = self._dry or len(claimed) < want
            self._waiting.extend(claimed)
            self._count(ended)
            if self._dry and not self._waiting and not self._flying:
                return False
        return True

    def _worth_saving(self) -> bool:
        if not self._ended:
            return False
        idle = not self._flying and not self._waiting
        due = self._house.env.monotonic() - self._last_save >= self._sending.flush_s
        return idle or due or len(self._ended) >= self._sending.claim // 2

    def _launch(self) -> None:
        width = 1 if self._lane.alone() else self._sending.concurrency
        while self._waiting and len(self._flying) < width and self._lane.may_call():
            size = min(self._sending.max_batch, len(self._waiting))
            batch = [self._waiting.popleft() for _ in range(size)]
            task = asyncio.create_task(self._send_batch(batch))
            self._flying.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._flying.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            self._crash = fault  # a fault of our own must stop the run, not vanish in a task
        self._landed.set()

    async def _pause(self) -> None:
        """Wait until a call has ended, or results have waited long enough."""
        if not self._flying:
            return
        self._landed.clear()
        if not self._ended:
            await self._landed.wait()
        else:
            try:
                async with asyncio.timeout(self._sending.flush_s):
                    await self._landed.wait()
            except TimeoutError:
                return
        self._raise_crashes()

    def _raise_crashes(self) -> None:
        if self._crash is not None:
            raise self._crash

    async def _send_batch(self, batch: Sequence[Claimed]) -> None:
        env = self._house.env
        env.failpoint("push.before_send")
        try:
            results = await self._wms.push_outbound([_read_request(claimed.body) for claimed in batch])
        except Rejected as error:
            self._lane.succeeded(1)
            await self._one_by_one(batch, error)
            return
        except ConnectorError as error:
            self._lane.failed(error)
            self._failed(batch, error)
            return
        env.failpoint("push.after_send")
        self._lane.succeeded(1)
        by_key = {result.key: result for result in results}
        now = env.now()
        self._ended.extend(
            self._settled(
                c, outcome.of_result(by_key.get(c.key), settling.past(c), self._policy, now, env.random), to_ms(now)
            )
            for c in batch
        )

    async def _one_by_one(self, batch: Sequence[Claimed], error: Rejected) -> None:
        """A batch refused as a whole stored nothing: each is sent alone, so that one bad order holds up no other."""
        if len(batch) > 1:
            for claimed in batch:
                await self._send_batch([claimed])
            return
        found = await self._conflicting(batch[0], error)
        env = self._house.env
        if found is not None:
            verdict = Verdict(state=PushState.PUSHED, remote_id=found.remote_id)
        else:
            verdict = outcome.of_error(error, settling.past(batch[0]), self._policy, env.now(), env.random)
        self._ended.append(self._settled(batch[0], verdict, to_ms(env.now())))

    async def _conflicting(self, claimed: Claimed, error: Rejected) -> RemoteOutbound | None:
        """After "conflict": what the warehouse holds under our own key is ours."""
        remote: RemoteOutbound | None = getattr(error, "remote", None)
        if type(error) is Rejected:
            return None
        if remote is None and self._policy.can_find:
            try:
                remote = (await self._wms.find_outbound([claimed.key])).get(claimed.key)
            except ConnectorError as failure:
                self._lane.failed(failure)
        return remote if remote is not None and remote.key == claimed.key else None

    def _failed(self, batch: Sequence[Claimed], error: ConnectorError) -> None:
        env = self._house.env
        now = env.now()
        self._ended.extend(
            self._settled(c, outcome.of_error(error, settling.past(c), self._policy, now, env.random), to_ms(now))
            for c in batch
        )

    def _settled(self, claimed: Claimed, verdict: Verdict, at: int) -> Settled:
        return settling.settle(claimed, verdict, at, self._lane)

    def _count(self, ended: Sequence[Settled]) -> None:
        tally: dict[str, int] = {}
        for settled in ended:
            tally[settled.state.name.lower()] = tally.get(settled.state.name.lower(), 0) + 1
        for result, count in tally.items():
            self._lane.counted(result, count)

    async def _land(self) -> None:
        """End the run: wait for what flies, save it, give back what was claimed and not sent."""
        if self._flying:
            await asyncio.wait(self._flying)
        ended, self._ended = self._ended, []
        unsent, self._waiting = list(self._waiting), deque()
        if ended or unsent:
            await self._house.store.write(settling.land, self._lane.run, ended, unsent, self._house.env.now())
            self._count(ended)
            self._dry = self._dry and not unsent
        self._raise_crashes()
