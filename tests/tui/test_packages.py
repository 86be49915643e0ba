"""Packages on the dashboard: by stage, with the mark (Updated), and what is decided about them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.tui.conftest import an_order
from tests.tui.test_push_status import EVIL, choose, tab

from crossdock.spec.outbound import Stage


@pytest.fixture
async def packages(world, dashboard):
    """Three packages: O-1 is packed, O-2 and O-3 were updated after their push."""
    made = {number: an_order(number) for number in (1, 2, 3)}
    world.oms.put(made.values())
    for order in made.values():
        await world.until_state(order.ref, "pushed")
    world.wms.changes.move(world.wms.books.by_order["O-1"][-1].key, Stage.PACKED)
    world.oms.put([replace(made[number], buyer_note="ring twice") for number in (2, 3)])
    async with dashboard(first="packages") as desk:
        await desk.until(
            lambda: len(desk.rows) == 3 and all(desk.cell(f"shop/O-{n}", "updated") for n in (2, 3)), "both are updated"
        )
        yield desk


async def test_each_stage_is_a_list_and_the_mark_is_told(packages):
    await packages.on("shop/O-2")
    await packages.until_text("(Updated)", "a acknowledges that you have seen it")
    await tab(packages, "packed")
    await packages.until(lambda: packages.rows == ["shop/O-1"], "one is packed")
    await packages.press("a")
    await packages.until(lambda: any("does not carry the mark" in each for each in packages.said), "it says why not")
    await packages.press("d")
    await packages.until(lambda: any("nothing is to be decided" in each for each in packages.said), "it says why not")
    await tab(packages, "outbound")
    await packages.until_text("no package is at this stage")


async def test_the_mark_is_taken_off_one_or_all(packages, world):
    await packages.on("shop/O-2")
    await packages.press("a")
    await packages.until(lambda: packages.cell("shop/O-2", "updated") == "", "the mark is off")
    await packages.press("A")
    await packages.until_text("Take the mark (Updated) off 1 order?")
    await packages.press("y")
    await packages.until(lambda: packages.cell("shop/O-3", "updated") == "", "no mark is left")
    await packages.until(lambda: packages.app.status.updated == 0, "the status counts none")
    await packages.press("A")
    await packages.until(lambda: any("nothing carries the mark" in each for each in packages.said), "it says so")


async def test_only_what_carries_the_mark_is_found_by_a_filter(packages):
    await packages.press("slash")
    await packages.type("updated:true")
    await packages.press("enter")
    await packages.until(lambda: set(packages.rows) == {"shop/O-2", "shop/O-3"}, "two carry it")


async def test_a_row_and_the_whole_list_are_synced(packages):
    await packages.on("shop/O-1")
    await packages.press("s")
    await packages.until(lambda: any("shop: queued as task" in each for each in packages.said), "it is fetched again")
    await packages.press("S")
    await packages.until_text("Fetch all packages of shop in the list 'all' again?")
    await packages.press("y")
    await packages.until(lambda: any("3 orders" in each for each in packages.said), "all are fetched again")


async def test_a_change_that_came_too_late_is_decided_here(packages, world):
    world.oms.put([replace(world.oms.books.order("O-1"), lines=(replace(an_order(1).lines[0], quantity=9),))])
    await packages.on("shop/O-1")
    await packages.until_text("it changed after its push")
    await packages.press("d")
    await choose(packages, "keep")
    await packages.until_text("Why?")
    await packages.type("packed")
    await packages.press("enter")
    await packages.until(lambda: any(each.startswith("O-1: ") for each in packages.said), "it is decided")


async def test_the_list_fits_a_small_terminal_and_hostile_text_is_text(world, dashboard):
    world.oms.put([an_order(1, shop=EVIL, logistics=EVIL)])
    await world.until_state("O-1", "pushed")
    async with dashboard((80, 24), first="packages") as desk:
        await desk.until(lambda: desk.rows == ["shop/O-1"], "it is listed")
        await desk.until_text("(Updated)", "stage", "pending", "order")
        await desk.press("enter")
        await desk.until_text("\\x1b[31mX")
        strips = [segment.text for strip in desk.app.screen._compositor.render_strips() for segment in strip]
        assert not any(ord(character) < 32 or character in "\u202e\u2066" for text in strips for character in text)


async def test_an_empty_list_says_why_and_what_to_do(world, dashboard):
    async with dashboard(first="packages") as desk:
        await desk.until_text("no warehouse has an order yet")
