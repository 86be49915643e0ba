"""Products on the dashboard: conflicts decided, settings changed, a first contact planned and applied, the brake released."""

from __future__ import annotations

import msgspec
import pytest
from tests.e2e.test_master_data import MANUAL, Catalogue, a_product

from crossdock.control.records.book import Warehouse
from crossdock.control.records.master import MasterField

EVIL = "[bold red]\x1b[31mX\x1b]0;pwn\x07[@click=app.quit]\u202egone\u2066[/]"


@pytest.fixture
async def world(tmp_path):
    made = Catalogue(tmp_path)
    await made.up()
    yield made
    await made.down()


async def apart(world, *skus: str, field: str = "name") -> None:
    """Let both sides change a field of products that are kept in step, so that a person has to decide."""
    await world.begin(products=[a_product(sku) for sku in skus], fields={field: MANUAL})
    await world.until_products("WH", "bound", len(skus))
    for sku in skus:
        world.oms.products.edit(sku, name="Mug")
        world.wms.products.edit(sku, name="Beaker")
    await world.until_conflicts(len(skus))


async def decide(desk, key: str, take: str, reason: str, value: str = "") -> None:
    await desk.press(key)
    await desk.until_text("What is taken for")
    await desk.type(take)
    await desk.press("enter", "enter")
    if value:
        await desk.until_text("Which value?")
        await desk.type(value)
        await desk.press("enter")
    await desk.until_text("Why? It is kept")
    await desk.press("enter")
    await desk.until_text("it is needed")
    await desk.type(reason)
    await desk.press("enter")


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_a_conflict_shows_three_values_side_by_side_and_is_decided_with_a_reason(world, dashboard, size):
    await apart(world, "A")
    async with dashboard(size, first="products") as desk:
        await desk.until(lambda: len(desk.rows) == 1, "the conflict is listed")
        await desk.until_text("Cup", "Mug", "Beaker", "WH", "both sides changed it since they last agreed")
        assert "decide" in desk.text
        await decide(desk, "d", "wms", "as the box says")
        await desk.until(lambda: desk.rows == [], "it is decided")
        await desk.until_text("nothing is to be decided")
        assert any("A name: taken: Beaker" in each for each in desk.said)
        await world.until_there(world.oms, "A", name="Beaker")
        await desk.press("slash")
        await desk.type("decided:true")
        await desk.press("enter")
        await desk.until_text("what the warehouse says: Beaker", "as the box")
        await desk.press("d")
        await desk.until(lambda: any("it is decided already" in each for each in desk.said), "it says why not")


async def test_several_conflicts_are_decided_the_same_way_after_one_question(world, dashboard):
    await apart(world, "A", "B", "C")
    async with dashboard(first="products") as desk:
        await desk.until(lambda: len(desk.rows) == 3, "three conflicts")
        await desk.press("space", "space")
        await desk.until_text("2 marked")
        await decide(desk, "d", "value", "the catalogue says so", "Goblet")
        await desk.until_text("Decide 2 conflicts? Taken: Goblet", "A name", "B name")
        await desk.press("y")
        await desk.until_text("2 done, 0 not", "taken: Goblet")
        await desk.press("enter")
        await desk.until(lambda: [desk.cell(key, "sku") for key in desk.rows] == ["C"], "one is left")
        for sku in ("A", "B"):
            await world.until_there(world.wms, sku, name="Goblet")


async def test_all_conflicts_of_a_field_are_decided_at_once_and_no_others(world, dashboard):
    await apart(world, "A", "B", "C")
    await world.change("WH", fields={"storage": MANUAL})
    world.oms.products.edit("A", storage="wet")
    world.wms.products.edit("A", storage="cold")
    await world.until_conflicts(4)
    async with dashboard(first="products") as desk:
        await desk.until(lambda: len(desk.rows) == 4, "four conflicts")
        await desk.press("slash")
        await desk.type("field:storage")
        await desk.press("enter")
        await desk.until(lambda: len(desk.rows) == 1, "the filter narrows it")
        await desk.press("escape")
        await desk.until(lambda: len(desk.rows) == 4, "all are there again")
        await desk.on(next(key for key in desk.rows if desk.cell(key, "field") == "name"))
        await decide(desk, "D", "oms", "the shop is right")
        await desk.until_text("Decide 3 conflicts? Taken: what the OMS says")
        await desk.press("n")
        assert len(await world.until_conflicts(4)) == 4
        await decide(desk, "D", "oms", "the shop is right")
        await desk.until_text("Decide 3 conflicts?")
        await desk.press("y")
        await desk.until_text("3 done, 0 not")
        await desk.press("enter")
        await desk.until(lambda: [desk.cell(key, "field") for key in desk.rows] == ["storage"], "the other is left")


