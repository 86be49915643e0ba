"""Strategies, warehouses, allocation rules and mappings: listed, read, saved at the revision that was read, removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from crossdock.control.permissions import Right
from crossdock.control.problems import conflict, not_found, not_valid
from crossdock.control.records.base import Code, Limit
from crossdock.control.records.book import Removed
from crossdock.rules import offers
from crossdock.rules.book import (
    EXPLAINED,
    MINIMUM_STATUSES,
    AllocationRule,
    Mapping,
    MappingKind,
    PushStrategy,
    Warehouse,
    problems_of,
)
from crossdock.store import audit, book, open_pushes, pushes, views
from crossdock.store.book import ChangedMeanwhile, Entry, name_of
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from crossdock.control.records.book import AutoPush, SwapAllocation
    from crossdock.control.route import Call
    from crossdock.rules.book import Book
    from crossdock.store.audit import By
    from crossdock.store.store import Transaction

T = TypeVar("T")

SHOWN_PUSHES = 1000
"""Orders of a warehouse that are counted one by one before it is removed."""


class EntryQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`after` is `next` of the page before."""

    after: Annotated[str, Meta(max_length=400)] = ""
    limit: Limit = 100


class MappingQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which mappings; `kind` goes with `warehouse` only. `after` is `next` of the page before."""

    warehouse: Code | None = None
    kind: MappingKind | None = None
    after: Annotated[str, Meta(max_length=400)] = ""
    limit: Limit = 100


class SavedStrategy(PushStrategy, frozen=True, kw_only=True):
    """A strategy as it was saved. `warnings`: what it designates and no OMS offers; nothing was refused for it."""

    warnings: tuple[str, ...] = ()


class SavedWarehouse(Warehouse, frozen=True, kw_only=True):
    """A warehouse as it was saved. `warnings`: its WMS offers no such warehouse; nothing was refused for it."""

    warnings: tuple[str, ...] = ()


class SavedAllocation(AllocationRule, frozen=True, kw_only=True):
    """An allocation rule as it was saved. `warnings`: what it names and no OMS offers; nothing was refused for it."""

    warnings: tuple[str, ...] = ()


class RevisionQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The revision that was read, so that nobody removes what somebody else has just changed."""

    revision: Annotated[int, Meta(ge=1, le=2**31)]


class StrategyList(Struct, frozen=True, kw_only=True):
    """Strategies by name; `explained` says what each kind does, `minimum_statuses` are those that one may wait for, in order."""

    items: tuple[PushStrategy, ...]
    explained: dict[str, str]
    minimum_statuses: tuple[str, ...]
    next: str | None = None


class WarehouseList(Struct, frozen=True, kw_only=True):
    """Warehouses by code."""

    items: tuple[Warehouse, ...]
    next: str | None = None


class AllocationList(Struct, frozen=True, kw_only=True):
    """Allocation rules in the order in which they are tried."""

    items: tuple[AllocationRule, ...]
    next: str | None = None


class MappingList(Struct, frozen=True, kw_only=True):
    """Mappings by warehouse, kind and our value."""

    items: tuple[Mapping, ...]
    next: str | None = None


async def list_strategies(call: Call[None, EntryQuery]) -> StrategyList:
    """List the push strategies, and what each kind does."""
    rows = await call.engine.store.read(book.entries, PushStrategy, call.query.after, call.query.limit + 1)
    items, more = _cut(rows, call.query.limit)
    return StrategyList(
        items=items,
        next=more,
        explained={kind.value: text for kind, text in EXPLAINED.items()},
        minimum_statuses=tuple(status.value for status in MINIMUM_STATUSES),
    )


async def list_warehouses(call: Call[None, EntryQuery]) -> WarehouseList:
    """List the warehouses."""
    rows = await call.engine.store.read(book.entries, Warehouse, call.query.after, call.query.limit + 1)
    items, more = _cut(rows, call.query.limit)
    return WarehouseList(items=items, next=more)


async def list_allocation(call: Call[None, EntryQuery]) -> AllocationList:
    """List the allocation rules in the order in which they are tried."""
    rows = await call.engine.store.read(book.entries, AllocationRule, call.query.after, call.query.limit + 1)
    items, more = _cut(rows, call.query.limit)
    return AllocationList(items=items, next=more)


