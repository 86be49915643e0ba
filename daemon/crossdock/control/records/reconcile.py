"""Reconciliation: what to compare, and whether to mend."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from crossdock.control.records.base import Code


class Reconcile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Compare OMS, warehouses and what crossdock holds: orders created within `days`, of one warehouse or all.

    `dry_run` only plans. `force` mends although the plan holds more than the brake allows.
    """

    days: Annotated[int, Meta(ge=1, le=3650)] = 30
    warehouse: Code | None = None
    dry_run: bool = False
    force: bool = False
