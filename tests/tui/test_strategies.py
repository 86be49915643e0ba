"""The screen of strategies: what is listed, switched, removed, moved, mapped, set up; and why not."""

from __future__ import annotations

import pytest
from tests.tui.conftest import an_order

from crossdock.control.records.book import Allocation, Mapping, Strategy, Warehouse
from crossdock_tui.form_screen import FormScreen
from crossdock_tui.screens.mapping_form import open_mapping

TABS = ("strategies", "warehouses", "allocation", "mappings", "setup")


@pytest.fixture
async def book(world, dashboard):
    """Go to a tab of the screen; the strategy "arranged" pushes to warehouse WH."""
    async with dashboard(first="strategies") as desk:
        yield desk


async def tab(desk, name):
    desk.screen.go_to_tab(name)
    await desk.until(lambda: desk.screen.loaded and desk.screen.tab == name, f"tab {name} is read")


def form(desk):
    """The form that is open, or None."""
    return next((each for each in reversed(desk.app.screen_stack) if isinstance(each, FormScreen)), None)


async def opened(desk):
    await desk.until(lambda: form(desk) is not None and form(desk)._begun, "the form is open")
    await desk.pilot.pause()
    return form(desk)


async def put(desk, key, *keys):
    """Go to a line of the form and press keys there."""
    form(desk).field(key).line().focus()
    await desk.press(*keys)


@pytest.mark.behaviour("R31", "R33")
async def test_each_type_is_explained_in_a_sentence_and_who_uses_it_is_shown(book, world):
    await world.client(lambda c: c.save_strategy(Strategy(name="alone", kind="advance")))
    await book.on("arranged")
    await book.until_text("Pushes an order once its shipment is arranged", "used by")
    assert book.cell("arranged", "used") == "WH"
    await book.on("alone")
    await book.until_text("Pushes an order ahead of time", "no warehouse uses it")


async def test_strategies_are_switched_in_one_go_with_a_result_for_each(book, world):
    await world.client(lambda c: c.save_strategy(Strategy(name="other", kind="advance", enabled=False)))
    await book.until(lambda: len(book.rows) == 2, "both are listed")
    await book.press("asterisk")
    await book.until_text("2 marked")
    await book.press("o")
    await book.until_text("Switch 2 of them on or off?", "arranged", "other")
    await book.press("y")
    await book.until_text("2 done, 0 not", "switched off", "switched on")
    await book.press("enter")
    assert not (await world.client(lambda c: c.strategy("arranged"))).enabled
    await book.until(lambda: book.cell("arranged", "on") == "- off", "it is seen")


async def test_what_is_in_use_is_not_removed_and_says_who_uses_it(book, world):
    await book.on("arranged")
    await book.press("x")
    await book.until(
        lambda: any("warehouse WH uses it; take it out" in each for each in book.said), "the reason is said"
    )
    await world.client(lambda c: c.save_strategy(Strategy(name="alone", kind="advance")))
    await book.on("alone")
    await book.press("x")
    await book.until_text("Remove 1? What is removed is gone.", "alone")
    await book.press("y")
    await book.until(lambda: book.rows == ["arranged"], "it is gone")


async def test_a_removal_of_what_somebody_changed_meanwhile_is_refused(book, world):
    await world.client(lambda c: c.save_strategy(Strategy(name="alone", kind="advance")))
    await book.on("alone")
    await book.press("x")
    await book.until_text("Remove 1?")
    await world.client(lambda c: c.save_strategy(Strategy(name="alone", kind="standard", revision=1)))
    await book.press("y")
    await book.until(lambda: any("read it again" in each for each in book.said), "it is refused")
    assert "alone" in book.rows


async def test_opening_a_strategy_shows_what_it_does_today(book, world):
    world.oms.put([an_order(1, label_ready=False)])
    await world.until_state("O-1", "not_pushed", "held")
    await book.on("arranged")
    await book.press("enter")
    await book.until_text("designated stores", "today's orders", "1 stay", "no strategy of warehouse WH matches")


