"""Text from outside, made fit for a terminal and a log line."""

from __future__ import annotations

import re
import unicodedata

LIMIT = 2_000
"""Characters that `clean` keeps unless it is told another number."""
MARKS = 8
"""Combining marks that may stand on one letter: more than any script needs, fewer than cover the lines around it."""

# C0, DEL, C1, soft hyphen; grapheme joiner and Arabic letter mark; fillers of Hangul and Khmer, which show nothing;
# Mongolian selectors and separator; zero-width characters and marks; line and paragraph separator, bidi embeddings; invisible
# operators, bidi isolates, deprecated formats; surrogates; byte order mark; annotations; musical formats; tags.
_HARMFUL = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
# What is no letter of any script, too often in a row; whether these are marks is looked at only where there are so many.
_FLOOD = re.compile(rf"[^\w\x00-\x7f]{{{MARKS + 1}}}")
_SIGNS = {"\n": "⏎", "\t": "→"}


def clean(text: str, limit: int = LIMIT) -> str:
    r"""Return `text` without anything that could steer a terminal, forge a line or hide: such characters become visible.

    A newline becomes ⏎, a tab →, the others an escape such as \x1b or \u202e. At most `limit` (≥ 1) characters come
    back; the last of them is … where something was cut off. Letters of every script, combining marks and emoji stay as
    they are, except that what joins emoji into one (joiner, tags of a flag) becomes visible too, and that of a flood of
    combining marks those behind the eighth do. Cleaning twice changes nothing more.
    """
    if text.isascii() and text.isprintable() and len(text) <= limit:
        return text
    shown = _thinned(_HARMFUL.sub(_visible, text[: limit + 1]))
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _thinned(text: str) -> str:
    """Make those combining marks visible that are too many on one letter."""
    if _FLOOD.search(text) is None:
        return text
    kept, marks = [], 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        kept.append(character if marks <= MARKS else _escape(character))
    return "".join(kept)


def _visible(found: re.Match[str]) -> str:
    character = found.group()
    return _SIGNS.get(character) or _escape(character)


def _escape(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