async def list_mappings(call: Call[None, MappingQuery]) -> MappingList:
    """List the mappings, of one warehouse or kind if asked."""
    query = call.query
    if query.kind is not None and query.warehouse is None:
        raise not_valid("kind goes with warehouse: name the warehouse too")
    prefix = "" if query.warehouse is None else f"{query.warehouse}\x1f"
    prefix += "" if query.kind is None else f"{query.kind.value}\x1f"
    after = max(query.after, prefix)
    rows = await call.engine.store.read(book.entries, Mapping, after, query.limit + 1)
    items, more = _cut([row for row in rows if name_of(row).startswith(prefix)], query.limit)
    return MappingList(items=items, next=more)


def _cut(rows: list[book.E], limit: int) -> tuple[tuple[book.E, ...], str | None]:
    return tuple(rows[:limit]), name_of(rows[limit - 1]) if len(rows) > limit else None


async def show_strategy(call: Call[None, object]) -> PushStrategy:
    """Show one push strategy."""
    name = call.path["name"]
    return _there(await call.engine.store.read(views.entry, PushStrategy, name), f"strategy '{name}'")


async def show_warehouse(call: Call[None, object]) -> Warehouse:
    """Show one warehouse."""
    code = call.path["code"]
    return _there(await call.engine.store.read(views.entry, Warehouse, code), f"warehouse '{code}'")


async def show_allocation(call: Call[None, object]) -> AllocationRule:
    """Show one allocation rule."""
    position = call.path["position"]
    found = await call.engine.store.read(views.entry, AllocationRule, f"{position:07d}")
    return _there(found, f"allocation rule {position}")


async def show_mapping(call: Call[None, object]) -> Mapping:
    """Show one mapping."""
    return _there(await call.engine.store.read(views.entry, Mapping, _mapping_name(call)), _mapping_text(call))


def _there(found: T | None, what: str) -> T:
    if found is None:
        raise not_found(f"there is no {what}")
    return found


def _mapping_name(call: Call[object, object]) -> str:
    return f"{call.path['warehouse']}\x1f{call.path['kind']}\x1f{call.path['ours']}"


def _mapping_text(call: Call[object, object]) -> str:
    return f"{call.path['kind']} mapping of '{call.path['ours']}' for warehouse '{call.path['warehouse']}'"


async def save_strategy(call: Call[PushStrategy, object]) -> SavedStrategy:
    """Save a push strategy; `revision` is the one that was read, 0 for a new one. Waiting orders are decided again.

    What it designates and no OMS offers is told as a warning.
    """
    _same("name", call.path["name"], call.body.name)
    for value in (*(call.body.shops or ()), *(call.body.logistics or ())):
        if not value.strip() or not value.isprintable():
            raise not_valid(
                f"the name {value!r} of a store or carrier is empty, or holds a character that nobody could see"
            )
    if problems := problems_of(call.body):
        raise not_valid("; ".join(problems))
    saved = await call.requests.save_entry(call.body, call.audited())
    offered = await call.requests.offers.of_orders(saved.shops or (), saved.logistics or ())
    warnings = (*offers.of_strategy(saved, offered), *offers.unasked(offered, offers.SHOPS, offers.LOGISTICS))
    return SavedStrategy(**msgspec.structs.asdict(saved), warnings=warnings)


async def save_warehouse(call: Call[Warehouse, object]) -> SavedWarehouse:
    """Save a warehouse; `revision` is the one that was read, 0 for a new one. Waiting orders are decided again.

    A code that its WMS does not offer is told as a warning.
    """
    warehouse = call.body
    _same("code", call.path["code"], warehouse.code)
    known = await _book(call)
    if missing := [name for name in warehouse.strategies if name not in known.strategies]:
        raise not_valid(f"there is no strategy {', '.join(missing)}; save it first")
    if warehouse.connection not in call.engine.config.connections:
        there = ", ".join(sorted(call.engine.config.connections)) or "none"
        raise not_valid(f"there is no connection '{warehouse.connection}' (known: {there})")
    _can_push(call, warehouse.connection)
    if warehouse.oms is not None and warehouse.oms not in call.engine.config.connections:
        there = ", ".join(sorted(call.engine.config.connections)) or "none"
        raise not_valid(f"there is no OMS connection '{warehouse.oms}' (known: {there})")
    _one_name(known, warehouse)
    _one_remote(known, warehouse)
    before = known.warehouses.get(warehouse.code)
    if warehouse.auto_push != (before is not None and before.auto_push):
        call.need(Right.AUTOPUSH_TOGGLE, "switching auto push")
    saved = await call.requests.save_entry(warehouse, call.audited())
    offered = await call.requests.offers.of_warehouses([(saved.connection, saved.remote)])
    warnings = (*offers.of_warehouse(saved, offered), *offers.unasked(offered, offers.REMOTE))
    return SavedWarehouse(**msgspec.structs.asdict(saved), warnings=warnings)


