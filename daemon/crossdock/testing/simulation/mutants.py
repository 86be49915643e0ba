"""The mutation gate: twelve faults, and some beyond them, planted into the real code, each of which the simulation must find.

`python -m crossdock.testing.simulation.mutants` plants one after the other. A harness that misses one is broken.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click
import msgspec
from msgspec import Struct

from crossdock.engine import push_lane
from crossdock.flows import decide, listing, pull_orders
from crossdock.rules import connection_health, outcome
from crossdock.rules.outcome import PushPolicy, Verdict
from crossdock.rules.push_states import PushState
from crossdock.spec.orders import OrderStatus
from crossdock.spec.outbound import OutboundRequest
from crossdock.store import cursors, outbox
from crossdock.testing.simulation import exchange_mutants
from crossdock.testing.simulation.exchange_mutants import replaced
from crossdock.testing.simulation.profiles import PROFILES
from crossdock.testing.simulation.simulate import Report, simulate

if TYPE_CHECKING:
    from datetime import datetime

    from crossdock.rules.outcome import Past
    from crossdock.store.cursors import Cursor
    from crossdock.store.outbox import Claimed
    from crossdock.store.store import Transaction

SEEDS = 200
Plant = Callable[[], contextlib.AbstractContextManager[None]]


class Mutant(Struct, frozen=True):
    """A planted fault, the profile in which it shows, and how it is planted."""

    name: str
    profile: str
    plant: Plant


def key_per_attempt() -> contextlib.AbstractContextManager[None]:
    """Every attempt is sent under a key of its own."""
    real = outbox.claim

    def claim(tx: Transaction, run: int, connection: str, state: PushState, limit: int, now: int) -> list[Claimed]:
        claimed = real(tx, run, connection, state, limit, now)
        return [_rekeyed(tx, push) for push in claimed]

    return replaced(outbox, claim=claim)


def _rekeyed(tx: Transaction, push: Claimed) -> Claimed:
    key = f"{push.key[:20]}-{push.attempts}"
    tx.execute("UPDATE pushes SET key = ? WHERE id = ?", (key, push.id))
    request = msgspec.structs.replace(msgspec.json.decode(push.body, type=OutboundRequest), key=key)
    return msgspec.structs.replace(push, key=key, body=msgspec.json.encode(request))


def done_before_send() -> contextlib.AbstractContextManager[None]:
    """PUSHED is written when a push is claimed, and what comes of it is not."""
    real = outbox.claim
    sql = "UPDATE pushes SET state = ?, run_id = NULL, unsettled = NULL WHERE id = ?"

    def claim(tx: Transaction, run: int, connection: str, state: PushState, limit: int, now: int) -> list[Claimed]:
        claimed = real(tx, run, connection, state, limit, now)
        tx.execute_many(sql, [(PushState.PUSHED, push.id) for push in claimed])
        return claimed

    return replaced(outbox, claim=claim)


def blind_resend() -> contextlib.AbstractContextManager[None]:
    """An unknown outcome counts as a failure, and is tried again."""

    def in_doubt(kind: str, text: str, past: Past, policy: PushPolicy, now: datetime, random: Any) -> Verdict:
        del policy, random
        return Verdict(state=PushState.QUEUED, next_at=now, faults=past.faults, kind=kind, text=text)

    return replaced(outcome, in_doubt=in_doubt)


def no_settle_time() -> contextlib.AbstractContextManager[None]:
    """The warehouse's "I have nothing" is believed at once."""
    real = push_lane.push_policy

    def push_policy(*args: Any) -> PushPolicy:
        return msgspec.structs.replace(real(*args), settle=timedelta())

    return replaced(push_lane, push_policy=push_policy)


def strictly_after_the_cursor() -> contextlib.AbstractContextManager[None]:
    """A listing begins after the newest stamp that was seen, not at it."""
    real = listing.begin

    def begin(cursor: Cursor, policy: listing.PullPolicy, now: datetime) -> Cursor:
        started = real(cursor, policy, now)
        if cursor.watermark is None or started.since is None:
            return started
        since = type(now).fromisoformat(started.since) + timedelta(microseconds=1)
        return msgspec.structs.replace(started, since=since.isoformat())

    return replaced(listing, begin=begin)


def no_overlap() -> contextlib.AbstractContextManager[None]:
    """A listing begins exactly where the last one ended."""
    real = listing.begin

    def begin(cursor: Cursor, policy: listing.PullPolicy, now: datetime) -> Cursor:
        return real(cursor, msgspec.structs.replace(policy, overlap=timedelta()), now)

    return replaced(listing, begin=begin)


