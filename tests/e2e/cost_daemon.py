"""The daemon with one stream more: inbound documents, read out of the book of the sandbox WMS."""

from __future__ import annotations

import os

import aiohttp
import msgspec

from crossdock.cli.main import main
from crossdock.engine import exchange
from crossdock.engine.exchange_costs import costing
from crossdock.flows.costs import take_receipts
from crossdock.flows.pull_stream import Taken
from crossdock.spec.documents import InboundDoc
from crossdock.spec.errors import Retryable
from crossdock.spec.listing import Listing
from crossdock.store.tasks import TaskKind, Totals


class Book(msgspec.Struct):
    documents: list[InboundDoc]


class Inbound:
    name = "inbound"

    def __init__(self, link, ground):
        self.costing = costing(ground.config, ground.links)

    async def fetch(self, window, cursor, limit):
        try:
            async with aiohttp.ClientSession() as session, session.get(os.environ["COSTS_BOOK"]) as answer:
                return Listing(items=tuple(msgspec.json.decode(await answer.read(), type=Book).documents))
        except aiohttp.ClientError as error:
            raise Retryable(str(error)) from None

    def absorb(self, tx, connection, items, now):
        return Taken(totals=Totals(found=len(items)), wake=take_receipts(tx, connection, items, now, self.costing))

    def ref_of(self, item):
        return item.ref


def run():
    exchange.STREAMS = (*exchange.STREAMS, ("list_warehouses", TaskKind.FETCH_INBOUND, Inbound))
    main()
