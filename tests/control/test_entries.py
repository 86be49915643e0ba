"""Strategies, warehouses, allocation rules and mappings are edited at the revision that was read."""

from __future__ import annotations

import msgspec
import pytest
from tests.control.world import order

from crossdock.control.client import Refusal
from crossdock.control.records import book as records
from crossdock.control.records.book import Allocation, Mapping, Strategy, Warehouse
from crossdock.rules import book as rules
from crossdock.rules.book import EXPLAINED, StrategyKind
from crossdock.rules.push_states import PushState

MIRRORED = [
    (records.Strategy, rules.PushStrategy),
    (records.Warehouse, rules.Warehouse),
    (records.Allocation, rules.AllocationRule),
    (records.Mapping, rules.Mapping),
]


@pytest.mark.parametrize(("ours", "theirs"), MIRRORED)
def test_what_a_client_sends_has_exactly_the_fields_of_the_rules(ours, theirs):
    mine = {field.name: field.default for field in msgspec.structs.fields(ours)}
    rule = {field.name: field.default for field in msgspec.structs.fields(theirs)}
    assert list(mine) == list(rule)
    assert {name: getattr(value, "value", value) for name, value in rule.items()} == mine


@pytest.mark.behaviour("R31", "R33")
async def test_each_kind_of_strategy_is_explained_beside_the_list(client):
    page = await client.strategies()
    assert [strategy.name for strategy in page.items] == ["std"]
    assert page.explained == {kind.value: EXPLAINED[kind] for kind in StrategyKind}
    assert page.minimum_statuses == ("unpaid", "partially_paid", "paid", "ready_to_ship")


@pytest.mark.behaviour("R33", "R34")
async def test_a_strategy_is_made_changed_and_removed(client):
    made = await client.save_strategy(Strategy(name="fast", kind="custom_advance", shops=("s1", "s2")))
    assert made.revision == 1
    changed = await client.save_strategy(msgspec.structs.replace(made, logistics=("grab",)))
    kept = msgspec.to_builtins(await client.strategy("fast"))
    assert kept == {name: value for name, value in msgspec.to_builtins(changed).items() if name != "warnings"}
    assert changed.revision == 2
    await client.remove_strategy("fast", 2)
    with pytest.raises(Refusal, match="there is no strategy 'fast'"):
        await client.strategy("fast")


@pytest.mark.parametrize("old", [0, 1, 5])
async def test_a_change_of_what_somebody_else_changed_is_refused(client, old):
    read = await client.strategy("std")
    await client.save_strategy(read)
    with pytest.raises(Refusal, match="read it again") as refusal:
        await client.save_strategy(msgspec.structs.replace(read, revision=old))
    assert (refusal.value.code, refusal.value.problem.status) == ("changed_meanwhile", 409)


async def test_a_removal_of_what_somebody_else_changed_is_refused(client):
    await client.save_strategy(Strategy(name="unused", kind="advance"))
    with pytest.raises(Refusal, match="read it again") as refusal:
        await client.remove_strategy("unused", 9)
    assert refusal.value.code == "changed_meanwhile"
    assert (await client.strategy("unused")).revision == 1


@pytest.mark.behaviour("R34")
@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "custom_advance"}, "designated stores, designated logistics, or both"),
        ({"kind": "advance", "shops": ()}, "no order would ever match"),
        ({"kind": "advance", "gift_gate": "wait_minutes"}, "gift_minutes is 0"),
        ({"kind": "advance", "not_before": "08:00"}, "both not_before and not_after"),
        ({"kind": "advance", "minimum_status": "cancelled"}, "minimum_status must be one of"),
    ],
)
async def test_a_strategy_that_makes_no_sense_is_refused_with_the_reason(client, fields, said):
    with pytest.raises(Refusal, match=said) as refusal:
        await client.save_strategy(Strategy(name="odd", **fields))
    assert refusal.value.problem.status == 422


async def test_the_name_in_the_path_and_in_the_body_must_be_the_same(raw):
    status, problem, _ = await raw("PUT", "/v1/strategies/a", {"name": "b", "kind": "advance"})
    assert status == 422
    assert "cannot be changed" in problem["detail"]


async def test_a_name_that_nobody_could_type_is_refused(raw):
    status, problem, _ = await raw("PUT", "/v1/strategies/a%1Fb", {"name": "a\x1fb", "kind": "advance"})
    assert status == 422
    assert "nobody could see or type" in problem["detail"]