@pytest.mark.behaviour("R36", "R37")
async def test_auto_push_is_switched_off_and_on_with_the_number_that_goes_and_the_warning_of_gifts(book, world):
    await tab(book, "warehouses")
    await book.on("WH")
    await book.until_text("waits for no gifts")
    await book.press("a")
    await book.until_text("Switch auto push of WH off?")
    await book.press("y")
    await book.until(lambda: book.cell("WH", "auto") == "- off", "it is off")
    world.oms.put([an_order(number) for number in (1, 2)])
    await world.until_state("O-2", "not_pushed")
    await book.press("a")
    await book.until_text("2 orders go at once", "arranged waits for no gifts")
    await book.press("n")
    assert not (await world.client(lambda c: c.warehouse("WH"))).auto_push
    await book.press("a")
    await book.until_text("2 orders go at once")
    await book.press("y")
    await world.until_arrived("O-1", "O-2")


@pytest.mark.behaviour("R3", "R35")
async def test_a_warehouse_is_made_with_what_the_wms_lists_and_its_strategies_in_order(book, world):
    await world.client(lambda c: c.save_strategy(Strategy(name="later", kind="advance")))
    await tab(book, "warehouses")
    await book.on("WH")
    await book.press("o")
    await book.until(lambda: book.cell("WH", "on") == "- off", "what the WMS calls W1 is free for another")
    await book.press("n")
    await opened(book)
    await book.type("W-2")
    await book.until(lambda: form(book).field("connection").value == "depot", "the only WMS is proposed")
    await put(book, "remote", "enter")
    await book.until_text("W1")
    await book.press("down", "enter")
    await book.until(lambda: form(book).field("remote").value == "W1", "it is chosen")
    await put(book, "strategies", "enter")
    await book.until_text("[ ] later")
    await book.press("down", "down", "enter", "up", "enter")
    await book.until_text("[2] arranged", "[1] later")
    await book.press("ctrl+s")
    await book.until_text("1. later, 2. arranged")
    await book.press("ctrl+s")
    await book.until(lambda: "W-2" in book.rows, "it is listed")
    saved = await world.client(lambda c: c.warehouse("W-2"))
    assert (saved.connection, saved.remote, saved.strategies) == ("depot", "W1", ("later", "arranged"))


async def test_switching_auto_push_on_in_the_form_asks_about_gifts_first(book, world):
    await world.client(lambda c: c.switch_auto_push("WH", on=False, revision=1))
    await tab(book, "warehouses")
    await book.on("WH")
    await book.press("e")
    await opened(book)
    await put(book, "auto_push", "space")
    await book.until_text("arranged waits for no gifts")
    await book.press("ctrl+s")
    await book.until_text("Save it?")
    await book.press("n")
    await book.until(lambda: book.app.screen is form(book), "the form is there again")
    assert not (await world.client(lambda c: c.warehouse("WH"))).auto_push


async def test_a_warehouse_that_a_rule_names_is_not_removed(book):
    await tab(book, "warehouses")
    await book.on("WH")
    await book.press("x")
    await book.until_text("Remove 1?")
    await book.press("y")
    await book.until(lambda: any("named by allocation rule 1" in each for each in book.said), "the reason is said")


async def test_allocation_rules_change_places_and_the_ends_say_so(book, world):
    await world.client(lambda c: c.save_allocation(Allocation(position=5, warehouse="WH", shops=("s1",))))
    await tab(book, "allocation")
    await book.on("1")
    await book.until_text("the rules behind it are never tried")
    await book.press("K")
    await book.until(lambda: any("the first one that is tried" in each for each in book.said), "the end is said")
    await book.press("J")
    await book.until(
        lambda: book.cell("1", "shops") == "s1" and book.cell("5", "shops") == "any", "they changed places"
    )
    assert [(rule.position, rule.shops) for rule in (await world.client(lambda c: c.allocation())).items] == [(1, ("s1",)), (5, None)]  # fmt: skip
    await book.until(lambda: book.screen.table.current.key == "5", "the cursor goes with the rule")


