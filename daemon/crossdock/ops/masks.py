"""Secret values that must never be shown, and hiding them in text whatever form they took."""

from __future__ import annotations

import base64
import json
import logging
import re
from urllib.parse import quote, quote_plus

HIDDEN = "***"
"""Stands where a secret was."""
SHORTEST = 4
"""Values of fewer characters are not hidden: they would hide half of every line."""
_SHORTEST_PART = 8  # of an encoded form, and of a line of a secret of several lines

_log = logging.getLogger(__name__)


class Masks:
    """The set of live secret values. It only grows: an old value that was replaced is still a secret."""

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def add(self, value: str, name: str) -> None:
        """Hide `value`, plain, base64, URL-quoted or escaped, from now on; `name` is for the warning if it is too short."""
        if value in self._values:
            return
        self._values.add(value)
        if len(value) < SHORTEST:
            _log.warning(
                'The secret "%s" has fewer than %d characters and cannot be hidden in logs; use a longer one',
                name,
                SHORTEST,
            )
            return
        self._forms |= _forms(value)
        longest_first = sorted(self._forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def hide(self, text: str) -> str:
        """Return `text` with *** in place of every secret."""
        return self._pattern.sub(HIDDEN, text) if self._pattern else text


def _forms(value: str) -> set[str]:
    lines = {line for line in value.splitlines() if len(line) >= _SHORTEST_PART}
    forms: set[str] = set()
    for part in {value} | lines:
        quoted = {quote(part, safe=""), quote(part), quote_plus(part)}
        lower = {re.sub(r"%[0-9A-F]{2}", lambda found: found.group().lower(), text) for text in quoted}
        escaped = {json.dumps(part)[1:-1], json.dumps(part, ensure_ascii=False)[1:-1], repr(part)[1:-1]}
        forms |= {part} | quoted | lower | escaped | _base64(part.encode())
    return forms


def _base64(raw: bytes) -> set[str]:
    """Return what every base64 text that has `raw` in it must contain, wherever in it `raw` begins."""
    forms: set[str] = set()
    for before in range(3):
        text = base64.b64encode(b"\0" * before + raw).decode().rstrip("=")
        first = (0, 2, 3)[before]  # characters that depend on what stands before
        last = len(text) - bool((before + len(raw)) % 3)  # and one, perhaps, on what follows
        core = text[first:last]
        if len(core) >= min(_SHORTEST_PART, len(raw)):
            forms |= {core, core.replace("+", "-").replace("/", "_")}
    return forms
