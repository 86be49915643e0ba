"""Carry out operations: claim what is due, call or ask, judge, save, and let each kind's own rows follow in the same step."""

from __future__ import annotations

import asyncio
from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Protocol

from crossdock.rules import operation_outcome
from crossdock.rules.operation_states import OperationState
from crossdock.rules.outcome import Past
from crossdock.spec.errors import ConnectorError, Rejected, Unsupported
from crossdock.store import incidents, operations
from crossdock.store.incidents import Cause, Trouble
from crossdock.store.operations import Ended
from crossdock.store.store import StoreError
from crossdock.store.times import from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from crossdock.flows.house import House
    from crossdock.flows.lane import CallingLane
    from crossdock.rules.operation_outcome import OperationPolicy, OperationVerdict, Outcome
    from crossdock.store.operations import Operation
    from crossdock.store.store import Transaction

Verdicts = list[tuple["Operation", "OperationVerdict", int]]

MOST_CLAIMED = 1000
"""Operations that are looked at in one round, at most."""
MOST_TURNS = 16
"""Calls that each place makes one after the other in a round, at most: claiming and saving are shared by all of them."""
ROUND_S = 0.25
"""A round begins no further call after so many seconds: with a slow system its answers must not wait to be saved."""


class Handler(Protocol):
    """One kind of operation: how it is sent, how it is asked about, and what follows from how it ended.

    `asks`: what is in doubt is settled by `ask`; otherwise the very same bytes are sent again under the same key, which
    the contract says is harmless. `batch` is how many go in one call.
    """

    kind: str
    asks: bool
    batch: int

    async def send(self, claimed: Sequence[Operation]) -> Mapping[str, Outcome]:
        """Make one call; return what was said of each operation, by key. Raises ConnectorError for the whole call."""
        ...

    async def ask(self, claimed: Sequence[Operation]) -> Mapping[str, Outcome]:
        """Ask what became of operations that are in doubt or were passed on. Raises ConnectorError."""
        ...

    def settled(self, tx: Transaction, operation: Operation, verdict: OperationVerdict, now: datetime) -> None:
        """Let the rows that the operation was made of follow, in the transaction that saves the verdict."""
        ...


async def carry_out(
    handlers: Mapping[str, Handler], house: House, lane: CallingLane, policy: OperationPolicy, concurrency: int
) -> bool:
    """Carry out everything that is due through a connection; True if it stopped with work left.

    What an earlier run of the lane left as sending is put in doubt first. A cancelled run leaves its rows as sending: the
    next run finds them.
    """
    now = house.env.now()
    await house.store.write(operations.take_over, lane.run, lane.connection, to_ms(now), to_ms(now + policy.settle))
    turns = 1
    while lane.keep_going() and lane.may_call():
        together, calls = (False, 1) if lane.alone() else (True, concurrency * turns)
        look = min(MOST_CLAIMED, calls * max((handler.batch for handler in handlers.values()), default=1))
        claimed = await house.store.write(
            operations.claim, lane.run, lane.connection, look, to_ms(house.env.now()),
            partial(fitting, handlers=handlers, calls=calls, together=together),
        )  # fmt: skip
        if not claimed:
            return False
        house.env.failpoint("operations.claimed")
        whole = await _carry(_batches(claimed, handlers, together=together), handlers, house, lane, policy, concurrency)
        turns = min(MOST_TURNS, turns * 2) if whole else 1
    return True


async def _carry(
    batches: Sequence[Sequence[Operation]],
    handlers: Mapping[str, Handler],
    house: House,
    lane: CallingLane,
    policy: OperationPolicy,
    concurrency: int,
) -> bool:
    """Make the calls of a round, save what came of each, and give back what there was no time for; True if nothing was.

    A fault of our own in one call must not lose the answers of the others: those are saved first, what it was about is in
    doubt, and then it is raised.
    """
    made, left = await _calls(batches, handlers, house, lane, policy, concurrency)
    verdicts: Verdicts = []
    faults: list[Exception] = []
    for batch, found in made:
        if isinstance(found, Exception):
            faults.append(found)
            now, name = house.env.now(), type(found).__name__
            verdicts += [
                (o, operation_outcome.of_fault(name, past(o), policy, now, house.env.random), to_ms(now)) for o in batch
            ]
        else:
            verdicts += found
    try:
        await house.store.write(save_round, handlers, lane.run, verdicts, left, to_ms(house.env.now()))
    except StoreError:
        raise
    except Exception as fault:  # noqa: BLE001 - a handler's own rows could not follow; it must not hold up the others
        faults.append(fault)
        verdicts = await _save_one_by_one(verdicts, handlers, house, lane, policy)
        await house.store.write(operations.give_back, lane.run, left, to_ms(house.env.now()))
    house.env.failpoint("operations.saved")
    for state in {verdict.state for _, verdict, _ in verdicts}:
        lane.counted(state.name.lower(), sum(1 for _, verdict, _ in verdicts if verdict.state is state))
    if faults:
        raise faults[0]
    return not left


