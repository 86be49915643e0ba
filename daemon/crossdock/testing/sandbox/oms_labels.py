"""The sandbox OMS's shipping labels: made of each order whose label is ready, or as a test puts them."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

from msgspec import Struct

from crossdock.spec.labels import Label
from crossdock.testing.sandbox.bodies import LabelBody
from crossdock.testing.sandbox.call import Answer, Call, Refused, decode, ok
from crossdock.testing.sandbox.shelf import Shelf

if TYPE_CHECKING:
    from collections.abc import Callable

    from crossdock.spec.orders import Order

ZPL = "application/zpl"
FILE = "/label-file"


class LabelIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a test wants the label of an order: absent, with these bytes, behind an address, or None of it: made of the order.

    `url` "file" is an address of the sandbox itself, behind which the bytes are.
    """

    ref: str
    absent: bool = False
    data: bytes | None = None
    content_type: str = ZPL
    url: str | None = None


class OmsLabels:
    """The room. `order` looks an order up, `address` tells where the sandbox listens."""

    def __init__(
        self, order: Callable[[str], Order | None], address: Callable[[], str], path: str | None = None
    ) -> None:
        self._order, self._address = order, address
        named = Shelf(LabelIn, lambda each: each.ref, lambda _: datetime.fromtimestamp(0, UTC), _beside(path))
        self.wanted: Shelf[LabelIn] = named
        self.asked: list[str] = []
        self.routes = {("GET", "/v1/labels"): self._get}
        self.admin_routes = {("POST", "/labels"): self._put, ("GET", FILE): self._file}

    def subjects(self, call: Call) -> tuple[str, ...]:
        """Name the order whose label is asked for."""
        return (call.query["ref"],) if "ref" in call.query else ()

    def close(self) -> None:
        """Let go of the file."""
        self.wanted.close()

    def put(self, label: LabelIn) -> None:
        """Have the label of an order be like this from now on."""
        self.wanted.put([label])

    def _get(self, call: Call) -> Answer:
        ref = call.query.get("ref", "")
        self.asked.append(ref)
        order = self._order(ref)
        if order is None:
            raise Refused(404, "unknown_order", f"There is no order {ref!r}", "ref")
        return ok(LabelBody(label=self._label(order)))

    def _label(self, order: Order) -> Label | None:
        wanted = self.wanted.get(order.ref) or LabelIn(ref=order.ref)
        if wanted.absent or (wanted.data is None and wanted.url is None and not order.label_ready):
            return None
        if wanted.url is not None:
            own = f"{self._address()}/__sandbox{FILE}?ref={quote(order.ref, safe='')}"
            url = own if wanted.url == "file" else wanted.url
            return Label(content_type=wanted.content_type, url=url, tracking_number=order.tracking_number)
        data = made_of(order) if wanted.data is None else wanted.data
        return Label(content_type=wanted.content_type, data=data, tracking_number=order.tracking_number)

    def _put(self, call: Call) -> Answer:
        label = decode(call.body, LabelIn, "a label")
        self.put(label)
        return ok({"put": label.ref})

    def _file(self, call: Call) -> Answer:
        ref = call.query.get("ref", "")
        order, wanted = self._order(ref), self.wanted.get(ref)
        if order is None or wanted is None or wanted.url is None:
            raise Refused(404, "unknown_order", f"There is no label file of {ref!r}")
        return Answer(body=made_of(order) if wanted.data is None else wanted.data, content_type=wanted.content_type)


def made_of(order: Order) -> bytes:
    """Make a label of an order: it differs as soon as its recipient, carrier or lines do."""
    told = hashlib.blake2b(repr((order.recipient, order.logistics, order.lines)).encode(), digest_size=8).hexdigest()
    return (
        f"^XA\n^FO50,50^FD{order.logistics}^FS\n^FO50,90^FD{order.tracking_number or ''}^FS\n^FX{told}\n^XZ\n".encode()
    )


def _beside(path: str | None) -> str | None:
    return None if path is None else f"{path}.labels"
