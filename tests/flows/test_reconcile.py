"""A comparison with a warehouse in process: drift and cancellations go to the part that decides about them, and stay found once."""

from __future__ import annotations

import zlib
from datetime import timedelta
from types import MappingProxyType

import msgspec
import pytest
from tests.flows.depot import Depot
from tests.flows.test_shipping import document

from crossdock.flows.decide_by_hand import Verdict
from crossdock.flows.documents import absorb
from crossdock.flows.post_documents import Desk
from crossdock.flows.reconcile import Ordered, Sides, reconcile
from crossdock.flows.release_incident import release_page
from crossdock.flows.settle_by_hand import Settlement, settle_by_hand
from crossdock.rules.mutability import Abilities
from crossdock.rules.posting import Targets
from crossdock.rules.push_states import PushState
from crossdock.rules.reconcile import Brake
from crossdock.spec.errors import UnknownOutcome
from crossdock.spec.listing import Listing
from crossdock.spec.orders import OrderStatus
from crossdock.spec.outbound import Stage
from crossdock.store import incidents, operations, reconciled, tasks
from crossdock.store.audit import By
from crossdock.store.tasks import TaskState
from crossdock.store.times import to_ms

ANN = By(actor="ann", action="incident.release", object="x")


class Comparing(Depot):
    """A depot that is compared with what is held here."""

    hooks = frozenset({"find_outbound"})
    off, closed, page = frozenset(), MappingProxyType({}), 200

    async def compare(self, **asked):
        """Reconcile; return the findings and what was done, as (ref, result) in their order."""
        house = self.bench.house
        self.wms.hooks = self.hooks
        self.wms.fetch_outbound, self.limits = self.fetch_outbound, []
        number = await house.store.write(reconciled.ask, "{}", to_ms(house.env.now()), origin="person")
        task = await house.store.read(tasks.get, number)
        sides = Sides(
            omses={}, wmses={} if "wms" in {*self.off, *self.closed} else {"wms": self.wms}, off=self.off, missing=self.closed,
            pages={"wms": self.page}, quiet={"wms": timedelta(seconds=60)}, may_call=lambda _: True,
            called=lambda *_: None, reports=lambda _: False,
        )  # fmt: skip
        ended = await reconcile(task, Ordered(**asked), sides, house, Brake(), lambda: True)
        assert ended.done
        self.task = await house.store.read(tasks.get, task.id)
        items = await house.store.read(tasks.items, task.id, 0, 100)
        return [(each.ref, each.result) for _, each in items]

    async def fetch_outbound(self, _window, cursor, limit):
        self.limits.append(limit)
        at = int(cursor or 0)
        more = str(at + 1) if at + 1 < len(self.wms.pages) else None
        return Listing(items=tuple(self.wms.pages[at]), next_cursor=more)

    def wait(self):
        self.bench.env.time += timedelta(minutes=5)

    async def tamper(self, **changes):
        """Somebody changes the document in the warehouse."""
        key = (await self.bench.row("1")).key
        content = msgspec.structs.replace(self.wms.changes.content(key), **changes)
        self.wms.changes._contents[key] = zlib.compress(msgspec.json.encode(content), 1)

    async def lose(self):
        books = self.wms.books
        for held in books.by_order.pop("1"):
            books.documents.remove(held)
            books.by_key[held.key].remove(held)


@pytest.fixture
async def there(bench, kit):
    """Order 1 is at its warehouse, which has begun with nothing."""
    made = Comparing(bench, kit)
    await made.push(kit.order("1", recipient=made.moved("1 Road")))
    made.wait()
    return made


@pytest.mark.behaviour("P6")
async def test_what_is_as_it_was_confirmed_is_no_finding(there, kit):
    assert await there.compare() == []
    await there.bench.absorb(kit.order("1", recipient=there.moved("2 Road")))
    assert await there.compare() == []  # an update is on its way
    await there.operate()
    assert await there.compare() == []


@pytest.mark.behaviour("P6", "R17")
async def test_a_document_that_somebody_changed_in_the_warehouse_is_told_again_what_the_order_says(there):
    await there.tamper(buyer_note="changed by hand")
    assert await there.compare(dry_run=True) == [("1", "drifted")]
    assert await there.state() is PushState.PUSHED
    assert await there.compare() == [("1", "drifted"), ("1", "mended")]
    assert await there.state() is PushState.UPDATE_PENDING
    await there.operate()
    assert ((await there.content()).buyer_note, await there.state()) == (None, PushState.ACCEPTED)
    assert await there.compare() == []
    assert await there.incidents() == []


