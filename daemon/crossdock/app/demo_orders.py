"""The orders of the demo's working day that something happens to after their push, and the parts that are played with them."""

from __future__ import annotations

import hashlib
from random import Random  # noqa: TID251 - a seed gives the same orders, as in demo_day
from typing import TYPE_CHECKING

from msgspec.structs import replace

from crossdock.app.demo_desk import OMS, Desk, NotSeen, Part, sure
from crossdock.control.client import Refusal
from crossdock.spec.orders import Address
from crossdock.spec.outbound import Stage
from crossdock.testing.sandbox.demo_day import plain_order
from crossdock.testing.sandbox.oms_labels import made_of

if TYPE_CHECKING:
    from datetime import datetime

    from crossdock.spec.documents import OutboundDoc
    from crossdock.spec.orders import Order

MOVES, LATE, CANCELS, TOO_LATE = "DAY-1", "DAY-2", "DAY-3", "DAY-4"
SHIPS = tuple(f"DAY-{number}" for number in range(5, 11))
"""Who moves house, who changes an order too late, who cancels, who cancels too late; what leaves in parcels."""


def story_orders(seed: int, *, now: datetime, shop: str) -> tuple[Order, ...]:
    """Make the orders that the parts are about, of one shop; all are ready to ship."""
    chance = Random(seed)  # noqa: S311 - made-up orders, the same for the same seed
    made = (plain_order(chance, ref, now) for ref in (MOVES, LATE, CANCELS, TOO_LATE, *SHIPS))
    return tuple(replace(order, number=order.ref, shop=shop) for order in made)


def known(desk: Desk, ref: str) -> Order:
    """Return an order as the OMS has it. Raises NotSeen."""
    order = desk.oms.books.order(ref)
    if order is None:
        raise NotSeen(f"the OMS has no order {ref}")
    return order


async def label_given(desk: Desk, ref: str, version: int) -> None:
    """Wait until the warehouse has a version of an order's label, made of what the order says now. Raises NotSeen."""

    def given() -> bool:
        held = desk.wms.labels.of_order(ref)
        digest = hashlib.blake2b(made_of(known(desk, ref)), digest_size=16).hexdigest()
        return held is not None and held.version == version and held.digest == digest

    await desk.until_seen(given, f"the warehouse has version {version} of the label of {ref}")


async def address_changes(desk: Desk) -> str:
    """The buyer moves after the push: the document is updated, the order marked, the label made anew."""
    key = await desk.at_warehouse(MOVES)
    await label_given(desk, MOVES, 1)
    order = known(desk, MOVES)
    address = Address(lines=("99/1 ถ.ดอกปีบ",), city="เชียงใหม่", postcode="50000", country="TH")
    desk.say(f"the buyer of {MOVES} gives another address; the warehouse has the order already")
    desk.oms.put([replace(order, recipient=replace(order.recipient, address=address))])
    await desk.until_item(MOVES, lambda item: item.updated, "is marked (Updated)")
    sure(desk.document(key).recipient.address == address, f"the warehouse does not have the new address of {MOVES}")
    return (
        f"{MOVES}: the address changed after the push. The warehouse had not begun, so crossdock updated its document and "
        "marked the order (Updated) until somebody acknowledges it"
    )


async def label_is_refreshed(desk: Desk) -> str:
    """The label of that order is stale, and is fetched again."""
    await label_given(desk, MOVES, 2)

    async def ready() -> bool:
        try:
            shown = await desk.client.label(OMS, MOVES)
        except Refusal:
            return False
        return (shown.row.version, shown.row.state) == (2, "ready")

    await desk.until(ready, f"the label of {MOVES} is ready at version 2")
    return (
        f"{MOVES}: its label showed the old address. crossdock voided it, fetched the new one and gave it to the warehouse "
        "as version 2"
    )


async def change_comes_late(desk: Desk) -> str:
    """The buyer wants more of something that is picked already: a person is asked."""
    key = await desk.at_warehouse(LATE)
    desk.wms.changes.move(key, Stage.PICKED)
    order, before = known(desk, LATE), desk.document(key).lines
    desk.say(f"the buyer of {LATE} wants two more; the warehouse has picked the order")
    first = replace(order.lines[0], quantity=order.lines[0].quantity + 2)
    desk.oms.put([replace(order, lines=(first, *order.lines[1:]))])
    await desk.until_item(LATE, lambda item: item.changed, "waits for a person")
    sure(
        desk.document(key).lines == before, f"the warehouse's document of {LATE} was changed without being asked about"
    )
    desk.say(f"a person lets the warehouse's version of {LATE} stand")
    await desk.decide(LATE, "keep", "picked already; the two more go with the next order")
    await desk.let_label_stand(LATE, "the label on the parcel is the one for what it holds")
    sure(desk.document(key).lines == before, f"the warehouse's document of {LATE} is not what it was")
    return (
        f"{LATE}: two more were wanted when the order was picked already. crossdock changed nothing and asked; a person let "
        "the warehouse's version stand, with a reason"
    )


