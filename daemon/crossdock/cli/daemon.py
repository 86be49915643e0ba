"""The daemon as a process: run it, show it, check its configuration, have it read that again."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import click

from crossdock.cli.display import print_json, say
from crossdock.cli.session import FAILED, Session, json_option


def _app(module: str) -> Any:
    """A part of the composed daemon, loaded only by the commands that need all of it."""
    return import_module(f"crossdock.app.{module}")


@click.command()
@click.option("--log-format", type=click.Choice(["auto", "json", "journald", "plain"]), help="Overrides log.format.")
@click.option("--no-plugins", is_flag=True, help="Start without any plugin: nothing is fetched or sent.")
@click.option("--only-plugin", multiple=True, metavar="NAME", help="Start with this plugin only; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Log JSON lines; the same as --log-format json.")
@click.pass_obj
def run(
    session: Session, log_format: str | None, no_plugins: bool, only_plugin: tuple[str, ...], as_json: bool
) -> None:
    """Run the daemon.

    It stays in the foreground and logs to standard error. SIGTERM stops it cleanly, SIGHUP has it read its
    configuration again.
    """
    chosen = "json" if as_json else log_format
    code = _app("daemon").run(Path(session.config), log_format=chosen, no_plugins=no_plugins, only_plugins=only_plugin)
    raise click.exceptions.Exit(code)


@click.command()
@click.option("--orders", type=click.IntRange(1, 100_000), default=400, show_default=True, help="Orders of the day.")
@click.option("--seed", type=int, default=1, show_default=True, help="Draws the orders and the faults.")
@click.option("--plain", is_flag=True, help="No dashboard: tell the day line by line, as where there is no terminal.")
@json_option
def demo(orders: int, seed: int, plain: bool, as_json: bool) -> None:
    """Show a working day flowing through sandbox systems.

    In a terminal the dashboard opens on it, and orders keep coming until it is left.

    Starts a sandbox OMS and two sandbox warehouses that lose answers, fail and ask to wait, and the daemon between
    them. Beside the day's orders: changes and cancellations after the push, labels, parcels, receipts and their costs,
    products, stock. Ends with a summary; the exit code is 0 only if every eligible order arrived exactly once, the one
    that its warehouse refuses is known as refused, and the systems' own books show each other part as it should be.
    """
    raise click.exceptions.Exit(_app("demo").demo(orders=orders, seed=seed, as_json=as_json, plain=plain))


@click.command("check-config")
@click.option("--online", is_flag=True, help="Also log in to every connection.")
@json_option
@click.pass_obj
def check_config(session: Session, online: bool, as_json: bool) -> None:
    """Check the configuration.

    Nothing is bound, locked or changed; it may be run beside the daemon. Exit code 78 if anything is wrong.
    """
    raise click.exceptions.Exit(_app("check").check(Path(session.config), online=online, as_json=as_json))


@click.command()
@json_option
@click.pass_obj
def reload(session: Session, as_json: bool) -> None:
    """Have the daemon read its configuration again.

    If anything in it is wrong, the old one stays in force as a whole, and the exit code is 1.
    """
    done = session.talk(lambda client: client.reload(), as_json=as_json)
    if as_json:
        print_json(done)
    else:
        say(done.text)
        if done.need_restart:
            say(f"these count only after a restart: {', '.join(done.need_restart)}")
    if not done.taken:
        raise click.exceptions.Exit(FAILED)
