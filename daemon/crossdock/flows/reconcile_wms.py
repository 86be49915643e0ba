"""The warehouse side of a reconciliation: what it holds under the keys of what we count as pushed, and what it holds beside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import msgspec
from msgspec import Struct

from crossdock.flows import doubled_documents, reconcile_changes, troubles
from crossdock.flows.catch_up import catch_up
from crossdock.flows.listing import Guard
from crossdock.flows.look_up import look_up
from crossdock.flows.reconcile_plan import Found, finding, keep
from crossdock.flows.troubles import order_subject
from crossdock.rules.keys import outbound_key
from crossdock.rules.mutability import RANK
from crossdock.rules.push_states import PushState, check_transition
from crossdock.rules.reconcile import ASKED, COUNTED, DOUBTFUL, Finding, OfWms, drift, of_wms
from crossdock.spec.orders import FetchMode, OrderStatus, Window
from crossdock.spec.outbound import OutboundRequest, Stage
from crossdock.store import amendments, counters, labels, pushes, sent_pushes, timeline
from crossdock.store.tasks import Item
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from crossdock.flows.house import House
    from crossdock.flows.reconcile_plan import Plan, Scope, Watch
    from crossdock.spec.documents import OutboundDoc
    from crossdock.spec.listing import Listing
    from crossdock.spec.outbound import RemoteOutbound
    from crossdock.store.pushes import Push
    from crossdock.store.sent_pushes import SentPush
    from crossdock.store.store import Transaction

ASK = 100
"""Pushes that are compared in one step."""
SPAN = 5_000
"""Push ids looked through in one step, from the newest down."""
MAX_PAGES = 10_000
OURS = "XD-"
"""How every key of ours begins (rules.keys)."""

_read_request = msgspec.json.Decoder(OutboundRequest).decode


class Wms(Protocol):
    """The part of a WMS connection that this flow calls."""

    @property
    def hooks(self) -> frozenset[str]:
        """The hooks the connector implements."""
        ...

    @property
    def lookup(self) -> int:
        """How many keys may be asked for in one call now."""
        ...

    async def find_outbound(self, keys: list[str]) -> dict[str, RemoteOutbound | None]:
        """Tell what the warehouse holds under each key."""
        ...

    async def fetch_outbound(self, window: Window, cursor: str | None, limit: int) -> Listing[OutboundDoc]:
        """Return one page of outbound documents."""
        ...


class Asked(Struct, frozen=True, kw_only=True):
    """A warehouse's connection that is compared; `quiet` and `page` as reconcile.Sides says."""

    name: str
    wms: Wms
    quiet: timedelta
    page: int


async def compare(asked: Asked, house: House, scope: Scope, plan: Plan, going: Watch) -> None:
    """Ask the warehouse about every key of the span, and list what it holds where it can. Raises ConnectorError."""
    name, wms = asked.name, asked.wms
    upper = await house.store.read(counters.current, "pushes") + 1
    while upper > 0 and going() and not plan.cut:
        since = to_ms(house.env.now() - timedelta(days=scope.days))
        counted, over = await house.store.read(sent_pushes.below, name, scope.warehouse, ASKED, upper, SPAN, since)
        for start in range(0, len(counted), ASK):
            if not going() or plan.cut:
                return
            part = counted[start : start + ASK]
            held = await look_up(wms, [each.push.key or "" for each in part])
            found = await house.store.read(_judged, name, part, held, house.env.now() - asked.quiet)
            plan.compared += len(part)
            await plan.add(house, scope, found)
        upper = 0 if over else upper - SPAN
    if "fetch_outbound" in wms.hooks and scope.warehouse is None:
        await _beside(asked, house, scope, plan, going)