async def test_a_rule_is_made_behind_the_others_and_a_wrong_country_is_said(book, world):
    await tab(book, "allocation")
    await book.press("n")
    await opened(book)
    await book.until(lambda: form(book).field("warehouse").value == "WH", "the warehouse is proposed")
    assert form(book).field("position").value == 11
    await put(book, "countries", "enter")
    await book.type("thailand")
    await book.press("enter", "ctrl+s", "ctrl+s")
    await book.until_text("is no code of two letters")
    await put(book, "countries", "left")
    await book.press("ctrl+s")
    await book.until(lambda: book.rows == ["1", "11"], "it is saved")


async def test_a_mapping_is_made_changed_and_removed_and_lists_narrow_to_a_warehouse(book, world):
    await tab(book, "mappings")
    await book.until_text("there is no mapping")
    await book.press("n")
    await opened(book)
    await book.until(lambda: form(book).field("warehouse").value == "WH", "the warehouse is proposed")
    await put(book, "ours", "S", "K", "U")
    await book.press("ctrl+s")
    await book.until_text("say how the warehouse calls it, or that it is never sent")
    await put(book, "theirs", "enter")
    await book.until_text("search, or type another")
    await book.type("B-7")
    await book.press("enter")
    await book.until(lambda: form(book).field("theirs").value == "B-7", "what is typed is taken")
    await book.press("ctrl+s")
    await book.until(lambda: len(book.rows) == 1, "it is listed")
    assert (await world.client(lambda c: c.mapping("WH", "sku", "SKU"))).theirs == "B-7"
    await book.press("e")
    await opened(book)
    await put(book, "never", "space")
    await book.press("ctrl+s")
    await book.until_text("never sent", "do not go to this warehouse")
    await book.press("slash")
    await book.type("warehouse:nowhere")
    await book.press("enter")
    await book.until_text("there is no warehouse 'nowhere'")
    await book.press("escape")
    await book.until(lambda: len(book.rows) == 1, "all are there again")
    await book.press("x")
    await book.until_text("WH sku SKU")
    await book.press("y")
    await book.until(lambda: book.rows == [], "it is gone")


async def test_what_is_missing_is_mapped_from_the_incident_and_the_order_goes(book, world):
    read = await world.client(lambda c: c.warehouse("WH"))
    await world.client(lambda c: c.save_warehouse(Warehouse(**{name: getattr(read, name) for name in read.__struct_fields__} | {"need_logistics_mapping": True})))  # fmt: skip
    await tab(book, "mappings")
    await book.press("m")
    await book.until(
        lambda: any("no order waits for a mapping" in each for each in book.said), "nothing is missing yet"
    )
    world.oms.put([an_order(1, logistics="J&T Instan")])
    await book.until_text("1 more is missing and keeps orders")
    await book.press("m")
    await opened(book)
    await book.until_text("J&T Instan", "new mapping")
    assert form(book).focused is form(book).field("theirs").line()
    await book.press("enter")
    await book.until_text("search, or type another")
    await book.type("jnt")
    await book.press("enter", "ctrl+s")
    await world.until_arrived("O-1")


async def test_the_form_opens_filled_for_another_screen_and_tells_what_was_saved(book, world):
    await world.client(lambda c: c.save_mapping(Mapping(warehouse="WH", kind="logistics", ours="JNT", theirs="old")))
    left = open_mapping(book.app, "WH", "logistics", "JNT")
    await opened(book)
    await book.until(lambda: form(book).field("theirs").value == "old", "what is mapped already is read")
    await book.press("escape")
    await book.until(left.done, "it is told")
    assert left.result() is None


