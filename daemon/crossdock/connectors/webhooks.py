"""The two hooks of webhooks, guarded: a plugin's fault in one is a webhook that cannot be read, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from crossdock.spec.webhooks import Hint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from crossdock.connectors.calls import Hook

    Parse = Callable[[Mapping[str, str], bytes], list[Hint]]
    Verify = Callable[[Mapping[str, str], bytes, str, datetime], str | None]

MOST_HINTS = 1000
"""Hints of one webhook; what is beyond them is found by polling."""


def parser(hook: Hook | None, name: str) -> Parse | None:
    """Return what parses webhooks of a connection; it raises ValueError, and nothing else."""
    if hook is None:
        return None

    def parse(headers: Mapping[str, str], body: bytes) -> list[Hint]:
        given = {"headers": headers, "body": body}
        try:
            found = hook.function(**{each: given[each] for each in hook.arguments})
            return msgspec.convert(msgspec.to_builtins(list(found)[:MOST_HINTS]), list[Hint])
        except ValueError:
            raise
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            raise ValueError(f"parse_webhook of {name} raised {type(error).__name__}") from None

    return parse


def verifier(hook: Hook | None) -> Verify | None:
    """Return what checks webhooks that are signed in a way of their own; what it raises counts as forged."""
    if hook is None:
        return None

    def verify(headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> str | None:
        given = {"headers": headers, "body": body, "secret": secret, "now": now}
        try:
            found = hook.function(**{each: given[each] for each in hook.arguments})
        except Exception:  # noqa: BLE001 - a plugin may raise anything
            return None
        return found if isinstance(found, str) and 0 < len(found) <= 200 else None

    return verify
