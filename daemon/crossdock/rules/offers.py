"""What people designated against what the remote systems offer: a name that nobody offers would never match, in silence."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from msgspec import Struct, field

if TYPE_CHECKING:
    from crossdock.rules.book import AllocationRule, Book, PushStrategy, Warehouse

SHOPS, LOGISTICS, REMOTE = "store", "carrier", "warehouse"
"""What is designated, in people's words."""


class Offered(Struct, frozen=True, kw_only=True):
    """What the remote systems offer now: names by code. None: not known, since no system has such a list, or one was not to be had.

    `shops` and `logistics` are those of all OMS together, `warehouses` those of each WMS connection that told. `unasked` names
    what a system has a list of and did not tell.
    """

    shops: dict[str, str] | None = None
    logistics: dict[str, str] | None = None
    warehouses: dict[str, dict[str, str]] = field(default_factory=dict)
    unasked: frozenset[str] = frozenset()


def of_strategy(strategy: PushStrategy, offered: Offered) -> tuple[str, ...]:
    """Say which of a strategy's designated stores and carriers no OMS offers."""
    return _of_dimensions(f"strategy {strategy.name}", strategy.shops, strategy.logistics, offered)


def of_rule(rule: AllocationRule, offered: Offered) -> tuple[str, ...]:
    """Say which stores and carriers of an allocation rule no OMS offers."""
    return _of_dimensions(f"allocation rule {rule.position}", rule.shops, rule.logistics, offered)


def of_warehouse(warehouse: Warehouse, offered: Offered) -> tuple[str, ...]:
    """Say that a warehouse's code in its WMS is none that this one offers."""
    known = offered.warehouses.get(warehouse.connection)
    if known is None or warehouse.remote in known:
        return ()
    look = f"crossdock warehouses available {shlex.quote(warehouse.connection)}"
    named = _meant(warehouse.remote, known)
    return (f"{warehouse.connection} offers no warehouse '{warehouse.remote}'{named} (`{look}` lists them)",)


def unasked(offered: Offered, *wanted: str) -> tuple[str, ...]:
    """Say what of it could not be compared, because the remote system could not be asked now."""
    return tuple(
        f"whether each {what} is offered could not be asked now; `crossdock setup show` tells later"
        for what in wanted
        if what in offered.unasked
    )


def of_book(book: Book, offered: Offered) -> tuple[str, ...]:
    """Say what of all strategies and allocation rules no OMS offers."""
    found = [text for name in sorted(book.strategies) for text in of_strategy(book.strategies[name], offered)]
    return (*found, *(text for rule in book.allocation for text in of_rule(rule, offered)))


def _of_dimensions(
    owner: str, shops: tuple[str, ...] | None, logistics: tuple[str, ...] | None, offered: Offered
) -> tuple[str, ...]:
    found = []
    for what, look, values, known in (
        (SHOPS, "`crossdock connections shops OMS`", shops, offered.shops),
        (LOGISTICS, "`crossdock connections logistics OMS`", logistics, offered.logistics),
    ):  # fmt: skip
        if values is None or known is None:
            continue
        found += [
            f"{owner} names the {what} '{value}', which no OMS offers{_meant(value, known)}: no order matches it ({look} lists them)"
            for value in values
            if value not in known
        ]
    return tuple(found)


def _meant(value: str, known: dict[str, str]) -> str:
    """Orders carry codes; a person may have written the name that a screen shows."""
    code = next((code for code, name in known.items() if value.strip().lower() in (name.lower(), code.lower())), None)
    return f" (its code is '{code}')" if code is not None else ""
