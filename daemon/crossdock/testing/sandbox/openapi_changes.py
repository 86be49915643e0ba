"""The part of the WMS side's OpenAPI document about documents that the WMS has: update, cancel, hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crossdock.spec import outbound, outbound_changes
from crossdock.testing.sandbox import bodies

if TYPE_CHECKING:
    from collections.abc import Callable

BODIES = (
    bodies.OutboundUpdates,
    outbound_changes.OutboundCancel,
    outbound_changes.OutboundHold,
    outbound.PushResult,
)
UNSUPPORTED = {404: "unsupported: this WMS takes no such request; a person tells the warehouse by hand."}


def paths(operation: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """Describe the operations; `operation` describes one."""
    return {
        "/v1/outbounds/update": {
            "post": operation(
                "updateOutbounds",
                "Change 1 to 50 documents, one result each. Only the groups named may change. A key that came before, or "
                "a revision older than what the document says, changes nothing and is a duplicate; rejected with the code "
                "too_late where the document has gone too far.",
                bodies.PushResults,
                body=bodies.OutboundUpdates,
                write=True,
                also=UNSUPPORTED,
            )
        },
        "/v1/outbounds/cancel": {
            "post": operation(
                "cancelOutbound",
                "Ask that a document is not shipped. accepted: it surely is not; requested: the warehouse will decide, and "
                "find tells; duplicate: it was cancelled before; rejected with the code too_late: it ships. A repeat "
                "changes nothing.",
                outbound.PushResult,
                body=outbound_changes.OutboundCancel,
                write=True,
                also=UNSUPPORTED,
            )
        },
        "/v1/outbounds/hold": {
            "post": operation(
                "holdOutbound",
                "Keep a document waiting while a person decides (on), or let it go on. A repeat changes nothing.",
                outbound.PushResult,
                body=outbound_changes.OutboundHold,
                write=True,
                also=UNSUPPORTED,
            )
        },
    }