def _can_push(call: Call[Warehouse, object], connection: str) -> None:
    """Refuse a connection that orders could never go through. What one that is switched off can do is not known."""
    links = call.engine.links
    if connection in links and "push_outbound" not in links[connection].hooks:
        able = ", ".join(sorted(name for name, link in links.items() if "push_outbound" in link.hooks)) or "none"
        raise not_valid(f"orders cannot be pushed through connection '{connection}' (those that take orders: {able})")


def _one_name(known: Book, warehouse: Warehouse) -> None:
    """Two warehouses must not claim the same name of the OMS."""
    other = known.by_oms_code.get(warehouse.oms_code or warehouse.code)
    if other is not None and other.code != warehouse.code:
        name = warehouse.oms_code or warehouse.code
        raise not_valid(f"the OMS's warehouse '{name}' is '{other.code}' here already")


def _one_remote(known: Book, warehouse: Warehouse) -> None:
    """Two warehouses in use must not be one warehouse of a WMS: nobody could say whose a document of it is."""
    if not warehouse.enabled:
        return
    for other in known.warehouses.values():
        same = (other.connection, other.remote) == (warehouse.connection, warehouse.remote)
        if same and other.enabled and other.code != warehouse.code:
            raise not_valid(
                f"warehouse '{warehouse.remote}' of {warehouse.connection} is '{other.code}' here already, and its documents "
                f"could not be told apart; name another code with --remote, or switch '{other.code}' off first"
            )


async def switch_auto_push(call: Call[AutoPush, object]) -> Warehouse:
    """Switch a warehouse's auto push on or off. Waiting orders are decided again."""
    code = call.path["code"]
    found = _there(await call.engine.store.read(views.entry, Warehouse, code), f"warehouse '{code}'")
    wanted = msgspec.structs.replace(found, auto_push=call.body.on, revision=call.body.revision)
    return await call.requests.save_entry(wanted, call.audited())


async def save_allocation(call: Call[AllocationRule, object]) -> SavedAllocation:
    """Save an allocation rule; `revision` is the one that was read, 0 for a new one. Waiting orders are decided again.

    What it names and no OMS offers is told as a warning.
    """
    rule = call.body
    _same("position", call.path["position"], rule.position)
    _known_warehouse(await _book(call), rule.warehouse)
    if rule.countries is not None:
        rule = msgspec.structs.replace(rule, countries=tuple(map(_country, rule.countries)))
    saved = await call.requests.save_entry(rule, call.audited())
    offered = await call.requests.offers.of_orders(saved.shops or (), saved.logistics or ())
    warnings = (*offers.of_rule(saved, offered), *offers.unasked(offered, offers.SHOPS, offers.LOGISTICS))
    return SavedAllocation(**msgspec.structs.asdict(saved), warnings=warnings)


def _country(text: str) -> str:
    """Orders name countries by code; a rule that names one otherwise would never match."""
    code = text.upper()
    if len(code) != 2 or not code.isascii() or not code.isalpha():
        raise not_valid(f"country {text!r} is no code of two letters, as TH or DE (ISO 3166-1 alpha-2)")
    return code


async def swap_allocation(call: Call[SwapAllocation, object]) -> AllocationList:
    """Let two allocation rules change places, both or none. Waiting orders are decided again."""
    engine, body = call.engine, call.body
    places = ((call.path["position"], body.revision), (body.other, body.other_revision))
    if body.other == call.path["position"]:
        raise not_valid("a rule cannot change places with itself")
    found = await engine.store.write(swap_at, places, to_ms(engine.env.now()), call.audited())
    engine.wake("decide")
    return AllocationList(items=tuple(sorted(found, key=lambda rule: rule.position)))


def swap_at(tx: Transaction, places: tuple[tuple[int, int], tuple[int, int]], now: int, by: By) -> list[AllocationRule]:
    """Exchange two allocation rules that still are at the revisions that were read. Raises ChangedMeanwhile, ApiProblem."""
    rules = []
    for position, revision in places:
        rule = views.entry(tx, AllocationRule, f"{position:07d}")
        if rule is None:
            raise not_found(f"there is no allocation rule {position}")
        if rule.revision != revision:
            raise ChangedMeanwhile(
                f"allocation rule {position} is at revision {rule.revision}, you read revision {revision}; read it again"
            )
        rules.append(rule)
    one, other = rules
    saved = [
        book.save(tx, msgspec.structs.replace(moved, position=place.position, revision=place.revision))
        for moved, place in ((one, other), (other, one))
    ]
    pushes.decide_again(tx, now)
    audit.write(tx, by.entry(before=audit.hash_of(rules), after=audit.hash_of(saved)), now)
    return saved


