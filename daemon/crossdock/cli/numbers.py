"""Numbers that people type: whole ones that the daemon can hold, and others that are numbers at all."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click import Context, Parameter

LARGEST = 2**62
"""No row of a database has a larger number."""


class Whole(click.IntRange):
    """A whole number from `least` on. That it has an upper bound, too, is said only to who goes beyond it."""

    def __init__(self, least: int) -> None:
        super().__init__(least, LARGEST)

    def convert(self, value: object, param: Parameter | None, ctx: Context | None) -> int:
        """Convert, and refuse what is larger than any number there is."""
        if str(value).isdecimal() and int(str(value)[:30]) > LARGEST:
            self.fail(f"{str(value)[:40]} is larger than any number there is.", param, ctx)
        return int(super().convert(value, param, ctx))  # type: ignore[arg-type]  # text or a default, as click has it

    def _describe_range(self) -> str:
        return f"x>={self.min}"


class Real(click.FloatRange):
    """A number within bounds; click takes "nan" for one, since no bound refuses it."""

    def convert(self, value: object, param: Parameter | None, ctx: Context | None) -> float:
        """Convert, and refuse what is no number."""
        number = float(super().convert(value, param, ctx))  # type: ignore[arg-type]  # text or a default, as click has it
        if not math.isfinite(number):
            self.fail(f"{value} is no number.", param, ctx)
        return number
