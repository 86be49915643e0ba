"""The address guard: which addresses a connection may reach. It is asked at connect time, about the resolved address."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from crossdock.spec.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Forbidden(OSError):
    """The address is not one this connection may reach."""


class Guard:
    """Refuses every address that is not global, unless one of the networks allowed for the connection holds it."""

    def __init__(self, allow_private: Sequence[str]) -> None:
        self._allowed = [ipaddress.ip_network(network) for network in allow_private]

    def allows(self, text: str) -> bool:
        """Tell whether this literal address (perhaps with a zone) may be reached."""
        try:
            address: Address = ipaddress.ip_address(text.split("%", 1)[0])
        except ValueError:
            return False
        inner = getattr(address, "ipv4_mapped", None) or _embedded(address)
        if inner is not None:
            address = inner
        if any(address.version == network.version and address in network for network in self._allowed):
            return True
        return address.is_global and not address.is_multicast and "%" not in text

    def make_socket(self, info: tuple[object, ...]) -> socket.socket:
        """Make the socket for an address that is about to be connected to. Raises Forbidden.

        This is the last moment before the connection, so a name that resolves differently the second time is caught.
        """
        family, kind, protocol, _, target = info
        host = str(target[0])  # type: ignore[index]  # (host, port, …) as getaddrinfo gives it
        if not self.allows(host):
            raise Forbidden(f"{host} is not an address this connection may reach; allow it with http.allow_private")
        return socket.socket(family=family, type=kind, proto=protocol)  # type: ignore[arg-type]


def _embedded(address: Address) -> Address | None:
    """The IPv4 address inside a 6to4 or NAT64 address."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.sixtofour is not None:
            return address.sixtofour
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def check_base(url: str, *, allow_http: bool, fail: Callable[[str], Exception] = ConfigError) -> str:
    """Return the base address without a trailing slash. Raises ConfigError for one that is not a plain https address."""
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise fail("the setting url must be an address like https://host/path")
    if parts.scheme == "http" and not allow_http:
        raise fail("the setting url must be https; http needs http.allow_http = true")
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        raise fail("the setting url must hold no user name or password")
    if parts.query or parts.fragment:
        raise fail("the setting url must hold no query and no fragment")
    return url.rstrip("/")
