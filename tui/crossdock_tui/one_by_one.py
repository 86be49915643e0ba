"""Several things that the daemon is asked for: one after the other or in parts, what became of each, and their marks."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from crossdock.control.client import Refusal, Unreachable
from crossdock_tui.language import _, counted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from crossdock_tui.list_screen import ListScreen
    from crossdock_tui.paged_table import Row

T = TypeVar("T")
Result = tuple[str, bool, str]
"""What a thing is called, whether it was done, the sentence about it."""
CHUNK = 500
"""Orders of one request, at most; more are asked for in several."""


async def one_by_one(
    screen: ListScreen, title: str, things: Sequence[tuple[str, T]], do: Callable[[T], Awaitable[tuple[bool, str]]]
) -> None:
    """Do something to each thing and report what became of it by its name; a thing, written, is the key of its row.

    `do` returns whether it is done, and what is said of it. What the daemon refuses holds up no other; where it cannot be
    reached any more, what was done before is reported all the same, and of the rest that nothing was asked. What is done
    loses its mark.
    """
    results: list[Result] = []
    for name, thing in things:
        try:
            done, text = await do(thing)
        except Refusal as error:
            results.append((name, False, str(error)))
        except Unreachable as error:
            screen.dash.link.lost(str(error))
            results.append((name, False, str(error)))
            break
        else:
            results.append((name, done, text))
            if done:
                screen.let_go([str(thing)])
        screen.progress(counted("{n} done", "{n} done", len(results)))
    screen.dash.report(title, [*results, *_not_asked(len(things) - len(results))])


async def in_parts(
    screen: ListScreen,
    title: str,
    rows: Sequence[Row],
    ask: Callable[[Sequence[Row]], Awaitable[Sequence[Result]]],
    *,
    most: int = CHUNK,
    name: Callable[[Row], str] | None = None,
) -> None:
    """Ask for rows in requests of at most `most` and report what became of each; what is done loses its mark.

    `ask` returns a result a row, in any order; `name` is what a row is called there. A request that is refused, or does
    not arrive, is told of each of its rows.
    """
    named, results, asked = name or screen.name_of, list[Result](), 0
    for start in range(0, len(rows), most):
        part = rows[start : start + most]
        try:
            found = await ask(part)
        except Refusal as error:
            found = [(named(row), False, str(error)) for row in part]
        except Unreachable as error:
            screen.dash.link.lost(str(error))
            results += [(named(row), False, str(error)) for row in part]
            asked += len(part)
            break
        results += found
        asked += len(part)
        screen.let_go(row.key for row in done_of(part, found, named))
        screen.progress(counted("{n} done", "{n} done", len(results)))
    screen.dash.report(title, [*results, *_not_asked(len(rows) - asked)])


def done_of(rows: Sequence[Row], results: Sequence[Result], name: Callable[[Row], str]) -> list[Row]:
    """Return the rows with which it was done: what has the name of one that was not, of another OMS say, is not sure."""
    done = {each for each, well, _text in results if well} - {each for each, well, _text in results if not well}
    return [row for row in rows if name(row) in done]


def _not_asked(count: int) -> list[Result]:
    text = counted("{n} was not asked for", "{n} were not asked for", count)
    return [(_("the rest"), False, text)] if count else []
