"""The documentation as tests see it: pages, their blocks, and the crossdock commands in them."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SEPARATORS = {"|", "||", "&&", ";", "&", ">", ">>", "<", "2>"}
_ASSIGNMENT = re.compile(r"^[A-Z_][A-Z0-9_]*=")


def pages():
    """Every page that people write (the generated references are made of the commands themselves)."""
    found = [ROOT / name for name in ("README.md", "CHANGELOG.md", "SECURITY.md")]
    found += sorted((ROOT / "docs").rglob("*.md"))
    return [page for page in found if page.name != "cli.md"]


def blocks(text, *languages):
    """The fenced blocks of these languages, in order."""
    return [body for language, body in _BLOCK.findall(text) if language in languages]


@dataclass
class Typed:
    """A line that a reader types, and what the page shows as its output."""

    line: str
    shown: list[str]


def typed(body, language):
    """Split a block: in `console` lines after "$ " are typed and the rest is output; in `sh` every line is typed."""
    found = []
    for line in re.sub(r"\\\n\s*", "", body).splitlines():
        if language == "sh":
            if line.strip() and not line.lstrip().startswith("#"):
                found.append(Typed(line.strip(), []))
        elif line.startswith("$ "):
            found.append(Typed(line[2:], []))
        elif line.strip() and found:
            found[-1].shown.append(line)
    return found


def commands(text):
    """The argument lists of all crossdock commands in a page's console and sh blocks."""
    for language in ("console", "sh"):
        for body in blocks(text, language):
            for each in typed(body, language):
                yield from _crossdock(each.line)


def _crossdock(line):
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>")
    lexer.whitespace_split = True
    part = []
    for word in [*lexer, ";"]:
        if word not in _SEPARATORS:
            part.append(word)
            continue
        if part and part[0] == "sudo":
            part = part[1:]
            while part and part[0].startswith("-"):
                part = part[2:]
        while part and _ASSIGNMENT.match(part[0]):
            part = part[1:]
        if part and Path(part[0]).name == "crossdock":
            yield part[1:]
        part = []
