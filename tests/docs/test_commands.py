"""Every command that the documentation shows exists, with the options it is shown with."""

from __future__ import annotations

import click
import pytest
from tests.docs.pages import ROOT, commands, pages

from crossdock.cli.main import cli


def parse(words):
    """Let click parse a command line down to its last command, running nothing. Raises click.UsageError."""
    command, context, left = cli, None, list(words)
    while True:
        context = command.make_context(command.name or "crossdock", left, parent=context)
        if not isinstance(command, click.Group):
            return context.command_path
        left = [*context._protected_args, *context.args]
        _, command, left = command.resolve_command(context, left)
        assert command is not None


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_on_the_page_can_be_typed(page):
    wrong = []
    for words in commands(page.read_text(encoding="utf-8")):
        try:
            parse(words)
        except click.exceptions.Exit as ended:  # --help and --version
            if ended.exit_code:
                raise
        except click.UsageError as error:
            wrong.append(f"crossdock {' '.join(words)}: {error.format_message()}")
    assert wrong == []


@pytest.mark.parametrize("line", [["nonsense"], ["orders"], ["orders", "list", "--colour"], ["push"], ["settle", "A"]])
def test_a_command_that_does_not_exist_is_noticed(line):
    with pytest.raises(click.UsageError):
        parse(line)


def test_the_pages_show_commands_at_all():
    shown = {words[0] for page in pages() for words in commands(page.read_text(encoding="utf-8")) if words}
    assert {"check-config", "explain", "push", "settle", "redrive", "obtain", "connections"} <= shown
