"""What people may ask about documents that their warehouse has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.flows.decide_by_hand import acknowledge, cancel_by_hand, decide_by_hand
from crossdock.flows.reconsider import Answer, Desk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.engine.engine import Engine
    from crossdock.rules.choices import Verdict


class PackageRequests:
    """The engine's door for decisions after the push. `actor` names who asks."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def _desk(self) -> Desk:
        engine = self._engine
        return Desk(engine.books, engine.house.read_order, engine.env.now())

    async def decide(
        self, orders: Sequence[tuple[str, str]], verdict: Verdict, reason: str, actor: str
    ) -> list[Answer]:
        """Carry out what a person chose."""
        return self._woken(await self._engine.store.write(decide_by_hand, orders, verdict, reason, actor, self._desk()))

    async def cancel(self, orders: Sequence[tuple[str, str]], reason: str, actor: str) -> list[Answer]:
        """Have warehouses asked not to ship."""
        return self._woken(await self._engine.store.write(cancel_by_hand, orders, reason, actor, self._desk()))

    async def acknowledge(self, orders: Sequence[tuple[str, str]], actor: str) -> list[Answer]:
        """Take off the mark that something was updated."""
        return await self._engine.store.write(acknowledge, orders, actor, self._desk())

    def _woken(self, answers: list[Answer]) -> list[Answer]:
        self._engine.wake_pushes({answer.wake for answer in answers if answer.wake is not None})
        self._engine.wake_reports()
        self._engine.wake("decide")
        return answers
