"""Labels, what was told after the push, documents, proposals and tasks lose their personal data with their order."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from tests.flows.label_bench import label
from tests.flows.test_labels_and_changes import Both
from tests.flows.test_shipping import document

from crossdock.flows import erasers, forget
from crossdock.flows.decide_by_hand import Verdict
from crossdock.flows.house import encode
from crossdock.rules.approval_states import ApprovalState
from crossdock.rules.documents import first_outbound
from crossdock.spec.orders import Address, OrderStatus, Recipient
from crossdock.spec.outbound import PushStatus, Stage
from crossdock.store import amendments, approvals, documents, labels, operations, tasks
from crossdock.store.tasks import Item, TaskKind

pytestmark = pytest.mark.security("S16")
CANARY = "Kanarienvogel"
KEEPING = forget.Keeping(bodies=timedelta(days=14), everything=timedelta(days=30))


def to(street, **changes):
    from tests.flows.conftest import an_order

    recipient = Recipient(name=CANARY, address=Address(lines=(f"{street} {CANARY} Road",), country="TH"))
    return an_order("1", recipient=recipient, label_ready=True, **changes)


def everything(tx):
    names = [row[0] for row in tx.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {
        name: [cell for row in tx.rows(f"SELECT * FROM {name}") for cell in row if holds(cell)]
        for name in names
        if any(holds(cell) for row in tx.rows(f"SELECT * FROM {name}") for cell in row)
    }


def holds(cell):
    return CANARY in (cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell))


@pytest.fixture
async def at(bench, kit):
    return Both(bench, kit)


def propose(tx, now):
    approvals.propose(
        tx,
        approvals.Approval(
            id=0, action="push.settle", needs="push.settle", object="oms/1", text=f"says {CANARY}",
            body=CANARY.encode(), state=ApprovalState.DONE, proposed_by="ann", proposed_uid=1, proposed_at=now,
            expires_at=now + 1, decided_by="ben", decided_uid=2, decided_at=now, outcome="",
        ),
    )  # fmt: skip


def at_work(tx, now):
    task = tasks.create(tx, TaskKind.PULL_LABEL, "oms", now, origin="person", actor="ann", warehouse=None, scope="1")
    tasks.add(tx, task.id, tasks.Totals(), [Item("1", "failed", f"no label for {CANARY}")])


def filed(tx, order_id, key, now):
    made = msgspec.structs.replace(
        document(key, Stage.PICKED), note=f"for {CANARY}", extra={"to": CANARY}, problem=CANARY
    )
    values = dict.fromkeys(documents.FIELDS) | {
        "id": 1, "connection": "wms", "list_name": "package_outbound", "ref": "D", "number": "", "warehouse": "WH",
        "order_id": order_id, "state": "picked", "revision": 1, "content_hash": 1, "payload": encode(first_outbound(made)),
        "push_status": 0, "generation": 0, "decided": 0, "updated_at": now, "first_at": now, "changed_at": now,
        "error_text": f"not for {CANARY}",
    }  # fmt: skip
    marks = ", ".join("?" * len(documents.FIELDS))
    sql = f"INSERT INTO documents ({', '.join(documents.FIELDS)}) VALUES ({marks})"
    tx.execute(sql, tuple(values[name] for name in documents.FIELDS))


@pytest.fixture
async def ended(at):
    """An order with all that can be known of one: a label, an update, one refused, a decision, a document, a proposal, a task."""
    at.oms.gives["1"] = label(f"to {CANARY}")
    await at.see(to("1"))
    await at.push()
    await at.pull()
    await at.operate()
    await at.see(to("2"))
    await at.operate()
    at.oms.gives["1"] = label(f"to {CANARY} anew")
    at.wait(timedelta(minutes=1))
    await at.pull()
    await at.operate()
    await at.document(Stage.PICKED)
    await at.see(to("3"))
    assert (await at.depot.choose(Verdict.KEEP)).done
    at.oms.gives["1"] = label(f"to {CANARY} once more")
    at.wait(timedelta(minutes=1))
    await at.pull_by_hand()
    at.wms.answers.append(PushStatus.REJECTED)
    await at.operate()
    row, now = await at.row(), int(at.house.env.now().timestamp() * 1000)
    await at.store.write(propose, now)
    await at.store.write(at_work, now)
    await at.store.write(filed, row.order_id, row.key, now)
    await at.see(to("3", status=OrderStatus.DELIVERED))
    at.wait(timedelta(days=31))
    held = await at.store.read(everything)
    assert {"orders", "amendments", "label_bytes", "operations", "documents", "approvals", "task_items"} <= set(held)
    return at


async def erase(at):
    house = at.house
    await at.store.write(forget.remove_bodies_due, KEEPING, house.env.now())
    return await at.store.write(forget.erase_due, house.read_order, KEEPING, house.env.now())


async def test_once_its_time_is_over_nothing_of_it_names_anybody_and_what_is_left_is_readable(ended):
    assert await erase(ended) == 1
    assert await ended.store.read(everything) == {}
    row = await ended.row()
    record = await ended.store.read(amendments.load, row.id)
    assert (record.base, record.decisions(), record.chosen(), record.number) == (None, (), {}, 1)
    (held,) = await ended.store.read(documents.of_order_ids, [row.order_id])
    assert held.ref == "D"
    head = await ended.head()
    assert await ended.store.read(labels.content, head.id, head.version) is None
    assert len(await ended.versions()) == 3
    assert await erase(ended) == 0


async def test_what_was_refused_is_not_sent_again_without_its_content(ended):
    await erase(ended)
    found = await ended.store.read(operations.failed, 0, 10)
    assert [each.kind for each in found] == ["label"]
    assert await ended.store.write(operations.requeue, [each.id for each in found], 1) == 0


async def test_that_a_person_let_a_cancelled_order_ship_outlives_the_words(bench):
    from crossdock.rules.mutability import Choice

    record = amendments.Amendment(
        push_id=7, base=CANARY.encode(), decided=CANARY, cancel_by="ann", cancel_reason=f"{CANARY} called",
        choices=amendments.as_json({"status": Choice("ship", "cancelled", CANARY), "buyer_note": Choice("keep", CANARY, "")}),
    )  # fmt: skip
    kept = erasers._without_words(record)
    assert kept.chosen() == {"status": Choice("ship", "cancelled", "")}
    assert CANARY not in str(kept)
    assert kept.cancel_by == "ann"


async def test_an_order_that_was_forgotten_is_not_looked_at_for_ever(ended):
    await erase(ended)
    await ended.see(to("3", status=OrderStatus.DELIVERED, logistics="other"))
    assert (await ended.row()).again_at is None


async def test_every_eraser_may_run_again(ended):
    row = await ended.row()
    for _ in range(2):
        for eraser in erasers.ERASERS:
            await ended.store.write(eraser, [row.order_id])
    held = await ended.store.read(everything)
    assert not {"amendments", "label_bytes", "documents", "approvals", "task_items"} & set(held)
