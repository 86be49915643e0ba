"""The client's calls about orders and what people ask to be done with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.control.records.asks import (
    ForOrders,
    HoldOrders,
    Matching,
    Obtain,
    Queued,
    QueuedList,
    Redrive,
    ReleaseOrders,
    Results,
    SettleOrder,
    Sync,
    SyncList,
)
from crossdock.control.records.orders import Explanation, OrderDetail, OrderPage, OrderRef
from crossdock.control.transport import Transport, part

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal


class OrderCalls(Transport):
    """Orders."""

    async def orders(self, **query: object) -> OrderPage:
        """List orders; the parameters are OrderQuery's."""
        return await self.call("GET", "/v1/orders", OrderPage, **query)

    async def order(self, connection: str, ref: str) -> OrderDetail:
        """Show one order."""
        return await self.call("GET", f"/v1/orders/{part(connection)}/{part(ref)}", OrderDetail)

    async def explain(self, order: str, connection: str | None = None) -> Explanation:
        """Explain one order, by its reference or number."""
        return await self.call("GET", "/v1/explain", Explanation, order=order, connection=connection)

    async def obtain(self, connection: str, warehouse: str) -> Queued:
        """Fetch new orders and queue what a strategy of the warehouse matches."""
        return await self.call("POST", "/v1/obtain", Queued, Obtain(connection=connection, warehouse=warehouse))

    async def sync(self, connection: str, refs: Sequence[str]) -> Queued:
        """Fetch chosen orders again."""
        return await self.call("POST", "/v1/sync", Queued, Sync(connection=connection, refs=tuple(refs)))

    async def sync_list(self, wanted: SyncList) -> QueuedList:
        """Fetch every order of a tab or stage again."""
        return await self.call("POST", "/v1/sync/list", QueuedList, wanted)

    async def push(self, orders: Sequence[OrderRef]) -> Results:
        """Push chosen orders by hand."""
        return await self.call("POST", "/v1/push", Results, ForOrders(orders=tuple(orders)))

    async def hold(self, orders: Sequence[OrderRef], reason: str) -> Results:
        """Hold chosen orders."""
        return await self.call("POST", "/v1/hold", Results, HoldOrders(orders=tuple(orders), reason=reason))

    async def release(self, orders: Sequence[OrderRef], what: Literal["hold", "gift_gate"] = "hold") -> Results:
        """End the hold of chosen orders, or open their gift gate."""
        return await self.call("POST", "/v1/release", Results, ReleaseOrders(orders=tuple(orders), what=what))

    async def settle(self, settlement: SettleOrder) -> Results:
        """Settle a push in doubt by hand."""
        return await self.call("POST", "/v1/settle", Results, settlement)

    async def redrive(self, wanted: Redrive) -> Results:
        """Send failed orders again."""
        return await self.call("POST", "/v1/redrive", Results, wanted)

    async def count_failed(self, **query: object) -> Matching:
        """Count the failed orders that would be sent again; the parameters are FailedQuery's."""
        return await self.call("GET", "/v1/redrive", Matching, **query)

    async def probe(self, orders: Sequence[OrderRef]) -> Results:
        """Have warehouses asked now about orders in doubt."""
        return await self.call("POST", "/v1/probe", Results, ForOrders(orders=tuple(orders)))
