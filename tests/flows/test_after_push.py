"""What becomes of an order that its warehouse has: updates by stage, cancellations, people's decisions, documents followed."""

from __future__ import annotations

import msgspec
import pytest

from crossdock.env import Env
from crossdock.flows.decide_by_hand import Verdict, acknowledge, cancel_by_hand, decide_by_hand
from crossdock.flows.operations import carry_out
from crossdock.flows.outbound_changes import CancelHandler, HoldHandler, UpdateHandler
from crossdock.flows.reconsider import release
from crossdock.flows.report_push import report_pushes
from crossdock.rules.connection_health import Limits
from crossdock.rules.mutability import Abilities
from crossdock.rules.operation_outcome import OperationPolicy
from crossdock.rules.push_states import PushState
from crossdock.spec.errors import Retryable, UnknownOutcome
from crossdock.spec.orders import Address, OrderStatus, Recipient
from crossdock.spec.outbound import PushResult, RemoteOutbound, Stage
from crossdock.spec.outbound_changes import FieldGroup
from crossdock.store import amendments, audit, incidents, operations, orders
from crossdock.testing.sandbox.call import Call
from crossdock.testing.sandbox.wms import WmsCore
from crossdock.testing.sandbox.wms_books import WmsBooks
from crossdock.testing.sandbox.wms_changes import Changes

FULL = Abilities(can_update=True, can_cancel=True, can_hold=True, can_find=True, tells_stage=True)


class CoreWms:
    """The sandbox WMS without a wire; a failure of `failures` is raised instead of the answer, after the effect or before."""

    def __init__(self, env: Env, asks_from=None) -> None:
        self.books = WmsBooks(("1",))
        self.changes = Changes(self.books, asks_from=asks_from)
        self.core = WmsCore(self.books, env.now, (self.changes,))
        self.calls: list[str] = []
        self.lost: dict[str, Exception] = {}
        self.unsent: dict[str, Exception] = {}

    async def _post(self, path, body, kind):
        self.calls.append(path)
        if (failure := self.unsent.pop(path, None)) is not None:
            raise failure
        headers = {"idempotency-key": "k", "content-type": "application/json"}
        call = Call(method="POST", path=path, headers=headers, body=msgspec.json.encode(body))
        answer = self.core.answer(call)
        if (failure := self.lost.pop(path, None)) is not None:
            raise failure
        return msgspec.json.decode(answer.body, type=kind)

    async def push_outbound(self, items):
        found = await self._post("/v1/outbounds", {"items": items}, dict[str, list[PushResult]])
        return found["results"]

    async def find_outbound(self, keys):
        found = await self._post("/v1/outbounds/find", {"keys": keys}, dict[str, dict[str, RemoteOutbound | None]])
        return found["found"]

    async def update_outbound(self, items):
        found = await self._post("/v1/outbounds/update", {"items": items}, dict[str, list[PushResult]])
        return found["results"]

    async def cancel_outbound(self, item):
        return await self._post("/v1/outbounds/cancel", item, PushResult)

    async def hold_outbound(self, item):
        return await self._post("/v1/outbounds/hold", item, PushResult)


