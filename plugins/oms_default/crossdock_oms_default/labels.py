"""The OMS side's shipping labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.spec.hooks import hookimpl
from crossdock.spec.labels import Label
from crossdock_oms_default.wire import bearer

if TYPE_CHECKING:
    from crossdock.spec.context import Context
    from crossdock_oms_default.settings import Settings


class LabelBody(Struct, frozen=True):
    """The newest label; null where there is none yet. It must be there: taken for null, a misspelt one would never come."""

    label: Label | None


class Labels:
    """The label hooks of the connector."""

    @hookimpl
    async def fetch_label(self, ctx: Context[Settings], ref: str, package_ref: str | None) -> Label | None:
        """Return the newest label of an order, its bytes or an address."""
        query = {"ref": ref} if package_ref is None else {"ref": ref, "package": package_ref}
        headers = bearer(ctx)
        return (await ctx.http.get("/v1/labels", params=query, headers=headers)).json(LabelBody).label