async def test_a_decision_that_the_daemon_refuses_says_why(world, dashboard):
    await apart(world, "A")
    async with dashboard(first="products") as desk:
        await desk.until(lambda: len(desk.rows) == 1, "the conflict is listed")
        await world.change("WH", fields={"name": MasterField(rule="manual", direction="oms_to_wms")})
        await decide(desk, "d", "wms", "as the box says")
        await desk.until(
            lambda: any("goes from the OMS to the warehouse only" in each for each in desk.said), "why not"
        )


async def test_a_new_conflict_arrives_by_itself(world, dashboard):
    await apart(world, "A")
    async with dashboard(first="products") as desk:
        await desk.until(lambda: len(desk.rows) == 1, "one conflict")
        await world.change("WH", fields={"storage": MANUAL})
        world.oms.products.edit("A", storage="wet")
        world.wms.products.edit("A", storage="cold")
        await desk.until(lambda: len(desk.rows) == 2, "the second one appears")


async def test_the_settings_are_a_list_of_fields_that_are_switched_and_changed(world, dashboard):
    await world.begin()
    async with dashboard((80, 24), first="products") as desk:
        await desk.press("tab", "tab")
        await desk.until_text("all products", "dimensions", "the owner wins")
        await desk.on("name")
        await desk.press("space")
        await desk.on("unit")
        await desk.press("space", "o")
        await desk.until_text("Switch 2 of them on or off?")
        await desk.press("y")
        await desk.until(lambda: desk.cell("name", "on") == "- off", "name is off")
        assert any("11 fields are kept in step" in each for each in desk.said)
        saved = await world.client(lambda c: c.master_settings("WH"))
        assert not saved.fields["name"].on
        assert not saved.fields["unit"].on
        await desk.on("barcodes")
        await desk.press("e")
        await desk.until_text("field of products", "barcodes")
        await desk.press("right")
        await desk.press("down", "right")
        await desk.until_text("OMS → WMS")
        await desk.press("ctrl+s")
        await desk.until(lambda: desk.cell("barcodes", "direction") == "OMS → WMS", "it is saved")
        saved = await world.client(lambda c: c.master_settings("WH"))
        assert saved.fields["barcodes"].direction == "oms_to_wms"
        assert not saved.fields["barcodes"].on


async def test_a_rule_that_does_not_fit_a_field_is_refused_in_the_form(world, dashboard):
    await world.begin()
    async with dashboard(first="products") as desk:
        await desk.press("tab", "tab")
        await desk.on("name")
        await desk.press("e")
        await desk.until_text("field of products")
        await desk.press("up", "right")
        await desk.until_text("both are united")
        await desk.press("ctrl+s")
        await desk.until_text("holds one value, which cannot be united")
        await desk.press("escape", "y")
        await desk.until(lambda: desk.dialog is None, "it is left")


async def test_settings_that_somebody_else_changed_are_shown_not_overwritten(world, dashboard):
    await world.begin()
    async with dashboard(first="products") as desk:
        await desk.press("tab", "tab")
        await desk.on("*")
        await desk.press("e")
        await desk.until_text("products of a warehouse", "brake, percent")
        await desk.press("down", "down", "end", "backspace", "backspace")
        await desk.type("25")
        await world.change("WH", tolerance_s=77)
        await desk.until_text("somebody changed it meanwhile")
        await desk.press("ctrl+s")
        await desk.until_text("Somebody else saved it", "77", "25")
        await desk.press("m")
        await desk.until(lambda: desk.dialog is None, "both are saved")
        saved = await world.client(lambda c: c.master_settings("WH"))
        assert (saved.brake_percent, saved.tolerance_s) == (25, 77)


