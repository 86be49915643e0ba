"""Worlds for the control API's tests."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest


def _world():
    """The module beside this file, whatever the import mode."""
    name = "crossdock_tests_world"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name("world.py"))
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return sys.modules[name]


@pytest.fixture
def world_kit():
    """The classes and builders of world.py."""
    return _world()


@pytest.fixture
async def build(tmp_path):
    """Make and start worlds; they are stopped at the end."""
    made = []

    async def built(**options):
        world = _world().World(tmp_path, **options)
        made.append(world)
        await world.start()
        return world

    yield built
    for world in made:
        await world.stop()


@pytest.fixture
async def world(build):
    """A world with a strategy, a warehouse and one order that is pushed and one that is not eligible."""
    made = await build()
    await made.settings()
    return made


@pytest.fixture
async def client(world):
    async with world.client() as opened:
        yield opened
