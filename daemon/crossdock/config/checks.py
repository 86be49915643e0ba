"""What a configuration may not say although each value by itself is well formed."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from crossdock.config.paths import SOCKET_PATH_BYTES, socket_path
from crossdock.config.secretlike import has_userinfo, secret_like_inline

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crossdock.config.model import Config, Connection, HttpLimits, Plugins, Retry, Role, Tcp
    from crossdock.config.problems import KeyPath

Finding = tuple["KeyPath", str, str]
"""Path of the value, what is wrong with it, and a hint or nothing."""

_NO_ADDRESS = ("is no address and port", 'write it as in "127.0.0.1:8787" or "[::1]:8787"')
_DISTRIBUTION = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(\s*==\s*[A-Za-z0-9.*+!_-]+)?")


def findings(config: Config) -> Iterator[Finding]:
    """Yield everything that is wrong with the meaning of `config`; nothing is opened, bound or asked."""
    yield from _paths(config)
    yield from _allow(config.plugins)
    for role_name, role in config.control.roles.items():
        yield from _role(role, ("control", "roles", role_name))
    for name, connection in config.connections.items():
        at = ("connections", name)
        yield from _connection(connection, at)
        if not config.allow_inline_secrets:
            yield from _inline_secrets(connection, at)
    yield from _webhooks(config)
    yield from _tcp(config.control.tcp)


def _paths(config: Config) -> Iterator[Finding]:
    named = {
        ("state_dir",): config.state_dir,
        ("database",): config.database,
        ("control", "socket"): config.control.socket,
        ("control", "tcp", "cert_file"): config.control.tcp.cert_file,
        ("control", "tcp", "key_file"): config.control.tcp.key_file,
        ("credentials_dir",): config.credentials_dir,
    }
    named |= {("connections", name, "tls", "ca_file"): each.tls.ca_file for name, each in config.connections.items()}
    for path, value in named.items():
        if value is not None:
            yield from _path(value, path)
    length = len(str(socket_path(config)).encode("utf-8", "surrogatepass"))
    if length > SOCKET_PATH_BYTES:
        yield (
            ("control", "socket"),
            f"makes a path of {length} bytes, but a Unix socket's path may have {SOCKET_PATH_BYTES}",
            "name a shorter absolute path, such as /run/crossdock/control.sock",
        )


def _path(value: str, at: KeyPath) -> Iterator[Finding]:
    if not value.strip():
        yield at, "must not be empty", ""
    elif not value.isprintable():
        yield at, "has a character that no path should have", ""
    elif value.startswith("~"):
        yield at, "begins with ~, which is not expanded", "write the whole path"


def _webhooks(config: Config) -> Iterator[Finding]:
    webhooks = config.webhooks
    for name in webhooks.connections:
        if name not in config.connections:
            yield (
                ("webhooks", "connections", name),
                "is no connection",
                f"known: {', '.join(sorted(config.connections))}",
            )
    if webhooks.listen is None:
        return
    try:
        host, _ = address_of(webhooks.listen)
    except ValueError:
        yield ("webhooks", "listen"), *_NO_ADDRESS
        return
    if not ipaddress.ip_address(host).is_loopback and not webhooks.behind_proxy:
        yield (
            ("webhooks", "listen"),
            "is reachable from other machines, but the receiver has no TLS of its own",
            "listen on 127.0.0.1, or put a reverse proxy with TLS before it and say so: behind_proxy = true",
        )


def _tcp(tcp: Tcp) -> Iterator[Finding]:
    at = ("control", "tcp")
    if (tcp.cert_file is None) != (tcp.key_file is None):
        lacks = "key_file" if tcp.key_file is None else "cert_file"
        yield (*at, lacks), "is missing: a certificate and its key go together", ""
    if tcp.listen is None:
        return
    try:
        host, _ = address_of(tcp.listen)
    except ValueError:
        yield (*at, "listen"), *_NO_ADDRESS
        return
    address = ipaddress.ip_address(host)
    if not address.is_loopback and tcp.cert_file is None:
        yield (
            (*at, "listen"),
            "is reachable from other machines, and tokens must not travel unencrypted",
            "listen on 127.0.0.1, or name a certificate: cert_file and key_file",
        )
    if address.is_unspecified and not tcp.hosts:
        yield (
            (*at, "listen"),
            "is every address of this machine, so that no name is known by which clients may call it",
            'name them, hosts = ["crossdock.example.net"], or listen on one address',
        )


def address_of(listen: str) -> tuple[str, int]:
    """Part an address and a port. Raises ValueError for what is none."""
    host, _, port = listen.rpartition(":")
    address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    if not (port.isascii() and port.isdigit()) or int(port) > 65_535:
        raise ValueError(listen)
    return str(address), int(port)


def _allow(plugins: Plugins) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for number, entry in enumerate(plugins.allow):
        at = ("plugins", "allow", number)
        found = _DISTRIBUTION.fullmatch(entry.strip())
        if not entry.strip():
            yield at, "is empty", "name a distribution, or take the entry out"
        elif not found:
            yield (
                at,
                "names no distribution",
                'write its name and at most a version, as in "crossdock-oms-default==0.*"',
            )
        else:
            name = re.sub(r"[-_.]+", "-", found["name"]).lower()
            if name in seen:
                yield at, f"names {name} again, after entry {seen[name]}", "keep one of the two"
            seen.setdefault(name, number)


def _role(role: Role, at: KeyPath) -> Iterator[Finding]:
    for key, names in (("users", role.users), ("groups", role.groups)):
        for number, name in enumerate(names):
            if not name.strip():
                yield (*at, key, number), "is empty", ""
            elif name in names[:number]:
                yield (*at, key, number), f'names "{name}" again', ""


def _connection(connection: Connection, at: KeyPath) -> Iterator[Finding]:
    if not connection.type.strip():
        yield (*at, "type"), "must not be empty", "`crossdock plugins` lists the connector types"
    yield from _addresses(connection, at)
    yield from _networks(connection.http, (*at, "http", "allow_private"))
    yield from _retry(connection.retry, (*at, "retry"))


def _addresses(connection: Connection, at: KeyPath) -> Iterator[Finding]:
    for key, value in connection.settings.items():
        if not isinstance(value, str) or not _is_address(key):
            continue
        if value.lower().startswith("http://") and not connection.http.allow_http:
            hint = "use https://, or set http.allow_http = true for this connection"
            yield (*at, "settings", key), "is not encrypted (http://), and http.allow_http does not allow that", hint
        if has_userinfo(value):
            hint = 'take it out and name a secret: {secret = "…"}'
            yield (*at, "settings", key), "holds a user name or password in the address", hint


def _is_address(key: object) -> bool:
    return str(key).endswith("_url") or key == "url"


def _networks(http: HttpLimits, at: KeyPath) -> Iterator[Finding]:
    for number, text in enumerate(http.allow_private):
        try:
            network = ipaddress.ip_network(text, strict=False)
        except ValueError:
            yield (*at, number), f'is no network: "{text}"', "write an address and a length, as in 10.20.0.0/16"
            continue
        if "/" in text and str(network.network_address) != str(ipaddress.ip_address(text.split("/")[0])):
            yield (*at, number), f'is an address within a network: "{text}"', f"did you mean {network}?"
        elif text in http.allow_private[:number]:
            yield (*at, number), f"names {text} again", ""


def _retry(retry: Retry, at: KeyPath) -> Iterator[Finding]:
    if retry.cap_s < retry.base_s:
        yield (*at, "cap_s"), f"is less than base_s ({retry.cap_s:g} < {retry.base_s:g})", ""


def _inline_secrets(connection: Connection, at: KeyPath) -> Iterator[Finding]:
    for path in secret_like_inline(connection.settings):
        if len(path) == 1 and _is_address(path[0]):
            continue  # told by _addresses
        hint = 'write {secret = "NAME"} and put the value into a credential or a file of that name'
        yield (*at, "settings", *path), "seems to hold a secret itself, which the configuration must not", hint
