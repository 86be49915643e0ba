"""What can be done with orders on every screen that lists them, and how such rows are read."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Literal

from rich.text import Text

from crossdock.control.records.orders import OrderItem, OrderRef
from crossdock_tui.dialogs.ask_text import AskText
from crossdock_tui.language import _, counted, said
from crossdock_tui.list_screen import ListScreen
from crossdock_tui.one_by_one import in_parts
from crossdock_tui.screens import order_detail
from crossdock_tui.words import sentences, shown, state, until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.console import RenderableType

    from crossdock.control.client import Client
    from crossdock.control.records.asks import Results
    from crossdock.control.records.events import ThrottleItem
    from crossdock_tui.one_by_one import Result
    from crossdock_tui.paged_table import Row

NOT_SENT = frozenset({"not_pushed", "held", "push_failed", "queued"})


class OrderWork(ListScreen):
    """A list of orders: what each action does, and why it may not be done to a row."""

    def __init__(self) -> None:
        super().__init__()
        self._throttled: tuple[ThrottleItem, ...] = ()

    def name_of(self, row: Row) -> str:
        """An order's reference in its OMS."""
        return order(row).ref

    async def detail(self, client: Client, row: Row) -> RenderableType:
        """Show the order, what its warehouse has, and what happened to it."""
        item = order(row)
        found = await client.order(item.connection, item.ref)
        explained = await client.explain(item.ref, item.connection)
        return order_detail.shown_order(found, explained, self.dash.link.now())

    # ---- why not

    def not_sync(self, row: Row) -> str:
        """Say when an order was synced a moment ago."""
        item = order(row)
        for each in self._throttled:
            if each.action == "sync" and each.connection == item.connection and each.about == item.ref:
                left = until(each.again_at, self.dash.link.now())
                return _("it was synced less than five minutes ago; again in {left}").format(left=left) if left else ""
        return ""

    def not_push(self, row: Row) -> str:
        """Only what no warehouse has can be pushed."""
        item = order(row)
        return (
            ""
            if item.state in NOT_SENT
            else _("its warehouse has it, or may have it ({state})").format(state=state(item.state).plain)
        )

    def not_acknowledge(self, row: Row) -> str:
        """Only an updated order carries the mark."""
        return "" if order(row).updated else _("it does not carry the mark (Updated)")

    def not_cancel(self, row: Row) -> str:
        """What has left, or is cancelled, cannot be cancelled."""
        item = order(row)
        ended = item.state in ("cancelled", "shipped", "partially_shipped", "closed_short", "cancel_requested")
        return _("it is {state}").format(state=state(item.state).plain) if ended else ""

    # ---- doing

    async def do_sync(self, rows: Sequence[Row]) -> None:
        """Fetch orders again, as one task an OMS."""
        for connection, items in by_connection(rows).items():
            asked = await self.dash.client.sync(connection, [each.ref for each in items])
            self.let_go(row.key for row in rows if order(row).connection == connection)
            self.dash.say(f"{connection}: {said(asked.text)}")

    async def do_push(self, rows: Sequence[Row]) -> None:
        """Push orders by hand."""

        async def push(part: Sequence[Row]) -> list[Result]:
            return told(await self.dash.client.push(refs(part)))

        await in_parts(self, _("pushed"), rows, push, name=ref_of)

    async def do_label(self, rows: Sequence[Row]) -> None:
        """Pull the shipping labels of orders."""
        for connection, items in by_connection(rows).items():
            asked = await self.dash.client.pull_labels(connection, [each.ref for each in items])
            self.let_go(row.key for row in rows if order(row).connection == connection)
            self.dash.say(f"{connection}: {said(asked.text)}")

    async def do_hold(self, rows: Sequence[Row]) -> None:
        """Release what a person or the gift gate holds; hold the rest, with a reason."""
        client = self.dash.client
        free = sum(_kept_by(row) == "" for row in rows)
        question = counted("Why is it held?", "Why are {n} orders held?", free)
        why = await self.app.push_screen_wait(AskText(question)) if free else ""

        async def change(part: Sequence[Row]) -> list[Result]:
            results: list[Result] = []
            barriers: tuple[Literal["hold", "gift_gate"], ...] = ("hold", "gift_gate")
            for what in barriers:
                if kept := refs([row for row in part if _kept_by(row) == what]):
                    results += told(await client.release(kept, what))
            if beginning := refs([row for row in part if not _kept_by(row)]):
                results += told(await client.hold(beginning, why))
            return results

        if meant := [row for row in rows if why or _kept_by(row)]:
            await in_parts(self, _("hold / release"), meant, change, name=ref_of)

    async def do_cancel(self, rows: Sequence[Row]) -> None:
        """Have warehouses asked not to ship orders."""
        why = await self.app.push_screen_wait(
            AskText(counted("Why is it cancelled?", "Why are {n} orders cancelled?", len(rows)))
        )
        if why:

            async def cancel(part: Sequence[Row]) -> list[Result]:
                return told(await self.dash.client.cancel(refs(part), why))

            await in_parts(self, _("cancel"), rows, cancel, name=ref_of)

    async def do_acknowledge(self, rows: Sequence[Row]) -> None:
        """Take the mark (Updated) off."""

        async def acknowledge(part: Sequence[Row]) -> list[Result]:
            return told(await self.dash.client.acknowledge(refs(part)))

        await in_parts(self, _("acknowledge update"), rows, acknowledge, name=ref_of)

    async def do_explain(self, rows: Sequence[Row]) -> None:
        """Show what every rule says of the order now, and what comes next."""
        item = order(rows[0])
        found = await self.dash.client.explain(item.ref, item.connection)
        await self.app.push_screen(order_detail.Explained(found, self.dash.link.now()))


