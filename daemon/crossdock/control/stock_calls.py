"""The client's calls about stock."""

from __future__ import annotations

from crossdock.control.records.asks import Queued
from crossdock.control.records.stock import FetchStock, StockPage, StockSwitch, StockSwitches, SwitchStock
from crossdock.control.transport import Transport


class StockCalls(Transport):
    """Stock levels and the switches."""

    async def stock(self, **query: object) -> StockPage:
        """List stock levels; the parameters are StockQuery's."""
        return await self.call("GET", "/v1/stock", StockPage, **query)

    async def fetch_stock(self, connection: str) -> Queued:
        """Fetch the stock of a WMS now."""
        return await self.call("POST", "/v1/stock/fetch", Queued, FetchStock(connection=connection))

    async def stock_switches(self) -> StockSwitches:
        """List which warehouses send their stock."""
        return await self.call("GET", "/v1/stock/switches", StockSwitches)

    async def switch_stock(
        self, warehouse: str, *, on: bool, oms: str = "", revision: int | None = None
    ) -> StockSwitch:
        """Switch whether a warehouse's stock goes to an OMS."""
        body = SwitchStock(warehouse=warehouse, on=on, oms=oms, revision=revision)
        return await self.call("POST", "/v1/stock/switch", StockSwitch, body)
