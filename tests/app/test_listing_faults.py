"""Lists that go in circles or show orders late, through the real host and the pull lane."""

from __future__ import annotations

import pytest
from tests.e2e.conftest import an_order

from crossdock.testing.sandbox.faults import Fault, Match, Rule, Script


async def stored(running):
    return sorted(each.ref for each in (await running.ask(lambda c: c.orders(limit=50))).items)


def small_pages(running):
    text = running.path.read_text()
    running.path.write_text(text.replace("every_s = 0.1", "every_s = 0.1, page_size = 2"))


@pytest.mark.behaviour("P1", "P9")
@pytest.mark.parametrize(
    ("fault", "said"), [(Fault.SAME_PAGE_FOREVER, "the same page twice"), (Fault.TOKEN_LOOP, "the same cursor twice")]
)
async def test_a_listing_that_goes_in_circles_is_ended_and_the_next_one_has_every_order(running, fault, said):
    skipped = 0 if fault is Fault.SAME_PAGE_FOREVER else 1  # a loop is one only from a cursor that the OMS knows
    rules = [Rule(fault=fault, match=Match(path="/v1/orders", nth=n + 1 + skipped), times=1) for n in range(2)]
    running.oms.set_faults(Script(rules=tuple(rules)))
    running.oms.put([an_order(n) for n in range(6)])
    running.before_opening = lambda: small_pages(running)
    await running.open()

    async def failed():
        return [each for each in (await running.ask(lambda c: c.tasks())).items if said in (each.error or "")]

    (task,) = await running.until(failed)
    assert "the listing was ended" in task.error

    async def all_there():
        return await stored(running) == [f"O-{n}" for n in range(6)]

    await running.until(all_there)
    assert running.oms.faults.met == {fault.value: 2}
    states = {each.name: each.state for each in (await running.ask(lambda c: c.connections())).items}
    assert states["shop"] == "ok"


@pytest.mark.behaviour("P1", "P3")
async def test_an_order_that_shows_late_with_an_old_stamp_is_stored_all_the_same(running):
    """Listings have gone beyond its stamp by the time it shows; only the overlap finds it."""
    match = Match(path="/orders/O-1")
    running.oms.set_faults(Script(rules=(Rule(fault=Fault.LATE_VISIBLE, match=match, args={"seconds": 0.7}),)))
    running.oms.put([an_order(1)])
    running.oms.put([an_order(2)])
    await running.open()

    async def both():
        return await stored(running) == ["O-1", "O-2"]

    await running.until(both)
    stamps = {ref: stored.updated_at for ref, stored in running.oms.books.orders.items()}
    assert stamps["O-1"] < stamps["O-2"]
