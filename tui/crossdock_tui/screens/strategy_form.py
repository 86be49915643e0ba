"""The editor of a push strategy, with what it would do to today's orders beside it."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, cast

import msgspec
from rich.console import Group
from rich.text import Text

from crossdock.control.records.book import Strategy
from crossdock.control.records.simulation import Try
from crossdock_tui.form import ChoiceField, ManyField, NumberField, SwitchField, TextField
from crossdock_tui.form_screen import FormScreen
from crossdock_tui.language import N_, _
from crossdock_tui.screens import offers
from crossdock_tui.screens.foreseen import foreseen
from crossdock_tui.words import shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rich.console import RenderableType

    from crossdock.control.client import Client
    from crossdock.control.records.book import Warehouse
    from crossdock_tui.form import Field

KINDS = {
    "standard": N_("standard"), "advance": N_("advance"), "custom_advance": N_("custom advance"), "manual_only": N_("by hand only"),
}  # fmt: skip
GATES = {"off": N_("off"), "wait_flag": N_("wait for the OMS's flag"), "wait_minutes": N_("wait for minutes")}
STATUSES = {
    "unpaid": N_("unpaid"), "partially_paid": N_("partially paid"), "paid": N_("paid"), "ready_to_ship": N_("ready to ship"),
}  # fmt: skip
MONTHS = 60 * 24 * 60
"""Minutes that anything may wait, at most; the daemon's own bound."""
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