@pytest.mark.behaviour("R30")
async def test_the_setup_leads_from_step_to_step(book, world):
    rule = await world.client(lambda c: c.allocation_rule(1))
    await world.client(lambda c: c.remove_allocation(1, rule.revision))
    await tab(book, "setup")
    await book.until_text("connect an OMS in the configuration", "say which orders go to warehouse WH")
    undone = next(row.key for row in book.screen.table.shown if not row.item.done)
    await book.on(book.rows[0])
    await book.press("e")
    await book.until(lambda: any("it is done" in each for each in book.said), "what is done needs nothing")
    await book.on(undone)
    await book.until_text("e opens what does it", "crossdock allocation set")
    await book.press("e")
    await opened(book)
    await book.until(lambda: form(book).field("position").value, "a position is proposed")
    await book.press("ctrl+s")
    await book.until_text("everything is set up")


async def test_empty_tabs_say_why_and_what_to_do(book, world):
    await world.client(lambda c: c.remove_allocation(1, 1))
    await tab(book, "allocation")
    await book.until_text("orders to which the OMS gave no warehouse stay; n makes a rule")
    read = await world.client(lambda c: c.warehouse("WH"))
    await world.client(lambda c: c.remove_warehouse("WH", read.revision))
    await tab(book, "warehouses")
    await book.until_text("no order can go anywhere; n makes one")
    await world.client(lambda c: c.remove_strategy("arranged", 1))
    await tab(book, "strategies")
    await book.until_text("no order goes by itself; n makes one")
    await tab(book, "setup")
    await book.on("002")
    await book.until_text("e opens what does it")
    await book.press("e")
    await opened(book)
    await book.until_text("new strategy")


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_hostile_text_shows_as_text_on_every_tab(world, dashboard, size):
    evil = "[b]\x1b[31mX[@click=app.quit]\u202egone[/]"
    typed = "[b]X[@click=app.quit]gone[/]"  # what a name may hold: nobody could type the rest
    await world.client(lambda c: c.save_strategy(Strategy(name=typed, kind="advance", shops=(typed,))))
    await world.client(lambda c: c.save_warehouse(Warehouse(code="E", connection="depot", remote=evil, name=evil, strategies=(typed,))))  # fmt: skip
    await world.client(lambda c: c.save_allocation(Allocation(position=2, warehouse="WH", shops=(typed,))))
    await world.client(lambda c: c.save_mapping(Mapping(warehouse="E", kind="sku", ours=typed, theirs=evil)))
    async with dashboard(size, first="strategies") as desk:
        for name in TABS:
            await tab(desk, name)
            desk.screen.table.move_cursor(row=len(desk.rows) - 1)
            await desk.press("enter")
            await desk.until(lambda: desk.screen.query_one("#detail-text").content, "the detail is read")
            harmless(desk)
            await desk.press("escape")
        await tab(desk, "warehouses")
        await desk.on("E")
        await desk.press("e")
        await opened(desk)
        await desk.until(lambda: form(desk).previewed, "it is foreseen")
        harmless(desk)
        assert form(desk).draft() == await world.client(lambda c: c.warehouse("E"))


def harmless(desk):
    texts = [segment.text for strip in desk.app.screen._compositor.render_strips() for segment in strip]
    assert not any(ord(character) < 32 or character in "\u202e\u2066" for text in texts for character in text)


async def test_without_the_right_keys_say_which_one_is_missing(book):
    me = book.app.link.me
    book.app.link.me = type(me)(**{name: getattr(me, name) for name in me.__struct_fields__} | {"rights": ("view",)})
    for name, key, right in (("strategies", "n", "strategy.edit"), ("warehouses", "a", "autopush.toggle"), ("mappings", "n", "mapping.edit")):  # fmt: skip
        await tab(book, name)
        await book.press(key)
        await book.until(lambda right=right: any(f"you lack the right '{right}'" in each for each in book.said), right)
