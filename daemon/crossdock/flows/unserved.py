"""What waits for a connection that is not in use: an incident for each such connection, closed when nothing waits any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.rules.troubles import CONNECTION, Cause, unserved
from crossdock.store import incidents
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from crossdock.store.store import Transaction


def keep(tx: Transaction, waiting: Mapping[str, str], now: datetime) -> None:
    """Have open incidents for exactly these connections; each comes with the reason why it takes nothing."""
    troubles = {unserved(name, why).fingerprint: (name, why) for name, why in waiting.items()}
    for _, fingerprint, _ in incidents.open_of(tx, CONNECTION, Cause.DECISION):
        if fingerprint not in troubles:
            incidents.heal_all(tx, fingerprint, to_ms(now))
    for name, why in troubles.values():
        incidents.report(tx, unserved(name, why), f"unserved:{name}", to_ms(now), why)
