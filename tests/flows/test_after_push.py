"""What becomes of an order that changes after its push: updates by stage, people's decisions, the mark."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from tests.flows.depot import FULL
from tests.flows.test_shipping import document as a_document

from crossdock.flows.decide_by_hand import Verdict, acknowledge
from crossdock.flows.shipping import follow
from crossdock.rules.book import Warehouse
from crossdock.rules.mutability import Abilities
from crossdock.rules.push_states import PushState
from crossdock.spec.errors import UnknownOutcome
from crossdock.spec.orders import Address, Recipient
from crossdock.spec.outbound import Stage
from crossdock.spec.outbound_changes import FieldGroup
from crossdock.store import audit, book, incidents


async def test_a_difference_is_told_once_however_often_it_is_decided_about(depot, kit):
    await depot.push(kit.order("1"))
    await depot.move(Stage.PICKED)
    await depot.bench.absorb(kit.order("1", lines=(kit.line(quantity=5),)))
    await depot.operate()
    await depot.choose(Verdict.KEEP)
    await depot.bench.absorb(
        kit.order("1", lines=(kit.line(quantity=5),), updated_at=depot.bench.env.now().replace(hour=14))
    )
    assert (await depot.bench.moments("1")).count("changed") == 1


async def test_what_changed_while_it_was_in_doubt_is_told_once(bench, depot, kit):
    depot.wms.lost["/v1/outbounds"] = UnknownOutcome("lost")
    await depot.push(kit.order("1"))
    await bench.absorb(kit.order("1", buyer_note="x"))
    bench.later(minutes=5)
    await bench.push()
    await bench.decide()
    await depot.operate()
    assert (await bench.moments("1")).count("changed") == 1
    assert (await depot.content()).buyer_note == "x"


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


async def test_an_order_that_is_asked_about_again_keeps_the_age_of_its_incident(depot, kit):
    await depot.push(kit.order("1"))
    await depot.move(Stage.PICKED)
    await depot.bench.absorb(kit.order("1", lines=(kit.line(quantity=3),)))
    await depot.operate()
    (first,) = await depot.bench.store.read(incidents.page, 0, 10)
    depot.bench.later(hours=3)
    await depot.bench.absorb(kit.order("1", lines=(kit.line(quantity=4),)))
    (again,) = await depot.bench.store.read(incidents.page, 0, 10)
    assert (again.opened_at, again.last_at > first.last_at) == (first.opened_at, True)


async def shown(depot, stage, *, actual=None, parcels=0):
    """Have the warehouse show the document of order 1."""
    key = (await depot.bench.row("1")).key
    document = a_document(key, stage, actual=actual, parcels=parcels)
    await depot.bench.store.write(follow, "wms", [document], depot.bench.env.now())


async def test_what_has_left_the_warehouse_takes_no_forced_change(depot, kit):
    await depot.push(kit.order("1"))
    await depot.move(Stage.PICKED)
    await shown(depot, Stage.PICKED)
    await depot.bench.absorb(kit.order("1", lines=(kit.line(quantity=3),)))
    assert (await depot.bench.row("1")).changed
    await shown(depot, Stage.OUTBOUND)
    answer = await depot.choose(Verdict.FORCE)
    assert (answer.done, "left the warehouse" in answer.text) == (False, True)
    assert await depot.state() is PushState.SHIPPED


async def test_of_a_document_that_has_left_in_part_nothing_is_changed_any_more(depot, kit):
    """Its stage alone would still allow it: some warehouses tell of parcels before the document is through."""
    await depot.push(kit.order("1"))
    await shown(depot, Stage.PICKING, actual=1, parcels=1)
    assert await depot.state() is PushState.PARTIALLY_SHIPPED
    await depot.bench.absorb(kit.order("1", recipient=depot.moved(), seller_note="x"))
    assert await depot.state() is PushState.PARTIALLY_SHIPPED
    found = await depot.decisions()
    assert (found["seller_note"], found["recipient.name"]) == ("local_only", "refuse")
    assert await depot.incidents() == [("outbound_update", "refused")]


@pytest.mark.behaviour("P4")
async def test_a_doubt_about_the_key_before_does_not_keep_a_change_from_the_document_under_the_new_one(depot, kit):
    await depot.push(kit.order("1"))
    await depot.bench.absorb(kit.order("1", buyer_note="a"))
    depot.wms.lost["/v1/outbounds/update"] = UnknownOutcome("lost")
    await depot.operate()
    first = (await depot.bench.row("1")).key
    gone = a_document(first, Stage.CANCELLED)
    await depot.bench.store.write(follow, "wms", [gone], depot.bench.env.now())
    assert (await depot.choose(Verdict.AGAIN)).done
    await depot.bench.push()
    assert (await depot.bench.row("1")).key != first
    for place in ("2 New Road", "3 New Road"):
        await depot.bench.absorb(kit.order("1", buyer_note="a", recipient=depot.moved(place)))
    depot.bench.later(minutes=5)
    for _ in range(3):
        await depot.operate()
    assert (await depot.content()).recipient.address.lines == ("3 New Road",)
    assert await depot.state() is PushState.ACCEPTED


async def without_warehouse(depot, kit, **changes):
    """An order that its warehouse has, whose warehouse was removed, and that changes afterwards."""
    await depot.push(kit.order("1"))
    await depot.bench.store.write(lambda tx: book.remove(tx, Warehouse, "WH"))
    await depot.bench.absorb(kit.order("1", **(changes or {"buyer_note": "ring twice"})))
    await depot.bench.decide()


async def test_a_change_for_a_warehouse_that_is_not_set_up_any_more_is_told_to_people(depot, kit):
    await without_warehouse(depot, kit)
    assert await depot.incidents() == [("outbound_warehouse", "not_set_up")]
    assert not (await depot.choose(Verdict.FORCE)).done
    kept = await depot.choose(Verdict.KEEP)
    assert (kept.done, await depot.incidents()) == (True, [])
    assert not (await depot.choose(Verdict.KEEP)).done


async def test_what_was_asked_before_its_warehouse_was_removed_can_still_be_kept(depot, kit):
    await depot.push(kit.order("1"))
    await depot.move(Stage.PACKED)
    await depot.bench.absorb(kit.order("1", lines=(kit.line(quantity=3),)))
    await depot.operate()
    assert (await depot.bench.row("1")).changed
    await depot.bench.store.write(lambda tx: book.remove(tx, Warehouse, "WH"))
    assert (await depot.choose(Verdict.KEEP)).done
    assert (await depot.incidents(), (await depot.bench.row("1")).changed) == ([], False)


async def test_a_warehouse_that_is_set_up_again_is_told_what_changed_meanwhile(depot, kit):
    await depot.push(kit.order("1"))
    (warehouse,) = await depot.bench.store.read(book.entries, Warehouse, "", 10)
    await depot.bench.store.write(lambda tx: book.remove(tx, Warehouse, warehouse.code))
    await depot.bench.absorb(kit.order("1", buyer_note="ring twice"))
    await depot.bench.decide()
    assert await depot.incidents() == [("outbound_warehouse", "not_set_up")]
    await depot.bench.store.write(book.save, msgspec.structs.replace(warehouse, revision=0))
    depot.bench.env.time += timedelta(minutes=11)
    await depot.bench.decide()
    await depot.operate()
    assert (await depot.incidents(), (await depot.content()).buyer_note) == ([], "ring twice")
