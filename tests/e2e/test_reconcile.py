"""Both sides are compared: what is missing, unknown or different is found, explained, and mended where that is safe."""

from __future__ import annotations

import sqlite3
import zlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest
from tests.e2e.conftest import an_order

from crossdock.control.records.asks import SettleOrder
from crossdock.control.records.book import Mapping
from crossdock.control.records.orders import OrderRef
from crossdock.control.records.simulation import Try
from crossdock.spec.documents import OutboundDoc, OutboundDocLine, OutboundKind
from crossdock.spec.outbound import Stage

NAMED = OrderRef(connection="shop", ref="O-3")
LONG_AGO = timedelta(hours=5)


async def reconciled(world, **asked):
    """Reconcile and return the task and its items as (ref, result)."""
    queued = await world.client(lambda c: c.reconcile(**asked))

    async def over():
        return (await world.client(lambda c: c.task(queued.task_id))).state in ("succeeded", "partial", "failed")

    await world.until(over, "the reconciliation ends")
    task = await world.client(lambda c: c.task(queued.task_id))
    items = await world.client(lambda c: c.task_results(queued.task_id, limit=200))
    return task, [(item.ref, item.result) for item in items.items]


def forget(wms, ref):
    """Have the warehouse lose every document of an order."""
    for document in wms.books.by_order.pop(ref):
        wms.books.documents.remove(document)
        wms.books.by_key[document.key].remove(document)


def behind_its_back(world, number):
    """An order that shows up with an old change stamp, which no listing by change stamps will ever show."""
    then = datetime.now(UTC) - LONG_AGO
    world.oms.put([an_order(number, created_at=then, updated_at=then)], keep_updated_at=True)


async def incidents(world, **query):
    page = await world.client(lambda c: c.incidents(**query))
    return [(item.cause, item.code, item.holds) for item in page.items]


@pytest.fixture
async def running(world):
    """Ten orders that arrived."""
    await world.start()
    await world.set_up()
    world.oms.put([an_order(n) for n in range(10)])
    for n in range(10):
        await world.until_state(f"O-{n}", "pushed")
    return world


@pytest.mark.behaviour("P6", "P1")
async def test_an_order_that_no_listing_showed_is_found_fetched_and_pushed(running):
    behind_its_back(running, 77)
    task, items = await reconciled(running, dry_run=True)
    assert items == [("O-77", "missing_here")]
    assert task.state == "partial"
    assert "dry run" in task.outcome
    assert "O-77" not in running.created()
    task, items = await reconciled(running)
    assert (task.state, items) == ("succeeded", [("O-77", "missing_here"), ("O-77", "mended")])
    await running.until_arrived("O-77")
    task, items = await reconciled(running)
    assert (task.state, items, task.found) == ("succeeded", [], 22)


@pytest.mark.behaviour("P6", "P4")
async def test_a_document_that_the_warehouse_lost_is_put_in_doubt_and_not_sent_again_by_itself(running):
    forget(running.wms, "O-3")
    _, items = await reconciled(running)
    assert items == []  # the warehouse's "nothing" is not believed before the quiet time is over
    await running.until(lambda: quiet(running), "the quiet time is over")
    _, items = await reconciled(running)
    assert items == [("O-3", "missing_there"), ("O-3", "mended")]
    await running.until_state("O-3", "in_doubt")
    assert await incidents(running) == [("in_doubt", "needs_person", 1)]
    assert (await reconciled(running))[1] == []
    assert "O-3" not in running.created()
    said = SettleOrder(connection="shop", ref="O-3", settlement="absent", reason="the warehouse's support says so")
    await running.client(lambda c: c.settle(said))
    await running.until_state("O-3", "pushed")
    assert running.created()["O-3"] == 1
    assert await incidents(running) == []


async def quiet(world):
    states = ("pushed", "accepted")
    pages = [await world.client(lambda c, state=state: c.orders(state=state, limit=50)) for state in states]
    newest = max(item.settled_at for page in pages for item in page.items)
    return datetime.now(UTC) - newest > timedelta(seconds=1.6)


