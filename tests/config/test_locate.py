"""The line of every key of a TOML document."""

from __future__ import annotations

import tomllib
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossdock.config.locate import locate

steady = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no failure


def paths_of(value, at=()):
    """Every path of parsed TOML."""
    found = {at} if at else set()
    if isinstance(value, dict):
        for key, inner in value.items():
            found |= paths_of(inner, (*at, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            found |= paths_of(inner, (*at, number))
    return found


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ("a = 1\nb = 2\n", ("b",), 2),
        ("# a = 1\n\na = 1", ("a",), 3),
        ("[t]\nx = 1\n[u]\nx = 2\n", ("u", "x"), 4),
        ("a.b.c = 1\na.d = 2\n", ("a", "d"), 2),
        ("a.b.c = 1\na.d = 2\n", ("a",), 1),
        ("[a.b]\nx = 1\n[a]\ny = 1\n", ("a",), 3),
        ("[ a . 'b.c' . \"d\\u0041\" ]\n\nx=1", ("a", "b.c", "dA", "x"), 3),
        ('a = """\nb = 1\n[c]\n"""\nb = 2\n', ("b",), 5),
        ("a = '''\nb = 1\n'''\nb = 2\n", ("b",), 4),
        ('a = """x\\"""\nb = 1\n"""\nb = 2\n', ("b",), 4),
        ('a = """""""\nb = 2\n', ("b",), 2),
        ('a = """x"""""\nb = 2\n', ("b",), 2),
        ("a = ''''x'''''\nb = 2\n", ("b",), 2),
        ('a = "#"\nb = "]" # "\nc = 1', ("c",), 3),
        ("a = [\n  1, # ]\n  [2,\n   3],\n]\nb = 1\n", ("b",), 6),
        ("a = [\n  1, # ]\n  [2,\n   3],\n]\nb = 1\n", ("a", 1, 1), 4),
        ('a = { b = "}", c.d = [1, 2] }\ne = 1\n', ("a", "c", "d"), 1),
        ("[[p]]\nx = 1\n[[p]]\nx = 2\n[p.q]\ny = 3\n", ("p", 1, "x"), 4),
        ("[[p]]\nx = 1\n[[p]]\nx = 2\n[p.q]\ny = 3\n", ("p", 1, "q", "y"), 6),
        ("[[p]]\n[[p.q]]\nz = 1\n[[p.q]]\nz = 2\n", ("p", 0, "q", 1, "z"), 5),
        ("a = 1979-05-27 07:32:00 # when\nb = -inf\n", ("b",), 2),
        ("a = 1\r\nb = 2\r\n", ("b",), 2),
    ],
)
def test_a_key_is_found_in_its_line(text, path, line):
    assert locate(text)[path] == line
    assert paths_of(tomllib.loads(text)) == set(locate(text))


class Writer:
    """Writes nested values as TOML in many styles; every key is unlike every other."""

    def __init__(self, draw):
        self.draw = draw
        self.names = count()

    def pick(self, *options):
        return self.draw(st.sampled_from(options))

    def key(self):
        name = f"k{next(self.names)}"
        return self.pick(name, f'"{name}"', f"'{name}'")

    def value(self, depth, inline=False):
        plain = ("1", "-0.5e3", "true", "1979-05-27T07:32:00Z", '"#]}"', "'\\'", '"a\\"b"')
        long = ('"""\nk1 = 1\n[x]\n"""', "'''\n\"\"\"\n'''", '"""\\\n  "" \\""""')
        kinds = ["plain", "plain"] + (["array", "table"] if depth else []) + ([] if inline else ["long"])
        match self.pick(*kinds):
            case "plain":
                return self.pick(*plain)
            case "long":
                return self.pick(*long)
            case "array":
                items = [self.value(depth - 1) for _ in range(self.draw(st.integers(0, 3)))]
                return "[" + self.pick("", "\n", " # ]\n") + self.pick(", ", ",\n", " ,# [\n").join(items) + "]"
            case _:
                return "{ " + ", ".join(self.pair(depth - 1, inline=True) for _ in range(self.pick(0, 1, 2))) + " }"

    def pair(self, depth, inline=False):
        dots = self.pick(1, 1, 2, 3)
        return (
            self.pick(".", " . ").join(self.key() for _ in range(dots))
            + self.pick("=", " = ")
            + self.value(depth, inline)
        )

    def document(self):
        lines = [self.pair(2) for _ in range(self.pick(0, 1, 3))]
        for _ in range(self.pick(0, 1, 2, 3)):
            header = ".".join(self.key() for _ in range(self.pick(1, 2)))
            style = self.pick("[%s]", "[ %s ] # [x]", "[[%s]]")
            for _ in range(self.pick(1, 2) if style.startswith("[[") else 1):
                lines += [style % header, *(self.pick("", "# k1 = 1", "\t") for _ in range(2))]
                lines += [self.pair(2) for _ in range(self.pick(0, 1, 3))]
        return "\n".join(lines) + self.pick("", "\n")


@st.composite
def documents(draw):
    return Writer(draw).document()


@steady
@given(documents())
def test_every_key_of_any_document_is_found_in_a_line_that_names_it(text):
    lines = text.split("\n")
    located = locate(text)
    assert set(located) == paths_of(tomllib.loads(text))
    for path, line in located.items():
        if isinstance(path[-1], str):
            assert path[-1] in lines[line - 1]