@pytest.mark.behaviour("P6")
async def test_what_drifts_again_after_it_was_told_is_left_to_a_person_until_it_is_right(there):
    for _ in range(2):
        await there.tamper(buyer_note="changed by hand")
        found = await there.compare()
        await there.operate()
    assert found == [("1", "drifted_again")]
    assert await there.incidents() == [("reconcile", "drifted_again")]
    assert there.wms.calls.count("/v1/outbounds/update") == 1
    await there.tamper(buyer_note=None)
    assert await there.compare() == []
    assert await there.incidents() == []


@pytest.mark.behaviour("P6", "R17")
@pytest.mark.parametrize("stage", [Stage.PICKED, Stage.PACKED])
async def test_drift_that_the_stage_does_not_let_be_told_is_asked_of_a_person(there, stage):
    await there.move(stage)
    await there.tamper(lines=(msgspec.structs.replace((await there.content()).lines[0], quantity=9),))
    assert await there.compare() == [("1", "drifted"), ("1", "mended")]
    code = "ask" if stage is Stage.PICKED else "refused"
    assert (await there.state(), await there.incidents()) == (PushState.ACCEPTED, [("outbound_update", code)])
    assert (await there.bench.row("1")).changed
    assert await there.compare() == []  # it is known to differ, and asked about
    assert (await there.choose(Verdict.KEEP)).done
    assert (await there.incidents(), await there.compare()) == ([], [])


async def test_a_warehouse_that_takes_no_changes_leaves_drift_to_a_person_and_a_correction_there_closes_it(bench, kit):
    made = Comparing(bench, kit, abilities=Abilities(can_find=True))
    await made.push(kit.order("1"))
    made.wait()
    await made.tamper(buyer_note="changed by hand")
    assert await made.compare() == [("1", "drifted"), ("1", "mended")]
    assert await made.incidents() == [("outbound_update", "ask")]
    await made.tamper(buyer_note=None)
    assert await made.compare() == [("1", "drifted"), ("1", "mended")]
    assert (await made.incidents(), await made.compare()) == ([], [])


@pytest.mark.behaviour("P6")
async def test_a_document_cancelled_behind_our_back_waits_for_a_person_and_goes_again_only_by_choice(there, kit):
    await there.move(Stage.CANCELLED)
    assert await there.compare() == [("1", "cancelled_there"), ("1", "mended")]
    assert (await there.state(), await there.incidents()) == (PushState.REJECTED, [("outbound_document", "rejected")])
    assert await there.compare() == []
    assert (await there.choose(Verdict.AGAIN)).done
    await there.bench.push()
    assert (await there.state(), await there.incidents()) == (PushState.PUSHED, [])
    assert (await there.bench.row("1")).generation == 2


async def test_a_cancellation_that_was_refused_and_that_the_warehouse_carried_out_all_the_same_is_confirmed(there, kit):
    there.bench.house.books.abilities["wms"] = Abilities(can_find=True)
    await there.bench.absorb(kit.order("1", recipient=there.moved("1 Road"), status=OrderStatus.CANCELLED))
    assert await there.state() is PushState.CANCEL_REJECTED
    await there.move(Stage.CANCELLED)
    assert await there.compare() == [("1", "cancelled_there"), ("1", "mended")]
    assert (await there.state(), await there.incidents()) == (PushState.CANCELLED, [])


async def test_an_order_that_is_cancelled_after_its_warehouse_did_leaves_no_incident(there, kit):
    await there.move(Stage.CANCELLED)
    await there.compare()
    await there.bench.absorb(kit.order("1", recipient=there.moved("1 Road"), status=OrderStatus.CANCELLED))
    assert (await there.state(), await there.incidents()) == (PushState.CANCELLED, [])


@pytest.mark.behaviour("P6", "P4")
@pytest.mark.parametrize("begun", [False, True])
async def test_a_document_that_is_missing_is_in_doubt_and_goes_again_as_it_was_sent_first(there, kit, begun):
    if begun:  # it was updated since, so that its warehouse had told of it
        await there.bench.absorb(kit.order("1", recipient=there.moved("2 Road")))
        await there.operate()
        assert await there.state() is PushState.ACCEPTED
        there.wait()
    await there.lose()
    assert await there.compare() == [("1", "missing_there"), ("1", "mended")]
    assert (await there.state(), await there.incidents()) == (PushState.IN_DOUBT, [("push", "needs_person")])
    settled = await there.bench.store.write(_absent, there.bench.env.now())
    assert settled.done
    there.wms.changes._contents.clear()
    await there.bench.push()
    await there.bench.decide()
    await there.operate()
    place = (await there.content()).recipient.address.lines[0]
    assert (place, await there.incidents()) == ("2 Road" if begun else "1 Road", [])


def _absent(tx, now):
    return settle_by_hand(
        tx, "oms", "1", Settlement.ABSENT, remote_id=None, reason="it is not there", actor="ann", now=now
    )


