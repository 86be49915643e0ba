"""What the parts of the demo's working day share: the systems, a person's client, patience, and what each part tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.control.client import Refusal
from crossdock.control.records.orders import OrderRef
from crossdock.env import REAL

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from crossdock.control.client import Client
    from crossdock.control.records.orders import OrderItem
    from crossdock.spec.outbound import OutboundRequest, Stage
    from crossdock.testing.sandbox.oms import SandboxOms
    from crossdock.testing.sandbox.wms import SandboxWms

PATIENCE_S = 60.0
"""A part is given up after so long."""
OMS = "shop"


class Told(Struct, frozen=True, kw_only=True):
    """What crossdock did in one part of the day, in a sentence; `ok`: the systems' own books show just that."""

    part: str
    ok: bool
    text: str


class NotSeen(Exception):
    """Something that should have happened did not, within the demo's patience."""


@dataclass(frozen=True)
class Desk:
    """What a part works with. `oms` and `wms` are looked into only to check; `say` tells what people do as they do it."""

    client: Client
    oms: SandboxOms
    wms: SandboxWms
    connection: str
    warehouse: str
    say: Callable[[str], None]

    async def until(self, holds: Callable[[], Awaitable[bool]], what: str) -> None:
        """Wait until something holds. Raises NotSeen."""
        end = REAL.monotonic() + PATIENCE_S
        while not await holds():
            if REAL.monotonic() > end:
                raise NotSeen(f"not within {PATIENCE_S:.0f} s: {what}")
            await REAL.sleep(0.1)

    async def until_seen(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until the systems' books show something. Raises NotSeen."""

        async def shown() -> bool:
            return holds()

        await self.until(shown, what)

    async def until_item(self, ref: str, holds: Callable[[OrderItem], bool], what: str) -> OrderItem:
        """Wait until an order is as it should be, and return it. Raises NotSeen."""
        found: list[OrderItem] = []

        async def stands() -> bool:
            found[:] = (await self.client.orders(text=ref)).items
            return len(found) == 1 and holds(found[0])

        await self.until(stands, f"{ref} {what}")
        return found[0]

    async def at_warehouse(self, ref: str) -> str:
        """Wait until the warehouse has an order and crossdock knows it; return the key of its document. Raises NotSeen."""
        await self.until_item(ref, lambda item: item.state in ("pushed", "accepted"), "is at its warehouse")
        return self.wms.books.by_order[ref][0].key

    def document(self, key: str) -> OutboundRequest:
        """Return what the warehouse holds of a document now. Raises NotSeen."""
        found = self.wms.changes.content(key)
        if found is None:
            raise NotSeen(f"the warehouse has no document {key}")
        return found

    def stage(self, key: str) -> Stage:
        """Return how far the warehouse is with a document."""
        return self.wms.changes.state(key).stage

    def reported(self, ref: str, status: str) -> bool:
        """Tell whether the OMS was told this of an order."""
        return any(name[:2] == (ref, status) for name in self.oms.books.reports)

    async def decide(self, ref: str, choice: str, reason: str) -> None:
        """Decide about an order as a person does. Raises NotSeen if crossdock does not take it."""
        refs = [OrderRef(connection=OMS, ref=ref)]
        (result,) = (await self.client.decide_packages(refs, choice, reason)).results  # type: ignore[arg-type]  # a choice
        if not result.done:
            raise NotSeen(f"{ref}: the decision was not taken: {result.text}")

    async def let_label_stand(self, ref: str, reason: str) -> None:
        """Say that the label at the warehouse is right, where somebody is asked about it. Raises NotSeen."""
        refs = [OrderRef(connection=OMS, ref=ref)]

        async def settled() -> bool:
            (item,) = (await self.client.orders(text=ref)).items
            if any("label" in each for each in item.why):
                await self.client.confirm_labels(refs, reason)
            return not item.changed

        await self.until(settled, f"{ref} waits for nobody any more")


Part = tuple[str, "Callable[[Desk], Awaitable[str]]"]
"""The name of a part, and what plays it and returns the sentence about it."""


async def played(part: Part, desk: Desk) -> Told:
    """Play one part; what did not happen is told as that."""
    name, play = part
    try:
        return Told(part=name, ok=True, text=await play(desk))
    except (NotSeen, Refusal) as error:
        return Told(part=name, ok=False, text=f"NOT as it should be: {error}")


def sure(holds: bool, what: str) -> None:
    """Raise NotSeen unless something holds."""
    if not holds:
        raise NotSeen(what)
