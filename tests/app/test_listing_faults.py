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


LIST = "/v1/orders"
CIRCLES = [
    (Rule(fault=Fault.SAME_PAGE_FOREVER, match=Match(path=LIST), times=2), "the same page twice"),
    # a loop is one only from a cursor that the OMS knows, which the second request has
    (Rule(fault=Fault.TOKEN_LOOP, match=Match(path=LIST, nth=2)), "the same cursor twice"),
]


@pytest.mark.behaviour("P1", "P9")
@pytest.mark.parametrize(("rule", "said"), CIRCLES, ids=[rule.fault.value for rule, _ in CIRCLES])
async def test_a_listing_that_goes_in_circles_is_ended_and_the_next_one_has_every_order(running, rule, said):
    running.oms.set_faults(Script(rules=(rule,)))
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
    assert running.oms.faults.met == {rule.fault.value: rule.times or 1}

    async def well():
        return ("shop", "ok") in [
            (each.name, each.state) for each in (await running.ask(lambda c: c.connections())).items
        ]

    await running.until(well)


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
