"""The reference of the command line, made of the commands themselves: `python -m crossdock.cli.reference FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from crossdock.cli.main import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

FILE = "cli.md"
_HEAD = """\
# Command line

Made of the commands themselves; `python -m crossdock.cli.reference docs/reference` writes it again.

Every command that shows or does something takes `--json`. Global options stand before the command:
`crossdock --socket /run/crossdock/control.sock status`.

The daemon knows who asks by the user that runs the command (the socket's peer credentials). `[control.roles]` in the
configuration gives roles to users and groups. Root and the daemon's own user are `admin`, unless the configuration
gives them roles.

Over a network (`--connect`) a token tells who asks ([how to](../how-to/reach-the-daemon-over-the-network.md)). Every command but
those that need no daemon works both ways.
"""


def rendered() -> str:
    """Return the reference as Markdown."""
    parts = [_HEAD, *_described(cli, click.Context(cli, info_name="crossdock"), 2)]
    return "\n".join(parts)


def _described(command: click.Command, ctx: click.Context, level: int) -> Iterator[str]:
    yield f"{'#' * level} {ctx.command_path}\n"
    if command.help:
        yield _paragraphs(command.help)
    if not isinstance(command, click.Group):
        pieces = " ".join(command.collect_usage_pieces(ctx))
        yield f"    {ctx.command_path} {pieces}\n"
    options = [line for line in (_option(parameter, ctx) for parameter in command.params) if line]
    if options:
        yield "\n".join(options) + "\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            inner = command.get_command(ctx, name)
            if inner is not None:
                yield from _described(inner, click.Context(inner, parent=ctx, info_name=name), min(level + 1, 4))


def _paragraphs(text: str) -> str:
    blocks = (" ".join(block.split()) for block in text.strip().split("\n\n"))
    return "\n\n".join(blocks) + "\n"


def _option(parameter: click.Parameter, ctx: click.Context) -> str | None:
    record = parameter.get_help_record(ctx)
    if record is None:
        return None
    return f"- `{record[0]}` {' '.join(record[1].split())}".rstrip()


def main(folder: str) -> None:
    """Write the reference into a folder."""
    (Path(folder) / FILE).write_text(rendered(), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
