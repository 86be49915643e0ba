"""The setup of pushing to warehouses in one view: what each warehouse does, what is odd about it, what is still to be done.

The article calls it the third-party warehouse push setup (lines 45 and 56), and its beginning "start setup now" (73).
"""

from __future__ import annotations

import shlex
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.rules.book import GiftGate
from crossdock.rules.offers import Offered, of_warehouse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crossdock.rules.book import Book, Warehouse

NO_GIFT_GATE = (
    "auto push is on and strategy {0} waits for no gifts: an order may leave before its gifts are added; close the gift "
    "gate with `crossdock strategies set {0} --gift-gate wait_flag`"
)
"""The article, line 63: leave auto push off while gifts still have to be added. The gate says that an order at a time."""


class StepKind(StrEnum):
    """What a step of the setup is."""

    OMS = "oms"
    WMS = "wms"
    STRATEGY = "strategy"
    WAREHOUSE = "warehouse"
    USE = "use"
    ALLOCATION = "allocation"
    AUTO_PUSH = "auto_push"


class Connected(Struct, frozen=True, kw_only=True):
    """A connection of the configuration: oms, wms or both, and whether it is open (its connector is loaded)."""

    name: str
    kind: str
    open: bool


class Place(Struct, frozen=True, kw_only=True):
    """A warehouse as far as pushing goes. `works`: orders reach it by themselves now; `odd` are sentences of warning."""

    code: str
    connection: str
    strategies: tuple[str, ...]
    auto_push: bool
    enabled: bool
    works: bool
    odd: tuple[str, ...]


class Step(Struct, frozen=True, kw_only=True):
    """Something that has to be done once: what, the command for it, and whether it is done. Capitals are to be filled in.

    `kind` says it for programs, `about` names the connection or warehouse that it is about.
    """

    kind: StepKind
    text: str
    command: str
    done: bool
    about: str = ""


def places(book: Book, connections: Mapping[str, Connected], offered: Offered | None = None) -> tuple[Place, ...]:
    """Look at every warehouse, by code. `offered`: what the remote systems offer; None if they were not asked."""
    told = offered or Offered()
    return tuple(_place(book.warehouses[code], book, connections, told) for code in sorted(book.warehouses))


def _place(warehouse: Warehouse, book: Book, connections: Mapping[str, Connected], offered: Offered) -> Place:
    hindered = _hindered(warehouse, book, connections)
    odd = [*hindered, *_odd(warehouse, book), *of_warehouse(warehouse, offered)]
    return Place(
        code=warehouse.code, connection=warehouse.connection, strategies=warehouse.strategies,
        auto_push=warehouse.auto_push, enabled=warehouse.enabled, works=not hindered and warehouse.auto_push, odd=tuple(odd),
    )  # fmt: skip


def _hindered(warehouse: Warehouse, book: Book, connections: Mapping[str, Connected]) -> list[str]:
    """Say why nothing can reach it by itself."""
    found = []
    link = connections.get(warehouse.connection)
    if not warehouse.enabled:
        found.append("it is switched off: no order goes there")
    if link is None:
        found.append(f"connection {warehouse.connection} is not configured")
    elif link.kind == "oms":
        found.append(f"connection {warehouse.connection} is an OMS, not a warehouse system")
    elif not link.open:
        found.append(f"connection {warehouse.connection} is not open; see `crossdock connections list`")
    usable = [name for name in warehouse.strategies if name in book.strategies and book.strategies[name].enabled]
    if not usable:
        found.append("it has no strategy in use: orders go there by hand only")
    return found


def _odd(warehouse: Warehouse, book: Book) -> list[str]:
    found = [f"there is no strategy '{name}'" for name in warehouse.strategies if name not in book.strategies]
    for name in warehouse.strategies:
        strategy = book.strategies.get(name)
        if strategy is None:
            continue
        if not strategy.enabled:
            found.append(f"strategy {name} is switched off")
        elif warehouse.auto_push and strategy.gift_gate is GiftGate.OFF:
            found.append(NO_GIFT_GATE.format(name))
    if not warehouse.auto_push:
        found.append("auto push is off: push by hand, or obtain new orders")
    return found


def steps(book: Book, connections: Mapping[str, Connected]) -> tuple[Step, ...]:
    """List what leads from nothing to orders that go by themselves, in order, each done or not."""
    sources = [each for each in connections.values() if each.kind in ("oms", "both") and each.open]
    targets = [each for each in connections.values() if each.kind in ("wms", "both") and each.open]
    found = [
        Step(kind=StepKind.OMS, text="connect an OMS in the configuration", command="crossdock check-config --online", done=bool(sources)),
        Step(kind=StepKind.WMS, text="connect a warehouse system in the configuration", command="crossdock check-config --online", done=bool(targets)),
        Step(
            kind=StepKind.STRATEGY,
            text="make a strategy: it says when an order goes to its warehouse (`crossdock strategies list` explains the kinds)",
            command="crossdock strategies set arranged --kind standard --gift-gate wait_flag",
            done=bool(book.strategies),
        ),
    ]  # fmt: skip
    found += [_made(each, book) for each in sorted(targets, key=lambda each: each.name)]
    for code in sorted(book.warehouses):
        found += _of_warehouse(book.warehouses[code], book)
    return tuple(found)


def _made(link: Connected, book: Book) -> Step:
    name = shlex.quote(link.name)
    strategy = shlex.quote(_first(sorted(book.strategies), "STRATEGY"))
    return Step(
        kind=StepKind.WAREHOUSE,
        about=link.name,
        text=f"make a warehouse that {link.name} serves (`crossdock warehouses available {name}` lists what it has)",
        command=f"crossdock warehouses set CODE --connection {name} --remote REMOTE --strategy {strategy}",
        done=any(warehouse.connection == link.name for warehouse in book.warehouses.values()),
    )


def _of_warehouse(warehouse: Warehouse, book: Book) -> list[Step]:
    code = shlex.quote(warehouse.code)
    strategy = shlex.quote(_first(sorted(book.strategies), "STRATEGY"))
    led = warehouse.oms_code is not None or any(rule.warehouse == warehouse.code for rule in book.allocation)
    return [
        Step(
            kind=StepKind.USE,
            about=warehouse.code,
            text=f"give warehouse {warehouse.code} a strategy",
            command=f"crossdock warehouses set {code} --strategy {strategy}",
            done=any(name in book.strategies for name in warehouse.strategies),
        ),
        Step(
            kind=StepKind.ALLOCATION,
            about=warehouse.code,
            text=f"say which orders go to warehouse {warehouse.code}: a rule, or the code by which the OMS names it",
            command=f"crossdock allocation set {_free(book)} --warehouse {code}",
            done=led,
        ),
        Step(
            kind=StepKind.AUTO_PUSH,
            about=warehouse.code,
            text=f"try it, nothing is sent, then switch auto push on for warehouse {warehouse.code} "
            f"(`crossdock simulate --warehouse {code} --auto-push`)",
            command=f"crossdock warehouses auto-push {code} on",
            done=warehouse.auto_push,
        ),
    ]


def _first(names: Sequence[str], otherwise: str) -> str:
    return names[0] if names else otherwise


def _free(book: Book) -> int:
    """Return a position behind every rule: what is added there changes nothing of what the others do."""
    return max((rule.position for rule in book.allocation), default=0) + 10
