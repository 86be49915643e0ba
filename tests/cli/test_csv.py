"""CSV that a spreadsheet opens without running what a stranger wrote."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.control.world import order

from crossdock.cli.csv_output import DANGEROUS, field, print_csv
from crossdock.cli.main import cli

pytestmark = pytest.mark.security("S13")
PREFIXES = ("=", "+", "-", "@", "\t", "\r")


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("space", ["", " "])
def test_text_that_would_be_a_formula_gets_an_apostrophe_in_front(prefix, space):
    assert field(f"{space}{prefix}cmd|'/c calc'!A1").startswith("'")
    assert field(f"{prefix}x", raw=True) == f"{prefix}x"


@pytest.mark.parametrize(
    ("value", "written"),
    [(-5, "-5"), (Decimal("-9.50"), "-9.50"), (-1.5, "-1.5"), (0, "0"), (True, "true"), (None, ""), ("", ""),
     (datetime(2026, 1, 31, 9, tzinfo=UTC), "2026-01-31T09:00:00+00:00"), (("a", "=b"), "a; =b"), (("=a",), "'=a"),
     ("สมชาย", "สมชาย"), ("two\nlines", "two⏎lines"), ("\x1b[2J", "\\x1b[2J")],
)  # fmt: skip
def test_numbers_stay_numbers_and_everything_else_is_text(value, written):
    assert field(value) == written


@given(st.text(max_size=50))
def test_no_text_begins_as_a_formula(text):
    assert not field(text).lstrip(" ").startswith(DANGEROUS)


@given(
    st.lists(st.lists(st.text(alphabet=st.characters(codec="utf-8"), max_size=20), min_size=2, max_size=2), max_size=5)
)
def test_whatever_text_it_holds_it_is_read_back_as_it_was_written(rows):
    from click.testing import CliRunner

    @click.command()
    def show():
        print_csv(("a", "b"), rows)

    out = CliRunner().invoke(show).stdout_bytes.decode()
    assert list(csv.reader(io.StringIO(out, newline=""))) == [
        ["a", "b"],
        *([field(each) for each in row] for row in rows),
    ]


def test_every_field_is_quoted(run):
    out = run("tasks", "list", "--csv").out
    assert out.splitlines()[0].startswith('"task","kind",')


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_list_of_orders_holds_no_formula_whatever_the_buyer_s_number_is(daemon, run, prefix):
    daemon.fetch(order("A", number=f"{prefix}HYPERLINK(1)", shop=f"{prefix}shop"), order("B", number="plain"))
    safe = list(csv.DictReader(io.StringIO(run("orders", "list", "--csv").out, newline="")))
    assert [row["order"] for row in safe] == ["B", "A"]
    for row in safe:
        assert not any(text.startswith(PREFIXES) for text in row.values())
    assert safe[0]["attempts"].isdigit()
    raw = run("orders", "list", "--csv", "--raw").out
    assert f'"{prefix}HYPERLINK(1)"' in raw


def test_what_is_more_is_said_beside_the_rows(daemon, run):
    daemon.fetch(order("A"), order("B"))
    shown = run("orders", "list", "--csv", "--limit", "1")
    assert len(shown.out.splitlines()) == 2
    assert "more: --after" in shown.err


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_list_of_packages_holds_no_formula_whatever_the_order_is_called(daemon, run, prefix):
    ref = f"{prefix}HYPERLINK(1)"
    daemon.fetch(order(ref))
    daemon.do(daemon.world.until(ref, "pushed"))
    (row,) = csv.DictReader(io.StringIO(run("packages", "list", "--csv").out, newline=""))
    assert not any(text.startswith(PREFIXES) for text in row.values())
    assert row["order"].startswith("'")
    assert f'"{ref}"' in run("packages", "list", "--csv", "--raw").out


def leaves(command, context, path=()):
    """Every command with its words."""
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            yield from leaves(command.get_command(context, name), context, (*path, name))
    else:
        yield path, command


def test_every_list_has_csv():
    lists = {
        path: {flag for parameter in command.params for flag in parameter.opts}
        for path, command in leaves(cli, click.Context(cli))
        if path[-1] in ("list", "products")
    }
    assert len(lists) >= 18
    assert [path for path, flags in lists.items() if not {"--csv", "--raw", "--json"} <= flags] == []


EMPTY = [
    path for path, _ in leaves(cli, click.Context(cli)) if path[-1] == "list" and path[0] not in ("master", "audit")
]


@pytest.mark.parametrize("words", EMPTY, ids=" ".join)
def test_every_list_prints_its_headings_as_csv(daemon, run, words):
    shown = run(*words, "--csv")
    assert shown.code == 0, shown.all
    headings, *rows = csv.reader(io.StringIO(shown.out, newline=""))
    assert len(set(headings)) == len(headings) > 3
    assert all(len(row) == len(headings) for row in rows)