async def _calls(
    batches: Sequence[Sequence[Operation]],
    handlers: Mapping[str, Handler],
    house: House,
    lane: CallingLane,
    policy: OperationPolicy,
    concurrency: int,
) -> tuple[list[tuple[Sequence[Operation], Verdicts | Exception]], list[Operation]]:
    """Make the calls, `concurrency` at a time; return what came of each, and the operations that were not begun.

    Raises what is no Exception: the run is cancelled or the process ends, and the rows stay as sending.
    """
    first, waiting = batches[:concurrency], deque(batches[concurrency:])
    made: list[tuple[Sequence[Operation], Verdicts | Exception]] = []
    until = house.env.monotonic() + ROUND_S

    async def place(batch: Sequence[Operation]) -> None:
        while True:
            try:
                made.append((batch, await _batch(handlers, batch, house, lane, policy)))
            except Exception as fault:  # noqa: BLE001 - a fault of our own; the answers of other calls are saved first
                made.append((batch, fault))
            if not waiting or not _goes_on(lane, house, until):
                return
            batch = waiting.popleft()

    ended = await asyncio.gather(*map(place, first), return_exceptions=True)
    for fault in ended:
        if fault is not None:
            raise fault
    return made, [operation for batch in waiting for operation in batch]


def _goes_on(lane: CallingLane, house: House, until: float) -> bool:
    """Tell whether a round may begin another call."""
    return house.env.monotonic() < until and lane.keep_going() and lane.may_call() and not lane.alone()


async def _save_one_by_one(
    verdicts: Verdicts, handlers: Mapping[str, Handler], house: House, lane: CallingLane, policy: OperationPolicy
) -> Verdicts:
    """Save each verdict alone; one whose own rows cannot follow stays in doubt, so that it comes again."""
    saved: Verdicts = []
    for operation, verdict, at in verdicts:
        try:
            await house.store.write(save, handlers, lane.run, [(operation, verdict, at)])
            saved.append((operation, verdict, at))
        except StoreError:
            raise
        except Exception as fault:  # noqa: BLE001 - as above
            name, now = type(fault).__name__, house.env.now()
            doubt = operation_outcome.of_fault(name, past(operation), policy, now, house.env.random)
            await house.store.write(save, handlers, lane.run, [(operation, doubt, at)])
            saved.append((operation, doubt, at))
    return saved


def fitting(
    found: Sequence[Operation], *, handlers: Mapping[str, Handler], calls: int, together: bool
) -> list[Operation]:
    """Return those of the operations that go in at most `calls` calls; what is not under way yet stays unclaimed."""
    sizes: dict[tuple[str, bool], int] = {}
    begun, kept = 0, []
    for operation in found:
        handler = handlers.get(operation.kind)
        most = handler.batch if handler is not None and together else 1
        group = (operation.kind, _asked(operation, handler))
        size = sizes.get(group, 0)
        if size % most == 0:
            if begun == calls:
                continue
            begun += 1
        sizes[group] = size + 1
        kept.append(operation)
    return kept


def _batches(claimed: Sequence[Operation], handlers: Mapping[str, Handler], *, together: bool) -> list[list[Operation]]:
    """Put together what goes in one call: the same kind, all of it sent or all of it asked about."""
    groups: dict[tuple[str, bool], list[list[Operation]]] = {}
    for operation in claimed:
        handler = handlers.get(operation.kind)
        most = handler.batch if handler is not None and together else 1
        batches = groups.setdefault((operation.kind, _asked(operation, handler)), [[]])
        if len(batches[-1]) >= most:
            batches.append([])
        batches[-1].append(operation)
    return [batch for batches in groups.values() for batch in batches if batch]


def _asked(operation: Operation, handler: Handler | None) -> bool:
    if operation.state is OperationState.REQUESTED:
        return True
    return handler is not None and handler.asks and operation.state is OperationState.IN_DOUBT


