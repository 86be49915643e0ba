"""Costs: inbound documents, the planned and actual unit cost of each line, and the ledgers of SKUs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from crossdock.control.client import Refusal
from crossdock.control.records.costs import CostDocumentItem, SettleDrift, SkuCostItem
from crossdock_tui.actions import Action, lacks
from crossdock_tui.dialogs.ask_text import AskText
from crossdock_tui.dialogs.choose import Choose
from crossdock_tui.filter_bar import Filter
from crossdock_tui.language import N_, _, said
from crossdock_tui.list_screen import ListScreen, Page, Tab, facts, heading, stacked
from crossdock_tui.paged_table import Column, Row
from crossdock_tui.screens.costs_form import ActualForm, PlannedForm, UnitCost
from crossdock_tui.screens.costs_lines import LINES, Entry, line_rows, line_why, lines_text
from crossdock_tui.screens.costs_words import ACTUAL, PLANNED, amount, flag, ledger, money, of_kind
from crossdock_tui.words import number, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from crossdock.control.client import Client
    from crossdock_tui.screens.costs_words import Kind

DOCUMENTS = (
    Column("number", N_("document"), 14, grows=True),
    Column("kind", N_("kind"), 10, weight=4),
    Column("warehouse", N_("warehouse"), 9, weight=2),
    Column("oms", N_("OMS"), 8, weight=5),
    Column("plan", N_("planned amount"), 14),
    Column("sent", N_("the OMS has"), 14),
    Column("currency", N_("currency"), 8),
)
SKUS = (
    Column("sku", N_("SKU"), 14, grows=True),
    Column("oms", N_("OMS"), 8, weight=3),
    Column("quantity", N_("in stock"), 9, weight=2),
    Column("average", N_("average"), 12),
    Column("sent", N_("sent"), 12, weight=4),
    Column("held", N_("the OMS holds"), 13),
    Column("currency", N_("currency"), 8, weight=1),
    Column("state", N_("state"), 14, grows=True),
)
SHOWN = 30
"""Lines that the detail of a document names, at most; its list has them all."""
LEDGERS = ("skus", "settle")


class Costs(ListScreen):
    """Costs."""

    SCREEN = "costs"
    LABEL = N_("Costs")
    ABOUT = N_(
        "what inbound goods were planned to cost and really cost, and what that makes of the average purchase price"
    )
    TOPICS = frozenset({"costs", "approvals"})
    TABS = (
        Tab("documents", N_("documents")), Tab("lines", N_("lines")), Tab("skus", N_("SKUs")), Tab("settle", N_("to settle")),
    )  # fmt: skip
    COLUMNS_OF = {"documents": DOCUMENTS, "lines": LINES, "skus": SKUS, "settle": SKUS}  # noqa: RUF012 - the frame declares it
    FILTERS = (Filter("text"),)
    FILTERS_OF = {"documents": (Filter("text"), Filter("connection"))}  # noqa: RUF012 - as above
    ACTIONS = (
        Action(key="p", name="plan", label=N_("planned cost"), right="cost.plan.edit", tabs=("lines",)),
        Action(key="c", name="actual", label=N_("actual cost"), right="cost.actual.edit", tabs=("lines",)),
        Action(key="s", name="settle", label=N_("settle"), right="cost.actual.edit", tabs=LEDGERS),
    )
    MARKS = False

    def __init__(self) -> None:
        super().__init__()
        self.document: CostDocumentItem | None = None

    async def page(self, client: Client, after: Any, limit: int) -> Page:
        """Read a page of the tab; whoever may not see costs is told so."""
        if "cost.view" not in self.dash.link.rights:
            return Page([])
        match self.tab:
            case "lines":
                return await self._lines(client, after, limit)
            case "skus" | "settle":
                unsettled = "true" if self.tab == "settle" else None
                query = {"sku": self.wanted.query.get("text"), "unsettled": unsettled}
                skus = await client.sku_costs(after=after, limit=limit, **query)
                return Page([_sku_row(item) for item in skus.items], skus.next)
            case _:
                query = {name: self.wanted.query.get(name) for name in ("text", "connection")}
                found = await client.cost_documents(newest="true", after=after, limit=limit, **query)
                return Page([_document_row(item) for item in found.items], found.next)

    async def _lines(self, client: Client, after: Any, limit: int) -> Page:
        if self.document is None:
            return Page([])
        found = await client.cost_document(self.document.connection, self.document.ref, after=after, limit=limit)
        self.document = found.document
        sku = self.wanted.query.get("text")
        lines = [each for each in found.lines if sku is None or each.sku == sku]
        return Page([row for line in lines for row in line_rows(line, found.document.currency)], found.next)

    def note(self) -> Text:
        """Name the document whose lines are shown."""
        if self.tab != "lines" or self.document is None:
            return Text()
        name = Text(shown(self.document.number or self.document.ref, 24).plain, style="bold cyan")
        return name + Text(" ") + money(self.document.plan_amount, self.document.currency)

    def why(self, row: Row) -> Text:
        """Say what the row means, and what to press."""
        item = row.item
        if isinstance(item, Entry):
            return line_why(item)
        if isinstance(item, SkuCostItem):
            return _sku_why(item)
        assert isinstance(item, CostDocumentItem)
        text = Text(_("⏎ shows its lines, where costs are changed"), style="dim")
        if item.plan_amount is None:
            missing = _("a line has no planned cost, so that there is no planned amount and none is sent to the OMS")
            return Text(missing, style="yellow") + Text("\n") + text
        if item.plan_amount != item.plan_sent:
            return Text(_("the planned amount is on its way to the OMS"), style="cyan") + Text("\n") + text
        return text

    def empty(self) -> str:
        """Say why there is nothing, and what to do."""
        if "cost.view" not in self.dash.link.rights:
            return _("costs are not shown to you: {why}").format(why=lacks("cost.view"))
        if self.tab == "lines":
            if self.document is None:
                return _("no document is chosen; ⏎ on one in the tab documents shows its lines")
            return _("no line of the document fits the filter") if self.wanted.text else _("the document has no lines")
        if self.wanted.text:
            return _("nothing fits the filter; esc takes it away")
        if self.tab == "settle":
            return _("nothing is to be settled: every ledger agrees with its OMS")
        return _("no inbound document of a warehouse was seen yet; they come by themselves")

    def name_of(self, row: Row) -> str:
        """A document's number, or a SKU."""
        item = row.item
        if isinstance(item, Entry):
            return item.line.sku
        return item.sku if isinstance(item, SkuCostItem) else _document(row).number or _document(row).ref

    async def detail(self, client: Client, row: Row) -> RenderableType:
        """Show a document, or the ledger of the SKU with its history."""
        item = row.item
        if isinstance(item, CostDocumentItem):
            found = await client.cost_document(item.connection, item.ref, limit=SHOWN)
            return stacked(_document_facts(item), heading(_("lines")), lines_text(found))
        if isinstance(item, SkuCostItem):
            return ledger(await client.sku_cost(item.oms, item.sku))
        assert isinstance(item, Entry)
        return await self._line_detail(client, item)

    async def _line_detail(self, client: Client, item: Entry) -> RenderableType:
        assert self.document is not None
        line = facts(
            (_("line"), item.line.line_no), (_("SKU"), item.line.sku), (_("planned"), f"{item.line.planned:f}"),
            (_("planned unit cost"), money(item.line.plan_unit_cost, self.document.currency)),
            *(
                (f"{_('receipt')} {shown(each.ref, 40).plain}", f"{each.quantity:f} × {money(each.unit_cost, self.document.currency).plain}")
                for each in item.line.receipts
            ),
        )  # fmt: skip
        try:
            found = ledger(await client.sku_cost(self.document.oms, item.line.sku))
        except Refusal as error:
            if error.code != "not_found":
                raise
            found = Text(_("nothing of it was received yet, so that there is no ledger"), style="dim")
        return stacked(line, found)

    # ---- going to a document's lines and back

    def action_open(self) -> None:
        """Show a document's lines; of anything else, everything about it."""
        row = self.table.current
        if row is not None and isinstance(row.item, CostDocumentItem):
            self.document = row.item
            self._show("lines")
        else:
            super().action_open()

    def action_back(self) -> None:
        """Close what is open; from the lines of a document go back to the documents."""
        if self.tab == "lines" and not self.opened:
            self._show("documents")
        else:
            super().action_back()

    def _show(self, tab: str) -> None:
        """Go between a document and its lines; a filter of the one says nothing about the other."""
        self.wanted = type(self.wanted)()
        self.go_to_tab(tab)

    # ---- why not

    def not_plan(self, row: Row) -> str:
        """One change at a time goes to the warehouse."""
        entry = _entry(row)
        return _("the planned cost is being written to the warehouse; wait for it") if entry.line.plan_pending else ""

    def not_actual(self, row: Row) -> str:
        """What was received has an actual cost, and nothing else."""
        receipt = _entry(row).receipt
        if receipt is None:
            return _("nothing of it was received yet, so that there is no actual cost")
        return _("its cost is being written to the warehouse; wait for it") if receipt.pending else ""

    def not_settle(self, row: Row) -> str:
        """Only what differs can be settled."""
        item = _sku(row)
        return "" if item.drift or item.blocked else _("its ledger and the OMS agree; there is nothing to settle")

    # ---- what is done

    async def do_plan(self, rows: Sequence[Row]) -> None:
        """Change the planned unit cost of a line."""
        await self._edit(_entry(rows[0]), PLANNED)

    async def do_actual(self, rows: Sequence[Row]) -> None:
        """Change what a receipt really cost."""
        await self._edit(_entry(rows[0]), ACTUAL)

    async def _edit(self, entry: Entry, kind: Kind) -> None:
        document = self.document
        assert document is not None
        receipt = entry.receipt.ref if kind == ACTUAL and entry.receipt is not None else None
        found = of_kind(entry.line, kind, receipt)
        assert found is not None
        old, version = found
        what = f"{shown(entry.line.sku, 60).plain} · {shown(document.number or document.ref, 40).plain}"
        base = UnitCost(
            kind=kind, connection=document.connection, document=document.ref, line_no=entry.line.line_no,
            receipt=receipt, about=what if receipt is None else f"{what} · {shown(receipt, 40).plain}", old=old,
            unit_cost="" if old is None else f"{old:f}", currency=document.currency or "", revision=version,
        )  # fmt: skip
        form = PlannedForm if kind == PLANNED else ActualForm
        if await self.app.push_screen_wait(form(base)) is not None:
            self.load()

    async def do_settle(self, rows: Sequence[Row]) -> None:
        """End a difference between a ledger and its OMS, one way or the other, with a reason."""
        item = _sku(rows[0])
        theirs, ours = money(item.held, item.currency).plain, money(item.average, item.currency).plain
        options = [
            ("take_theirs", _("the ledger goes on from what the OMS holds: {amount}").format(amount=theirs)),
            ("write_ours", _("the OMS is given the ledger's: {amount}").format(amount=ours)),
        ]
        question = _("Which average purchase price of {sku} counts?").format(sku=shown(item.sku, 60).plain)
        chosen = await self.app.push_screen_wait(Choose(question, options))
        if not chosen:
            return
        reason = await self.app.push_screen_wait(AskText(_("Why? It is kept in the ledger.")))
        if not reason:
            return
        decision = "take_theirs" if chosen[0] == "take_theirs" else "write_ours"
        wanted = SettleDrift(oms=item.oms, sku=item.sku, decision=decision, reason=reason)  # type: ignore[arg-type]  # one of the two
        done = await self.dash.client.settle_drift(wanted)
        self.dash.say(
            _("{sku} is settled; the average is {amount}").format(
                sku=done.sku, amount=money(done.average, done.currency).plain
            )
        )


