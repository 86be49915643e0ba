"""Incidents, one line a cause: what each holds, what mends it, letting all of it go at once; and the daemon's log, live."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, get_args

from rich.text import Text

from crossdock.control.client import Refusal
from crossdock.control.records.events import LevelName, LogLine
from crossdock.control.records.incidents import CauseName, IncidentItem
from crossdock_tui.actions import Action
from crossdock_tui.details import facts, heading, stacked
from crossdock_tui.dialogs.ask_text import AskText
from crossdock_tui.dialogs.confirm import Confirm
from crossdock_tui.filter_bar import Filter
from crossdock_tui.language import N_, _, counted, said
from crossdock_tui.list_screen import ListScreen, Page, Tab
from crossdock_tui.one_by_one import one_by_one
from crossdock_tui.paged_table import Column, Row
from crossdock_tui.screens.held import Held, held_lines
from crossdock_tui.screens.mapping_form import open_mapping
from crossdock_tui.words import BAD, age, iso, local, number, shown, until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from crossdock.control.client import Client

OPEN, HEALED, LOG = "open", "healed", "log"
NAMED = 20
"""Of what an incident holds, so many stand in its detail."""
MOST_HOURS = 24 * 90
INCIDENTS = (OPEN, HEALED)
LEVELS = {"error": BAD, "warning": "yellow", "info": "", "debug": "dim"}


class Incidents(ListScreen):
    """Incidents and log."""

    SCREEN = "incidents"
    LABEL = N_("Incidents")
    ABOUT = N_("what keeps orders and documents, one line a cause: mend it once and let all of them go; and the log")
    TABS = (Tab(OPEN, N_("open")), Tab(HEALED, N_("healed")), Tab(LOG, N_("log")))
    NEWEST_LAST = frozenset({LOG})
    COLUMNS = (
        Column("holds", N_("holds"), 6),
        Column("text", N_("cause"), 34, grows=True),
        Column("cause", N_("kind"), 10, weight=3),
        Column("connection", N_("connection"), 12, weight=4),
        Column("since", N_("since"), 5, weight=1),
        Column("owner", N_("owner"), 12, weight=2),
    )
    COLUMNS_OF = {  # noqa: RUF012 - as Textual's own class tables
        LOG: (
            Column("at", N_("time"), 8),
            Column("level", N_("level"), 7),
            Column("logger", N_("part"), 14, weight=1),
            Column("text", N_("text"), 36, grows=True),
        )
    }
    FILTERS = (Filter("cause", get_args(CauseName)),)
    FILTERS_OF = {LOG: (Filter("text"), Filter("level", get_args(LevelName)))}  # noqa: RUF012 - as Textual's own class tables
    ACTIONS = (
        Action(key="f", name="fix", label=N_("fix"), right="view", tabs=(OPEN,)),
        Action(key="a", name="release", label=N_("release all"), right="push.redrive", on="rows", tabs=(OPEN,)),
        Action(key="o", name="held", label=N_("what it holds"), tabs=(OPEN,)),
        Action(key="t", name="take", label=N_("take / give back"), right="order.hold", on="rows", asks=N_("Take {n} incidents, or give them back?"), tabs=(OPEN,)),
        Action(key="m", name="mute", label=N_("mute"), right="order.hold", on="rows", tabs=(OPEN,)),
    )  # fmt: skip

    def topics(self) -> frozenset[str]:
        """Return what the tab shows."""
        return frozenset({"log"} if self.tab == LOG else {"incidents", "book"})

    # ---- what is listed

    async def page(self, client: Client, after: Any, limit: int) -> Page:
        """Read a page: incidents that hold the most first, or lines of the log, the newest page first."""
        if self.tab == LOG:
            return await self._log_page(client, after, limit)
        order = "largest" if self.tab == OPEN else "oldest"
        query: dict[str, object] = dict(self.wanted.query)
        found = await client.incidents(state=self.tab, order=order, after=after, limit=limit, **query)
        return Page([self._row(item) for item in found.items], found.next)

    async def _log_page(self, client: Client, before: Any, limit: int) -> Page:
        query: dict[str, object] = dict(self.wanted.query)
        found = await client.log(before=before, limit=limit, **query)
        rows = [_line_row(line) for line in reversed(found.items)]
        more = len(rows) == limit and found.items[0].id > found.kept_from
        return Page(rows, found.items[0].id if more else None)

    def _row(self, item: IncidentItem) -> Row:
        now = self.dash.link.now()
        muted = until(item.muted_until, now)
        style = "dim" if muted else ""
        cells = {
            "holds": number(item.holds), "text": shown(said(item.text), 300, style), "cause": shown(_(item.cause.replace("_", " "))),
            "connection": shown(item.connection), "since": shown(age(item.since, now)),
            "owner": shown(f"‖ {muted} {item.owner}".rstrip() if muted else item.owner),
        }  # fmt: skip
        return Row(str(item.id), cells, item)

    def why(self, row: Row) -> Text:
        """Say what mends it, and what is held; of a line of the log all of it."""
        if isinstance(row.item, LogLine):
            return shown_line(row.item)
        item, now = incident(row), self.dash.link.now()
        text = Text(shown(said(item.text), 300).plain)
        text.append(": " + counted("it holds one", "it holds {n}", item.holds) if item.holds else "")
        if item.healed_at is not None:
            return text.append("\n" + _("it healed {age} ago").format(age=age(item.healed_at, now)))
        if left := until(item.muted_until, now):
            text.append(" · " + _("muted for another {left}").format(left=left), style="dim")
        text.append("\n")
        if fixed := self._fixable(item):  # first, for a small terminal cuts the end off
            text.append(f"f: {fixed} – ", style="bold yellow")
        return text.append(shown(said(item.do), 400).plain, style="bold yellow")

    def empty(self) -> str:
        """Say why there is nothing."""
        if self.wanted.text:
            return _("nothing fits the filter; esc takes it away")
        if self.tab == LOG:
            return _("nothing was logged since the daemon started; level:debug shows more, if it logs that")
        return _("nothing is wrong that a person could mend") if self.tab == OPEN else _("nothing has healed yet")

    def name_of(self, row: Row) -> str:
        """An incident is called by its sentence, a line of the log is copied as a whole."""
        return row.item.text if isinstance(row.item, (IncidentItem, LogLine)) else row.key

    async def detail(self, client: Client, row: Row) -> RenderableType:
        """Show the incident with what mends it and the first of what it holds, or the whole line of the log."""
        if isinstance(row.item, LogLine):
            line = row.item
            return stacked(
                facts((_("time"), iso(line.at)), (_("level"), line.level), (_("part"), line.logger)),
                Text("\n" + shown(line.text, 2000).plain),
            )
        item, now = await client.incident(int(row.key)), self.dash.link.now()
        held = await client.held(item.id, limit=NAMED)
        parts: list[RenderableType] = [
            facts(
                (_("incident"), item.id), (_("cause"), said(item.text)), (_("kind"), _(item.cause.replace("_", " "))),
                (_("connection"), item.connection), (_("warehouse"), item.warehouse), (_("missing"), item.missing),
                (_("code"), item.code), (_("holds"), number(item.holds)), (_("since"), iso(item.since)), (_("last"), iso(item.last_at)),
                (_("healed"), iso(item.healed_at)), (_("owner"), item.owner), (_("muted for"), until(item.muted_until, now)),
            ),
            heading(_("what mends it")),
            Text(shown(said(item.do), 600).plain),
        ]  # fmt: skip
        if item.command:
            parts.append(Text(shown(item.command, 600).plain, style="bold"))
        more = f" ({_('o lists all {n}').format(n=item.holds)})" if held.next is not None else ""
        parts += [heading(_("what it holds") + more), held_lines(held.items, now)]
        return stacked(*parts)

    # ---- why not

    def _fixable(self, item: IncidentItem) -> str:
        """Say what the key for mending does; nothing where it is not mended from here."""
        if (
            item.cause == "mapping"
            and item.code == "warehouse"
            and "strategies" in self.dash.MODES
            and not item.healed_at
        ):
            return _("go to the strategies and warehouses")
        return fixable(item)

    def not_fix(self, row: Row) -> str:
        """What cannot be mended here says what mends it."""
        item = incident(row)
        if not self._fixable(item):
            return said(item.do) + (f" (`{item.command}`)" if item.command else "")
        lacking = _is_mapping(item) and "mapping.edit" not in self.dash.link.rights
        return (
            _("you lack the right '{right}'; an admin gives it with a role").format(right="mapping.edit")
            if lacking
            else ""
        )

    def not_release(self, row: Row) -> str:
        """What holds nothing has nothing to let go."""
        return "" if incident(row).holds else _("it holds nothing")

    def not_held(self, row: Row) -> str:
        """What holds nothing has nothing to list."""
        return self.not_release(row)

    # ---- doing

    async def do_fix(self, rows: Sequence[Row]) -> None:
        """Mend it: say what is missing here, or go to where it is mended."""
        item = incident(rows[0])
        if _is_mapping(item):
            open_mapping(self.app, item.warehouse, item.code, item.missing)
        elif item.operation == "connection":
            self.dash.jump("connections", tab="", row=item.connection)
        elif item.operation == "read":
            self.dash.jump("connections", tab="quarantine")
        elif item.code == "warehouse":
            self.dash.jump("strategies", tab="allocation")
        else:
            self.dash.jump("push_status", tab="in_doubt")

    async def do_release(self, rows: Sequence[Row]) -> None:
        """Let go on all that incidents hold, page by page, and show what became of each."""
        total = sum(incident(row).holds for row in rows)
        question = counted(
            "Release all that this incident holds: {{n}}?", "Release all that {n} incidents hold: {{n}}?", len(rows)
        )
        note = _("each is decided again, or sent again")
        names = [self.name_of(row) for row in rows]
        if not await self.app.push_screen_wait(Confirm(question.format(n=total), names, note)):
            return
        results: list[tuple[str, bool, str]] = []
        try:
            for row in rows:
                before = len(results)
                after: str | None = ""
                while after is not None:
                    page = await self.dash.client.release_incident(int(row.key), after)
                    results += [(each.order, each.done, each.text) for each in page.results]
                    self.progress(_("{n} of {total}").format(n=len(results), total=total))
                    after = page.next
                if all(done for _name, done, _text in results[before:]):
                    self.let_go([row.key])
        except Refusal as error:
            results.append((_("stopped"), False, str(error)))
        self.dash.report(_("release"), results)

    async def do_held(self, rows: Sequence[Row]) -> None:
        """List everything that an incident holds."""
        await self.app.push_screen(Held(incident(rows[0])))

    async def do_take(self, rows: Sequence[Row]) -> None:
        """Look after incidents; give back those that one looks after."""
        me = self.dash.link.me.user if self.dash.link.me is not None else ""
        mine = {int(row.key) for row in rows if incident(row).owner == me}

        async def take(number: int) -> tuple[bool, str]:
            item = await self.dash.client.take_incident(number, "" if number in mine else None)
            owner = item.owner
            return True, _("{owner} looks after it").format(owner=owner) if owner else _("nobody looks after it")

        await one_by_one(self, _("take / give back"), _named(rows), take)

    async def do_mute(self, rows: Sequence[Row]) -> None:
        """Keep incidents out of the status for some hours."""
        question = counted("For how many hours is it muted?", "For how many hours are {n} incidents muted?", len(rows))
        note = _("they stay in this list, and count no more in the status; 0 ends it")
        hours = await self.app.push_screen_wait(AskText(question, note=note, value="8", wrong=_wrong_hours))
        if hours is None:
            return
        until_then = self.dash.link.now() + timedelta(hours=int(hours)) if int(hours) else None

        async def mute(number: int) -> tuple[bool, str]:
            muted = (await self.dash.client.mute_incident(number, until_then)).muted_until
            return True, _("muted until {time}").format(time=local(muted)) if muted else _("not muted any more")

        await one_by_one(self, _("mute"), _named(rows), mute)


def _named(rows: Sequence[Row]) -> list[tuple[str, int]]:
    return [(said(incident(row).text), int(row.key)) for row in rows]


def fixable(item: IncidentItem) -> str:
    """Say what the key for mending does about an incident; nothing where it is not mended from here."""
    if item.healed_at is not None:
        return ""
    if _is_mapping(item):
        return _("say what it is called there")
    if item.operation == "connection":
        return _("go to the connection")
    if item.operation == "read":
        return _("go to the quarantine")
    return _("go to the orders in doubt") if item.cause == "in_doubt" and item.operation == "push" else ""


def _is_mapping(item: IncidentItem) -> bool:
    return item.cause == "mapping" and item.operation == "push" and item.code in ("sku", "logistics")


def _wrong_hours(text: str) -> str:
    if text.strip().isdecimal() and int(text) <= MOST_HOURS:
        return ""
    return _("a whole number of hours from 0 to {most}").format(most=MOST_HOURS)


def _line_row(line: LogLine) -> Row:
    style = LEVELS[line.level]
    cells = {
        "at": shown(f"{line.at.astimezone():%H:%M:%S}"), "level": shown(line.level, style=style),
        "logger": shown(line.logger.removeprefix("crossdock."), style="dim"), "text": shown(line.text, 500, style),
    }  # fmt: skip
    return Row(str(line.id), cells, line)


def shown_line(line: LogLine) -> Text:
    """Show a line of the log in full."""
    head = Text(f"{local(line.at, seconds=True)} {line.level} ", style="bold")
    return head + Text(shown(f"{line.logger}: {line.text}", 2000).plain)


def incident(row: Row) -> IncidentItem:
    """Return the incident that a row shows."""
    assert isinstance(row.item, IncidentItem)
    return row.item