@pytest.mark.behaviour("R3", "R35", "R36")
async def test_a_warehouse_is_made_switched_and_removed(client):
    made = await client.save_warehouse(Warehouse(code="WH2", connection="wms", remote="W2", strategies=("std",)))
    on = await client.switch_auto_push("WH2", made.revision, on=True)
    assert (on.auto_push, on.revision) == (True, 2)
    with pytest.raises(Refusal, match="read it again"):
        await client.switch_auto_push("WH2", made.revision, on=False)
    await client.remove_warehouse("WH2", 2)
    assert [each.code for each in (await client.warehouses()).items] == ["WH1"]


async def test_two_warehouses_with_one_code_of_the_wms_are_refused_unless_one_is_switched_off(client):
    first = await client.warehouse("WH1")
    with pytest.raises(Refusal, match=r"is 'WH1' here already.*its documents could not be told apart"):
        await client.save_warehouse(Warehouse(code="WH2", connection="wms", remote=first.remote))
    other = await client.save_warehouse(Warehouse(code="WH2", connection="wms", remote=first.remote, enabled=False))
    with pytest.raises(Refusal, match="is 'WH1' here already"):
        await client.save_warehouse(msgspec.structs.replace(other, enabled=True))
    await client.save_warehouse(msgspec.structs.replace(first, enabled=False))
    assert (await client.save_warehouse(msgspec.structs.replace(other, enabled=True))).enabled
    with pytest.raises(Refusal, match="is 'WH2' here already"):
        await client.save_warehouse(msgspec.structs.replace(first, revision=2))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"strategies": ("nope",)}, "there is no strategy nope"),
        ({"connection": "nope"}, "there is no connection 'nope'"),
        ({"oms_code": "WH1"}, "is 'WH1' here already"),
    ],
)
async def test_a_warehouse_that_names_what_does_not_exist_is_refused(client, fields, said):
    base = {"code": "WH2", "connection": "wms", "remote": "W2"}
    with pytest.raises(Refusal, match=said):
        await client.save_warehouse(Warehouse(**{**base, **fields}))


async def test_what_is_in_use_is_not_removed(client):
    with pytest.raises(Refusal, match="used by warehouse WH1") as refusal:
        await client.remove_strategy("std", 1)
    assert refusal.value.code == "in_use"
    with pytest.raises(Refusal, match="named by allocation rule 1"):
        await client.remove_warehouse("WH1", 1)


async def test_countries_of_an_allocation_rule_are_kept_in_capitals(client):
    saved = await client.save_allocation(Allocation(position=5, warehouse="WH1", countries=("th", "De")))
    assert saved.countries == ("TH", "DE")
    assert [rule.position for rule in (await client.allocation()).items] == [1, 5]
    await client.remove_allocation(5, saved.revision)


@pytest.mark.parametrize("country", ["Thailand", "THA", "T", "", "ไท", "T1", " T"])
async def test_a_country_that_no_order_could_name_is_refused(client, country):
    with pytest.raises(Refusal, match="is no code of two letters, as TH or DE"):
        await client.save_allocation(Allocation(position=5, warehouse="WH1", countries=("TH", country)))
    assert [rule.position for rule in (await client.allocation()).items] == [1]


async def test_an_allocation_rule_names_a_warehouse_that_is_there(client):
    with pytest.raises(Refusal, match="there is no warehouse 'nope'"):
        await client.save_allocation(Allocation(position=6, warehouse="nope"))


async def test_a_mapping_releases_the_orders_that_waited_for_it(world, client):
    never = await client.save_mapping(Mapping(warehouse="WH1", kind="sku", ours="A", theirs=None))
    world.serve(order("A"))
    await world.fetch()
    await world.until("A", "held")
    changed = await client.save_mapping(msgspec.structs.replace(never, theirs="A-9"))
    assert (never.theirs, changed.theirs) == (None, "A-9")
    await world.until("A", "pushed")
    assert (await client.explain("A")).row.state == "pushed"


