"""Strategies, warehouses, allocation rules and mappings; rules/book.py says what each field means."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field


class Strategy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A push strategy."""

    name: str
    kind: Literal["standard", "advance", "custom_advance", "manual_only"]
    shops: tuple[str, ...] | None = None
    logistics: tuple[str, ...] | None = None
    minimum_status: str = "paid"
    gift_gate: Literal["off", "wait_flag", "wait_minutes"] = "off"
    gift_minutes: int = 0
    delay_minutes: int = 0
    not_before: str | None = None
    not_after: str | None = None
    enabled: bool = True
    revision: int = 0


class Warehouse(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A warehouse and how orders are pushed to it."""

    code: str
    connection: str
    remote: str
    name: str = ""
    oms_code: str | None = None
    strategies: tuple[str, ...] = ()
    auto_push: bool = False
    auto_bind: bool = True
    need_logistics_mapping: bool = False
    max_age_days: int | None = None
    enabled: bool = True
    revision: int = 0
    oms: str | None = None


class Allocation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule that sends orders to a warehouse."""

    position: int
    warehouse: str
    shops: tuple[str, ...] | None = None
    countries: tuple[str, ...] | None = None
    logistics: tuple[str, ...] | None = None
    revision: int = 0


class Mapping(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a warehouse calls something; `theirs` None: it must not be sent at all."""

    warehouse: str
    kind: Literal["sku", "logistics"]
    ours: str
    theirs: str | None
    revision: int = 0


class SavedStrategy(Strategy, frozen=True, kw_only=True):
    """A strategy as it was saved; `warnings` say what of it no OMS offers."""

    warnings: tuple[str, ...] = ()


class SavedWarehouse(Warehouse, frozen=True, kw_only=True):
    """A warehouse as it was saved; `warnings` say that its WMS offers no such one."""

    warnings: tuple[str, ...] = ()


class SavedAllocation(Allocation, frozen=True, kw_only=True):
    """An allocation rule as it was saved; `warnings` say what of it no OMS offers."""

    warnings: tuple[str, ...] = ()


class StrategyPage(Struct, frozen=True, kw_only=True):
    """Strategies by name; `explained` says what each kind does, `minimum_statuses` are those that one may wait for, in order."""

    items: tuple[Strategy, ...]
    explained: dict[str, str] = field(default_factory=dict)
    minimum_statuses: tuple[str, ...] = ()
    next: str | None = None


class WarehousePage(Struct, frozen=True, kw_only=True):
    """Warehouses by code."""

    items: tuple[Warehouse, ...]
    next: str | None = None


class AllocationPage(Struct, frozen=True, kw_only=True):
    """Allocation rules in the order in which they are tried."""

    items: tuple[Allocation, ...]
    next: str | None = None


class MappingPage(Struct, frozen=True, kw_only=True):
    """Mappings by warehouse, kind and our value."""

    items: tuple[Mapping, ...]
    next: str | None = None


class AutoPush(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Switch a warehouse's auto push. `revision` is the one that was read."""

    on: bool
    revision: Annotated[int, Meta(ge=1, le=2**31)]


class SwapAllocation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Let two allocation rules change places. The revisions are those that were read."""

    revision: Annotated[int, Meta(ge=1, le=2**31)]
    other: Annotated[int, Meta(ge=0, le=1_000_000)]
    other_revision: Annotated[int, Meta(ge=1, le=2**31)]


class Removed(Struct, frozen=True, kw_only=True):
    """An entry was removed."""

    text: str
