"""Shipping labels on the dashboard: their states, pulled, noted as printed, confirmed, with every version."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.tui.conftest import an_order
from tests.tui.test_push_status import labelled, tab

from crossdock.spec.outbound import Stage


@pytest.fixture
async def labels(world, dashboard):
    """Two orders whose labels are ready and at their warehouse."""
    world.oms.put([an_order(1), an_order(2)])
    for ref in ("O-1", "O-2"):
        await world.until_state(ref, "pushed")
        await labelled(world, ref)
    async with dashboard(first="labels") as desk:
        await tab(desk, "ready")
        await desk.until(lambda: len(desk.rows) == 2, "both are ready")
        yield desk


async def test_a_label_is_shown_with_its_versions(labels):
    await labels.on("shop/O-1")
    await labels.until_text("p notes that it was printed", "version")
    await labels.press("c")
    await labels.until(lambda: any("it is not stale" in each for each in labels.said), "it says why not")
    await labels.press("enter")
    await labels.until_text("versions", "not printed", "at the warehouse")


async def test_labels_are_noted_as_printed(labels):
    await labels.press("asterisk")
    await labels.until_text("2 marked")
    await labels.press("p")
    await labels.until_text("Note that the labels of 2 orders were printed?")
    await labels.press("y")
    await labels.until_text("2 done, 0 not")
    await labels.press("enter")
    await tab(labels, "printed")
    await labels.until(lambda: len(labels.rows) == 2, "both are printed")


async def test_a_stale_label_is_confirmed_with_a_reason(labels, world):
    world.wms.changes.move(world.wms.books.by_order["O-1"][-1].key, Stage.PACKED)
    world.oms.put([replace(world.oms.books.order("O-1"), logistics="Kerry")])
    await tab(labels, "stale")
    await labels.until(lambda: labels.rows == ["shop/O-1"], "it does not fit any more")
    await labels.press("p")
    await labels.until(lambda: any("no label that fits is there" in each for each in labels.said), "it says why not")
    await labels.press("c")
    await labels.until_text("Why is the old label right?", "stuck over")
    await labels.type("stuck over")
    await labels.press("enter")
    await labels.until_text("every label fits its order")


async def test_a_label_is_pulled_again(labels):
    await labels.on("shop/O-2")
    await labels.press("l")
    await labels.until(lambda: any("shop: queued as task" in each for each in labels.said), "it is asked for")


async def test_the_list_fits_a_small_terminal(world, dashboard):
    world.oms.put([an_order(1)])
    await world.until_state("O-1", "pushed")
    async with dashboard((80, 24), first="labels") as desk:
        await desk.until_text("every label fits its order")
        await tab(desk, "")
        await desk.until(lambda: desk.rows == ["shop/O-1"], "it is listed")
        await desk.until_text("order", "state", "what is wrong")
