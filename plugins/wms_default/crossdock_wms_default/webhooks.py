"""Webhooks of the default contract: what they are about, and nothing of what they say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from crossdock.spec.hooks import hookimpl
from crossdock.spec.webhooks import Hint, Subject

if TYPE_CHECKING:
    from collections.abc import Mapping


class Changed(Struct, frozen=True):
    """What changed, by name; no names: whatever changed."""

    subject: Subject
    refs: tuple[str, ...] = ()


class Event(Struct, frozen=True):
    """The body: the rest of it is not read."""

    data: Changed


class WebhookHooks:
    """The hook of webhooks."""

    @hookimpl
    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> list[Hint]:
        """Say what a webhook is about."""
        del headers
        data = msgspec.json.decode(body, type=Event).data
        return [Hint(data.subject, ref) for ref in data.refs] or [Hint(data.subject)]
