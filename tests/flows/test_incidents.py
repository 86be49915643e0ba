"""What holds orders becomes one incident a cause, in the same transaction, and closes when it is mended."""

from __future__ import annotations

import pytest

from crossdock.flows import troubles
from crossdock.flows.reconsider import Desk
from crossdock.flows.release_incident import release_page
from crossdock.flows.settle_by_hand import Settlement, redrive, settle_by_hand
from crossdock.rules.book import Mapping, MappingKind
from crossdock.rules.push_states import PushState
from crossdock.spec.errors import UnknownOutcome
from crossdock.spec.orders import OrderStatus, Unreadable
from crossdock.spec.outbound import PushStatus
from crossdock.store import audit, book, incidents, pushes
from crossdock.store.audit import By

LATER = 10**15

ANN = By(actor="ann", action="incident.release", object="x")


async def opened(bench):
    found = await bench.store.read(incidents.page, 0, 100)
    return [(i.cause, i.code, await bench.store.read(incidents.count, i.id)) for i in found]


async def healed(bench):
    return [i.code for i in await bench.store.read(incidents.page, 0, 100, healed=True)]


async def save_mapping(bench, theirs="1", ours="A"):
    await bench.store.write(book.save, Mapping(warehouse="WH", kind=MappingKind.SKU, ours=ours, theirs=theirs))
    await bench.store.write(pushes.decide_again, 0)
    while (await bench.decide())[0]:
        pass


@pytest.fixture
async def strict(bench):
    """A bench whose warehouse binds nothing by itself."""
    warehouse = await bench.store.read(lambda tx: book.load(tx, 30).warehouses["WH"])
    import msgspec

    await bench.store.write(book.save, msgspec.structs.replace(warehouse, auto_bind=False))
    return bench


@pytest.mark.behaviour("P7")
async def test_212_orders_with_one_missing_mapping_are_one_incident_that_the_mapping_closes(strict, kit):
    await strict.absorb(*(kit.order(str(n)) for n in range(212)))
    assert await opened(strict) == [("mapping", "sku", 212)]
    await save_mapping(strict)
    assert await opened(strict) == []
    assert await healed(strict) == ["sku"]
    assert (await strict.row("7")).state is PushState.QUEUED


async def test_orders_on_the_straight_path_write_nothing_about_incidents(bench, kit):
    await bench.absorb(*(kit.order(str(n)) for n in range(5)))
    await bench.push()
    assert (await bench.row("1")).state is PushState.PUSHED
    assert await opened(bench) == await healed(bench) == []


async def test_a_second_missing_sku_shows_when_the_first_is_mended(strict, kit):
    await strict.absorb(kit.order("1", lines=(kit.line(1, "A"), kit.line(2, "B"))))
    await save_mapping(strict)
    (found,) = await strict.store.read(incidents.page, 0, 10)
    assert (found.missing, found.warehouse) == ("B", "WH")


async def test_a_cancelled_order_leaves_its_incident(strict, kit):
    await strict.absorb(kit.order("1"), kit.order("2"))
    await strict.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    assert await opened(strict) == [("mapping", "sku", 1)]
    await strict.absorb(kit.order("2", status=OrderStatus.CANCELLED))
    assert await opened(strict) == []


async def test_what_a_warehouse_refuses_is_grouped_by_its_code_and_leaves_when_sent_again(bench, kit):
    bench.wms.script.extend([kit.answer(PushStatus.REJECTED, code="no_stock", message="no stock")] * 2)
    await bench.absorb(kit.order("1"), kit.order("2"))
    await bench.push()
    assert await opened(bench) == [("refused", "no_stock", 2)]
    row = await bench.row("1")
    await bench.store.write(redrive, [row.id], "ann", bench.env.now())
    assert await opened(bench) == [("refused", "no_stock", 1)]


async def test_a_refused_order_that_is_changed_leaves_its_incident(bench, kit):
    bench.wms.script.append(kit.answer(PushStatus.REJECTED, code="no_stock", message="no stock"))
    await bench.absorb(kit.order("1"))
    await bench.push()
    await bench.absorb(kit.order("1", lines=(kit.line(1, "A", 3),)))
    assert await opened(bench) == []
    assert (await bench.row("1")).state is PushState.QUEUED


@pytest.mark.behaviour("P4")
async def test_a_doubt_that_needs_a_person_is_an_incident_until_it_is_settled(bench, kit):
    bench.idempotency, bench.can_find = "none", False
    bench.wms.script.append(UnknownOutcome("the answer was lost"))
    await bench.absorb(kit.order("1"))
    await bench.push()
    assert await opened(bench) == [("in_doubt", "needs_person", 1)]
    await bench.store.write(
        settle_by_hand, "oms", "1", Settlement.ARRIVED, remote_id="R", reason="seen", actor="ann", now=bench.env.now()
    )
    assert await opened(bench) == []


async def test_a_push_that_was_under_way_when_the_daemon_stopped_is_an_incident_where_nobody_can_be_asked(bench, kit):
    await bench.absorb(kit.order("1"))
    await bench.store.write(lambda tx: tx.execute("UPDATE pushes SET state = 3, run_id = 0, next_at = NULL"))
    bench.idempotency, bench.can_find = "none", False
    await bench.push()
    assert await opened(bench) == [("in_doubt", "needs_person", 1)]


