"""Where a daemon is: its Unix socket, or a network address and the token that it wants to see."""

from __future__ import annotations

import ipaddress
import re
import ssl
from typing import TYPE_CHECKING, Protocol

import aiohttp
from msgspec import Struct
from yarl import URL

if TYPE_CHECKING:
    from aiohttp import BaseConnector

_TOKEN = re.compile(r"xdk_[1-9][0-9]{0,11}_[0-9a-f]{64}")


class BadRemote(ValueError):
    """An address that must not be used like this; the message says why."""


class Remote(Struct, frozen=True, kw_only=True):
    """A daemon on a network: `https://host:8788` and a token. `ca_file` names a private authority of its certificate.

    Raises BadRemote: a token is sent to another machine over https only.
    """

    url: str
    token: str
    ca_file: str | None = None

    def __post_init__(self) -> None:
        """Refuse what must not be used."""
        url = _parsed(self.url)
        if url.scheme != "https" and not _is_loopback(url.host or ""):
            raise BadRemote(f"{_bare(url)} is not encrypted, and a token must not be sent so; use https://")
        if _TOKEN.fullmatch(self.token) is None:
            raise BadRemote(
                "that is no token of crossdock: one begins with xdk_ and is 70 characters or more; was all of it copied?"
            )

    def __repr__(self) -> str:
        """Show everything but the token."""
        return f"Remote(url={self.url!r}, token=***, ca_file={self.ca_file!r})"


def _parsed(text: str) -> URL:
    try:
        url = URL(text)
    except ValueError:
        url = URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise BadRemote("a daemon's address is written as in https://crossdock.example.net:8788")
    if url.user is not None or url.password is not None or url.query_string or url.fragment:
        raise BadRemote(f"{_bare(url)}: write the address only; a token goes into a file or the environment")
    return url


def _bare(url: URL) -> str:
    """Write an address without what may be a secret."""
    return str(url.origin())


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Way(Protocol):
    """How a daemon is reached."""

    shown: str
    base: str

    def connector(self) -> BaseConnector:
        """Make what connects."""
        ...

    def headers(self) -> dict[str, str]:
        """Return what every request shows."""
        ...

    def not_there(self, error: OSError) -> str:
        """Say why no connection was made, and what to do."""
        ...


class SocketWay:
    """A Unix socket."""

    base = "http://crossdock"

    def __init__(self, path: str) -> None:
        self.shown = path

    def connector(self) -> BaseConnector:
        """Make what connects."""
        return aiohttp.UnixConnector(self.shown, limit=20)

    def headers(self) -> dict[str, str]:
        """The kernel says who asks."""
        return {}

    def not_there(self, error: OSError) -> str:
        """Say why no connection was made."""
        if isinstance(getattr(error, "os_error", error), PermissionError):
            return f"you may not use the socket {self.shown}; become a member of its group (ls -l {self.shown})"
        return (
            f"no crossdock daemon answers at {self.shown}; start it with `systemctl start crossdock` or "
            "`crossdock run`, or name another socket with --socket"
        )


class RemoteWay:
    """A network address. Raises BadRemote for a certificate authority that cannot be read."""

    def __init__(self, remote: Remote) -> None:
        url = URL(remote.url)
        self.base = str(url.with_query(None)).rstrip("/")
        self.shown = self.base
        self._remote = remote
        try:
            self._tls = ssl.create_default_context(cafile=remote.ca_file)
        except OSError as error:  # ssl.SSLError is one
            reason = error.strerror or getattr(error, "reason", None) or error
            raise BadRemote(f"{remote.ca_file} cannot be used as certificates of an authority: {reason}") from None
        self._tls.minimum_version = ssl.TLSVersion.TLSv1_2

    def connector(self) -> BaseConnector:
        """Make what connects."""
        return aiohttp.TCPConnector(ssl=self._tls, limit=20)

    def headers(self) -> dict[str, str]:
        """The token says who asks."""
        return {"Authorization": f"Bearer {self._remote.token}"}

    def not_there(self, error: OSError) -> str:
        """Say why no connection was made."""
        match error:
            case aiohttp.ClientConnectorCertificateError():
                why = getattr(error.certificate_error, "verify_message", None) or "it is not valid"
                return (
                    f"the certificate of {self.shown} is not trusted: {why}. Name the authority that signed it with "
                    "--ca-file, and the daemon as the certificate does"
                )
            case aiohttp.ClientConnectorSSLError():
                return f"no TLS could be agreed on with {self.shown}; does it speak https, in version 1.2 or newer?"
            case aiohttp.ClientConnectorDNSError():
                return f"nobody knows the host of {self.shown}; look how it is written"
            case _:
                return (
                    f"no crossdock daemon answers at {self.shown}; it listens there if its configuration says so "
                    "([control.tcp] listen), and only after a restart"
                )
