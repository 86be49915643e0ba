"""A part of a sandbox with data of its own: labels, documents, products, costs, stock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crossdock.testing.sandbox.call import Answer, Call


class Room(Protocol):
    """What a sandbox serves beyond orders and their creation. A sandbox may have any number of rooms."""

    @property
    def routes(self) -> Mapping[tuple[str, str], Callable[[Call], Answer]]:
        """The contract's routes of this room, by method and path."""
        ...

    @property
    def admin_routes(self) -> Mapping[tuple[str, str], Callable[[Call], Answer]]:
        """What only tests ask for, behind /__sandbox."""
        ...

    def subjects(self, call: Call) -> tuple[str, ...]:
        """Name what a call to one of the routes is about, so that faults can be counted per key."""
        ...

    def close(self) -> None:
        """Let go of files."""
        ...
