"""What people may ask of the engine; each answers at once, with what will happen or why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.engine import settle_by_two
from crossdock.engine.approvals import Approvals
from crossdock.engine.asking import Asked, Refused, Turn, queue_task
from crossdock.engine.cost_requests import CostRequests
from crossdock.engine.document_requests import DocumentRequests
from crossdock.engine.incident_requests import IncidentRequests
from crossdock.engine.label_requests import LabelRequests
from crossdock.engine.master_requests import MasterRequests
from crossdock.engine.offers import Offers
from crossdock.engine.package_requests import PackageRequests
from crossdock.engine.privacy_requests import PrivacyRequests
from crossdock.engine.push_lane import settle_time
from crossdock.engine.reconcile_requests import ReconcileRequests
from crossdock.engine.sync_requests import MAX_SYNC, SyncRequests
from crossdock.flows.reconsider import Answer, Barrier, Desk, hold, push_by_hand, release
from crossdock.flows.settle_by_hand import Settlement, probe_now, redrive, settle_by_hand
from crossdock.rules.connection_health import Status
from crossdock.store import audit, book, pushes, views
from crossdock.store.quarantine import made_up
from crossdock.store.tasks import TaskKind
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.engine.engine import Engine
    from crossdock.engine.settle_by_two import SettleAsked
    from crossdock.engine.sync_requests import AskedList
    from crossdock.spec.outbound import Stage
    from crossdock.store.approvals import Approval
    from crossdock.store.audit import By
    from crossdock.store.book import E, Entry
    from crossdock.store.store import Transaction
    from crossdock.store.views import Wanted

__all__ = ["MAX_SYNC", "Asked", "Refused", "Requests", "Turn"]


class Requests:
    """The engine's door for the control API. `actor` names who asks, for the timeline."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.privacy = PrivacyRequests(engine)
        self.approvals = Approvals(engine)
        self.approvals.learn(settle_by_two.ACTION, settle_by_two.carry_out(engine.wants_reports))
        self.labels = LabelRequests(engine)
        self.documents = DocumentRequests(engine)
        self.master = MasterRequests(engine)
        self.costs = CostRequests(engine, self.approvals)
        self.incidents = IncidentRequests(engine, self)
        self.reconciliation = ReconcileRequests(engine)
        self.packages = PackageRequests(engine)
        self._syncs = SyncRequests(engine)
        self.offers = Offers(engine)

    def _desk(self) -> Desk:
        engine = self._engine
        return Desk(engine.books, engine.house.read_order, engine.env.now())

    async def obtain(self, oms: str, warehouse: str, actor: str) -> Asked:
        """Fetch new orders and queue what a strategy of `warehouse` matches (the article, line 17)."""
        self._need_oms(oms)
        turn = Turn(f"obtain:{oms}:{warehouse}", f"new orders of {oms} were obtained for warehouse {warehouse}")
        return await self._queue(TaskKind.OBTAIN_NEW, oms, turn, actor, warehouse=warehouse, refs=())

    async def sync(self, oms: str, refs: Sequence[str], actor: str) -> Asked:
        """Fetch chosen orders again; one order has a limit of its own, a list those of its warehouses."""
        self._need_oms(oms)
        return await self._syncs.named(oms, refs, actor)

    async def sync_list(self, wanted: Wanted, stage: Stage | None, after: int | None, actor: str) -> AskedList:
        """Fetch every order of a tab or stage again, as tasks (the article, lines 21 and 28). `wanted.oms` is the OMS."""
        self._need_oms(wanted.oms or "")
        return await self._syncs.listed(wanted, stage, after, actor)

    async def read_again(self, connection: str, refs: Sequence[str], actor: str) -> tuple[bool, str]:
        """Have records fetched again that could not be read; return whether that is done, and the sentence about it."""
        named = [ref for ref in refs if not made_up(ref) and ref.splitlines() == [ref]]
        if connection not in self._engine.pulls or not named:
            return False, "it has no name under which it could be fetched; its next listing reads it again"
        asked = await self.sync(connection, named, actor)
        return asked.task_id is not None, asked.text

    def _need_oms(self, name: str) -> None:
        if name not in self._engine.pulls:
            known = ", ".join(sorted(self._engine.pulls)) or "none"
            raise Refused(f"there is no OMS connection '{name}' (known: {known})")

    async def _queue(
        self, kind: TaskKind, oms: str, turn: Turn, actor: str, *, warehouse: str | None, refs: Sequence[str]
    ) -> Asked:
        interval = int(self._engine.config.engine.min_interval_s * 1000)
        now = to_ms(self._engine.env.now())
        asked = await self._engine.store.write(queue_task, kind, oms, turn, actor, warehouse, refs, interval, now)
        self._engine.wake(f"pull:{oms}")
        return asked

    async def push(self, orders: Sequence[tuple[str, str]], actor: str) -> list[Answer]:
        """Push chosen orders by hand."""
        return self._woken(await self._engine.store.write(push_by_hand, orders, actor, self._desk()))

    async def hold(self, orders: Sequence[tuple[str, str]], reason: str, actor: str) -> list[Answer]:
        """Hold chosen orders."""
        return await self._engine.store.write(hold, orders, actor, reason, self._desk())

    async def release(self, orders: Sequence[tuple[str, str]], what: Barrier, actor: str) -> list[Answer]:
        """End the hold of chosen orders, or open their gift gate."""
        return self._woken(await self._engine.store.write(release, orders, what, actor, self._desk()))

    async def settle(
        self, oms: str, ref: str, settlement: Settlement, remote_id: str | None, reason: str, actor: str
    ) -> Answer:
        """Settle a push in doubt by hand."""
        answer = await self._engine.store.write(
            settle_by_hand, oms, ref, settlement, remote_id=remote_id, reason=reason, actor=actor,
            now=self._engine.env.now(), report=self._engine.wants_reports(oms),
        )  # fmt: skip
        return self._woken([answer])[0]

    async def propose_settle(self, asked: SettleAsked, actor: str, uid: int | None) -> Approval:
        """Have a second person approve that a push in doubt is settled. Raises Refused if it is not in doubt."""
        found = await self._engine.store.read(settle_by_two.in_doubt, asked)
        if isinstance(found, str):
            raise Refused(f"{asked.ref}: {found}")
        return await self.approvals.propose(settle_by_two.proposal(found), actor, uid)

    async def redrive(self, push_ids: Sequence[int], actor: str) -> list[Answer]:
        """Send failed pushes again."""
        return self._woken(await self._engine.store.write(redrive, push_ids, actor, self._engine.env.now()))

    async def probe(self, push_ids: Sequence[int]) -> list[Answer]:
        """Have warehouses asked now about pushes in doubt."""
        engine = self._engine
        quiet = {
            name: int(settle_time(link, engine.config.connections[name]).total_seconds() * 1000)
            for name, link in engine.links.items()
            if link.capabilities.idempotency != "key"  # there the same bytes are sent again, at any time
        }
        return self._woken(await engine.store.write(probe_now, push_ids, quiet, engine.env.now()))

    def _woken(self, answers: list[Answer]) -> list[Answer]:
        self._engine.wake_pushes({answer.wake for answer in answers if answer.wake is not None})
        return answers

    async def save_entry(self, entry: E, by: By | None = None) -> E:
        """Save a strategy, warehouse, allocation rule or mapping; every waiting order is decided again.

        `by` has it audited, in the same transaction.
        """
        saved = await self._engine.store.write(_save_entry, entry, by, to_ms(self._engine.env.now()))
        self._engine.wake("decide")
        return saved

    async def remove_entry(self, kind: type[Entry], name: str) -> bool:
        """Remove an entry; every waiting order is decided again."""
        removed = await self._engine.store.write(_remove_entry, kind, name, to_ms(self._engine.env.now()))
        self._engine.wake("decide")
        return removed

    async def pause(self, connection: str, reason: str, actor: str) -> None:
        """Leave a connection alone until somebody resumes it."""
        self._need_connection(connection)
        self._engine.keeper.pause(connection, actor, reason, self._engine.env.now())
        await self._engine.keeper.save()

    async def resume(self, connection: str, actor: str) -> None:  # noqa: ARG002 - who it was is kept by the audit
        """Let a connection go on. Raises Refused where only a restart can do that."""
        self._need_connection(connection)
        if self._engine.links[connection].stuck or self._engine.keeper.of(connection).status is Status.STUCK:
            raise Refused(
                f"the plugin of {connection} does not react any more, and nothing can be called through it; restart the "
                "daemon, then it goes on by itself"
            )
        self._engine.keeper.resume(connection, self._engine.env.now())
        await self._engine.keeper.save()
        self._engine.wake_connection(connection)

    def _need_connection(self, name: str) -> None:
        if name not in self._engine.links:
            raise Refused(f"there is no connection '{name}' (known: {', '.join(sorted(self._engine.links)) or 'none'})")


def _save_entry(tx: Transaction, entry: E, by: By | None, now: int) -> E:
    before = views.entry(tx, type(entry), book.name_of(entry))
    saved = book.save(tx, entry)
    pushes.decide_again(tx, now)
    if by is not None:
        audit.write(tx, by.entry(before=audit.hash_of(before), after=audit.hash_of(saved)), now)
    return saved


def _remove_entry(tx: Transaction, kind: type[Entry], name: str, now: int) -> bool:
    removed = book.remove(tx, kind, name)
    pushes.decide_again(tx, now)
    return removed
