"""Where the configuration comes from: one file, conf.d beside it, the environment; merged, each key with its place."""

from __future__ import annotations

import re
import stat
import tomllib
from typing import TYPE_CHECKING, Any

from crossdock.config.locate import locate
from crossdock.config.problems import BadConfig, KeyPath, Place, Problem, dotted, problem

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PREFIX = "CROSSDOCK__"
"""An environment variable that begins so overrides a key: CROSSDOCK__LOG__LEVEL=debug."""
MAX_BYTES = 4 * 2**20
"""A file of the configuration may be so large."""


class Tree:
    """Merged settings, and from where each came."""

    def __init__(self, root: str) -> None:
        self.data: dict[str, Any] = {}
        self.problems: list[Problem] = []
        self._root = Place(root)
        self._places: dict[KeyPath, Place] = {}

    def place(self, path: KeyPath) -> Place:
        """Return where `path` is set; for one that is not, where the nearest table around it begins."""
        while path:
            if path in self._places:
                return self._places[path]
            path = path[:-1]
        return self._root

    def add(self, data: dict[str, Any], places: Mapping[KeyPath, Place]) -> None:
        """Merge a file in, table by table; a key that is set already is a problem that names both places."""
        self._merge(self.data, data, (), places)
        for path, place in places.items():
            self._places.setdefault(path, place)

    def _merge(self, into: dict[str, Any], data: dict[str, Any], at: KeyPath, places: Mapping[KeyPath, Place]) -> None:
        for key, value in data.items():
            path = (*at, key)
            if key not in into:
                into[key] = value
            elif isinstance(value, dict) and isinstance(into[key], dict):
                self._merge(into[key], value, path, places)
            else:
                first = self.place(path)
                here = places.get(path, Place(self._root.file))
                self.problems.append(problem(here, path, f"is set twice: here and in {first}", "keep one of the two"))

    def override(self, path: KeyPath, value: Any, place: Place) -> None:
        """Set `path` to `value` whatever was there; a table is merged into the table that is there."""
        table = self.data
        for number, step in enumerate(path[:-1], 1):
            inner = table.setdefault(str(step), {})
            if not isinstance(inner, dict):
                self.problems.append(problem(place, path, f"cannot be set, since {dotted(path[:number])} is no table"))
                return
            table = inner
        key = str(path[-1])
        if isinstance(value, dict) and isinstance(table.get(key), dict):
            for name, inner in value.items():
                self.override((*path, name), inner, place)
            return
        table[key] = value
        self._places = {known: at for known, at in self._places.items() if known[: len(path)] != path}
        self._places[path] = place

    def came_from(self, path: KeyPath, place: Place) -> None:
        """Note where a table comes from, unless a file has it."""
        self._places.setdefault(path, place)


def gather(path: Path, environ: Mapping[str, str]) -> Tree:
    """Read `path`, conf.d/*.toml beside it in the order of their names, and the environment.

    Raises BadConfig with the problems of every file that cannot be read or is no TOML. Keys set twice are left in
    `Tree.problems`.
    """
    tree = Tree(str(path))
    unreadable: list[Problem] = []
    for file in [path, *_fragments(path.parent / "conf.d", unreadable)]:
        try:
            text = _text(file)
            data, lines = _parsed(file, text)
        except BadConfig as error:
            unreadable += error.problems
        else:
            tree.add(data, {key: Place(str(file), line) for key, line in lines.items()})
    if unreadable:
        raise BadConfig(unreadable)
    for variable in sorted(environ):
        if variable.startswith(PREFIX):
            _override(tree, variable, environ[variable])
    return tree


def _fragments(folder: Path, unreadable: list[Problem]) -> list[Path]:
    try:
        return sorted(file for file in folder.iterdir() if file.suffix == ".toml")
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        unreadable.append(Problem(str(folder), 1, "", f"cannot be read: {error.strerror}"))
        return []


def _text(file: Path) -> str:
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise _refused(file, 1, "is not a regular file")
        with file.open("rb") as opened:
            raw = opened.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        raise _refused(file, 1, f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(raw) > MAX_BYTES:
        raise _refused(file, 1, f"is larger than {MAX_BYTES} bytes")
    try:
        return raw.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise _refused(file, line, "is not UTF-8 text here", "save the file as UTF-8") from None


def _parsed(file: Path, text: str) -> tuple[dict[str, Any], dict[KeyPath, int]]:
    try:
        return tomllib.loads(text), locate(text)
    except RecursionError:
        raise _refused(file, 1, "is nested too deep") from None
    except ValueError as error:  # TOMLDecodeError is one; so is what int() says to thousands of digits
        message, line = _syntax(str(error), text)
        raise _refused(file, line, f"is no valid TOML: {message}") from None


def _syntax(message: str, text: str) -> tuple[str, int]:
    found = re.search(r" \(at line (\d+), column (\d+)\)$", message)
    if found:
        return f"{message[: found.start()]} in column {found[2]}", int(found[1])
    ending = " (at end of document)"
    if message.endswith(ending):
        return f"{message.removesuffix(ending)} at the end of the file", text.rstrip("\n").count("\n") + 1
    return message, 1


def _refused(file: Path, line: int, message: str, hint: str = "") -> BadConfig:
    return BadConfig([Problem(str(file), line, "", message, hint)])


def _override(tree: Tree, variable: str, text: str) -> None:
    place = Place(f"${variable}")
    if not (variable + text).isascii() and _undecodable(variable + text):
        tree.problems.append(problem(place, (), "is not UTF-8 text"))
        return
    steps = variable.removeprefix(PREFIX).split("__")
    path: KeyPath = ()
    table: Any = tree.data
    for step in steps:
        known = [key for key in table if _as_variable(key) == step.upper()] if isinstance(table, dict) else []
        if not step or len(known) > 1:
            why = f"could mean each of {', '.join(known)}" if known else "has an empty part between its underscores"
            tree.problems.append(problem(place, (), why, f"write {PREFIX}SECTION__KEY"))
            return
        key = known[0] if known else step.lower()
        path = (*path, key)
        table = table.get(key) if isinstance(table, dict) else None
    tree.override(path, _as_value(text), place)
    for length in range(1, len(path)):
        tree.came_from(path[:length], place)


def _as_variable(key: str) -> str:
    return re.sub(r"[^A-Z0-9]", "_", key.upper())


def _undecodable(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _as_value(text: str) -> Any:
    """Read `text` as a TOML value; what is none is a bare text."""
    try:
        table = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return table["value"] if list(table) == ["value"] else text
