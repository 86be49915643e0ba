"""The client's calls about shipping labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.control.records.asks import ForOrders, Queued, Results
from crossdock.control.records.labels import ConfirmLabels, LabelContent, LabelDetail, LabelPage, PullLabels
from crossdock.control.transport import Transport, part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.control.records.orders import OrderRef


class LabelCalls(Transport):
    """Shipping labels."""

    async def labels(self, **query: object) -> LabelPage:
        """List labels; the parameters are LabelQuery's."""
        return await self.call("GET", "/v1/labels", LabelPage, **query)

    async def label(self, connection: str, ref: str) -> LabelDetail:
        """Show the label of an order."""
        return await self.call("GET", f"/v1/labels/{part(connection)}/{part(ref)}", LabelDetail)

    async def label_content(self, connection: str, ref: str, version: int | None = None) -> LabelContent:
        """Return the bytes of a label."""
        path = f"/v1/labels/{part(connection)}/{part(ref)}/content"
        return await self.call("GET", path, LabelContent, version=version)

    async def pull_labels(self, connection: str, refs: Sequence[str]) -> Queued:
        """Pull the labels of chosen orders."""
        return await self.call("POST", "/v1/labels/pull", Queued, PullLabels(connection=connection, refs=tuple(refs)))

    async def labels_printed(self, orders: Sequence[OrderRef]) -> Results:
        """Note that labels were printed."""
        return await self.call("POST", "/v1/labels/printed", Results, ForOrders(orders=tuple(orders)))

    async def confirm_labels(self, orders: Sequence[OrderRef], reason: str) -> Results:
        """Say that stale labels are right, or were stuck over."""
        body = ConfirmLabels(orders=tuple(orders), reason=reason)
        return await self.call("POST", "/v1/labels/confirm", Results, body)
