"""The audit on the dashboard: newest first, narrowed, what was and is, and whether it is whole."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest
from msgspec.structs import replace

from crossdock.control.client import Refusal
from crossdock.control.records.orders import OrderRef

EVIL = "[bold red]X[@click=app.quit]gone[/]"


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_what_was_done_is_listed_newest_first_and_narrowed(world, dashboard, size):
    async with dashboard(size, first="audit") as desk:
        await desk.until(lambda: len(desk.rows) >= 3, "what set the daemon up is listed")
        assert [int(row) for row in desk.rows] == sorted((int(row) for row in desk.rows), reverse=True)
        assert desk.cell(desk.rows[0], "action") == "save_allocation"
        await world.client(lambda c: c.pause("depot", "stocktaking"))
        await desk.until(lambda: desk.cell(desk.rows[0], "action") == "pause_connection", "it is live")
        await desk.press("home", "o")
        await desk.until(lambda: [desk.cell(row, "object") for row in desk.rows] == ["depot"], "all about it")
        await desk.press("escape", "slash")
        await desk.type("result:nonsense")
        await desk.press("enter")
        await desk.until_text("result is one of done")
        await desk.press("ctrl+u")
        await desk.type("since:soon")
        await desk.press("enter")
        await desk.until_text("a date or a time")
        await desk.press("ctrl+u")
        await desk.type("actor:nobody")
        await desk.press("enter")
        await desk.until_text("nothing fits the filter")


async def test_a_row_shows_before_and_after(world, dashboard):
    await world.client(lambda c: c.switch_stock("WH", on=True))
    async with dashboard((140, 40), first="audit") as desk:
        await desk.until(lambda: desk.cell(desk.rows[0], "action") == "stock.switch", "it is listed")
        await desk.press("enter")
        await desk.until_text("before → after", "request", "hash")


async def test_an_object_with_spaces_and_hostile_text_is_text_and_can_be_narrowed_to(world, dashboard):
    refs = [OrderRef(connection="shop", ref=EVIL), OrderRef(connection="shop", ref="B")]
    with contextlib.suppress(Refusal):
        await world.client(lambda c: c.hold(refs, "because"))
    async with dashboard((140, 40), first="audit") as desk:
        await desk.until_text("[@click=app.quit]")
        await desk.press("home", "o")
        await desk.until(lambda: len(desk.rows) == 1, "one is about it")
        await desk.until_text('object:"shop/')


async def test_a_whole_audit_is_told_as_such_with_what_to_keep(world, dashboard):
    async with dashboard((80, 24), first="audit") as desk:
        await desk.press("v")
        await desk.until_text("the audit is whole", "every one is there and in order", "--expect")
        found = await world.client(lambda c: c.verify_audit())
        assert f"{found.at}:{found.hash}" in desk.text.replace("│", "").replace("\n", "").replace(" ", "")
        await desk.press("enter")
        await desk.until_text("whole up to row")


async def test_a_row_that_somebody_changed_is_named(world, dashboard):
    async with dashboard(first="audit") as desk:
        await desk.until(lambda: len(desk.rows) >= 3, "rows are listed")
        with sqlite3.connect(world.folder / "crossdock.db") as database:
            database.execute("DROP TRIGGER audit_no_update")
            database.execute("UPDATE audit SET actor = 'nobody' WHERE id = 2")
        await desk.press("v")
        await desk.until_text("the audit is not whole", "row 2 is the first that is wrong", "was changed")
        await desk.press("enter")
        await desk.until_text("not whole: row 2")


async def test_without_the_right_it_says_which_one_is_missing(world, dashboard):
    async with dashboard(first="audit") as desk:
        link = desk.app.link
        link.me = replace(link.me, rights=("view",))
        await desk.press("r")
        await desk.until_text("you lack the right 'audit.read'")
        await desk.press("v")
        await desk.until(lambda: any("audit.read" in each for each in desk.said), "it says why not")