async def test_a_first_contact_is_planned_looked_through_and_applied_exactly(world, dashboard):
    world.oms.products.put([a_product("A", unit=None), a_product("B", name="Pot")])
    world.wms.products.put([a_product("A", unit="box"), a_product("B", name="Pan")])
    await world.start()
    await world.client(lambda c: c.save_warehouse(Warehouse(code="WH", connection="depot", remote="W1")))
    async with dashboard((80, 24), first="products") as desk:
        await desk.until_text("products of WH are not kept in step")
        await desk.press("shift+tab")
        await desk.press("p")
        await desk.until(lambda: any("are not kept in step" in each for each in desk.said), "it says why not")
        await desk.press("shift+tab")
        await desk.on("*")
        await desk.press("o")
        await desk.until(lambda: desk.cell("*", "on") == "✓ on", "it is on")
        await world.until_products("WH", "proposed", 2)
        await desk.press("tab")
        await desk.until_text("2 products wait for their first contact")
        await desk.press("a")
        await desk.until(lambda: any("there is no plan yet" in each for each in desk.said), "nothing to apply")
        await desk.press("p")
        await desk.until(lambda: desk.rows == ["A", "B"], "the plan is shown")
        await desk.until_text("unit → OMS", "2 products: 7 values the same, 1 to fill")
        assert (world.writes(world.oms), world.writes(world.wms)) == (0, 0)
        await desk.on("B")
        await desk.press("enter")
        await desk.until_text("left to a person", "Pot", "Pan")
        await desk.press("escape", "a")
        await desk.until_text("Apply plan 1 to 2 products?", "1 values are written")
        await desk.press("y")
        await world.until_there(world.oms, "A", unit="box")
        await desk.until(lambda: any("is applied" in each for each in desk.said), "it is said")
        await desk.press("a")
        await desk.until(lambda: any("is applied; p makes a new one" in each for each in desk.said), "once only")
        await desk.press("tab")
        await desk.until_text("Pot", "Pan", "never agreed on it")


async def test_a_plan_that_does_not_hold_any_more_is_refused(world, dashboard):
    world.oms.products.put([a_product("B", name="Pot")])
    world.wms.products.put([a_product("B", name="Pan")])
    await world.start()
    await world.switch_on("WH")
    await world.until_products("WH", "proposed", 1)
    async with dashboard(first="products") as desk:
        await desk.press("shift+tab", "p")
        await desk.until(lambda: desk.rows == ["B"], "the plan is shown")
        world.oms.products.edit("B", name="Kettle")

        async def seen() -> bool:
            page = await world.client(lambda c: c.master_products("WH"))
            return page.items[0].oms["name"] == "Kettle"

        await world.until(seen, "the change is seen")
        await desk.press("a", "y")
        await desk.until(lambda: any("changed after plan" in each for each in desk.said), "it is refused")


async def test_the_brake_says_how_many_changes_wait_and_lets_them_pass(world, dashboard):
    await world.begin(products=[a_product(f"P{n}") for n in range(8)], brake_skus=3, brake_percent=20)
    await world.until_products("WH", "bound", 8)
    async with dashboard((80, 24), first="products") as desk:
        await desk.press("b")
        await desk.until(lambda: any("the brake holds nothing back" in each for each in desk.said), "nothing waits")
        world.oms.products.put([a_product(f"P{n}", name="Mug") for n in range(5)])
        await desk.until_text("brake: 5 wait", "brake: 5 changes at once are many for 8 products")
        await desk.press("b")
        await desk.until_text("Let 5 changes pass?")
        await desk.press("y")
        await world.until_there(world.wms, "P4", name="Mug")
        await desk.until(lambda: "brake:" not in desk.text, "the brake is off")


