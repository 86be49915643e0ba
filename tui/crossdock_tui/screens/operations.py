"""Operations: writes to remote systems beside new orders that are not done; why, and carrying them out again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from crossdock.control.records.operations import MAX_RETRIED, OperationItem, RetryOperations
from crossdock_tui.actions import Action
from crossdock_tui.details import facts, heading, stacked
from crossdock_tui.dialogs.confirm import Confirm
from crossdock_tui.filter_bar import Filter
from crossdock_tui.language import N_, _, counted, said
from crossdock_tui.list_screen import ListScreen, Page, Tab
from crossdock_tui.one_by_one import in_parts
from crossdock_tui.paged_table import Column, Row
from crossdock_tui.words import age, iso, number, shown, size, state, until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from crossdock.control.client import Client
    from crossdock.control.records.operations import OperationDetail, Retried
    from crossdock_tui.one_by_one import Result


class Operations(ListScreen):
    """Operations."""

    SCREEN = "operations"
    LABEL = N_("Operations")
    ABOUT = N_("what is written to remote systems beside new orders, and is not done yet")
    TOPICS = frozenset({"operations"})
    TABS = (
        Tab("failed", N_("failed")), Tab("open", N_("under way")), Tab("queued", N_("queued")),
        Tab("sending", N_("sending")), Tab("in_doubt", N_("in doubt")), Tab("requested", N_("asked for")),
    )  # fmt: skip
    COLUMNS = (
        Column("id", N_("number"), 7, weight=1),
        Column("kind", N_("kind"), 15),
        Column("subject", N_("about"), 13),
        Column("connection", N_("to"), 8, weight=2),
        Column("state", N_("state"), 11, weight=4),
        Column("attempts", N_("tries"), 5, weight=3),
        Column("next", N_("next"), 5),
        Column("age", N_("age"), 4, weight=5),
        Column("actor", N_("who"), 8, weight=6),
        Column("error", N_("last error"), 12, grows=True),
    )
    FILTERS = (Filter("connection"), Filter("kind"))
    ACTIONS = (
        Action(key="t", name="retry", label=N_("carry out again"), right="push.redrive", on="rows", asks=N_("Carry {n} writes out again?")),
        Action(key="T", name="retry_all", label=N_("all that failed"), right="push.redrive", on="screen", tabs=("failed",)),
    )  # fmt: skip

    async def page(self, client: Client, after: Any, limit: int) -> Page:
        """Read a page of operations."""
        found = await client.operations(state=self.tab, after=after, limit=limit, **self.wanted.query)
        return Page([self._row(item) for item in found.items], found.next)

    def _row(self, item: OperationItem) -> Row:
        now = self.dash.link.now()
        cells = {
            "id": number(item.id), "kind": shown(item.kind.replace("_", " ")), "subject": shown(item.subject),
            "connection": shown(item.connection), "state": state(item.state), "attempts": number(item.attempts or None),
            "next": shown(until(item.next_at, now)), "age": shown(age(item.queued_at, now)), "actor": shown(item.actor),
            "error": shown(said(item.error or "")),
        }  # fmt: skip
        return Row(str(item.id), cells, item)

    def why(self, row: Row) -> Text:
        """Say why it is not done, and what happens next."""
        item = operation(row)
        text = Text(shown(said(item.error or ""), 600).plain or state(item.state).plain)
        if left := until(item.next_at, self.dash.link.now()):
            text.append("\n" + _("it is tried again in {left}").format(left=left), style="dim")
        elif item.state == "failed":
            text.append("\n" + _("it is not tried again by itself: mend what is wrong, then t"), style="bold yellow")
        elif item.state == "in_doubt":
            text.append(
                "\n" + _("whether it took effect is asked, or the same is sent under the same key"), style="dim"
            )
        return text

    def empty(self) -> str:
        """Say why nothing is there."""
        if self.wanted.text:
            return _("no write fits the filter; esc takes it away")
        return _("no write failed") if self.tab == "failed" else _("every write is done")

    def name_of(self, row: Row) -> str:
        """An operation's number, and what it is about."""
        item = operation(row)
        return f"{item.id} {item.kind} {item.subject}"

    async def detail(self, client: Client, row: Row) -> RenderableType:
        """Show an operation, with what is sent for those who may see that."""
        return shown_operation(await client.operation(int(row.key)), rights=self.dash.link.rights)

    def not_retry(self, row: Row) -> str:
        """Only what failed is carried out again."""
        item = operation(row)
        if item.state == "failed":
            return ""
        left = until(item.next_at, self.dash.link.now())
        return _("it is tried again by itself in {left}").format(left=left) if left else _("it is under way")

    async def do_retry(self, rows: Sequence[Row]) -> None:
        """Carry failed writes out again, as they are."""

        async def retry(part: Sequence[Row]) -> list[Result]:
            found = await self.dash.client.retry_operations(
                RetryOperations(operations=tuple(int(row.key) for row in part))
            )
            kept = {each.operation: each.text for each in found.kept}
            return [
                (self.name_of(row), int(row.key) not in kept, kept.get(int(row.key), _("queued again"))) for row in part
            ]

        await in_parts(self, _("carry out again"), rows, retry, most=MAX_RETRIED)

    async def do_retry_all(self, rows: Sequence[Row]) -> None:  # noqa: ARG002 - every action gets rows
        """Carry all failed writes out again that fit the filter, after the daemon was asked how many they are."""
        client, only = self.dash.client, self.wanted.query
        total = await client.count_failed_operations(**only)
        if not total.count:
            self.dash.say(self.empty())
            return
        question = counted("Carry {n} failed write out again?", "Carry {n} failed writes out again?", total.count)
        more = _("there are even more: not all were counted") if total.more else ""
        if not await self.app.push_screen_wait(
            Confirm(question, [f"{name}: {value}" for name, value in only.items()], more)
        ):
            return
        queued, kept, after = 0, list[tuple[str, bool, str]](), 0
        while True:
            body = RetryOperations(
                all_failed=True, connection=only.get("connection"), kind=only.get("kind"), after=after
            )
            found = await client.retry_operations(body)
            queued += found.queued
            kept += left(found)
            self.progress(counted("{n} done", "{n} done", queued + len(kept)))
            if found.next is None:
                break
            after = found.next
        line = counted("{n} write is carried out again", "{n} writes are carried out again", queued)
        self.dash.report(_("carry out again"), [(line, True, ""), *kept] if queued or kept else [])


