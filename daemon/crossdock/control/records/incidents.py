"""Incidents: one line a cause, with how many orders or documents it holds and what to do about it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from crossdock.control.records.asks import Done
from crossdock.control.records.base import ChoiceName, Limit

CauseName = Literal[
    "transient", "mapping", "validation", "auth", "conflict", "in_doubt", "refused", "drift", "decision", "bug"
]


class IncidentItem(Struct, frozen=True, kw_only=True):
    """An incident. `holds` is how many it holds, `do` what mends it, `command` what to type for that.

    `missing` is what has to be filled in or decided, `warehouse` where. `healed_at` None: it is open.
    """

    id: int
    cause: str
    connection: str
    operation: str
    code: str
    missing: str
    warehouse: str
    text: str
    holds: int
    since: datetime
    last_at: datetime
    healed_at: datetime | None
    owner: str
    muted_until: datetime | None
    do: str
    command: str


class IncidentPage(Struct, frozen=True, kw_only=True):
    """Incidents, oldest first, or those that hold the most."""

    items: tuple[IncidentItem, ...]
    next: int | None = None


class HeldItem(Struct, frozen=True, kw_only=True):
    """One that an incident holds: an order (by its connection and ref), or something else by its name alone.

    `choices`: what a person may decide about the order now, if anything.
    """

    subject: str
    since: datetime
    text: str
    connection: str | None = None
    ref: str | None = None
    choices: tuple[ChoiceName, ...] = ()


class HeldPage(Struct, frozen=True, kw_only=True):
    """What an incident holds, by name."""

    items: tuple[HeldItem, ...]
    next: str | None = None


class TakeIncident(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Look after an incident; without `owner`, whoever asks does. An empty one gives it back."""

    owner: Annotated[str, Meta(max_length=100)] | None = None


class MuteIncident(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keep an incident out of the status until a time (UTC); without one it is news again."""

    until: datetime | None = None


class ReleaseIncident(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Let go on what an incident holds, `limit` at a time; `after` is `next` of the answer before."""

    after: Annotated[str, Meta(max_length=500)] = ""
    limit: Limit = 200


class ReleasedPage(Struct, frozen=True, kw_only=True):
    """One result each; `next` goes on where there is more."""

    results: tuple[Done, ...]
    next: str | None = None