async def save_mapping(call: Call[Mapping, object]) -> Mapping:
    """Save a mapping; `revision` is the one that was read, 0 for a new one. Waiting orders are decided again."""
    _same("warehouse", call.path["warehouse"], call.body.warehouse)
    _same("kind", call.path["kind"], call.body.kind.value)
    _same("ours", call.path["ours"], call.body.ours)
    _known_warehouse(await _book(call), call.body.warehouse)
    return await call.requests.save_entry(call.body, call.audited())


def _same(name: str, in_path: object, in_body: object) -> None:
    if in_path != in_body:
        raise not_valid(f"the path says {name} '{in_path}', the body '{in_body}'; a {name} cannot be changed")
    if not str(in_body).isprintable():
        raise not_valid(f"the {name} {in_body!r} holds a character that nobody could see or type")


async def _book(call: Call[object, object]) -> Book:
    return await call.engine.store.read(call.engine.books.current)


def _known_warehouse(known: Book, code: str) -> None:
    if code not in known.warehouses:
        raise not_valid(f"there is no warehouse '{code}' (known: {', '.join(sorted(known.warehouses)) or 'none'})")


async def remove_strategy(call: Call[None, RevisionQuery]) -> Removed:
    """Remove a push strategy that no warehouse uses. Waiting orders are decided again."""
    name = call.path["name"]
    users = [each.code for each in (await _book(call)).warehouses.values() if name in each.strategies]
    if users:
        raise conflict(
            "in_use", f"strategy '{name}' is used by warehouse {', '.join(sorted(users))}; take it out there first"
        )
    return await _remove(call, PushStrategy, name, f"strategy '{name}'")


async def remove_warehouse(call: Call[None, RevisionQuery]) -> Removed:
    """Remove a warehouse that no allocation rule names and that has no open order. Waiting orders are decided again."""
    code = call.path["code"]
    users = [str(rule.position) for rule in (await _book(call)).allocation if rule.warehouse == code]
    if users:
        raise conflict(
            "in_use", f"warehouse '{code}' is named by allocation rule {', '.join(users)}; remove that first"
        )
    if under_way := await call.engine.store.read(open_pushes.at_warehouse, code, SHOWN_PUSHES + 1):
        count = f"more than {SHOWN_PUSHES:,}" if under_way > SHOWN_PUSHES else str(under_way)
        raise conflict(
            "in_use",
            f"warehouse '{code}' has {count} orders, or may have them, that did not leave it yet; without it they would be told "
            f"nothing any more. `crossdock warehouses set {code} --disabled` keeps new ones away",
        )
    return await _remove(call, Warehouse, code, f"warehouse '{code}'")


async def remove_allocation(call: Call[None, RevisionQuery]) -> Removed:
    """Remove an allocation rule. Waiting orders are decided again."""
    position = call.path["position"]
    return await _remove(call, AllocationRule, f"{position:07d}", f"allocation rule {position}")


async def remove_mapping(call: Call[None, RevisionQuery]) -> Removed:
    """Remove a mapping. Waiting orders are decided again."""
    return await _remove(call, Mapping, _mapping_name(call), _mapping_text(call))


async def _remove(call: Call[None, RevisionQuery], kind: type[Entry], name: str, what: str) -> Removed:
    engine = call.engine
    revision, now = call.query.revision, to_ms(engine.env.now())
    if not await engine.store.write(remove_at, kind, name, revision, what, now, call.audited()):
        raise not_found(f"there is no {what}")
    engine.wake("decide")
    return Removed(text=f"{what} is removed; waiting orders are decided again")


def remove_at(
    tx: Transaction, kind: type[Entry], name: str, revision: int, what: str, now: int, by: By | None = None
) -> bool:
    """Remove an entry that still is at `revision`; False if there is none. Raises ChangedMeanwhile."""
    stored = book.stored(tx, kind, name)
    if stored is None:
        return False
    at, entry = stored
    if at != revision:
        raise ChangedMeanwhile(f"{what} is at revision {at}, you read revision {revision}; read it again")
    book.remove(tx, kind, name)
    pushes.decide_again(tx, now)
    if by is not None:
        audit.write(tx, by.entry(before=audit.hash_of(entry)), now)
    return True
