"""The editor of a strategy: what it chooses from, what it foresees, and what happens where somebody else was faster."""

from __future__ import annotations

import contextlib

import pytest
from tests.tui.conftest import an_order
from tests.tui.test_strategies import book, form, opened, put

from crossdock.control.client import Refusal
from crossdock.control.records.book import Strategy
from crossdock_tui.dialogs.meanwhile import Meanwhile

__all__ = ["book"]


def side(desk):
    """What the form says that would happen."""
    return "\n".join(
        strip.text.rstrip()
        for strip in desk.app.screen_stack[-1]._compositor.render_strips()
        if "│" in strip.text or desk.app.size.width < 110
    )


async def edit(desk, name):
    await desk.on(name)
    await desk.press("e")
    return await opened(desk)


async def saved(world, name):
    with contextlib.suppress(Refusal):
        return await world.client(lambda c: c.strategy(name))
    return None


@pytest.mark.behaviour("R32", "R34")
async def test_a_strategy_is_made_with_stores_that_the_oms_lists(book, world):
    await book.press("n")
    await opened(book)
    await book.press("ctrl+s")
    await book.until_text("name: it needs a name")
    await book.type("fast")
    await put(book, "kind", "right", "right")
    await book.until_text("custom advance", "only orders of the designated stores and logistics")
    await book.until_text("a custom advance strategy needs designated stores")
    await book.press("ctrl+s")
    await book.until(lambda: "needs designated stores" in book.text and form(book) is not None, "it is refused")
    await put(book, "shops", "enter")
    first = world.oms.shops[0] if hasattr(world.oms, "shops") else None
    await book.until_text("search, or type another", "[ ]")
    await book.press("down", "enter")
    await book.until_text("[x]")
    await book.press("ctrl+s")
    await book.until(lambda: len(form(book).field("shops").value or ()) == 1, "a store is chosen")
    await book.press("ctrl+s")
    await book.until(lambda: "fast" in book.rows, "it is saved")
    kept = await saved(world, "fast")
    assert kept.kind == "custom_advance"
    assert first is None or kept.shops == (first.code,)
    assert any("strategy fast is saved (revision 1)" in each for each in book.said)


async def test_where_the_oms_cannot_be_asked_that_is_said_and_one_may_type(book, world):
    form_ = await edit(book, "arranged")
    await world.oms.stop()
    await put(book, "logistics", "enter")
    await book.until_text("shop cannot be asked", "type it")
    await book.type("Flash")
    await book.press("enter", "ctrl+s")
    await book.until(lambda: form_.field("logistics").value == ("Flash",), "what is typed is taken")
    await book.press("ctrl+s")
    await book.until(lambda: form(book) is None, "it is saved")
    assert (await saved(world, "arranged")).logistics == ("Flash",)


async def test_what_no_oms_offers_is_saved_with_a_warning(book):
    form_ = await edit(book, "arranged")
    await put(book, "logistics", "enter")
    await book.until_text("search, or type another")
    await book.type("Nobody")
    await book.press("enter", "ctrl+s")
    await book.until(lambda: form_.field("logistics").value == ("Nobody",), "what is typed is taken")
    await book.press("ctrl+s")
    await book.until(lambda: any("Nobody" in each for each in book.said), "the warning is said")
    assert form(book) is None


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_while_editing_it_shows_which_orders_would_go_which_not_and_why(world, dashboard, size):
    await world.client(lambda c: c.switch_auto_push("WH", on=False, revision=1))
    world.oms.put([an_order(1), an_order(2, label_ready=False), an_order(3, shop="other")])
    await world.until_state("O-3", "not_pushed")
    async with dashboard(size, first="strategies") as desk:
        await edit(desk, "arranged")
        await desk.until_text("in warehouse WH", "2 go now", "1 stay")
        await put(desk, "kind", "right")
        await desk.until_text("3 go now", "3 orders differ from what is saved")
        await put(desk, "shops", "enter")
        await desk.until_text("search, or type another")
        await desk.type("web")
        await desk.press("enter", "ctrl+s")
        await desk.until_text("2 go now", "1 stay")
        for _ in range(4):
            await desk.press("pagedown")
            if "N3" in desk.text:
                break
        await desk.until_text("N3")
        world.oms.put([an_order(4, shop="web")])
        await desk.press("pageup", "pageup", "pageup", "pageup")
        await desk.until_text("3 go now")
        await put(desk, "try_auto", "space")
        await desk.until_text("4 stay")
        assert (await saved(world, "arranged")).kind == "standard"
        await desk.press("escape")
        await desk.until_text("Leave it without saving what you changed?")
        await desk.press("y")
        await desk.until(lambda: form(desk) is None, "it is left")