class Depot:
    """The bench with a warehouse that takes changes."""

    def __init__(self, bench, kit, abilities=FULL, asks_from=None) -> None:
        self.bench, self.kit, self.abilities = bench, kit, abilities
        self.wms = bench.wms = CoreWms(bench.env, asks_from)
        bench.house.books.abilities["wms"] = abilities

    async def push(self, *made):
        await self.bench.absorb(*made)
        await self.bench.push()

    async def operate(self):
        bench = self.bench
        handlers = {
            each.kind: each
            for each in (
                UpdateHandler(self.wms, bench.house, self.abilities, batch=10),
                CancelHandler(self.wms, bench.house, self.abilities, asks=self.abilities.tells_stage),
                HoldHandler(self.wms, bench.house, self.abilities),
            )
        }
        bench.runs += 1
        lane = self.kit.lane(bench.runs)
        policy = OperationPolicy(limits=Limits(), settle=self.kit.SETTLE)
        await carry_out(handlers, bench.house, lane, policy, 4)
        await bench.decide()
        return lane

    async def state(self, ref="1"):
        return (await self.bench.row(ref)).state

    async def content(self, ref="1"):
        return self.wms.changes.content((await self.bench.row(ref)).key)

    async def move(self, stage, ref="1"):
        self.wms.changes.move((await self.bench.row(ref)).key, stage)

    async def decisions(self, ref="1"):
        row = await self.bench.row(ref)
        record = await self.bench.store.read(amendments.load, row.id)
        return {each.path: each.move.value for each in record.decisions()}

    async def incidents(self, ref="1"):
        stored = await self.bench.stored(ref)
        found = await self.bench.store.read(incidents.of_subject, f"order:{stored.id}")
        return [(each.operation, each.code) for each in found]

    async def reports(self):
        await report_pushes("oms", self.bench.oms, self.bench.house)
        return [(each.order_ref, each.status) for each in self.bench.oms.reports]

    async def choose(self, verdict, ref="1"):
        (answer,) = await self.bench.store.write(
            decide_by_hand, [("oms", ref)], verdict, "as the customer says", "ann", self.bench.desk
        )
        return answer

    def moved(self, place="2 New Road"):
        return Recipient(name="Ann", address=Address(lines=(place,)))


@pytest.fixture
def depot(bench, kit):
    return Depot(bench, kit)


@pytest.mark.behaviour("R17", "R18", "R23")
async def test_what_changed_after_the_push_is_brought_to_the_warehouse_and_marked(depot, kit):
    await depot.push(kit.order("1"))
    await depot.bench.absorb(
        kit.order("1", recipient=depot.moved(), buyer_note="ring twice", lines=(kit.line(quantity=3),))
    )
    assert await depot.state() is PushState.UPDATE_PENDING
    await depot.operate()
    content = await depot.content()
    assert (content.recipient.address.lines, content.buyer_note, content.lines[0].quantity) == (
        ("2 New Road",),
        "ring twice",
        3,
    )
    row = await depot.bench.row("1")
    assert (row.state, row.changed, row.marked_updated, row.updated_revision) == (PushState.ACCEPTED, False, True, 2)
    assert await depot.decisions() == {}
    assert depot.wms.calls.count("/v1/outbounds/update") == 1


@pytest.mark.behaviour("R18")
@pytest.mark.parametrize("change", [
    {"tracking_number": "TH1"}, {"logistics": "Kerry"}, {"buyer_note": "b"}, {"seller_note": "s"}, {"total": "9.50", "currency": "THB"},
    {"recipient": Recipient(name="Bob")}, {"recipient": Recipient(address=Address(city="Bangkok"))},
])  # fmt: skip
async def test_each_group_of_fields_reaches_the_warehouse(depot, kit, change):
    from decimal import Decimal

    if "total" in change:
        change = {**change, "total": Decimal(change["total"])}
    await depot.push(kit.order("1"))
    await depot.bench.absorb(kit.order("1", **change))
    await depot.operate()
    content = await depot.content()
    assert {name: getattr(content, name) for name in change} == change


@pytest.mark.behaviour("R17")
async def test_an_order_that_says_the_same_again_is_not_sent_again(depot, kit):
    await depot.push(kit.order("1"))
    await depot.bench.absorb(kit.order("1", holds=("look",)))
    await depot.operate()
    assert "/v1/outbounds/update" not in depot.wms.calls
    assert await depot.state() is PushState.PUSHED


async def test_a_value_that_goes_there_and_back_and_there_again_arrives_each_time(depot, kit):
    await depot.push(kit.order("1"))
    for note in ("a", "b", "a", "b"):
        await depot.bench.absorb(kit.order("1", buyer_note=note))
        await depot.operate()
        assert (await depot.content()).buyer_note == note


async def test_a_newer_change_takes_the_place_of_one_that_was_not_sent(depot, kit):
    await depot.push(kit.order("1"))
    await depot.bench.absorb(kit.order("1", buyer_note="a"))
    await depot.bench.absorb(kit.order("1", buyer_note="b"))
    await depot.operate()
    assert depot.wms.calls.count("/v1/outbounds/update") == 1
    assert depot.wms.changes.state((await depot.bench.row("1")).key).updates == 1
    assert (await depot.content()).buyer_note == "b"