def _judged(
    tx: Transaction, name: str, part: Sequence[SentPush], held: Mapping[str, RemoteOutbound | None], settled: datetime
) -> list[Found]:
    found = []
    records = amendments.of_pushes(tx, [each.push.id for each in part])
    for each in part:
        remote = held.get(each.push.key or "")
        body = None
        if remote is not None and remote.content is not None:
            known = records.get(each.push.id)
            body = (None if known is None else known.base) or pushes.body(tx, each.push.id)
        ours = OfWms(
            state=each.push.state,
            quiet=(each.push.settled_at or 0) <= to_ms(settled),
            held=each.push.run_id is not None or (each.push.state not in COUNTED and each.push.next_at is not None),
            cancelled=each.status == OrderStatus.CANCELLED,
            sent=None if body is None else _read_request(body),
            found=remote,
        )
        kind = of_wms(ours)
        if kind is Finding.DRIFTED and reconcile_changes.was_repaired(tx, each.push.id, ours.sent):
            kind = of_wms(msgspec.structs.replace(ours, repaired=True))
        if kind is not None:
            found.append(_found(kind, name, each, ours))
    return found


def _found(kind: Finding, name: str, each: SentPush, ours: OfWms) -> Found:
    key = each.push.key or ""
    about = key
    if kind in (Finding.DRIFTED, Finding.DRIFTED_AGAIN):
        about = drift(ours)
    elif kind is Finding.CANCELLED_THERE and ours.found is not None:
        about = ours.found.remote_id or key
    subject = order_subject(each.push.order_id)
    return finding(kind, name, each.ref, subject, about, push_id=each.push.id, key=key)


async def _beside(asked: Asked, house: House, scope: Scope, plan: Plan, going: Watch) -> None:
    """List what the warehouse holds: documents of others are counted, keys of ours that nothing belongs to are findings."""
    name, since = asked.name, house.env.now() - timedelta(days=scope.days)
    guard, cursor, seen = Guard(MAX_PAGES), None, set[int]()
    while going() and not plan.cut:
        page = await asked.wms.fetch_outbound(Window(mode=FetchMode.SWEEP, created_since=since), cursor, asked.page)
        guard.check(name, len(page.items), page.next_cursor, hash(msgspec.json.encode(page.items)))
        ours = [doc for doc in page.items if (doc.outbound_key or "").startswith(OURS)]
        plan.foreign += len(page.items) - len(ours)
        unknown = await house.store.read(_unknown, ours)
        made = [
            finding(Finding.UNKNOWN_THERE, name, doc.ref, f"document:{name}:{doc.ref}", doc.number or doc.ref)
            for doc in unknown
        ]
        doubled = await house.store.read(doubled_documents.among, name, ours)
        made += [
            finding(Finding.DOUBLED_THERE, name, ref, order_subject(order_id), said)
            for ref, (order_id, said) in sorted(doubled.items())
            if order_id not in seen
        ]
        seen |= {order_id for order_id, _ in doubled.values()}  # its documents may stand on several pages
        await plan.add(house, scope, made)
        cursor = page.next_cursor
        if cursor is None:
            return


def _unknown(tx: Transaction, documents: Sequence[OutboundDoc]) -> list[OutboundDoc]:
    """Return the documents whose key belongs to no push of ours, of this generation or an earlier one."""
    known = sent_pushes.known_keys(tx, [document.outbound_key or "" for document in documents])
    return [doc for doc in documents if doc.outbound_key not in known and not _of_earlier(tx, doc)]


def _of_earlier(tx: Transaction, document: OutboundDoc) -> bool:
    """A new generation took the place of the key; the earlier ones are computed again."""
    if document.order_ref is None:
        return False
    return any(
        document.outbound_key == outbound_key(made.oms, document.order_ref, made.warehouse, made.group_no, number)
        for made in sent_pushes.generations(tx, document.order_ref)
        for number in range(1, made.generation + 1)
    )


async def mend(
    name: str, wms: Wms, house: House, found: Sequence[Found], task_id: int, reports: Callable[[str], bool]
) -> int:
    """Ask once more, then mend each by its finding; return how many were. Raises ConnectorError."""
    mended = 0
    for start in range(0, len(found), ASK):
        part = found[start : start + ASK]
        held = await look_up(wms, [each.key for each in part])
        mending = Mending(name=name, held=held, reports=reports, house=house, now=house.env.now())
        mended += await house.store.write(_mended, mending, part, task_id)
    return mended


@dataclass(frozen=True, kw_only=True)
class Mending:
    """What a unit of work that mends rests on: the warehouse's newest answers, who wants reports, the time."""

    name: str
    held: Mapping[str, RemoteOutbound | None]
    reports: Callable[[str], bool]
    house: House
    now: datetime