@pytest.mark.behaviour("P6")
async def test_more_repairs_than_the_brake_allows_are_only_made_when_asked_for(running):
    for n in range(100, 130):
        behind_its_back(running, n)
    task, items = await reconciled(running)
    assert (task.state, task.changed, len(items)) == ("partial", 0, 30)
    assert "the brake holds" in task.outcome
    assert await incidents(running) == [("decision", "brake", 1)]
    assert "O-100" not in running.created()
    task, _ = await reconciled(running, force=True)
    assert (task.state, task.changed) == ("succeeded", 30)
    await running.until_arrived(*(f"O-{n}" for n in range(100, 130)))
    assert await incidents(running) == []


@pytest.mark.behaviour("P6")
async def test_a_waiting_order_that_the_oms_does_not_have_any_more_is_an_incident_until_it_is_back(running):
    running.oms.put([an_order(50, status="unpaid")])
    await running.until_state("O-50", "not_pushed")
    lost = running.oms.books.orders.pop("O-50")
    running.oms.books._stamps = [stamp for stamp in running.oms.books._stamps if stamp[1] != "O-50"]
    task, items = await reconciled(running)
    assert items == [("O-50", "gone")]
    assert await incidents(running) == [("drift", "gone", 1)]
    assert task.state == "partial"
    running.oms.books.put([lost])
    assert (await reconciled(running))[1] == []
    assert await incidents(running) == []


@pytest.mark.behaviour("P6")
async def test_a_warehouse_that_is_down_is_said_and_the_rest_is_compared(running):
    await running.wms.stop()
    behind_its_back(running, 77)
    task, items = await reconciled(running)
    assert items == [("O-77", "missing_here"), ("O-77", "mended")]
    assert task.state == "partial"
    assert task.outcome.startswith("NOT COMPARED: depot; ")
    assert "nothing is wrong" not in task.outcome
    assert "depot was not compared" in task.error


@pytest.mark.behaviour("P6")
async def test_a_day_that_was_missed_is_made_up_for_at_the_next_start(running):
    assert await running.stop() == 0
    behind_its_back(running, 77)
    running.config.write_text(running.text() + "\n[reconcile]\njitter_s = 0\n")
    with sqlite3.connect(running.folder / "crossdock.db") as database:
        database.execute("UPDATE throttles SET at = at - 2 * 86400000 WHERE scope = 'reconcile:daily'")
    database.close()
    await running.start()
    await running.until_arrived("O-77")
    tasks = await running.client(lambda c: c.tasks(limit=200))
    assert [task.origin for task in tasks.items if task.kind == "reconcile"] == ["schedule"]
    assert await running.stop() == 0
    await running.start()
    tasks = await running.client(lambda c: c.tasks(limit=200))
    assert len([task for task in tasks.items if task.kind == "reconcile"]) == 1


@pytest.mark.behaviour("P7", "P9")
async def test_212_orders_with_one_missing_mapping_are_one_incident_and_one_mapping_lets_all_go(world):
    await world.start()
    await world.set_up(auto_bind=False)
    world.oms.put([an_order(n) for n in range(212)])

    async def one_line():
        return await incidents(world) == [("mapping", "sku", 212)]

    await world.until(one_line, "one incident holds 212 orders")
    (item,) = (await world.client(lambda c: c.incidents())).items
    assert item.command == "crossdock mappings set WH sku A THEIRS"
    status = await world.client(lambda c: c.status())
    assert (status.incidents, status.level) == ({"mapping": 1}, "warning")
    await world.client(lambda c: c.save_mapping(Mapping(warehouse="WH", kind="sku", ours="A", theirs="A-1")))
    await world.until_arrived(*(f"O-{n}" for n in range(212)))
    assert await incidents(world) == []
    assert await incidents(world, state="healed") == [("mapping", "sku", 0)]


# --- what a warehouse did behind our back ---


