"""Master data: settings, products of a warehouse, plans of first contacts, conflicts. rules/master_policy.py says what each field means."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from crossdock.control.records.base import Code, ConnectionName, Id, Limit, Reason

BindingStateName = Literal["unbound", "proposed", "bound", "conflict", "retired"]


class MasterField(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one field is kept in step."""

    on: bool = True
    direction: Literal["oms_to_wms", "wms_to_oms", "both"] = "both"
    owner: Literal["oms", "wms"] = "oms"
    rule: Literal["owner", "union", "max", "last_writer", "manual"] = "owner"


class MasterSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A warehouse's master data settings. `revision` is the one that was read, 0 for new ones."""

    warehouse: str
    oms: str
    enabled: bool = False
    fields: dict[str, MasterField] = field(default_factory=dict)
    brake_percent: int = 10
    brake_skus: int = 50
    tolerance_s: int = 5
    revision: int = 0


class FetchProducts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fetch the products of a connection now, an OMS or a WMS."""

    connection: ConnectionName


class MasterBrake(Struct, frozen=True, kw_only=True):
    """Changes that wait for a person."""

    engaged_at: datetime
    changes: int
    bound: int


class MasterStatus(Struct, frozen=True, kw_only=True):
    """How master data of a warehouse stands: products by state, open conflicts, the brake, the plan that was made last."""

    warehouse: str
    enabled: bool
    products: dict[str, int]
    conflicts: int
    brake: MasterBrake | None = None
    plan: MasterPlan | None = None


class MasterPlan(Struct, frozen=True, kw_only=True):
    """The first contact of a warehouse's products. `adopted`, `filled` and `conflicted` count fields."""

    id: int
    warehouse: str
    state: str
    made_at: datetime
    actor: str
    products: int
    adopted: int
    filled: int
    conflicted: int
    applied_at: datetime | None = None


class PlannedFill(Struct, frozen=True, kw_only=True):
    """A value for the side that has none."""

    to: Literal["oms", "wms"]
    value: Any


class PlannedConflict(Struct, frozen=True, kw_only=True):
    """Two values that a person will have to decide between."""

    oms: Any
    wms: Any


class PlannedProduct(Struct, frozen=True, kw_only=True):
    """What a plan does about one product, by field."""

    sku: str
    adopt: dict[str, Any]
    fill: dict[str, PlannedFill]
    conflict: dict[str, PlannedConflict]


class MasterPlanPage(Struct, frozen=True, kw_only=True):
    """A plan and a page of its products."""

    plan: MasterPlan
    items: tuple[PlannedProduct, ...]
    next: str | None = None


class ApplyPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Apply this plan, exactly as it was shown."""

    plan: Id


class Released(Struct, frozen=True, kw_only=True):
    """What the brake held back may pass."""

    products: int
    text: str


class MasterProduct(Struct, frozen=True, kw_only=True):
    """A product of a warehouse. `base` is what both sides agreed on last; `oms` and `wms` are None where it was never seen."""

    warehouse: str
    sku: str
    state: BindingStateName
    base: dict[str, Any]
    oms: dict[str, Any] | None
    wms: dict[str, Any] | None
    origin: str = ""


class MasterProductPage(Struct, frozen=True, kw_only=True):
    """Products by SKU."""

    items: tuple[MasterProduct, ...]
    next: str | None = None


class MasterConflict(Struct, frozen=True, kw_only=True):
    """A field that both sides changed, with all three values. `taken` says what was decided, and `value` what that was."""

    id: int
    warehouse: str
    sku: str
    field: str
    why: str
    base: Any
    oms: Any
    wms: Any
    opened_at: datetime
    open: bool
    taken: str = ""
    value: Any = None
    actor: str = ""
    reason: str = ""
    resolved_at: datetime | None = None


class MasterConflictPage(Struct, frozen=True, kw_only=True):
    """Conflicts, oldest first."""

    items: tuple[MasterConflict, ...]
    next: int | None = None


class ResolveConflict(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Decide a conflict: take a side's value, go back to the base, or take `value` (JSON, or plain text)."""

    take: Literal["oms", "wms", "base", "value"]
    value: Annotated[str, Meta(max_length=20_000)] | None = None
    reason: Reason | None = None


class PlanQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`after` is `next` of the page before."""

    after: Annotated[str, Meta(max_length=400)] = ""
    limit: Limit = 100


class MasterProductQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which products of a warehouse. `sku`: what their SKUs begin with. `after` is `next` of the page before."""

    warehouse: Code
    state: BindingStateName | None = None
    sku: Annotated[str, Meta(max_length=200)] = ""
    after: Annotated[str, Meta(max_length=400)] = ""
    limit: Limit = 100


class ConflictQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which conflicts of a warehouse, of a field, of a SKU; `decided`: those that are decided, too.

    `after` is `next` of the page before.
    """

    warehouse: Code
    field: Annotated[str, Meta(min_length=1, max_length=60)] | None = None
    sku: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    decided: bool = False
    after: Annotated[int, Meta(ge=0, le=2**62)] = 0
    limit: Limit = 100
