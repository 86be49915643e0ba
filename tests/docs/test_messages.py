"""Every command that a sentence of crossdock's names can be typed: errors, reasons, remedies, incidents, help."""

from __future__ import annotations

import ast
import re
import shlex

import click
import pytest
from tests.docs.pages import ROOT

from crossdock.cli.main import cli

CONTEXT = click.Context(cli)
MODULES = (ROOT / "daemon" / "crossdock", ROOT / "plugins")
SOURCES = sorted(path for folder in MODULES for path in folder.rglob("*.py") if "testing" not in path.parts)
IN_TICKS = re.compile(r"`crossdock ([^`]+)`")
WHOLE = re.compile(r"crossdock ([a-z].*)", re.DOTALL)
PLACE = "FILLED"


def texts(source):
    """Every text of a module with its line; what is filled in while it runs is one word."""
    tree = ast.parse(source)
    inside = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            inside.update(id(part) for part in node.values)
            parts = [part.value if isinstance(part, ast.Constant) else PLACE for part in node.values]
            yield node.lineno, "".join(parts)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            yield node.lineno, node.value


def named(text):
    """The commands that a text names: those in backticks, and a text that is a command as a whole."""
    found = IN_TICKS.findall(text)
    if not found and (whole := WHOLE.fullmatch(text)) and whole[1].split()[0] in cli.list_commands(CONTEXT):
        found.append(whole[1])
    return found


def wrong(line):
    """Say what cannot be typed of a command; "" if all can. What it asks for besides may be left out in a sentence."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        return str(error)
    command = cli
    while isinstance(command, click.Group):
        if not words:
            return ""
        word = words.pop(0)
        if word.startswith("-"):
            words = words[1:]
            continue
        command = command.get_command(CONTEXT, word)
        if command is None:
            return f"there is no {word}"
    options = {name: each for each in command.params for name in (*each.opts, *each.secondary_opts)}
    for at, word in enumerate(words):
        name, _, value = word.partition("=")
        if not word.startswith("--"):
            continue
        if name not in options:
            return f"there is no option {name}"
        value = value or next(iter(words[at + 1 :]), "")
        kind = options[name].type
        if isinstance(kind, click.Choice) and value.islower() and value not in kind.choices:
            return f"{name} does not take {value}"
    if words and not command.params:
        return "it takes nothing"
    return ""


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_that_a_message_names_can_be_typed(path):
    faults = [
        f"{at}: crossdock {line}: {fault}"
        for at, text in texts(path.read_text(encoding="utf-8"))
        for line in named(text)
        if (fault := wrong(line))
    ]
    assert faults == []


def test_the_messages_name_commands_of_every_part():
    found = {line.split()[0] for path in SOURCES for _, text in texts(path.read_text()) for line in named(text)}
    assert found >= {"costs", "documents", "labels", "mappings", "master", "packages", "reconcile", "settle", "stock"}


@pytest.mark.parametrize(
    "line",
    ["nonsense", "packages chose A", "labels pull A --colour red", "packages decide A --choice guess", "allocation 'x"],
)
def test_a_command_that_cannot_be_typed_is_noticed(line):
    assert wrong(line)


@pytest.mark.parametrize(
    "line", ["redrive", "packages decide ORDER --choice ask_again", "master apply FILLED --plan 3"]
)
def test_a_command_may_be_named_without_all_that_it_asks_for(line):
    assert wrong(line) == ""
