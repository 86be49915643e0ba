"""The sandbox WMS after a document was created: its stage, what it says now, updates, cancellations, holds."""

from __future__ import annotations

import zlib
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from crossdock.spec.outbound import OutboundRequest, PushResult, PushStatus, RemoteOutbound, Stage
from crossdock.spec.outbound_changes import FieldGroup, OutboundCancel, OutboundHold, OutboundUpdate
from crossdock.testing.sandbox.bodies import OutboundUpdates, PushResults
from crossdock.testing.sandbox.call import Answer, Call, Refused, check_key, decode, ok
from crossdock.testing.sandbox.journal import Journal
from crossdock.testing.sandbox.server import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crossdock.testing.sandbox.wms_books import WmsBooks

MAX_BATCH = 50
ORDER = (Stage.PENDING, Stage.PICKING, Stage.PICKED, Stage.PACKED, Stage.OUTBOUND)
LAST: Mapping[FieldGroup, Stage] = {
    FieldGroup.LINES: Stage.PENDING,
    FieldGroup.RECIPIENT: Stage.PICKING,
    FieldGroup.LOGISTICS: Stage.PICKED,
    FieldGroup.NOTES: Stage.PACKED,
    FieldGroup.OTHER: Stage.PICKED,
}
"""The last stage at which this warehouse takes a change."""
CANCEL_UNTIL = Stage.PICKED


