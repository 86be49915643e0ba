"""Incidents: mended once and all released, taken, muted, opened; and the log, live."""

from __future__ import annotations

import msgspec
import pytest
from tests.tui.conftest import an_order, number_of
from tests.tui.test_strategies import form, opened, put

EVIL = "[bold red]\x1b[31mX\x1b]0;pwn\x07[@click=app.quit]\u202egone\u2066[/]"


@pytest.fixture
async def unbound(world):
    """No SKU is bound by itself, so that every order waits for one cause."""
    warehouse = await world.client(lambda c: c.warehouse("WH"))
    await world.client(lambda c: c.save_warehouse(msgspec.structs.replace(warehouse, auto_bind=False)))
    return world


@pytest.fixture
async def incidents(unbound, dashboard):
    unbound.oms.put([an_order(number) for number in range(1, 6)])
    async with dashboard(first="incidents") as desk:
        await desk.until(
            lambda: len(desk.rows) == 1 and desk.cell(desk.rows[0], "holds") == "5", "one incident holds five"
        )
        yield desk


async def test_a_cause_is_one_line_with_what_it_holds_and_what_mends_it(incidents):
    await incidents.until_text(
        "SKU A is not bound in warehouse WH",
        "it holds 5",
        "say what the warehouse calls this SKU",
        "f: say what it is called there",
    )


async def test_the_detail_shows_what_is_held_and_the_command(incidents):
    await incidents.press("enter")
    await incidents.until_text("what mends it", "crossdock mappings set WH sku A THEIRS", "what it holds", "O-1", "O-5")


async def test_mending_it_once_releases_everything_that_waits(incidents, world):
    await incidents.press("f")
    await opened(incidents)
    assert [form(incidents).field(name).value for name in ("warehouse", "kind", "ours")] == ["WH", "sku", "A"]
    await put(incidents, "theirs", "enter")
    await incidents.until_text("search, or type another")
    await incidents.type("A")
    await incidents.press("enter")
    await incidents.until(lambda: form(incidents).field("theirs").value == "A", "what is typed is taken")
    await incidents.press("ctrl+s")
    await world.until_arrived(*(f"O-{number}" for number in range(1, 6)))
    await incidents.until(lambda: incidents.rows == [], "the incident closes by itself")
    await incidents.until_text("nothing is wrong that a person could mend")
    await incidents.press("tab")
    await incidents.until(lambda: len(incidents.rows) == 1, "it is among the healed ones")
    await incidents.until_text("it healed")


async def test_a_release_asks_with_the_number_and_tells_what_became_of_each(incidents):
    await incidents.press("a")
    await incidents.until_text("Release all that this incident holds: 5?")
    await incidents.press("n")
    await incidents.until(lambda: incidents.dialog is None, "it is left")
    await incidents.press("a")
    await incidents.until_text("Release all that this incident holds: 5?")
    await incidents.press("y")
    await incidents.until_text("release:", "O-1", "O-5")
    await incidents.press("enter")


async def test_it_is_taken_and_given_back(incidents):
    me = incidents.app.link.me.user
    await incidents.press("t")
    await incidents.until(lambda: incidents.cell(incidents.rows[0], "owner") == me, "it is taken")
    await incidents.press("t")
    await incidents.until(lambda: incidents.cell(incidents.rows[0], "owner") == "", "it is given back")


async def test_it_is_muted_for_hours_and_heard_again(incidents, world):
    await incidents.press("m")
    await incidents.until_text("For how many hours is it muted?")
    await incidents.press("backspace", "x", "enter")
    await incidents.until_text("a whole number of hours")
    await incidents.press("backspace", "3", "enter")
    await incidents.until_text("muted for another")
    assert (await world.client(lambda c: c.status())).incidents_muted == 1
    await incidents.press("m")
    await incidents.until_text("For how many hours is it muted?")
    await incidents.press("backspace", "0", "enter")
    await incidents.until(lambda: "muted for another" not in incidents.text, "it is heard again")
    assert (await world.client(lambda c: c.status())).incidents_muted == 0


async def test_what_is_held_is_listed_and_each_order_opened(incidents):
    await incidents.press("o")
    await incidents.until(lambda: incidents.screen.SCREEN == "held" and len(incidents.rows) == 5, "five are listed")
    row = next(row for row in incidents.screen.table.shown if row.cells["name"].plain == "O-3")
    await incidents.on(row.key)
    await incidents.press("o")
    await incidents.until(
        lambda: incidents.screen.SCREEN == "orders" and incidents.rows == ["shop/O-3"], "the order is shown"
    )
    await incidents.press(number_of("incidents"))
    await incidents.until(lambda: incidents.screen.SCREEN == "held", "what is held is still open")
    await incidents.press("escape")
    await incidents.until(lambda: incidents.screen.SCREEN == "incidents", "the incidents again")