def left(found: Retried) -> list[tuple[str, bool, str]]:
    """Name what is not carried out again, and why."""
    return [(str(each.operation), False, each.text) for each in found.kept]


def shown_operation(found: OperationDetail, *, rights: frozenset[str]) -> RenderableType:
    """Show an operation."""
    item = found.item
    parts: list[RenderableType] = [
        facts(
            (_("number"), item.id), (_("kind"), item.kind), (_("about"), item.subject), (_("to"), item.connection),
            (_("state"), state(item.state)), (_("revision"), item.revision), (_("attempts"), item.attempts),
            (_("who"), item.actor), (_("key"), found.key), (_("queued"), iso(item.queued_at)), (_("sent"), iso(item.sent_at)),
            (_("tried again"), iso(item.next_at)), (_("error"), said(item.error or "")),
            (_("kind of error"), " ".join(filter(None, (item.error_kind, item.error_code)))),
        ),
        heading(_("what is sent") + f" ({size(found.size)})"),
    ]  # fmt: skip
    if found.body is not None:
        parts.append(Text(shown(found.body, 20_000).plain))
    else:
        missing = "pii.view" if "pii.view" not in rights else "cost.view"
        parts.append(Text(_("hidden: you lack the right {right}").format(right=missing), style="dim"))
    return stacked(*parts)


def operation(row: Row) -> OperationItem:
    """Return the operation that a row shows."""
    assert isinstance(row.item, OperationItem)
    return row.item
