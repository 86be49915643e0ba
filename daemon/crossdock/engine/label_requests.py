"""What people may ask of the engine about shipping labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.engine.asking import Refused, Turn, queue_task
from crossdock.flows.label_desk import confirm, printed
from crossdock.store.tasks import TaskKind
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.engine.asking import Asked
    from crossdock.engine.engine import Engine
    from crossdock.flows.reconsider import Answer

MAX_PULL = 1000
"""Labels of one task, at most."""


class LabelRequests:
    """The labels' part of the engine's door. `actor` names who asks."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    async def pull(self, oms: str, refs: Sequence[str], actor: str) -> Asked:
        """Pull the labels of chosen orders; one order has a limit of its own, a list one for the connection (R22)."""
        if oms not in self._engine.house.label_sources:
            known = ", ".join(sorted(self._engine.house.label_sources)) or "none"
            raise Refused(f"there is no connection '{oms}' that gives shipping labels (known: {known})")
        if not 1 <= len(refs) <= MAX_PULL:
            raise Refused(f"name 1 to {MAX_PULL} orders whose labels are to be pulled, you named {len(refs)}")
        if len(refs) == 1:
            turn = Turn(f"label:{oms}:{refs[0]}", f"the label of order {refs[0]} of {oms} was pulled")
        else:
            instead = "ask for one order alone, which has a limit of its own"
            turn = Turn(f"label:{oms}", f"a list of labels of {oms} was pulled", instead)
        interval = int(self._engine.config.engine.min_interval_s * 1000)
        now = to_ms(self._engine.env.now())
        asked = await self._engine.store.write(
            queue_task, TaskKind.PULL_LABEL, oms, turn, actor, None, refs, interval, now
        )
        self._engine.wake(f"labels:{oms}")
        return asked

    async def printed(self, orders: Sequence[tuple[str, str]], actor: str) -> list[Answer]:
        """Note that labels were printed."""
        return await self._engine.store.write(printed, orders, actor, self._engine.env.now())

    async def confirm(self, orders: Sequence[tuple[str, str]], reason: str, actor: str) -> list[Answer]:
        """Take a person's word that stale labels are right."""
        engine = self._engine
        answers = await engine.store.write(confirm, orders, actor, reason, engine.house, engine.env.now())
        engine.wake_labels()
        return answers
