"""What SQLite does where it can write no more, and what the store makes of it."""

from __future__ import annotations

import resource

import pytest

from crossdock.env import Env
from crossdock.store import counters, sqlite
from crossdock.store.store import Store, StoreError, StoreFull


@pytest.fixture
async def store(tmp_path):
    made = Store(sqlite.connect(str(tmp_path / "crossdock.db")), Env())
    await made.write(lambda tx: tx.execute("CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER)"))
    await made.write(lambda tx: tx.execute("CREATE TABLE pages (body BLOB)"))
    yield made
    made.close()


def pages(tx, limit=None):
    """Limit how many pages the file may have; None: as many as are there, so that no more fit."""
    tx.rows(f"PRAGMA max_page_count = {limit or tx.one('PRAGMA page_count')[0]}")


@pytest.mark.behaviour("P13")
async def test_a_full_disk_is_told_as_such_and_the_same_store_goes_on_once_there_is_room(store):
    await store.write(pages)
    with pytest.raises(StoreFull):
        await store.write(fill_a_page)
    assert await store.read(lambda tx: tx.rows("SELECT COUNT(*) FROM pages")) == [(0,)]
    await store.write(pages, 1 << 30)
    await store.write(fill_a_page)
    assert await store.read(lambda tx: tx.rows("SELECT COUNT(*) FROM pages")) == [(1,)]


def fill_a_page(tx):
    tx.execute("INSERT INTO pages (body) VALUES (zeroblob(20000))")


@pytest.mark.behaviour("P13")
async def test_a_commit_that_cannot_be_written_keeps_nothing_and_is_told_as_a_full_disk(store):
    """A quota or a limit of the process gives "disk I/O error", and only when the commit writes its pages."""
    await store.write(counters.take, "kept")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        with pytest.raises(StoreFull):
            await store.write(counters.take, "lost")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert await store.read(counters.current, "lost") == 0
    assert await store.write(counters.take, "kept") == 2


async def test_any_other_failure_of_the_database_is_not_taken_for_a_full_disk(store):
    with pytest.raises(StoreError, match="no such table") as raised:
        await store.read(lambda tx: tx.rows("SELECT * FROM nowhere"))
    assert not isinstance(raised.value, StoreFull)
