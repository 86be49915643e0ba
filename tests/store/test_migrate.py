"""Migrations that are cut short: each is there as a whole, with its checksum, or not at all."""

from __future__ import annotations

import pytest
from playhouse.migrations import Runner

from crossdock.store import migrate, sqlite

LATER = [path.stem for path in sorted(migrate.FOLDER.glob("0*.py"))][2:]
"""What comes after the two that the tests know by name."""


class Killed(BaseException):
    """What a kill is to a function: nothing after it runs."""


@pytest.fixture
def database(tmp_path):
    """An empty one."""
    opened = sqlite.connect(str(tmp_path / "crossdock.db"))
    opened.connect()
    yield opened
    opened.close()


def indexes(database):
    return {row[0] for row in database.execute_sql("SELECT name FROM sqlite_master WHERE type = 'index'").fetchall()}


def checksums(database):
    return {row[0] for row in database.execute_sql("SELECT name FROM migration_checksums").fetchall()}


def first_only(database):
    Runner(database, str(migrate.FOLDER)).up("0001_initial")


def die_at(wanted):
    def failpoint(name):
        if name == wanted:
            raise Killed

    return failpoint


@pytest.mark.behaviour("P11", "P13")
@pytest.mark.parametrize("point", ["migrate.begin", "migrate.before_commit", "migrate.after_commit"])
def test_a_migration_that_was_cut_short_is_whole_after_the_next_start(database, point):
    first_only(database)
    with pytest.raises(Killed):
        migrate.migrate(database, failpoint=die_at(point))
    done = point == "migrate.after_commit"
    assert [each.applied for each in migrate.status(database)] == [True, done, *(False for _ in LATER)]
    assert ({"order_number", "push_cancelled"} <= indexes(database)) == done
    assert ("0002_lists" in checksums(database)) == done
    assert migrate.migrate(database) == ([] if done else ["0002_lists"]) + LATER
    assert migrate.check(database) == []
    assert {"order_number", "push_cancelled"} <= indexes(database)
    assert "0002_lists" in checksums(database)


def test_every_migration_has_its_checksum(database):
    assert migrate.migrate(database) == ["0001_initial", "0002_lists", *LATER]
    assert checksums(database) == {"0001_initial", "0002_lists", *LATER}
    assert migrate.migrate(database) == []


def test_a_script_that_was_changed_after_it_was_applied_is_refused(database, tmp_path):
    folder = tmp_path / "migrations"
    folder.mkdir()
    script = folder / "0001_first.py"
    script.write_text("def up(migrator, db):\n    db.execute_sql('CREATE TABLE first (id INTEGER)')\n")
    assert migrate.migrate(database, folder) == ["0001_first"]
    script.write_text(script.read_text() + "# changed\n")
    with pytest.raises(migrate.SchemaProblem, match="another form"):
        migrate.migrate(database, folder)
