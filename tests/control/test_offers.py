"""Saving something that no remote system offers answers with a warning, and is never refused for it."""

from __future__ import annotations

import msgspec
import pytest

from crossdock.control.records.book import Allocation, Strategy, Warehouse
from crossdock.spec.errors import Retryable
from crossdock.spec.outbound import Choice

pytestmark = pytest.mark.behaviour("R2", "R34")
INST = Strategy(name="inst", kind="custom_advance", shops=("nope",))


def offers(link, hook, *codes):
    """Have a connection offer these; no codes: it cannot be asked."""
    asked = []

    async def told():
        asked.append(hook)
        if not codes:
            raise Retryable("down for maintenance")
        return [Choice(code=code, name=code) for code in codes]

    setattr(link, hook, told)
    return asked


async def test_a_store_that_the_oms_does_not_offer_is_told_when_it_is_saved_and_in_the_setup(client):
    saved = await client.save_strategy(INST)
    assert (saved.revision, len(saved.warnings)) == (1, 1)
    assert "the store 'nope', which no OMS offers" in saved.warnings[0]
    assert (await client.setup()).odd == saved.warnings
    right = await client.save_strategy(Strategy(name="inst", kind="custom_advance", shops=("s1",), revision=1))
    assert right.warnings == ()
    assert (await client.setup()).odd == ()


async def test_what_was_saved_with_a_warning_may_be_saved_again_as_it_is(client):
    saved = await client.save_strategy(INST)
    assert (await client.save_strategy(saved)).revision == 2


async def test_a_system_that_cannot_be_asked_refuses_nothing(world, client):
    saved = await client.save_strategy(Strategy(name="inst", kind="custom_advance", logistics=("No Such",)))
    assert ["could not be asked now" in text for text in saved.warnings] == [True]
    await world.requests.pause("oms", "test", "me")
    again = await client.save_strategy(msgspec.structs.replace(INST, revision=1))
    assert "could not be asked now" in again.warnings[0]
    assert (await client.setup()).odd == ()


async def test_rules_and_codes_of_a_wms_are_compared_too(client):
    rule = await client.save_allocation(Allocation(position=9, warehouse="WH1", shops=("nope",)))
    assert "allocation rule 9 names the store 'nope'" in rule.warnings[0]
    place = await client.save_warehouse(Warehouse(code="BKK", connection="wms", remote="W9"))
    assert "wms offers no warehouse 'W9'" in place.warnings[0]
    odd = {each.code: each.odd for each in (await client.setup()).warehouses}
    assert ["offers no warehouse" in text for text in odd["BKK"]].count(True) == 1
    assert not any("offers no warehouse" in text for text in odd["WH1"])


async def test_what_was_told_is_kept_a_while_but_asked_again_for_what_is_missing_in_it(world, client):
    asked = offers(world.oms, "list_shops", "s1")
    await client.save_strategy(Strategy(name="inst", kind="custom_advance", shops=("s1",)))
    for _ in range(3):
        await client.setup()
    assert len(asked) == 1
    await client.save_strategy(Strategy(name="two", kind="custom_advance", shops=("s2",)))
    await client.setup()
    assert len(asked) == 1  # it told half a minute ago at most


async def test_an_oms_that_does_not_tell_might_offer_it(world, client):
    offers(world.oms, "list_shops")
    saved = await client.save_strategy(INST)
    assert ["could not be asked now" in text for text in saved.warnings] == [True]
