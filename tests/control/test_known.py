"""A filter that names nothing is refused with what there is: an empty list would look like nothing to do."""

from __future__ import annotations

import pytest
from tests.control.world import order

from crossdock.control.client import Refusal
from crossdock.control.known import KINDS
from crossdock.control.records.asks import Redrive
from crossdock.engine.exchange import HANDLERS


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/v1/orders?warehouse=NOPE", "there is no warehouse 'NOPE' (known: WH1)"),
        ("/v1/orders?connection=nope", "there is no connection 'nope' (known: off, oms, wms)"),
        ("/v1/documents?warehouse=NOPE", "there is no warehouse 'NOPE'"),
        ("/v1/mappings?warehouse=NOPE", "there is no warehouse 'NOPE'"),
        ("/v1/stock?warehouse=NOPE", "there is no warehouse 'NOPE'"),
        ("/v1/operations?connection=nope", "there is no connection 'nope'"),
        ("/v1/operations?kind=nope", "there is no kind of operation 'nope' (known: cost, "),
    ],
)
async def test_a_filter_that_names_nothing_is_refused(raw, path, said):
    status, body, _ = await raw("GET", path)
    assert (status, said in body["detail"]) == (422, True), body


async def test_what_is_asked_to_be_done_for_all_of_nothing_is_refused(client):
    with pytest.raises(Refusal, match="there is no warehouse 'NOPE'"):
        await client.redrive(Redrive(all_failed=True, warehouse="NOPE"))
    with pytest.raises(Refusal, match="there is no warehouse 'NOPE'"):
        await client.master_plan("NOPE")
    with pytest.raises(Refusal, match="there is no warehouse 'NOPE'"):
        await client.release_master("NOPE")


async def test_what_was_set_up_once_can_still_be_asked_for(world, client):
    world.serve(order("1"))
    await world.fetch()
    await world.until("1", "pushed")
    await world.store.write(lambda tx: tx.execute("UPDATE pushes SET warehouse = 'OLD', connection = 'before'"))
    assert len((await client.orders(warehouse="OLD")).items) == 1
    assert (await client.operations(connection="before")).items == ()


def test_the_kinds_are_those_that_have_a_handler():
    assert len(KINDS) == len(HANDLERS)
