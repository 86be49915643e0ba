"""Orders on the dashboard: found, explained, pushed, held, marked; live; paged; with the daemon away and back."""

from __future__ import annotations

import msgspec
import pytest
from tests.tui.conftest import an_order

from crossdock.control.records.orders import OrderRef
from crossdock.spec.orders import Address, Recipient


async def by_hand(world):
    """Let nothing be pushed by itself."""
    await world.client(lambda c: c.switch_auto_push("WH", on=False, revision=1))


@pytest.fixture
async def orders(world, dashboard):
    await by_hand(world)
    world.oms.put([an_order(number) for number in range(1, 6)])
    async with dashboard(first="orders") as desk:
        await desk.until(lambda: len(desk.rows) == 5, "five orders are listed")
        yield desk


async def test_an_order_says_why_it_is_where_it_is_and_the_keys_say_what_to_press(orders):
    await orders.on("shop/O-3")
    await orders.until_text("auto push is off for warehouse WH")
    assert "push to warehouse" in orders.text
    assert "Orders" in orders.text.splitlines()[0]


async def test_explaining_shows_what_every_rule_says(orders):
    await orders.on("shop/O-3")
    await orders.press("e")
    await orders.until_text("what every rule says", "✗ auto push is off for warehouse WH", "✓ its OMS status is")
    await orders.press("escape")
    assert orders.dialog is None


async def test_pushing_one_order_takes_it_out_of_the_pending_ones(orders, world):
    await orders.on("shop/O-3")
    await orders.press("p")
    await world.until_arrived("O-3")
    await orders.until(
        lambda: orders.rows == [f"shop/O-{number}" for number in (5, 4, 2, 1)], "it is not pending any more"
    )
    assert orders.screen.table.current.key == "shop/O-2"
    assert any("queued for warehouse WH" in each for each in orders.said)
    assert world.created() == {"O-3": 1}


async def test_several_are_asked_about_once_with_their_number_and_each_result_is_told(orders, world):
    for key in ("shop/O-1", "shop/O-2"):
        await orders.on(key)
        await orders.press("space")
    await orders.until_text("2 marked")
    await orders.press("p")
    await orders.until_text("Push 2 orders to their warehouse?", "O-1", "O-2")
    await orders.press("n")
    await orders.pilot.pause(0.1)
    assert world.created() == {}
    await orders.press("p")
    await orders.until_text("Push 2 orders to their warehouse?")
    await orders.press("y")
    await world.until_arrived("O-1", "O-2")
    await orders.until_text("2 done, 0 not")
    await orders.press("enter")
    assert set(world.created()) == {"O-1", "O-2"}


async def test_everything_that_fits_the_filter_is_marked_at_once(orders):
    await orders.press("asterisk")
    await orders.until_text("5 marked")
    await orders.press("escape")
    await orders.until(lambda: "marked" not in orders.text, "the marks are off")


async def test_holding_asks_for_a_reason_and_releasing_lets_it_go(orders, world):
    await orders.on("shop/O-4")
    await orders.press("h")
    await orders.until_text("Why is it held?")
    await orders.press("enter")
    await orders.until_text("it is needed")
    await orders.type("the buyer calls")
    await orders.press("enter")
    await orders.until(lambda: orders.cell("shop/O-4", "state") == "‖ held", "it is held")
    await orders.until_text("the buyer calls")
    await orders.press("h")
    await orders.until(lambda: orders.cell("shop/O-4", "state") != "‖ held", "it is released")


async def test_one_key_opens_the_gift_gate_of_an_order_that_waits_there_and_ends_a_hold_first(world, dashboard):
    await world.client(gifts_are_waited_for)
    world.oms.put([an_order(1, gifts_pending=True)])
    async with dashboard(first="orders") as desk:
        await desk.on("shop/O-1")
        await desk.until_text("it waits for gifts to be added")
        await world.client(lambda c: c.hold([OrderRef(connection="shop", ref="O-1")], "the buyer calls"))
        await desk.until(lambda: "the buyer calls" in desk.cell("shop/O-1", "why"), "it is held, too")
        await desk.press("h")
        await desk.until(lambda: any("the hold set here is ended" in each for each in desk.said), "the hold is ended")
        await desk.until(lambda: "gifts" in desk.cell("shop/O-1", "why"), "it only waits for gifts")
        assert world.created() == {}
        await desk.press("h")
        await world.until_arrived("O-1")
        assert any("its gift gate is opened" in each for each in desk.said)


async def gifts_are_waited_for(client):
    """Have every strategy wait until an OMS says that the gifts of an order are complete."""
    for each in (await client.strategies()).items:
        await client.save_strategy(msgspec.structs.replace(each, gift_gate="wait_flag"))


async def test_a_filter_narrows_the_list_and_escape_takes_it_away(orders):
    await orders.press("slash")
    await orders.type("O-2")
    await orders.press("enter")
    await orders.until(lambda: orders.rows == ["shop/O-2"], "one order is left")
    await orders.press("slash", "ctrl+u")
    await orders.type("state:nonsense")
    await orders.press("enter")
    await orders.until_text("state is one of not_pushed")
    await orders.press("escape", "escape")
    await orders.until(lambda: len(orders.rows) == 5, "all are there again")


