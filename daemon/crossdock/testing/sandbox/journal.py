"""A file of JSON lines that a sandbox replays at start: what was answered survives a kill of the sandbox."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

E = TypeVar("E", bound=msgspec.Struct)


class Journal(Generic[E]):
    """Entries of one type, appended before the answer leaves. Without a path it keeps nothing.

    One write call per entry hands it to the operating system, so a killed process loses nothing of what it answered; an
    entry that was cut short is dropped at the next start, since nobody was told of it.
    """

    def __init__(self, path: str | Path | None, kind: type[E]) -> None:
        self._path = None if path is None else Path(path)
        self._decoder = msgspec.json.Decoder(kind)
        self._encoder = msgspec.json.Encoder()
        self._file: int | None = None

    def replay(self) -> Iterator[E]:
        """Yield the entries kept so far, then get ready to append. Must be run to its end before `append`."""
        if self._path is None:
            return
        kept = self._path.read_bytes() if self._path.exists() else b""
        whole = kept.rfind(b"\n") + 1
        for line in kept[:whole].splitlines():
            yield self._decoder.decode(line)
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.ftruncate(self._file, whole)

    def append(self, entry: E) -> None:
        """Keep one entry."""
        if self._file is not None:
            os.write(self._file, self._encoder.encode(entry) + b"\n")

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
