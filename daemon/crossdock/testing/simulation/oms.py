"""The simulated OMS at work: pages, faults, reports, and what it noticed about us."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from crossdock.spec.connector import Capabilities
from crossdock.spec.errors import AuthFailed, BadResponse, PluginTimeout, RateLimited, Retryable
from crossdock.spec.orders import Order, OrderSlice, Page, Unreadable
from crossdock.spec.outbound import ItemResult, PushReport
from crossdock.testing.simulation.exchange_links import OMS_DECLARES, OMS_HOOKS, OfficeLink

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crossdock.spec.orders import Window
    from crossdock.testing.simulation.chaos import SimEnv
    from crossdock.testing.simulation.clock import VirtualLoop
    from crossdock.testing.simulation.exchange import Exchange
    from crossdock.testing.simulation.order_book import Entry, OrderBook

NAME = "oms"
HOOKS = frozenset({"fetch_orders", "get_orders", "report_push"})
_decode = msgspec.json.Decoder(Order).decode


class SimOms:
    """The remote side: it outlives every crash of ours."""

    def __init__(
        self, seed: str, loop: VirtualLoop, book: OrderBook, min_interval_s: float, paused: Callable[[], float]
    ) -> None:
        self.book = book
        self.random = random.Random(f"{seed}:oms")
        self.ordered = self.random.random() < 0.5
        self.sliced = self.random.random() < 0.5
        self.calm = False
        self.showed: set[str] = set()
        self.listings = 0
        self.reports: dict[str, list[PushReport]] = {}
        self.violations: list[str] = []
        self.told_cancelled: Callable[[str], None] = lambda _: None
        self._loop, self._floor, self._paused = loop, min_interval_s, paused
        self._paused_before = 0.0
        self._last_began: float | None = None
        self._began: float | None = None
        self._allowed_from = 0.0

    def came(self, cursor: str | None) -> None:
        """Note that a listing starts; tries of a listing that was not answered yet belong to the same action."""
        if cursor is None and self._began is None:
            self._began = now = self._loop.time()
            if now < self._allowed_from - 0.002:
                self.violations.append(
                    f"floor: a listing began at {now:.3f} s, allowed from {self._allowed_from:.3f} s"
                )

    def answered(self, cursor: str | None, page: Page) -> None:
        """Note what was shown."""
        if cursor is None and self._began is not None:
            slack = self._paused() - self._paused_before  # it may have slept between taking its turn and calling
            self._last_began = self._began
            self._allowed_from, self._began = self._began + self._floor - slack, None
            self._paused_before = self._paused()
        self.showed.update(order.ref for order in page.orders)
        self.showed.update(item.ref for item in page.slices)
        self.showed.update(record.ref for record in page.unreadable)
        if page.next_cursor is None:
            self.listings += 1

    def forgive(self) -> None:
        """A fault of the database kept an answered page from being stored: fetching it again is the same action."""
        if self._began is None:
            self._began = self._last_began

    def page(self, window: Window, cursor: str | None, limit: int) -> Page:
        """List what is visible now and changed since."""
        since = window.since
        found = [e for e in self.book.entries.values() if e.visible and (since is None or e.order.updated_at >= since)]
        if self.ordered:
            found.sort(key=lambda e: e.seq)
            found = [e for e in found if cursor is None or e.seq > int(cursor)]
        else:
            found.sort(key=lambda e: e.order.ref)
            found = [e for e in found if cursor is None or e.order.ref > cursor]
        shown, rest = found[:limit], found[limit:]
        last = None if not rest else str(shown[-1].seq) if self.ordered else shown[-1].order.ref
        return self._wrapped(shown, last)

    def _wrapped(self, shown: list[Entry], last: str | None) -> Page:
        watermark = max((entry.order.updated_at for entry in shown), default=None)
        if self.sliced:
            slices = tuple(OrderSlice(entry.order.ref, entry.raw) for entry in shown)
            return Page(slices=slices, next_cursor=last, watermark=watermark)
        orders = tuple(entry.order for entry in shown if not entry.broken)
        broken = tuple(Unreadable(e.order.ref, e.raw, "the record is cut off") for e in shown if e.broken)
        return Page(orders=orders, unreadable=broken, next_cursor=last, watermark=watermark)


def _shown(entry: Entry | None) -> Order | Unreadable | None:
    if entry is None or not entry.visible:
        return None
    return Unreadable(entry.order.ref, entry.raw, "the record is cut off") if entry.broken else entry.order


class OmsLink(OfficeLink):
    """One process's connection to the OMS."""

    def __init__(self, oms: SimOms, env: SimEnv, exchange: Exchange | None = None) -> None:
        capabilities = Capabilities(ordered_pages=oms.ordered, max_page=5)
        hooks = HOOKS | ({"read_order"} if oms.sliced else frozenset())
        self.env = env
        if exchange is not None:
            self.office, self.catalogue = exchange.office, exchange.office.catalogue
            hooks |= OMS_HOOKS
            capabilities = msgspec.structs.replace(
                capabilities, costs=OMS_DECLARES.costs, cost_actual=OMS_DECLARES.cost_actual
            )
        super().__init__(NAME, "oms", capabilities, hooks)
        self._oms, self._env = oms, env

    async def fetch_orders(self, window: Window, cursor: str | None, limit: int) -> Page:
        """Return one page, or fail."""
        self._env.alive()
        self._oms.came(cursor)
        await self._trouble()
        page = self._oms.page(window, cursor, limit)
        await self._env.sleep(self._oms.random.uniform(0.01, 0.25))
        self._oms.answered(cursor, page)
        return page

    def read_order(self, raw: bytes) -> Order:
        """Decode a slice."""
        return _decode(raw)

    async def get_orders(self, refs: list[str]) -> Mapping[str, Order | Unreadable | None]:
        """Return what is visible."""
        self._env.alive()
        await self._trouble()
        return {ref: _shown(self._oms.book.entries.get(ref)) for ref in refs}

    async def report_push(self, reports: list[PushReport]) -> list[ItemResult]:
        """Take reports; sometimes forget to answer some."""
        self._env.alive()
        for report in reports:
            if report.status == "cancelled":
                self._oms.told_cancelled(report.order_ref)
        await self._trouble()
        for report in reports:
            self._oms.reports.setdefault(report.order_ref, []).append(report)
        kept = reports if self._oms.calm or self._oms.random.random() < 0.9 else reports[1:]
        return [ItemResult(ref=report.order_ref, ok=True) for report in kept]

    async def _trouble(self) -> None:
        chance = self._oms.random
        await self._env.sleep(chance.uniform(0.005, 0.05))
        roll = chance.random() * (100 if self._oms.calm else 1)
        if roll < 0.05:
            raise Retryable("503 from the simulated OMS")
        if roll < 0.08:
            raise RateLimited("429", after=chance.choice((None, timedelta(seconds=1), timedelta(seconds=10**9))))
        if roll < 0.11:
            raise BadResponse("HTML instead of orders")
        if roll < 0.13:
            await self._env.sleep(1)
            raise PluginTimeout("no answer in time")
        if roll < 0.135:
            raise AuthFailed("401")
        if roll < 0.18:
            await self._env.sleep(chance.uniform(0.3, 0.9))
