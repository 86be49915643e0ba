"""Send what is due to a warehouse: claim, call, judge, save; results and next claims share a transaction."""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from crossdock.flows import settling
from crossdock.flows.settle_doubt import ask_about_doubts
from crossdock.rules import outcome
from crossdock.rules.push_states import PushState
from crossdock.spec.errors import ConnectorError, ContractError, Rejected, UnknownOutcome, Unsupported
from crossdock.spec.outbound import OutboundRequest, RemoteOutbound
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.flows.house import House
    from crossdock.flows.lane import Lane, Wms
    from crossdock.rules.outcome import PushPolicy, Verdict
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
    """One run: senders that take batches from what was claimed, and one place that saves what they bring."""

    def __init__(self, wms: Wms, house: House, lane: Lane, policy: PushPolicy, sending: Sending) -> None:
        self._wms, self._house, self._lane = wms, house, lane
        self._policy, self._sending = policy, sending
        self._may_split = outcome.may_split(policy)
        self._waiting: deque[Claimed] = deque()
        self._ended: list[Settled] = []
        self._flying = 0
        self._idle: deque[asyncio.Future[None]] = deque()
        self._kick = asyncio.Event()
        self._last_save = house.env.monotonic()
        self._half = max(1, sending.claim // 2)
        self._dry = False
        self._crash: BaseException | None = None

    async def run(self) -> bool:
        """Pump until nothing is due, or the lane says stop; everything claimed is settled or given back.

        True if there is work left. A cancelled run leaves its rows as sending: the next run finds them. So does a fault of
        our own, but only those of the call that it was about; what other calls brought is saved before it is raised.
        """
        senders = [asyncio.create_task(self._sender()) for _ in range(self._sending.concurrency)]
        try:
            while await self._save_and_claim():
                self._employ()
                await self._pause()
            await self._land()
        finally:
            for sender in senders:
                sender.cancel()
            await asyncio.gather(*senders, return_exceptions=True)
        return not self._dry

    def _going(self) -> bool:
        return self._lane.keep_going() and self._lane.may_call()

    async def _save_and_claim(self) -> bool:
        """Save results and claim more in one transaction; False when this run is over."""
        if self._crash is not None or not self._going():
            return False
        want = 0 if self._dry else self._sending.claim - len(self._waiting)
        if want > self._sending.claim // 2 or self._worth_saving():
            ended, self._ended = self._ended, []
            claimed = await self._house.store.write(
                settling.exchange, self._lane, ended, want, self._policy, self._house.env.now()
            )
            self._house.env.failpoint("push.claimed")
            self._last_save = self._house.env.monotonic()
            self._dry = self._dry or len(claimed) < want
            self._waiting.extend(claimed)
            self._count(ended)
        return bool(not self._dry or self._waiting or self._flying or self._ended)

    def _worth_saving(self) -> bool:
        if not self._ended:
            return False
        idle = not self._flying and not self._waiting
        due = self._house.env.monotonic() - self._last_save >= self._sending.flush_s
        return idle or due or len(self._ended) >= self._half

    def _employ(self) -> None:
        """Wake as many idle senders as there are batches for."""
        batches = -(-len(self._waiting) // self._sending.max_batch)
        while self._idle and batches > 0:
            sender = self._idle.popleft()
            if not sender.done():
                sender.set_result(None)
                batches -= 1

    async def _pause(self) -> None:
        """Wait until there is something to save or to claim, or results have waited long enough."""
        self._kick.clear()
        if self._crash is None and not self._needs_saving():
            try:
                async with asyncio.timeout(self._sending.flush_s if self._ended or not self._flying else None):
                    await self._kick.wait()
            except TimeoutError:
                pass
        if self._crash is not None and not isinstance(self._crash, Exception):
            raise self._crash  # the process ends here: nothing is saved any more

    def _needs_saving(self) -> bool:
        idle = not self._waiting and not self._flying
        low = not self._dry and len(self._waiting) < self._half
        return idle or low or len(self._ended) >= self._half

    async def _sender(self) -> None:
        """Send batch after batch; wait where there is none, or where only one call may be under way."""
        while True:
            if (
                self._crash is not None
                or not self._waiting
                or (self._flying and self._lane.alone())
                or not self._going()
            ):
                chair = asyncio.get_running_loop().create_future()
                self._idle.append(chair)
                await chair
                continue
            batch = self._next_batch()
            self._flying += 1
            try:
                await self._send_batch(batch)
            except asyncio.CancelledError:
                raise
            except BaseException as fault:  # noqa: BLE001 - a fault of our own must stop the run, not vanish in a task
                self._crash = fault
            finally:
                self._flying -= 1
            if self._crash is not None or self._needs_saving() or self._lane.alone() or not self._going():
                self._kick.set()

    def _next_batch(self) -> list[Claimed]:
        """Take what is sent next. What was in doubt goes alone where a refused batch would be in doubt as a whole again."""
        most = min(self._sending.max_batch, len(self._waiting))
        if not self._may_split:
            together = itertools.takewhile(lambda claimed: not claimed.doubted, itertools.islice(self._waiting, most))
            most = max(1, sum(1 for _ in together))
        return [self._waiting.popleft() for _ in range(most)]

    async def _send_batch(self, batch: Sequence[Claimed]) -> None:
        env = self._house.env
        env.failpoint("push.before_send")
        try:
            results = await self._wms.push_outbound([_read_request(claimed.body) for claimed in batch])
        except Rejected as error:
            self._lane.succeeded(1)
            await self._one_by_one(batch, error)
            return
        except Unsupported as error:
            self._lane.succeeded(1)  # an answer about what is asked for, not about how the connection is
            self._failed(batch, error)
            return
        except ConnectorError as error:
            self._lane.failed(error)
            self._failed(batch, error)
            return
        env.failpoint("push.after_send")
        by_key = {result.key: result for result in results}
        if by_key:
            self._lane.succeeded(1)
        else:  # each is in doubt; without this an answer that never names an order would be sent for again for ever
            self._lane.failed(ContractError(f"push_outbound of {self._lane.connection} named none of its orders"))
        now = env.now()
        self._ended.extend(
            self._settled(
                c, outcome.of_result(by_key.get(c.key), settling.past(c), self._policy, now, env.random), to_ms(now)
            )
            for c in batch
        )

    async def _one_by_one(self, batch: Sequence[Claimed], error: Rejected) -> None:
        """After a batch was refused as a whole each is sent alone, so that one bad order holds up no other."""
        if len(batch) > 1 and not self._may_split:
            text = f"the batch was refused as a whole, and what of it was stored is not known: {error.message}"
            self._failed(batch, UnknownOutcome(text, detail=error.detail))
            return
        if len(batch) > 1:
            for claimed in batch:
                await self._send_batch([claimed])
            return
        found = await self._conflicting(batch[0], error)
        env = self._house.env
        if found is not None:
            verdict = outcome.of_found(found)
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
            except Unsupported:
                return None  # a warehouse that cannot be asked is no broken one
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
        if claimed.state is PushState.IN_DOUBT:
            verdict = outcome.still_in_doubt(verdict)
        return settling.settle(claimed, verdict, at, self._lane)

    def _count(self, ended: Sequence[Settled]) -> None:
        tally: dict[str, int] = {}
        for settled in ended:
            tally[settled.state.name.lower()] = tally.get(settled.state.name.lower(), 0) + 1
        for result, count in tally.items():
            self._lane.counted(result, count)

    async def _land(self) -> None:
        """End the run: wait for what flies, save it, give back what was claimed and not sent."""
        unsent, self._waiting = list(self._waiting), deque()
        while self._flying:
            self._kick.clear()
            await self._kick.wait()
        ended, self._ended = self._ended, []
        if ended or unsent:
            await self._house.store.write(settling.land, self._lane.run, ended, unsent, self._house.env.now())
            self._count(ended)
            self._dry = self._dry and not unsent
        if self._crash is not None:
            raise self._crash
