"""The judgement: the warehouses' own books and the daemon's store against what the stream says."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct, field

from crossdock.flows.decide import read_reasons
from crossdock.rules.push_states import AT_WAREHOUSE, PushState
from crossdock.spec.outbound import Stage
from crossdock.testing.replay.floor import AFTER
from crossdock.testing.replay.world import GIFT_MINUTES, RULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from crossdock.store.store import Transaction
    from crossdock.testing.replay.ledger import Entry, Goods, Ledger, Version
    from crossdock.testing.sandbox.oms_books import OmsBooks
    from crossdock.testing.sandbox.wms_books import Document, WmsBooks
    from crossdock.testing.sandbox.wms_changes import Changes

SHOWN = 20
PATIENCE = timedelta(hours=6)
"""An order that could be shipped for so long after its gift gate opened, and is not at its warehouse, is lost."""
WINDOW = timedelta(days=30)


SLACK = timedelta(hours=1)
"""A change that the OMS showed so long before the warehouse began to pick must have arrived there."""


class Known(Struct, frozen=True):
    """What the daemon knows of an order's push; `differences` are the paths that its timeline says were changed.

    `asked`: an incident holds the order, so that a person is asked.
    """

    state: PushState
    changed: bool
    warehouse: str | None
    why: str
    differences: frozenset[str]
    asked: bool = False


class Verdict(Struct):
    """The figures, and a sentence for each thing that is not as it must be."""

    orders: int = 0
    pushed: int = 0
    changed_after_push: int = 0
    amended_or_reduced_before_push: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    ineligible: Counter[str] = field(default_factory=Counter)
    after_push: Counter[str] = field(default_factory=Counter)
    unnamed_cancels: int = 0

    @property
    def line(self) -> str:
        """The replay's last line."""
        return (
            f"replay: orders={self.orders} pushed={self.pushed} ineligible={self.ineligible.total()} "
            f"changed_after_push={self.changed_after_push} lost={len(self.lost)} doubled={len(self.doubled)} "
            f"wrong={len(self.wrong)}"
        )

    @property
    def good(self) -> bool:
        """Nothing lost, doubled or wrong, and no order without an account."""
        accounted = self.pushed + self.ineligible.total() == self.orders
        return accounted and not (self.lost or self.doubled or self.wrong)

    def complaints(self) -> Iterable[str]:
        """Yield what is wrong, a few of each kind."""
        for name in ("lost", "doubled", "wrong"):
            for text in getattr(self, name)[:SHOWN]:
                yield f"{name}: {text}"


def judge(
    ledger: Ledger,
    oms: OmsBooks,
    books: Mapping[str, WmsBooks],
    known: Mapping[str, Known],
    changes: Mapping[str, Changes],
    unnamed: Iterable[str] = (),
) -> Verdict:
    """Judge every order of the stream, every document of the warehouses, and the cancels that name no order."""
    verdict = Verdict(orders=len(ledger.orders))
    documents: dict[str, list[Document]] = {}
    for warehouse in books.values():
        for ref, made in warehouse.by_order.items():
            documents.setdefault(ref, []).extend(made)
    verdict.wrong += [
        f"{ref}: a warehouse holds it, the stream does not" for ref in documents if ref not in ledger.orders
    ]
    for ref, entry in ledger.orders.items():
        _same_as_the_oms(verdict, ref, entry, oms)
        made = documents.get(ref, [])
        live = [d for d in made if changes[d.warehouse].state(d.key).stage is not Stage.CANCELLED]
        if len(live) > 1 or len({d.key for d in made}) < len(made):
            verdict.doubled.append(f"{ref}: {', '.join(d.key for d in made)}")
        if ref not in known:
            verdict.lost.append(f"{ref}: the daemon does not know it")
        elif made:
            verdict.pushed += 1
            _pushed(verdict, ref, entry, made[-1], known[ref], changes[made[-1].warehouse])
            _reported(verdict, ref, oms, cancelled=not live)
        else:
            _not_pushed(verdict, ref, entry, known[ref])
    _unnamed(verdict, unnamed, known)
    return verdict