async def _batch(
    handlers: Mapping[str, Handler],
    batch: Sequence[Operation],
    house: House,
    lane: CallingLane,
    policy: OperationPolicy,
) -> Verdicts:
    env = house.env
    handler = handlers.get(batch[0].kind)
    if handler is None:
        text = f"the connector of {lane.connection} cannot do this any more ({batch[0].kind}); it waits until it can"
        now = env.now()
        return [(o, operation_outcome.without_handler(o.state, text, past(o), policy, now), to_ms(now)) for o in batch]
    if _asked(batch[0], handler):
        return await _ask(handler, batch, house, lane, policy)
    env.failpoint("operations.before_send")
    try:
        found = await handler.send(batch)
    except ConnectorError as error:
        if isinstance(error, Rejected | Unsupported):  # an answer about what was asked for, not about the connection
            lane.succeeded(1)
        else:
            lane.failed(error)
        if isinstance(error, Rejected) and len(batch) > 1:
            return await _one_by_one(handlers, batch, house, lane, policy)
        now = env.now()
        return [
            (o, _doubted(o, operation_outcome.of_failure(
                error, past(o), policy, now, env.random, asks=handler.asks), policy, now), to_ms(now))
            for o in batch
        ]  # fmt: skip
    env.failpoint("operations.after_send")
    lane.succeeded(1)
    now = env.now()
    return [
        (o, _doubted(o, operation_outcome.of_outcome(
            found.get(o.key), past(o), policy, now, env.random, asks=handler.asks), policy, now), to_ms(now))
        for o in batch
    ]  # fmt: skip


async def _one_by_one(
    handlers: Mapping[str, Handler],
    batch: Sequence[Operation],
    house: House,
    lane: CallingLane,
    policy: OperationPolicy,
) -> Verdicts:
    """Send what was refused together one by one, for as long as the connection may be called.

    Nobody knows what the refused batch left behind of those that are not sent again now: they are in doubt.
    """
    judged: Verdicts = []
    for operation in batch:
        if lane.may_call():
            judged += await _batch(handlers, [operation], house, lane, policy)
        else:
            now = house.env.now()
            judged.append((operation, operation_outcome.left_of_batch(past(operation), now), to_ms(now)))
    return judged


async def _ask(
    handler: Handler, batch: Sequence[Operation], house: House, lane: CallingLane, policy: OperationPolicy
) -> Verdicts:
    env = house.env
    try:
        found = await handler.ask(batch)
    except ConnectorError as error:
        lane.failed(error)
        now = env.now()
        return [
            (o, operation_outcome.not_asked(error, o.state, past(o), policy, now, env.random), to_ms(now))
            for o in batch
        ]
    lane.succeeded(1)
    now = env.now()
    return [
        (o, operation_outcome.of_asking(found.get(o.key), o.state, past(o), policy, now, env.random), to_ms(now))
        for o in batch
    ]


def _doubted(
    operation: Operation, verdict: OperationVerdict, policy: OperationPolicy, now: datetime
) -> OperationVerdict:
    if operation.state is OperationState.IN_DOUBT:
        return operation_outcome.still_in_doubt(verdict, policy, now)
    return verdict


def past(operation: Operation) -> Past:
    """Say what happened to an operation before."""
    first = None if operation.first_fault_at is None else from_ms(operation.first_fault_at)
    return Past(faults=operation.faults, first_fault_at=first, attempts=operation.attempts + 1)


def save_round(
    tx: Transaction, handlers: Mapping[str, Handler], run: int, verdicts: Verdicts, left: Sequence[Operation], now: int
) -> None:
    """Save how a round's operations ended, and give back those that were not begun."""
    save(tx, handlers, run, verdicts)
    operations.give_back(tx, run, left, now)


def save(tx: Transaction, handlers: Mapping[str, Handler], run: int, verdicts: Verdicts) -> None:
    """Save how operations ended, and let each kind's rows follow; what another run took over is left alone."""
    mine = operations.held(tx, run, [operation.id for operation, _, _ in verdicts])
    kept = [(operation, verdict, at) for operation, verdict, at in verdicts if operation.id in mine]
    operations.save(tx, run, [_ended(operation, verdict, at) for operation, verdict, at in kept])
    for operation, verdict, at in kept:
        handler = handlers.get(operation.kind)
        moment = from_ms(at)
        if handler is None:
            incidents.report(tx, _without(operation, verdict), f"operation:{operation.id}", at)
            continue
        if operation.error_kind == operation_outcome.NO_HANDLER:
            incidents.heal(tx, f"operation:{operation.id}", at, operation=operation.kind)
        if moment is not None and verdict.kind != operation_outcome.FAULT:
            handler.settled(tx, operation, verdict, moment)


def _without(operation: Operation, verdict: OperationVerdict) -> Trouble:
    return Trouble(
        cause=Cause.VALIDATION, connection=operation.connection, operation=operation.kind, code=operation_outcome.NO_HANDLER,
        text=verdict.text or "the connector cannot do this any more",
    )  # fmt: skip


def _ended(operation: Operation, verdict: OperationVerdict, at: int) -> Ended:
    return Ended(
        id=operation.id,
        state=verdict.state,
        at=at,
        next_at=None if verdict.next_at is None else to_ms(verdict.next_at),
        faults=verdict.faults,
        first_fault_at=None if verdict.first_fault_at is None else to_ms(verdict.first_fault_at),
        remote_id=verdict.remote_id,
        error_kind=verdict.kind,
        error_code=verdict.code,
        error_text=verdict.text,
    )
