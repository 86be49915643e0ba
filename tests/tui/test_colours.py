"""Colours on the dashboard: legible in both themes, none at all with NO_COLOR, and never the only thing that tells."""

from __future__ import annotations

import re

import pytest
from rich.color_triplet import ColorTriplet
from tests.e2e.test_costs import inbound
from tests.e2e.test_documents import outbound
from tests.e2e.test_stock import a_level
from tests.tui.conftest import an_order
from tests.tui.walking import settled, walk

from crossdock.control.records.tokens import CreateToken
from crossdock_tui import language, words
from crossdock_tui.colours import LEAST, contrast, readable
from crossdock_tui.screens import foreseen

DRAWN = re.compile(r"[\s\u2500-\u259f]*")
COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;\d+)*m")


@pytest.fixture
async def world(world):
    """Something in most lists, well and not well."""
    world.oms.put([an_order(number) for number in (1, 2)])
    await world.until_state("O-2", "pushed")
    world.oms.put_raw("BAD-1", b'{"ref": "BAD-1", "status": 7}')
    world.wms.documents.put_outbound(outbound("OUT-1"))
    world.wms.documents.put_inbound(inbound("IN-1"))
    world.wms.stock.put([a_level("A", 5)])
    await world.client(lambda c: c.create_token(CreateToken(user="anna", roles=("viewer",))))
    await world.client(lambda c: c.switch_auto_push("WH", on=False, revision=1))
    world.oms.put([an_order(3)])
    await world.until_state("O-3", "not_pushed")
    await world.client(lambda c: c.pause("depot", "they move house"))
    return world


def lines(desk):
    """The lines that are read: those of the dialog where one is open."""
    strips = desk.app.screen._compositor.render_strips()
    if desk.dialog is None:
        return strips
    box = desk.dialog.query_one(".box").region
    return [strip.crop(box.x, box.right) for strip in strips[box.y : box.bottom]]


def legible(desk, where):
    faint = [
        (text.strip(), str(style), round(found, 2))
        for strip in lines(desk)
        for text, style, _control in strip
        if not DRAWN.fullmatch(text) and (found := contrast(style.color.triplet, style.bgcolor.triplet)) < LEAST - 0.01
    ]
    assert faint == [], where


@pytest.mark.walk
@pytest.mark.parametrize("theme", ["dark", "light"])
async def test_every_text_on_every_screen_can_be_read(world, dashboard, theme):
    async with dashboard((140, 50), first="home") as desk:
        desk.app.paint(theme)
        await walk(desk, legible, *desk.app.MODES)


def no_colour(desk, where):
    compositor = desk.app.screen._compositor
    written = compositor.render_update(full=True).render_segments(desk.app.console)
    assert COLOUR.findall(written) == [], where


@pytest.mark.walk
async def test_with_no_color_no_colour_is_written_and_the_cursor_is_seen(world, dashboard, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    async with dashboard((140, 50), first="home") as desk:
        await desk.until(lambda: under_cursor(desk, desk.screen.current.text.plain[:20]), "the cursor is seen")
        await walk(desk, no_colour, *desk.app.MODES)
        desk.app.action_go("orders")
        desk.screen.go_to_tab("")
        await settled(desk, "all orders")
        await desk.on("shop/O-2")
        assert under_cursor(desk, "N2")
        assert not under_cursor(desk, "N1")
        await desk.press("slash")
        await desk.type("abc")
        assert any(segment.style.reverse for strip in desk.app.screen._compositor.render_strips() for segment in strip)
        no_colour(desk, "filter")
        await desk.press("escape")
        desk.app.action_go("strategies")
        await settled(desk, "strategies")
        desk.screen.go_to_tab("strategies")
        await settled(desk, "strategies")
        await desk.press("e")
        await desk.until(lambda: desk.dialog is not None and desk.dialog.previewed, "the form")
        for _ in range(2):  # a line that is typed in, and one that is chosen in
            await desk.press("down")
            no_colour(desk, "form")
            line = desk.dialog.focused.region
            strip = desk.app.screen._compositor.render_strips()[line.y].crop(line.x, line.right)
            assert any(segment.style.underline for segment in strip), desk.dialog.focused


def under_cursor(desk, *any_of):
    """Tell whether a line with one of these texts is reversed."""
    return any(
        segment.style.reverse and any(each in segment.text for each in any_of)
        for strip in desk.app.screen._compositor.render_strips()
        for segment in strip
        if segment.style is not None
    )


@pytest.mark.parametrize("code", ["en", "th"])
def test_no_state_is_told_by_colour_alone(code):
    language.use(code)
    try:
        said = {}
        for word, (sign, style, _text) in words.STATES.items():
            shown = words.state(word).plain
            assert sign.strip(), word
            assert len(shown) > len(sign) + 1, word
            assert said.setdefault(shown, style) == style, word
        for sign, style, text in foreseen.WOULD.values():
            assert sign.strip(), text
            assert said.setdefault(f"{sign} {language._(text)}", style) == style
    finally:
        language.use("en")


def test_a_colour_is_moved_no_further_than_it_has_to_be():
    white, black, yellow = ColorTriplet(255, 255, 255), ColorTriplet(0, 0, 0), ColorTriplet(255, 255, 0)
    assert readable(black, white) == black
    assert readable(yellow, black) == yellow
    for behind in (white, black, ColorTriplet(119, 119, 119), ColorTriplet(1, 120, 212)):
        for colour in (yellow, behind, ColorTriplet(0, 128, 0), ColorTriplet(255, 0, 0)):
            assert contrast(readable(colour, behind), behind) >= LEAST - 0.2
    moved = readable(yellow, white)
    assert (moved.red, moved.blue) == (moved.green, 0)


async def test_another_theme_is_taken_from_the_palette_at_once_and_remembered(world, dashboard, tmp_path):
    memory = tmp_path / "dashboard.json"
    async with dashboard(memory=memory) as desk:
        assert desk.app.current_theme.dark
        await desk.press("colon")
        await desk.until_text("search for a screen")
        await desk.type("Light")
        await desk.until_text("change the colours")
        await desk.press("down", "enter")
        await desk.until(lambda: not desk.app.current_theme.dark, "it is light")
    async with dashboard(memory=memory) as desk:
        assert not desk.app.current_theme.dark
