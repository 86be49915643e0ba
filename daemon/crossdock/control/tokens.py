"""The tokens that the daemon knows, at hand in memory: what is checked at every request asks no database."""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import TYPE_CHECKING

import msgspec

from crossdock.rules import tokens as rules
from crossdock.rules.tokens import Checked, Token, Verdict
from crossdock.store import tokens
from crossdock.store.store import StoreError

if TYPE_CHECKING:
    from datetime import datetime

    from crossdock.env import Env
    from crossdock.store.audit import By
    from crossdock.store.store import Store

log = logging.getLogger("crossdock.control")

NOTE_EVERY_S = 60.0
"""When tokens were last used is written at most so often."""


class Tokens:
    """Makes, revokes and checks tokens. `load` it first; nobody else writes them while the daemon runs."""

    def __init__(self, store: Store, env: Env) -> None:
        self._store, self._env = store, env
        self._known: dict[int, Token] = {}
        self._used: dict[int, datetime] = {}
        self._unnoted: set[int] = set()
        self._noting: asyncio.Task[None] | None = None

    async def load(self) -> None:
        """Read the tokens that are known. Raises StoreError."""
        self._known = {token.id: token for token in await self._store.read(tokens.known)}

    def start(self) -> None:
        """Note from now on when tokens are used."""
        self._noting = asyncio.create_task(self._keep_noting(), name="tokens")

    async def stop(self) -> None:
        """Note what was used since the last time."""
        if self._noting is not None:
            self._noting.cancel()
            await asyncio.gather(self._noting, return_exceptions=True)
            self._noting = None
            await self._note()

    async def create(self, new: Token, by: By) -> tuple[Token, str]:
        """Make a token; return it with its text, which is shown now and never again. Raises tokens.TooMany, StoreError."""
        made, text = await self._store.write(tokens.create, new, secrets.token_bytes(rules.SECRET_BYTES), by)
        self._known[made.id] = made
        return made, text

    async def revoke(self, number: int, by: By) -> Token | None:
        """Revoke a token; None if there is none of this number. Raises StoreError.

        It is refused from this moment on. It is not good again because the writing of that failed or took too long.
        """
        now = self._env.now()
        if (before := self._known.get(number)) is not None and before.revoked_at is None:
            self._known[number] = msgspec.structs.replace(before, revoked_at=now, revoked_by=by.actor)
        found = await self._store.write(tokens.revoke, number, by, now)
        if found is not None:
            self._known[number] = found
        return found

    def check(self, shown: str | None) -> Checked:
        """Check what somebody shows."""
        now = self._env.now()
        found = rules.check(shown, self._known, now)
        if found.verdict is Verdict.GOOD and found.token is not None:
            self._used[found.token.id] = now
            self._unnoted.add(found.token.id)
        return found

    def good(self, number: int) -> Token | None:
        """Return a token if it still is good."""
        found = self._known.get(number)
        return found if found is not None and found.verdict(self._env.now()) is Verdict.GOOD else None

    def all_good(self) -> list[Token]:
        """Return every token that is good now."""
        now = self._env.now()
        return [token for token in self._known.values() if token.verdict(now) is Verdict.GOOD]

    def used_at(self, token: Token) -> datetime | None:
        """Return when a token was last used."""
        return self._used.get(token.id, token.last_used_at)

    async def _keep_noting(self) -> None:
        while True:
            await self._env.sleep(NOTE_EVERY_S)
            await self._note()

    async def _note(self) -> None:
        times = {number: self._used[number] for number in self._unnoted}
        if not times:
            return
        try:
            await self._store.write(tokens.used, times)
        except StoreError as error:
            log.warning("when tokens were last used is not written: %s", error)
        else:
            self._unnoted -= times.keys()
