"""Text from outside, made fit for a terminal and a log line."""

from __future__ import annotations

import re

LIMIT = 2_000
"""Characters that `clean` keeps unless it is told another number."""

# C0, DEL, C1, soft hyphen; marks of direction and zero width; line and paragraph separator, bidi embeddings and isolates;
# fillers that look like nothing; surrogates; byte order mark; annotations; tags, which spell out text that nobody sees.
_HARMFUL = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ud800-\udfff\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e0fff]"
)
_SIGNS = {"\n": "⏎", "\t": "→"}


def clean(text: str, limit: int = LIMIT) -> str:
    r"""Return `text` without anything that could steer a terminal, forge a line or hide: such characters become visible.

    A newline becomes ⏎, a tab →, the others an escape such as \x1b or \u202e. At most `limit` (≥ 1) characters come
    back; the last of them is … where something was cut off. Letters of every script, combining marks and emoji stay as
    they are, except that the zero-width joiner inside an emoji sequence becomes visible too. Cleaning twice changes
    nothing more.
    """
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text
    shown = _HARMFUL.sub(_visible, text[: limit + 1])
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _visible(found: re.Match[str]) -> str:
    character = found.group()
    code = ord(character)
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return _SIGNS.get(character) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")
