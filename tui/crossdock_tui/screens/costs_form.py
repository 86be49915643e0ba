"""The editor of a unit cost: what it would do to the planned amount or the average purchase price is shown before it is saved."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from msgspec import Struct
from rich.text import Text

from crossdock.control.client import Refusal
from crossdock.control.records.costs import CostEdit, CostPreview
from crossdock_tui.dialogs.confirm import Confirm
from crossdock_tui.form import TextField, Wrong
from crossdock_tui.form_screen import FormScreen
from crossdock_tui.language import N_, _, said
from crossdock_tui.list_screen import facts, heading, stacked
from crossdock_tui.screens.costs_words import PLANNED, Kind, find_line, money, of_kind
from crossdock_tui.words import sentences, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from crossdock.control.client import Client
    from crossdock.control.records.costs import CostEdited, CostEffect
    from crossdock_tui.form import Field

LONGEST_REASON = 500
CODE = 3


class UnitCost(Struct, frozen=True, kw_only=True):
    """A unit cost as it was read (`old`, `revision` of it) and as a person wants it (`unit_cost` is what was typed)."""

    kind: Kind
    connection: str
    document: str
    line_no: int
    receipt: str | None
    about: str
    old: Decimal | None
    unit_cost: str
    currency: str
    reason: str = ""
    revision: int = 0


class CostForm(FormScreen[UnitCost]):
    """A planned or actual unit cost."""

    PREVIEWS = True
    TOPICS = frozenset({"costs"})

    def __init__(self, base: UnitCost) -> None:
        super().__init__(base)
        self._edited: CostEdited | None = None

    @property
    def is_new(self) -> bool:
        """A line is always there, whatever the version of its cost."""
        return False

    def lines(self) -> Sequence[Field]:
        """Say what it is about, what it cost, what it costs now, and why."""
        known = self.base.currency != ""
        return (
            TextField("about", _("about"), fixed=True),
            TextField("unit_cost", _("unit cost"), check=_amount, hint=_("exactly, with a point: 12.50. Zero says that it was free")),
            TextField("currency", _("currency"), check=_currency, fixed=known, hint=_("its document names none; three letters, as THB")),
            TextField("reason", _("reason"), check=_reason, most=LONGEST_REASON, hint=_("it is kept with the change")),
        )  # fmt: skip

    def tried(self) -> UnitCost:
        """Look at the cost before a reason is given."""
        values = {name: self.field(name).value for name in ("unit_cost", "currency")}
        return UnitCost(**{**{name: getattr(self.base, name) for name in UnitCost.__struct_fields__}, **values})

    def heard(self, topics: frozenset[str]) -> None:
        """Something changed elsewhere; that somebody changed this cost is heard as costs."""
        super().heard(topics | {"book"} if "costs" in topics else topics)

    async def preview(self, client: Client, draft: UnitCost) -> RenderableType:
        """Show the amount or the average before and after, and what is odd about it."""
        now = facts((_("it is now"), money(self.base.old, self.base.currency)))
        if Decimal(draft.unit_cost) == self.base.old:
            return stacked(now, Text(_("type another cost to see what it does"), style="dim"))
        return stacked(now, shown_effect(await client.preview_cost(_preview(draft)), draft.kind))

    async def save(self, client: Client, draft: UnitCost) -> UnitCost:
        """Save it on top of what was read; what is odd about it is asked about first. Raises Wrong where it was not meant."""
        try:
            self._edited = await self._edit(client, draft, confirmed=False)
        except Refusal as error:
            if error.code != "unconfirmed":
                raise
            warning = sentences((await client.preview_cost(_preview(draft))).warnings)
            if not await self.app.push_screen_wait(Confirm(_("Save this cost all the same?"), warning=warning)):
                raise Wrong(_("nothing is saved")) from None
            self._edited = await self._edit(client, draft, confirmed=True)
        return draft

    @staticmethod
    async def _edit(client: Client, draft: UnitCost, *, confirmed: bool) -> CostEdited:
        edit = CostEdit(
            connection=draft.connection, document=draft.document, line_no=draft.line_no, receipt=draft.receipt,
            unit_cost=Decimal(draft.unit_cost), currency=draft.currency, old=draft.old, version=draft.revision,
            reason=draft.reason, confirmed=confirmed,
        )  # fmt: skip
        return await (client.edit_plan_cost(edit) if draft.kind == PLANNED else client.edit_actual_cost(edit))

    async def read(self, client: Client, draft: UnitCost) -> UnitCost:
        """Read the cost as it is now."""
        document, line = await find_line(client, draft.connection, draft.document, draft.line_no)
        found = None if line is None else of_kind(line, draft.kind, draft.receipt)
        old, version = found if found is not None else (draft.old, draft.revision)
        return UnitCost(
            kind=draft.kind, connection=draft.connection, document=draft.document, line_no=draft.line_no,
            receipt=draft.receipt, about=draft.about, old=old, unit_cost="" if old is None else str(old),
            currency=document.document.currency or draft.currency, revision=version,
        )  # fmt: skip

    def saved_text(self, saved: UnitCost) -> str:
        """Say what became of it: it holds, it is written to the warehouse first, or a second person has to agree."""
        assert self._edited is not None
        return f"{saved.about}: {said(self._edited.text)}"


class PlannedForm(CostForm):
    """A planned unit cost."""

    TITLE_CHANGE = N_("planned unit cost")


class ActualForm(CostForm):
    """What a receipt really cost."""

    TITLE_CHANGE = N_("actual unit cost")


def _preview(draft: UnitCost) -> CostPreview:
    return CostPreview(
        kind=draft.kind, connection=draft.connection, document=draft.document, line_no=draft.line_no,
        unit_cost=Decimal(draft.unit_cost), currency=draft.currency, receipt=draft.receipt,
    )  # fmt: skip


def shown_effect(found: CostEffect, kind: Kind) -> Text:
    """Show what a cost does, exactly."""
    coin = found.currency
    text = Text()
    text.append_text(heading(_("what it would do"))).append("\n")
    if kind == PLANNED:
        text.append(_("planned amount of the document: "))
        text.append_text(_change(found.amount_before, found.amount_after, coin)).append("\n")
        text.append(_("the average purchase price is not touched by a plan"), style="dim")
    else:
        text.append(_("average purchase price of {sku}: ").format(sku=shown(found.sku, 60).plain))
        text.append_text(_change(found.average_before, found.average_after, coin))
        if found.blocked_after:
            blocked = _("the average stays blocked ({why}): nothing is written to the OMS")
            text.append("\n" + blocked.format(why=shown(said(found.blocked_after), 60).plain), style="yellow")
    text.append("\n" + _("unit cost: "))
    text.append_text(_change(found.old, found.new, coin))
    text.append(f" × {shown(found.quantity, 40).plain}", style="dim")
    if found.warnings:
        text.append("\n! " + sentences(found.warnings), style="bold yellow")
        text.append("\n" + _("you are asked whether it is meant"), style="yellow")
    if found.second_person_above is not None:
        second = _("worth more than {limit}: a second person has to agree before anything is changed")
        text.append("\n! " + second.format(limit=money(found.second_person_above, coin).plain), style="bold yellow")
    return text


def _change(before: Decimal | None, after: Decimal | None, currency: str) -> Text:
    return money(before, currency) + Text(" → ") + money(after, currency, "bold")


def _amount(text: str) -> str:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return _("an amount is written with digits and a point: 12.50")
    if not value.is_finite() or value < 0:
        return _("an amount is not below zero")
    return ""


def _currency(text: str) -> str:
    good = len(text) == CODE and text.isascii() and text.isalpha() and text.isupper()
    return "" if good else _("three capital letters, as THB")


def _reason(text: str) -> str:
    return "" if text else _("it is needed: it is kept with what you do")
