"""Approvals: what one person proposed and a second one decides; what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from crossdock.control.records.audit import ApprovalItem
from crossdock_tui.actions import Action, lacks
from crossdock_tui.details import facts, heading, stacked
from crossdock_tui.dialogs.ask_text import AskText
from crossdock_tui.dialogs.confirm import Confirm
from crossdock_tui.filter_bar import Filter
from crossdock_tui.language import N_, _, counted
from crossdock_tui.list_screen import ListScreen, Page, Tab
from crossdock_tui.one_by_one import one_by_one
from crossdock_tui.paged_table import Column, Row
from crossdock_tui.words import age, iso, number, shown, state, until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from rich.console import RenderableType

    from crossdock.control.client import Client

LONGEST = 1000
READ_WHOLE = 3
"""So many proposals are written out whole in the question; of more only the beginning of some."""


class Approvals(ListScreen):
    """Approvals."""

    SCREEN = "approvals"
    LABEL = N_("Approvals")
    ABOUT = N_("what waits for a second person, and what became of it")
    TOPICS = frozenset({"approvals"})
    TABS = (
        Tab("proposed", N_("waiting")), Tab("done", N_("done")), Tab("refused", N_("refused")),
        Tab("rejected", N_("turned down")), Tab("expired", N_("expired")), Tab("all", N_("all")),
    )  # fmt: skip
    COLUMNS = (
        Column("id", N_("number"), 6),
        Column("object", N_("about"), 16, grows=True),
        Column("by", N_("proposed by"), 11),
        Column("age", N_("age"), 4),
        Column("left", N_("expires in"), 10, weight=2),
        Column("state", N_("state"), 12, weight=3),
        Column("text", N_("what is done"), 18, grows=True, weight=1),
        Column("decided", N_("decided by"), 10, weight=4),
    )
    FILTERS = (Filter("text"),)
    ACTIONS = (
        Action(key="a", name="approve", label=N_("approve"), on="rows"),
        Action(key="d", name="decline", label=N_("turn down, take back"), on="rows"),
    )

    async def page(self, client: Client, after: Any, limit: int) -> Page:
        """Read a page of proposals that concern who looks."""
        of_state = None if self.tab == "all" else self.tab
        found = await client.approvals(state=of_state, after=after, limit=limit, **self.wanted.query)
        return Page([self._row(item) for item in found.items], found.next)

    def _row(self, item: ApprovalItem) -> Row:
        now = self.dash.link.now()
        by = f"{item.proposed_by} ({_('you')})" if item.own else item.proposed_by
        cells = {
            "id": number(item.id), "object": shown(item.object), "by": shown(by), "age": shown(age(item.proposed_at, now)),
            "left": shown(until(item.expires_at, now) if item.state == "proposed" else ""), "state": _state(item),
            "text": shown(item.text), "decided": shown(item.decided_by),
        }  # fmt: skip
        return Row(str(item.id), cells, item)

    def why(self, row: Row) -> Text:
        """Say what would be done, and who may decide; of what is decided, who did and what came of it."""
        item = proposal(row)
        text = Text(shown(item.text, LONGEST).plain)
        if item.state == "proposed":
            return text.append("\n" + self._next(row), style="bold yellow")
        outcome = shown(item.outcome, LONGEST).plain
        said = {
            "done": _("{who} approved it, and it is done"), "refused": _("{who} approved it, but it could not be done any more"),
            "rejected": _("{who} turned it down"), "expired": _("nobody decided in time; what is still wanted is proposed again"),
        }.get(item.state, item.state)  # fmt: skip
        said = said.format(who=shown(item.decided_by).plain)
        return text.append("\n" + (f"{said}: {outcome}" if outcome else said), style="dim")

    def _next(self, row: Row) -> str:
        reason = self.not_approve(row)
        if reason:
            return reason
        left = until(proposal(row).expires_at, self.dash.link.now())
        return _("a approves it, and it is done at once; d turns it down; it expires in {left}").format(left=left)

    def empty(self) -> str:
        """Say why nothing is there."""
        if self.wanted.text:
            return _("no proposal fits the filter; esc takes it away")
        if self.tab in ("proposed", "all"):
            return _("nothing waits for a second person; [control.two_person] and costs.second_person_above in the configuration say what does")  # fmt: skip
        return _("no proposal is in this list")

    def name_of(self, row: Row) -> str:
        """A proposal's number, and what it is about."""
        item = proposal(row)
        return f"{item.id} {item.object}"

    async def detail(self, client: Client, row: Row) -> RenderableType:  # noqa: ARG002 - the list has it all
        """Show a proposal and what became of it."""
        item = proposal(row)
        return stacked(
            facts(
                (_("number"), item.id), (_("what"), item.action), (_("about"), item.object), (_("state"), _state(item)),
                (_("proposed by"), item.proposed_by), (_("proposed"), iso(item.proposed_at)),
                (_("needs the right"), item.needs), (_("expires"), iso(item.expires_at)),
                (_("decided by"), item.decided_by), (_("decided"), iso(item.decided_at)), (_("outcome"), item.outcome),
            ),
            heading(_("what is done")),
            Text(shown(item.text, LONGEST).plain),
        )  # fmt: skip

    # ---- what is done

    def _not_decided(self, row: Row) -> str:
        item = proposal(row)
        if item.state != "proposed":
            return _("it is decided already: {state}").format(state=_state(item).plain)
        return "" if item.needs in self.dash.link.rights else lacks(item.needs)

    def not_approve(self, row: Row) -> str:
        """Nobody approves what he proposed."""
        item = proposal(row)
        if not (reason := self._not_decided(row)) and item.own:
            return _("you proposed it yourself: somebody else with the right '{right}' has to approve it; you can take it back (d)").format(right=item.needs)  # fmt: skip
        return reason

    async def do_approve(self, rows: Sequence[Row]) -> None:
        """Approve what others proposed, after one question that says what is done."""
        question = counted("Approve {n} proposal? It is done at once.", "Approve {n} proposals? They are done at once.", len(rows))  # fmt: skip
        whole = len(rows) <= READ_WHOLE
        names = [] if whole else [f"{row.key}: {proposal(row).text}" for row in rows]
        texts = "\n".join(shown(f"{row.key}: {proposal(row).text}", LONGEST).plain for row in rows) if whole else ""
        if await self.app.push_screen_wait(Confirm(question, names, texts)):
            await self._each(_("approve"), rows, self.dash.client.approve, "done")

    def not_decline(self, row: Row) -> str:
        """Only what is open is turned down, by whoever might have approved it and by who proposed it."""
        return self._not_decided(row)

    async def do_decline(self, rows: Sequence[Row]) -> None:
        """Turn proposals down, or take one's own back, with a reason."""
        own = all(proposal(row).own for row in rows)
        question = (
            counted("Take {n} proposal back: why?", "Take {n} proposals back: why?", len(rows)) if own
            else counted("Turn {n} proposal down: why?", "Turn {n} proposals down: why?", len(rows))
        )  # fmt: skip
        note = _("the reason stands with the proposal, for who proposed it")
        reason = await self.app.push_screen_wait(AskText(question, note=note))
        if reason:
            title = _("turn down, take back")
            await self._each(title, rows, lambda number: self.dash.client.reject(number, reason), "rejected")

    async def _each(
        self, title: str, rows: Sequence[Row], decide: Callable[[int], Awaitable[ApprovalItem]], wanted: str
    ) -> None:
        async def decided(number: int) -> tuple[bool, str]:
            item = await decide(number)
            text = _("turned down") if item.state == "rejected" else item.outcome or _state(item).plain
            return item.state == wanted, text

        await one_by_one(self, title, [(self.name_of(row), proposal(row).id) for row in rows], decided)


def _state(item: ApprovalItem) -> Text:
    return state("turned_down" if item.state == "rejected" else item.state)


def proposal(row: Row) -> ApprovalItem:
    """Return the proposal that a row shows."""
    assert isinstance(row.item, ApprovalItem)
    return row.item
