"""The daemon's sentences that are said in every language of the dashboard, as templates; a test holds them to the daemon's own."""

from __future__ import annotations

SENTENCES: tuple[str, ...] = ()
