"""The client's calls about what people decided: strategies, warehouses, allocation rules, mappings."""

from __future__ import annotations

from typing import TypeVar

from crossdock.control.records.book import (
    Allocation,
    AllocationPage,
    AutoPush,
    Mapping,
    MappingPage,
    Removed,
    SavedAllocation,
    SavedStrategy,
    SavedWarehouse,
    Strategy,
    StrategyPage,
    SwapAllocation,
    Warehouse,
    WarehousePage,
)
from crossdock.control.transport import Transport, part

T = TypeVar("T", Strategy, Warehouse, Allocation)


def _plain(kind: type[T], entry: T) -> T:
    """Leave out what only an answer says: an entry as it was saved may be changed and saved again."""
    return kind(**{name: getattr(entry, name) for name in kind.__struct_fields__})


class BookCalls(Transport):
    """Entries of the book."""

    async def strategies(self, after: str | None = None) -> StrategyPage:
        """List the push strategies."""
        return await self.call("GET", "/v1/strategies", StrategyPage, after=after)

    async def strategy(self, name: str) -> Strategy:
        """Show one push strategy."""
        return await self.call("GET", f"/v1/strategies/{part(name)}", Strategy)

    async def save_strategy(self, strategy: Strategy) -> SavedStrategy:
        """Save a push strategy at the revision that was read."""
        return await self.call(
            "PUT", f"/v1/strategies/{part(strategy.name)}", SavedStrategy, _plain(Strategy, strategy)
        )

    async def remove_strategy(self, name: str, revision: int) -> Removed:
        """Remove a push strategy."""
        return await self.call("DELETE", f"/v1/strategies/{part(name)}", Removed, revision=revision)

    async def warehouses(self, after: str | None = None) -> WarehousePage:
        """List the warehouses."""
        return await self.call("GET", "/v1/warehouses", WarehousePage, after=after)

    async def warehouse(self, code: str) -> Warehouse:
        """Show one warehouse."""
        return await self.call("GET", f"/v1/warehouses/{part(code)}", Warehouse)

    async def save_warehouse(self, warehouse: Warehouse) -> SavedWarehouse:
        """Save a warehouse at the revision that was read."""
        return await self.call(
            "PUT", f"/v1/warehouses/{part(warehouse.code)}", SavedWarehouse, _plain(Warehouse, warehouse)
        )

    async def remove_warehouse(self, code: str, revision: int) -> Removed:
        """Remove a warehouse."""
        return await self.call("DELETE", f"/v1/warehouses/{part(code)}", Removed, revision=revision)

    async def switch_auto_push(self, code: str, revision: int, *, on: bool) -> Warehouse:
        """Switch a warehouse's auto push."""
        body = AutoPush(on=on, revision=revision)
        return await self.call("POST", f"/v1/warehouses/{part(code)}/auto-push", Warehouse, body)

    async def allocation(self, after: str | None = None) -> AllocationPage:
        """List the allocation rules."""
        return await self.call("GET", "/v1/allocation", AllocationPage, after=after)

    async def allocation_rule(self, position: int) -> Allocation:
        """Show one allocation rule."""
        return await self.call("GET", f"/v1/allocation/{position}", Allocation)

    async def save_allocation(self, rule: Allocation) -> SavedAllocation:
        """Save an allocation rule at the revision that was read."""
        return await self.call("PUT", f"/v1/allocation/{rule.position}", SavedAllocation, _plain(Allocation, rule))

    async def remove_allocation(self, position: int, revision: int) -> Removed:
        """Remove an allocation rule."""
        return await self.call("DELETE", f"/v1/allocation/{position}", Removed, revision=revision)

    async def swap_allocation(self, rule: Allocation, other: Allocation) -> AllocationPage:
        """Let two allocation rules change places; return them as they stand now."""
        body = SwapAllocation(revision=rule.revision, other=other.position, other_revision=other.revision)
        return await self.call("POST", f"/v1/allocation/{rule.position}/swap", AllocationPage, body)

    async def mappings(
        self, warehouse: str | None = None, kind: str | None = None, after: str | None = None
    ) -> MappingPage:
        """List the mappings."""
        return await self.call("GET", "/v1/mappings", MappingPage, warehouse=warehouse, kind=kind, after=after)

    async def mapping(self, warehouse: str, kind: str, ours: str) -> Mapping:
        """Show one mapping."""
        return await self.call("GET", _mapping(warehouse, kind, ours), Mapping)

    async def save_mapping(self, mapping: Mapping) -> Mapping:
        """Save a mapping at the revision that was read."""
        return await self.call("PUT", _mapping(mapping.warehouse, mapping.kind, mapping.ours), Mapping, mapping)

    async def remove_mapping(self, warehouse: str, kind: str, ours: str, revision: int) -> Removed:
        """Remove a mapping."""
        return await self.call("DELETE", _mapping(warehouse, kind, ours), Removed, revision=revision)


def _mapping(warehouse: str, kind: str, ours: str) -> str:
    return f"/v1/mappings/{part(warehouse)}/{part(kind)}/{part(ours)}"
