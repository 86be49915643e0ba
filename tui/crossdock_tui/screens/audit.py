"""The audit: who did what, newest first; what it was and is; and whether the whole of it is there and in order."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from rich.text import Text

from crossdock.control.records.audit import AuditItem
from crossdock_tui.actions import Action
from crossdock_tui.details import facts, heading, stacked
from crossdock_tui.dialogs.told import Told
from crossdock_tui.filter_bar import Filter, Wanted, filter_word
from crossdock_tui.language import N_, _, counted
from crossdock_tui.list_screen import ListScreen, Page
from crossdock_tui.paged_table import Column, Row
from crossdock_tui.words import BAD, GOOD, iso, local, number, shown, state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from crossdock.control.client import Client
    from crossdock.control.records.audit import Verified

RESULTS = ("done", "refused", "forbidden", "partly", "proposed", "begun")
MEANS = {
    "done": N_("it was done"),
    "refused": N_("it could not be done"),
    "forbidden": N_("the right was missing, or who asked was not let in"),
    "partly": N_("some of what was named was done"),
    "proposed": N_("it waits for a second person (screen Approvals)"),
    "begun": N_("it was let in, and nothing says how it ended: the daemon stopped or gave up before"),
}
LONGEST = 20_000
"""Characters of what something was or is that are shown, at most."""


def is_moment(text: str) -> str:
    """Say what is wrong with a date or a time."""
    try:
        moment(text)
    except ValueError:
        return _("a date or a time, as 2026-01-31 or 2026-01-31T14:00")
    return ""


def moment(text: str) -> datetime:
    """Read a date or a time, in the zone of this machine where it names none. Raises ValueError."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo is not None else found.astimezone()


class Audit(ListScreen):
    """The audit."""

    SCREEN = "audit"
    LABEL = N_("Audit")
    ABOUT = N_("who did what, to what, how it ended; and whether nobody changed that")
    TOPICS = frozenset({"audit"})
    RIGHT = "audit.read"
    MARKS = False
    COLUMNS = (
        Column("id", N_("row"), 6, weight=4),
        Column("at", N_("at"), 11),
        Column("actor", N_("who"), 10),
        Column("action", N_("what"), 16, grows=True),
        Column("object", N_("to what"), 14, grows=True),
        Column("result", N_("result"), 14),
        Column("reason", N_("why"), 14, weight=3, grows=True),
        Column("roles", N_("roles"), 12, weight=5),
    )
    FILTERS = (
        Filter("actor"), Filter("action"), Filter("object"), Filter("result", RESULTS), Filter("since", check=is_moment),
    )  # fmt: skip
    ACTIONS = (
        Action(key="v", name="verify", label=N_("verify"), right="audit.read", on="screen"),
        Action(key="a", name="of_actor", label=N_("all by them"), right="audit.read"),
        Action(key="o", name="of_object", label=N_("all about it"), right="audit.read"),
    )

    def __init__(self) -> None:
        super().__init__()
        self._noted: tuple[int, str] | None = None
        self._verdict = Text()

    async def page(self, client: Client, after: Any, limit: int) -> Page:
        """Read a page of what was done."""
        query = dict(self.wanted.query)
        if "since" in query:
            query["since"] = moment(query["since"]).isoformat()
        found = await client.audit(after=after, limit=limit, **query)
        return Page([_row(item) for item in found.items], found.next)

    def note(self) -> Text:
        """Say how far it was found whole, once somebody had it verified."""
        return self._verdict.copy()

    def why(self, row: Row) -> Text:
        """Say how it ended."""
        item = entry(row)
        text = Text(_(MEANS.get(item.result, item.result)))
        return text.append(f": {shown(item.reason, 600).plain}") if item.reason else text

    def empty(self) -> str:
        """Say why nothing is listed."""
        if self.wanted.text:
            return _("nothing fits the filter, which takes whole names; esc takes it away")
        return _("nobody did anything yet: every request that changes something leaves a row here")

    def name_of(self, row: Row) -> str:
        """What it was done to; else the number of the row."""
        return entry(row).object or row.key

    async def detail(self, client: Client, row: Row) -> RenderableType:  # noqa: ARG002 - the list has it all
        """Show a row with what it was before and is after."""
        item = entry(row)
        return stacked(
            facts(
                (_("row"), item.id), (_("at"), iso(item.at)), (_("who"), item.actor), (_("uid"), item.uid),
                (_("roles"), item.roles), (_("what"), item.action), (_("to what"), item.object),
                (_("result"), state(item.result)), (_("why"), item.reason), (_("request"), item.request),
                (_("hash"), item.hash),
            ),
            _changed(item),
        )  # fmt: skip

    # ---- what is done

    async def do_of_actor(self, rows: Sequence[Row]) -> None:
        """List everything that the same person did."""
        self._narrow("actor", entry(rows[0]).actor)

    def not_of_object(self, row: Row) -> str:
        """It has to name something."""
        return "" if entry(row).object else _("it was not done to anything that has a name")

    async def do_of_object(self, rows: Sequence[Row]) -> None:
        """List everything that was done to the same thing."""
        self._narrow("object", entry(rows[0]).object)

    def _narrow(self, name: str, value: str) -> None:
        self._close()
        self.wanted = Wanted(filter_word(name, value), {name: value})
        self.start_over()

    async def do_verify(self, rows: Sequence[Row]) -> None:  # noqa: ARG002 - every action gets rows
        """Have the whole chain verified, also against where it stood the last time, and say how far it is whole."""
        found, checked = await self._verified()
        title = _("the audit is not whole") if not found.ok else _("the audit is whole")
        if not found.ok:
            self._verdict = shown(f"✗ {_('not whole: row {row}').format(row=found.bad_row)}", style=BAD)
            told = [(_("row {row} is the first that is wrong").format(row=found.bad_row), BAD), (found.text, "")]
            told.append((_("somebody wrote to the database beside the daemon: keep the file and a backup of before, and compare"), "yellow"))  # fmt: skip
            await self.app.push_screen_wait(Told(title, told))
            return
        self._noted = (found.at, found.hash) if found.at else None
        at = local(self.dash.link.now())
        self._verdict = shown(f"✓ {_('whole up to row {row}, seen {at}').format(row=found.at, at=at)}", style=GOOD)
        await self.app.push_screen_wait(Told(title, _whole(found, checked), f"{found.at}:{found.hash}"))

    async def _verified(self) -> tuple[Verified, int]:
        """Ask for one part after the other; return what the last one found, and how many rows were looked at."""
        query: dict[str, object] = {}
        if self._noted is not None:
            query = {"expect_row": self._noted[0], "expect_hash": self._noted[1]}
        checked = 0
        while True:
            found = await self.dash.client.verify_audit(**query)
            checked += found.checked
            self.progress(counted("{n} row verified", "{n} rows verified", checked))
            if found.ended or not found.ok:
                return found, checked
            query |= {"at": found.at, "hash": found.hash}