def _document_facts(item: CostDocumentItem) -> RenderableType:
    return facts(
        (_("document"), item.number), (_("reference"), f"{item.connection} / {item.ref}"), (_("kind"), item.kind),
        (_("warehouse"), item.warehouse), (_("OMS"), item.oms),
        (_("planned amount"), money(item.plan_amount, item.currency)),
        (_("the OMS has"), money(item.plan_sent, item.currency)),
    )  # fmt: skip


def _document_row(item: CostDocumentItem) -> Row:
    same = item.plan_amount == item.plan_sent
    cells = {
        "number": shown(item.number or item.ref), "kind": shown(item.kind.replace("_", " ")),
        "warehouse": shown(item.warehouse), "oms": shown(item.oms), "plan": amount(item.plan_amount),
        "sent": amount(item.plan_sent, "" if same else "yellow"), "currency": shown(item.currency),
    }  # fmt: skip
    return Row(f"{item.connection}/{item.ref}", cells, item)


def _sku_row(item: SkuCostItem) -> Row:
    state = shown("✓", style="green")
    if item.drift:
        state = shown(f"≠ {_('differs')}", style="bold yellow")
    elif item.blocked:
        state = shown(f"‖ {_('blocked')}", style="bold yellow")
    elif item.flags:
        state = shown("! " + ", ".join(map(flag, item.flags)), style="yellow")
    quantity = number(None) if item.quantity is None else shown(f"{item.quantity:f}")
    quantity.justify = "right"
    cells = {
        "sku": shown(item.sku), "oms": shown(item.oms), "quantity": quantity, "average": amount(item.average),
        "sent": amount(item.sent), "held": amount(item.held, "yellow" if item.drift else ""),
        "currency": shown(item.currency), "state": state,
    }  # fmt: skip
    return Row(f"{item.oms}/{item.sku}", cells, item)


def _sku_why(item: SkuCostItem) -> Text:
    if item.drift:
        text = _(
            "the OMS holds {held}, the ledger says {ours}: somebody changed it there. Nothing is overwritten; s settles it"
        )
        return Text(
            text.format(held=money(item.held, item.currency).plain, ours=money(item.average, item.currency).plain),
            style="yellow",
        )
    if item.blocked:
        return Text(
            _("blocked: {why}; give its cost (tab documents), or s settles it").format(why=flag(item.blocked)),
            style="yellow",
        )
    return Text(said("; ".join(map(flag, item.flags))) or _("the ledger and the OMS agree; ⏎ shows the history"))


def _document(row: Row) -> CostDocumentItem:
    assert isinstance(row.item, CostDocumentItem)
    return row.item


def _sku(row: Row) -> SkuCostItem:
    assert isinstance(row.item, SkuCostItem)
    return row.item


def _entry(row: Row) -> Entry:
    assert isinstance(row.item, Entry)
    return row.item
