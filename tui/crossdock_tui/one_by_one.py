"""One request after the other, each for one thing, and what became of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from crossdock.control.client import Refusal, Unreachable
from crossdock_tui.language import _, counted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from crossdock_tui.list_screen import ListScreen

T = TypeVar("T")


async def one_by_one(
    screen: ListScreen, title: str, things: Sequence[tuple[str, T]], do: Callable[[T], Awaitable[tuple[bool, str]]]
) -> None:
    """Do something to each thing, report what became of it by its name, and take the marks away.

    `do` returns whether it is done, and what is said of it. What the daemon refuses holds up no other; where it cannot be
    reached any more, what was done before is reported all the same, and of the rest that nothing was asked.
    """
    results: list[tuple[str, bool, str]] = []
    for name, thing in things:
        try:
            results.append((name, *await do(thing)))
        except Refusal as error:
            results.append((name, False, str(error)))
        except Unreachable as error:
            screen.dash.link.lost(str(error))
            results.append((name, False, str(error)))
            break
        screen.progress(counted("{n} done", "{n} done", len(results)))
    if rest := len(things) - len(results):
        results.append((_("the rest"), False, counted("{n} was not asked for", "{n} were not asked for", rest)))
    screen.table.clear_marks()
    screen.dash.report(title, results)
