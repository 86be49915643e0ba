"""Costs on the dashboard: what a change would do is shown before it is saved; guards, second persons, stale versions, drift."""

from __future__ import annotations

from decimal import Decimal as D

import msgspec
import pytest
from tests.e2e.test_costs import CostWorld, edit, inbound, receipt

EVIL = "[bold red]\x1b[31mX\x1b]0;pwn\x07[@click=app.quit]\u202egone\u2066[/]"
LIMIT = 'second_person_above = { THB = "5" }'


@pytest.fixture
async def world(tmp_path, request):
    made = CostWorld(tmp_path, **getattr(request, "param", {}))
    await made.up()
    yield made
    await made.down()


@pytest.fixture
async def received(world):
    """A document of which ten pieces were received."""
    world.arrives(inbound(receipts=[receipt()]))
    await world.run()
    await world.until_average("A", "2.00")
    await world.until_amount("IN-1", "20.00")
    return world


async def lines(desk, ref: str = "IN-1", count: int = 1):
    """Open the lines of a document."""
    await desk.on(f"depot/{ref}")
    await desk.press("enter")
    await desk.until(lambda: desk.screen.tab == "lines" and len(desk.rows) == count, "its lines are listed")


async def retype(desk, text: str) -> None:
    await desk.press("end", *["backspace"] * 12)
    await desk.type(text)


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_a_planned_cost_is_changed_after_its_effect_was_shown(received, dashboard, size):
    async with dashboard(size, first="costs") as desk:
        await desk.until_text("N-IN-1", "20.00", "THB")
        await lines(desk)
        await desk.until_text("planned 10 × 2.00 THB · received 10 × 2.00 THB · average 2.00 THB")
        await desk.press("p")
        await desk.until_text("planned unit cost", "A · N-IN-1", "type another cost")
        await retype(desk, "3.25")
        await desk.until_text("planned amount of the document: 20.00 THB → 32.50 THB", "is not touched by a plan")
        await desk.press("ctrl+s")
        await desk.until_text("reason: it is needed")
        await desk.press("down")
        await desk.type("the offer says so")
        await desk.press("ctrl+s")
        await desk.until_text("Save this cost all the same?", "away from the average")
        await desk.press("n")
        await desk.until_text("nothing is saved")
        assert received.document("IN-1").lines[0].planned_unit_cost == D("2.00")
        await desk.press("ctrl+s")
        await desk.until_text("Save this cost all the same?")
        await desk.press("y")
        await received.until_amount("IN-1", "32.50")
        assert any("it is written to depot, and counts as soon as depot has it" in each for each in desk.said)
        await desk.until(lambda: desk.cell("1/R1", "plan") == "3.25", "the list shows it")
        await desk.press("escape")
        await desk.until(lambda: desk.cell("depot/IN-1", "plan") == "32.50", "so does the list of documents")


async def test_an_actual_cost_shows_the_average_before_and_after_and_its_history(received, dashboard):
    received.arrives(inbound(revision=2, receipts=[receipt(), receipt("R2", "10", "4.00", 1)]))
    await received.until_average("A", "3.00")
    async with dashboard(first="costs") as desk:
        await lines(desk, count=2)
        await desk.on("1/R1")
        await desk.press("c")
        await desk.until_text("actual unit cost", "A · N-IN-1 · R1")
        await retype(desk, "2.50")
        await desk.until_text("average purchase price of A: 3.00 THB → 3.25 THB")
        await desk.press("down")
        await desk.type("the invoice")
        await desk.press("ctrl+s")
        await received.until_average("A", "3.25")
        await desk.until(lambda: desk.cell("1/R1", "actual") == "2.50", "the list shows it")
        await desk.press("enter")
        await desk.until_text("history, newest first", "cost corrected", "the invoice", "2.50 THB", "3.25 THB")


async def test_a_cost_far_from_the_average_is_asked_about_and_saved_when_it_is_meant(received, dashboard):
    async with dashboard(first="costs") as desk:
        await lines(desk)
        await desk.press("c")
        await desk.until_text("actual unit cost")
        await retype(desk, "20")
        await desk.until_text(
            "more than 50 % away from the average purchase price", "you are asked whether it is meant"
        )
        await desk.press("down")
        await desk.type("it is so")
        await desk.press("ctrl+s")
        await desk.until_text("Save this cost all the same?")
        await desk.press("y")
        await received.until_average("A", "20.00")


async def test_what_is_no_amount_is_said_at_once(received, dashboard):
    async with dashboard(first="costs") as desk:
        await lines(desk)
        await desk.press("c")
        await desk.until_text("actual unit cost")
        await retype(desk, "1,5")
        await desk.until_text("an amount is written with digits and a point")
        await retype(desk, "-1")
        await desk.until_text("an amount is not below zero")
        await desk.press("escape", "y")
        await desk.until(lambda: desk.dialog is None, "it is left")


@pytest.mark.parametrize("world", [{"costs": LIMIT}], indirect=True)
async def test_a_change_that_needs_a_second_person_says_so_before_and_after(received, dashboard):
    async with dashboard(first="costs") as desk:
        await lines(desk)
        await desk.press("c")
        await desk.until_text("actual unit cost")
        await retype(desk, "2.60")
        await desk.until_text("worth more than 5 THB: a second person has to agree")
        await desk.press("down")
        await desk.type("the invoice")
        await desk.press("ctrl+s")
        await desk.until(lambda: any("a second person has to agree" in each for each in desk.said), "it waits")
        assert received.document("IN-1").receipts[0].unit_cost == D("2.00")


