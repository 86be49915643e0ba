"""SQL is put together from constants; what comes from outside is only ever bound."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

DAEMON = Path(__file__).parents[2] / "daemon" / "crossdock"
RUNS_SQL = frozenset({"execute", "execute_many", "executemany", "rows", "one", "execute_sql", "SQL", "raw"})
STATEMENT = re.compile(r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|PRAGMA|WITH) [^ ]")
WORDS = ("SELECT ", "INSERT ", "UPDATE ", "DELETE ", " WHERE ", " AND ", "PRAGMA ")


def modules():
    return [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in sorted(DAEMON.rglob("*.py"))]


def put_in(node):
    """Whether text is put into text somewhere in this expression."""
    return any(
        isinstance(part, ast.JoinedStr)
        or (isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mod))
        or (isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) and part.func.attr == "format")
        for part in ast.walk(node)
    )


@pytest.mark.security("S15")
def test_no_text_is_put_into_a_statement_where_it_is_run():
    wrong = [
        f"{path}:{node.lineno}"
        for path, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in RUNS_SQL
        if node.args and put_in(node.args[0])
    ]
    assert wrong == []


@pytest.mark.security("S15")
def test_no_formatted_text_looks_like_sql():
    wrong = [
        f"{path}:{node.lineno}"
        for path, tree in modules()
        if path.parts[len(DAEMON.parts)] in ("store", "flows", "engine", "control")
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in node.values
        if isinstance(part, ast.Constant) and any(word in str(part.value) for word in WORDS)
    ]
    assert wrong == []


def test_sql_stands_in_the_store_alone():
    """The sandboxes, judges and rulers of crossdock.testing read databases from outside and are no part of the house."""
    wrong = [
        f"{path}:{node.lineno}"
        for path, tree in modules()
        if path.parts[len(DAEMON.parts)] not in ("store", "testing")
        for node in ast.walk(tree)
        if (isinstance(node, ast.Constant) and isinstance(node.value, str) and STATEMENT.match(node.value))
        or (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in RUNS_SQL
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == "tx"
        )
    ]
    assert wrong == []
