"""Sync tasks: every run with its kind, who asked, how far it is and what it found; its results one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from crossdock.control.records.tasks import TaskItem
from crossdock_tui.actions import Action
from crossdock_tui.language import N_, _, said
from crossdock_tui.list_screen import ListScreen, Page, Tab, facts, heading, stacked
from crossdock_tui.paged_table import Column, Row
from crossdock_tui.words import age, local, number, shown, span, state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from crossdock.control.client import Client
    from crossdock.control.records.tasks import TaskResultPage

RESULTS = 200
"""Results that a task's detail shows, at most."""


class Tasks(ListScreen):
    """Sync tasks."""

    SCREEN = "tasks"
    LABEL = N_("Tasks")
    ABOUT = N_("every sync: what was asked, by whom, how far it is, what it found")
    TOPICS = frozenset({"tasks"})
    TABS = (
        Tab("", N_("all")), Tab("running", N_("running")), Tab("queued", N_("queued")), Tab("failed", N_("failed")),
        Tab("partial", N_("partly done")),
    )  # fmt: skip
    COLUMNS = (
        Column("id", N_("task"), 6),
        Column("kind", N_("kind"), 14),
        Column("state", N_("state"), 13),
        Column("connection", N_("connection"), 12, weight=2),
        Column("actor", N_("who"), 10, weight=3),
        Column("asked", N_("asked"), 6, weight=1),
        Column("took", N_("took"), 5, weight=5),
        Column("found", N_("found"), 6),
        Column("changed", N_("changed"), 7, weight=1),
        Column("failed", N_("failed"), 6),
        Column("outcome", N_("outcome"), 10, weight=4, grows=True),
    )
    ACTIONS = (Action(key="c", name="cancel", label=N_("cancel"), right="task.cancel"),)
    MARKS = False

    async def page(self, client: Client, after: Any, limit: int) -> Page:
        """Read a page of tasks."""
        found = await client.tasks(state=self.tab or None, after=after, limit=limit)
        return Page([self._row(item) for item in found.items], found.next)

    def _row(self, item: TaskItem) -> Row:
        now = self.dash.link.now()
        end = item.finished_at or now
        took = span((end - item.started_at).total_seconds()) if item.started_at else ""
        cells = {
            "id": number(item.id), "kind": shown(item.kind.replace("_", " ")), "state": state(item.state),
            "connection": shown(item.connection), "actor": shown(item.actor or item.origin),
            "asked": shown(age(item.asked_at, now)), "took": shown(took), "found": number(item.found),
            "changed": number(item.changed), "failed": number(item.failed),
            "outcome": shown(said(item.error or item.outcome or "")),
        }  # fmt: skip
        return Row(str(item.id), cells, item)

    def why(self, row: Row) -> Text:
        """Say how it ended, or that it is under way."""
        item = _task(row)
        return Text(shown(said(item.error or item.outcome or item.state), 600).plain)

    def empty(self) -> str:
        """Say that nothing was asked."""
        return _("no task is here; they begin by themselves, or with `g` on the screen of orders")

    async def detail(self, client: Client, row: Row) -> RenderableType:
        """Show what it did about each order."""
        item = await client.task(int(row.key))
        results = await client.task_results(item.id, limit=RESULTS)
        return stacked(
            facts(
                (_("task"), item.id), (_("kind"), item.kind), (_("state"), state(item.state)),
                (_("connection"), item.connection), (_("warehouse"), item.warehouse), (_("who"), item.actor or item.origin),
                (_("asked"), local(item.asked_at, seconds=True)), (_("started"), local(item.started_at, seconds=True)),
                (_("finished"), local(item.finished_at, seconds=True)), (_("outcome"), said(item.outcome or "")),
                (_("error"), said(item.error or "")),
            ),
            progress(item),
            heading(_("what it did")),
            _results(results),
        )  # fmt: skip

    def not_cancel(self, row: Row) -> str:
        """Only what has not begun can be cancelled."""
        return "" if _task(row).state == "queued" else _("only a task that is still queued can be cancelled")

    async def do_cancel(self, rows: Sequence[Row]) -> None:
        """Cancel a task that has not begun."""
        for row in rows:
            item = await self.dash.client.cancel_task(int(row.key))
            self.dash.say(_("task {n} is cancelled").format(n=item.id))


def progress(item: TaskItem, width: int = 40) -> Text:
    """Draw how much of what a task found changed, did not, was skipped, failed."""
    parts = (
        ("█", item.changed, "green"), ("▓", item.unchanged, "blue"), ("▒", item.skipped, "yellow"), ("░", item.failed, "red"),
    )  # fmt: skip
    total = sum(count for _sign, count, _style in parts)
    line = Text()
    for sign, count, style in parts:
        line.append(sign * (round(width * count / total) if total else 0), style=style)
    return line.append(
        "\n"
        + _("{found} found: {changed} changed, {unchanged} unchanged, {skipped} skipped, {failed} failed").format(
            found=item.found, changed=item.changed, unchanged=item.unchanged, skipped=item.skipped, failed=item.failed
        )
    )


def _results(page: TaskResultPage) -> Text:
    text = Text()
    for result in page.items:
        text.append_text(state(result.result)).append("  ").append_text(shown(result.ref))
        text.append(f"  {shown(said(result.detail), 400).plain}\n")
    if page.next is not None:
        text.append(_("… and more: `crossdock tasks show`"), style="dim")
    return text if text.plain else Text(_("nothing worth a line of its own"), style="dim")


def _task(row: Row) -> TaskItem:
    assert isinstance(row.item, TaskItem)
    return row.item
