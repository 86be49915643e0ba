"""The palette leads to every screen that has no number."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize("key", ["colon", "ctrl+p"])
async def test_the_palette_leads_to_a_screen_without_a_number(world, dashboard, key):
    async with dashboard((80, 24), first="push_status") as desk:
        await desk.press(key)
        await desk.until_text("search for a screen, a language, colours")
        await desk.type("Packages")
        await desk.until_text("what warehouses have")
        await desk.press("down", "enter")
        await desk.until(lambda: desk.screen.SCREEN == "packages", "the packages are shown")
        await desk.until_text("no warehouse has an order yet")
