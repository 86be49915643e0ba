"""Guess which settings hold a secret as it is, where only its name should stand."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crossdock.config.problems import KeyPath

_SECRET = re.compile(
    r"(?:^|[_.-])(?:token|secret|password|passwd|passphrase|pwd|apikey|api[_.-]key|access[_.-]key|private[_.-]key|auth[_.-]key)$",
    re.IGNORECASE,
)


def sounds_secret(key: str) -> bool:
    """Tell whether a setting of this name usually holds a secret: token, api_key, db_password."""
    return bool(_SECRET.search(key))


def secret_like_inline(settings: dict[str, Any]) -> tuple[KeyPath, ...]:
    """Return the paths of settings that seem to hold a secret's value, in tables and lists within them too.

    A guess by name, and by a user name or password in an address; `{secret = "name"}` is never one.
    """
    return tuple(_inline(settings, (), secret=False))


def _inline(value: Any, at: KeyPath, *, secret: bool) -> Iterator[KeyPath]:
    match value:
        case {"secret": str()} if len(value) == 1:
            return
        case dict():
            for key, inner in value.items():
                yield from _inline(inner, (*at, key), secret=sounds_secret(key))
        case list():
            for number, inner in enumerate(value):
                yield from _inline(inner, (*at, number), secret=secret)
        case str() if value and (secret or has_userinfo(value)):
            yield at
        case _:
            return


def has_userinfo(text: str) -> bool:
    """Tell whether `text` is an address with a user name or password in it."""
    if "://" not in text:
        return False
    try:
        return "@" in urlsplit(text).netloc
    except ValueError:
        return False