async def test_products_are_listed_by_state_and_shown_as_both_sides_have_them(world, dashboard):
    await world.begin(products=[a_product("CUP-1"), a_product("CUP-2"), a_product("POT-1")])
    await world.until_products("WH", "bound", 3)
    async with dashboard(first="products") as desk:
        await desk.press("tab")
        await desk.until(lambda: desk.rows == ["CUP-1", "CUP-2", "POT-1"], "all products")
        await desk.press("slash")
        await desk.type("CUP state:bound")
        await desk.press("enter")
        await desk.until(lambda: desk.rows == ["CUP-1", "CUP-2"], "those that fit")
        await desk.press("enter")
        await desk.until_text("barcodes", "weight (g)", "200")
        await desk.press("escape", "slash", "ctrl+u")
        await desk.type("NOPE")
        await desk.press("enter")
        await desk.until_text("no product fits the filter")


async def test_products_are_fetched_from_both_sides_now(world, dashboard):
    await world.begin()
    async with dashboard(first="products") as desk:
        await desk.press("g")
        await desk.until_text("fetch now: 2 done, 0 not", "shop", "depot")


async def test_a_warehouse_is_chosen_with_a_key_and_remembered(world, dashboard, tmp_path):
    await world.begin("WH", "WH2")
    memory = tmp_path / "state" / "dashboard.json"
    async with dashboard(first="products", memory=memory) as desk:
        await desk.until(lambda: desk.screen.warehouse == "WH", "the first one")
        await desk.press("w")
        await desk.until_text("Products of which warehouse?")
        await desk.type("WH2")
        await desk.press("enter", "enter")
        await desk.until(lambda: desk.screen.warehouse == "WH2", "the second one")
        await desk.until_text("WH2")
    async with dashboard(first="products", memory=memory) as desk:
        await desk.until(lambda: desk.screen.warehouse == "WH2", "it is remembered")


async def test_without_a_warehouse_it_says_what_to_do(world, dashboard):
    await world.start()
    async with dashboard(first="products") as desk:
        await desk.until_text("there is no warehouse yet")
        await desk.press("w")
        await desk.until(lambda: any("there is no warehouse yet" in each for each in desk.said), "nothing to choose")


async def test_what_a_role_may_not_do_is_dimmed_with_the_reason(world, dashboard):
    await apart(world, "A")
    async with dashboard(first="products") as desk:
        await desk.until(lambda: len(desk.rows) == 1, "the conflict is listed")
        desk.app.link.me = msgspec.structs.replace(desk.app.link.me, rights=("view",))
        await desk.press("d")
        await desk.until(lambda: any("you lack the right 'master.resolve'" in each for each in desk.said), "why not")
        await desk.press("question_mark")
        await desk.until_text("you lack the right 'master.policy'", "you lack the right 'order.pull'")


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_hostile_text_shows_as_text(world, dashboard, size):
    await world.begin(products=[a_product("A")], fields={"name": MANUAL})
    await world.until_products("WH", "bound", 1)
    world.oms.products.edit("A", name=EVIL)
    world.wms.products.edit("A", name=EVIL + "2", storage=EVIL)
    await world.until_conflicts(1)
    async with dashboard(size, first="products") as desk:
        await desk.until(lambda: len(desk.rows) == 1, "the conflict is listed")
        await desk.press("enter")
        await desk.until_text("\\x1b")
        await desk.press("escape", "tab")
        await desk.until(lambda: desk.rows == ["A"], "the product is listed")
        await desk.press("enter")
        await desk.until_text("\\x1b")
        strips = [segment.text for strip in desk.app.screen._compositor.render_strips() for segment in strip]
        assert not any(ord(character) < 32 or character in "\u202e\u2066" for text in strips for character in text)


async def test_the_warehouse_whose_products_are_kept_in_step_is_shown_first_and_the_others_say_how_they_stand(
    world, dashboard
):
    await apart(world, "A")
    await world.client(lambda c: c.save_warehouse(Warehouse(code="AAA", connection="annex", remote="W2")))
    async with dashboard(first="products") as desk:
        await desk.until(lambda: len(desk.rows) == 1, "the conflict of WH is listed")
        await desk.press("w")
        await desk.until_text("Products of which warehouse?", "AAA", "off", "1 conflict")
        await desk.press("down", "enter")
        await desk.until_text("products of AAA are not kept in step")
