"""What every flow is handed: the store, the world, the book of decisions, and a way to read stored orders."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from crossdock.spec.errors import ContractError
from crossdock.spec.orders import Order

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossdock.env import Env
    from crossdock.rules.lineage import Caution
    from crossdock.store.book import BookCache
    from crossdock.store.store import Store

_decode = msgspec.json.Decoder(Order).decode
encode = msgspec.json.Encoder().encode


@dataclass
class House:
    """The rooms a flow may use. `readers` holds `read_order` of each connection whose pages are slices.

    `label_sources` names the connections that can be asked for shipping labels, `label_takers` those that take them.
    `caution`: which orders may have been sent without the store knowing.
    """

    store: Store
    env: Env
    books: BookCache
    readers: dict[str, Callable[[bytes], Order]] = field(default_factory=dict)
    label_sources: set[str] = field(default_factory=set)
    label_takers: set[str] = field(default_factory=set)
    caution: Caution | None = None

    def read_order(self, connection: str, payload: bytes, sliced: bool) -> Order:
        """Decode a stored order. Raises ValueError for bytes that are none, ContractError without its connector."""
        if not sliced:
            return _decode(payload)
        reader = self.readers.get(connection)
        if reader is None:
            raise ContractError(
                f"orders of {connection} cannot be read: its connector is not loaded, or has no read_order"
            )
        return reader(payload)