class StrategyForm(FormScreen[Strategy]):
    """A strategy."""

    TITLE_NEW = N_("new strategy")
    TITLE_CHANGE = N_("strategy")
    TOPICS = frozenset({"orders", "book"})
    PREVIEWS = True

    def __init__(self, base: Strategy | None = None, *, tried_in: str = "") -> None:
        super().__init__(base or Strategy(name="", kind="standard"))
        self._warehouses: dict[str, Warehouse] = {}
        self._tried_in = tried_in

    def lines(self) -> Sequence[Field]:
        """Name it, say when orders go, and in which warehouse it is tried."""
        ask = offers.of_every_oms
        kinds = [(code, _(name)) for code, name in KINDS.items()]
        gates = [(code, _(name)) for code, name in GATES.items()]
        statuses = [(code, _(name)) for code, name in STATUSES.items()]
        shops, logistics = partial(ask, self.dash.client, "shops"), partial(ask, self.dash.client, "logistics")
        utc = _clock_hint(self.dash.link.now())
        return (
            TextField("name", _("name"), check=needed, fixed=not self.is_new, hint=_("how warehouses name it; it cannot be changed later")),
            ChoiceField("kind", _("type"), kinds),
            ManyField("shops", _("designated stores"), shops, hint=_("only orders of these stores, any of them; ← any")),
            ManyField("logistics", _("designated logistics"), logistics, hint=_("only orders of these carriers, any of them; ← any")),
            ChoiceField("minimum_status", _("at least"), statuses, hint=_("how far an order has to be in its OMS")),
            ChoiceField("gift_gate", _("gift gate"), gates, explained={
                "off": _("an order goes without waiting for gifts"),
                "wait_flag": _("an order waits until its OMS says that its gifts are added"),
                "wait_minutes": _("an order waits so many minutes for its gifts"),
            }),
            NumberField("gift_minutes", _("gift minutes"), most=MONTHS, hint=_("how long the gift gate waits, where it waits for minutes")),
            NumberField("delay_minutes", _("delay, minutes"), most=MONTHS, hint=_("counted from the order's creation")),
            TextField("not_before", _("not before, UTC"), check=clock, empty_is_none=True, most=5, hint=utc),
            TextField("not_after", _("not after, UTC"), check=clock, empty_is_none=True, most=5, hint=utc),
            SwitchField("enabled", _("in use"), hint=_("switched off, it matches no order")),
            ChoiceField("try_in", _("tried in warehouse"), extra=True, hint=_("only for what is shown here: it is not saved")),
            SwitchField("try_auto", _("as if auto push on"), extra=True, hint=_("only for what is shown here: nothing is switched or sent")),
        )  # fmt: skip

    async def prepare(self, client: Client) -> None:
        """Learn what the kinds mean, and choose the warehouse in which it is tried: one that uses it before others."""
        page = await client.strategies()
        kind = cast("ChoiceField", self.field("kind"))
        kind.explained = page.explained
        statuses = page.minimum_statuses or tuple(STATUSES)
        self._options("minimum_status").options = [(code, _(STATUSES.get(code, code))) for code in statuses]
        self._warehouses = {each.code: each for each in await offers.all_warehouses(client)}
        options = [(code, f"{code} {each.name}".strip()) for code, each in self._warehouses.items()]
        self._options("try_in").options = [("", _("every warehouse, as saved")), *options]
        using = [each.code for each in self._warehouses.values() if self.base.name in each.strategies]
        first = self._tried_in or next(iter([*using, *self._warehouses]), "")
        self.field("try_in").put(first)
        tried = self._warehouses.get(first)
        self.field("try_auto").put(tried is not None and not tried.auto_push)

    def _options(self, key: str) -> ChoiceField:
        return cast("ChoiceField", self.field(key))

    def tried(self) -> Strategy:
        """One that has no name yet can be tried all the same. Raises Wrong."""
        name = cast("TextField", self.field("name"))
        others = {each.key: each.value for each in self.fields if not each.extra and each is not name}
        return msgspec.structs.replace(self.base, name=self.base.name or name.typed or "…", **others)

    async def preview(self, client: Client, draft: Strategy) -> RenderableType:
        """Show which of today's orders would go, which not and why, and how many that changes."""
        tried = self._warehouses.get(self.field("try_in").value)
        wanted, name = Try(strategy=draft, through=True), draft.name
        head = _("as every warehouse is set up")
        if tried is not None:
            alone = name not in tried.strategies
            auto_push = True if self.field("try_auto").value else None
            wanted = msgspec.structs.replace(
                wanted, warehouse=tried.code, use=name if alone else None, auto_push=auto_push
            )
            head = (
                _("as if warehouse {code} pushed by it alone") if alone else _("in warehouse {code}, which uses it")
            ).format(code=shown(tried.code).plain)
            if auto_push and not tried.auto_push:
                head += ", " + _("as if its auto push were on (it is off)")
        found = await client.simulate(wanted)
        return Group(Text(_("today's orders") + " – " + head, style="bold"), foreseen(found))

    def suit(self) -> None:
        """Minutes count where the gift gate waits for minutes, a warehouse's switch where a warehouse is chosen."""
        self.field("gift_minutes").display = self.field("gift_gate").value == "wait_minutes"
        self.field("try_auto").display = bool(self.field("try_in").value)

    async def save(self, client: Client, draft: Strategy) -> Strategy:
        """Save it."""
        return await client.save_strategy(draft)

    async def read(self, client: Client, draft: Strategy) -> Strategy:
        """Read it as it is now."""
        return await client.strategy(draft.name)

    def saved_text(self, saved: Strategy) -> str:
        """Say what follows."""
        return _("strategy {name} is saved (revision {revision}); waiting orders are decided again").format(
            name=saved.name, revision=saved.revision
        )


def needed(text: str) -> str:
    """An empty name is none."""
    return "" if text else _("it needs a name")


def clock(text: str) -> str:
    """A time of day is HH:MM."""
    return "" if not text or _CLOCK.fullmatch(text) else _("a time of day as 08:00; empty: at any time")


def _clock_hint(now: datetime) -> str:
    here = now.replace(hour=0, minute=0).astimezone()
    return _("HH:MM in UTC, both or none; 00:00 UTC is {here} here").format(here=f"{here:%H:%M}")
