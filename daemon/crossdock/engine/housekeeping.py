"""Housekeeping: what has to go in time. Small units of work on a lane of its own, so that nothing waits for it."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from crossdock.flows import forget
from crossdock.flows.expire_approvals import expire_due
from crossdock.flows.forget import Keeping
from crossdock.store import audit, audit_chain, throttles
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from crossdock.config.model import Config, Privacy
    from crossdock.flows.house import House

log = logging.getLogger("crossdock.engine")

EVERY_S = 600.0
"""How often it looks for what has to go."""
NOTED_EVERY = timedelta(days=1)
"""How often the log is told where the audit stands."""
ROWS = 500
"""Rows of the audit, or turns of the five-minute limit, removed in one transaction."""
KEEP_TURNS = timedelta(days=1)
"""Turns of the five-minute limit that are older say nothing any more, unless the limit is longer than that."""


class Housekeeping:
    """Removes personal data, old rows of the audit and proposals whose time is over, a little at each run."""

    def __init__(self, house: House, config: Callable[[], Config]) -> None:
        self._house, self._config = house, config
        self._removed = False
        self._noted: datetime | None = None

    async def run_once(self, _number: int) -> float | None:
        """Do one piece of each kind of work; 0 if there may be more."""
        store, now, config = self._house.store, self._house.env.now(), self._config()
        privacy = config.privacy
        keeping = keeping_of(privacy)
        removed = await store.write(forget.remove_bodies_due, keeping, now)
        removed += await store.write(forget.erase_due, self._house.read_order, keeping, now)
        removed += await store.write(forget.empty_quarantine_due, keeping, now)
        oldest = to_ms(now - timedelta(days=privacy.keep_audit_days))
        old = await store.write(audit_chain.prune, oldest, ROWS, to_ms(now))
        old += await store.write(expire_due, now)
        turns = max(KEEP_TURNS, timedelta(seconds=config.engine.min_interval_s))
        old += await store.write(throttles.forget, to_ms(now - turns), ROWS)
        self._removed = self._removed or removed > 0
        if removed or old:
            return 0
        if self._removed:
            await store.shorten_log()  # the pages that were overwritten in the file still stand in its log
            self._removed = False
        await self._note(now)
        return None

    async def _note(self, now: datetime) -> None:
        """Tell the log where the audit stands: who cuts the audit short cannot reach what was logged elsewhere."""
        if self._noted is not None and now - self._noted < NOTED_EVERY:
            return
        self._noted = now
        sealed = await self._house.store.read(audit.seal)
        if sealed.last_id:
            log.info("the audit stands at row %s:%s", sealed.last_id, sealed.last_hash)


def keeping_of(privacy: Privacy) -> Keeping:
    """Return how long the configuration has personal data kept."""
    return Keeping(bodies=timedelta(days=privacy.keep_bodies_days), everything=timedelta(days=privacy.keep_days))
