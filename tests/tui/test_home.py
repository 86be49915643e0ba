"""The first screen: what is wrong in words, where orders stand, what happens now; every line leads to where it is mended."""

from __future__ import annotations

import msgspec
import pytest
from tests.tui.conftest import an_order, number_of

from crossdock_tui.line_list import LineList


def lines(desk):
    """What the lines say, by their keys."""
    return {line.key: line.text.plain for part in desk.screen.query(LineList) for line in part.lines if part.display}


async def on_line(desk, key):
    """Put the cursor on a line."""
    await desk.until(lambda: key in lines(desk), f"the line {key} is there: {list(lines(desk))}")
    part = next(
        part for part in desk.screen.query(LineList) if part.display and key in {line.key for line in part.lines}
    )
    part.focus()
    part.highlighted = [line.key for line in part.lines].index(key)
    await desk.until(
        lambda: desk.screen.current is not None and desk.screen.current.key == key, f"the cursor is on {key}"
    )


async def unbound(world):
    """Let no SKU be bound by itself, so that every order waits for one cause."""
    warehouse = await world.client(lambda c: c.warehouse("WH"))
    await world.client(lambda c: c.save_warehouse(msgspec.structs.replace(warehouse, auto_bind=False)))


@pytest.fixture
async def home(world, dashboard):
    async with dashboard(first="home") as desk:
        yield desk


async def test_a_daemon_that_is_well_says_so_and_shows_its_connections(home):
    await home.until_text("all is well; nothing waits for a person", "connections", "shop", "depot", "orders/min")
    assert "none yet" in lines(home)["outbox:none"]
    assert "✓ ok" in lines(home)["connection:shop"]


async def test_orders_appear_by_themselves_with_state_and_trend(home, world):
    world.oms.put([an_order(number) for number in range(1, 4)])
    await world.until_arrived("O-1", "O-2", "O-3")
    await home.until(
        lambda: any("3" in text for key, text in lines(home).items() if key in ("outbox:pushed", "outbox:accepted")),
        "they are counted",
    )
    await home.until(lambda: sum(home.screen._found.trend.pushed) == 3, "the trend counts them", 30)
    await home.until_text("pushed", "3 an hour")


async def test_a_paused_connection_is_named_and_enter_goes_to_it(home, world):
    await world.client(lambda c: c.pause("depot", "they move house"))
    await on_line(home, "level:connection:depot")
    assert "■ depot is paused" in lines(home)["level:connection:depot"]
    await home.until_text("shows it on the screen Connections")
    await home.press("enter")
    await home.until(
        lambda: home.screen.SCREEN == "connections" and home.screen.loaded, "the screen of connections is open"
    )
    await home.until(lambda: home.screen.table.current.key == "depot", "the cursor is on it")


async def test_the_largest_incident_is_shown_and_enter_goes_to_it(home, world):
    await unbound(world)
    world.oms.put([an_order(number) for number in range(1, 5)])
    await home.until(lambda: any(key.startswith("incident:") for key in lines(home)), "the incident is shown")
    key = next(key for key in lines(home) if key.startswith("incident:"))
    await home.until(lambda: lines(home)[key].split()[0] == "4", "it holds four")
    assert "SKU A is not bound" in lines(home)[key]
    await on_line(home, key)
    await home.press("enter")
    await home.until(lambda: home.screen.SCREEN == "incidents" and home.screen.loaded, "the incidents are open")
    assert home.screen.tab == "open"
    assert home.screen.table.current.key == key.removeprefix("incident:")


async def test_a_state_leads_to_its_orders_whatever_was_shown_there_before(home, world):
    await unbound(world)
    world.oms.put([an_order(1)])
    await home.press(number_of("orders"))
    await home.until(lambda: home.screen.SCREEN == "orders" and home.screen.loaded, "orders")
    await home.press("slash")
    await home.type("nothing-is-called-so")
    await home.press("enter", number_of("home"))
    await on_line(home, "outbox:held")
    await home.press("enter")
    await home.until(lambda: home.screen.SCREEN == "orders" and home.rows == ["shop/O-1"], "the held order is shown")
    assert (home.screen.tab, home.screen.wanted.text) == ("", "state:held")


async def test_what_could_not_be_read_leads_to_the_quarantine(home, world):
    world.oms.put_raw("BAD-1", b'{"ref": "BAD-1", "status": 7}')
    await on_line(home, "level:quarantine:1 records could not be read")
    await home.press("enter")
    await home.until(
        lambda: home.screen.SCREEN == "connections" and home.screen.tab == "quarantine", "the quarantine is open"
    )
    await home.until(lambda: len(home.rows) == 1, "the record is listed")


async def test_the_keys_move_over_lines_and_never_onto_headings(home):
    await home.until_text("all is well")
    seen = set()
    for _ in range(12):
        seen.add(home.screen.current.key)
        await home.press("j")
    assert {"level:ok", "connection:depot", "connection:shop", "outbox:none"} <= seen
    assert not any(key.startswith("head:") for key in seen)
    await home.press("right")
    assert home.screen.current.key == "incidents:none"
    await home.press("left")  # what stands there may have changed: a connection may be retrying on a busy machine
    assert home.screen.query_one("#left", LineList).has_focus
    assert home.screen.current.key in {
        line.key for line in home.screen.query_one("#left", LineList).lines if not line.head
    }


async def test_what_was_asked_for_counts_down(tmp_path, dashboard, world):
    await world.stop()
    world.interval = 300
    world.config.write_text(world.text())
    await world.start()
    async with dashboard(first="home") as desk:
        await world.client(lambda c: c.obtain("shop", "WH"))
        key = "throttle:obtain:shop → WH"
        await desk.until(lambda: key in lines(desk), "the countdown is there")
        assert "get new orders  shop → WH" in lines(desk)[key]
        before = lines(desk)[key]
        await desk.until(lambda: lines(desk)[key] != before, "it counts down")


async def test_a_small_terminal_shows_everything_in_one_list(world, dashboard):
    await unbound(world)
    world.oms.put([an_order(1)])
    async with dashboard((80, 24), first="home") as desk:
        await desk.until(
            lambda: (
                {"level:incidents:open incidents: 1", "connection:shop", "outbox:held", "tasks:none"}
                <= set(lines(desk))
            ),
            "one list",
        )
        assert all(len(line) <= 80 for line in desk.text.splitlines())
        assert "orders/min" in desk.text
        await desk.press("end")
        await desk.until_text("free on its disk")


async def test_while_the_daemon_is_away_the_last_lines_stay(home, world):
    await home.until_text("all is well")
    await world.kill()
    await home.until_text("next try in", "what you see is from before", "all is well")
    assert home.screen.has_class("away")


async def test_hostile_text_shows_as_text(world, dashboard):
    evil = "[bold red]\x1b[31mX\x1b]0;pwn\x07[@click=app.quit]\u202egone\u2066[/]"
    await world.client(lambda c: c.pause("depot", evil))
    async with dashboard(first="home") as desk:
        await on_line(desk, "connection:depot")
        await desk.until_text("[@click=app.quit]\\u202egone")
        strips = [segment.text for strip in desk.app.screen._compositor.render_strips() for segment in strip]
        assert not any(ord(character) < 32 or character in "\u202e\u2066" for text in strips for character in text)
