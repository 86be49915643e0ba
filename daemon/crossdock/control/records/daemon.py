"""Connections, plugins, records that could not be read, and the daemon itself."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from crossdock.control.records import base
from crossdock.control.records.base import MAX_ORDERS, ConnectionName
from crossdock.control.records.incidents import IncidentItem
from crossdock.spec.orders import Ref


class ConnectionItem(Struct, frozen=True, kw_only=True):
    """A connection: what it is, how it is, what it can do. `text` says what happens next."""

    name: str
    type: str
    kind: str
    enabled: bool
    state: str
    text: str
    since: datetime | None = None
    until: datetime | None = None
    last_success: datetime | None = None
    last_hint: datetime | None = None
    failures: int = 0
    paused_by: str = ""
    error_kind: str = ""
    error: str = ""
    insecure_tls: bool = False
    hooks: tuple[str, ...] = ()
    capabilities: dict[str, Any] = field(default_factory=dict)


class Connections(Struct, frozen=True, kw_only=True):
    """Every connection of the configuration."""

    items: tuple[ConnectionItem, ...]


class PauseConnection(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Leave a connection alone until somebody resumes it."""

    reason: base.Reason


class Checked(Struct, frozen=True, kw_only=True):
    """What a connection's check found; `clock_skew_s` is how far the remote clock is ahead of ours."""

    ok: bool
    account: str = ""
    clock_skew_s: float | None = None
    warnings: tuple[str, ...] = ()


class ChoiceItem(Struct, frozen=True, kw_only=True):
    """Something to choose from."""

    code: str
    name: str
    kind: str | None = None


class Choices(Struct, frozen=True, kw_only=True):
    """What the remote system offers now; `cut` is True where only the first 1,000 are shown."""

    items: tuple[ChoiceItem, ...]
    cut: bool = False


class PluginSetting(Struct, frozen=True, kw_only=True):
    """A key of `[connections.NAME.settings]`: what it is, what it takes; `default` is JSON."""

    key: str
    takes: str
    required: bool
    text: str = ""
    default: str = ""


class PluginType(Struct, frozen=True, kw_only=True):
    """A connector type that a plugin offers, what it declares to be able to do, and its settings."""

    name: str
    kind: str
    api: str = ""
    docs_url: str | None = None
    capabilities: dict[str, Any] = {}
    settings: tuple[PluginSetting, ...] = ()


class PluginItem(Struct, frozen=True, kw_only=True):
    """A plugin the configuration allows: loaded with these types, or what is wrong with it."""

    name: str
    version: str
    loaded: bool
    types: tuple[PluginType, ...] = ()
    digest: str = ""
    problem: str = ""


class Plugins(Struct, frozen=True, kw_only=True):
    """Every plugin the configuration allows."""

    items: tuple[PluginItem, ...]


class QuarantineItem(Struct, frozen=True, kw_only=True):
    """A record that could not be read. `excerpt` is its beginning, for those who may see personal data.

    `named` False: it has no readable ref of its own, so that its system cannot be asked for it again.
    """

    id: int
    connection: str
    ref: str
    reason: str
    first_at: datetime
    last_at: datetime
    bytes: int
    excerpt: str | None = None
    named: bool = True


class QuarantinePage(Struct, frozen=True, kw_only=True):
    """Records that could not be read, oldest first."""

    items: tuple[QuarantineItem, ...]
    next: int | None = None


class RetryQuarantine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fetch records of a connection again that could not be read: those named, else the oldest 1,000."""

    connection: ConnectionName
    refs: Annotated[tuple[Ref, ...], Meta(max_length=MAX_ORDERS)] = ()


class StateCount(Struct, frozen=True, kw_only=True):
    """How many orders stand at a state, and since when its oldest one waits."""

    state: str
    count: int
    oldest: datetime | None = None


class Reason(Struct, frozen=True, kw_only=True):
    """Why the daemon is not well. `code` is for programs, `about` the connection it is about, `command` what shows more."""

    level: Literal["warning", "critical"]
    code: Literal[
        "process",
        "disk",
        "database",
        "strained",
        "connection",
        "in_doubt",
        "parked",
        "changed",
        "quarantine",
        "incidents",
    ]
    text: str
    about: str = ""
    command: str = ""

    def said(self) -> str:
        """Say it in one line."""
        return f"{self.text} (`{self.command}`)" if self.command else self.text


class Status(Struct, frozen=True, kw_only=True):
    """How the daemon is, in one page. `level`: ok; warning, it works where it can; critical, a person is needed.

    `needs_person`: everything that waits for a person because an open incident holds it, `orders_need_person` the orders
    among it, each once; `waits` says of the largest of these incidents what to do. `to_settle`: pushes in doubt that only a
    person can settle. `changed`: orders that changed or were cancelled after their push; a person tells the warehouse.
    `updated`: orders with the mark "(Updated)". `aged`: orders that are too old to be pushed. `incidents` are the open ones, by cause.
    `reasons` are those of `why` as one line each.
    """

    version: str
    now: datetime
    level: Literal["ok", "warning", "critical"]
    reasons: tuple[str, ...]
    connections: tuple[ConnectionItem, ...]
    outbox: tuple[StateCount, ...]
    needs_person: int
    parked: int
    changed: int
    aged: int
    quarantine: int
    tasks_running: int
    tasks_queued: int
    disk_free_bytes: int
    disk_low: bool
    incidents: dict[str, int] = {}
    incidents_muted: int = 0
    operations_open: int = 0
    operations_failed: int = 0
    orders_need_person: int = 0
    to_settle: int = 0
    updated: int = 0
    waits: tuple[IncidentItem, ...] = ()
    why: tuple[Reason, ...] = ()


class Verdict(Struct, frozen=True, kw_only=True):
    """Yes, or no with the reasons."""

    ok: bool
    reasons: tuple[str, ...] = ()


class Reloaded(Struct, frozen=True, kw_only=True):
    """What a reload did. `need_restart` are keys that changed and only count after a restart."""

    taken: bool
    text: str
    need_restart: tuple[str, ...] = ()


class DatabaseInfo(Struct, frozen=True, kw_only=True):
    """The database of the running daemon."""

    path: str
    bytes: int
    migrations: tuple[str, ...]
