"""What the dashboard remembers of a person from one day to the next: tab and filter of each screen, language, theme."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Mapping


class View(Struct, kw_only=True, omit_defaults=True):
    """How a screen was left; `choice` is what else was chosen there, as a warehouse."""

    tab: str | None = None
    filter: str = ""
    choice: str = ""


class Remembered(Struct, kw_only=True, omit_defaults=True):
    """Everything that is remembered."""

    language: str = ""
    theme: str = ""
    screen: str = ""
    views: dict[str, View] = field(default_factory=dict)

    def view(self, screen: str) -> View:
        """Return how a screen was left; what is changed in it is remembered."""
        return self.views.setdefault(screen, View())


def place(environ: Mapping[str, str]) -> Path:
    """Return the file: below XDG_STATE_HOME, or below ~/.local/state."""
    base = environ.get("XDG_STATE_HOME") or str(Path(environ.get("HOME", "~")).expanduser() / ".local" / "state")
    return Path(base) / "crossdock" / "dashboard.json"


def load(path: Path) -> Remembered:
    """Read what is remembered; nothing, where there is no file or it cannot be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Remembered)
    except (OSError, msgspec.DecodeError):
        return Remembered()


def save(path: Path, remembered: Remembered) -> None:
    """Write it down, whole or not at all. Where that cannot be done nothing is remembered; the work goes on."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}.new")
        fresh.write_bytes(msgspec.json.format(msgspec.json.encode(remembered), indent=2))
        fresh.replace(path)
