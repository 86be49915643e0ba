"""The command line. Each command is loaded when it is used, so that help is quick and a broken part harms no other."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from crossdock.cli.session import DEFAULT_CONFIG, Session
from crossdock.spec.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

OUTPUT_FAILED = 74

COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("daemon:run", "Run the daemon."),
    "demo": ("daemon:demo", "Show a working day flowing through sandbox systems."),
    "sandbox": ("sandbox:sandbox", "Run a sandbox OMS or WMS."),
    "check-config": ("daemon:check_config", "Check the configuration."),
    "reload": ("daemon:reload", "Have the daemon read its configuration again."),
    "tui": ("dashboard:tui", "Open the terminal dashboard."),
    "status": ("status:status", "Show how the daemon is."),
    "tasks": ("tasks:tasks", "Sync tasks: what was asked, how far it is."),
    "orders": ("orders:orders", "Orders and where they stand."),
    "explain": ("orders:explain", "Explain why an order is where it is."),
    "obtain": ("actions:obtain", "Fetch new orders for a warehouse."),
    "sync": ("actions:sync", "Fetch chosen orders again."),
    "push": ("actions:push", "Push chosen orders by hand."),
    "hold": ("actions:hold", "Hold chosen orders."),
    "release": ("actions:release", "Release chosen orders."),
    "settle": ("actions:settle", "Settle an order in doubt by hand."),
    "probe": ("actions:probe", "Have warehouses asked now about orders in doubt."),
    "redrive": ("actions:redrive", "Send failed orders again."),
    "strategies": ("strategies:strategies", "Push strategies."),
    "warehouses": ("warehouses:warehouses", "Warehouses and how orders are pushed to them."),
    "allocation": ("allocation:allocation", "Rules that send orders to warehouses."),
    "mappings": ("mappings:mappings", "What warehouses call SKUs and carriers."),
    "master": ("master:master", "Master data: product data of an OMS and its warehouses, kept in step both ways."),
    "connections": ("connections:connections", "Connections to OMS and WMS."),
    "plugins": ("plugins:plugins", "Connector plugins."),
    "quarantine": ("quarantine:quarantine", "Fetched records that could not be read."),
    "labels": ("labels:labels", "Shipping labels."),
    "db": ("database:db", "The database file."),
    "stock": ("stock:stock", "Stock levels and how far the OMS was told."),
    "whoami": ("people:whoami", "Show who you are to the daemon, with your roles and rights."),
    "tokens": ("tokens:tokens", "Tokens for reaching the daemon over the network."),
    "audit": ("audit:audit", "Who did what."),
    "approvals": ("approvals:approvals", "What waits for a second person."),
    "forget": ("people:forget", "Remove the personal data of an order."),
    "documents": ("documents:documents", "Documents of warehouses, and whether their OMS has them."),
    "costs": ("costs:costs", "Inbound costs: planned, actual, averages."),
    "setup": (
        "setup:setup",
        "The setup of pushing to warehouses: all of it in one view, and what is still to be done.",
    ),
    "reconcile": ("reconcile:reconcile", "Compare OMS, warehouses and what crossdock holds."),
    "simulate": ("simulate:simulate", "Say what would be pushed now, and what not."),
    "incidents": ("incidents:incidents", "What holds orders, one line a cause."),
    "packages": ("packages:packages", "Package outbound: what warehouses have."),
    "ack": ("packages:ack", 'Take the mark "(Updated)" off chosen orders.'),
    "cancel": ("packages:cancel", "Have warehouses asked not to ship chosen orders."),
    "operations": (
        "operations:operations",
        "Writes to remote systems beside new orders: documents, labels, stock, products, costs, changes.",
    ),
}
"""Every command: where it is defined, and the first line of its help (a test holds that they say the same)."""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are used."""

    def __init__(self, *args: Any, lazy: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = lazy

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Refuse what is no text before anything is made of it: such bytes come in as lone surrogates."""
        for arg in args:
            if not arg.isprintable() and any("\ud800" <= character <= "\udfff" for character in arg):
                raise click.UsageError(f"{arg!a} is no text: arguments are UTF-8", ctx)
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """List the commands in the order of the table."""
        return list(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import a command."""
        if cmd_name not in self._lazy:
            return None
        module, name = self._lazy[cmd_name][0].split(":")
        found = getattr(import_module(f"crossdock.cli.{module}"), name)
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        """List the commands in the help without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self._lazy.items()])


@click.group(cls=LazyGroup, lazy=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-c", "--config", default=DEFAULT_CONFIG, show_default=True, envvar="CROSSDOCK_CONFIG", show_envvar=True,
    help="The daemon's configuration file.",
)  # fmt: skip
@click.option(
    "--socket", envvar="CROSSDOCK_SOCKET", show_envvar=True,
    help="The daemon's control socket. Default: the one that the configuration names.",
)  # fmt: skip
@click.option(
    "--connect", metavar="URL", envvar="CROSSDOCK_CONNECT", show_envvar=True,
    help="A daemon on a network, as https://host:8788, instead of the socket. It needs a token.",
)  # fmt: skip
@click.option(
    "--token-file", metavar="FILE", envvar="CROSSDOCK_TOKEN_FILE", show_envvar=True,
    help="The file with the token, mode 0600. Without it the token is CROSSDOCK_TOKEN of the environment.",
)  # fmt: skip
@click.option(
    "--ca-file", metavar="FILE", envvar="CROSSDOCK_CA_FILE", show_envvar=True,
    help="The private authority that signed the daemon's certificate.",
)  # fmt: skip
@click.version_option(package_name="crossdock", message="%(version)s")
@click.pass_context
def cli(ctx: click.Context, /, config: str, socket: str | None, **remote: str | None) -> None:
    """crossdock keeps an OMS and its warehouses in step.

    Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 69 no daemon answers or the database cannot be used, 73 the
    daemon cannot make its folder, files or socket, 74 the output cannot be written, 75 another daemon uses the database,
    78 the configuration is wrong, 130 interrupted.
    """
    named = ctx.get_parameter_source("config") is not ParameterSource.DEFAULT
    token = os.environ.get("CROSSDOCK_TOKEN")
    ctx.obj = Session(config=config, socket=socket, token=token, named=named, **remote)


def escape_what_cannot_be_shown() -> None:
    """Have a character that the terminal's encoding lacks shown as an escape: orders are Thai, a locale may be C."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def main() -> None:
    """Run the command line. Never shows a traceback for what a person typed."""
    _open_what_is_closed()
    escape_what_cannot_be_shown()
    try:
        code = cli.main(prog_name="crossdock", standalone_mode=False)
        sys.stdout.flush()
        sys.exit(code if isinstance(code, int) else 0)
    except OSError as error:
        _output_failed(error)
        sys.exit(OUTPUT_FAILED)
    except click.exceptions.NoArgsIsHelpError as asked:
        click.echo(asked.ctx.get_help() if asked.ctx else "", err=True)
        sys.exit(asked.exit_code)
    except click.ClickException as problem:
        _complain(problem)
        sys.exit(problem.exit_code)
    except click.Abort:
        click.echo("interrupted", err=True)
        sys.exit(130)


def _open_what_is_closed() -> None:
    """A stream that the caller closed takes what is written and shows nothing; else the next file opened would be it."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - it stays open as long as the process


def _output_failed(error: OSError) -> None:
    """Say what could not be written, and have nothing of it tried again at the end of the process."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    click.echo(
        clean(f"crossdock: {error.filename or 'the output'} cannot be written: {error.strerror or error}"), err=True
    )


def _complain(problem: click.ClickException) -> None:
    """Say what was wrong; what was typed may hold what a terminal should not get."""
    context = problem.ctx if isinstance(problem, click.UsageError) else None
    if context is not None:
        click.echo(f"{context.get_usage()}\nTry `{context.command_path} --help`.\n", err=True)
    click.echo(clean(f"crossdock: {problem.format_message()}"), err=True)
