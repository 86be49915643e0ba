"""The six lists of documents on their way back to the OMS: their rows, why each is where it is, pushing them again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from rich.text import Text

from crossdock.control.records.documents import DocumentItem, DocumentRef, ListName, RepushDocuments, StatusName
from crossdock_tui.dialogs.choose import Choose
from crossdock_tui.dialogs.confirm import Confirm
from crossdock_tui.language import _, said
from crossdock_tui.list_screen import ListScreen, Page
from crossdock_tui.one_by_one import in_parts
from crossdock_tui.paged_table import Row
from crossdock_tui.screens.document_detail import shown_document
from crossdock_tui.words import age, number, shown, state, until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from crossdock.control.client import Client
    from crossdock.control.records.documents import RepushedDocuments
    from crossdock_tui.filter_bar import Wanted
    from crossdock_tui.one_by_one import Result

CHUNK = 200
"""Documents of one request, at most."""
FIRST: tuple[StatusName, ...] = ("failed", "in_doubt", "stale", "not_pushed", "pushing", "pushed")
"""In which order a list shows them: what a person may have to do something about comes first."""
AGAIN: tuple[StatusName, ...] = ("failed", "stale", "not_pushed", "pushed")
"""What can be pushed again; what is under way goes on by itself."""


class DocumentWork(ListScreen):
    """A list of documents; `self.tab` is the list's name."""

    if TYPE_CHECKING:
        wanted: Wanted

    async def documents_page(self, client: Client, after: Any, limit: int) -> Page:
        """Read a page of one of the six lists, those that failed first."""
        query: dict[str, object] = dict(self.wanted.query)
        if "status" in query or "text" in query:
            found = await client.documents(list=self.tab, after=after, limit=limit, **query)
            return Page([self._document_row(item) for item in found.items], found.next)
        at, before = after or (0, None)
        rows: list[Row] = []
        while at < len(FIRST) and len(rows) < limit:
            found = await client.documents(
                list=self.tab, status=FIRST[at], after=before, limit=limit - len(rows), **query
            )
            rows += [self._document_row(item) for item in found.items]
            at, before = (at + 1, None) if found.next is None else (at, found.next)
        return Page(rows, (at, before) if at < len(FIRST) else None)

    def _document_row(self, item: DocumentItem) -> Row:
        now = self.dash.link.now()
        cells = {
            "number": shown(item.number or item.ref), "order": shown(item.order_ref), "connection": shown(item.connection),
            "warehouse": shown(item.warehouse), "status": state(item.push_status), "stage": state(item.state),
            "attempts": number(item.attempts or None), "next": shown(until(item.next_at, now)),
            "age": shown(age(item.changed_at, now)), "error": shown(said(item.why or "")),
        }  # fmt: skip
        return Row(f"{item.connection}/{item.list}/{item.ref}", cells, item)

    def document_why(self, row: Row) -> Text:
        """Say why a document is where it is, and what to press."""
        item, now = document(row), self.dash.link.now()
        text = Text(shown(said(item.why or ""), 600).plain)
        if not item.why:
            text.append(_("{oms} has revision {n} of it").format(oms=shown(item.oms).plain, n=item.pushed_revision)
                        if item.push_status == "pushed" else state(item.push_status).plain)  # fmt: skip
        if item.next_at is not None and (left := until(item.next_at, now)):
            text.append("\n" + _("it is tried again in {left}").format(left=left), style="dim")
        if item.push_status == "failed":
            text.append("\n" + _("p pushes it again, once what keeps it was mended"), style="bold yellow")
        elif item.push_status == "in_doubt":
            text.append("\n" + _("the same is sent again under the same key, so that it is entered once"), style="dim")
        elif item.held:
            text.append("\n" + _("it goes by itself once that is filled in"), style="dim")
        return text

    def documents_empty(self) -> str:
        """Say why no document is there."""
        if self.wanted.text:
            return _("no document fits the filter; esc takes it away")
        return _("no warehouse has told of such a document yet; g gets them now")

    async def document_detail(self, client: Client, row: Row) -> RenderableType:
        """Show a document with its history."""
        item = document(row)
        return shown_document(await client.document(item.connection, item.ref, item.list), self.dash.link.now())

    # ---- why not

    def not_repush(self, row: Row) -> str:
        """What is under way goes on by itself."""
        item = document(row)
        left = until(item.next_at, self.dash.link.now())
        if item.push_status == "pushing":
            return _("it is on its way already")
        if item.push_status == "in_doubt":
            when = _("it is tried again by itself in {left}").format(left=left) if left else _("it is being sent again")
            return _("whether it arrived is not known; {when}").format(when=when)
        return ""

    def not_repush_all(self) -> str:
        """A text names single documents."""
        if "text" in self.wanted.query:
            return _("the filter names documents by a text: mark them with * and press p")
        status = self.wanted.query.get("status")
        return "" if status is None or status in AGAIN else _("what is under way goes on by itself")

    # ---- doing

    async def do_repush(self, rows: Sequence[Row]) -> None:
        """Push documents again, at their current revision."""

        async def repush(part: Sequence[Row]) -> list[Result]:
            named = tuple(
                DocumentRef(connection=item.connection, ref=item.ref, list=cast("ListName", item.list))
                for item in map(document, part)
            )
            return pushed(await self.dash.client.repush_documents(RepushDocuments(documents=named)))

        await in_parts(self, _("push again"), rows, repush, most=CHUNK)

    async def do_repush_all(self, rows: Sequence[Row]) -> None:  # noqa: ARG002 - every action gets rows
        """Push all documents of the list again that have a status, after the daemon was asked how many they are."""
        client, listed = self.dash.client, cast("ListName", self.tab)
        only = {name: value for name, value in self.wanted.query.items() if name in ("warehouse", "connection")}
        wanted = self.wanted.query.get("status")
        counts = {
            status: await client.count_documents(list=listed, status=status, **only)
            for status in ([wanted] if wanted else AGAIN)
        }
        named = {
            status: f"{found.count:,}{'+' if found.more else ''}" for status, found in counts.items() if found.count
        }
        if not named:
            self.dash.say(_("nothing that fits can be pushed again"))
            return
        status = next(iter(named))
        if len(named) > 1:
            options = [(name, _("{n} documents").format(n=count)) for name, count in named.items()]
            chosen = await self.app.push_screen_wait(Choose(_("Push all again that are …"), options))
            if not chosen:
                return
            status = chosen[0]
        question = _("Push {n} documents of this list again that are '{status}'?").format(
            n=named[status], status=state(status).plain
        )
        if not await self.app.push_screen_wait(Confirm(question, [f"{name}: {value}" for name, value in only.items()])):
            return
        results: list[tuple[str, bool, str]] = []
        after: int | None = 0
        while after is not None:
            body = RepushDocuments(
                all_matching=True, list=listed, status=cast("StatusName", status), warehouse=only.get("warehouse"),
                connection=only.get("connection"), after=after,
            )  # fmt: skip
            found = await client.repush_documents(body)
            results += pushed(found)
            self.progress(
                _("{n} done, {left} left").format(n=len(results), left=max(0, found.matching - len(found.results)))
            )
            after = found.next
        self.dash.report(_("push again"), results)

    async def do_fetch(self, rows: Sequence[Row]) -> None:  # noqa: ARG002 - every action gets rows
        """Have the documents of this direction fetched now, of every WMS that lists them."""
        direction: Literal["outbound", "inbound"] = "inbound" if self.tab.endswith("inbound") else "outbound"
        found = (await self.dash.client.connections()).items
        names = [
            each.name for each in found if each.enabled and f"fetch_{direction}" in each.hooks and each.kind != "oms"
        ]
        if not names:
            self.dash.say(_("no connection lists such documents"), bad=True)
        if len(names) > 1:
            chosen = await self.app.push_screen_wait(
                Choose(_("Get documents of which warehouse system?"), [(name, "") for name in names], many=True)
            )
            names = list(chosen or ())
        for name in names:
            asked = await self.dash.client.fetch_documents(name, direction)
            self.dash.say(f"{name}: {said(asked.text)}")


def pushed(found: RepushedDocuments) -> list[tuple[str, bool, str]]:
    """Take the daemon's results as those that a person is shown."""
    return [(each.document, each.done, each.text) for each in found.results]


def document(row: Row) -> DocumentItem:
    """Return the document that a row shows."""
    assert isinstance(row.item, DocumentItem)
    return row.item


LISTS: tuple[str, ...] = get_args(ListName)
STATUSES: tuple[str, ...] = get_args(StatusName)
