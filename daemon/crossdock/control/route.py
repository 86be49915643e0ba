"""What a route is: one line of the table that says path, types, right and handler."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from msgspec import Struct

from crossdock.control.intake import PATH_TYPES
from crossdock.control.permissions import PUBLIC, Permission, Right, allowed
from crossdock.control.problems import ApiProblem

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Sequence

    from crossdock.control.events import Events
    from crossdock.control.identity import Caller, Identities
    from crossdock.control.records.daemon import PluginItem, Reloaded
    from crossdock.control.tokens import Tokens
    from crossdock.engine.engine import Engine
    from crossdock.engine.requests import Requests
    from crossdock.ops.recent_log import RecentLog
    from crossdock.ops.trends import Trends
    from crossdock.store.audit import By

B_co = TypeVar("B_co", covariant=True)
Q_co = TypeVar("Q_co", covariant=True)


class BadTable(Exception):
    """The route table itself is wrong; the daemon does not start."""


class Nothing(Struct, frozen=True, forbid_unknown_fields=True):
    """No parameters."""


def _uncounted(_reason: str) -> None:
    """Count nothing."""


@dataclass(frozen=True, kw_only=True)
class Providers:
    """What the daemon tells of itself. Each is called for every request that needs it.

    `livez` and `readyz` return the reasons against; `healthz` whether it is ready, and a record; `metrics` the
    exposition's bytes and content type; `free_bytes` the space left for the database; `strained` what is wrong with the
    process itself although it works. `refused` is told why somebody was not let in over the network. `trends` are counted and `recent_log` is kept while the daemon runs.
    """

    version: str
    livez: Callable[[], Sequence[str]]
    readyz: Callable[[], Sequence[str]]
    healthz: Callable[[], tuple[bool, object]]
    metrics: Callable[[], Awaitable[tuple[bytes, str]]]
    free_bytes: Callable[[], int]
    reload: Callable[[], Awaitable[Reloaded]]
    plugins: Callable[[], Sequence[PluginItem]]
    trends: Trends
    recent_log: RecentLog
    strained: Callable[[], Sequence[str]] = tuple
    refused: Callable[[str], None] = _uncounted


@dataclass(frozen=True, kw_only=True)
class Call(Generic[B_co, Q_co]):
    """One request, read and permitted: what a handler gets."""

    body: B_co
    query: Q_co
    path: dict[str, Any]
    caller: Caller
    engine: Engine
    requests: Requests
    providers: Providers
    events: Events
    tokens: Tokens
    identities: Identities
    by: By | None = None

    def audited(self) -> By:
        """Say who makes this change, for the row of the audit that a handler writes in the transaction of the change."""
        assert self.by is not None  # the server knows it of every request that changes something
        return self.by

    @property
    def actor(self) -> str:
        """Who asks, for timelines and tasks."""
        return self.caller.user

    def may(self, right: Right) -> bool:
        """Tell whether the caller also holds another right, for what an answer shows."""
        return allowed(self.caller.rights, right)

    def need(self, right: Right, what: str) -> None:
        """Refuse unless the caller holds a further right that `what` in this request needs. Raises ApiProblem."""
        if not self.may(right):
            raise ApiProblem(
                HTTPStatus.FORBIDDEN, "forbidden", f"{self.actor} lacks the right '{right}', which {what} needs"
            )


@dataclass(frozen=True)
class Raw:
    """An answer that is not a record."""

    body: bytes
    content_type: str


@dataclass(frozen=True)
class Stream:
    """An answer that goes on until one side ends it."""

    chunks: AsyncGenerator[bytes]
    content_type: str


@dataclass(frozen=True)
class WithStatus:
    """An answer whose HTTP status says something too."""

    status: int
    record: object


class Route(Struct, frozen=True, kw_only=True):
    """One route. `body` None: it takes none.

    `audited_within`: the handler writes the row of the audit in the transaction of its change, so that no other says that
    it was done. `look`: it only reads, in the form of a POST because its question needs a body; it leaves no row.
    `audited_as` is what the audit calls it, if not by the name of the handler. `probe`: whoever reaches the daemon is
    answered, and nobody looks who it is.
    """

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    permission: Permission | None = None
    handler: Callable[[Any], Awaitable[object]]
    answer: Any
    body: Any = None
    query: type[Struct] = Nothing
    audited_within: bool = False
    look: bool = False
    audited_as: str = ""
    probe: bool = False

    @property
    def name(self) -> str:
        """What the audit calls it."""
        return self.audited_as or getattr(self.handler, "__name__", self.path)

    @property
    def kind(self) -> str:
        """What one of the things is called that stand below its path: "incident" for /v1/incidents/{id}."""
        return self.path.split("/")[2].removesuffix("s") if self.path.startswith("/v1/") else ""

    @property
    def summary(self) -> str:
        """The first line of the handler's documentation."""
        return (self.handler.__doc__ or "").strip().split("\n", 1)[0]

    @property
    def names(self) -> tuple[str, ...]:
        """The variable parts of the path."""
        return tuple(re.findall(r"{(\w+)}", self.path))


def check_table(table: Iterable[Route]) -> None:
    """Raise BadTable unless every route has a permission, a description and known parts, once."""
    seen: set[tuple[str, str]] = set()
    for route in table:
        shown = f"{route.method} {route.path}"
        if route.probe and route.permission != PUBLIC:
            raise BadTable(f"{shown} is a probe and has a permission that nobody would look at")
        if route.permission is None:
            raise BadTable(f"{shown} has no permission; a public route must be marked as such")
        if not route.summary:
            raise BadTable(f"{shown} says nothing about itself")
        if unknown := set(route.names) - set(PATH_TYPES):
            raise BadTable(f"{shown} has parts of no known type: {', '.join(sorted(unknown))}")
        if (route.method, route.path) in seen:
            raise BadTable(f"{shown} stands in the table twice")
        seen.add((route.method, route.path))