def order(row: Row) -> OrderItem:
    """Return the order that a row shows."""
    assert isinstance(row.item, OrderItem)
    return row.item


def order_state(item: OrderItem) -> Text:
    """Show where an order stands, and that a person has to decide about it."""
    text = state(item.state)
    if item.changed:
        text = text + shown(" " + _("decide"), style="bold red")
    return text


def reason(item: OrderItem, now: datetime) -> Text:
    """Say why an order is where it is, what happens next, and what a person may do."""
    text = Text(sentences(item.why) or shown(said(item.error or ""), 600).plain or state(item.state).plain)
    if item.hold:
        text.append("\n" + _("held: {reason}").format(reason=shown(item.hold, 300).plain))
    if item.next_at is not None and (left := until(item.next_at, now)):
        text.append("\n" + _("it is tried again in {left}").format(left=left), style="dim")
    if item.needs_person or item.changed:
        text.append("\n" + _("a person has to decide: e explains, 3 shows what can be chosen"), style="bold yellow")
    return text


def _kept_by(row: Row) -> Literal["hold", "gift_gate", ""]:
    """Say what keeps an order here that a person can take away: a hold before the gift gate."""
    item = order(row)
    return "hold" if item.hold else "gift_gate" if item.gift_gate else ""


def refs(rows: Sequence[Row]) -> list[OrderRef]:
    """Name the orders of rows to the daemon."""
    return [OrderRef(connection=order(row).connection, ref=order(row).ref) for row in rows]


def ref_of(row: Row) -> str:
    """Return what the daemon's results call the order of a row."""
    return order(row).ref


def told(results: Results) -> list[Result]:
    """Take the daemon's results as those that a person is shown."""
    return [(each.order, each.done, each.text) for each in results.results]


def by_connection(rows: Sequence[Row]) -> dict[str, list[OrderItem]]:
    """Sort the orders of rows by the OMS they came from."""
    found: dict[str, list[OrderItem]] = defaultdict(list)
    for row in rows:
        found[order(row).connection].append(order(row))
    return dict(found)
