"""Find the line of every key of a TOML document, which tomllib does not tell."""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crossdock.config.problems import KeyPath

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_QUOTED = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'')
# A closing delimiter may have up to two more quotes before it, which belong to the text.
_STRING = re.compile(
    r'"""(?:[^"\\]|\\[\s\S]|"{1,2}(?!"))*"{3,5}'
    r"|'''(?:[^']|'{1,2}(?!'))*'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
)
_SCALAR = re.compile(r"[^,\]}#\r\n]*")


def locate(text: str) -> dict[KeyPath, int]:
    """Return the line (from 1) of every key, table and array item of `text`, which tomllib must have accepted.

    A table that several headers or dotted keys build is where its own header is, else where it is first named.
    """
    scanner = _Scanner(text)
    scanner.document()
    return scanner.lines


class _Scanner:
    """Walks through a valid document once and notes where things begin."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[KeyPath, int] = {}
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]
        self._tables_in: dict[KeyPath, int] = {}  # array of tables → number of its last table

    def document(self) -> None:
        prefix: KeyPath = ()
        self._skip(_BLANK)
        while self.at < len(self.text):
            if self._next("["):
                prefix = self._header()
            else:
                self._pair(prefix)
            self._skip(_BLANK)

    def _header(self) -> KeyPath:
        start = self.at
        array = self.text.startswith("[[", start)
        self.at += 2 if array else 1
        keys = self._key()
        self.at += 2 if array else 1
        path: KeyPath = ()
        for number, key in enumerate(keys):
            path = (*path, key)
            last = number == len(keys) - 1
            self._note(path, start, own=last and not array)
            if last and array:
                self._tables_in[path] = self._tables_in.get(path, -1) + 1
            if path in self._tables_in:
                path = (*path, self._tables_in[path])
                self._note(path, start)
        return path

    def _pair(self, prefix: KeyPath) -> None:
        start = self.at
        path = prefix
        for key in self._key():
            path = (*path, key)
            self._note(path, start)
        self.at += 1  # the equals sign
        self._skip(_SPACE)
        self._value(path)

    def _key(self) -> list[str]:
        keys: list[str] = []
        while True:
            self._skip(_SPACE)
            if self.text[self.at] in "\"'":
                keys.append(tomllib.loads(f"k = {self._take(_QUOTED)}")["k"])
            else:
                keys.append(self._take(_BARE))
            self._skip(_SPACE)
            if not self._next("."):
                return keys
            self.at += 1

    def _value(self, path: KeyPath) -> None:
        if self._next("["):
            self._array(path)
        elif self._next("{"):
            self._inline(path)
        elif self.text[self.at] in "\"'":
            self._take(_STRING)
        else:
            self._take(_SCALAR)

    def _array(self, path: KeyPath) -> None:
        self.at += 1
        self._skip(_BLANK)
        number = 0
        while not self._next("]"):
            item = (*path, number)
            self._note(item, self.at)
            self._value(item)
            self._end_of_item()
            number += 1
        self.at += 1

    def _inline(self, path: KeyPath) -> None:
        self.at += 1
        self._skip(_BLANK)
        while not self._next("}"):
            self._pair(path)
            self._end_of_item()
        self.at += 1

    def _end_of_item(self) -> None:
        self._skip(_BLANK)
        if self._next(","):
            self.at += 1
        self._skip(_BLANK)

    def _note(self, path: KeyPath, at: int, own: bool = False) -> None:
        line = bisect_right(self._starts, at)
        if own:
            self.lines[path] = line
        else:
            self.lines.setdefault(path, line)

    def _next(self, sign: str) -> bool:
        return self.text.startswith(sign, self.at)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        if not found or found.end() == self.at:
            line = bisect_right(self._starts, self.at)
            raise ValueError(f"Line {line} cannot be followed, although tomllib could read it")
        self.at = found.end()
        return found.group()