async def test_what_is_held_by_thousands_is_read_in_pages(unbound, dashboard):
    unbound.oms.put([an_order(number) for number in range(1, 251)])
    async with dashboard(first="incidents") as desk:
        await desk.until(
            lambda: desk.rows and desk.cell(desk.rows[0], "holds") == "250", "one incident holds them all", 60
        )
        await desk.press("enter")
        await desk.until_text("o lists all 250")
        await desk.press("escape", "o")
        await desk.until(lambda: len(desk.rows) == 100, "a page")
        seen = set(desk.rows)
        while len(seen) < 250:
            desk.screen.table.move_cursor(row=len(desk.rows) - 1)
            await desk.until(lambda seen=seen: not set(desk.rows) <= seen, "the next page")
            seen |= set(desk.rows)
        await desk.press("escape")
        await desk.press("a")
        await desk.until_text("holds: 250?")
        await desk.press("y")
        await desk.until_text("release:")


async def test_what_is_not_mended_here_says_what_mends_it(world, dashboard):
    world.oms.put(
        [
            an_order(
                1, lines=(an_order(1).lines[0].__class__(line_no=1, sku="", quantity=an_order(1).lines[0].quantity),)
            )
        ]
    )
    async with dashboard(first="incidents") as desk:
        await desk.until(lambda: len(desk.rows) == 1, "one incident")
        await desk.press("f")
        await desk.until(
            lambda: any("give the lines their SKU in the OMS" in each for each in desk.said), "it says what to do"
        )


async def test_a_paused_connection_is_mended_on_its_screen(world, dashboard):
    world.wms.token = "another"
    async with dashboard(first="incidents") as desk:
        await desk.until(lambda: len(desk.rows) == 1, "it is an incident that its login is refused")
        await desk.press("f")
        await desk.until(lambda: desk.screen.SCREEN == "connections" and desk.screen.loaded, "the connections")
        await desk.until(lambda: desk.screen.table.current.key == "depot", "the cursor is on it")


async def test_a_filter_narrows_to_one_kind(incidents):
    await incidents.press("slash")
    await incidents.type("cause:auth")
    await incidents.press("enter")
    await incidents.until_text("nothing fits the filter")
    await incidents.press("escape")
    await incidents.until(lambda: len(incidents.rows) == 1, "all again")


async def log(desk):
    for _ in range(2):
        await desk.press("tab")
    await desk.until(lambda: desk.screen.tab == "log" and desk.screen.loaded and desk.rows, "the log is read")


async def test_the_log_goes_on_by_itself_with_the_newest_last(incidents, world):
    await log(incidents)
    table = incidents.screen.table
    assert table.cursor_row == len(incidents.rows) - 1
    await world.client(lambda c: c.reload())
    before = incidents.rows
    world.config.write_text(world.text() + "\nnonsense = 1\n")
    await world.client(lambda c: c.reload())
    await incidents.until(lambda: incidents.rows[-1] != before[-1], "new lines arrive")
    await incidents.until(lambda: table.cursor_row == len(incidents.rows) - 1, "it follows")


async def test_who_scrolled_up_stays_where_he_is(incidents, world):
    await log(incidents)
    await incidents.press("k")
    kept, before = incidents.screen.table.current.key, incidents.rows
    world.config.write_text(world.text() + "\nnonsense = 1\n")
    await world.client(lambda c: c.reload())
    await incidents.until(lambda: incidents.rows[-1] != before[-1], "new lines arrive")
    assert incidents.screen.table.current.key == kept


async def test_the_log_is_narrowed_by_level_and_text(incidents, world):
    await log(incidents)
    await incidents.press("slash")
    await incidents.type("level:error")
    await incidents.press("enter")
    await incidents.until_text("nothing fits the filter")
    await incidents.press("escape", "slash")
    await incidents.type("READY")
    await incidents.press("enter")
    await incidents.until(lambda: len(incidents.rows) == 1, "one line")
    await incidents.until_text("crossdock is ready")
    await incidents.press("enter")
    await incidents.until_text("level", "part")


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_hostile_text_shows_as_text(unbound, dashboard, size):
    line = an_order(1).lines[0]
    unbound.oms.put([an_order(1, lines=(msgspec.structs.replace(line, sku=EVIL),))])
    async with dashboard(size, first="incidents") as desk:
        await desk.until(lambda: len(desk.rows) == 1, "one incident")
        await desk.press("enter")
        await desk.until_text("[@click=app.quit]\\u202egone", "what mends it")
        strips = [segment.text for strip in desk.app.screen._compositor.render_strips() for segment in strip]
        assert not any(ord(character) < 32 or character in "\u202e\u2066" for text in strips for character in text)
        assert all(len(line) <= size[0] for line in desk.text.splitlines())
        await desk.press("escape", "f")
        await opened(desk)
        assert form(desk).field("ours").value == EVIL


async def test_a_long_log_is_read_backwards_page_by_page_and_forwards_again(world, dashboard):
    world.config.write_text(world.text() + "\nnonsense = 1\n")

    async def much(client):
        for _ in range(230):
            await client.reload()

    await world.client(much)
    async with dashboard(first="incidents") as desk:
        await log(desk)
        newest = desk.rows[-1]
        while desk.rows[0] != "1":
            before = desk.rows[0]
            desk.screen.table.move_cursor(row=0)
            await desk.until(lambda before=before: desk.rows[0] != before, "the page before")
            assert len(desk.rows) <= 200
            assert desk.rows == sorted(desk.rows, key=int)
        for _ in range(4):
            desk.screen.table.move_cursor(row=len(desk.rows) - 1)
            await desk.pilot.pause(0.3)
        await desk.until(lambda: int(desk.rows[-1]) >= int(newest), "the newest again")
