"""The pages of a run, again in any order and any number, into a fresh store: the end state is the same."""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tests.flows.conftest import NOW, Bench, an_order

from crossdock.flows import documents as document_flow
from crossdock.flows.listing import PullPolicy
from crossdock.flows.post_documents import Desk
from crossdock.flows.pull_stream import pull_stream
from crossdock.flows.sync_stock import LevelStream
from crossdock.rules.posting import Targets
from crossdock.spec.documents import (
    InboundDoc,
    InboundKind,
    InboundLine,
    InboundState,
    OutboundDoc,
    OutboundDocLine,
    OutboundKind,
    Receipt,
)
from crossdock.spec.listing import Listing
from crossdock.spec.orders import Address, FetchMode, Page, Recipient
from crossdock.spec.outbound import Stage
from crossdock.spec.stock import StockLevel
from crossdock.store import stock

BOTH = frozenset({"outbound", "inbound"})


def an_order_at(ref, minute, street):
    recipient = Recipient(name="A", address=Address(lines=(street,), country="TH"))
    return an_order(ref=ref, updated_at=NOW - timedelta(minutes=60 - minute), recipient=recipient)


def received(revision, *costs):
    receipts = tuple(
        Receipt(ref=f"R{n}", line_no=1, quantity=Decimal(2), at=NOW, unit_cost=Decimal(cost), cost_revision=revision)
        for n, cost in enumerate(costs)
    )
    return InboundDoc(
        ref="IN", kind=InboundKind.RECEIPT, revision=revision, warehouse="1", receipts=receipts, currency="THB",
        state=InboundState.PART_COMPLETE, updated_at=NOW + timedelta(seconds=revision),
        lines=(InboundLine(line_no=1, sku="A", planned=Decimal(9), planned_unit_cost=Decimal("2.50")),),
    )  # fmt: skip


def going(revision, stage):
    return OutboundDoc(
        ref="OUT", kind=OutboundKind.MANUAL, revision=revision, warehouse="1", stage=stage,
        updated_at=NOW + timedelta(seconds=revision),
        lines=(OutboundDocLine(line_no=1, sku="A", planned=Decimal(3)),),
    )  # fmt: skip


def level(sku, quantity, second):
    return StockLevel(sku=sku, warehouse="1", on_hand=Decimal(quantity), observed_at=NOW + timedelta(seconds=second))


RUN = (
    ("orders", (an_order_at("1", 1, "first"), an_order_at("2", 1, "first"))),
    ("orders", (an_order_at("1", 5, "second"),)),
    ("documents", (received(1), going(1, Stage.PENDING))),
    ("stock", (level("A", 5, 1), level("B", 1, 1))),
    ("orders", (an_order_at("2", 7, "third"), an_order_at("3", 7, "first"))),
    ("documents", (received(2, "2.40"), going(2, Stage.PICKED))),
    ("stock", (level("A", 4, 3),)),
    ("documents", (received(3, "2.40", "2.60"),)),
    ("orders", (an_order_at("1", 9, "fourth"),)),
    ("documents", (received(4, "2.45", "2.60"), going(3, Stage.OUTBOUND))),
    ("stock", (level("B", 0, 9),)),
)
"""The pages that a daemon met, oldest first: three orders, two documents and two stock levels, some of them changing."""


class Levels:
    def __init__(self):
        self.pages = deque()

    async def fetch_stock(self, window, cursor, limit):
        return self.pages.popleft()


async def replayed(pages):
    """Feed pages into a fresh store and return what is in it then, without what only says when or how often."""
    bench = Bench()
    await bench.fill()
    await bench.store.write(stock.set_switch, "WH", on=True, oms="")
    wms = Levels()
    policy = PullPolicy(
        mode=FetchMode.CHANGED, overlap=timedelta(), page_size=99, max_pages=9, initial=timedelta(days=1), ordered=True,
    )  # fmt: skip
    for kind, items in pages:
        if kind == "orders":
            await bench.pull(Page(orders=items))
        elif kind == "documents":
            desk = Desk(bench.house.books, Targets(takes={"oms": BOTH}), bench.env.now())
            await bench.store.write(document_flow.absorb, "wms", items, desk)
        else:
            wms.pages.append(Listing(items=items))
            stream = LevelStream("wms", wms, bench.house.books, lambda: ["oms"])
            await pull_stream("wms", stream, bench.house, policy, lambda: True)
    found = await bench.store.read(state)
    bench.store.close()
    return found


QUERIES = (
    "SELECT ref, content_hash, status, payload FROM orders ORDER BY ref",
    "SELECT o.ref, p.state, p.warehouse, p.key, p.generation FROM pushes p JOIN orders o ON o.id = p.order_id ORDER BY 1",
    "SELECT ref, list_name, state, revision, content_hash FROM documents ORDER BY ref",
    "SELECT kind, key, body FROM operations WHERE kind LIKE 'post%' AND unsettled IS NOT NULL ORDER BY key",
    "SELECT fingerprint FROM incidents WHERE healed_at IS NULL ORDER BY 1",
)


def state(tx):
    levels = {row.level.sku: row.level.on_hand for row in stock.page(tx, 0, 100)}
    return [[tuple(row) for row in tx.rows(sql)] for sql in QUERIES], levels


@pytest.mark.behaviour("P4")
@settings(max_examples=6, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(data=st.data())
def test_the_pages_of_a_run_again_in_any_order_and_number_give_the_same_end_state(data):
    again = data.draw(st.lists(st.sampled_from(RUN), max_size=15))
    pages = data.draw(st.permutations([*RUN, *again]))
    assert asyncio.run(replayed(pages)) == asyncio.run(replayed(RUN))


async def test_an_older_page_changes_nothing_and_a_sync_of_one_order_always_counts(bench, kit):
    await bench.pull(Page(orders=(an_order_at("1", 5, "new"),)))
    before = await bench.stored("1")
    await bench.pull(Page(orders=(an_order_at("1", 4, "old"),)))
    assert await bench.stored("1") == before
    await bench.absorb(an_order_at("1", 4, "what the OMS says when it is asked for this very order"))
    assert (await bench.stored("1")).revision == before.revision + 1