@pytest.mark.parametrize("ours", ["a/b", "สินค้า", "x y", "100%"])
async def test_mappings_are_listed_by_warehouse_and_kind_and_removed(client, ours):
    await client.save_mapping(Mapping(warehouse="WH1", kind="sku", ours=ours, theirs="1"))
    await client.save_mapping(Mapping(warehouse="WH1", kind="logistics", ours="grab", theirs="GRAB"))
    assert [each.ours for each in (await client.mappings("WH1", "sku")).items] == [ours]
    assert [each.ours for each in (await client.mappings("WH1")).items] == ["grab", ours]
    with pytest.raises(Refusal, match="there is no warehouse 'WH'"):
        await client.mappings("WH")
    assert (await client.mapping("WH1", "sku", ours)).theirs == "1"
    await client.remove_mapping("WH1", "sku", ours, 1)
    assert [each.ours for each in (await client.mappings()).items] == ["grab"]
    with pytest.raises(Refusal, match="name the warehouse too"):
        await client.mappings(kind="sku")


@pytest.mark.security("S21")
async def test_entries_are_paged_too(client, raw):
    for number in range(7):
        await client.save_strategy(Strategy(name=f"s{number}", kind="advance"))
    seen, after = [], ""
    while after is not None:
        _, page, _ = await raw("GET", f"/v1/strategies?limit=3&after={after}")
        seen += [each["name"] for each in page["items"]]
        after = page["next"]
    assert seen == [*(f"s{number}" for number in range(7)), "std"]


@pytest.mark.security("S15")
@pytest.mark.parametrize(
    "text", ["' OR '1'='1", '"; DROP TABLE pushes; --', "%", "_", "\\", "\x00", "1 UNION SELECT 1"]
)
async def test_what_looks_like_sql_is_only_text(world, client, text):
    world.serve(order("A"))
    await world.fetch()
    assert (await client.orders(text=text)).items == ()
    for narrowed in ({"warehouse": text}, {"connection": text}):
        with pytest.raises(Refusal, match=r"there is no|the parameters do not fit"):
            await client.orders(**narrowed)
    assert (await client.strategies(text)).items in ((), (await client.strategies()).items)
    await client.save_mapping(Mapping(warehouse="WH1", kind="sku", ours="x", theirs=text))
    assert (await client.mapping("WH1", "sku", "x")).theirs == text
    assert len((await client.orders()).items) == 1


async def test_two_allocation_rules_change_places_together(client):
    one = await client.allocation_rule(1)
    other = await client.save_allocation(Allocation(position=5, warehouse="WH1", shops=("s1",)))
    now = await client.swap_allocation(one, other)
    assert [(rule.position, rule.shops, rule.revision) for rule in now.items] == [(1, ("s1",), 2), (5, one.shops, 2)]
    assert (await client.allocation()).items == now.items


async def test_rules_that_somebody_changed_meanwhile_stay_where_they_are(client):
    one = await client.allocation_rule(1)
    other = await client.save_allocation(Allocation(position=5, warehouse="WH1", shops=("s1",)))
    await client.save_allocation(other)
    with pytest.raises(Refusal, match="allocation rule 5 is at revision 2, you read revision 1") as refusal:
        await client.swap_allocation(one, other)
    assert refusal.value.code == "changed_meanwhile"
    assert await client.allocation_rule(1) == one
    with pytest.raises(Refusal, match="there is no allocation rule 9"):
        await client.swap_allocation(one, msgspec.structs.replace(other, position=9))
    with pytest.raises(Refusal, match="with itself"):
        await client.swap_allocation(one, one)


async def test_a_warehouse_needs_a_connection_that_takes_orders(client):
    with pytest.raises(Refusal, match=r"cannot be pushed through connection 'oms' \(those that take orders: wms\)"):
        await client.save_warehouse(Warehouse(code="WH2", connection="oms", remote="W2"))


@pytest.mark.parametrize(
    ("state", "open_"), [("PUSHED", True), ("IN_DOUBT", True), ("SHIPPED", False), ("HELD", False)]
)
async def test_a_warehouse_with_open_orders_is_not_removed(world, client, state, open_):
    world.serve(order("1"))
    await world.fetch()
    await world.until("1", "pushed")
    await world.store.write(lambda tx: tx.execute("UPDATE pushes SET state = ?", (PushState[state],)))
    await client.remove_allocation(1, 1)
    if not open_:
        await client.remove_warehouse("WH1", 1)
        return
    with pytest.raises(Refusal, match=r"has 1 orders, or may have them.*--disabled") as refusal:
        await client.remove_warehouse("WH1", 1)
    assert refusal.value.code == "in_use"
