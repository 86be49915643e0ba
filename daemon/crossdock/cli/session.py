"""What every command shares: where the daemon is, how errors become exit codes."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from crossdock.cli.display import print_json
from crossdock.spec.text import clean

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from crossdock.config.model import Config
    from crossdock.control.client import Client

T = TypeVar("T")

DEFAULT_CONFIG = "/etc/crossdock/crossdock.toml"
DEFAULT_SOCKET = "/run/crossdock/control.sock"

_NAME_IT = "the socket is looked up in the configuration; a daemon that runs is reached all the same with --socket PATH"
_MOVED = "If state_dir or the socket was changed in the configuration since it started, that is the old one"

FAILED, NO_DAEMON, BAD_CONFIG = 1, 69, 78
"""Exit codes beside 0 (done) and 2 (usage, click's own)."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")


def fail(code: int, message: str, *, as_json: bool = False, kind: str = "failed", **facts: object) -> NoReturn:
    """End with an exit code and a sentence; with --json the sentence stands in {"error": …} on standard output."""
    if as_json:
        print_json({"error": {"code": kind, "detail": message, **facts}})
    else:
        click.echo(clean(f"crossdock: {message}"), err=True)
    raise click.exceptions.Exit(code)


@dataclass(frozen=True)
class Session:
    """One call of the command line: the configuration file and where the daemon is, as they were named.

    `connect` is a network address; then the token is the file's, else `token`. `named`: somebody named the configuration.
    """

    config: str
    socket: str | None
    connect: str | None = None
    token_file: str | None = None
    token: str | None = None
    ca_file: str | None = None
    named: bool = True

    def load_config(self, hint: str = "") -> Config:
        """Load the configuration; what is wrong with it, and `hint`, ends the command with exit code 78."""
        load: Any = import_module("crossdock.config.load")
        problems: Any = import_module("crossdock.config.problems")
        try:
            found: Config = load.load(Path(self.config), os.environ)
        except problems.BadConfig as error:
            for line in str(error).splitlines():
                click.echo(clean(line), err=True)
            if hint:
                click.echo(hint, err=True)
            raise click.exceptions.Exit(BAD_CONFIG) from None
        return found

    def socket_path(self) -> str:
        """Return where the daemon listens: as named, else by the configuration, else the usual place.

        People who may use the socket often may not read the usual configuration; then the usual place is tried. Whoever
        names a file means its daemon and no other.
        """
        if self.socket is not None:
            return self.socket
        if not self.named and not os.access(self.config, os.R_OK):
            return DEFAULT_SOCKET
        paths: Any = import_module("crossdock.config.paths")
        return str(paths.socket_path(self.load_config(_NAME_IT)))

    def environ(self) -> dict[str, str]:
        """Return the environment that says to another process what this one was told, the token with it."""
        said = {
            "CONFIG": str(Path(self.config).absolute()),
            "SOCKET": self.socket and str(Path(self.socket).absolute()),
            "CONNECT": self.connect,
            "TOKEN_FILE": self.token_file and str(Path(self.token_file).absolute()),
            "TOKEN": self.token,
            "CA_FILE": self.ca_file and str(Path(self.ca_file).absolute()),
        }
        return {f"CROSSDOCK_{name}": text for name, text in said.items() if text is not None}

    def client(self) -> Client:
        """Make a client of the daemon at the network address that was named, else at its socket."""
        client: Any = import_module("crossdock.control.client")
        if self.connect is None:
            found: Client = client.Client(self.socket_path())
            return found
        try:
            found = client.Client(client.Remote(url=self.connect, token=self._shown(), ca_file=self.ca_file))
        except client.BadRemote as error:
            raise click.UsageError(str(error)) from None
        return found

    def _shown(self) -> str:
        """Return the token; a file that others may read ends the command."""
        if self.token_file is None:
            if self.token is None:
                raise click.UsageError(
                    "--connect needs a token: --token-file FILE, or CROSSDOCK_TOKEN in the environment"
                )
            return self.token.strip()
        try:
            with Path(self.token_file).open("rb") as file:
                mode, raw = os.fstat(file.fileno()).st_mode, file.read(1000)
        except OSError as error:
            raise click.UsageError(f"{self.token_file} cannot be read: {error.strerror or error}") from None
        if mode & 0o077:
            raise click.UsageError(f"others may read {self.token_file}; chmod 600 {self.token_file}")
        return raw.decode("ascii", "replace").strip()

    def talk(self, ask: Callable[[Client], Awaitable[T]], *, as_json: bool = False) -> T:
        """Ask the daemon; a refusal ends the command with exit code 1, no daemon with 69."""
        client: Any = import_module("crossdock.control.client")
        try:
            return asyncio.run(_asked(self.client(), ask))
        except client.Unreachable as error:
            hint = "" if self.socket is not None or self.connect is not None else f". {_MOVED}"
            fail(NO_DAEMON, f"{error}{hint}", as_json=as_json, kind="unreachable")
        except client.Refusal as error:
            facts = {} if error.again_at is None else {"again_at": error.again_at}
            fail(FAILED, str(error), as_json=as_json, kind=error.code, **facts)


async def _asked(client: Client, ask: Callable[[Client], Awaitable[T]]) -> T:
    async with client:
        return await ask(client)