async def cancellation_is_accepted(desk: Desk) -> str:
    """The buyer cancels in time."""
    key = await desk.at_warehouse(CANCELS)
    desk.say(f"the buyer of {CANCELS} cancels")
    desk.oms.cancel(CANCELS)
    await desk.until_seen(lambda: desk.reported(CANCELS, "cancelled"), f"the OMS is told that {CANCELS} is cancelled")
    sure(
        desk.stage(key) is Stage.CANCELLED,
        f"the OMS was told that {CANCELS} is cancelled, the warehouse still ships it",
    )
    return f"{CANCELS}: cancelled after the push. The warehouse confirmed it, and only then the OMS was told"


async def cancellation_is_too_late(desk: Desk) -> str:
    """The buyer cancels what is packed: an incident, and a person's choice."""
    key = await desk.at_warehouse(TOO_LATE)
    desk.wms.changes.move(key, Stage.PACKED)
    desk.say(f"the buyer of {TOO_LATE} cancels; the parcel is packed")
    desk.oms.cancel(TOO_LATE)
    await desk.until_item(TOO_LATE, lambda item: item.state == "cancel_rejected", "cannot be cancelled any more")

    async def raised() -> bool:
        page = await desk.client.incidents()
        return any("cancel" in item.text or "cancel" in item.operation for item in page.items)

    await desk.until(raised, "an incident about the cancellation")
    sure(not desk.reported(TOO_LATE, "cancelled"), f"the OMS was told that {TOO_LATE} is cancelled, and it was not")
    desk.say(f"a person decides that {TOO_LATE} ships")
    await desk.decide(TOO_LATE, "ship", "the parcel is in the van; the buyer may send it back")
    await desk.until_seen(lambda: desk.reported(TOO_LATE, "cancel_refused"), f"the OMS is told that {TOO_LATE} ships")
    return (
        f"{TOO_LATE}: cancelled when the parcel was packed. The warehouse said that it is too late, crossdock raised an "
        "incident; a person let it ship, and the OMS was told so. It was never shown as cancelled"
    )


async def parcels_leave(desk: Desk) -> str:
    """Parcels are picked up; what left goes back to the OMS."""
    keys = {ref: await desk.at_warehouse(ref) for ref in SHIPS}
    for ref in SHIPS:
        await label_given(desk, ref, 1)
    desk.say(f"a van takes {len(keys)} parcels from the warehouse")
    for key in keys.values():
        desk.wms.changes.move(key, Stage.OUTBOUND)
    for ref in SHIPS:
        await desk.until_item(ref, lambda item: item.state == "shipped", "is shipped")

    def given(ref: str) -> OutboundDoc | None:
        books = desk.oms.postings.books
        return next((d for d in books.outbound.values() if d.order_ref == ref and d.stage is Stage.OUTBOUND), None)

    await desk.until_seen(
        lambda: all(given(ref) is not None for ref in SHIPS), "the OMS has what left, with its parcels"
    )
    tracked = [parcel.tracking_number for ref in SHIPS if (document := given(ref)) for parcel in document.parcels]
    sure(len(tracked) == len(SHIPS) and all(tracked), "the OMS has not one tracking number of each parcel")
    twice = [name for name, times in desk.oms.postings.books.counted.items() if times > 1]
    sure(not twice, f"documents counted twice in the OMS: {twice[:3]}")
    return (
        f"{len(SHIPS)} parcels left. crossdock moved their orders to shipped and gave the OMS each document with its "
        f"tracking number ({tracked[0]} and {len(tracked) - 1} more), each revision counted once"
    )


PARTS: tuple[Part, ...] = (
    ("address after the push", address_changes),
    ("label refreshed", label_is_refreshed),
    ("change too late", change_comes_late),
    ("cancelled in time", cancellation_is_accepted),
    ("cancelled too late", cancellation_is_too_late),
    ("parcels shipped", parcels_leave),
)
"""What happens to orders after their push. They may be played all at once."""
