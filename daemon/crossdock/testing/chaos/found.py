"""What the books of the sandboxes show of one kind of thing that a chaos run exchanges besides new orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Iterable


class Found(Struct, kw_only=True):
    """`count` things were looked at; each of the others is a sentence about one that is not as it must be."""

    what: str
    count: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Something was looked at, and all of it is as it must be."""
        return bool(self.count) and not (self.lost or self.doubled or self.wrong)

    @property
    def line(self) -> str:
        """Say it in one line."""
        return (
            f"{self.what}: {self.count} (lost {len(self.lost)}, doubled {len(self.doubled)}, wrong {len(self.wrong)})"
        )

    def complaints(self, most: int) -> Iterable[str]:
        """Yield what is wrong, at most so many of each kind."""
        for name in ("lost", "doubled", "wrong"):
            for text in getattr(self, name)[:most]:
                yield f"{self.what}, {name}: {text}"

    def compare(self, name: str, held: Any, wanted: Any) -> None:
        """Count one thing; what is not as it was said last was lost on its way."""
        self.count += 1
        if held != wanted:
            self.lost.append(f"{name}: the books show {held}, said was {wanted}")
