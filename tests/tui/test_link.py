"""The dashboard's way to the daemon: a token that is not good is not shown so often that its machine is locked out."""

from __future__ import annotations

import asyncio

import pytest

from crossdock.control.client import Client, Refusal, Unreachable
from crossdock.control.records.base import Problem
from crossdock.env import Env
from crossdock.rules.login_limits import PER_PEER, WINDOW_S
from crossdock_tui import link
from crossdock_tui.link import Link, State


class Refusing:
    """A daemon that refuses the stream of events."""

    def __init__(self, code):
        self.code = code

    async def events(self):
        raise Refusal(Problem(title="no", status=401, code=self.code, detail="no"))
        yield


@pytest.mark.security("S3")
@pytest.mark.parametrize(
    ("code", "least"), [("unauthorized", link.LONGEST_WAIT_S), ("locked", link.LONGEST_WAIT_S), ("busy", 1.0)]
)
async def test_a_refused_token_is_shown_again_seldom_enough(code, least):
    turned = asyncio.Event()
    made = Link(Refusing(code), Env(), lambda _topics: None, turned.set)
    task = asyncio.create_task(made.run())
    await turned.wait()
    await asyncio.sleep(0)
    assert made.state is State.REFUSED
    wait = (made.retry_at - made.env.now()).total_seconds()
    assert least - 1 < wait <= least
    assert link.LONGEST_WAIT_S * PER_PEER > WINDOW_S
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_what_is_read_of_a_connection_that_was_closed_meanwhile_is_unreachable(world):
    async with Client(str(world.folder / "control.sock")) as client:
        events = client.events()
        assert await anext(events) == frozenset()
    with pytest.raises(Unreachable):
        await to_the_end(events)


async def to_the_end(events):
    async for _topics in events:
        pass