def cursor_before_data() -> contextlib.AbstractContextManager[None]:
    """The cursor moves in a transaction of its own, before what it covers is stored."""
    real = pull_orders._take  # noqa: SLF001

    async def take(connection: str, house: Any, page: Any, cursor: Cursor, task_id: int | None, **how: bool) -> Any:
        await house.store.write(cursors.save, cursor)
        return await real(connection, house, page, cursor, task_id, by_stamp=how["by_stamp"])

    return replaced(pull_orders, _take=take)


def run_without_fence() -> contextlib.AbstractContextManager[None]:
    """A run writes results of pushes that another run took over meanwhile."""
    fence = "AND run_id = ?"
    open_gate = "AND (run_id = ? OR TRUE)"
    statements = {name: getattr(outbox, name).replace(fence, open_gate) for name in ("_PUSHED", "_ENDED")}
    return replaced(outbox, **statements)


def cancel_ignored() -> contextlib.AbstractContextManager[None]:
    """An order that is cancelled while its push is in doubt is sent again all the same."""
    real = decide._note_difference  # noqa: SLF001

    def note_difference(tx: Transaction, sight: Any, push: Any, book: Any, now: datetime) -> None:
        real(tx, sight, push, book, now)
        if sight.order.status is OrderStatus.CANCELLED:
            push.cancel_wanted = False

    return replaced(decide, _note_difference=note_difference)


def breaker_never_closes() -> contextlib.AbstractContextManager[None]:
    """A connection that was left alone is left alone for ever."""
    real = connection_health._waiting  # noqa: SLF001

    def waiting(*args: Any) -> connection_health.ConnectionHealth:
        health = real(*args)
        if health.status is connection_health.Status.OPEN and health.until is not None:
            return msgspec.structs.replace(health, until=health.until + timedelta(days=365))
        return health

    return replaced(connection_health, _waiting=waiting)


def nothing() -> contextlib.AbstractContextManager[None]:
    """No fault, to see that the gate itself can fail."""
    return contextlib.nullcontext()


MUTANTS = (
    Mutant("key per attempt", "default", key_per_attempt),
    Mutant("done before send", "default", done_before_send),
    Mutant("blind re-send", "lookup", blind_resend),
    Mutant("no settle time", "lookup", no_settle_time),
    Mutant("> cursor", "overlap0", strictly_after_the_cursor),
    Mutant("no overlap", "default", no_overlap),
    Mutant("cursor before data", "overlap0", cursor_before_data),
    Mutant("run without fence", "lookup", run_without_fence),
    Mutant("cancel ignored while in doubt", "default", cancel_ignored),
    Mutant("breaker never closes", "default", breaker_never_closes),
    Mutant("merge prefers stale", "exchange", exchange_mutants.merge_prefers_stale),
    Mutant("quarantine drops", "default", exchange_mutants.quarantine_drops),
)

BEYOND = (
    Mutant("cancel told before it is confirmed", "exchange", exchange_mutants.cancel_told_before_confirmed),
    Mutant("label never stale", "exchange", exchange_mutants.label_never_stale),
    Mutant("receipt counted twice", "exchange", exchange_mutants.receipt_counted_twice),
    Mutant("older stock accepted", "exchange", exchange_mutants.older_stock_accepted),
)
"""Faults in what goes beyond the push of orders, counted apart."""


def find(mutant: Mutant, seeds: int = SEEDS) -> Report | None:
    """Return the first simulation that finds the planted fault, or None."""
    with mutant.plant():
        for seed in range(seeds):
            report = simulate(seed, PROFILES[mutant.profile])
            if report.violations:
                return report
    return None


def main() -> int:
    """Plant each fault, say where it was found; 0 if all were."""
    parser = argparse.ArgumentParser(prog="python -m crossdock.testing.simulation.mutants")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="simulations in which a fault must be found")
    asked = parser.parse_args()
    beyond = plant_all(BEYOND, asked.seeds)
    found = plant_all(MUTANTS, asked.seeds)
    click.echo(f"mutants beyond the push: planted={len(BEYOND)} found={beyond}")
    click.echo(f"mutants: planted={len(MUTANTS)} found={found}")
    return 0 if found == len(MUTANTS) and beyond == len(BEYOND) else 1


def plant_all(mutants: Sequence[Mutant], seeds: int) -> int:
    """Plant each fault, say where it was found, and return how many were."""
    found = 0
    for mutant in mutants:
        report = find(mutant, seeds)
        found += report is not None
        said = "not found" if report is None else f"seed {report.seed} ({report.profile}): {report.violations[0]}"
        click.echo(f"{mutant.name}: {said}")
    return found


if __name__ == "__main__":
    sys.exit(main())
