"""The simulated warehouse: it refuses, loses answers, accepts late, and keeps its own books of what was created."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from crossdock.spec.connector import Capabilities
from crossdock.spec.errors import AuthFailed, BadResponse, RateLimited, Rejected, Retryable, UnknownOutcome
from crossdock.spec.outbound import CheckResult, PushResult, PushStatus, RemoteOutbound
from crossdock.testing.simulation.exchange_links import WMS_DECLARES, WMS_HOOKS, FloorLink
from crossdock.testing.simulation.order_book import BAD_SKU

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    from crossdock.spec.outbound import OutboundLine, OutboundRequest
    from crossdock.testing.simulation.chaos import SimEnv
    from crossdock.testing.simulation.clock import VirtualLoop
    from crossdock.testing.simulation.exchange import Exchange
    from crossdock.testing.simulation.floor import Floor
    from crossdock.testing.simulation.profiles import Profile

TIMEOUT_S = 1.0
"""How long our side waits for an answer."""
LATEST_S = 4.0
"""How long after our timeout a request may still be accepted."""
_FATES = (
    ("refused", 0.06), ("error", 0.05), ("error_after", 0.04), ("lost", 0.07), ("late", 0.06), ("limited", 0.04),
    ("partial", 0.09), ("slow", 0.06), ("auth", 0.006),
)  # fmt: skip


@dataclass(frozen=True)
class Document:
    """What the warehouse created."""

    key: str
    ref: str
    lines: tuple[OutboundLine, ...]
    at: float
    remote_id: str


class SimWms:
    """The remote side: it outlives every crash of ours."""

    def __init__(self, seed: str, name: str, loop: VirtualLoop, profile: Profile) -> None:
        self.name, self.idempotency = name, profile.idempotency
        self.random = random.Random(f"{seed}:{name}")
        self.documents: list[Document] = []
        self.by_key: dict[str, Document] = {}
        self.received: Counter[str] = Counter()
        self.checks = 0
        self.calm = False
        self.floor: Floor | None = None
        self._loop = loop

    def fate(self, items: Sequence[OutboundRequest]) -> str:
        """Draw how a call ends."""
        if len(items) > 1 and any(map(refusable, items)) and self.random.random() < 0.5:
            return "batch_refused"
        roll = self.random.random()
        if not self.calm:
            for name, chance in _FATES:
                if roll < chance:
                    return name
                roll -= chance
        return "well"

    def serve(self, items: Sequence[OutboundRequest], answer: asyncio.Future[list[PushResult]] | None = None) -> None:
        """Take requests as they arrive, whether or not anybody still waits for the answer."""
        results = [self._take(item) for item in items]
        if answer is not None and not answer.done():
            answer.set_result(results)

    def _take(self, item: OutboundRequest) -> PushResult:
        self.received[item.order_ref] += 1
        if refusable(item):
            return PushResult(key=item.key, status=PushStatus.REJECTED, code="sku", message="no such SKU")
        known = self.by_key.get(item.key)
        if known is not None and self.idempotency == "key":
            return PushResult(key=item.key, status=PushStatus.DUPLICATE, remote_id=known.remote_id)
        document = Document(
            item.key, item.order_ref, item.lines, self._loop.time(), f"{self.name}/{len(self.documents)}"
        )
        self.documents.append(document)
        self.by_key[item.key] = document
        if self.floor is not None:
            self.floor.receive(item, document.remote_id)
        return PushResult(key=item.key, status=PushStatus.ACCEPTED, remote_id=document.remote_id)


def refusable(item: OutboundRequest) -> bool:
    """Tell whether the warehouse never takes this request as it is."""
    return any(line.sku == BAD_SKU for line in item.lines)


class WmsLink(FloorLink):
    """One process's connection to the warehouse. `watch` sees every request before it leaves."""

    def __init__(
        self, wms: SimWms, env: SimEnv, watch: Callable[[Sequence[OutboundRequest]], None], loop: VirtualLoop,
        exchange: Exchange | None = None,
    ) -> None:  # fmt: skip
        hooks = frozenset({"push_outbound"} | (set() if wms.idempotency == "none" else {"find_outbound"}))
        hooks |= {"check"} if wms.name == "wms-a" else set()  # the other one cannot be asked how it is
        capabilities = Capabilities(idempotency=wms.idempotency, max_batch=4, batch_atomic=True)
        self.env = env
        if exchange is not None:
            self.floor, self.goods = exchange.floors[wms.name], exchange.goods[wms.name]
            self.catalogue = exchange.catalogues[wms.name]
            hooks |= WMS_HOOKS
            declared = WMS_DECLARES[wms.name]
            capabilities = msgspec.structs.replace(
                capabilities, updates=declared.updates, cancel_until=declared.cancel_until,
                tells_stage=declared.tells_stage,
            )  # fmt: skip
        super().__init__(wms.name, "wms", capabilities, hooks)
        self.in_flight = 0
        self.suspended_until: float | None = None
        self._wms, self._env, self._watch, self._loop = wms, env, watch, loop

    async def push_outbound(self, items: list[OutboundRequest]) -> list[PushResult]:
        """Send; what happens at the other side does not depend on whether we live to see it."""
        self._env.alive()
        if self.suspended_until is not None:
            raise Retryable("a suspended process sends nothing")
        self._watch(items)
        self.in_flight += 1
        try:
            return await self._send(items)
        finally:
            self.in_flight -= 1
            if self.suspended_until is not None:  # the process slept with this call under way
                await self._env.sleep(max(0.0, self.suspended_until - self._loop.time()))

    async def _send(self, items: list[OutboundRequest]) -> list[PushResult]:
        chance, fate = self._wms.random, self._wms.fate(items)
        await self._env.sleep(chance.uniform(0.005, 0.03))
        match fate:
            case "refused":
                raise Retryable("connection refused")
            case "limited":
                raise RateLimited("429", after=chance.choice((None, timedelta(seconds=1), timedelta(seconds=3))))
            case "auth":
                raise AuthFailed("401")
            case "error":
                raise UnknownOutcome("500; nothing was stored, but who knows")
            case "batch_refused":
                raise Rejected("the batch holds an unknown SKU", code="batch")
            case _:
                pass
        return await self._delivered(items, fate)

    async def _delivered(self, items: list[OutboundRequest], fate: str) -> list[PushResult]:
        chance = self._wms.random
        if fate == "late":
            self._loop.call_later(TIMEOUT_S + chance.uniform(0, LATEST_S), self._wms.serve, items)
            await self._env.sleep(TIMEOUT_S)
            raise UnknownOutcome("no answer in time")
        if fate == "partial":
            return await self._partly(items)
        answer: asyncio.Future[list[PushResult]] = self._loop.create_future()
        delay = chance.uniform(0.4, 0.9) if fate == "slow" else chance.uniform(0.01, 0.1)
        self._loop.call_later(delay, self._wms.serve, items, answer)
        results = await answer
        if fate == "lost":
            await self._env.sleep(TIMEOUT_S)
            raise UnknownOutcome("the answer was lost")
        if fate == "error_after":
            raise UnknownOutcome("500 after it was stored")
        if len(items) == 1 and results[0].status is PushStatus.REJECTED and chance.random() < 0.5:
            raise Rejected("no such SKU", code="sku")
        return sorted(results, key=lambda result: result.key)

    async def _partly(self, items: list[OutboundRequest]) -> list[PushResult]:
        """Each request of the batch ends in its own way."""
        chance, results = self._wms.random, []
        for item in items:
            roll = chance.random()
            if roll < 0.2:
                results.append(PushResult(key=item.key, status=PushStatus.RETRY, message="later"))
                continue
            if roll < 0.35:
                results.append(PushResult(key=item.key, status=PushStatus.UNKNOWN))
                self._loop.call_later(chance.uniform(0, LATEST_S), self._wms.serve, [item])
                continue
            answer: asyncio.Future[list[PushResult]] = self._loop.create_future()
            self._wms.serve([item], answer)
            if roll < 0.85:  # the others have no result, although they were taken
                results += answer.result()
        await self._env.sleep(chance.uniform(0.01, 0.1))
        return results

    async def check(self) -> CheckResult:
        """Say how the warehouse is, as unreliably as it does everything else."""
        self._env.alive()
        self._wms.checks += 1
        await self._env.sleep(self._wms.random.uniform(0.005, 0.05))
        roll = self._wms.random.random() * (100 if self._wms.calm else 1)
        if roll < 0.1:
            raise self._wms.random.choice((Retryable("503"), AuthFailed("401"), BadResponse("HTML")))
        return CheckResult(ok=roll > 0.15)

    async def find_outbound(self, keys: list[str]) -> dict[str, RemoteOutbound | None]:
        """Say what was created under each key."""
        self._env.alive()
        chance = self._wms.random
        await self._env.sleep(chance.uniform(0.005, 0.05))
        roll = chance.random() * (100 if self._wms.calm else 1)
        if roll < 0.06:
            raise Retryable("503")
        if roll < 0.09:
            raise BadResponse("HTML instead of documents")
        found = {key: self._wms.by_key.get(key) for key in keys}
        await self._env.sleep(chance.uniform(0.005, 0.05))
        return {key: None if document is None else self._seen(document) for key, document in found.items()}

    def _seen(self, document: Document) -> RemoteOutbound:
        floor = self._wms.floor
        if floor is None:
            return RemoteOutbound(key=document.key, remote_id=document.remote_id)
        shipment = floor.shipments[document.key]
        return RemoteOutbound(
            key=document.key, remote_id=document.remote_id, stage=shipment.stage, held=shipment.held,
            revision=shipment.content.revision, content=shipment.content,
        )  # fmt: skip