def _unnamed(verdict: Verdict, unnamed: Iterable[str], known: Mapping[str, Known]) -> None:
    """A cancel that names no order is an incident's, never a guess."""
    for ref in unnamed:
        verdict.unnamed_cancels += 1
        if ref not in known or not known[ref].asked:
            verdict.wrong.append(f"{ref}: a cancellation that names no order, and no incident holds it")


def _same_as_the_oms(verdict: Verdict, ref: str, entry: Entry, oms: OmsBooks) -> None:
    """The sandbox OMS and the plain reading of the stream must agree about how the order is in the end."""
    order = oms.order(ref)
    shown = None if order is None else tuple((n.line_no, n.sku, n.quantity) for n in order.lines if n.kind == "goods")
    if order is None or shown != entry.last.goods or (order.status == "cancelled") != entry.last.cancelled:
        verdict.wrong.append(f"{ref}: the OMS shows {shown}, the stream says {entry.last}")


def _pushed(verdict: Verdict, ref: str, entry: Entry, document: Document, known: Known, changes: Changes) -> None:
    """A document must hold what the OMS showed at some moment before, and the difference to now must be known."""
    sent = tuple((line.line_no, line.sku, line.quantity) for line in document.lines)
    shown = [version for version in entry.versions if version.at <= document.at]
    if not any(version.shippable and version.goods == sent for version in shown):
        verdict.wrong.append(f"{ref}: {document.warehouse} got lines that the OMS never showed until {document.at}")
    elif document.at > entry.created_at + WINDOW:
        verdict.wrong.append(f"{ref}: pushed at {document.at}, more than 30 days after {entry.created_at}")
    if document.warehouse != warehouse_of(entry.country) or known.warehouse != document.warehouse:
        verdict.wrong.append(f"{ref}: {document.warehouse} got it, the country is {entry.country!r}")
    if known.state not in AT_WAREHOUSE and known.state is not PushState.CANCELLED:
        verdict.wrong.append(f"{ref}: {document.warehouse} holds it, the daemon says {known.state.name}")
    if sent != entry.versions[0].goods and len(entry.versions) > 1:
        verdict.amended_or_reduced_before_push += 1
    last = entry.last
    if last.cancelled or last.goods != sent:
        verdict.changed_after_push += 1
        _told(verdict, ref, last, sent, known)
    _in_step(verdict, ref, last, document, known, changes)


def _told(verdict: Verdict, ref: str, last: Version, sent: Goods, known: Known) -> None:
    """What differs in the end from what was sent stands in the order's timeline; a cancellation in its state."""
    if last.cancelled:
        return
    before, after = {line[0]: line for line in sent}, {line[0]: line for line in last.goods}
    numbers = {number for number in before | after if before.get(number) != after.get(number)}
    missing = {f"lines[{number}]" for number in numbers} - known.differences
    if missing:
        verdict.wrong.append(f"{ref}: its timeline does not tell that {sorted(missing)[:3]} changed after the push")


def _in_step(verdict: Verdict, ref: str, last: Version, document: Document, known: Known, changes: Changes) -> None:
    """In the end the warehouse has what the order says, wherever its stage allowed that; where not, a person is asked."""
    state, content = changes.state(document.key), changes.content(document.key)
    holds = () if content is None else tuple((line.line_no, line.sku, line.quantity) for line in content.lines)
    same = (
        state.stage is Stage.CANCELLED if last.cancelled else holds == last.goods and state.stage is not Stage.CANCELLED
    )
    asked = known.changed or known.state is PushState.CANCEL_REJECTED
    what = "cancel" if last.cancelled else "change" if last.goods != _goods(document) else "nothing"
    verdict.after_push[f"{what}_{'done' if same else 'refused'}"] += 1
    if same and asked:
        verdict.wrong.append(f"{ref}: a person is asked about it ({known.state.name}), and it is as its order says")
    if same or not asked:
        if not same:
            verdict.wrong.append(
                f"{ref}: the warehouse has {holds} ({state.stage}), the order says {last}; nobody is asked"
            )
        return
    if not known.asked:
        verdict.wrong.append(
            f"{ref}: it changed after its push, was not brought to the warehouse, and no incident holds it"
        )
    if last.at + SLACK < document.at + AFTER[Stage.PICKING]:
        verdict.wrong.append(
            f"{ref}: it changed at {last.at}, long before it was picked, and the change did not arrive"
        )


