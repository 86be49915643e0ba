"""Ask a warehouse what it holds, as many keys at a time as it can answer about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from crossdock.spec.errors import PluginTimeout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.spec.outbound import RemoteOutbound


class Asked(Protocol):
    """The part of a WMS connection that looks up."""

    @property
    def lookup(self) -> int:
        """How many keys may be asked for in one call now."""
        ...

    async def find_outbound(self, keys: list[str]) -> dict[str, RemoteOutbound | None]:
        """Tell what the warehouse holds under each key."""
        ...


async def look_up(wms: Asked, keys: Sequence[str]) -> dict[str, RemoteOutbound | None]:
    """Tell what the warehouse holds under each key. Raises ConnectorError.

    A connector that asks its system key by key may need longer than a call may take: then half as many are asked for at
    once, down to one, and what was answered before is kept. Asking is a read, so that nothing is lost by it.
    """
    found: dict[str, RemoteOutbound | None] = {}
    size, rest = wms.lookup, list(keys)
    while rest:
        part = rest[:size]
        try:
            found |= await wms.find_outbound(part)
        except PluginTimeout:
            if len(part) == 1:
                raise
            size = len(part) // 2
        else:
            rest = rest[len(part) :]
    return found
