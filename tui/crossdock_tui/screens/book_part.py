"""What the tabs of the screen of strategies share."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text

from crossdock.control.client import Refusal, Unreachable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from rich.console import RenderableType

    from crossdock.control.client import Client
    from crossdock_tui.app import Dashboard
    from crossdock_tui.form_screen import FormScreen
    from crossdock_tui.list_screen import ListScreen, Page, Tab
    from crossdock_tui.paged_table import Column, Row


class Part:
    """A tab: its rows, and what can be done to them. What a tab does not offer is never called."""

    TAB: ClassVar[Tab]
    COLUMNS: ClassVar[tuple[Column, ...]]

    def __init__(self, screen: ListScreen) -> None:
        self.screen = screen

    @property
    def dash(self) -> Dashboard:
        """The application."""
        return self.screen.dash

    @property
    def client(self) -> Client:
        """The way to the daemon."""
        return self.screen.dash.client

    @abstractmethod
    async def page(self, client: Client, after: Any, limit: int) -> Page:
        """Read a page. Raises Unreachable, Refusal."""

    def why(self, row: Row) -> Text:  # noqa: ARG002 - what a derived part gets
        """Say what it means that a row stands as it does."""
        return Text()

    @abstractmethod
    def empty(self) -> str:
        """Say why there is nothing, and what to do."""

    @abstractmethod
    async def detail(self, client: Client, row: Row) -> RenderableType:
        """Show everything about a row. Raises Unreachable, Refusal."""

    def name_of(self, row: Row) -> str:
        """Name a row."""
        return row.key

    def not_toggle(self, row: Row) -> str:  # noqa: ARG002 - what a derived part gets
        """Say why it cannot be switched."""
        return ""

    def not_remove(self, row: Row) -> str:  # noqa: ARG002 - what a derived part gets
        """Say why it cannot be removed."""
        return ""

    def not_edit(self, row: Row) -> str:  # noqa: ARG002 - what a derived part gets
        """Say why it cannot be changed."""
        return ""

    def not_moved(self, row: Row, step: int) -> str:  # noqa: ARG002 - what a derived part gets
        """Say why it cannot change its place."""
        return ""

    def not_missing(self) -> str:
        """Say when nothing is missing."""
        return ""

    async def new(self) -> None:
        """Make a new one."""
        raise NotImplementedError  # the screen offers the key only on tabs whose part has it

    async def edit(self, row: Row) -> None:
        """Change one."""
        raise NotImplementedError  # the screen offers the key only on tabs whose part has it

    async def toggle(self, row: Row) -> str:
        """Switch one on or off; return what became of it. Raises Unreachable, Refusal."""
        raise NotImplementedError  # the screen offers the key only on tabs whose part has it

    async def remove(self, row: Row) -> str:
        """Remove one; return what became of it. Raises Unreachable, Refusal."""
        raise NotImplementedError  # the screen offers the key only on tabs whose part has it

    async def auto_push(self, row: Row) -> None:
        """Switch auto push."""
        raise NotImplementedError  # the screen offers the key only on tabs whose part has it

    async def move(self, row: Row, step: int) -> None:
        """Let it change places with the one before or behind it."""
        raise NotImplementedError  # the screen offers the key only on tabs whose part has it

    async def missing(self) -> None:
        """Do what is missing."""
        raise NotImplementedError  # the screen offers the key only on tabs whose part has it

    async def ask(self, form: FormScreen[Any]) -> None:
        """Show a form, and read the list again when something was saved."""
        if await self.dash.push_screen_wait(form) is not None:
            self.screen.load()

    async def each(self, rows: Sequence[Row], title: str, do: Callable[[Row], Awaitable[str]]) -> None:
        """Do something to each, and report what became of each; one that is not done does not keep the others."""
        results = []
        for row in rows:
            try:
                results.append((self.name_of(row), True, await do(row)))
                self.screen.let_go([row.key])
            except Refusal as error:
                results.append((self.name_of(row), False, str(error)))
            except Unreachable as error:
                self.dash.link.lost(str(error))
                results.append((self.name_of(row), False, str(error)))
        self.dash.report(title, results)
