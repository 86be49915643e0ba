"""What a person decides about orders: what applies after the push, and how a doubt ends that only a person can end."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, cast

from crossdock.control.records.asks import SettleOrder
from crossdock_tui.dialogs.ask_text import AskText
from crossdock_tui.dialogs.choose import Choose
from crossdock_tui.language import N_, _, counted, said
from crossdock_tui.one_by_one import in_parts
from crossdock_tui.screens.order_work import OrderWork, order, ref_of, refs, told

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from crossdock.control.records.base import ChoiceName
    from crossdock_tui.one_by_one import Result
    from crossdock_tui.paged_table import Row

CHOICES: dict[ChoiceName, str] = {
    "force": N_("send what changed to the warehouse all the same"),
    "keep": N_("what the warehouse has stands"),
    "ship": N_("let it ship although it was cancelled; the OMS is told"),
    "ask_again": N_("ask the warehouse once more to cancel it"),
    "cancelled": N_("it was cancelled in the warehouse by hand"),
    "again": N_("push again what the warehouse cancelled by itself"),
}
NEEDS = {"force": "push.manual", "again": "push.manual", "keep": "order.sync"}
"""The right that a choice needs beside the one to decide; every other is about a cancellation."""
ARRIVED, ABSENT = "arrived", "absent"


class OrderDecisions(OrderWork):
    """A list of orders about which a person may have to decide."""

    def not_decide(self, row: Row) -> str:
        """Only what waits for a person is decided."""
        if order(row).choices:
            return ""
        if order(row).state == "in_doubt":
            return _("whether it arrived is not known: t settles that")
        return _("of the order itself nothing is to be decided; what is said of it tells what to do")

    async def do_decide(self, rows: Sequence[Row]) -> None:
        """Decide about orders that their warehouse has: one of the choices that apply, with a reason."""
        counts = Counter(choice for row in rows for choice in order(row).choices)
        options = [(name, self._option(name, counts[name], len(rows))) for name in CHOICES if counts[name]]
        question = counted("What is done about it?", "What is done about these {n} orders?", len(rows))
        chosen = await self.app.push_screen_wait(Choose(question, options))
        if not chosen:
            return
        choice = cast("ChoiceName", chosen[0])
        meant = [row for row in rows if choice in order(row).choices]
        note = f"{counted('{n} order', '{n} orders', len(meant))}: {_(CHOICES[choice])}"
        why = await self.app.push_screen_wait(AskText(_("Why?"), note=note))
        if not why:
            return

        async def decide(part: Sequence[Row]) -> list[Result]:
            return told(await self.dash.client.decide_packages(refs(part), choice, why))

        await in_parts(self, _("decide"), meant, decide, name=ref_of)

    def _option(self, name: ChoiceName, count: int, total: int) -> str:
        text = _(CHOICES[name])
        if count < total:
            text += " · " + _("applies to {n} of {total}").format(n=count, total=total)
        right = NEEDS.get(name, "cancel.request")
        return (
            text
            if right in self.dash.link.rights
            else text + " · " + _("you lack the right {right}").format(right=right)
        )

    async def do_confirm_label(self, rows: Sequence[Row]) -> None:
        """Say that the labels of orders are right all the same, or were stuck over."""
        question = counted("Why is the old label right?", "Why are these {n} old labels right?", len(rows))
        why = await self.app.push_screen_wait(AskText(question))
        if why:

            async def confirm(part: Sequence[Row]) -> list[Result]:
                return told(await self.dash.client.confirm_labels(refs(part), why))

            await in_parts(self, _("confirm label"), rows, confirm, name=ref_of)

    def not_settle(self, row: Row) -> str:
        """Only a doubt is settled."""
        return "" if order(row).state == "in_doubt" else _("it is not in doubt")

    def not_probe(self, row: Row) -> str:
        """A warehouse that cannot be asked is looked into by a person."""
        if order(row).state != "in_doubt":
            return _("it is not in doubt")
        if order(row).needs_person:
            return _("its warehouse cannot be asked: look there, then t settles it")
        return ""

    async def do_probe(self, rows: Sequence[Row]) -> None:
        """Have warehouses asked now."""

        async def probe(part: Sequence[Row]) -> list[Result]:
            return told(await self.dash.client.probe(refs(part)))

        await in_parts(self, _("ask the warehouse"), rows, probe, name=ref_of)

    async def do_settle(self, rows: Sequence[Row]) -> None:
        """Say what was seen in the warehouse, with a reason; where two persons are asked for, it is proposed."""
        question = counted(
            "What did you see in the warehouse?", "What did you see in the warehouse, of all {n} orders?", len(rows)
        )
        options = [
            (ARRIVED, _("it is there: it counts as pushed")),
            (ABSENT, _("it is surely not there: it is sent again (if that is wrong, it ships twice)")),
        ]
        chosen = await self.app.push_screen_wait(Choose(question, options))
        if not chosen:
            return
        settlement = cast("Literal['arrived', 'absent']", chosen[0])
        remote: str | None = ""
        if settlement == ARRIVED and len(rows) == 1:
            note = _("its number in the warehouse, if you know it; ⏎ without one goes on")
            remote = await self.app.push_screen_wait(
                AskText(_("Which document is it?"), note=note, wrong=lambda _text: "")
            )
        if remote is None:
            return
        note = f"{counted('{n} order', '{n} orders', len(rows))}: {dict(options)[settlement]}"
        why = await self.app.push_screen_wait(AskText(_("How do you know?"), note=note))
        if not why:
            return
        results = []
        for row in rows:
            item = order(row)
            body = SettleOrder(
                connection=item.connection,
                ref=item.ref,
                settlement=settlement,
                reason=why,
                remote_id=remote.strip() or None,
            )
            found = await self.dash.client.settle(body)
            results += told(found)
            if found.approval is not None or found.results[0].done:  # what waits for a second person was proposed
                self.let_go([row.key])
            self.progress(counted("{n} done", "{n} done", len(results)))
            if found.approval is not None and len(rows) == 1:
                self.dash.say(
                    _("{name}: nothing is done yet; {text}").format(name=item.ref, text=said(found.results[0].text))
                )
                return
        self.dash.report(_("settle by hand"), results)
