"""What a connector raises, grouped by what the daemon does next.

ConnectorError
├── Retryable         it surely took no effect (or was only a read): the daemon tries again by itself
│   └── RateLimited   the same, not before the time the remote system named
├── BadResponse       a read was answered with something that cannot be read: tried three times, then the connection pauses (a list: stops alone)
├── AuthFailed        the credentials were refused: refreshed once, then the connection pauses
├── ConfigError       the connection is set up wrong: it pauses until its configuration changes
├── Unsupported       the remote system cannot do this at all
├── Rejected          this one record was refused as it is: it is parked until its input changes or a person acts
│   ├── NotFound      the remote system does not know the reference
│   └── Conflict      the remote system already has something under this key
└── UnknownOutcome    a write left and its effect is not known: the same bytes under the same key, a look-up or a person settles it

The daemon itself adds: ContractError, PluginTimeout, PluginStuck.

**After a write was sent, everything but a definite 4xx or 429 to that write is UnknownOutcome, not Retryable.** The daemon
sees what went through `ctx.http`: what is raised after a write that was answered with success, or not at all, becomes
UnknownOutcome by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta

    from crossdock.spec.outbound import RemoteOutbound


class ConnectorError(Exception):
    """Anything that went wrong between the daemon and a remote system.

    `message` is a sentence for people. `detail` is a short excerpt of what the remote system answered, for people; it may
    hold hostile text. The daemon checks every field of what is raised, says in the log what does not fit, and takes the
    default in its place. A subclass counts as the error of this page that it is derived from.
    """

    def __init__(self, message: str, *, detail: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.detail = detail


class Retryable(ConnectorError):
    """The call surely had no effect; the daemon tries again by itself, after `after` where it is given.

    `after` is a timedelta; a plain number counts as seconds. `setup`: what failed is how this side is set up (a certificate,
    an address), which does not pass by itself: after three of them in a row the connection pauses.
    """

    def __init__(
        self, message: str, *, after: timedelta | None = None, detail: str | None = None, setup: bool = False
    ) -> None:
        super().__init__(message, detail=detail)
        self.after = after
        self.setup = setup


class RateLimited(Retryable):
    """The remote system asked us to wait; `after` is the wait it named (None: it named none)."""


class BadResponse(ConnectorError):
    """The answer to a read is not what the contract says: HTML, truncated, too large, not JSON, wrong shape."""


class AuthFailed(ConnectorError):
    """The remote system refused the credentials."""


class ConfigError(ConnectorError):
    """The connection's own settings are wrong; nothing will work before they change."""


class Unsupported(ConnectorError):
    """The remote system has no such operation.

    From a list: it is left out, and asked for again every hour. From `push_outbound` and every other write: that one fails
    at once, with this sentence. From `find_outbound`: what is in doubt is left to a person.
    """


class Rejected(ConnectorError):
    """The remote system refused this record for what it is; the same bytes will never be accepted.

    `code` is the remote system's own code, `field` the offending field where it is known.
    """

    def __init__(
        self, message: str, *, code: str = "rejected", field: str | None = None, detail: str | None = None
    ) -> None:
        super().__init__(message, detail=detail)
        self.code = code
        self.field = field


class NotFound(Rejected):
    """The remote system does not know the reference.

    From `get_orders` and lists it is said of the whole call; what is gone is None there. From `cancel_outbound` and
    `update_outbound` it refuses, and `find_outbound`, where there is one, is asked what became of the document.
    """


class Conflict(Rejected):
    """The remote system already holds something under this key; `remote` says what, where it told.

    From `push_outbound`: what it holds under our own key is ours. From `cancel_outbound` and `update_outbound` it refuses
    ("cancelled already"), and `find_outbound`, where there is one, is asked what became of the document.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "conflict",
        remote: RemoteOutbound | None = None,
        detail: str | None = None,
    ) -> None:
        super().__init__(message, code=code, detail=detail)
        self.remote = remote


class UnknownOutcome(ConnectorError):
    """A write left this machine and nobody knows whether it took effect."""


class ContractError(ConnectorError):
    """The connector broke the contract: wrong type, missing result, unknown reference. Nothing was stored."""


class PluginTimeout(ConnectorError):
    """The connector did not answer in time."""


class PluginStuck(ConnectorError):
    """The connector did not even stop when it was cancelled; its connection is taken out of use."""
