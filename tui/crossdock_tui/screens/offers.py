"""What the forms of strategies offer: stores and logistics of every OMS, what a WMS lists, the entries that there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from crossdock.control.client import Refusal, Unreachable
from crossdock_tui.form import Offer
from crossdock_tui.language import _, said

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from crossdock.control.client import Client
    from crossdock.control.records.book import Allocation, Strategy, Warehouse

OMS, WMS = ("oms", "both"), ("wms", "both")
MOST_PAGES = 1_000
"""Pages that are read of a list of which everything is offered, at most."""
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Entries(Protocol[T_co]):
    """A page of strategies, warehouses or rules."""

    @property
    def items(self) -> tuple[T_co, ...]:
        """What is on the page."""

    @property
    def next(self) -> str | None:
        """What leads to the next one."""


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
    return await _every(client.strategies)


async def all_warehouses(client: Client) -> list[Warehouse]:
    """Read every warehouse."""
    return await _every(client.warehouses)


async def all_rules(client: Client) -> list[Allocation]:
    """Read every allocation rule."""
    return await _every(client.allocation)


async def _every(read: Callable[[str | None], Awaitable[Entries[T]]]) -> list[T]:
    """Read page after page, MOST_PAGES at most."""
    found: list[T] = []
    after: str | None = None
    for _turn in range(MOST_PAGES):
        page = await read(after)
        found += page.items
        after = page.next
        if after is None:
            break
    return found
