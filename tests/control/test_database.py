"""The database file from outside a running daemon."""

from __future__ import annotations

import shutil

import pytest

from crossdock.control import database
from crossdock.store import migrate, sqlite


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "state" / "crossdock.db"
    database.migrate(made)
    return made


def test_a_file_is_made_and_brought_up_to_date_once(tmp_path):
    path = tmp_path / "state" / "crossdock.db"
    assert database.migrate(path)[0] == "0001_initial"
    assert database.migrate(path) == []


def test_a_file_that_a_daemon_uses_is_left_alone(path):
    with sqlite.lock_file(path), pytest.raises(database.InUse, match="another crossdock daemon uses"):
        database.migrate(path)


def test_the_status_lists_the_steps(path):
    found = database.status(path)
    assert found.bytes > 0
    assert all(step.applied and step.known for step in found.migrations)


def test_a_sound_file_has_no_problems(path):
    assert database.check(path).problems == ()


@pytest.mark.parametrize("ask", [database.status, database.check])
def test_asking_about_a_file_that_is_not_there_makes_none(tmp_path, ask):
    with pytest.raises(database.DatabaseProblem, match="there is no database"):
        ask(tmp_path / "crossdock.db")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ask", [database.status, database.check])
def test_a_file_that_is_no_database_is_told_so(tmp_path, ask):
    path = tmp_path / "crossdock.db"
    path.write_bytes(b"this is no database at all, " * 100)
    with pytest.raises(database.DatabaseProblem, match="cannot be used as a database"):
        ask(path)


def test_a_damaged_file_is_found(path):
    content = bytearray(path.read_bytes())
    content[8192 : 8192 + 300] = b"\xff" * 300  # the head of the second page
    path.write_bytes(bytes(content))
    try:
        problems = database.check(path).problems
    except database.DatabaseProblem as problem:
        problems = (str(problem),)
    assert problems


def test_a_schema_of_a_newer_version_is_told_so(path, tmp_path):
    newer = tmp_path / "newer"
    shutil.copytree(migrate.FOLDER, newer, ignore=shutil.ignore_patterns("__pycache__"))
    (newer / "9999_future.py").write_text("def up(migrator, db):\n    pass\n")
    opened = sqlite.connect(str(path))
    migrate.migrate(opened, newer)
    opened.close()
    assert "newer crossdock (9999_future)" in database.check(path).problems[0]
    assert [step.name for step in database.status(path).migrations if not step.known] == ["9999_future"]


def test_a_step_that_was_applied_in_another_form_is_shown_and_refused(path):
    opened = sqlite.connect(str(path))
    opened.execute_sql("UPDATE migration_checksums SET sha256 = 'other' WHERE name = '0001_initial'")
    opened.close()
    first, *others = database.status(path).migrations
    assert (first.name, first.applied, first.changed) == ("0001_initial", True, True)
    assert "another form" in first.note
    assert not any(step.changed or step.note for step in others)
    with pytest.raises(database.DatabaseProblem, match="0001_initial was applied in another form"):
        database.migrate(path)


def test_the_status_of_a_file_without_a_schema_changes_nothing(tmp_path):
    path = tmp_path / "crossdock.db"
    opened = sqlite.connect(str(path))
    opened.connect()
    opened.execute_sql("CREATE TABLE something (id INTEGER)")
    opened.close()
    assert not any(step.applied or step.changed for step in database.status(path).migrations)
    opened.connect()
    assert "migration_checksums" not in opened.get_tables()
    opened.close()
