"""What all tests share."""

from __future__ import annotations


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name hostile strings in ASCII, so that no test id holds what a terminal or another process cannot take."""
    if isinstance(val, str) and not (val.isascii() and val.isprintable()):
        return ascii(val)[1:-1][:60]
    return None