async def test_an_order_changed_back_before_anything_was_sent_is_left_alone(depot, kit):
    await depot.push(kit.order("1"))
    await depot.bench.absorb(kit.order("1", buyer_note="a"))
    await depot.bench.absorb(kit.order("1"))
    await depot.operate()
    assert await depot.state() is PushState.PUSHED
    assert "/v1/outbounds/update" not in depot.wms.calls


@pytest.mark.behaviour("P4")
async def test_an_update_whose_answer_was_lost_is_sent_again_under_its_key_and_counts_once(depot, kit):
    await depot.push(kit.order("1"))
    await depot.bench.absorb(kit.order("1", buyer_note="a"))
    depot.wms.lost["/v1/outbounds/update"] = UnknownOutcome("lost")
    await depot.operate()
    await depot.bench.absorb(kit.order("1", buyer_note="b"))  # meanwhile it changes again
    assert await depot.state() is PushState.UPDATE_PENDING
    depot.bench.later(minutes=5)
    await depot.operate()
    await depot.operate()
    key = (await depot.bench.row("1")).key
    assert depot.wms.changes.state(key).updates == 2
    assert (await depot.content()).buyer_note == "b"


@pytest.mark.behaviour("R17")
async def test_lines_that_change_while_it_is_picked_are_held_and_a_person_asked(depot, kit):
    await depot.push(kit.order("1"))
    await depot.move(Stage.PICKING)
    await depot.bench.absorb(kit.order("1", buyer_note="n", lines=(kit.line(quantity=3),)))
    await depot.operate()
    await depot.operate()
    row = await depot.bench.row("1")
    assert await depot.decisions() == {"lines[1].quantity": "hold_and_ask"}
    assert (await depot.content()).buyer_note == "n"
    assert (row.changed, (await depot.content()).lines[0].quantity) == (True, 1)
    assert depot.wms.changes.state(row.key).held
    assert await depot.incidents() == [("outbound_update", "ask")]


async def test_a_person_keeps_what_the_warehouse_has_and_a_later_change_asks_again(depot, kit):
    depot.bench.house.books.abilities["wms"] = FULL
    await depot.push(kit.order("1"))
    await depot.move(Stage.PICKED)
    await depot.bench.absorb(kit.order("1", lines=(kit.line(quantity=3),)))
    await depot.operate()
    assert (await depot.bench.row("1")).changed
    assert (await depot.choose(Verdict.KEEP)).done
    assert (await depot.incidents(), (await depot.bench.row("1")).changed) == ([], False)
    await depot.bench.absorb(kit.order("1", lines=(kit.line(quantity=3),), buyer_note="n"))
    await depot.operate()
    assert ((await depot.content()).buyer_note, (await depot.content()).lines[0].quantity) == ("n", 1)
    await depot.bench.absorb(kit.order("1", lines=(kit.line(quantity=4),)))
    assert await depot.incidents() == [("outbound_update", "ask")]
    kept = await depot.bench.store.read(audit.page, 0, 10)
    assert [(each.actor, each.action) for each in kept] == [("ann", "outbound.keep")]


async def test_a_person_forces_what_the_table_would_not_send(depot, kit):
    depot.abilities = depot.bench.house.books.abilities["wms"] = msgspec.structs.replace(
        FULL, updates={FieldGroup.RECIPIENT: Stage.PENDING}
    )
    await depot.push(kit.order("1"))
    await depot.move(Stage.PICKING)
    await depot.bench.absorb(kit.order("1", recipient=depot.moved()))
    await depot.operate()
    assert await depot.incidents() == [("outbound_update", "ask")]
    answer = await depot.choose(Verdict.FORCE)
    assert (answer.done, answer.wake) == (True, "wms")
    await depot.operate()
    assert (await depot.content()).recipient == depot.moved()
    assert (await depot.incidents(), await depot.decisions()) == ([], {})