def _whole(found: Verified, checked: int) -> list[tuple[str, str]]:
    told = [(counted("{n} row was looked at: every one is there and in order", "{n} rows were looked at: every one is there and in order", checked), GOOD)]  # fmt: skip
    if found.kept_from > 1:
        told.append((_("rows before {row} were removed by age, as a row says").format(row=found.kept_from), ""))
    text = _("Keep this elsewhere: `crossdock audit verify --expect` finds by it rows that are cut off or written anew later.")  # fmt: skip
    return [*told, (text, "dim")]


def _row(item: AuditItem) -> Row:
    cells = {
        "id": number(item.id), "at": shown(local(item.at)), "actor": shown(item.actor), "action": shown(item.action),
        "object": shown(item.object), "result": state(item.result), "reason": shown(item.reason), "roles": shown(item.roles),
    }  # fmt: skip
    return Row(str(item.id), cells, item)


def _changed(item: AuditItem) -> Text:
    """Write what it was and what it is: field by field where that is kept, else as the audit has it."""
    if not item.before and not item.after:
        return Text(_("the audit keeps no values of it"), style="dim")
    was, now = _fields(item.before), _fields(item.after)
    text = heading(_("before → after")).append("\n", style="")
    if was is None or now is None:
        for name, value in ((_("before"), item.before), (_("after"), item.after)):
            text.append(f"{name}  ", style="dim").append(shown(value, LONGEST).plain or _("nothing")).append("\n")
        return text
    for name in dict.fromkeys((*was, *now)):
        before, after = _value(was.get(name)), _value(now.get(name))
        text.append(f"{shown(name).plain}  ", style="dim")
        text.append(before if before == after else f"{before} → {after}", style="" if before == after else "bold")
        text.append("\n")
    return text


def _fields(value: str) -> dict[str, Any] | None:
    """Return the fields of a record; nothing has none, and a hash is no record."""
    if not value:
        return {}
    try:
        found = msgspec.json.decode(value)
    except msgspec.DecodeError:
        return None
    return found if isinstance(found, dict) else None


def _value(value: object) -> str:
    if value is None:
        return "—"
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return shown(text, 1000).plain


def entry(row: Row) -> AuditItem:
    """Return what a row shows."""
    assert isinstance(row.item, AuditItem)
    return row.item
