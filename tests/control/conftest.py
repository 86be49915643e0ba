"""Worlds for the control API's tests."""

from __future__ import annotations

import aiohttp
import msgspec
import pytest
from tests.control.world import World
from yarl import URL


@pytest.fixture
async def build(tmp_path):
    """Make and start worlds; they are stopped at the end."""
    made = []

    async def built(**options):
        world = World(tmp_path, **options)
        made.append(world)
        await world.start()
        return world

    yield built
    for world in made:
        await world.stop()


@pytest.fixture
async def world(build):
    """A world whose book sends every order to warehouse WH1 by strategy std."""
    made = await build()
    await made.settings()
    return made


@pytest.fixture
async def client(world):
    async with world.client() as opened:
        yield opened


@pytest.fixture
async def raw(world):
    """Send any request: what comes back is (status, body decoded where it is JSON, headers); `begun` reads no more than those."""
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(world.socket))) as session:

        async def sent(method, path, body=None, *, begun=False, **options):
            data = body if body is None or isinstance(body, bytes) else msgspec.json.encode(body)
            async with session.request(method, URL(f"http://x{path}", encoded=True), data=data, **options) as answer:
                content = b"" if begun and answer.status == 200 else await answer.read()
                decoded = msgspec.json.decode(content) if "json" in answer.content_type else content
                return answer.status, decoded, answer.headers

        yield sent