async def test_a_new_strategy_is_tried_in_a_warehouse_that_does_not_use_it(book, world):
    await world.client(lambda c: c.switch_auto_push("WH", on=False, revision=1))
    world.oms.put([an_order(1, label_ready=False)])
    await world.until_state("O-1", "not_pushed")
    await book.press("n")
    await opened(book)
    await put(book, "kind", "right")
    await book.until_text("as if warehouse WH pushed by it alone", "1 go now")
    await put(book, "delay_minutes", "ctrl+u", "a")
    await book.until_text("delay, minutes: a whole number from 0")
    await put(book, "not_before", "9")
    await put(book, "delay_minutes", "backspace", "5")
    await book.until_text("a time of day as 08:00")


async def other_saves(world, **changes):
    """Somebody else changes the strategy."""
    read = await saved(world, "arranged")
    values = {name: getattr(read, name) for name in read.__struct_fields__} | changes
    return await world.client(lambda c: c.save_strategy(Strategy(**values)))


async def conflict(book, world):
    """I set the delay; somebody else the delay and the status; I save."""
    await edit(book, "arranged")
    await put(book, "delay_minutes", "ctrl+u", "3", "0")
    await put(book, "gift_gate", "right")
    await other_saves(world, delay_minutes=5, minimum_status="ready_to_ship")
    await book.until_text("somebody changed it meanwhile")
    await book.press("ctrl+s")
    await book.until(lambda: isinstance(book.app.screen, Meanwhile), "both are shown")
    await book.until_text("as you read it", "theirs", "yours", "delay, minutes", "at least", "gift gate")
    assert (await saved(world, "arranged")).revision == 2


async def test_a_change_of_somebody_else_is_shown_beside_mine_and_mine_goes_on_top_of_theirs(book, world):
    await conflict(book, world)
    await book.press("m")
    await book.until(lambda: form(book) is None, "it is saved")
    now = await saved(world, "arranged")
    assert (now.revision, now.delay_minutes, now.gift_gate, now.minimum_status) == (3, 30, "wait_flag", "ready_to_ship")


async def test_taking_theirs_puts_it_into_the_form_and_saves_nothing(book, world):
    await conflict(book, world)
    await book.press("t")
    await book.until(lambda: book.app.screen is form(book), "the form is there again")
    assert form(book).field("delay_minutes").value == 5
    assert form(book).draft() == await saved(world, "arranged")
    assert "r2" in book.text.splitlines()[0]
    await book.press("escape")
    await book.until(lambda: form(book) is None, "nothing is lost by leaving")


async def test_going_on_editing_decides_nothing(book, world):
    await conflict(book, world)
    await book.press("escape")
    await book.until(lambda: book.app.screen is form(book), "the form is there again")
    assert form(book).field("delay_minutes").value == 30
    assert (await saved(world, "arranged")).revision == 2


async def test_what_somebody_removed_meanwhile_can_be_made_again_as_it_is_here(book, world):
    await world.client(lambda c: c.save_strategy(Strategy(name="alone", kind="advance")))
    await edit(book, "alone")
    await put(book, "delay_minutes", "ctrl+u", "7")
    await world.client(lambda c: c.remove_strategy("alone", 1))
    await book.until_text("somebody removed it meanwhile")
    await book.press("ctrl+s")
    await book.until_text("Somebody removed it while you edited it", "make it again")
    await book.press("m")
    await book.until(lambda: form(book) is None, "it is saved")
    now = await saved(world, "alone")
    assert (now.revision, now.delay_minutes) == (1, 7)


async def test_a_name_that_is_taken_overwrites_nothing(book, world):
    await book.press("n")
    await opened(book)
    await book.type("arranged")
    await put(book, "kind", "right")
    await book.press("ctrl+s")
    await book.until_text("There is one of this name already")
    await book.press("escape")
    await book.until(lambda: book.app.screen is form(book), "the form is there again")
    assert (await saved(world, "arranged")).revision == 1


async def test_while_the_daemon_is_away_the_form_keeps_what_was_typed(book, world):
    await edit(book, "arranged")
    await put(book, "delay_minutes", "ctrl+u", "9")
    await world.kill()
    await book.press("ctrl+s")
    await book.until_text("no crossdock daemon answers")
    await world.start()
    await book.until(lambda: book.app.connected, "it is back", 40)
    await book.press("ctrl+s")
    await book.until(lambda: form(book) is None, "it is saved")
    assert (await saved(world, "arranged")).delay_minutes == 9


async def test_arrows_go_through_every_line_however_fast_they_come(book):
    await edit(book, "arranged")
    await book.pilot.press(*["down"] * 4)
    assert form(book).focused is form(book).field("gift_gate").line()
    await book.until_text("an order goes without waiting for gifts")
    await book.press("right", "right")
    await book.until_text("gift minutes")
    await book.press("down")
    assert form(book).focused is form(book).field("gift_minutes").line()
