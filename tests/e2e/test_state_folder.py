"""What the daemon as shipped makes of the place for its state: a folder that is missing, a file that is damaged."""

from __future__ import annotations

import asyncio
import os
import stat

import pytest

from crossdock.control import database


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.security("S1", "S22")
@pytest.mark.parametrize("words", [("run",), ("db", "migrate")])
async def test_operators_reach_the_socket_in_a_folder_that_was_missing_and_read_no_file(world, words):
    state = world.folder / "var" / "state"
    world.config.write_text(world.text().replace(f'state_dir = "{world.folder}"', f'state_dir = "{state}"'))
    world.process = await world.spawn(*words, preexec_fn=lambda: os.umask(0o022))
    last = state / ("control.sock" if words == ("run",) else "crossdock.db")

    async def there() -> bool:
        return last.exists()

    if words == ("run",):
        await world.until(there, "the socket is there")
    else:
        assert await asyncio.wait_for(world.process.wait(), 30) == 0
    assert [mode(folder) for folder in (state, state.parent)] == [0o750, 0o750]
    files = {file.name: mode(file) for file in state.iterdir()}
    assert files.pop("control.sock", 0o660) == 0o660
    assert set(files.values()) == {0o600}, files


def no_database(file):
    file.write_bytes(os.urandom(5000))


def damaged(file):
    """A database whose pages behind the first two are rubbish."""
    database.migrate(file)
    content = file.read_bytes()
    file.write_bytes(content[:16384] + b"\xff" * (len(content) - 16384))


@pytest.mark.behaviour("P13")
@pytest.mark.parametrize("spoil", [no_database, damaged])
@pytest.mark.parametrize("words", [("run",), ("db", "status"), ("db", "check"), ("db", "migrate")])
async def test_a_damaged_file_is_named_with_what_to_do(world, words, spoil):
    file = world.folder / "crossdock.db"
    spoil(file)
    before = file.read_bytes()
    process = await world.spawn(*words)
    status = await asyncio.wait_for(process.wait(), 30)
    assert status == 69 or (words != ("run",) and status != 0)
    (line,) = world.output.read_text().splitlines()
    assert f"{file} cannot be used as a database" in line
    assert "crossdock db check" in line
    assert "backup" in line
    assert file.read_bytes() == before
