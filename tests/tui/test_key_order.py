"""Keys that come together, as over a slow line, act in the order in which they were pressed."""

from __future__ import annotations

import pytest
from tests.tui.conftest import an_order
from textual import events

from crossdock_tui.form_screen import FormScreen

KEYS = {"/": "slash", " ": "space", "-": "minus"}


def at_once(desk, *keys):
    """Press keys before the first of them can have done anything; a text is pressed letter by letter."""
    for key in keys:
        for each in [key] if key in ("enter", "escape", "backspace", "home", "tab", "down", "ctrl+s") else key:
            character = each if len(each) == 1 else None
            desk.app._driver.send_message(events.Key(KEYS.get(each, each), character))


@pytest.fixture
async def orders(world, dashboard):
    await world.client(lambda c: c.switch_auto_push("WH", on=False, revision=1))
    world.oms.put([an_order(number) for number in range(1, 6)])
    async with dashboard(first="orders") as desk:
        await desk.until(lambda: len(desk.rows) == 5, "five orders are listed")
        yield desk


async def test_what_is_typed_ahead_into_the_filter_presses_no_action(orders, world):
    at_once(orders, "/", "push", "enter")
    await orders.until(lambda: orders.screen.wanted.text == "push", "the filter is taken")
    assert orders.said == []
    assert world.created() == {}


async def test_what_deletes_and_what_is_typed_behind_it_keep_their_order(orders):
    at_once(orders, "/", "O-44", "backspace", "backspace", "backspace", "home", "backspace", "-2", "enter")
    await orders.until(lambda: orders.screen.wanted.text == "-2O", "the filter is taken")


async def test_a_reason_that_is_typed_ahead_is_the_reason(orders):
    await orders.on("shop/O-4")
    at_once(orders, "h", "gone fishing", "enter")
    await orders.until(lambda: orders.cell("shop/O-4", "state") == "‖ held", "it is held")
    await orders.until_text("held: gone fishing")
    assert orders.dialog is None


async def test_a_key_that_moves_on_in_a_form_leads_what_follows_to_the_next_line(world, dashboard):
    async with dashboard(first="strategies") as desk:
        await desk.on("arranged")
        at_once(desk, "n", "gold", "down", "down", "down", "down", "down", "down", "home", "12")
        await desk.until(lambda: typed(desk, "name", "delay_minutes") == ["gold", "120"], "both lines are filled")


def typed(desk, *lines):
    """What stands in lines of the form that is open."""
    form = desk.app.screen
    return [form.field(line).typed for line in lines] if isinstance(form, FormScreen) else []
