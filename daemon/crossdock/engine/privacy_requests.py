"""What people may ask about personal data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.flows.forget import forget

if TYPE_CHECKING:
    from crossdock.engine.engine import Engine
    from crossdock.flows.reconsider import Answer
    from crossdock.store.audit import By


class PrivacyRequests:
    """The engine's door for what concerns personal data."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def forget(self, oms: str, ref: str, by: By) -> Answer:
        """Remove the personal data of one order that ended, now."""
        engine = self._engine
        answer = await engine.store.write(forget, oms, ref, engine.house.read_order, by, engine.env.now())
        if answer.done:
            await engine.store.shorten_log()
        return answer
