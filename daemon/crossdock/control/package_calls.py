"""The client's calls about package outbound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.control.records.asks import Results
from crossdock.control.records.packages import Acknowledge, CancelOrders, DecidePackages, PackagePage
from crossdock.control.transport import Transport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.control.records.base import ChoiceName
    from crossdock.control.records.orders import OrderRef


class PackageCalls(Transport):
    """Packages: what warehouses have."""

    async def packages(self, **query: object) -> PackagePage:
        """List packages; the parameters are PackageQuery's."""
        return await self.call("GET", "/v1/packages", PackagePage, **query)

    async def decide_packages(self, orders: Sequence[OrderRef], choice: ChoiceName, reason: str) -> Results:
        """Decide about changes and cancellations that wait for a person."""
        body = DecidePackages(orders=tuple(orders), choice=choice, reason=reason)
        return await self.call("POST", "/v1/packages/decide", Results, body)

    async def acknowledge(self, orders: Sequence[OrderRef]) -> Results:
        """Take the mark "(Updated)" off chosen orders."""
        return await self.acknowledge_wanted(Acknowledge(orders=tuple(orders)))

    async def acknowledge_wanted(self, wanted: Acknowledge) -> Results:
        """Take the mark "(Updated)" off orders: those named, or a page of all that carry it."""
        return await self.call("POST", "/v1/acknowledge", Results, wanted)

    async def cancel(self, orders: Sequence[OrderRef], reason: str) -> Results:
        """Have the warehouses of chosen orders asked not to ship them."""
        return await self.call("POST", "/v1/cancel", Results, CancelOrders(orders=tuple(orders), reason=reason))
