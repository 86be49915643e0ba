"""The way to the daemon: one client, who one is to the daemon, what changes, and coming back after it was away."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING

from crossdock.control.client import Refusal, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from crossdock.control.client import Client
    from crossdock.control.records.audit import WhoAmI
    from crossdock.env import Env

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 15.0
ALL: frozenset[str] = frozenset({"*"})
"""What is told as changed when nobody knows what did: after a while away, everything may have."""


class State(Enum):
    """How the way to the daemon is."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    LOST = "lost"
    REFUSED = "refused"


class Link:
    """The daemon as the dashboard sees it. `heard` is told the topics that changed, `turned` that the state is another one."""

    def __init__(
        self, client: Client, env: Env, heard: Callable[[frozenset[str]], None], turned: Callable[[], None]
    ) -> None:
        self.client, self.env = client, env
        self.state, self.text = State.CONNECTING, ""
        self.retry_at: datetime | None = None
        self.me: WhoAmI | None = None
        self._heard, self._turned = heard, turned
        self._ahead = timedelta()
        self._again = asyncio.Event()

    @property
    def rights(self) -> frozenset[str]:
        """What one may do; nothing before the daemon has said so."""
        return frozenset() if self.me is None else frozenset(self.me.rights)

    def now(self) -> datetime:
        """The daemon's time, aware UTC."""
        return self.env.now() + self._ahead

    def is_now(self, daemon_time: datetime) -> None:
        """Learn the daemon's time."""
        self._ahead = daemon_time - self.env.now()

    def lost(self, text: str) -> None:
        """A call did not reach the daemon: come back to it at once, which shows whether it is away."""
        if self.state is State.CONNECTED:
            self._turn(State.LOST, text)
            self._again.set()

    def try_now(self) -> None:
        """Do not wait any longer before the next try."""
        self._again.set()

    async def run(self) -> None:
        """Listen for as long as the dashboard is open, and come back whenever the daemon was away."""
        wait = FIRST_WAIT_S
        while True:
            least = FIRST_WAIT_S
            try:
                await self._listen()
            except Unreachable as error:
                self._turn(State.LOST, str(error))
            except Refusal as error:
                self._turn(State.REFUSED, str(error))
                if error.code in ("unauthorized", "locked"):
                    least = LONGEST_WAIT_S  # a token that is not good, shown too often, locks out its whole machine
            wait = max(least, FIRST_WAIT_S if self.retry_at is None else min(LONGEST_WAIT_S, wait * 2))
            self.retry_at = self.env.now() + timedelta(seconds=wait)
            self._again.clear()
            try:
                async with asyncio.timeout(wait):
                    await self._again.wait()
            except TimeoutError:
                continue

    async def _listen(self) -> None:
        async for topics in self.client.events():
            if self.state is not State.CONNECTED:
                self.me = await self.client.whoami()
                self.is_now((await self.client.status()).now)
                self.retry_at = None
                self._turn(State.CONNECTED, "")
                self._heard(ALL)
            elif topics:
                self._heard(topics)

    def _turn(self, state: State, text: str) -> None:
        self.state, self.text = state, text
        self._turned()