async def test_a_cost_that_somebody_else_changed_is_shown_and_not_overwritten(received, dashboard):
    async with dashboard(first="costs") as desk:
        await lines(desk)
        await desk.press("p")
        await desk.until_text("planned unit cost")
        await retype(desk, "2.20")
        await desk.press("down")
        await desk.type("mine")
        await received.client(lambda c: c.edit_plan_cost(edit("2.40", "2.00", 1)))
        await received.until_amount("IN-1", "24.00")
        await desk.until_text("somebody changed it meanwhile")
        await desk.press("ctrl+s")
        await desk.until_text("Somebody else saved it while you edited it", "2.40", "2.20")
        assert received.document("IN-1").lines[0].planned_unit_cost == D("2.40")
        await desk.press("m")
        await received.until_amount("IN-1", "22.00")


async def test_what_was_not_received_has_no_actual_cost(world, dashboard):
    world.arrives(inbound())
    await world.run()
    await world.until_amount("IN-1", "20.00")
    async with dashboard((80, 24), first="costs") as desk:
        await desk.press("tab")
        await desk.until_text("no document is chosen")
        await desk.press("shift+tab")
        await lines(desk)
        await desk.until_text("nothing received yet")
        await desk.press("c")
        await desk.until(lambda: any("nothing of it was received yet" in each for each in desk.said), "why not")
        await desk.press("enter")
        await desk.until_text("so that there is no ledger")
        await desk.press("escape", "escape")
        await desk.until(lambda: desk.screen.tab == "documents", "back to the documents")


async def test_a_new_document_arrives_by_itself_and_is_found_by_its_number(received, dashboard):
    async with dashboard(first="costs") as desk:
        await desk.until(lambda: desk.rows == ["depot/IN-1"], "one document")
        received.arrives(inbound("IN-2", cost=None))
        await desk.until(lambda: desk.rows == ["depot/IN-2", "depot/IN-1"], "the newest comes first")
        await desk.on("depot/IN-2")
        await desk.until_text("a line has no planned cost")
        await desk.press("slash")
        await desk.type("N-IN-1")
        await desk.press("enter")
        await desk.until(lambda: desk.rows == ["depot/IN-1"], "it is found")


async def test_a_drift_is_listed_and_settled_with_a_reason(received, dashboard):
    async with dashboard(first="costs") as desk:
        await desk.press("shift+tab")
        await desk.until_text("nothing is to be settled")
        received.oms.costs.put_average("A", D("9.99"))
        received.arrives(inbound(revision=2, receipts=[receipt(), receipt("R2", "10", "4.00", 1)]))
        await desk.until(lambda: desk.rows == ["shop/A"], "the drift is listed")
        await desk.until_text("the OMS holds 9.99 THB, the ledger says 3.00 THB", "≠ differs")
        await desk.press("s")
        await desk.until_text("Which average purchase price of A counts?", "9.99 THB", "3.00 THB")
        await desk.type("write_ours")
        await desk.press("enter", "enter")
        await desk.until_text("Why? It is kept in the ledger.")
        await desk.type("a typing error")
        await desk.press("enter")
        await received.until_average("A", "3.00")
        await desk.until(lambda: desk.rows == [], "it is settled")
        await desk.press("shift+tab")
        await desk.until(lambda: desk.rows == ["shop/A"], "the ledger is among all of them")
        await desk.press("s")
        await desk.until(lambda: any("there is nothing to settle" in each for each in desk.said), "why not")


async def test_who_may_not_see_or_change_costs_is_told_why(received, dashboard):
    async with dashboard(first="costs") as desk:
        await lines(desk)
        rights = tuple(each for each in desk.app.link.me.rights if each not in ("cost.actual.edit", "cost.view"))
        desk.app.link.me = msgspec.structs.replace(desk.app.link.me, rights=(*rights, "cost.view"))
        await desk.press("c")
        await desk.until(lambda: any("you lack the right 'cost.actual.edit'" in each for each in desk.said), "why not")
        desk.app.link.me = msgspec.structs.replace(desk.app.link.me, rights=rights)
        await desk.press("r")
        await desk.until_text("costs are not shown to you: you lack the right 'cost.view'")
        assert desk.rows == []


async def test_a_long_document_is_read_page_by_page(world, dashboard):
    line = inbound().lines[0]
    many = tuple(msgspec.structs.replace(line, line_no=number, sku=f"S{number}") for number in range(1, 251))
    world.arrives(inbound(lines=many))
    await world.run()
    await world.until_amount("IN-1", "5000.00")
    async with dashboard(first="costs") as desk:
        await lines(desk, count=100)
        desk.screen.table.move_cursor(row=99)
        await desk.until(lambda: len(desk.rows) == 200, "the next page")
        desk.screen.table.move_cursor(row=199)
        await desk.until(lambda: "250/" in desk.rows, "the last line")


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_hostile_text_shows_as_text(world, dashboard, size):
    document = inbound(number=EVIL, receipts=[receipt(EVIL[:40])])
    lines_ = (msgspec.structs.replace(document.lines[0], sku=EVIL),)
    world.arrives(msgspec.structs.replace(document, lines=lines_))
    await world.run()
    await world.until_amount("IN-1", "20.00")
    async with dashboard(size, first="costs") as desk:
        await lines(desk)
        await desk.press("enter")
        await desk.until_text("[@click=app.quit]", "\\u202e")
        await desk.press("escape", "c")
        await desk.until_text("actual unit cost", "\\x1b")
        strips = [segment.text for strip in desk.app.screen._compositor.render_strips() for segment in strip]
        assert not any(ord(character) < 32 or character in "\u202e\u2066" for text in strips for character in text)