@pytest.mark.behaviour("R17")
async def test_what_the_warehouse_refuses_as_too_late_is_decided_again_at_its_stage(depot, kit):
    """Nothing is asked before a change that every stage allows; the refusal itself tells how far it is."""
    depot.abilities = depot.bench.house.books.abilities["wms"] = msgspec.structs.replace(
        FULL, updates={FieldGroup.LINES: Stage.OUTBOUND}
    )
    await depot.push(kit.order("1"))
    await depot.move(Stage.PACKED)
    await depot.bench.absorb(kit.order("1", lines=(kit.line(quantity=3),)))
    await depot.operate()
    row = await depot.bench.row("1")
    assert (row.state, row.at_stage, row.changed) == (PushState.ACCEPTED, Stage.PACKED, True)
    assert await depot.incidents() == [("outbound_update", "ask")]
    await depot.bench.absorb(kit.order("1"))
    assert (await depot.incidents(), (await depot.bench.row("1")).changed) == ([], False)


async def test_a_change_after_it_left_is_refused_and_told(depot, kit):
    await depot.push(kit.order("1"))
    await depot.move(Stage.OUTBOUND)
    await depot.bench.absorb(kit.order("1", recipient=depot.moved(), seller_note="x"))
    await depot.operate()
    await depot.operate()
    assert await depot.decisions() == {
        "recipient.name": "refuse",
        "recipient.address.lines[0]": "refuse",
        "seller_note": "local_only",
    }
    assert await depot.incidents() == [("outbound_update", "refused")]
    assert (await depot.content()).seller_note is None


async def test_a_warehouse_that_takes_no_changes_leaves_them_to_a_person(depot, kit):
    depot.bench.house.books.abilities["wms"] = Abilities(can_find=True)
    await depot.push(kit.order("1"))
    await depot.bench.absorb(kit.order("1", buyer_note="n"))
    row = await depot.bench.row("1")
    assert (row.state, row.changed) == (PushState.PUSHED, True)
    assert await depot.incidents() == [("outbound_update", "ask")]
    assert not (await depot.choose(Verdict.FORCE)).done
    assert (await depot.choose(Verdict.KEEP)).done


async def test_personal_data_stands_in_no_incident(depot, kit):
    await depot.push(kit.order("1"))
    await depot.move(Stage.PICKED)
    await depot.bench.absorb(kit.order("1", recipient=depot.moved("9 Secret Lane"), lines=(kit.line(quantity=7),)))
    await depot.operate()
    (found,) = await depot.bench.store.read(incidents.page, 0, 10)
    ((_, _, text),) = await depot.bench.store.read(incidents.subjects, found.id, "", 10)
    assert "Secret" not in text
    assert "lines[1].quantity: 1 → 7" in text


@pytest.mark.behaviour("R23")
async def test_the_mark_goes_when_it_is_acknowledged_and_comes_back_with_the_next_update(depot, kit):
    await depot.push(kit.order("1"))
    for number, note in enumerate(("a", "b"), 2):
        await depot.bench.absorb(kit.order("1", buyer_note=note))
        await depot.operate()
        row = await depot.bench.row("1")
        assert (row.marked_updated, row.updated_revision) == (True, number)
        (answer,) = await depot.bench.store.write(acknowledge, [("oms", "1")], "ann", depot.bench.desk)
        assert answer.done
        assert not (await depot.bench.row("1")).marked_updated
    (answer,) = await depot.bench.store.write(acknowledge, [("oms", "1")], "ann", depot.bench.desk)
    assert not answer.done


# cancellations


async def test_the_oms_is_told_cancelled_only_after_the_warehouse_confirmed(depot, kit):
    await depot.push(kit.order("1"))
    assert await depot.reports() == [("1", "pushed")]
    await depot.bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    assert await depot.state() is PushState.CANCEL_REQUESTED
    assert await depot.reports() == [("1", "pushed")]
    await depot.operate()
    row = await depot.bench.row("1")
    assert (row.state, depot.wms.changes.state(row.key).stage) == (PushState.CANCELLED, Stage.CANCELLED)
    assert await depot.reports() == [("1", "pushed"), ("1", "cancelled")]


