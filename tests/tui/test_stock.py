"""Stock on the dashboard: levels with how far the OMS was told, the switches, fetching now."""

from __future__ import annotations

import msgspec
import pytest
from tests.e2e.conftest import World
from tests.e2e.test_stock import a_level, ready

EVIL = "[bold red]\x1b[31mX\x07[@click=app.quit]\u202egone\u2066[/]"


@pytest.fixture
async def world(tmp_path):
    made = World(tmp_path)
    await made.up()
    yield made
    await made.down()


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_stock_is_switched_on_and_its_levels_reach_the_oms(world, dashboard, size):
    world.wms.stock.put([a_level("A", 5), a_level("B", 7)])
    await ready(world)
    async with dashboard(size, first="stock") as desk:
        await desk.until_text("no level was seen yet")
        await desk.press("g")
        await desk.until(lambda: any("no warehouse sends its stock" in each for each in desk.said), "it says why not")
        await desk.press("shift+tab")
        await desk.until(lambda: desk.cell("WH", "on") == "- off", "it is off")
        await desk.until_text("its levels go nowhere")
        await desk.press("o")
        await desk.until_text("Send the stock of 1 warehouse to an OMS?", "WH", "replaces what the OMS")
        await desk.press("y")
        await desk.until(lambda: desk.cell("WH", "on") == "✓ on", "it is on")
        await desk.press("tab")
        await desk.until(
            lambda: [row.cells["state"].plain for row in desk.screen.table.shown] == ["✓ confirmed"] * 2, "told"
        )
        await desk.until_text("the OMS holds this level", "on hand")
        world.wms.stock.put([a_level("A", 4)])
        await desk.until(
            lambda: next(row.cells["on_hand"].plain for row in desk.screen.table.shown) == "4", "it is live"
        )
        await desk.press("enter")
        await desk.until_text("depot / W1", "observed")
        await desk.press("escape", "g")
        await desk.until(lambda: any("depot: " in each and "task" in each for each in desk.said), "it is asked for")


async def test_what_is_held_says_what_to_do_and_switching_off_says_what_it_means(world, dashboard):
    world.wms.stock.put([a_level("A", 5)])
    await ready(world)
    found = await world.client(lambda c: c.warehouse("WH"))
    await world.client(lambda c: c.save_warehouse(msgspec.structs.replace(found, auto_bind=False)))
    async with dashboard(first="stock") as desk:
        await desk.press("tab")
        await desk.until_text("nothing is held")
        await world.client(lambda c: c.switch_stock("WH", on=True))
        await desk.until(lambda: len(desk.rows) == 1, "it is held")
        await desk.until_text("before a person does something", "map the warehouse's SKU")
        await desk.press("tab", "o")
        await desk.until_text("Stop sending the stock of 1 warehouse?", "the OMS keeps the levels it has")
        await desk.press("y")
        await desk.until(lambda: desk.cell("WH", "on") == "- off", "it is off")
        await desk.press("tab")
        await desk.until(
            lambda: [row.cells["state"].plain for row in desk.screen.table.shown] == ["- off"], "it says so"
        )


async def test_a_switch_that_somebody_else_turned_meanwhile_is_not_turned_back(world, dashboard):
    await ready(world)
    async with dashboard(first="stock") as desk:
        await desk.press("shift+tab")
        await desk.until(lambda: desk.rows == ["WH"], "the switch is listed")
        await desk.press("o")
        await desk.until_text("Send the stock of 1 warehouse")
        await world.client(lambda c: c.switch_stock("WH", on=True))
        await desk.press("y")
        await desk.until(lambda: any("WH: " in each and "changed" in each for each in desk.said), "it is refused")
        assert (await world.client(lambda c: c.stock_switches())).items[0].on


async def test_levels_are_found_by_sku_and_warehouse(world, dashboard):
    world.wms.stock.put([a_level("A", 5), a_level("B", 7)])
    await ready(world)
    await world.client(lambda c: c.switch_stock("WH", on=True))
    async with dashboard(first="stock") as desk:
        await desk.until(lambda: len(desk.rows) == 2, "two levels")
        await desk.press("slash")
        await desk.type("B warehouse:WH")
        await desk.press("enter")
        await desk.until(lambda: [row.cells["sku"].plain for row in desk.screen.table.shown] == ["B"], "one level")
        await desk.press("slash", "ctrl+u")
        await desk.type("NOPE")
        await desk.press("enter")
        await desk.until_text("no level fits the filter")


async def test_without_the_right_the_switch_says_why(world, dashboard):
    await ready(world)
    async with dashboard(first="stock") as desk:
        await desk.press("shift+tab")
        await desk.until(lambda: desk.rows == ["WH"], "the switch is listed")
        desk.app.link.me = msgspec.structs.replace(desk.app.link.me, rights=("view",))
        await desk.press("o")
        await desk.until(lambda: any("you lack the right 'strategy.edit'" in each for each in desk.said), "why not")


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_hostile_text_shows_as_text(world, dashboard, size):
    world.wms.stock.put([a_level(EVIL, 5)])
    await ready(world)
    await world.client(lambda c: c.switch_stock("WH", on=True))
    async with dashboard(size, first="stock") as desk:
        await desk.until(lambda: len(desk.rows) == 1, "it is listed")
        await desk.press("enter")
        await desk.until_text("[@click=app.quit]\\u202egone")
        strips = [segment.text for strip in desk.app.screen._compositor.render_strips() for segment in strip]
        assert not any(ord(character) < 32 or character in "\u202e\u2066" for text in strips for character in text)
