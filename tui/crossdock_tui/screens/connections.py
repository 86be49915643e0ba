"""Connections, the plugins that make them, and records that could not be read; with what can be done about each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from crossdock.control.client import Refusal
from crossdock.control.records.daemon import ConnectionItem, PluginItem, QuarantineItem
from crossdock_tui.actions import Action
from crossdock_tui.dialogs.ask_text import AskText
from crossdock_tui.dialogs.confirm import Confirm
from crossdock_tui.language import N_, _, counted, said
from crossdock_tui.list_screen import ListScreen, Page, Tab
from crossdock_tui.one_by_one import one_by_one
from crossdock_tui.paged_table import Column, Row
from crossdock_tui.screens import connection_detail
from crossdock_tui.words import age, number, shown, state, until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from crossdock.control.client import Client
    from crossdock.control.records.daemon import Checked

CHUNK = 1000
"""Records of one request, at most."""
PLUGINS, QUARANTINE = "plugins", "quarantine"
FIRST = ("",)


class Connections(ListScreen):
    """Connections."""

    SCREEN = "connections"
    LABEL = N_("Connections")
    ABOUT = N_("how every OMS and WMS is reached, with which plugin, and what of it could not be read")
    TOPICS = frozenset({"connections", "quarantine"})
    TABS = (Tab("", N_("connections")), Tab(PLUGINS, N_("plugins")), Tab(QUARANTINE, N_("quarantine")))
    COLUMNS = (
        Column("name", N_("connection"), 12),
        Column("kind", N_("kind"), 4, weight=4),
        Column("type", N_("type"), 12, weight=6),
        Column("state", N_("state"), 15),
        Column("since", N_("since"), 5, weight=3),
        Column("next", N_("next"), 5, weight=1),
        Column("failures", N_("failures"), 8, weight=5),
        Column("success", N_("last ok"), 10, weight=2),
        Column("hint", N_("hint"), 5, weight=7),
        Column("text", N_("what happens"), 12, weight=8, grows=True),
    )
    COLUMNS_OF = {  # noqa: RUF012 - as Textual's own class tables
        PLUGINS: (
            Column("name", N_("plugin"), 24),
            Column("version", N_("version"), 8, weight=1),
            Column("loaded", N_("state"), 14),
            Column("types", N_("types"), 16, weight=2, grows=True),
            Column("digest", N_("digest"), 12, weight=3),
            Column("problem", N_("problem"), 10, weight=4, grows=True),
        ),
        QUARANTINE: (
            Column("connection", N_("connection"), 12, weight=1),
            Column("ref", N_("record"), 20),
            Column("first", N_("first"), 5, weight=3),
            Column("last", N_("last"), 5, weight=2),
            Column("bytes", N_("bytes"), 7, weight=4),
            Column("reason", N_("reason"), 20, grows=True),
        ),
    }
    ACTIONS = (
        Action(key="t", name="test", label=N_("test now"), right="connection.admin", on="rows", asks=N_("Test {n} connections?"), tabs=FIRST),
        Action(key="p", name="pause", label=N_("pause"), right="connection.admin", on="rows", asks=N_("Leave {n} connections alone until somebody resumes them?"), tabs=FIRST),
        Action(key="u", name="resume", label=N_("resume"), right="connection.admin", on="rows", asks=N_("Let {n} connections go on?"), tabs=FIRST),
        Action(key="t", name="retry", label=N_("read again"), right="order.sync", on="rows", asks=N_("Fetch {n} records again?"), tabs=(QUARANTINE,)),
        Action(key="l", name="reload", label=N_("read the configuration again"), right="connection.admin", on="screen", asks=N_("Have the daemon read its configuration again?"), always_asks=True, tabs=("", PLUGINS)),
    )  # fmt: skip

    async def page(self, client: Client, after: Any, limit: int) -> Page:
        """Read a page of the tab."""
        if self.tab == PLUGINS:
            return Page([_plugin_row(item) for item in (await client.plugins()).items])
        if self.tab == QUARANTINE:
            found = await client.quarantine(after=after, limit=limit, excerpts=False)
            return Page([self._record_row(item) for item in found.items], found.next)
        return Page([self._row(item) for item in (await client.connections()).items])

    def _row(self, item: ConnectionItem) -> Row:
        now = self.dash.link.now()
        cells = {
            "name": shown(item.name), "kind": shown(item.kind.upper()), "type": shown(item.type), "state": state(item.state),
            "since": shown(age(item.since, now)), "next": shown(until(item.until, now)), "failures": number(item.failures),
            "success": shown(age(item.last_success, now)), "hint": shown(age(item.last_hint, now)),
            "text": shown(said(item.text)),
        }  # fmt: skip
        return Row(item.name, cells, item)

    def _record_row(self, item: QuarantineItem) -> Row:
        now = self.dash.link.now()
        cells = {
            "connection": shown(item.connection), "ref": shown(item.ref), "first": shown(age(item.first_at, now)),
            "last": shown(age(item.last_at, now)), "bytes": number(item.bytes), "reason": shown(said(item.reason)),
        }  # fmt: skip
        return Row(str(item.id), cells, item)

    def why(self, row: Row) -> Text:
        """Say what happens next, and what a person may do."""
        item = row.item
        if isinstance(item, ConnectionItem):
            return connection_detail.reason(item, self.dash.link.now())
        if isinstance(item, PluginItem):
            good = _("its types are in use, or can be; ⏎ shows their settings")
            return Text(shown(said(item.problem), 600).plain, style="bold red") if item.problem else Text(good)
        text = Text(shown(said(_record(row).reason), 400).plain)
        return text.append(
            "\n" + _("have it corrected, or its connector; t reads it again, * marks all"), style="bold yellow"
        )

    def empty(self) -> str:
        """Say why there is nothing, and what to do."""
        if self.tab == QUARANTINE:
            return _("every record that was fetched could be read")
        if self.tab == PLUGINS:
            return _("the configuration allows no plugin: [plugins] allow; then l reads it again")
        return _("the configuration has no connection: add [connections.NAME], then l reads it again")

    def name_of(self, row: Row) -> str:
        """A record is called by its reference."""
        return row.item.ref if isinstance(row.item, QuarantineItem) else row.key

    async def detail(self, client: Client, row: Row) -> RenderableType:
        """Show everything about the row."""
        now = self.dash.link.now()
        if isinstance(row.item, ConnectionItem):
            return connection_detail.connection(row.item, now)
        if isinstance(row.item, PluginItem):
            return connection_detail.plugin(row.item)
        return connection_detail.record(await client.quarantined(int(row.key)), self.dash.link.rights)

    # ---- why not

    def not_test(self, row: Row) -> str:
        """Only what is loaded, and can say how it is, can be tested."""
        item = _connection(row)
        if item.state in ("disabled", "not_loaded"):
            return said(item.text)
        return "" if "check" in item.hooks else _("the connector of {name} cannot be tested").format(name=item.name)

    def not_pause(self, row: Row) -> str:
        """What is paused cannot be paused again."""
        item = _connection(row)
        if item.state in ("disabled", "not_loaded"):
            return said(item.text)
        return _("{name} is paused; u lets it go on").format(name=item.name) if item.state == "paused" else ""

    def not_resume(self, row: Row) -> str:
        """What goes by itself needs nobody to let it go on."""
        item = _connection(row)
        if item.state in ("disabled", "not_loaded"):
            return said(item.text)
        if item.state == "stuck":
            return _("its plugin does not react any more: restart the daemon")
        if item.state in ("ok", "idle") and not item.failures:
            return _("{name} is not paused").format(name=item.name)
        return ""

    # ---- doing

    async def do_test(self, rows: Sequence[Row]) -> None:
        """Log in to remote systems now, and show what they say."""

        async def test(name: str) -> tuple[bool, str]:
            self.progress(_("testing {name} …").format(name=shown(name).plain))
            checked = await self.dash.client.check(name)
            return checked.ok, tested(checked)

        await one_by_one(self, _("test"), [(row.key, row.key) for row in rows], test)

    async def do_pause(self, rows: Sequence[Row]) -> None:
        """Leave connections alone, for a reason that everybody is shown."""
        question = counted("Why is it left alone?", "Why are {n} connections left alone?", len(rows))
        note = _("what is under way ends; nothing is fetched or sent until somebody resumes it")
        why = await self.app.push_screen_wait(AskText(question, note=note))
        if why:

            async def pause(name: str) -> tuple[bool, str]:
                return True, (await self.dash.client.pause(name, why)).text

            await one_by_one(self, _("pause"), [(row.key, row.key) for row in rows], pause)

    async def do_resume(self, rows: Sequence[Row]) -> None:
        """Let connections go on, and forget their failures."""

        async def resume(name: str) -> tuple[bool, str]:
            return True, (await self.dash.client.resume(name)).text

        await one_by_one(self, _("resume"), [(row.key, row.key) for row in rows], resume)

    async def do_retry(self, rows: Sequence[Row]) -> None:
        """Fetch records again, as one task a connection."""
        nameless = [row for row in rows if not _record(row).named]
        if nameless and not await self.app.push_screen_wait(
            Confirm(
                counted("Drop a record without a reference?", "Drop {n} records without a reference?", len(nameless)),
                [self.name_of(row) for row in nameless],
                _("their system cannot be asked for them again; they only leave the quarantine. n keeps them"),
            )
        ):
            rows = [row for row in rows if _record(row).named]
        wanted: dict[str, list[str]] = {}
        for row in rows:
            wanted.setdefault(_record(row).connection, []).append(_record(row).ref)
        results = []
        for name, refs in wanted.items():
            for start in range(0, len(refs), CHUNK):
                part = refs[start : start + CHUNK]
                label = counted("{n} record", "{n} records", len(part))
                try:
                    asked = await self.dash.client.retry_quarantine(name, part)
                except Refusal as error:
                    results.append((f"{name}, {label}", False, str(error)))
                else:
                    results.append((f"{name}, {label}", True, asked.text))
                    self.let_go(row.key for row in rows if _record(row).connection == name and _record(row).ref in part)
        self.dash.report(_("read again"), results)

    async def do_reload(self, rows: Sequence[Row]) -> None:  # noqa: ARG002 - every action gets rows
        """Have the configuration read again; a wrong one leaves the old one in force."""
        found = await self.dash.client.reload()
        text = said(found.text)
        if found.need_restart:
            text += " · " + _("only after a restart: {keys}").format(keys=", ".join(found.need_restart))
        self.dash.say(text, bad=not found.taken)


def tested(checked: Checked) -> str:
    """Say what a test found."""
    parts = [_("it accepts us") if checked.ok else _("it does not accept us")]
    if checked.account:
        parts.append(_("account {name}").format(name=checked.account))
    if checked.clock_skew_s is not None:
        ahead = _("its clock is {n} s ahead") if checked.clock_skew_s >= 0 else _("its clock is {n} s behind")
        parts.append(ahead.format(n=f"{abs(checked.clock_skew_s):.1f}"))
    return "; ".join([*parts, *(said(each) for each in checked.warnings)])


def _plugin_row(item: PluginItem) -> Row:
    cells = {
        "name": shown(item.name), "version": shown(item.version), "loaded": state("ready" if item.loaded else "not_loaded"),
        "types": shown(", ".join(each.name for each in item.types)), "digest": shown(item.digest[:12]),
        "problem": shown(said(item.problem), style="bold red"),
    }  # fmt: skip
    return Row(item.name, cells, item)


def _connection(row: Row) -> ConnectionItem:
    assert isinstance(row.item, ConnectionItem)
    return row.item


def _record(row: Row) -> QuarantineItem:
    assert isinstance(row.item, QuarantineItem)
    return row.item