async def test_a_cancellation_that_comes_too_late_waits_for_a_person_who_lets_it_ship(depot, kit):
    await depot.push(kit.order("1"))
    await depot.reports()
    await depot.move(Stage.PACKED)
    await depot.bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    await depot.operate()
    row = await depot.bench.row("1")
    assert (row.state, row.at_stage) == (PushState.CANCEL_REJECTED, Stage.PACKED)
    assert await depot.incidents() == [("outbound_cancel", "too_late")]
    assert (await depot.choose(Verdict.SHIP)).done
    assert (await depot.state(), await depot.incidents()) == (PushState.ACCEPTED, [])
    assert await depot.reports() == [("1", "pushed"), ("1", "cancel_refused")]
    await depot.bench.absorb(kit.order("1", status=OrderStatus.CANCELLED, buyer_note="n"))
    assert await depot.state() is PushState.ACCEPTED


async def test_a_person_asks_again_and_the_warehouse_cancels(depot, kit):
    await depot.push(kit.order("1"))
    await depot.move(Stage.PACKED)
    await depot.bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    await depot.operate()
    await depot.move(Stage.PICKED)  # the parcel was opened again
    assert (await depot.choose(Verdict.ASK_AGAIN)).done
    await depot.operate()
    assert await depot.state() is PushState.CANCELLED


@pytest.mark.behaviour("P4")
@pytest.mark.parametrize("arrived", [True, False])
async def test_a_cancellation_in_doubt_is_settled_by_asking(depot, kit, arrived):
    await depot.push(kit.order("1"))
    await depot.bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    failures = depot.wms.lost if arrived else depot.wms.unsent
    failures["/v1/outbounds/cancel"] = UnknownOutcome("lost")
    await depot.operate()
    assert await depot.state() is PushState.IN_DOUBT_CANCEL
    depot.bench.later(minutes=2)
    await depot.operate()
    assert await depot.state() is PushState.CANCELLED
    assert depot.wms.calls.count("/v1/outbounds/cancel") == (1 if arrived else 2)


async def test_a_cancellation_that_is_passed_on_is_awaited(bench, kit):
    depot = Depot(bench, kit, asks_from=Stage.PENDING)
    await depot.push(kit.order("1"))
    await depot.bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    await depot.operate()
    depot.bench.later(minutes=2)
    await depot.operate()
    assert await depot.state() is PushState.CANCEL_REQUESTED
    await depot.move(Stage.CANCELLED)
    depot.bench.later(minutes=2)
    await depot.operate()
    assert await depot.state() is PushState.CANCELLED
    assert depot.wms.calls.count("/v1/outbounds/cancel") == 1


async def test_a_cancellation_taken_back_before_it_was_sent_is_not_sent(depot, kit):
    await depot.push(kit.order("1"))
    await depot.bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    depot.wms.unsent["/v1/outbounds/cancel"] = Retryable("refused")
    await depot.operate()
    await depot.bench.absorb(kit.order("1", buyer_note="n"))
    await depot.operate()
    assert await depot.state() is PushState.PUSHED
    assert depot.wms.calls.count("/v1/outbounds/cancel") == 1  # the one that was refused before anything happened
    assert (await depot.content()).buyer_note == "n"


async def test_a_cancellation_taken_back_too_late_goes_to_the_warehouse_again_under_another_key(depot, kit):
    await depot.push(kit.order("1"))
    first = (await depot.bench.row("1")).key
    await depot.bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    depot.wms.lost["/v1/outbounds/cancel"] = UnknownOutcome("lost")
    await depot.operate()
    await depot.bench.absorb(kit.order("1"))
    assert await depot.state() is PushState.IN_DOUBT_CANCEL
    depot.bench.later(minutes=2)
    await depot.operate()
    await depot.bench.push()
    row = await depot.bench.row("1")
    assert (row.state, row.generation, row.key != first) == (PushState.PUSHED, 2, True)
    assert ("1", "cancelled") not in await depot.reports()


@pytest.mark.behaviour("P4")
@pytest.mark.parametrize("arrived", [True, False])
async def test_an_order_cancelled_while_its_push_is_in_doubt_is_settled_first_and_cancelled_then(depot, kit, arrived):
    failures = depot.wms.lost if arrived else depot.wms.unsent
    failures["/v1/outbounds"] = UnknownOutcome("lost")
    await depot.push(kit.order("1"))
    await depot.bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    depot.bench.later(minutes=2)
    await depot.bench.push()
    await depot.bench.decide()
    await depot.operate()
    row = await depot.bench.row("1")
    assert row.state is PushState.CANCELLED
    assert (row.key in depot.wms.books.by_key) is arrived
    assert not arrived or depot.wms.changes.state(row.key).stage is Stage.CANCELLED