def tampered(world, ref, **changes):
    """Somebody changes a document in the warehouse by hand."""
    (document,) = world.wms.books.by_order[ref]
    content = msgspec.structs.replace(world.wms.changes.content(document.key), **changes)
    world.wms.changes._contents[document.key] = zlib.compress(msgspec.json.encode(content), 1)
    return document.key


@pytest.mark.behaviour("P6", "R17")
async def test_a_document_that_was_changed_in_the_warehouse_is_told_again_what_its_order_says(running):
    key = tampered(running, "O-3", seller_note="changed by hand")
    _, items = await reconciled(running, dry_run=True)
    assert items == [("O-3", "drifted")]
    assert running.wms.changes.content(key).seller_note == "changed by hand"
    _, items = await reconciled(running)
    assert items == [("O-3", "drifted"), ("O-3", "mended")]
    await running.until_state("O-3", "accepted")
    assert running.wms.changes.content(key).seller_note is None
    assert (await reconciled(running))[1] == []
    assert await incidents(running) == []
    assert running.created()["O-3"] == 1


@pytest.mark.behaviour("P6", "R17")
async def test_what_was_changed_in_a_document_that_is_picked_is_asked_of_a_person(running):
    (document,) = running.wms.books.by_order["O-3"]
    running.wms.changes.move(document.key, Stage.PICKED)
    line = msgspec.structs.replace(running.wms.changes.content(document.key).lines[0], quantity=Decimal(9))
    tampered(running, "O-3", lines=(line,))
    _, items = await reconciled(running)
    assert items == [("O-3", "drifted"), ("O-3", "mended")]
    assert await incidents(running) == [("decision", "ask", 1)]
    (item,) = (await running.client(lambda c: c.orders(text="O-3"))).items
    assert item.tab == "abnormal"
    (foreseen,) = (await running.client(lambda c: c.simulate(Try(orders=(NAMED,))))).items
    assert (foreseen.would.would, foreseen.would.rules) == ("by_hand", ("change_ask",))
    assert "lines[1].quantity: 9" in foreseen.would.reasons[0]


@pytest.mark.behaviour("P6")
async def test_a_document_that_the_warehouse_cancelled_behind_our_back_waits_for_a_person(running):
    (document,) = running.wms.books.by_order["O-3"]
    running.wms.changes.move(document.key, Stage.CANCELLED)
    _, items = await reconciled(running)
    assert ("O-3", "cancelled_there") in items or items == []  # its listing of documents may have told it first
    await running.until_state("O-3", "rejected")
    assert await incidents(running) == [("decision", "rejected", 1)]
    (found,) = (await running.client(lambda c: c.incidents())).items
    assert found.command == "crossdock packages decide ORDER --choice CHOICE --reason WHY"
    released = await running.client(lambda c: c.release_incident(found.id))
    assert [(each.order, each.done) for each in released.results] == [("O-3", False)]
    (done,) = (await running.client(lambda c: c.decide_packages([NAMED], "again", "it is wanted"))).results
    assert done.done
    await running.until_state("O-3", "pushed")
    assert await incidents(running) == []


@pytest.mark.behaviour("P6")
async def test_documents_of_others_are_counted_and_one_under_a_key_of_ours_that_nothing_belongs_to_is_an_incident(
    running,
):
    (document,) = running.wms.books.by_order["O-3"]
    content = running.wms.changes.content(document.key)
    made = OutboundDoc(
        ref="EXTRA-1", kind=OutboundKind.MANUAL, revision=1, warehouse=content.warehouse, stage=Stage.PENDING,
        lines=(OutboundDocLine(line_no=1, sku=content.lines[0].sku, planned=Decimal(1)),), updated_at=datetime.now(UTC),
        created_at=datetime.now(UTC),
    )  # fmt: skip
    strange = msgspec.structs.replace(made, ref="EXTRA-2", outbound_key="XD-NOBODYKNOWSTHIS00000")
    running.wms.documents.outbound.put([made, strange])
    task, items = await reconciled(running)
    assert items == [("EXTRA-2", "unknown_there")]
    assert "1 documents of others" in task.outcome
    assert ("drift", "unknown_there", 1) in await incidents(running)
