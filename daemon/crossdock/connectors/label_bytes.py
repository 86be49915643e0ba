"""Whether bytes are a shipping label: the content type is one of a few, and the bytes themselves agree."""

from __future__ import annotations

import re

MAX_BYTES = 32 * 2**20
"""Bytes of a label, at most (RELIABILITY P9)."""

PDF, PNG, GIF, JPEG, ZPL = "application/pdf", "image/png", "image/gif", "image/jpeg", "application/zpl"
ALLOWED = {
    PDF: PDF,
    PNG: PNG,
    GIF: GIF,
    JPEG: JPEG,
    ZPL: ZPL,
    "application/x-zpl": ZPL,
    "application/vnd.zebra.zpl": ZPL,
    "x-application/zpl": ZPL,
    "text/plain": ZPL,
}
"""Content types of labels, and what the bytes of each must be."""
_MAGIC = ((b"%PDF-", PDF), (b"\x89PNG\r\n\x1a\n", PNG), (b"GIF87a", GIF), (b"GIF89a", GIF), (b"\xff\xd8\xff", JPEG))
_ZPL = re.compile(rb"\A(?:\xef\xbb\xbf)?[\s\x10]*(?:CT~~CD,~CC\^~CT~|[~^][A-Z])")
"""ZPL begins with a command, perhaps behind what Zebra's driver puts before it."""
_SHOWN = 60


class NoLabel(ValueError):
    """What was given is no label; `code` is for programs, and begins with "label_"."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def media_of(content_type: str) -> str:
    """Return a content type without its parameters, in small letters."""
    return content_type.partition(";")[0].strip().lower()


def check_type(content_type: str) -> str:
    """Return what the bytes of a label of this content type must be. Raises NoLabel."""
    media = media_of(content_type)
    if media not in ALLOWED:
        raise NoLabel("label_type", f"its content type is {media[:_SHOWN]!r}, which no label has")
    return ALLOWED[media]


def check(content_type: str, data: bytes) -> None:
    """Make sure that bytes are a label of their content type. Raises NoLabel."""
    wanted = check_type(content_type)
    if len(data) > MAX_BYTES:
        raise NoLabel("label_too_large", f"it has {len(data)} bytes, a label has at most {MAX_BYTES}")
    if not data:
        raise NoLabel("label_empty", "it has no bytes")
    found = sniffed(data)
    if found != wanted:
        said = f"its bytes are {found}" if found else "its bytes are no such thing"
        raise NoLabel("label_type", f"it says that it is {media_of(content_type)}, but {said}")


def sniffed(data: bytes) -> str | None:
    """Tell what bytes are by how they begin; None for what no label is."""
    for magic, kind in _MAGIC:
        if data.startswith(magic):
            return kind
    if _ZPL.match(data) and b"^XA" in data and b"\x00" not in data[:4096]:
        return ZPL
    return None