async def test_records_that_cannot_be_read_are_one_incident_a_connection(bench, kit):
    await bench.absorb(unreadable=(Unreadable("1", b"{}", "no status"), Unreadable("2", b"{}", "no lines")))
    assert await opened(bench) == [("validation", "unreadable", 2)]
    await bench.absorb(kit.order("1"))
    assert await opened(bench) == [("validation", "unreadable", 1)]
    await bench.absorb(kit.order("2"))
    assert await opened(bench) == []


async def test_the_same_page_again_changes_no_incident(strict, kit):
    page = [kit.order(str(n)) for n in range(3)]
    await strict.absorb(*page)
    before = await strict.store.read(incidents.page, 0, 10)
    await strict.absorb(*reversed(page))
    await strict.decide()
    assert await strict.store.read(incidents.page, 0, 10) == before
    assert await opened(strict) == [("mapping", "sku", 3)]


async def test_release_decides_again_in_pages_with_one_answer_each_and_is_audited(strict, kit):
    await strict.absorb(*(kit.order(str(n)) for n in range(5)))
    (found,) = await strict.store.read(incidents.page, 0, 10)
    by = audit.By(actor="ann", action="incident.release", object=f"incident:{found.id}")
    after, refs = "", []
    while after is not None:
        done = await strict.store.write(release_page, found.id, after, 2, by, strict.desk)
        refs += [(a.order, a.done) for a in done.answers]
        after = done.next
    assert sorted(refs) == [(str(n), False) for n in range(5)]
    rows = await strict.store.read(audit.page, 0, 10)
    assert {(row.actor, row.action, row.object) for row in rows} == {
        ("ann", "incident.release", f"incident:{found.id}")
    }


async def test_release_sends_refused_orders_again(bench, kit):
    bench.wms.script.extend([kit.answer(PushStatus.REJECTED, code="no_stock", message="no stock")] * 2)
    await bench.absorb(kit.order("1"), kit.order("2"))
    await bench.push()
    (found,) = await bench.store.read(incidents.page, 0, 10)
    done = await bench.store.write(release_page, found.id, "", 100, ANN, bench.desk)
    assert [a.done for a in done.answers] == [True, True]
    assert await opened(bench) == []
    await bench.push()
    assert (await bench.row("1")).state is PushState.PUSHED


async def test_release_of_an_incident_that_does_not_exist_is_nothing(bench):
    assert await bench.store.write(release_page, 99, "", 10, ANN, bench.desk) is None


async def test_an_incident_that_comes_again_is_news_again_with_nobody_looking_after_it(strict, kit):
    await strict.absorb(kit.order("1"))
    (found,) = await strict.store.read(incidents.page, 0, 10)
    await strict.store.write(incidents.take, found.id, owner="ann")
    await strict.store.write(incidents.mute, found.id, LATER)
    assert (await strict.store.read(incidents.tally, 0)).muted == 1
    await strict.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    await strict.absorb(kit.order("2"))
    (again,) = await strict.store.read(incidents.page, 0, 10)
    assert (again.id, again.owner, again.muted_until, again.healed_at) == (found.id, "", None, None)


async def test_an_incident_of_another_operation_is_left_alone(strict, kit):
    await strict.absorb(kit.order("1"))
    stored = await strict.stored("1")
    other = incidents.Trouble(cause=incidents.Cause.CONFLICT, operation="update_outbound", code="late", text="too late")
    await strict.store.write(incidents.report, other, troubles.order_subject(stored.id), 1)
    await save_mapping(strict)
    assert await opened(strict) == [("conflict", "late", 1)]


def cancellation(kit, ref, quantity=-3, **fields):
    """A cancellation that its OMS keeps as a document of its own, as real ones do."""
    return kit.order(ref, status=OrderStatus.CANCELLED, lines=(kit.line(quantity=quantity),), **fields)


@pytest.mark.behaviour("P7")
async def test_a_cancellation_that_names_no_order_is_an_incident_and_never_a_guess(bench, kit):
    await bench.absorb(kit.order("1"), cancellation(kit, "C1"), cancellation(kit, "C2"))
    await bench.push()
    assert await opened(bench) == [("decision", "cancellation", 2)]
    assert (await bench.row("1")).state is PushState.PUSHED
    assert (await bench.row("C1")).state is PushState.CANCELLED
    assert [item.order_ref for item in bench.wms.received] == ["1"]


async def test_an_order_that_was_cancelled_before_it_was_seen_is_no_incident(bench, kit):
    await bench.absorb(cancellation(kit, "1", quantity=3), kit.order("2", status=OrderStatus.CANCELLED, lines=()))
    assert await opened(bench) == []


async def test_a_cancellation_leaves_its_incident_when_its_oms_corrects_it(bench, kit):
    await bench.absorb(cancellation(kit, "C1"))
    await bench.absorb(cancellation(kit, "C1", quantity=3, updated_at=kit.NOW))
    assert await opened(bench) == []
    assert await healed(bench) == ["cancellation"]


async def test_a_cancellation_leaves_its_incident_when_a_person_has_dealt_with_it(bench, kit):
    await bench.absorb(cancellation(kit, "C1"), cancellation(kit, "C2"))
    (incident,) = await bench.store.read(incidents.page, 0, 100)
    desk = Desk(bench.house.books, bench.house.read_order, bench.env.now())
    done = await bench.store.write(release_page, incident.id, "", 100, ANN, desk)
    assert [(answer.order, answer.done) for answer in done.answers] == [("C1", True), ("C2", True)]
    assert await opened(bench) == []
    await bench.absorb(cancellation(kit, "C1"))
    assert await opened(bench) == [], "what is said again is nothing new"
