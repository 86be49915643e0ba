"""Incidents over the control API: listed by cause, taken, muted, released; and what they mean for the status."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from tests.control.world import order

from crossdock.control.records.book import Allocation, Mapping
from crossdock.control.transport import Refusal
from crossdock.spec.orders import OrderLine
from crossdock.spec.outbound import PushStatus


def without_sku(ref):
    return order(ref, lines=(OrderLine(line_no=1, sku="", quantity=Decimal(1)),))


@pytest.fixture
async def held(world, client):
    """Three orders that wait for one SKU, and one for a SKU that is missing altogether."""
    warehouse = await client.warehouse("WH1")
    import msgspec

    await client.save_warehouse(msgspec.structs.replace(warehouse, auto_bind=False))
    world.serve(order("A"), order("B"), order("C"), without_sku("D"))
    await world.fetch()
    await world.until("D", "held")
    return world


@pytest.mark.behaviour("P7")
async def test_a_cause_is_one_line_with_what_it_holds_and_what_to_do(held, client):
    page = await client.incidents()
    assert [(i.cause, i.code, i.holds, i.command) for i in page.items] == [
        ("mapping", "sku", 3, "crossdock mappings set WH1 sku A THEIRS"),
        ("validation", "sku_missing", 1, ""),
    ]
    assert [i.code for i in (await client.incidents(cause="mapping")).items] == ["sku"]
    first = await client.incidents(limit=1)
    assert [i.code for i in (await client.incidents(after=first.next)).items] == ["sku_missing"]
    status = await client.status()
    assert status.incidents == {"mapping": 1, "validation": 1}
    assert any("incidents: 2" in reason for reason in status.reasons)


async def test_those_that_hold_the_most_come_first_if_asked_in_pages_too(world, held, client):
    world.serve(*(without_sku(ref) for ref in "EFGH"))
    await world.fetch()
    await world.until("H", "held")
    page = await client.incidents(order="largest")
    assert [(item.code, item.holds) for item in page.items] == [("sku_missing", 5), ("sku", 3)]
    first = await client.incidents(order="largest", limit=1)
    assert [item.code for item in (await client.incidents(order="largest", after=first.next)).items] == ["sku"]
    assert [item.code for item in (await client.incidents(order="largest", cause="mapping")).items] == ["sku"]
    with pytest.raises(Refusal, match="healed incidents hold nothing"):
        await client.incidents(order="largest", state="healed")


async def test_what_an_incident_holds_is_listed_in_pages_by_the_orders_names(held, client):
    number = (await client.incidents()).items[0].id
    first = await client.held(number, limit=2)
    rest = await client.held(number, after=first.next)
    assert [(h.connection, h.ref) for h in (*first.items, *rest.items)] == [("oms", ref) for ref in ("A", "B", "C")]
    assert rest.next is None


@pytest.mark.behaviour("P7")
async def test_the_mapping_alone_releases_all_and_closes_the_incident(held, client):
    await client.save_mapping(Mapping(warehouse="WH1", kind="sku", ours="A", theirs="1"))
    for ref in "ABC":
        await held.until(ref, "pushed")
    assert [i.code for i in (await client.incidents()).items] == ["sku_missing"]
    (closed,) = (await client.incidents(state="healed")).items
    assert (closed.code, closed.holds, closed.healed_at is not None) == ("sku", 0, True)


async def test_an_incident_is_taken_and_muted_and_both_are_audited(held, client):
    number = (await client.incidents()).items[0].id
    assert (await client.take_incident(number)).owner == "admin"
    assert (await client.take_incident(number, "ann")).owner == "ann"
    until = datetime.now(UTC) + timedelta(hours=1)
    assert (await client.mute_incident(number, until)).muted_until is not None
    status = await client.status()
    assert status.incidents_muted == 1
    assert any("incidents: 1" in reason for reason in status.reasons)
    assert (await client.mute_incident(number, None)).muted_until is None
    from crossdock.store import audit

    rows = [row for row in await held.store.read(audit.page, 0, 100) if row.object == f"incident:{number}"]
    assert [row.action for row in rows] == ["incident.take"] * 2 + ["incident.mute"] * 2
    assert [(row.before, row.after) for row in rows[:2]] == [("", "admin"), ("admin", "ann")]
    assert {row.actor for row in rows} == {"admin"}


async def test_release_gives_one_result_each_in_pages(held, client):
    number = (await client.incidents()).items[0].id
    first = await client.release_incident(number, limit=2)
    rest = await client.release_incident(number, after=first.next)
    results = [*first.results, *rest.results]
    assert [(r.order, r.done) for r in results] == [("A", False), ("B", False), ("C", False)]
    assert "SKU A is not bound" in results[0].text


@pytest.mark.behaviour("P7", "R25")
async def test_refused_orders_are_sent_again_all_at_once(world, client):
    world.wms.answer = PushStatus.REJECTED
    world.serve(order("A"), order("B"))
    await world.fetch()
    for ref in "AB":
        await world.until(ref, "push_failed")
    (item,) = (await client.incidents()).items
    assert (item.cause, item.connection, item.code, item.holds) == ("refused", "wms", "stock", 2)
    assert item.command == f"crossdock incidents release {item.id}"
    world.wms.answer = PushStatus.ACCEPTED
    done = await client.release_incident(item.id)
    assert [r.done for r in done.results] == [True, True]
    for ref in "AB":
        await world.until(ref, "pushed")
    assert (await client.incidents()).items == ()


async def test_a_missing_warehouse_is_mended_by_an_allocation_rule(world, client):
    rule = await client.allocation_rule(1)
    await client.remove_allocation(1, rule.revision)
    world.serve(order("A"))
    await world.fetch()
    await world.until("A", "held")
    (item,) = (await client.incidents()).items
    assert (item.cause, item.code) == ("mapping", "warehouse")
    await client.save_allocation(Allocation(position=1, warehouse="WH1"))
    await world.until("A", "pushed")
    assert (await client.incidents()).items == ()


async def test_records_that_cannot_be_read_are_released_by_fetching_them_again(world, client):
    world.serve(unreadable=["U"])
    await world.fetch()
    (item,) = (await client.incidents()).items
    assert (item.code, item.holds) == ("unreadable", 1)
    done = await client.release_incident(item.id)
    assert [(r.order, r.done) for r in done.results] == [("U", True)]
    world.serve(order("U"))


async def test_a_connection_that_crossdock_paused_is_an_incident_and_released_by_resuming(world, client):
    from crossdock.spec.errors import ConfigError

    world.engine.keeper.failed("wms", ConfigError("the account does not exist"))
    await world.engine.keeper.save()
    (item,) = (await client.incidents()).items
    assert (item.cause, item.connection, item.command) == ("auth", "wms", "crossdock connections resume wms")
    assert [r.done for r in (await client.release_incident(item.id)).results] == [True]
    assert (await client.incidents()).items == ()


async def test_a_pause_by_a_person_is_no_incident(world, client):
    await client.pause("wms", "stocktaking")
    assert (await client.incidents()).items == ()


@pytest.mark.behaviour("R42")
@pytest.mark.security("S5")
async def test_who_may_only_look_may_not_take_mute_or_release(held, client):
    number = (await client.incidents()).items[0].id
    held.become("viewer")
    assert (await client.incidents()).items
    for ask in (client.take_incident(number), client.mute_incident(number, None), client.release_incident(number)):
        with pytest.raises(Refusal) as refused:
            await ask
        assert refused.value.code == "forbidden"


async def test_an_incident_that_does_not_exist_is_said_to_be_unknown(world, client):
    for ask in (
        client.incident(9),
        client.held(9),
        client.take_incident(9),
        client.mute_incident(9, None),
        client.release_incident(9),
    ):
        with pytest.raises(Refusal) as refused:
            await ask
        assert refused.value.code == "not_found"