async def test_opening_an_order_shows_its_lines_and_what_happened(orders):
    await orders.on("shop/O-5")
    await orders.press("enter")
    await orders.until_text("recipient", "สมชาย ใจดี", "lines", "what happened", "created in shop")
    await orders.press("escape")
    assert not orders.screen.opened


async def test_what_may_not_be_done_says_why(orders):
    await orders.on("shop/O-1")
    await orders.press("a")
    await orders.until(lambda: any("does not carry the mark" in each for each in orders.said), "the reason is said")


async def test_a_change_arrives_by_itself_and_keeps_cursor_and_marks(orders, world):
    await orders.on("shop/O-2")
    await orders.press("space")
    await orders.on("shop/O-4")
    world.oms.put([an_order(number) for number in (6, 7)])
    await orders.until(lambda: len(orders.rows) == 7, "new orders appear")
    assert orders.screen.table.current.key == "shop/O-4"
    assert set(orders.screen.picked) == {"shop/O-2"}


async def test_new_orders_are_got_and_the_five_minutes_are_said(tmp_path, dashboard, world):
    await world.stop()
    world.interval = 300
    world.config.write_text(world.text())
    await world.start()
    async with dashboard(first="orders") as desk:
        await desk.press("g")
        await desk.until(lambda: any("queued as task" in each for each in desk.said), "it is asked for")
        await desk.until(lambda: desk.screen.not_obtain() != "", "it may not be asked for again yet")
        await desk.press("g")
        await desk.until(
            lambda: any("less than five minutes ago; again in" in each for each in desk.said), "it says when"
        )


async def test_while_the_daemon_is_away_the_last_data_stay_and_it_comes_back_by_itself(orders, world):
    await world.kill()
    await orders.until_text("next try in", "what you see is from before")
    assert len(orders.rows) == 5
    await orders.on("shop/O-1")
    await orders.press("p")
    await orders.until(lambda: any("the daemon is not there" in each for each in orders.said), "nothing is asked of it")
    await world.start()
    world.oms.put([an_order(8)])
    await orders.until(lambda: "shop/O-8" in orders.rows, "it goes on by itself", 40)
    assert "next try in" not in orders.text


async def test_a_long_list_is_read_page_by_page_and_never_holds_more_than_the_window(world, dashboard):
    await by_hand(world)
    world.oms.put([an_order(number) for number in range(1, 451)])

    async def known() -> bool:
        found = await world.client(lambda c: c.orders(text="O-450"))
        return len(found.items) == 1

    await world.until(known, "all orders are known")
    async with dashboard(first="orders") as desk:
        await desk.until(lambda: len(desk.rows) == 100, "a page")
        seen = set(desk.rows)
        for _ in range(12):
            desk.screen.table.move_cursor(row=len(desk.rows) - 1)
            before = desk.rows
            try:
                await desk.until(lambda before=before: desk.rows != before, "the next page", 2)
            except AssertionError:
                break
            seen |= set(desk.rows)
            assert len(desk.rows) <= 200
        assert len(seen) == 450
        for _ in range(12):
            desk.screen.table.move_cursor(row=0)
            await desk.pilot.pause(0.3)
        await desk.until(lambda: desk.screen._window.first == 0, "the first page again")


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_hostile_text_shows_as_text(world, dashboard, size):
    evil = "[bold red]\x1b[31mX\x1b]0;pwn\x07[@click=app.quit]\u202egone\u2066[/]"
    world.oms.put(
        [
            an_order(
                1,
                shop=evil,
                logistics=evil,
                buyer_note=evil,
                recipient=Recipient(name=evil, address=Address(lines=(evil,))),
            )
        ]
    )
    async with dashboard(size, first="orders") as desk:
        await desk.press("left_square_bracket")
        await desk.until(lambda: desk.rows == ["shop/O-1"], "it is listed")
        await desk.on("shop/O-1")
        await desk.press("enter")
        await desk.until_text("[@click=app.quit]\\u202egone")
        strips = [segment.text for strip in desk.app.screen._compositor.render_strips() for segment in strip]
        assert not any(ord(character) < 32 or character in "\u202e\u2066" for text in strips for character in text)


async def test_the_dashboard_remembers_tab_and_filter(tmp_path, world, dashboard):
    memory = tmp_path / "state" / "dashboard.json"
    async with dashboard(first="orders", memory=memory) as desk:
        await desk.press("tab", "tab")
        await desk.press("slash")
        await desk.type("warehouse:WH")
        await desk.press("enter")
        await desk.until(lambda: desk.screen.wanted.query == {"warehouse": "WH"}, "the filter is taken")
    async with dashboard(memory=memory) as desk:
        assert (desk.screen.SCREEN, desk.screen.tab, desk.screen.wanted.query) == (
            "orders",
            "abnormal",
            {"warehouse": "WH"},
        )
