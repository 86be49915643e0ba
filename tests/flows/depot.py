"""A bench with a warehouse that takes changes: the sandbox WMS without a wire, and the operations of its connection."""

from __future__ import annotations

import msgspec

from crossdock.env import Env
from crossdock.flows.decide_by_hand import decide_by_hand
from crossdock.flows.operations import carry_out
from crossdock.flows.outbound_changes import CancelHandler, HoldHandler, UpdateHandler
from crossdock.flows.report_push import report_pushes
from crossdock.rules.connection_health import Limits
from crossdock.rules.mutability import Abilities
from crossdock.rules.operation_outcome import OperationPolicy
from crossdock.spec.orders import Address, Recipient
from crossdock.spec.outbound import PushResult, PushStatus, RemoteOutbound
from crossdock.store import amendments, incidents
from crossdock.testing.sandbox.call import Call
from crossdock.testing.sandbox.wms import WmsCore
from crossdock.testing.sandbox.wms_books import WmsBooks
from crossdock.testing.sandbox.wms_changes import Changes

FULL = Abilities(can_update=True, can_cancel=True, can_hold=True, can_find=True, tells_stage=True)


class CoreWms:
    """The sandbox WMS without a wire; a failure of `failures` is raised instead of the answer, after the effect or before."""

    lookup = 100

    def __init__(self, env: Env, asks_from=None) -> None:
        self.books = WmsBooks(("1",))
        self.changes = Changes(self.books, asks_from=asks_from)
        self.core = WmsCore(self.books, env.now, (self.changes,))
        self.calls: list[str] = []
        self.refuse_holds = False
        self.lost: dict[str, Exception] = {}
        self.unsent: dict[str, Exception] = {}

    async def _post(self, path, body, kind):
        self.calls.append(path)
        if (failure := self.unsent.pop(path, None)) is not None:
            raise failure
        headers = {"idempotency-key": "k", "content-type": "application/json"}
        call = Call(method="POST", path=path, headers=headers, body=msgspec.json.encode(body))
        answer = self.core.answer(call)
        if (failure := self.lost.pop(path, None)) is not None:
            raise failure
        return msgspec.json.decode(answer.body, type=kind)

    async def push_outbound(self, items):
        found = await self._post("/v1/outbounds", {"items": items}, dict[str, list[PushResult]])
        return found["results"]

    async def find_outbound(self, keys):
        found = await self._post("/v1/outbounds/find", {"keys": keys}, dict[str, dict[str, RemoteOutbound | None]])
        return found["found"]

    async def update_outbound(self, items):
        found = await self._post("/v1/outbounds/update", {"items": items}, dict[str, list[PushResult]])
        return found["results"]

    async def cancel_outbound(self, item):
        return await self._post("/v1/outbounds/cancel", item, PushResult)

    async def hold_outbound(self, item):
        if self.refuse_holds:
            return PushResult(key=item.key, status=PushStatus.REJECTED, code="busy", message="nobody listens")
        return await self._post("/v1/outbounds/hold", item, PushResult)


class Depot:
    """The bench with a warehouse that takes changes."""

    def __init__(self, bench, kit, abilities=FULL, asks_from=None) -> None:
        self.bench, self.kit, self.abilities = bench, kit, abilities
        self.wms = bench.wms = CoreWms(bench.env, asks_from)
        bench.house.books.abilities["wms"] = abilities

    async def push(self, *made):
        await self.bench.absorb(*made)
        await self.bench.push()

    async def operate(self):
        bench = self.bench
        handlers = {
            each.kind: each
            for each in (
                UpdateHandler(self.wms, bench.house, self.abilities, batch=10),
                CancelHandler(self.wms, bench.house, self.abilities, asks=self.abilities.tells_stage),
                HoldHandler(self.wms, bench.house, self.abilities),
            )
        }
        bench.runs += 1
        lane = self.kit.lane(bench.runs)
        policy = OperationPolicy(limits=Limits(), settle=self.kit.SETTLE)
        await carry_out(handlers, bench.house, lane, policy, 4)
        await bench.decide()
        return lane

    async def state(self, ref="1"):
        return (await self.bench.row(ref)).state

    async def content(self, ref="1"):
        return self.wms.changes.content((await self.bench.row(ref)).key)

    async def move(self, stage, ref="1"):
        self.wms.changes.move((await self.bench.row(ref)).key, stage)

    async def decisions(self, ref="1"):
        row = await self.bench.row(ref)
        record = await self.bench.store.read(amendments.load, row.id)
        return {each.path: each.move.value for each in record.decisions()}

    async def incidents(self, ref="1"):
        stored = await self.bench.stored(ref)
        found = await self.bench.store.read(incidents.of_subject, f"order:{stored.id}")
        return [(each.operation, each.code) for each in found]

    async def reports(self):
        await report_pushes("oms", self.bench.oms, self.bench.house)
        return [(each.order_ref, each.status) for each in self.bench.oms.reports]

    async def choose(self, verdict, ref="1"):
        (answer,) = await self.bench.store.write(
            decide_by_hand, [("oms", ref)], verdict, "as the customer says", "ann", self.bench.desk
        )
        return answer

    def moved(self, place="2 New Road"):
        return Recipient(name="Ann", address=Address(lines=(place,)))
