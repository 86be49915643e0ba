"""Writes that are not done, on the dashboard: why, and carried out again: one, several, all that failed."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.e2e.test_documents import outbound, until_status
from tests.tui.conftest import an_order
from tests.tui.test_push_status import REFUSED, labelled, tab

from crossdock.testing.sandbox.faults import Script


@pytest.fixture
async def failed(world, dashboard):
    """Three documents that the OMS refused: three writes that failed."""
    world.oms.set_faults(REFUSED)
    world.wms.documents.put_outbound(*(outbound(f"OUT-{number}") for number in (1, 2, 3)))
    for number in (1, 2, 3):
        await until_status(world, f"OUT-{number}", "failed")
    world.oms.set_faults(Script())
    async with dashboard(first="operations") as desk:
        await desk.until(lambda: len(desk.rows) == 3, "three failed writes are listed")
        yield desk


async def test_a_write_says_why_it_failed_and_what_is_sent(failed):
    assert failed.cell(failed.rows[0], "kind") == "post outbound"
    await failed.until_text("it is not tried again by itself", "carry out again", "all that failed")
    await failed.press("enter")
    await failed.until_text("what is sent", "key", "OUT-1")


async def test_one_is_carried_out_again_and_leaves_the_list(failed, world):
    await failed.press("t")
    await until_status(world, "OUT-1", "pushed")
    await failed.until(lambda: len(failed.rows) == 2, "two are left")
    assert any("queued again" in each for each in failed.said)


async def test_marked_ones_are_asked_about_and_told(failed, world):
    await failed.press("asterisk")
    await failed.until_text("3 marked")
    await failed.press("t")
    await failed.until_text("Carry 3 writes out again?")
    await failed.press("y")
    await failed.until_text("3 done, 0 not")
    await failed.press("enter")
    await failed.until_text("no write failed")


async def test_all_that_failed_are_counted_first(failed, world):
    await failed.press("T")
    await failed.until_text("Carry 3 failed writes out again?")
    await failed.press("y")
    await failed.until_text("no write failed")
    assert any("3 writes are carried out again" in each for each in failed.said)
    await failed.press("T")
    await failed.until(lambda: failed.said[-1] == "no write failed", "there is nothing to do")
    await tab(failed, "open")
    await failed.until_text("every write is done")


async def test_without_the_right_it_says_which_one_is_missing(failed):
    link = failed.app.link
    link.me = replace(link.me, rights=("view",))
    await failed.press("t")
    await failed.until(lambda: any("push.redrive" in each for each in failed.said), "the right is named")


async def test_what_is_under_way_says_so_and_fits_a_small_terminal(world, dashboard):
    made = an_order(1)
    world.oms.put([made])
    await world.until_state("O-1", "pushed")
    await labelled(world, "O-1")
    await world.client(lambda c: c.pause("depot", "held back"))
    world.oms.put([replace(made, buyer_note="x")])
    async with dashboard((80, 24), first="operations") as desk:
        await tab(desk, "open")
        await desk.until(lambda: len(desk.rows) == 1, "the update waits")
        assert desk.cell(desk.rows[0], "kind") == "outbound update"
        await desk.press("t")
        await desk.until(
            lambda: any("under way" in each or "by itself" in each for each in desk.said), "it says why not"
        )
        await desk.until_text("kind", "about", "next", "last error")
