"""What would be done about orders that their warehouse has: told, held and asked, refused, cancelled; nothing is written."""

from __future__ import annotations

import pytest
from tests.flows.depot import FULL

from crossdock.flows.decide_by_hand import Verdict
from crossdock.flows.simulate import Wanted, simulate
from crossdock.rules.mutability import RANK, Abilities
from crossdock.rules.push_states import PushState
from crossdock.rules.reasons import sentence
from crossdock.rules.simulation import Would
from crossdock.spec.orders import OrderStatus
from crossdock.spec.outbound import Stage


async def foreseen(depot, **wanted):
    """Return what would be done about order 1, the codes and the sentences of the reasons; None: it is not shown."""
    found = await simulate(depot.bench.house, Wanted(**wanted))
    shown = {each.stored.ref: each.would for each in found.seen}
    one = shown.get("1")
    return None if one is None else (one.would, [c.code for c in one.reasons], [sentence(c) for c in one.reasons])


NAMED = {"named": (("oms", "1"),)}


@pytest.fixture
async def there(depot, kit):
    """One order that its warehouse has as it is."""
    await depot.push(kit.order("1", recipient=depot.moved("1 Road")))
    return depot


async def test_a_cancellation_that_was_refused_waits_for_a_person(there, kit):
    await there.move(Stage.PACKED)
    await there.bench.absorb(kit.order("1", status=OrderStatus.CANCELLED))
    await there.operate()
    assert await there.incidents() == [("outbound_cancel", "too_late")]
    assert (await foreseen(there, **NAMED))[:2] == (Would.BY_HAND, ["cancel_decided"])


async def test_an_order_that_its_warehouse_has_as_it_is_is_not_shown(there):
    assert await foreseen(there) is None
    assert await foreseen(there, **NAMED) is None


@pytest.mark.behaviour("R17", "R18")
async def test_what_would_be_told_is_named_field_by_field_without_personal_values(there, kit):
    await there.bench.absorb(kit.order("1", recipient=there.moved("9 Secret Street"), logistics="DHL"))
    would, codes, (text,) = await foreseen(there)
    assert (would, codes) == (Would.UPDATE, ["change_update"])
    assert "recipient.address.lines[0]" in text
    assert "DHL" in text
    assert "Secret" not in text
    assert (await there.bench.row("1")).state is PushState.UPDATE_PENDING


@pytest.mark.parametrize(
    ("stage", "would", "code"),
    [
        (Stage.PENDING, Would.UPDATE, "change_update"),
        (Stage.PICKING, Would.HOLD, "change_hold_and_ask"),
        (Stage.PICKED, Would.BY_HAND, "change_ask"),
        (Stage.PACKED, Would.REFUSE, "change_refuse"),
        (Stage.OUTBOUND, Would.REFUSE, "change_refuse"),
    ],
)
@pytest.mark.behaviour("R17")
async def test_the_stage_decides_about_lines(there, kit, stage, would, code):
    row = await there.bench.row("1")
    await there.bench.store.write(at_stage, row.id, stage)
    await there.bench.absorb(kit.order("1", recipient=there.moved("1 Road"), lines=(kit.line(quantity=7),)))
    found = await foreseen(there, **NAMED)
    assert found[:2] == (would, [code])
    assert "quantity" in found[2][0]


def at_stage(tx, push_id, stage):
    tx.execute("UPDATE pushes SET state = ?, stage = ? WHERE id = ?", (PushState.ACCEPTED, RANK[stage], push_id))


@pytest.mark.parametrize(
    ("abilities", "would", "code"),
    [
        (FULL, Would.CANCEL, "cancel_asked"),
        (Abilities(can_update=True), Would.REFUSE, "cancel_refused"),
        (None, Would.BY_HAND, "cancel_waits"),
    ],
)
async def test_a_cancellation_is_foreseen_by_what_the_warehouse_can_do(there, kit, abilities, would, code):
    await there.bench.absorb(kit.order("1", recipient=there.moved("1 Road"), status=OrderStatus.CANCELLED))
    abled = there.bench.house.books.abilities
    abled.pop("wms") if abilities is None else abled.update(wms=abilities)
    row = await there.bench.row("1")
    await there.bench.store.write(_back, row.id)
    found = await foreseen(there, **NAMED)
    assert found[:2] == (would, [code])


def _back(tx, push_id):
    """As if the cancellation had only just arrived."""
    tx.execute("UPDATE pushes SET state = ? WHERE id = ?", (PushState.PUSHED, push_id))


async def test_a_cancellation_after_goods_have_left_is_refused(there, kit):
    row = await there.bench.row("1")
    await there.bench.store.write(at_stage, row.id, Stage.OUTBOUND)
    await there.bench.absorb(kit.order("1", recipient=there.moved("1 Road"), status=OrderStatus.CANCELLED))
    assert (await foreseen(there, **NAMED))[:2] == (Would.REFUSE, ["cancel_refused"])
    await there.choose(Verdict.SHIP)
    assert (await foreseen(there, **NAMED))[:2] == (Would.KEEP, ["ships_all_the_same"])


async def test_a_value_that_a_person_lets_stand_is_not_foreseen_any_more(there, kit):
    row = await there.bench.row("1")
    await there.bench.store.write(at_stage, row.id, Stage.PICKED)
    await there.bench.absorb(kit.order("1", recipient=there.moved("1 Road"), lines=(kit.line(quantity=7),)))
    assert (await there.choose(Verdict.KEEP)).done
    assert await foreseen(there, **NAMED) is None


async def test_nothing_is_written(there, kit):
    await there.bench.absorb(kit.order("1", recipient=there.moved("9 Road")))
    before = [
        await there.bench.store.read(_everything, table) for table in ("pushes", "amendments", "operations", "timeline")
    ]
    await foreseen(there)
    await foreseen(there, **NAMED)
    after = [
        await there.bench.store.read(_everything, table) for table in ("pushes", "amendments", "operations", "timeline")
    ]
    assert before == after
    assert before[0]


def _everything(tx, table):
    return tx.rows(f"SELECT * FROM {table} LIMIT 100")
