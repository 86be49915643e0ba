"""Three-way merge of master data against the last agreed base (DOMAIN 4.8). Pure; values are in their normal form.

With O the OMS's value, W the warehouse's and B the base: equal values are agreed on; what only one side changed goes to
the other; what both changed differently is a conflict, decided by the field's rule or by a person. Without a base the
first contact has to be planned, shown and applied: nothing is written before.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from msgspec import UNSET, Struct

from crossdock.rules.master_policy import Direction, MergeRule, Side
from crossdock.rules.product_fields import FIELDS, empty

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crossdock.rules.master_policy import FieldPolicy, MasterPolicy
    from crossdock.rules.product_fields import Value


class Act(StrEnum):
    """What comes of one field.

    ABSENT: a system does not know the field. AGREED: both say the same. WRITE: a value goes to the sides in `to`.
    HELD: the change may not go where it would have to. CONFLICT: a person decides. PLAN: there is no base yet.
    """

    ABSENT = "absent"
    AGREED = "agreed"
    WRITE = "write"
    HELD = "held"
    CONFLICT = "conflict"
    PLAN = "plan"


class Decision(Struct, frozen=True, kw_only=True):
    """A value that a person chose, or that a plan fills in, for the values that both sides had then."""

    value: Any
    oms: Any
    wms: Any
    by: str = ""

    def holds(self, oms: Value, wms: Value) -> bool:
        """Tell whether neither side has moved on to something that the decision did not know."""
        return oms in (self.oms, self.value) and wms in (self.wms, self.value)


class Verdict(Struct, frozen=True, kw_only=True):
    """What is done about one field. `clash`: both sides had changed it; `rule` says what decided."""

    act: Act
    value: Any = None
    to: tuple[Side, ...] = ()
    clash: bool = False
    rule: str = ""


class Stamps(Struct, frozen=True, kw_only=True):
    """When each side changed the product, by its own clock; `tolerance_s` is how far those may be apart."""

    oms: datetime
    wms: datetime
    tolerance_s: int


def merge_field(
    name: str,
    policy: FieldPolicy,
    base: Value,
    oms: Value,
    wms: Value,
    stamps: Stamps,
    decision: Decision | None = None,
) -> Verdict:
    """Say what is done about one field; UNSET as `base` means that there is none yet."""
    if oms is UNSET or wms is UNSET:
        return Verdict(act=Act.ABSENT)
    if oms == wms:
        return Verdict(act=Act.AGREED, value=oms)
    if decision is not None and decision.holds(oms, wms):
        return _write(decision.value, oms, wms, rule=decision.by)
    if base is UNSET:
        return Verdict(act=Act.PLAN)
    if base in (oms, wms):
        changed, source = (wms, Side.WMS) if oms == base else (oms, Side.OMS)
        if not policy.may_write(source.other):
            return Verdict(act=Act.HELD)
        return Verdict(act=Act.WRITE, value=changed, to=(source.other,))
    return _clash(name, policy, base, oms, wms, stamps)


def _write(value: Value, oms: Value, wms: Value, rule: str, *, clash: bool = False) -> Verdict:
    to = tuple(side for side, held in ((Side.OMS, oms), (Side.WMS, wms)) if held != value)
    return Verdict(act=Act.WRITE, value=value, to=to, rule=rule, clash=clash)


def _clash(name: str, policy: FieldPolicy, base: Value, oms: Value, wms: Value, stamps: Stamps) -> Verdict:
    if policy.rule is MergeRule.MANUAL:
        return Verdict(act=Act.CONFLICT, clash=True)
    if policy.direction is not Direction.BOTH:
        value = oms if policy.direction is Direction.OMS_TO_WMS else wms
        return _write(value, oms, wms, policy.direction.value, clash=True)
    value = _chosen(name, policy, base, oms, wms, stamps)
    if value is UNSET:
        return Verdict(act=Act.CONFLICT, clash=True)
    return _write(value, oms, wms, policy.rule.value, clash=True)


def _chosen(name: str, policy: FieldPolicy, base: Value, oms: Value, wms: Value, stamps: Stamps) -> Value:
    """Apply the rule; UNSET where it cannot tell."""
    match policy.rule:
        case MergeRule.OWNER:
            return oms if policy.owner is Side.OMS else wms
        case MergeRule.UNION if FIELDS[name].several:
            return united(base or [], oms or [], wms or [], ordered=name != "barcodes")
        case MergeRule.MAX if FIELDS[name].number and oms is not None and wms is not None:
            return max(oms, wms)
        case MergeRule.LAST_WRITER:
            return _later(oms, wms, stamps)
        case _:
            return UNSET


def _later(oms: Value, wms: Value, stamps: Stamps) -> Value:
    apart = (stamps.oms - stamps.wms).total_seconds()
    if abs(apart) <= stamps.tolerance_s:
        return UNSET
    return oms if apart > 0 else wms


def united(base: list[Any], oms: list[Any], wms: list[Any], *, ordered: bool) -> list[Any]:
    """Keep what either side added and drop what either side took away; in the OMS's order where there is one."""
    found = [
        value for value in dict.fromkeys([*oms, *wms]) if value not in base or (value in oms and value in wms)
    ]  # fmt: skip
    return found if ordered else sorted(found)


class Contact(Struct, frozen=True, kw_only=True):
    """What the first contact does about one field: "adopt" an equal value, "fill" an empty side, or "conflict"."""

    what: str
    value: Any = None
    to: Side | None = None


def first_contact(policy: FieldPolicy, oms: Value, wms: Value) -> Contact:
    """Say what is done about a field that has no base: never is a value overwritten (DOMAIN 4.8, 5)."""
    if oms == wms:
        return Contact(what="adopt", value=oms)
    if empty(oms) and policy.may_write(Side.OMS):
        return Contact(what="fill", value=wms, to=Side.OMS)
    if empty(wms) and policy.may_write(Side.WMS):
        return Contact(what="fill", value=oms, to=Side.WMS)
    return Contact(what="conflict")


def merge(
    policy: MasterPolicy,
    base: Mapping[str, Value],
    oms: Mapping[str, Value],
    wms: Mapping[str, Value],
    stamps: Stamps,
    decisions: Mapping[str, Decision],
) -> dict[str, Verdict]:
    """Say what is done about every field that the policy keeps in step."""
    return {
        name: merge_field(
            name, policy.of(name), base.get(name, UNSET), oms.get(name, UNSET), wms.get(name, UNSET), stamps,
            decisions.get(name),
        )
        for name in policy.active()
    }  # fmt: skip


def newer(known: tuple[datetime, str | None], found: tuple[datetime, str | None]) -> bool:
    """Tell whether a state (its change stamp and version) replaces the one that is known, in whatever order they come.

    Of two with the same stamp the higher version is newer where versions are numbers; else the one that came last.
    """
    if found[0] != known[0]:
        return found[0] > known[0]
    before, after = known[1], found[1]
    if before is not None and after is not None and before.isdigit() and after.isdigit():
        return int(after) >= int(before)
    return True
