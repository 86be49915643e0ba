"""What people may ask about incidents: look after one, keep it out of the news, let go on what it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from crossdock.flows.reconsider import Answer, Desk
from crossdock.flows.release_incident import Released, release_page
from crossdock.store import audit, incidents
from crossdock.store.times import from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from crossdock.engine.engine import Engine
    from crossdock.store.audit import By
    from crossdock.store.store import Transaction


class Elsewhere(Protocol):
    """What is asked of other parts of the engine."""

    async def resume(self, connection: str, actor: str) -> None:
        """Let a connection go on."""
        ...

    async def read_again(self, connection: str, refs: Sequence[str], actor: str) -> tuple[bool, str]:
        """Have records fetched again; return whether that is done, and the sentence about it."""
        ...


class IncidentRequests:
    """The engine's door for incidents. Answers are None where there is no such incident."""

    def __init__(self, engine: Engine, elsewhere: Elsewhere) -> None:
        self._engine, self._elsewhere = engine, elsewhere

    async def take(self, number: int, owner: str, by: By) -> bool:
        """Note who looks after an incident."""
        return await self._engine.store.write(_take, number, owner, by, to_ms(self._engine.env.now()))

    async def mute(self, number: int, until: datetime | None, by: By) -> bool:
        """Keep an incident out of status and its reasons until a time; None ends that."""
        at = None if until is None else to_ms(until)
        return await self._engine.store.write(_mute, number, at, by, to_ms(self._engine.env.now()))

    async def release(self, number: int, after: str, limit: int, by: By) -> Released | None:
        """Let go on a page of what an incident holds, one answer each."""
        engine = self._engine
        desk = Desk(engine.books, engine.house.read_order, engine.env.now())
        done = await engine.store.write(release_page, number, after, limit, by, desk)
        if done is None:
            return None
        engine.wake_pushes({answer.wake for answer in done.answers if answer.wake is not None})
        more = [*await self._records(done, by.actor), *await self._connections(done, by.actor)]
        return Released(answers=(*done.answers, *more), next=done.next)

    async def _records(self, done: Released, actor: str) -> list[Answer]:
        by_connection: dict[str, list[str]] = {}
        for connection, ref in done.records:
            by_connection.setdefault(connection, []).append(ref)
        answers = []
        for connection, refs in by_connection.items():
            asked, text = await self._elsewhere.read_again(connection, refs, actor)
            answers += [Answer(order=ref, done=asked, text=text) for ref in refs]
        return answers

    async def _connections(self, done: Released, actor: str) -> list[Answer]:
        for name in done.connections:
            if name in self._engine.links:
                await self._elsewhere.resume(name, actor)
        return [
            Answer(
                order=name,
                done=name in self._engine.links,
                text="it goes on" if name in self._engine.links else "it is not open",
            )
            for name in done.connections
        ]


def _take(tx: Transaction, number: int, owner: str, by: By, now: int) -> bool:
    before = incidents.get(tx, number)
    if before is None or not incidents.take(tx, number, owner=owner):
        return False
    audit.write(tx, by.entry(before=before.owner, after=owner), now)
    return True


def _mute(tx: Transaction, number: int, until: int | None, by: By, now: int) -> bool:
    before = incidents.get(tx, number)
    if before is None or not incidents.mute(tx, number, until):
        return False
    audit.write(tx, by.entry(before=_said(before.muted_until), after=_said(until)), now)
    return True


def _said(moment: int | None) -> str:
    at = from_ms(moment)
    return "" if at is None else at.isoformat()
