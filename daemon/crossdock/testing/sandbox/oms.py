"""The sandbox OMS: the default contract's OMS side over its own data, which tests change behind /__sandbox/."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType
from msgspec.structs import asdict, replace

from crossdock.spec.orders import LogisticsKind, Order, OrderLine, OrderStatus, Recipient
from crossdock.spec.outbound import CheckResult, Choice
from crossdock.spec.webhooks import Subject
from crossdock.testing.sandbox.bodies import Choices, ItemResults, OrderRefs, PushReports
from crossdock.testing.sandbox.call import Answer, Call, Refused, check_key, decode, number, ok, route
from crossdock.testing.sandbox.documents_oms import PostingsRoom
from crossdock.testing.sandbox.faults import PUT_ORDER
from crossdock.testing.sandbox.listing_query import window_of
from crossdock.testing.sandbox.oms_books import OmsBooks, Progress, Stored, stored_order
from crossdock.testing.sandbox.oms_costs import OmsCosts
from crossdock.testing.sandbox.oms_labels import OmsLabels
from crossdock.testing.sandbox.products import ProductRoom
from crossdock.testing.sandbox.server import Sandbox, utc_now
from crossdock.testing.sandbox.stock import OmsStock
from crossdock.testing.sandbox.webhooks import SandboxWebhooks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from crossdock.spec.documents import InboundDoc
    from crossdock.testing.sandbox.faults import Script
    from crossdock.testing.sandbox.oms_costs import Mode
    from crossdock.testing.sandbox.room import Room

MAX_PAGE = 500
MAX_REFS = 500
SHOPS = (Choice(code="main", name="Main shop"),)
LOGISTICS = (
    Choice(code="Standard Post", name="Standard Post", kind=LogisticsKind.STANDARD.value),
    Choice(code="City Rider", name="City Rider", kind=LogisticsKind.INSTANT.value),
)


class OrdersIn(Struct, frozen=True, forbid_unknown_fields=True):
    """Orders that a test puts into the OMS."""

    orders: tuple[Order, ...]


class AmendIn(Struct, frozen=True, forbid_unknown_fields=True):
    """Lines that a test adds to an order."""

    ref: str
    lines: tuple[OrderLine, ...]


class EditIn(Struct, frozen=True, forbid_unknown_fields=True):
    """What a test changes in an order; what is left out stays as it is."""

    ref: str
    recipient: Recipient | UnsetType = UNSET
    logistics: str | UnsetType = UNSET
    tracking_number: str | UnsetType | None = UNSET
    buyer_note: str | UnsetType | None = UNSET
    seller_note: str | UnsetType | None = UNSET


class RefIn(Struct, frozen=True, forbid_unknown_fields=True):
    """An order that a test cancels."""

    ref: str


class OmsCore:
    """Answers the OMS side of the default contract; `now` is its clock and gives change stamps."""

    def __init__(
        self,
        books: OmsBooks,
        now: Callable[[], datetime] = utc_now,
        shops: tuple[Choice, ...] = SHOPS,
        logistics: tuple[Choice, ...] = LOGISTICS,
        rooms: tuple[Room, ...] = (),
    ) -> None:
        self.books = books
        self.rooms = rooms
        self.now = now
        self.shops = shops
        self.logistics = logistics
        self._routes: dict[tuple[str, str], Callable[[Call], Answer]] = {
            ("GET", "/v1/orders"): self._list,
            ("POST", "/v1/orders/get"): self._get,
            ("POST", "/v1/push-reports"): self._report,
            ("GET", "/v1/shops"): lambda _: ok(Choices(choices=self.shops)),
            ("GET", "/v1/logistics"): lambda _: ok(Choices(choices=self.logistics)),
            ("GET", "/v1/check"): self._check,
        }
        for room in rooms:
            self._routes |= room.routes

    def answer(self, call: Call) -> Answer:
        """Serve one call of the contract. Raises Refused."""
        return route(self._routes, call)

    def admin(self, call: Call) -> Answer:
        """Serve what only tests ask for; SandboxOms adds the ways to change orders. Raises Refused."""
        routes: dict[tuple[str, str], Callable[[Call], Answer]] = {("GET", "/books"): self._books}
        for room in self.rooms:
            routes |= room.admin_routes
        return route(routes, call)

    def subjects(self, call: Call) -> tuple[str, ...]:
        """Name the orders of a push report, or what a room says that a call is about."""
        for room in self.rooms:
            if (call.method, call.path) in room.routes:
                return room.subjects(call)
        if call.path != "/v1/push-reports":
            return ()
        try:
            return tuple(report.order_ref for report in msgspec.json.decode(call.body, type=PushReports).reports)
        except msgspec.MsgspecError:
            return ()

    def _list(self, call: Call) -> Answer:
        limit = number(call, "limit", 100, MAX_PAGE)
        page = self.books.page(window_of(call), call.query.get("cursor"), limit, self.now())
        raws = b",".join(bytes(stored.raw) for stored in page.orders)
        rest = msgspec.json.encode({"next_cursor": page.next_cursor, "watermark": page.watermark})
        return Answer(body=b'{"orders":[' + raws + b"]," + rest[1:])

    def _get(self, call: Call) -> Answer:
        refs = decode(call.body, OrderRefs, "a list of refs").refs
        if len(refs) > MAX_REFS:
            raise Refused(422, "too_many", f"At most {MAX_REFS} refs a call, these are {len(refs)}")
        stored = {ref: self.books.orders.get(ref) for ref in refs}
        return ok({"orders": {ref: None if order is None else order.raw for ref, order in stored.items()}})

    def _report(self, call: Call) -> Answer:
        check_key(call)
        reports = decode(call.body, PushReports, "a list of push reports").reports
        return ok(ItemResults(results=tuple(self.books.report(reports))))

    def _check(self, _call: Call) -> Answer:
        return ok(CheckResult(ok=True, account="Sandbox OMS", server_time=self.now()))

    def _books(self, call: Call) -> Answer:
        books = self.books
        if call.query.get("form") == "summary":
            return ok({"orders": len(books.orders), "reports": len(books.reports), "got": books.reported.total()})
        reports = [{"report": books.reports[name], "received": books.reported[name]} for name in sorted(books.reports)]
        return ok({"orders": sorted(books.orders), "reports": reports})


class SandboxOms(Sandbox):
    """An OMS on a real port. `put`, `amend`, `edit` and `cancel` change its orders, here or behind /__sandbox/orders."""

    def __init__(
        self,
        *,
        path: str | None = None,
        token: str | None = None,
        script: Script | None = None,
        now: Callable[[], datetime] = utc_now,
        shops: tuple[Choice, ...] = SHOPS,
        logistics: tuple[Choice, ...] = LOGISTICS,
        cost_actual: Mode = "set_average",
    ) -> None:
        self.books = OmsBooks(path)
        self.now = now
        self.labels = OmsLabels(self.books.order, lambda: self.url, path)
        self.stock = OmsStock(path)
        self.webhooks = SandboxWebhooks(now)
        self.postings = PostingsRoom(path)
        self.products = ProductRoom(now, path)
        self.costs = OmsCosts(path, cost_actual)
        self.postings.entered = self._entered
        self.products.heard = lambda skus: self.webhooks.tell(Subject.PRODUCT, skus)
        self.rooms: tuple[Room, ...] = (
            self.labels, self.stock, self.webhooks, self.postings, self.products, self.costs,
        )  # fmt: skip
        core = OmsCore(self.books, now, shops, logistics, self.rooms)
        super().__init__(core, token=token, script=script)

    def _entered(self, documents: Iterable[InboundDoc]) -> None:
        """Let averages follow from the receipts of a warehouse's documents, where this OMS works them out itself."""
        if self.costs.mode == "receipts":
            for document in documents:
                self.costs.enter(document)

    def put(self, orders: Iterable[Order], *, keep_updated_at: bool = False, progress: Progress | None = None) -> None:
        """Keep orders, each stamped as changed now unless its own stamp is to be kept; `progress` of a stream too."""
        stamp = self.now()
        stamped = tuple(orders if keep_updated_at else (replace(order, updated_at=stamp) for order in orders))
        self.books.put((stored_order(order, self._visible_at(order.ref)) for order in stamped), progress)
        self.webhooks.tell(Subject.ORDER, (order.ref for order in stamped))

    def put_raw(self, ref: str, raw: bytes, *, created_at: datetime | None = None) -> None:
        """Keep any JSON value as if it were an order, changed now."""
        stamp = self.now()
        self.books.put([Stored(ref=ref, updated_at=stamp, created_at=created_at or stamp, raw=Raw(raw))])

    def amend(self, ref: str, lines: Iterable[OrderLine]) -> Order:
        """Append lines to an order. Raises Refused 404."""
        order = self._known(ref)
        return self._put_one(replace(order, lines=(*order.lines, *lines)))

    def edit(self, wanted: EditIn) -> Order:
        """Change what is named of an order. Raises Refused 404."""
        values = {name: value for name, value in asdict(wanted).items() if name != "ref" and value is not UNSET}
        return self._put_one(replace(self._known(wanted.ref), **values))

    def cancel(self, ref: str) -> Order:
        """Cancel an order. Raises Refused 404."""
        return self._put_one(replace(self._known(ref), status=OrderStatus.CANCELLED))

    async def stop(self) -> None:
        """Stop serving and let go of the file."""
        await super().stop()
        self.books.close()
        for room in self.rooms:
            room.close()

    def _admin(self, call: Call) -> Answer:
        inner = call.path.removeprefix("/__sandbox")
        match (call.method, inner):
            case ("POST", "/orders"):
                orders = decode(call.body, OrdersIn, "a list of orders").orders
                self.put(orders, keep_updated_at=call.query.get("keep_updated_at") == "1")
                return ok({"put": len(orders)})
            case ("POST", "/orders/amend"):
                amend = decode(call.body, AmendIn, "an amendment")
                return ok(self.amend(amend.ref, amend.lines))
            case ("POST", "/orders/edit"):
                return ok(self.edit(decode(call.body, EditIn, "a change of an order")))
            case ("POST", "/orders/cancel"):
                return ok(self.cancel(decode(call.body, RefIn, "a ref").ref))
            case _:
                return super()._admin(call)

    def _known(self, ref: str) -> Order:
        order = self.books.order(ref)
        if order is None:
            raise Refused(404, "unknown_order", f"There is no order {ref!r}")
        return order

    def _put_one(self, order: Order) -> Order:
        self.put([order])
        return self._known(order.ref)

    def _visible_at(self, ref: str) -> datetime | None:
        hit = self.faults.meet(PUT_ORDER, f"/orders/{ref}", (f"{PUT_ORDER} {ref}",))
        if hit is None:
            return None
        return self.now() + timedelta(seconds=hit.number("seconds", 5))
