"""What connectors answer about documents, products and stock is made sure of before it is believed."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from crossdock.spec.costs import ProductCost
from crossdock.spec.errors import ContractError, UnknownOutcome
from crossdock.spec.hooks import hookimpl
from crossdock.spec.labels import Label
from crossdock.spec.listing import Listing
from crossdock.spec.orders import FetchMode, Unreadable, Window
from crossdock.spec.outbound import (
    ItemResult,
    OutboundLine,
    OutboundRequest,
    PushResult,
    PushStatus,
    RemoteOutbound,
)
from crossdock.spec.products import Product
from crossdock.spec.stock import StockLevel, StockMovement

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
WINDOW = Window(mode=FetchMode.CHANGED, since=NOW)


def a_level(sku="A", **fields):
    return StockLevel(**{"sku": sku, "warehouse": "W1", "on_hand": Decimal(3), "observed_at": NOW, **fields})


def answering(answer):
    class Connector:
        @hookimpl
        def fetch_stock(self):
            return answer

        @hookimpl
        def apply_stock(self):
            return answer

        @hookimpl
        def cancel_outbound(self):
            return answer

        @hookimpl
        def get_products(self):
            return answer

        @hookimpl
        def get_costs(self):
            return answer

        @hookimpl
        def fetch_label(self):
            return answer

        @hookimpl
        def find_outbound(self):
            return answer

    return Connector


async def test_a_sound_page_comes_through_as_it_is(connect):
    page = Listing(items=(a_level(), a_level("B")), next_cursor="c", watermark=NOW)
    assert await connect(answering(page)).fetch_stock(WINDOW, None, 10) == page


@pytest.mark.parametrize("broken", [{"on_hand": "three"}, {"sku": ""}, {"observed_at": "yesterday"}, {"sku": 7}])
async def test_one_item_of_wrong_types_is_set_aside_and_blocks_no_other(connect, broken):
    page = Listing(items=(a_level(**broken), a_level("B")))
    found = await connect(answering(page)).fetch_stock(WINDOW, None, 10)
    assert [level.sku for level in found.items] == ["B"]
    assert len(found.unreadable) == 1
    assert "wrong types" in found.unreadable[0].reason


@pytest.mark.parametrize(
    "page",
    [
        Listing(items=(StockMovement(ref="1", sku="A", warehouse="W", change=Decimal(1), at=NOW),)),
        Listing(items=({"sku": "A"},)),
        Listing(items="AB"),
        Listing(items=None),
        Listing(unreadable=("x",)),
        Listing(unreadable=(Unreadable("", b"", ""),)),
        Listing(next_cursor=""),
        Listing(next_cursor=7),
        Listing(watermark=NOW.replace(tzinfo=None)),
        Listing(watermark="now"),
        {"items": []},
        None,
    ],
)
async def test_a_page_that_is_none_is_refused_whole(connect, page):
    with pytest.raises(ContractError):
        await connect(answering(page)).fetch_stock(WINDOW, None, 10)


async def test_results_of_what_was_not_asked_and_contradictions_are_dropped(connect):
    said = [
        ItemResult(ref="W1/A", ok=True), ItemResult(ref="W1/B", ok=True), ItemResult(ref="W1/B", ok=False),
        ItemResult(ref="W1/Z", ok=True),
    ]  # fmt: skip
    found = await connect(answering(said)).apply_stock([a_level("A"), a_level("B")])
    assert [result.ref for result in found] == ["W1/A"]


async def test_an_answer_about_another_key_leaves_the_outcome_unknown(connect):
    link = connect(answering(PushResult(key="other", status=PushStatus.ACCEPTED)))
    with pytest.raises(UnknownOutcome, match="answered about other"):
        link._about("cancel_outbound", "mine", PushResult(key="other", status=PushStatus.ACCEPTED))


async def test_something_that_was_not_answered_is_not_taken_for_absent(connect):
    with pytest.raises(ContractError, match="does not mean absent"):
        await connect(answering({"A": None})).get_products(["A", "B"])


@pytest.mark.parametrize(
    "product",
    [
        Product(sku="A", updated_at=NOW.replace(tzinfo=None)), Product(sku="A", updated_at=NOW, weight_g="heavy"),
        Product(sku="A", updated_at=NOW, price=Decimal("NaN")),
        Product(sku="B", updated_at=NOW), {"sku": "A"},
    ],
)  # fmt: skip
async def test_a_product_that_cannot_be_kept_or_is_another_is_no_answer(connect, product):
    with pytest.raises(ContractError, match=r"\bA\b|dict|weight_g"):
        await connect(answering({"A": product})).get_products(["A"])


@pytest.mark.parametrize("average", [Decimal("NaN"), Decimal("Infinity"), Decimal("1e30")])
async def test_an_average_that_is_no_amount_is_no_answer(connect, average):
    with pytest.raises(ContractError, match="A with a value that cannot be kept: average"):
        await connect(answering({"A": ProductCost(sku="A", average=average)})).get_costs(["A"])


@pytest.mark.parametrize("cost", [ProductCost(sku="A", average=Decimal("1.50"), currency="THB"), None])
async def test_a_sound_average_comes_through_and_so_does_its_absence(connect, cost):
    assert await connect(answering({"A": cost})).get_costs(["A"]) == {"A": cost}


async def test_a_sound_product_comes_through_and_so_does_its_absence(connect):
    found = {"A": Product(sku="A", updated_at=NOW), "B": None}
    assert await connect(answering(found)).get_products(["A", "B"]) == found


@pytest.mark.parametrize(
    "broken", [{"expires_at": NOW.replace(tzinfo=None)}, {"expires_at": "soon"}, {"url": 7}, {"data": "%PDF"}]
)
async def test_a_label_with_values_that_are_none_is_refused(connect, broken):
    label = Label(**{"content_type": "application/pdf", "url": "https://labels.test/1", **broken})
    with pytest.raises(ContractError, match="fetch_label"):
        await connect(answering(label)).fetch_label("1", None)


async def test_content_that_cannot_be_compared_counts_as_not_told_and_the_document_is_there(connect, caplog):
    line = OutboundLine(line_no=1, sku="A", quantity=Decimal("NaN"))
    content = OutboundRequest(key="K", order_ref="1", revision=1, warehouse="W", lines=(line,), ordered_at=NOW)
    found = {"K": RemoteOutbound(key="K", remote_id="R", revision=1, content=content)}
    assert await connect(answering(found)).find_outbound(["K"]) == {
        "K": RemoteOutbound(key="K", remote_id="R", revision=1)
    }
    assert "K whose content's lines[0].quantity is NaN, no number" in caplog.text
