"""Push status: orders on their way to warehouses that need somebody, and documents on their way back to the OMS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from crossdock.control.records.asks import Redrive
from crossdock_tui.actions import Action
from crossdock_tui.dialogs.confirm import Confirm
from crossdock_tui.filter_bar import Filter
from crossdock_tui.language import N_, _, counted, said
from crossdock_tui.list_screen import Page, Tab
from crossdock_tui.one_by_one import in_parts
from crossdock_tui.paged_table import Column, Row
from crossdock_tui.screens.document_work import LISTS, STATUSES, DocumentWork, document
from crossdock_tui.screens.order_decisions import CHOICES, OrderDecisions
from crossdock_tui.screens.order_work import order, order_state, ref_of, refs, told
from crossdock_tui.words import age, number, sentences, shown, until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from crossdock.control.client import Client
    from crossdock.control.records.orders import OrderItem
    from crossdock_tui.one_by_one import Result

FAILED, PARKED, DOUBT, DECIDE = "failed", "parked", "in_doubt", "decide"
PUSHES = (FAILED, PARKED, DOUBT, DECIDE)
ASKED: dict[str, dict[str, object]] = {
    FAILED: {"state": "push_failed"}, PARKED: {"parked": True}, DOUBT: {"state": "in_doubt"}, DECIDE: {"changed": True},
}  # fmt: skip
"""What of the orders each tab asks for."""
_TRIES = Column("attempts", N_("tries"), 5, weight=1)
_NEXT = Column("next", N_("next"), 5)
_AGE = Column("age", N_("age"), 4, weight=1)
_ERROR = Column("error", N_("last error"), 10, grows=True)


class PushStatus(OrderDecisions, DocumentWork):
    """Push status."""

    SCREEN = "push_status"
    LABEL = N_("Push")
    ABOUT = N_("what did not reach a warehouse, or the OMS: why, when it is tried again, and what you can do")
    TOPICS = frozenset({"orders", "documents", "operations"})
    TABS = (
        Tab(FAILED, N_("failed")), Tab(PARKED, N_("parked")), Tab(DOUBT, N_("in doubt")), Tab(DECIDE, N_("to decide")),
        Tab("package-outbound", N_("parcels out")), Tab("manual-outbound", N_("manual out")),
        Tab("transfer-outbound", N_("transfer out")), Tab("receiving-inbound", N_("receiving")),
        Tab("manual-inbound", N_("manual in")), Tab("transfer-inbound", N_("transfer in")),
    )  # fmt: skip
    COLUMNS = (
        Column("number", N_("order"), 12),
        Column("connection", N_("OMS"), 8, weight=4),
        Column("warehouse", N_("warehouse"), 9, weight=2),
        Column("status", N_("push status"), 16),
        _TRIES, _NEXT, _AGE, _ERROR,
    )  # fmt: skip
    COLUMNS_OF = dict.fromkeys(
        LISTS,
        (
            Column("number", N_("document"), 12),
            Column("order", N_("order"), 12, weight=3),
            Column("warehouse", N_("warehouse"), 9, weight=2),
            Column("stage", N_("stage"), 11, weight=4),
            Column("status", N_("push status"), 13),
            _TRIES, _NEXT, _AGE, _ERROR,
        ),
    )  # fmt: skip
    FILTERS = (Filter("text"), Filter("warehouse"), Filter("connection"))
    FILTERS_OF = dict.fromkeys(
        LISTS, (Filter("text"), Filter("status", STATUSES), Filter("warehouse"), Filter("connection"))
    )
    ACTIONS = (
        Action(key="p", name="redrive", label=N_("push again"), right="push.redrive", on="rows", asks=N_("Send {n} failed orders again?"), tabs=(FAILED, PARKED)),
        Action(key="P", name="redrive_all", label=N_("all that fit"), right="push.redrive", on="screen", tabs=(FAILED, PARKED)),
        Action(key="b", name="probe", label=N_("ask the warehouse"), right="push.redrive", on="rows", asks=N_("Have the warehouses asked now about {n} orders?"), tabs=(DOUBT,)),
        Action(key="t", name="settle", label=N_("settle by hand"), right="push.settle", on="rows", tabs=(DOUBT,)),
        Action(key="d", name="decide", label=N_("decide"), right="order.sync", on="rows", tabs=(DECIDE,)),
        Action(key="l", name="label", label=N_("pull label"), right="label.pull", on="rows", asks=N_("Pull the shipping labels of {n} orders?"), tabs=(DECIDE,)),
        Action(key="c", name="confirm_label", label=N_("confirm label"), right="label.pull", on="rows", asks=N_("Confirm the labels of {n} orders as they are?"), tabs=(DECIDE,)),
        Action(key="e", name="explain", label=N_("explain"), on="row", tabs=PUSHES),
        Action(key="h", name="hold", label=N_("hold / release"), right="order.hold", on="rows", asks=N_("Hold or release {n} orders?"), tabs=(FAILED, PARKED)),
        Action(key="s", name="sync", label=N_("sync order"), right="order.sync", on="rows", asks=N_("Fetch {n} orders again from their OMS?"), tabs=PUSHES),
        Action(key="p", name="repush", label=N_("push again"), right="push.repush", on="rows", asks=N_("Push {n} documents to their OMS again?"), tabs=LISTS),
        Action(key="P", name="repush_all", label=N_("all that fit"), right="push.repush", on="screen", tabs=LISTS),
        Action(key="g", name="fetch", label=N_("get documents"), right="order.pull", on="screen", tabs=LISTS),
    )  # fmt: skip

    async def page(self, client: Client, after: Any, limit: int) -> Page:
        """Read a page of the tab."""
        if self.tab in LISTS:
            return await self.documents_page(client, after, limit)
        found = await client.orders(after=after, limit=limit, **ASKED[self.tab], **self.wanted.query)
        if after is None:
            self._throttled = (await client.throttles()).items
        return Page([self._push_row(item) for item in found.items], found.next)

    def _push_row(self, item: OrderItem) -> Row:
        now = self.dash.link.now()
        cells = {
            "number": shown(item.number or item.ref), "connection": shown(item.connection),
            "warehouse": shown(item.warehouse), "status": order_state(item), "attempts": number(item.attempts or None),
            "next": shown(until(item.next_at, now)), "age": shown(age(item.queued_at or item.created_at, now)),
            "error": shown(last_error(item)),
        }  # fmt: skip
        return Row(f"{item.connection}/{item.ref}", cells, item)

    def why(self, row: Row) -> Text:
        """Say why it is where it is, when that changes by itself, and what to press."""
        if self.tab in LISTS:
            return self.document_why(row)
        item, now = order(row), self.dash.link.now()
        text = Text(shown(last_error(item), 600).plain or order_state(item).plain)
        if item.hold:
            text.append("\n" + _("held: {reason}").format(reason=shown(item.hold, 300).plain))
        left = until(item.next_at, now)
        if item.state == "in_doubt":
            text.append(
                "\n" + _in_doubt(left, person=item.needs_person), style="bold yellow" if item.needs_person else "dim"
            )
        elif item.choices:
            named = " / ".join(_(CHOICES[each]) for each in item.choices)
            text.append("\n" + _("d decides: {named}").format(named=named), style="bold yellow")
        elif left:
            text.append("\n" + _("it is tried again in {left}").format(left=left), style="dim")
        elif item.state == "push_failed":
            text.append("\n" + _("it is not tried again by itself: mend what is wrong, then p"), style="bold yellow")
        return text

    def empty(self) -> str:
        """Say why there is nothing, and what to do."""
        if self.tab in LISTS:
            return self.documents_empty()
        if self.wanted.text:
            return _("no order fits the filter; esc takes it away")
        return {
            FAILED: _("no push failed"),
            PARKED: _("no push is parked: what failed is tried again by itself"),
            DOUBT: _("of every order it is known whether its warehouse has it"),
            DECIDE: _("no change and no cancellation waits for a decision"),
        }[self.tab]

    def name_of(self, row: Row) -> str:
        """A reference in the OMS, or a document's number."""
        if self.tab in LISTS:
            return document(row).number or document(row).ref
        return super().name_of(row)

    async def detail(self, client: Client, row: Row) -> RenderableType:
        """Show the document, or the order, with what happened to it."""
        if self.tab in LISTS:
            return await self.document_detail(client, row)
        return await super().detail(client, row)

    def not_redrive(self, row: Row) -> str:
        """Only what failed is sent again."""
        return "" if order(row).state == "push_failed" else _("it has not failed")

    def not_redrive_all(self) -> str:
        """A text names single orders."""
        if "text" in self.wanted.query:
            return _("the filter names orders by a text: mark them with * and press p")
        return ""

    async def do_redrive(self, rows: Sequence[Row]) -> None:
        """Send failed orders again, as they are."""

        async def redrive(part: Sequence[Row]) -> list[Result]:
            return told(await self.dash.client.redrive(Redrive(orders=tuple(refs(part)))))

        await in_parts(self, _("push again"), rows, redrive, name=ref_of)

    async def do_redrive_all(self, rows: Sequence[Row]) -> None:  # noqa: ARG002 - every action gets rows
        """Send all failed orders again that fit tab and filter, after the daemon was asked how many they are."""
        client, only, parked = self.dash.client, self.wanted.query, self.tab == PARKED
        warehouse, connection = only.get("warehouse"), only.get("connection")
        found = await client.count_failed(parked=parked, warehouse=warehouse, connection=connection)
        if not found.count:
            self.dash.say(self.empty())
            return
        question = counted("Send {n} failed order again?", "Send {n} failed orders again?", found.count)
        more = _("there are even more: not all were counted") if found.more else ""
        names = [f"{name}: {value}" for name, value in only.items()]
        if not await self.app.push_screen_wait(Confirm(question, names, more)):
            return
        results: list[tuple[str, bool, str]] = []
        after: int | None = 0
        while after is not None:
            body = Redrive(all_failed=True, parked=parked, warehouse=warehouse, connection=connection, after=after)
            answer = await client.redrive(body)
            results += told(answer)
            self.progress(counted("{n} done", "{n} done", len(results)))
            after = answer.next
        self.dash.report(_("push again"), results)


def last_error(item: OrderItem) -> str:
    """Say in words what went wrong last, or what has to be decided."""
    decide = sentences(item.why) if item.choices or item.changed else ""
    return decide or said(item.error or "") or sentences(item.why)


def _in_doubt(left: str, *, person: bool) -> str:
    if person:
        return _("its warehouse cannot be asked: look there, then t settles it with what you saw")
    if left:
        return _("its warehouse is asked in {left}; b asks now, t settles it by what you saw").format(left=left)
    return _("its warehouse is being asked; t settles it by what you saw")
