"""What the forms of strategies offer: stores and logistics of every OMS, what a WMS lists, the entries that there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.control.client import Refusal, Unreachable
from crossdock_tui.form import Offer
from crossdock_tui.language import _, said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.control.client import Client
    from crossdock.control.records.book import Allocation, Strategy, Warehouse

OMS, WMS = ("oms", "both"), ("wms", "both")


async def of_every_oms(client: Client, what: str) -> Offer:
    """Offer the stores ("shops") or the logistics of every OMS; one that cannot be asked is named, with why."""
    options: dict[str, str] = {}
    notes: list[str] = []
    try:
        names = await connections(client, OMS)
    except (Unreachable, Refusal) as error:
        return Offer([], _cannot(_("the daemon"), error))
    for name in names:
        found = await of_connection(client, name, what)
        for code, label in found.options:
            options.setdefault(code, label if len(names) == 1 else f"{label} ({name})")
        notes += [found.note] if found.note else []
    if not names:
        notes = [_("no OMS is connected, so that nothing can be listed; type what its orders say")]
    return Offer(sorted(options.items()), "; ".join(notes))


async def of_connection(client: Client, connection: str, what: str) -> Offer:
    """Offer what a remote system lists; where it cannot be asked, say so: one may type."""
    if not connection:
        return Offer([], _("choose the connection first, so that it can be asked; or type"))
    try:
        found = await client.choices(connection, what)
    except (Unreachable, Refusal) as error:
        return Offer([], _cannot(connection, error))
    note = (
        _("{name} lists more than the first thousand; type what is not here").format(name=connection)
        if found.cut
        else ""
    )
    return Offer([(each.code, each.name) for each in found.items], note)


def _cannot(name: str, error: Exception) -> str:
    return _("{name} cannot be asked ({why}); type it").format(name=name, why=said(str(error)))


async def nothing() -> Offer:
    """Offer nothing: it is typed."""
    return Offer([])


async def connections(client: Client, kinds: Sequence[str]) -> list[str]:
    """Name the connections of some kinds."""
    return [each.name for each in (await client.connections()).items if each.kind in kinds]


async def all_strategies(client: Client) -> list[Strategy]:
    """Read every strategy."""
    page = await client.strategies()
    found = list(page.items)
    while page.next is not None:
        page = await client.strategies(page.next)
        found += page.items
    return found


async def all_warehouses(client: Client) -> list[Warehouse]:
    """Read every warehouse."""
    page = await client.warehouses()
    found = list(page.items)
    while page.next is not None:
        page = await client.warehouses(page.next)
        found += page.items
    return found


async def all_rules(client: Client) -> list[Allocation]:
    """Read every allocation rule."""
    page = await client.allocation()
    found = list(page.items)
    while page.next is not None:
        page = await client.allocation(page.next)
        found += page.items
    return found