async def test_a_person_cancels_and_the_order_does_not_go_again_by_itself(depot, kit):
    await depot.push(kit.order("1"))
    await depot.reports()
    (answer,) = await depot.bench.store.write(cancel_by_hand, [("oms", "1")], "fraud", "ann", depot.bench.desk)
    assert answer.done
    await depot.operate()
    await depot.bench.decide()
    assert await depot.state() is PushState.CANCELLED
    assert ("1", "cancelled") in await depot.reports()
    await depot.bench.absorb(kit.order("1", buyer_note="n"))
    assert await depot.state() is PushState.HELD
    await depot.bench.store.write(release, [("oms", "1")], "ann", depot.bench.desk)
    await depot.bench.push()
    assert (await depot.bench.row("1")).generation == 2


async def test_a_person_cancels_while_the_push_is_in_doubt(depot, kit):
    depot.wms.lost["/v1/outbounds"] = UnknownOutcome("lost")
    await depot.push(kit.order("1"))
    (answer,) = await depot.bench.store.write(cancel_by_hand, [("oms", "1")], "fraud", "ann", depot.bench.desk)
    assert answer.done
    depot.bench.later(minutes=2)
    await depot.bench.push()
    await depot.bench.decide()
    await depot.operate()
    assert await depot.state() is PushState.CANCELLED


async def test_what_left_the_warehouse_is_not_cancelled_and_the_oms_is_told_when_a_person_says_so(depot, kit):
    await depot.push(kit.order("1"))
    await depot.reports()
    await depot.move(Stage.OUTBOUND)
    await depot.bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    await depot.operate()
    assert await depot.state() is PushState.CANCEL_REJECTED
    assert not (await depot.choose(Verdict.KEEP)).done
    assert (await depot.choose(Verdict.SHIP)).done
    assert ("1", "cancel_refused") in await depot.reports()


async def test_a_warehouse_that_cannot_cancel_leaves_it_to_a_person(depot, kit):
    depot.bench.house.books.abilities["wms"] = Abilities(can_find=True)
    await depot.push(kit.order("1"))
    await depot.reports()
    await depot.bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    assert (await depot.state(), await depot.incidents()) == (
        PushState.CANCEL_REJECTED,
        [("outbound_cancel", "no_cancel")],
    )
    assert not (await depot.choose(Verdict.ASK_AGAIN)).done
    assert (await depot.choose(Verdict.CANCELLED)).done
    assert await depot.state() is PushState.CANCELLED
    assert ("1", "cancelled") in await depot.reports()


async def test_an_update_that_waits_gives_way_to_a_cancellation(depot, kit):
    await depot.push(kit.order("1"))
    await depot.bench.absorb(kit.order("1", buyer_note="n"))
    await depot.bench.absorb(kit.order("1", buyer_note="n", status=OrderStatus.CANCELLED))
    await depot.operate()
    assert await depot.state() is PushState.CANCELLED
    assert "/v1/outbounds/update" not in depot.wms.calls
    row = await depot.bench.row("1")
    assert await depot.bench.store.read(operations.open_of, "wms", f"outbound:{row.id}") == []


async def test_an_order_without_goods_any_more_offers_to_be_cancelled(depot, kit):
    from crossdock.spec.orders import LineKind

    await depot.push(kit.order("1"))
    await depot.bench.absorb(kit.order("1", lines=(kit.line(kind=LineKind.SHIPPING),)))
    await depot.operate()
    assert await depot.incidents() == [("outbound_update", "ask")]
    (answer,) = await depot.bench.store.write(cancel_by_hand, [("oms", "1")], "nothing left", "ann", depot.bench.desk)
    await depot.operate()
    assert (answer.done, await depot.state(), await depot.incidents()) == (True, PushState.CANCELLED, [])
    assert (await depot.bench.store.read(orders.load, "oms", ["1"]))["1"].hold is not None
