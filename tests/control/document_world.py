"""A control world whose WMS lists documents and whose OMS takes them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal

from tests.control.world import FakeOms, FakeWms, World

from crossdock.flows import documents as flow
from crossdock.spec.documents import (
    InboundDoc,
    InboundKind,
    InboundLine,
    InboundState,
    OutboundDoc,
    OutboundDocLine,
    OutboundKind,
    Receipt,
)
from crossdock.spec.listing import Listing
from crossdock.spec.outbound import ItemResult, Stage

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class DocumentOms(FakeOms):
    hooks = FakeOms.hooks | {"apply_outbound", "apply_inbound"}

    def __init__(self):
        super().__init__()
        self.entered, self.refuses = [], {}

    async def apply_outbound(self, items):
        return [self._enter(item) for item in items]

    async def apply_inbound(self, items):
        return [self._enter(item) for item in items]

    def _enter(self, item):
        message = self.refuses.get(item.document.ref)
        if message is None:
            self.entered.append((item.document.ref, item.document.revision))
        return ItemResult(ref=item.key, ok=message is None, code=message and "bad", message=message)


class DocumentWms(FakeWms):
    hooks = FakeWms.hooks | {"fetch_outbound", "fetch_inbound"}

    def __init__(self, idempotency="key"):
        super().__init__(idempotency)
        self.outbound, self.inbound = [], []

    async def fetch_outbound(self, window, cursor, limit):
        return Listing(items=tuple(self.outbound))

    async def fetch_inbound(self, window, cursor, limit):
        return Listing(items=tuple(self.inbound))


class DocumentWorld(World):
    def __init__(self, folder, **options):
        super().__init__(folder, **options)
        self.oms, self.wms = DocumentOms(), DocumentWms()

    async def take(self, *documents):
        """Take documents in as a page would bring them, and have them sent."""
        taken = await self.store.write(flow.absorb, "wms", documents, self.requests.documents.desk())
        self.engine.wake_operations(taken.wake)

    async def until_status(self, ref, status):
        async with self.client() as client, asyncio.timeout(20):
            while True:
                found = (await client.documents(text=ref)).items
                if [item.push_status for item in found] == [status]:
                    return found[0]
                await asyncio.sleep(0.005)


def outbound(ref="D1", revision=1, **fields):
    base = {
        "ref": ref, "kind": OutboundKind.MANUAL, "revision": revision, "warehouse": "W1", "stage": Stage.OUTBOUND,
        "lines": (OutboundDocLine(line_no=1, sku="A", planned=Decimal(3)),), "updated_at": NOW, "number": f"N-{ref}",
    }  # fmt: skip
    return OutboundDoc(**{**base, **fields})


def inbound(ref="I1", revision=1, **fields):
    base = {
        "ref": ref, "kind": InboundKind.RECEIPT, "revision": revision, "warehouse": "W1",
        "state": InboundState.PART_COMPLETE, "updated_at": NOW, "note": "ask Somchai, 081 234 5678",
        "lines": (InboundLine(line_no=1, sku="A", planned=Decimal(9), planned_unit_cost=Decimal("2.50")),),
        "receipts": (Receipt(ref="R1", line_no=1, quantity=Decimal(4), at=NOW, unit_cost=Decimal("2.75")),),
    }  # fmt: skip
    return InboundDoc(**{**base, **fields})
