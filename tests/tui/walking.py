"""A person who goes over the whole dashboard and looks at everything: screens, tabs, details, help."""

from __future__ import annotations

from crossdock_tui.list_screen import WIDE, ListScreen


def quiet(desk):
    """Nothing is read any more."""
    return desk.screen.loaded and not any(
        work.group in ("load", "detail") and not work.is_finished for work in desk.app.workers
    )


async def settled(desk, what):
    await desk.until(lambda: quiet(desk), f"{what} is read")
    await desk.pilot.pause()


async def walk(desk, look, *names):
    """Go over screens, every tab, with help and the detail of a row where there is room, and look; return how many rows there were."""
    seen = {}
    for name in names:
        desk.app.action_go(name)
        await desk.until(lambda name=name: name == desk.screen.SCREEN, f"{name} is there")
        await settled(desk, name)
        if not isinstance(desk.screen, ListScreen):
            look(desk, name)
            continue
        for tab in desk.screen.TABS or (None,):
            where = f"{name} {tab.name if tab is not None else ''}".rstrip()
            if tab is not None and tab.name != desk.screen.tab:
                desk.screen.go_to_tab(tab.name)
                await settled(desk, where)
            look(desk, where)
            seen[where] = len(desk.rows)
            if desk.rows and desk.app.size.width >= WIDE:
                await opened(desk, look, where)
        await helped(desk, look, name)
    return seen


async def opened(desk, look, where):
    """Open the row under the cursor, and close it again."""
    screen, tab = desk.screen, desk.screen.tab
    await desk.press("enter")
    await settled(desk, where)
    look(desk, f"{where}, opened")
    await desk.press("escape")
    await desk.until(lambda: not screen.opened and screen.tab == tab, "it is closed")


async def helped(desk, look, where):
    """Have the keys explained."""
    await desk.press("question_mark")
    await desk.until(lambda: desk.dialog is not None, "the help is there")
    await desk.pilot.pause()
    look(desk, f"{where}, help")
    await desk.press("escape")
    await desk.until(lambda: desk.dialog is None, "the help is gone")
