"""What people decided: strategies, warehouses, allocation rules, mappings. Read-only input of every decision."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from msgspec import Meta, Struct, field

from crossdock.rules.master_policy import MasterPolicy
from crossdock.rules.mutability import Abilities
from crossdock.spec.orders import OrderStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

Code = Annotated[str, Meta(min_length=1, max_length=60)]
Minutes = Annotated[int, Meta(ge=0, le=60 * 24 * 60)]
ClockTime = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class StrategyKind(StrEnum):
    """When an order goes to its warehouse; `explained` has the sentence for each."""

    STANDARD = "standard"
    ADVANCE = "advance"
    CUSTOM_ADVANCE = "custom_advance"
    MANUAL_ONLY = "manual_only"


EXPLAINED: dict[StrategyKind, str] = {
    StrategyKind.STANDARD: "Pushes an order once its shipment is arranged: it has a tracking number and a shipping label.",
    StrategyKind.ADVANCE: "Pushes an order ahead of time: before its tracking number and shipping label exist.",
    StrategyKind.CUSTOM_ADVANCE: "Pushes ahead of time, but only orders of the designated stores and logistics.",
    StrategyKind.MANUAL_ONLY: "Never pushes by itself; a person pushes the order.",
}


class GiftGate(StrEnum):
    """What an order waits for while gifts may still be added to it."""

    OFF = "off"
    WAIT_FLAG = "wait_flag"
    WAIT_MINUTES = "wait_minutes"


class PushStrategy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A named strategy. A ticked condition (`shops`, `logistics` not None) must match; its values are alternatives.

    `not_before` and `not_after` (HH:MM, UTC) bound the time of day. `delay_minutes` counts from the order's creation.
    """

    name: Code
    kind: StrategyKind
    shops: tuple[str, ...] | None = None
    logistics: tuple[str, ...] | None = None
    minimum_status: OrderStatus = OrderStatus.PAID
    gift_gate: GiftGate = GiftGate.OFF
    gift_minutes: Minutes = 0
    delay_minutes: Minutes = 0
    not_before: ClockTime | None = None
    not_after: ClockTime | None = None
    enabled: bool = True
    revision: int = 0


class Warehouse(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A warehouse, the WMS connection that serves it, and how orders are pushed to it.

    `remote` is its code in the WMS, `oms_code` the code by which the OMS names it on orders. `strategies` are names in
    order: the first that matches wins. `auto_bind`: a SKU that nobody mapped goes by its own text. `oms` is the OMS
    connection that gets its documents; None: the only one there is.
    """

    code: Code
    connection: Code
    remote: Code
    name: str = ""
    oms_code: str | None = None
    strategies: tuple[str, ...] = ()
    auto_push: bool = False
    auto_bind: bool = True
    need_logistics_mapping: bool = False
    max_age_days: Annotated[int, Meta(ge=1, le=3650)] | None = None
    enabled: bool = True
    revision: int = 0
    oms: Code | None = None


class AllocationRule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sends orders to a warehouse. Rules are tried by `position`; a dimension that is None matches all."""

    position: Annotated[int, Meta(ge=0, le=1_000_000)]
    warehouse: Code
    shops: tuple[str, ...] | None = None
    countries: tuple[str, ...] | None = None
    logistics: tuple[str, ...] | None = None
    revision: int = 0


class MappingKind(StrEnum):
    """What a mapping translates."""

    SKU = "sku"
    LOGISTICS = "logistics"


class Mapping(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a warehouse calls something: our value → the warehouse's. `theirs` None: it must not be sent at all."""

    warehouse: Code
    kind: MappingKind
    ours: Annotated[str, Meta(min_length=1, max_length=200)]
    theirs: Annotated[str, Meta(min_length=1, max_length=200)] | None
    revision: int = 0


class Book(Struct, frozen=True, kw_only=True):
    """Everything people decided, as it stood at `revision`. `abilities` are those of each WMS connection that was open."""

    revision: int = 0
    window_days: int = 30
    strategies: dict[str, PushStrategy] = field(default_factory=dict)
    warehouses: dict[str, Warehouse] = field(default_factory=dict)
    by_oms_code: dict[str, Warehouse] = field(default_factory=dict)
    allocation: tuple[AllocationRule, ...] = ()
    skus: dict[tuple[str, str], str | None] = field(default_factory=dict)
    logistics: dict[tuple[str, str], str | None] = field(default_factory=dict)
    masters: dict[str, MasterPolicy] = field(default_factory=dict)
    abilities: dict[str, Abilities] = field(default_factory=dict)


def make_book(
    revision: int,
    window_days: int,
    strategies: list[PushStrategy],
    warehouses: list[Warehouse],
    allocation: list[AllocationRule],
    mappings: list[Mapping],
    masters: Sequence[MasterPolicy] = (),
) -> Book:
    """Arrange what the store holds for quick look-up."""
    return Book(
        revision=revision,
        window_days=window_days,
        strategies={strategy.name: strategy for strategy in strategies},
        warehouses={warehouse.code: warehouse for warehouse in warehouses},
        by_oms_code={warehouse.oms_code or warehouse.code: warehouse for warehouse in warehouses},
        allocation=tuple(sorted(allocation, key=lambda rule: rule.position)),
        skus={(m.warehouse, m.ours): m.theirs for m in mappings if m.kind is MappingKind.SKU},
        logistics={(m.warehouse, m.ours): m.theirs for m in mappings if m.kind is MappingKind.LOGISTICS},
        masters={policy.warehouse: policy for policy in masters},
    )


def problems_of(strategy: PushStrategy) -> tuple[str, ...]:
    """Say what is wrong with a strategy that a person wants to save; empty if nothing is."""
    found = []
    if strategy.kind is StrategyKind.CUSTOM_ADVANCE and strategy.shops is None and strategy.logistics is None:
        found.append("a custom advance strategy needs designated stores, designated logistics, or both")
    if strategy.shops == ():
        found.append("designated stores are ticked but none is chosen: no order would ever match")
    if strategy.logistics == ():
        found.append("designated logistics are ticked but none is chosen: no order would ever match")
    if strategy.gift_gate is GiftGate.WAIT_MINUTES and not strategy.gift_minutes:
        found.append("the gift gate waits for minutes, but gift_minutes is 0")
    if (strategy.not_before is None) != (strategy.not_after is None):
        found.append("a time of day needs both not_before and not_after")
    if strategy.minimum_status not in MINIMUM_STATUSES:
        found.append(f"minimum_status must be one of {', '.join(MINIMUM_STATUSES)}")
    return tuple(found)


MINIMUM_STATUSES = (OrderStatus.UNPAID, OrderStatus.PARTIALLY_PAID, OrderStatus.PAID, OrderStatus.READY_TO_SHIP)
"""The statuses of an order that has not left, in their order."""
