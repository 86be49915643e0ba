"""Connections: tested, paused, resumed; their plugins; and what could not be read, read again."""

from __future__ import annotations

import os

import pytest
from tests.tui.conftest import an_order

EVIL = "[bold red]\x1b[31mX\x1b]0;pwn\x07[@click=app.quit]\u202egone\u2066[/]"


@pytest.fixture
async def connections(world, dashboard):
    async with dashboard(first="connections") as desk:
        await desk.until(lambda: desk.rows == ["depot", "shop"], "both connections are listed")
        yield desk


async def tab(desk, name):
    for _ in range(3):
        if desk.screen.tab != name:
            await desk.press("tab")
    await desk.until(lambda: desk.screen.tab == name and desk.screen.loaded, f"the tab {name} is read")


async def test_a_test_says_what_the_system_says(connections):
    await connections.on("shop")
    await connections.press("t")
    await connections.until(
        lambda: any("it accepts us" in each and "clock" in each for each in connections.said), "it is tested"
    )


async def test_a_test_that_fails_says_why(connections, world):
    world.wms.token = "another"
    await world.wms.stop()
    await connections.on("depot")
    await connections.press("t")
    await connections.until(
        lambda: any(each.startswith("depot: ") and "accepts us" not in each for each in connections.said), "it says why"
    )


async def test_several_are_tested_after_one_question_and_each_result_is_told(connections):
    await connections.press("asterisk")
    await connections.until_text("2 marked")
    await connections.press("t")
    await connections.until_text("Test 2 connections?")
    await connections.press("y")
    await connections.until_text("2 done, 0 not", "depot", "shop")


async def test_pausing_needs_a_reason_and_resuming_lets_it_go_on(connections, world):
    await connections.on("depot")
    await connections.press("u")
    await connections.until(lambda: any("depot is not paused" in each for each in connections.said), "it says why not")
    await connections.press("p")
    await connections.until_text("Why is it left alone?")
    await connections.press("enter")
    await connections.until_text("it is needed")
    await connections.type("they move house")
    await connections.press("enter")
    await connections.until(lambda: connections.cell("depot", "state") == "‖ paused", "it is paused")
    await connections.until_text("they move house", "then u lets it go on")
    world.oms.put([an_order(1)])
    await connections.press("p")
    await connections.until(
        lambda: any("depot is paused; u lets it go on" in each for each in connections.said), "not twice"
    )
    assert world.created() == {}
    await connections.press("u")
    await world.until_arrived("O-1")
    await connections.until(lambda: connections.cell("depot", "state") == "✓ ok", "it goes on")


async def test_the_detail_shows_hooks_and_capabilities(connections):
    await connections.on("depot")
    await connections.press("enter")
    await connections.until_text("hooks", "push_outbound", "capabilities", "max batch")
    await connections.press("escape")
    assert not connections.screen.opened


async def test_another_state_of_a_connection_is_seen_by_itself(connections, world):
    await world.client(lambda c: c.pause("shop", "told from elsewhere"))
    await connections.until(lambda: connections.cell("shop", "state") == "‖ paused", "it is seen")


async def test_plugins_are_listed_with_their_settings_and_what_is_done_elsewhere_is_not_offered(connections):
    await tab(connections, "plugins")
    await connections.until(
        lambda: connections.rows == ["crossdock-oms-default", "crossdock-wms-default"], "both plugins"
    )
    assert connections.cell("crossdock-oms-default", "types") == "oms_default"
    assert "pause" not in connections.text
    await connections.press("enter")
    await connections.until_text("digest", "oms_default (OMS)", "required", "Base address")
    await connections.press("escape", "p")
    assert connections.dialog is None


async def test_the_configuration_is_read_again_or_told_what_is_wrong_with_it(connections, world):
    await connections.press("l")
    await connections.until_text("Have the daemon read its configuration again?")
    await connections.press("y")
    await connections.until(lambda: len(connections.said) == 1, "it says what it did")
    world.config.write_text(world.text() + "\nnonsense = 1\n")
    await connections.press("l", "y")
    await connections.until(lambda: any("nonsense" in each for each in connections.said), "it says what is wrong")