async def test_what_is_missing_although_its_cancellation_was_refused_is_an_incident_and_stays_as_it_is(there, kit):
    there.bench.house.books.abilities["wms"] = Abilities(can_find=True)
    await there.bench.absorb(kit.order("1", recipient=there.moved("1 Road"), status=OrderStatus.CANCELLED))
    await there.lose()
    there.wait()
    assert await there.compare() == [("1", "vanished")]
    assert await there.state() is PushState.CANCEL_REJECTED
    assert ("reconcile", "vanished") in await there.incidents()
    (found,) = [each for each in await there.bench.store.read(incidents.page, 0, 50) if each.code == "vanished"]
    done = await there.bench.store.write(release_page, found.id, "", 10, ANN, there.bench.desk)
    assert [(each.done, "reconcile" in each.text) for each in done.answers] == [(False, True)]


async def test_repairs_are_written_with_who_asked_for_them(there):
    await there.tamper(buyer_note="changed by hand")
    await there.compare()
    row = await there.bench.row("1")
    (made,) = await there.bench.store.read(operations.of_entity, "outbound_update", row.id)
    assert made.actor == "reconcile"


@pytest.mark.behaviour("P6")
@pytest.mark.parametrize("pages", [1, 2])
async def test_documents_that_hold_more_than_was_ordered_are_found_and_are_one_incident(there, pages):
    there.hooks = frozenset({"find_outbound", "fetch_outbound"})
    key = (await there.bench.row("1")).key
    made = [msgspec.structs.replace(document(key, Stage.PENDING), ref=ref, number=f"N-{ref}") for ref in ("W1", "W2")]
    there.wms.pages = [made] if pages == 1 else [[made[0]], [made[1]]]
    if pages == 2:  # each stands alone on its page, beside what was taken in before
        desk = Desk(there.bench.house.books, Targets(takes={}), there.bench.env.now())
        await there.bench.store.write(absorb, "wms", made, desk)
    assert await there.compare(dry_run=True) == [("W1", "doubled_there")]
    assert [code for _, code in await there.incidents()] == (["doubled"] if pages == 2 else [])
    await there.compare()
    assert await there.incidents() == [("document doubled", "doubled")]
    await there.compare()
    assert await there.incidents() == [("document doubled", "doubled")]


async def test_a_push_in_doubt_that_its_warehouse_has_cancelled_waits_for_a_person(bench, kit):
    """It counted as pushed, and nobody shipped it."""
    made = Comparing(bench, kit)
    bench.idempotency, bench.can_find = "none", False
    made.wms.lost["/v1/outbounds"] = UnknownOutcome("the answer was lost")
    await made.push(kit.order("1"))
    assert await made.state() is PushState.IN_DOUBT
    await made.move(Stage.CANCELLED)
    made.wait()
    assert await made.compare() == [("1", "arrived"), ("1", "mended")]
    assert await made.state() is PushState.REJECTED
    assert await made.incidents() == [("outbound_document", "rejected")]


@pytest.mark.behaviour("P6")
async def test_incidents_of_a_connection_that_is_not_open_stay_and_it_is_named(there):
    for _ in range(2):
        await there.tamper(buyer_note="changed by hand")
        await there.compare()
        await there.operate()
    assert await there.incidents() == [("reconcile", "drifted_again")]
    there.closed = {"wms": "its plugin is not loaded"}
    assert await there.compare() == []
    assert (there.task.state, await there.incidents()) == (TaskState.PARTIAL, [("reconcile", "drifted_again")])
    assert there.task.outcome.startswith("NOT COMPARED: wms; ")
    assert there.task.error == "wms was not compared: its plugin is not loaded"
    there.closed, there.off = {}, frozenset({"wms"})
    await there.compare()
    assert await there.incidents() == [("reconcile", "drifted_again")]
    assert there.task.outcome.endswith("; wms is switched off and was left out")


async def test_what_somebody_switched_off_makes_no_run_look_bad(there):
    there.off = frozenset({"spare"})
    await there.compare()
    assert (there.task.state, there.task.error) == (TaskState.SUCCEEDED, None)
    assert there.task.outcome.endswith("nothing is wrong; 0 mended; spare is switched off and was left out")


async def test_no_page_is_asked_for_that_is_larger_than_the_connector_declares(there):
    there.hooks = frozenset({"find_outbound", "fetch_outbound"})
    there.wms.pages, there.page = [[], []], 5
    assert await there.compare() == []
    assert there.limits == [5, 5]


async def test_of_one_warehouse_only_its_own_connection_is_missed(there):
    there.closed = {"shop": "its plugin is not loaded"}
    await there.compare(warehouse="WH")
    assert there.task.state == TaskState.SUCCEEDED
    await there.compare()
    assert (there.task.state, there.task.outcome.startswith("NOT COMPARED: shop; ")) == (TaskState.PARTIAL, True)
