"""What the daemon as shipped makes of the place for its state: a folder that is missing, a file that is damaged."""

from __future__ import annotations

import asyncio
import os
import stat

import pytest


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