class State(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a document stands; what it says is kept apart. `asked`: a cancellation waits for the warehouse to decide.

    `changes` counts what happened to it, the last of it `at`.
    """

    stage: Stage = Stage.PENDING
    held: bool = False
    revision: int | None = None
    asked: bool = False
    updates: int = 0
    cancelled_at_stage: Stage | None = None
    changes: int = 0
    at: datetime | None = None


class Entry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one request changed. `content` is what a document says from now on, as its JSON."""

    key: str
    state: State
    content: bytes | None = None
    taken: tuple[str, PushResult] | None = None


class StageIn(Struct, frozen=True, forbid_unknown_fields=True):
    """A stage that a test moves a document to, by its key or its order; `if_live`: not one that is cancelled."""

    stage: Stage
    key: str | None = None
    order_ref: str | None = None
    if_live: bool = False


class Changes:
    """A Room. `asks_from`: from this stage on a cancellation is passed on to people, who decide behind /__sandbox.

    `heard` is told of the key of a document that changed, and where it stood before; `unseen` are the keys that changed
    since whoever lists documents emptied it.
    """

    def __init__(
        self,
        books: WmsBooks,
        path: str | None = None,
        asks_from: Stage | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.heard: Callable[[str, State], object] = lambda _key, _before: None
        self.unseen: set[str] = set()
        self._now = now
        self.asks_from = asks_from
        self.states: dict[str, State] = {}
        self.taken: dict[str, PushResult] = {}
        self.counts: Counter[str] = Counter()
        self._books = books
        self._contents: dict[str, bytes] = {}
        self._journal = Journal(path, Entry)
        for entry in self._journal.replay():
            self._apply(entry)

    @property
    def routes(self) -> Mapping[tuple[str, str], Callable[[Call], Answer]]:
        """What the contract has after the creation."""
        return {
            ("POST", "/v1/outbounds/update"): self._update,
            ("POST", "/v1/outbounds/cancel"): self._cancel,
            ("POST", "/v1/outbounds/hold"): self._hold,
        }

    @property
    def admin_routes(self) -> Mapping[tuple[str, str], Callable[[Call], Answer]]:
        """What the warehouse's own people do."""
        return {("POST", "/outbounds/stage"): self._move, ("GET", "/outbounds"): self._show}

    def subjects(self, call: Call) -> tuple[str, ...]:
        """Name the keys of the operations."""
        try:
            body: Any = msgspec.json.decode(call.body)
            items = body["items"] if call.path.endswith("update") else [body]
            return tuple(str(item["key"]) for item in items)
        except (msgspec.MsgspecError, KeyError, TypeError):
            return ()

    def close(self) -> None:
        """Let go of the file."""
        self._journal.close()

    def state(self, key: str) -> State:
        """Return where a document stands."""
        return self.states.get(key, State())

    def updated(self, key: str) -> bool:
        """Tell whether a document says something else than what it was made of."""
        return key in self._contents

    def content(self, key: str) -> OutboundRequest | None:
        """Return what a document says now."""
        kept = self._contents.get(key) or self._books.contents.get(key)
        return None if kept is None else msgspec.json.decode(zlib.decompress(kept), type=OutboundRequest)

    def shown(self, found: RemoteOutbound) -> RemoteOutbound:
        """Add to what is found under a key how far it is and what it says."""
        state, content = self.state(found.key), self.content(found.key)
        revision = found.revision if content is None else content.revision
        return replace(
            found, state=state.stage.value, stage=state.stage, held=state.held, revision=revision, content=content
        )

    def move(self, key: str, stage: Stage) -> None:
        """Have the warehouse's people take a document to a stage; one that is asked to be cancelled is decided by that."""
        state = self.state(key)
        if state.stage is Stage.CANCELLED and stage is Stage.OUTBOUND:
            self.counts["shipped_although_cancelled"] += 1
        before = state.stage if stage is Stage.CANCELLED else None
        self._keep(Entry(key=key, state=replace(state, stage=stage, asked=False, cancelled_at_stage=before)))

    def _update(self, call: Call) -> Answer:
        check_key(call)
        items = decode(call.body, OutboundUpdates, "a list of updates").items
        if not 1 <= len(items) <= MAX_BATCH:
            raise Refused(422, "batch_size", f"A batch holds 1 to {MAX_BATCH} items, this one {len(items)}")
        return ok(PushResults(results=tuple(self._once(item.key, self._updated, item) for item in items)))

    def _cancel(self, call: Call) -> Answer:
        check_key(call)
        item = decode(call.body, OutboundCancel, "a cancellation")
        return ok(self._once(item.key, self._cancelled, item))

    def _hold(self, call: Call) -> Answer:
        check_key(call)
        item = decode(call.body, OutboundHold, "a hold")
        return ok(self._once(item.key, self._held, item))

    def _once(self, key: str, do: Callable[[Any], tuple[PushResult, Entry | None]], item: Any) -> PushResult:
        """Do what has this key once; the answer to a repeat says so."""
        before = self.taken.get(key)
        if before is not None:
            self.counts["repeated"] += 1
            done = before.status is PushStatus.ACCEPTED
            return replace(before, status=PushStatus.DUPLICATE) if done else before
        result, entry = do(item)
        if entry is not None:
            self._keep(replace(entry, taken=(key, result)))
        return result

    def _updated(self, item: OutboundUpdate) -> tuple[PushResult, Entry | None]:
        key, outbound = item.key, item.request.key
        content = self.content(outbound)
        if content is None:
            return refused(key, "not_found", f"There is no document under {outbound}"), None
        state = self.state(outbound)
        late = [g.value for g in item.groups if too_late(state.stage, LAST.get(g, Stage.PENDING))]
        if late:
            self.counts["updates_too_late"] += 1
            return refused(
                key, "too_late", f"It is {state.stage.value}: {', '.join(late)} can be changed no more"
            ), None
        done = PushResult(key=key, status=PushStatus.ACCEPTED, remote_id=self._remote_id(outbound))
        if item.request.revision < content.revision:
            self.counts["updates_older"] += 1
            return replace(done, status=PushStatus.DUPLICATE), None
        changed = Entry(
            key=outbound, state=replace(state, revision=item.request.revision, updates=state.updates + 1),
            content=zlib.compress(msgspec.json.encode(item.request), 1),
        )  # fmt: skip
        self.counts["updates"] += 1
        return done, changed

    def _cancelled(self, item: OutboundCancel) -> tuple[PushResult, Entry | None]:
        key, outbound = item.key, item.outbound_key
        if self.content(outbound) is None:
            return refused(key, "not_found", f"There is no document under {outbound}"), None
        state = self.state(outbound)
        done = PushResult(key=key, status=PushStatus.ACCEPTED, remote_id=self._remote_id(outbound))
        if state.stage is Stage.CANCELLED:
            return replace(done, status=PushStatus.DUPLICATE), None
        if too_late(state.stage, CANCEL_UNTIL):
            self.counts["cancels_too_late"] += 1
            return refused(key, "too_late", f"It is {state.stage.value} and ships"), None
        if self.asks_from is not None and not before(state.stage, self.asks_from):
            asked = Entry(key=outbound, state=replace(state, asked=True))
            return replace(done, status=PushStatus.REQUESTED), asked
        self.counts["cancels"] += 1
        return done, Entry(key=outbound, state=replace(state, stage=Stage.CANCELLED, cancelled_at_stage=state.stage))

    def _held(self, item: OutboundHold) -> tuple[PushResult, Entry | None]:
        key, outbound = item.key, item.outbound_key
        if self.content(outbound) is None:
            return refused(key, "not_found", f"There is no document under {outbound}"), None
        state = self.state(outbound)
        if state.stage in (Stage.OUTBOUND, Stage.CANCELLED):
            return refused(key, "too_late", f"It is {state.stage.value}"), None
        done = PushResult(key=key, status=PushStatus.ACCEPTED, remote_id=self._remote_id(outbound))
        return done, Entry(key=outbound, state=replace(state, held=item.on))

    def _remote_id(self, outbound: str) -> str | None:
        documents = self._books.by_key.get(outbound)
        return documents[0].remote_id if documents else None

    def _move(self, call: Call) -> Answer:
        wanted = decode(call.body, StageIn, "a stage")
        documents = self._books.by_key.get(wanted.key or "") or self._books.by_order.get(wanted.order_ref or "")
        if not documents:
            raise Refused(404, "not_found", "No document has this key or order_ref")
        key = documents[-1].key
        if not (wanted.if_live and self.state(key).stage is Stage.CANCELLED):
            self.move(key, wanted.stage)
        return ok({"key": key, "stage": self.state(key).stage})

    def _show(self, call: Call) -> Answer:
        if "key" in call.query:
            key = call.query["key"]
            return ok({"state": self.state(key), "content": self.content(key)})
        stages = Counter(self.state(document.key).stage.value for document in self._books.documents)
        return ok({"stages": dict(stages), "counts": dict(self.counts)})

    def _keep(self, entry: Entry) -> None:
        former = self.state(entry.key)
        entry = replace(entry, state=replace(entry.state, changes=former.changes + 1, at=self._now()))
        self._apply(entry)
        self._journal.append(entry)
        self.heard(entry.key, former)

    def _apply(self, entry: Entry) -> None:
        self.states[entry.key] = entry.state
        self.unseen.add(entry.key)
        if entry.content is not None:
            self._contents[entry.key] = entry.content
        if entry.taken is not None:
            self.taken[entry.taken[0]] = entry.taken[1]


def before(stage: Stage, other: Stage) -> bool:
    """Tell whether a stage comes before another."""
    return ORDER.index(stage) < ORDER.index(other)


def too_late(stage: Stage, last: Stage) -> bool:
    """Tell whether a document is beyond the last stage at which something is still possible."""
    return stage is Stage.CANCELLED or before(last, stage)


def refused(key: str, code: str, message: str) -> PushResult:
    """A definite no for one item."""
    return PushResult(key=key, status=PushStatus.REJECTED, code=code, message=message)
