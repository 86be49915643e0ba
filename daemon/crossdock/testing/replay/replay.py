"""Replays a stream of real events through the real core, as fast as it goes, and judges what came of it."""

from __future__ import annotations

import json
import logging
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from crossdock.testing.replay.ledger import Ledger
from crossdock.testing.replay.verdict import Verdict, judge, quarantined, what_is_known
from crossdock.testing.replay.world import OMS, OwnFaults, World, YearLoop
from crossdock.testing.sandbox.stream import Event, StreamFeed
from crossdock.testing.simulation.clock import run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Options(Struct, frozen=True, kw_only=True):
    """What to replay, and against which faults; `seed` draws them. `say` gets a line now and then."""

    stream: Path
    faults: str = "flaky"
    seed: int = 1
    since: datetime | None = None
    until: datetime | None = None


class Outcome(Struct, frozen=True, kw_only=True):
    """What a replay came to. `feed` counts what became of events, `met` the faults of each connection."""

    verdict: Verdict
    quarantined: int
    settled: bool
    own_faults: list[str]
    feed: dict[str, int]
    met: dict[str, dict[str, int]]
    ended: dict[str, int]
    until: datetime
    seconds: float

    @property
    def good(self) -> bool:
        """Everything as it must be."""
        return self.verdict.good and self.settled and not self.own_faults and not self.quarantined


def replay(options: Options, say: Callable[[str], None] = lambda _: None) -> Outcome:
    """Replay a stream. Raises ValueError if no event lies in the span, OSError or msgspec.MsgspecError for no stream."""
    own = OwnFaults()
    logger = logging.getLogger("crossdock.engine")
    logger.addHandler(own)
    try:
        with tempfile.TemporaryDirectory(prefix="crossdock-replay-") as folder:
            return _replay(options, Path(folder) / "replay.db", own, say)
    finally:
        logger.removeHandler(own)


def _replay(options: Options, file: Path, own: OwnFaults, say: Callable[[str], None]) -> Outcome:
    started = time.monotonic()
    first = next(chosen(options), None)
    if first is None:
        raise ValueError(f"{options.stream} holds no event in the span that is to be replayed")
    loop = YearLoop()
    world = World(loop, first[0].created_at - timedelta(hours=1), file, options.faults, options.seed)
    ledger, feed = Ledger(), StreamFeed()

    async def all_of_it() -> Outcome:
        await world.start()
        for event, raw in chosen(options):
            await _until(world, event.created_at, say)
            ledger.apply(json.loads(raw))
            world.put(feed.apply(event))
        settled = await world.settle()
        until = world.env.now()
        known, aside = await world.store.read(what_is_known), await world.store.read(quarantined)
        await world.stop()
        return Outcome(
            verdict=judge(ledger, world.oms_books, world.books, known, world.changes, feed.unnamed),
            quarantined=aside, settled=settled, own_faults=own.seen, feed=dict(feed.counts),
            met={name: dict(faults.met) for name, faults in world.faults.items()},
            ended=dict(world.counting.ended), until=until, seconds=time.monotonic() - started,
        )  # fmt: skip

    return run(all_of_it(), loop)


async def _until(world: World, moment: datetime, say: Callable[[str], None]) -> None:
    """Let time pass until `moment`."""
    before = world.env.now()
    world.work()
    wait = (moment - before).total_seconds()
    if wait <= 0:
        return
    while (left := (moment - world.env.now()).total_seconds()) > 0:
        await world.env.sleep(min(left, 600))
        world.work()
    if (before.year, before.month) != (moment.year, moment.month):
        say(f"  {moment:%Y-%m}: {len(world.oms_books.orders)} orders so far, {pieces(world)}")


def pieces(world: World) -> str:
    """Say how many documents each warehouse holds."""
    return ", ".join(f"{name} holds {len(books.documents)}" for name, books in world.books.items())


def chosen(options: Options) -> Iterator[tuple[Event, bytes]]:
    """Yield the events of the span, each with its line as it is in the file."""
    decode = msgspec.json.Decoder(Event).decode
    with options.stream.open("rb") as file:
        for raw in file:
            event = decode(raw)
            if options.until is not None and event.created_at >= options.until:
                return
            if options.since is None or event.created_at >= options.since:
                yield event, raw


def told(outcome: Outcome) -> Iterator[str]:
    """Yield the report of a replay, its last line last."""
    verdict = outcome.verdict
    yield f"events: {_counts(outcome.feed)}"
    for name, met in outcome.met.items():
        yield f"faults met by {'the OMS' if name == OMS else name}: {_counts(met) or 'none'}"
    yield f"attempts ended: {_counts(outcome.ended)}"
    yield f"amended or reduced before the push, and pushed so: {verdict.amended_or_reduced_before_push}"
    yield f"after the push: {_counts(verdict.after_push)}"
    goods = outcome.feed["cancel_unnamed_goods"]
    yield (
        f"cancellations that name no order, each held by an incident: {verdict.unnamed_cancels} "
        f"({goods} of goods, {verdict.unnamed_cancels - goods} of postage, fees and discounts only)"
    )
    yield "not pushed, by reason:"
    for reason, count in verdict.ineligible.most_common():
        yield f"  {count:>6}  {reason}"
    yield f"quarantined: {outcome.quarantined}"
    if not outcome.settled:
        yield "something was still due three days after the last event"
    for text in outcome.own_faults[:20]:
        yield f"fault of our own: {text}"
    yield from verdict.complaints()
    yield f"virtual time until {outcome.until:%Y-%m-%d %H:%M} UTC, real time {outcome.seconds:.1f} s"
    yield verdict.line


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name}={counts[name]}" for name in sorted(counts))
