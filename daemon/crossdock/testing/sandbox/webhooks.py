"""Signed webhooks from a sandbox: a test registers an address and a secret, and hears of every change from then on."""

from __future__ import annotations

import asyncio
import secrets
from datetime import datetime
from typing import TYPE_CHECKING

import aiohttp
import msgspec
from msgspec import Struct

from crossdock.rules.webhooks import ID, SIGNATURE, TIMESTAMP, sign
from crossdock.testing.sandbox.call import Answer, Call, decode, ok

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from crossdock.spec.webhooks import Subject

TIMEOUT_S = 5.0


class Registration(Struct, frozen=True, forbid_unknown_fields=True):
    """Where webhooks go, and what they are signed with."""

    url: str
    secret: str


class Changed(Struct, frozen=True):
    """What changed, by name."""

    subject: str
    refs: tuple[str, ...]


class Event(Struct, frozen=True):
    """The body of a webhook of the default contract."""

    type: str
    timestamp: datetime
    data: Changed


class SandboxWebhooks:
    """Sends webhooks, each once: one that cannot be delivered is lost, as with many a real system. `sent` counts them."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._to: list[Registration] = []
        self._sending: set[asyncio.Task[None]] = set()
        self.sent = 0

    @property
    def routes(self) -> Mapping[tuple[str, str], Callable[[Call], Answer]]:
        """The contract has no routes for them."""
        return {}

    @property
    def admin_routes(self) -> Mapping[tuple[str, str], Callable[[Call], Answer]]:
        """How a test registers."""
        return {("POST", "/webhooks"): self._register}

    def subjects(self, call: Call) -> tuple[str, ...]:
        """Nothing is called here."""
        del call
        return ()

    def close(self) -> None:
        """Drop what is on its way."""
        for task in self._sending:
            task.cancel()

    def register(self, url: str, secret: str) -> None:
        """Send webhooks to an address from now on."""
        self._to.append(Registration(url, secret))

    def tell(self, subject: Subject, refs: Iterable[str]) -> None:
        """Say that something changed; it returns at once."""
        if not self._to:
            return
        event = Event(f"{subject.value}.changed", self._now(), Changed(subject.value, tuple(refs)))
        body = msgspec.json.encode(event)
        for registration in self._to:
            task = asyncio.get_running_loop().create_task(self._send(registration, body))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _send(self, to: Registration, body: bytes) -> None:
        name, seconds = f"msg_{secrets.token_hex(12)}", int(self._now().timestamp())
        headers = {
            ID: name, TIMESTAMP: str(seconds), SIGNATURE: sign(to.secret, name, seconds, body),
            "Content-Type": "application/json",
        }  # fmt: skip
        try:
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S)) as session,
                session.post(to.url, data=body, headers=headers) as answer,
            ):
                self.sent += answer.status < 300
        except (aiohttp.ClientError, TimeoutError):
            return

    def _register(self, call: Call) -> Answer:
        registration = decode(call.body, Registration, "an address and a secret")
        self.register(registration.url, registration.secret)
        return ok({"registered": len(self._to)})