def _goods(document: Document) -> Goods:
    return tuple((line.line_no, line.sku, line.quantity) for line in document.lines)


def _reported(verdict: Verdict, ref: str, oms: OmsBooks, *, cancelled: bool) -> None:
    told = {status: sum((ref, status, n) in oms.reports for n in range(1, 50)) for status in ("pushed", "cancelled")}
    if told["pushed"] < 1 and not cancelled:
        verdict.wrong.append(f"{ref}: pushed, and the OMS was told so in {told['pushed']} different reports")
    if bool(told["cancelled"]) and not cancelled:
        verdict.wrong.append(f"{ref}: the OMS was told that it is cancelled, and the warehouse ships it")
    if cancelled and not told["cancelled"]:
        verdict.wrong.append(f"{ref}: the warehouse cancelled it, and the OMS was not told")


def _not_pushed(verdict: Verdict, ref: str, entry: Entry, known: Known) -> None:
    """An order that no warehouse holds must have been impossible to ship, for the reason that the daemon gives."""
    if (since := _long_shippable(entry)) is not None:
        verdict.lost.append(
            f"{ref}: it could be shipped from {since} on; the daemon says {known.state.name} {known.why}"
        )
        return
    codes = {clause.code for clause in read_reasons(known.why)}
    if known.state is PushState.CANCELLED:
        codes.add("status")
    reason = entry.last.reason
    if entry.last.shippable or reason not in codes:
        verdict.wrong.append(
            f"{ref}: not pushed because of {entry.last}; the daemon says {known.state.name} {known.why}"
        )
    ever = any(version.shippable for version in entry.versions)
    verdict.ineligible[f"{reason}: cancelled before its push" if reason == "status" and ever else reason] += 1


def _long_shippable(entry: Entry) -> datetime | None:
    """Return when a span began in which the order could be shipped for longer than we have patience, if any."""
    opens = entry.created_at + timedelta(minutes=GIFT_MINUTES)
    ends = [version.at for version in entry.versions[1:]]
    for version, end in zip(entry.versions, [*ends, entry.versions[-1].at + WINDOW], strict=True):
        start = max(version.at, opens)
        if version.shippable and end - start > PATIENCE:
            return start
    return None


def warehouse_of(country: str) -> str:
    """Return the warehouse that the allocation rules name."""
    return next(code for _, countries, code in RULES if countries is None or country in countries)


def what_is_known(tx: Transaction) -> dict[str, Known]:
    """Read what the daemon knows of every order."""
    differences: dict[int, set[str]] = {}
    for order_id, detail in tx.rows("SELECT order_id, detail FROM timeline WHERE what = 'changed'"):
        paths = {change[1].split(".", 1)[0] for change in map(_values, msgspec.json.decode(detail))}
        differences.setdefault(order_id, set()).update(paths)
    sql = "SELECT o.ref, o.id, p.state, p.changed, p.warehouse, p.why FROM pushes p JOIN orders o ON o.id = p.order_id WHERE p.latest"
    held = {row[0] for row in tx.rows("SELECT subject FROM incident_refs")}
    return {
        ref: Known(
            PushState(state),
            bool(changed),
            warehouse,
            why,
            frozenset(differences.get(order_id, ())),
            f"order:{order_id}" in held,
        )
        for ref, order_id, state, changed, warehouse, why in tx.rows(sql)
    }


def _values(change: dict[str, str]) -> tuple[str, str]:
    return change["group"], change["path"]


def quarantined(tx: Transaction) -> int:
    """Count the records that could not be read."""
    return int(tx.one("SELECT COUNT(*) FROM quarantine")[0])