def _mended(tx: Transaction, mending: Mending, part: Sequence[Found], task_id: int) -> int:
    current = {push.id: push for push in pushes.by_ids(tx, [each.push_id for each in part if each.push_id is not None])}
    items = []
    for each in part:
        push = current.get(each.push_id or 0)
        if push is None or push.run_id is not None or push.key != each.key:
            items.append(Item(each.ref, "left", "it is being dealt with already"))
            continue
        text = _mend_one(tx, mending, each, push)
        other = f"{mending.name} answered differently when it was asked again"
        items.append(Item(each.ref, "left", other) if text is None else Item(each.ref, "mended", text))
    keep(tx, task_id, items)
    return sum(1 for item in items if item.result == "mended")


def _mend_one(tx: Transaction, mending: Mending, each: Found, push: Push) -> str | None:
    """Do what a finding asks for, if it is still so; return the sentence about it, None if it is not."""
    remote, now = mending.held.get(each.key), mending.now
    match each.finding:
        case Finding.MISSING_THERE if remote is None and push.state in DOUBTFUL:
            _doubt(tx, mending.name, push, each.text, now)
            return "it is in doubt now, and waits for a person: `crossdock settle`"
        case Finding.ARRIVED if remote is not None and push.state in _UNSURE:
            _arrived(tx, push, remote, now, report=mending.reports(push.oms))
            if remote.stage is Stage.CANCELLED:
                return reconcile_changes.follow_cancelled(tx, push, remote, now)
            return f"it counts as pushed now, as {remote.remote_id or push.key}"
        case Finding.CANCELLED_THERE if (
            remote is not None and remote.stage is Stage.CANCELLED and push.state in COUNTED
        ):
            return reconcile_changes.follow_cancelled(tx, push, remote, now)
        case Finding.DRIFTED if remote is not None and remote.content is not None and push.state in DOUBTFUL:
            return reconcile_changes.amend_drifted(tx, push, remote, mending.house, now)
        case _:
            return None


_UNSURE = ASKED - COUNTED


def _doubt(tx: Transaction, name: str, push: Push, text: str, now: datetime) -> None:
    before, at = push.state, to_ms(now)
    check_transition(before, PushState.IN_DOUBT)
    push.state, push.unsettled, push.settled_at = PushState.IN_DOUBT, 1, at
    push.needs_person, push.doubted, push.stage = True, True, None
    push.next_at = push.report_at = push.again_at = None
    push.error_kind, push.error_code = "Missing", "missing_there"
    push.error_text = f"{name} has nothing under its key any more, although it had accepted it"
    record = amendments.load(tx, push.id)
    push.changed = push.changed or record.base is not None
    if pushes.decided(tx, push, before):
        if (
            record.base is not None
        ):  # should it be sent again, it goes as it was sent first, and is told again what changed
            amendments.save(tx, msgspec.structs.replace(record, base=None, base_revision=0))
        timeline.add(tx, [timeline.Moment(push.order_id, at, "missing_there", "", text)])
        troubles.note(tx, push, at)


def _arrived(tx: Transaction, push: Push, remote: RemoteOutbound, now: datetime, *, report: bool) -> None:
    before, at = push.state, to_ms(now)
    check_transition(before, PushState.PUSHED)
    push.state, push.unsettled, push.settled_at = PushState.PUSHED, None, at
    push.remote_id, push.needs_person, push.next_at = remote.remote_id or None, False, None
    push.again_at = at if push.changed or push.cancel_wanted else None
    if remote.stage is not None and remote.stage is not Stage.CANCELLED:
        push.stage = max(push.stage or 0, RANK[remote.stage])
    push.report_at = at if report else None
    push.error_kind = push.error_code = push.error_text = None
    if pushes.decided(tx, push, before):
        labels.pushed(tx, [(at, push.order_id)])
        text = f"a reconciliation found it in the warehouse as {remote.remote_id or push.key}"
        timeline.add(tx, [timeline.Moment(push.order_id, at, "found_there", "", text)])
        troubles.note(tx, push, at)
        catch_up(tx, [push.order_id], now)
