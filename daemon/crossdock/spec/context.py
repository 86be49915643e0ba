"""What a connector gets from the daemon: bounded HTTP, its own settings and secrets, a log, a clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    import logging
    from collections.abc import Collection, Mapping
    from datetime import datetime

S_co = TypeVar("S_co", covariant=True)
T = TypeVar("T")


class Answer(Protocol):
    """An HTTP answer that was no error, or one whose status was accepted; its body is complete and within bounds."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self, kind: type[T], *, unique_keys: bool = True) -> T:
        """Decode the body as JSON into `kind` (a msgspec type).

        Raises BadResponse, or UnknownOutcome if the request was a write, for anything that is not exactly such JSON:
        another content type, a byte-order mark, nothing, a repeated key, a lone surrogate, a number out of range, too
        deep. `unique_keys=False` leaves out the search for repeated keys (for large pages whose items are checked one
        by one later); a repeated key of the outermost object is refused all the same. Where the status was accepted,
        it raises what the status means, as if it had not been.
        """
        ...


class Http(Protocol):
    """HTTP to the connection's own base address, with size, time and redirects bounded and errors mapped.

    `path` is relative to the base address ("/orders"). A read raises Retryable, RateLimited, AuthFailed, NotFound,
    Rejected or BadResponse; a write raises UnknownOutcome instead wherever it may have taken effect.

    An answer with a status in `accept` is returned instead of raised, for a connector that reads more of it than an error
    keeps. What it means is then the connector's to say. One whose body is too large or breaks off is raised all the same.
    """

    async def get(
        self,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        accept: Collection[int] = (),
    ) -> Answer:
        """Read. Raises as the class says."""
        ...

    async def post(
        self,
        path: str,
        body: bytes,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        write: bool = True,
        accept: Collection[int] = (),
    ) -> Answer:
        """Send `body` (JSON unless `headers` say otherwise). `write=False` for a read in the form of a POST."""
        ...

    async def put(
        self, path: str, body: bytes, *, headers: Mapping[str, str] | None = None, accept: Collection[int] = ()
    ) -> Answer:
        """Replace. Always a write."""
        ...

    async def delete(
        self, path: str, *, headers: Mapping[str, str] | None = None, accept: Collection[int] = ()
    ) -> Answer:
        """Remove. Always a write."""
        ...


class Context(Protocol[S_co]):
    """Handed to every hook call; it belongs to one connection and sees only that connection's secrets."""

    @property
    def connection(self) -> str:
        """The connection's name in the configuration."""
        ...

    @property
    def settings(self) -> S_co:
        """The connection's settings, decoded into the type's settings Struct."""
        ...

    @property
    def http(self) -> Http:
        """HTTP to the base address of this connection."""
        ...

    @property
    def log(self) -> logging.Logger | logging.LoggerAdapter[Any]:
        """A log whose lines carry the connection's name; secrets are masked in it."""
        ...

    def secret(self, name: str) -> str:
        """Return the value of the setting `name`, which must be a SecretRef. Raises ConfigError.

        Ask for it in every call and keep it nowhere: it is read from its source once, and again after a reload, after
        AuthFailed and before `refresh_auth`.
        """
        ...

    def now(self) -> datetime:
        """The daemon's clock, aware UTC."""
        ...
