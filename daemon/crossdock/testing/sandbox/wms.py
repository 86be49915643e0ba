"""The sandbox WMS: the default contract's WMS side over its own books."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from crossdock.spec.outbound import CheckResult, Choice, OutboundRequest, PushResult, Stage
from crossdock.spec.webhooks import Subject
from crossdock.testing.sandbox.bodies import Choices, Found, Keys, PushResults, RawOutbounds
from crossdock.testing.sandbox.call import TWICE, Answer, Call, Refused, check_key, decode, number, ok, route
from crossdock.testing.sandbox.documents_wms import DocumentRooms
from crossdock.testing.sandbox.products import ProductRoom
from crossdock.testing.sandbox.server import Sandbox, utc_now
from crossdock.testing.sandbox.stock import WmsStock
from crossdock.testing.sandbox.webhooks import SandboxWebhooks
from crossdock.testing.sandbox.wms_books import Idempotency, WmsBooks, rejected
from crossdock.testing.sandbox.wms_changes import Changes, State
from crossdock.testing.sandbox.wms_costs import WmsCosts
from crossdock.testing.sandbox.wms_labels import WmsLabels
from crossdock.testing.sandbox.wms_outbounds import CreatedOutbounds

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from crossdock.testing.sandbox.faults import Script
    from crossdock.testing.sandbox.room import Room

MAX_BATCH = 50
MAX_KEYS = 500
WAREHOUSES = ("BKK-1", "CNX-1")


class KeyHead(Struct, frozen=True):
    """What is read of an item first: enough to answer for it."""

    key: str


class KeyHeads(Struct, frozen=True):
    """The keys of a batch."""

    items: tuple[KeyHead, ...]


class WmsCore:
    """Answers the WMS side of the default contract; `now` is its clock."""

    def __init__(self, books: WmsBooks, now: Callable[[], datetime] = utc_now, rooms: tuple[Room, ...] = ()) -> None:
        self.books = books
        self.rooms = rooms
        self.now = now
        self._routes: dict[tuple[str, str], Callable[[Call], Answer]] = {
            ("POST", "/v1/outbounds"): self._create,
            ("POST", "/v1/outbounds/find"): self._find,
            ("GET", "/v1/warehouses"): self._warehouses,
            ("GET", "/v1/check"): self._check,
        }
        for room in rooms:
            self._routes |= room.routes

    def answer(self, call: Call) -> Answer:
        """Serve one call of the contract. Raises Refused."""
        return route(self._routes, call)

    def admin(self, call: Call) -> Answer:
        """Serve the books. Raises Refused."""
        routes: dict[tuple[str, str], Callable[[Call], Answer]] = {("GET", "/books"): self._books}
        for room in self.rooms:
            routes |= room.admin_routes
        return route(routes, call)

    def subjects(self, call: Call) -> tuple[str, ...]:
        """Name the keys of a create, or what a room says that a call is about."""
        for room in self.rooms:
            if (call.method, call.path) in room.routes:
                return room.subjects(call)
        if call.path != "/v1/outbounds":
            return ()
        try:
            return tuple(item.key for item in msgspec.json.decode(call.body, type=KeyHeads).items)
        except msgspec.MsgspecError:
            return ()

    def _create(self, call: Call) -> Answer:
        check_key(call)
        items = decode(call.body, RawOutbounds, "a list of outbound requests").items
        if not 1 <= len(items) <= MAX_BATCH:
            raise Refused(422, "batch_size", f"A batch holds 1 to {MAX_BATCH} items, this one {len(items)}")
        requests = [read_item(bytes(item)) for item in items]
        results = self.books.create(requests, self.now(), twice=TWICE in call.headers)
        return ok(PushResults(results=tuple(results)))

    def _find(self, call: Call) -> Answer:
        if self.books.idempotency == "none":
            raise Refused(404, "unsupported", "This WMS cannot be asked for documents by key")
        keys = decode(call.body, Keys, "a list of keys").keys
        if len(keys) > MAX_KEYS:
            raise Refused(422, "too_many", f"At most {MAX_KEYS} keys a call, these are {len(keys)}")
        found = self.books.find(keys, self.now())
        for changes in (room for room in self.rooms if isinstance(room, Changes)):
            found = {key: None if each is None else changes.shown(each) for key, each in found.items()}
        return ok(Found(found=found))

    def _warehouses(self, _call: Call) -> Answer:
        return ok(Choices(choices=tuple(Choice(code=code, name=code) for code in self.books.warehouses)))

    def _check(self, _call: Call) -> Answer:
        return ok(CheckResult(ok=True, account="Sandbox WMS", server_time=self.now()))

    def _books(self, call: Call) -> Answer:
        if call.query.get("form") == "summary":
            return ok(self.books.summary())
        if "key" in call.query:
            return ok(self.books.book(call.query["key"]))
        return ok(self.books.page(call.query.get("after", ""), number(call, "limit", 1000)))


def read_item(raw: bytes) -> OutboundRequest | PushResult:
    """Read one item of a batch, or reject it alone. Raises Refused if not even its key can be read."""
    try:
        request = msgspec.json.decode(raw, type=OutboundRequest)
    except msgspec.MsgspecError as error:
        return rejected(decode(raw, KeyHead, "an item with a key").key, "invalid", f"Not an outbound request: {error}")
    if not (request.key.isascii() and request.key.isprintable()):
        return rejected(request.key, "invalid", "A key is made of printable ASCII characters")
    return request


class SandboxWms(Sandbox):
    """A WMS on a real port. `books` may be read at any time; `path` keeps them in a file over a kill."""

    def __init__(
        self,
        *,
        warehouses: tuple[str, ...] = WAREHOUSES,
        idempotency: Idempotency = "key",
        lookup_lag_s: float = 0,
        path: str | None = None,
        token: str | None = None,
        script: Script | None = None,
        now: Callable[[], datetime] = utc_now,
        asks_from: Stage | None = None,
    ) -> None:
        self.books = WmsBooks(warehouses, idempotency=idempotency, lookup_lag_s=lookup_lag_s, path=path)
        self.now = now
        self.changes = Changes(self.books, None if path is None else f"{path}.changes", asks_from, now)
        self.labels = WmsLabels(lambda key: key in self.books.by_key, path)
        self.webhooks = SandboxWebhooks(now)
        self.stock = WmsStock(path, partial(self.webhooks.tell, Subject.STOCK))
        self.documents = DocumentRooms(path, now)
        self.products = ProductRoom(now, path)
        self.costs = WmsCosts(now, path, self.documents.inbound)
        self.created = CreatedOutbounds(self.books, self.changes, self.documents.own_keys)
        self._join()
        self.rooms: tuple[Room, ...] = (
            self.changes, self.labels, self.stock, self.webhooks, self.documents, self.products, self.costs,
        )  # fmt: skip
        super().__init__(WmsCore(self.books, now, self.rooms), token=token, script=script)

    def _join(self) -> None:
        """Make one warehouse of the rooms: what one of them does shows in the others, and is told by webhooks."""
        self.documents.created = self.created
        self.documents.received = lambda warehouse, sku, by: self.stock.change(warehouse, sku, by, self.now())
        self.documents.outbound.heard = lambda found: self.webhooks.tell(Subject.OUTBOUND, (each.ref for each in found))
        self.documents.inbound.heard = lambda found: self.webhooks.tell(Subject.INBOUND, (each.ref for each in found))
        self.products.heard = lambda skus: self.webhooks.tell(Subject.PRODUCT, skus)
        self.changes.heard = self._changed

    def _changed(self, key: str, before: State) -> None:
        document = self.created.of_key(key)
        if document is None:
            return
        if document.stage is Stage.OUTBOUND and before.stage is not Stage.OUTBOUND:
            self.labels.leave(key)
            for line in document.lines:
                self.stock.change(document.warehouse, line.sku, -(line.actual or line.planned), self.now())
        self.webhooks.tell(Subject.OUTBOUND, (document.ref,))

    async def stop(self) -> None:
        """Stop serving and let go of the file."""
        await super().stop()
        self.books.close()
        for room in self.rooms:
            room.close()
