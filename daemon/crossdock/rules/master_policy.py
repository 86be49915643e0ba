"""What a warehouse's master data settings say: on or off, and for each field its direction, owner and merge rule (R5 to R7)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct, field

from crossdock.rules.product_fields import FIELDS

Code = Annotated[str, Meta(min_length=1, max_length=60)]


class Side(StrEnum):
    """One of the two systems that a product is kept in step between."""

    OMS = "oms"
    WMS = "wms"

    @property
    def other(self) -> Side:
        """The one across."""
        return Side.WMS if self is Side.OMS else Side.OMS


class Direction(StrEnum):
    """Where changes of a field may go."""

    OMS_TO_WMS = "oms_to_wms"
    WMS_TO_OMS = "wms_to_oms"
    BOTH = "both"


class MergeRule(StrEnum):
    """What happens when both sides changed a field to different values; `EXPLAINED` has the sentence for each."""

    OWNER = "owner"
    UNION = "union"
    MAX = "max"
    LAST_WRITER = "last_writer"
    MANUAL = "manual"


EXPLAINED: dict[MergeRule, str] = {
    MergeRule.OWNER: "The value of the field's owner wins.",
    MergeRule.UNION: "What either side added is kept, what either side took away is gone.",
    MergeRule.MAX: "The larger number wins.",
    MergeRule.LAST_WRITER: "The product that was changed later wins, if the two changes are further apart than the tolerance; else a person decides.",
    MergeRule.MANUAL: "Nothing is written; a person decides.",
}


class FieldPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one field is kept in step."""

    on: bool = True
    direction: Direction = Direction.BOTH
    owner: Side = Side.OMS
    rule: MergeRule = MergeRule.OWNER

    def may_write(self, side: Side) -> bool:
        """Tell whether changes may go to a side."""
        return self.direction is Direction.BOTH or self.direction is (
            Direction.OMS_TO_WMS if side is Side.WMS else Direction.WMS_TO_OMS
        )


_OF_WAREHOUSE = frozenset({"weight", "dimensions", "fragile", "storage", "batch_tracked", "expiry_tracked"})
DEFAULTS: dict[str, FieldPolicy] = {
    name: FieldPolicy(
        owner=Side.WMS if name in _OF_WAREHOUSE else Side.OMS,
        rule=MergeRule.UNION if name == "barcodes" else MergeRule.OWNER,
    )
    for name in FIELDS
}
"""Who owns what unless somebody says otherwise (DOMAIN 4.8): the shop what buyers see, the warehouse what it measures."""


class MasterPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A warehouse's master data settings. `oms` is the connection whose products are the hub.

    A field that is not named is as in DEFAULTS. The brake: a run that would change more than `brake_percent` of the
    products that are in step, and more than `brake_skus`, waits for a person. `tolerance_s`: how far apart two changes
    must be before it counts which was later.
    """

    warehouse: Code
    oms: Code
    enabled: bool = False
    fields: dict[str, FieldPolicy] = field(default_factory=dict)
    brake_percent: Annotated[int, Meta(ge=0, le=100)] = 10
    brake_skus: Annotated[int, Meta(ge=0, le=1_000_000)] = 50
    tolerance_s: Annotated[int, Meta(ge=0, le=86_400)] = 5
    revision: int = 0

    def of(self, name: str) -> FieldPolicy:
        """Return how a field is kept in step."""
        return self.fields.get(name, DEFAULTS[name])

    def active(self) -> tuple[str, ...]:
        """Name the fields that are kept in step."""
        return tuple(name for name in FIELDS if self.of(name).on)


def problems_of_policy(policy: MasterPolicy) -> tuple[str, ...]:
    """Say what is wrong with settings that a person wants to save; empty if nothing is."""
    found = []
    for name, chosen in policy.fields.items():
        if name not in FIELDS:
            found.append(f"there is no field '{name}' (known: {', '.join(FIELDS)})")
        elif chosen.rule is MergeRule.UNION and not FIELDS[name].several:
            found.append(f"the field '{name}' holds one value, which cannot be united; choose another rule")
        elif chosen.rule is MergeRule.MAX and not FIELDS[name].number:
            found.append(f"the field '{name}' is no number, so none of its values is the largest; choose another rule")
    return tuple(found)


def braked(changes: int, bound: int, policy: MasterPolicy) -> bool:
    """Tell whether so many changes of one run are too many to be made without a person (DOMAIN 4.8, 11)."""
    return changes > policy.brake_skus and changes * 100 > bound * policy.brake_percent
