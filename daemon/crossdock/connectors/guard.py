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
    """Refuses every address that is not global, unless one of the networks allowed for the connection holds it.

    Raises ConfigError for a network that is none.
    """

    def __init__(self, allow_private: Sequence[str]) -> None:
        try:
            self._allowed = [ipaddress.ip_network(network) for network in allow_private]
        except ValueError as error:
            raise ConfigError(f"http.allow_private: {error}") from None

    def allows(self, text: str) -> bool:
        """Tell whether this literal address (perhaps with a zone) may be reached."""
        try:
            address: Address = ipaddress.ip_address(text.split("%", 1)[0])
        except ValueError:
            return False
        address = _embedded(address) or address
        if any(address.version == network.version and address in network for network in self._allowed):
            return True
        return "%" not in text and _is_global(address)

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
    """The IPv4 address inside an IPv4-mapped, 6to4 or NAT64 address."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _is_global(address: Address) -> bool:
    """Tell whether an address belongs to a host on the internet; the standard library's word alone is too generous."""
    if not address.is_global or address.is_multicast:
        return False
    if address.version == 6 and address not in _UNICAST:
        return False
    return not any(address.version == network.version and address in network for network in _SPECIAL)


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_UNICAST = ipaddress.IPv6Network("2000::/3")
_SPECIAL = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "3fff::/20")))


def check_base(url: str, *, allow_http: bool, fail: Callable[[str], Exception] = ConfigError) -> str:
    """Return the base address without a trailing slash. Raises ConfigError for one that is not a plain https address."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise fail(f"the setting url is no address: {error}") from None
    if not url.isprintable() or " " in url or "\\" in url:
        raise fail("the setting url holds a character that no address has")
    if parts.scheme not in ("https", "http") or not host or port == 0:
        raise fail("the setting url must be an address like https://host/path")
    if parts.scheme == "http" and not allow_http:
        raise fail("the setting url must be https; http needs http.allow_http = true")
    if "@" in parts.netloc:
        raise fail("the setting url must hold no user name or password")
    if parts.query or parts.fragment:
        raise fail("the setting url must hold no query and no fragment")
    return url.rstrip("/")