@pytest.fixture
async def aside(world, connections):
    """Three records that could not be read."""
    for number in (1, 2, 3):
        world.oms.put_raw(f"BAD-{number}", b'{"ref": "BAD-%d", "status": 7, "who": "Nok"}' % number)
    await tab(connections, "quarantine")
    await connections.until(lambda: len(connections.rows) == 3, "three records are listed")
    return connections


async def test_a_record_shows_its_reason_and_its_beginning_to_those_who_may_see_it(aside):
    assert {aside.cell(key, "ref") for key in aside.rows} == {"BAD-1", "BAD-2", "BAD-3"}
    await aside.until_text("have it corrected, or its connector")
    await aside.press("enter")
    await aside.until_text("how it begins", '"who": "Nok"')


async def test_without_the_right_the_beginning_is_not_shown(world, dashboard):
    world.config.write_text(world.text() + f'\n[control.roles.viewer]\nusers = ["{_me()}"]\n')
    await world.stop()
    await world.start()
    world.oms.put_raw("BAD-1", b'{"ref": "BAD-1", "status": 7, "who": "Nok"}')
    async with dashboard(first="connections") as desk:
        await tab(desk, "quarantine")
        await desk.until(lambda: len(desk.rows) == 1, "the record is listed")
        await desk.press("enter")
        await desk.until_text("you lack the right pii.view")
        assert "Nok" not in desk.text
        await desk.press("escape", "t")
        await desk.until(lambda: any("you lack the right 'order.sync'" in each for each in desk.said), "why not")


async def test_one_record_is_read_again_and_leaves_once_it_is_mended(aside, world):
    world.oms.put([an_order(9, ref="BAD-2")])
    key = next(key for key in aside.rows if aside.cell(key, "ref") == "BAD-2")
    await aside.on(key)
    await aside.press("t")
    await aside.until(lambda: key not in aside.rows, "it left")
    assert len(aside.rows) == 2
    await world.until_arrived("BAD-2")


async def test_all_are_read_again_after_one_question(aside, world):
    world.oms.put([an_order(number, ref=f"BAD-{number}") for number in (1, 2, 3)])
    if aside.rows:
        await aside.press("asterisk")
        await aside.pilot.pause()
        await aside.press("t")
    await aside.until(lambda: aside.rows == [] or aside.dialog is not None, "it asks, or they came again by themselves")
    if aside.dialog is not None:
        await aside.until_text("records again?")
        await aside.press("y")
    await aside.until(lambda: aside.rows == [], "all left")
    await aside.until(
        lambda: "every record that was fetched could be read" in aside.text or aside.dialog is not None, "it says so"
    )


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_hostile_text_shows_as_text(world, dashboard, size):
    await world.client(lambda c: c.pause("depot", EVIL))
    world.oms.put_raw("BAD", b'{"ref": "BAD", "status": "[/]\\u202eX"}')
    async with dashboard(size, first="connections") as desk:
        await desk.on("depot")
        await desk.press("enter")
        await desk.until_text("[@click=app.quit]\\u202egone")
        _harmless(desk)
        await desk.press("escape")
        await tab(desk, "quarantine")
        await desk.until(lambda: len(desk.rows) == 1, "the record is listed")
        await desk.press("enter")
        await desk.until_text("how it begins", "BAD")
        _harmless(desk)


def _harmless(desk):
    strips = [segment.text for strip in desk.app.screen._compositor.render_strips() for segment in strip]
    assert not any(ord(character) < 32 or character in "\u202e\u2066" for text in strips for character in text)
    assert all(len(line) <= desk.app.size.width for line in desk.text.splitlines())


def _me() -> str:
    import pwd

    return pwd.getpwuid(os.getuid()).pw_name
