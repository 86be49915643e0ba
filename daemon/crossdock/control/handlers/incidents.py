"""Incidents: listed, shown, taken, muted, released."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, Struct

from crossdock.control.problems import not_found, not_valid
from crossdock.control.records.asks import Done
from crossdock.control.records.base import Limit
from crossdock.control.records.incidents import CauseName, HeldItem, HeldPage, IncidentItem, IncidentPage, ReleasedPage
from crossdock.control.shown import choices_of
from crossdock.rules.troubles import remedy
from crossdock.store import incidents, views
from crossdock.store.times import from_ms

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crossdock.control.problems import ApiProblem
    from crossdock.control.records.incidents import MuteIncident, ReleaseIncident, TakeIncident
    from crossdock.control.route import Call
    from crossdock.rules.mutability import Abilities
    from crossdock.store.incidents import Incident
    from crossdock.store.store import Transaction


class IncidentQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which incidents are listed. `after` is `next` of the page before.

    `order`: the oldest first, or those that hold the most (open ones only).
    """

    state: Literal["open", "healed"] = "open"
    order: Literal["oldest", "largest"] = "oldest"
    cause: CauseName | None = None
    after: Annotated[int, Meta(ge=0, le=2**62)] = 0
    limit: Limit = 50


class HeldQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`after` is `next` of the page before."""

    after: Annotated[str, Meta(max_length=500)] = ""
    limit: Limit = 100


async def list_incidents(call: Call[None, IncidentQuery]) -> IncidentPage:
    """List incidents, one line a cause, oldest or largest first: how many each holds and what to do."""
    query = call.query
    if query.order == "largest" and query.state != "open":
        raise not_valid("healed incidents hold nothing, so that none is the largest; leave `order` away")
    items = await call.engine.store.read(_page, query)
    more = items[query.limit - 1].id if len(items) > query.limit else None
    return IncidentPage(items=tuple(items[: query.limit]), next=more)


def _page(tx: Transaction, query: IncidentQuery) -> list[IncidentItem]:
    limit = query.limit + 1
    if query.order == "largest":
        return [incident_item(*each) for each in incidents.by_size(tx, query.after, limit, query.cause)]
    found = incidents.page(tx, query.after, limit, healed=query.state == "healed", cause=query.cause)
    return [incident_item(each, incidents.count(tx, each.id)) for each in found]


async def show_incident(call: Call[None, object]) -> IncidentItem:
    """Show one incident."""
    return await _one(call)


async def _one(call: Call[None, object]) -> IncidentItem:
    number = call.path["id"]
    found = await call.engine.store.read(_read, number)
    if found is None:
        raise _unknown(number)
    return found


def _read(tx: Transaction, number: int) -> IncidentItem | None:
    found = incidents.get(tx, number)
    return None if found is None else incident_item(found, incidents.count(tx, number))


def _unknown(number: int) -> ApiProblem:
    return not_found(f"there is no incident {number}")


async def list_held(call: Call[None, HeldQuery]) -> HeldPage:
    """List what an incident holds, by name."""
    item = await _one(call)
    query = call.query
    able = call.engine.books.abilities
    found = await call.engine.store.read(_held, item.id, query.after, query.limit + 1, able)
    more = found[query.limit - 1].subject if len(found) > query.limit else None
    return HeldPage(items=tuple(found[: query.limit]), next=more)


def _held(tx: Transaction, number: int, after: str, limit: int, able: Mapping[str, Abilities]) -> list[HeldItem]:
    rows = incidents.subjects(tx, number, after, limit)
    ids = [int(name[6:]) for name, _, _ in rows if name.startswith("order:") and name[6:].isdecimal()]
    known = {f"order:{row.order_id}": row for row in views.of_order_ids(tx, ids)}
    found = []
    for name, since, text in rows:
        order = known.get(name)
        at = from_ms(since)
        connection, ref = (order.connection, order.ref) if order else (None, None)
        choices = choices_of(order, able) if order else ()
        found.append(HeldItem(subject=name, since=at, text=text, connection=connection, ref=ref, choices=choices))
    return found


async def take_incident(call: Call[TakeIncident, object]) -> IncidentItem:
    """Say who looks after an incident: whoever asks, or the one named."""
    owner = call.actor if call.body.owner is None else call.body.owner
    if not await call.requests.incidents.take(call.path["id"], owner, call.audited()):
        raise _unknown(call.path["id"])
    return await _one(call)  # type: ignore[arg-type]  # it reads the path only


async def mute_incident(call: Call[MuteIncident, object]) -> IncidentItem:
    """Keep an incident out of the status until a time, or end that."""
    until = call.body.until
    if until is not None and until.tzinfo is None:
        raise not_valid("until has no time zone; say for example 2026-03-01T08:00:00Z")
    if not await call.requests.incidents.mute(call.path["id"], until, call.audited()):
        raise _unknown(call.path["id"])
    return await _one(call)  # type: ignore[arg-type]  # it reads the path only


async def release_incident(call: Call[ReleaseIncident, object]) -> ReleasedPage:
    """Let go on what an incident holds: decided again, or sent again; one result each, in pages."""
    body = call.body
    done = await call.requests.incidents.release(call.path["id"], body.after, body.limit, call.audited())
    if done is None:
        raise _unknown(call.path["id"])
    results = (Done(order=each.order, done=each.done, text=each.text) for each in done.answers)
    return ReleasedPage(results=tuple(results), next=done.next)


def incident_item(incident: Incident, holds: int) -> IncidentItem:
    """Show an incident's row."""
    found = remedy(incident.code, incident.connection, incident.missing, incident.warehouse, incident.operation)
    since, last = from_ms(incident.opened_at), from_ms(incident.last_at)
    return IncidentItem(
        id=incident.id,
        cause=incident.cause,
        connection=incident.connection,
        operation=incident.operation,
        code=incident.code,
        missing=incident.missing,
        warehouse=incident.warehouse,
        text=incident.text,
        holds=holds,
        since=since,
        last_at=last,
        healed_at=from_ms(incident.healed_at),
        owner=incident.owner,
        muted_until=from_ms(incident.muted_until),
        do=found.text,
        command=found.command.replace("INCIDENT", str(incident.id)),
    )
