"""The sandbox WMS's shipping labels: which version each document has, and how often each delivery came."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from crossdock.spec.labels import LabelDelivery
from crossdock.spec.outbound import PushResult, PushStatus
from crossdock.testing.sandbox.call import Answer, Call, check_key, decode, ok
from crossdock.testing.sandbox.shelf import Shelf
from crossdock.testing.sandbox.wms_books import rejected

if TYPE_CHECKING:
    from collections.abc import Callable


class HeldLabel(Struct, frozen=True, kw_only=True):
    """The label of one document: `received` counts what came for it, by delivery key."""

    outbound_key: str
    order_ref: str
    version: int = 0
    content_type: str = ""
    digest: str = ""
    size: int = 0
    left: bool = False
    received: dict[str, int] = {}


class KeyIn(Struct, frozen=True, forbid_unknown_fields=True):
    """A document whose parcel has left."""

    outbound_key: str


class WmsLabels:
    """The room. `holds` tells whether the WMS has a document under a key."""

    def __init__(self, holds: Callable[[str], bool], path: str | None = None) -> None:
        self._holds = holds
        file = None if path is None else f"{path}.labels"
        self.held: Shelf[HeldLabel] = Shelf(
            HeldLabel, lambda each: each.outbound_key, lambda _: datetime.fromtimestamp(0, UTC), file
        )
        self.routes = {("POST", "/v1/outbounds/label"): self._take}
        self.admin_routes = {("GET", "/labels"): self._books, ("POST", "/labels/left"): self._left}

    def subjects(self, call: Call) -> tuple[str, ...]:
        """Name the delivery."""
        try:
            return (msgspec.json.decode(call.body, type=LabelDelivery).key,)
        except msgspec.MsgspecError:
            return ()

    def close(self) -> None:
        """Let go of the file."""
        self.held.close()

    def of_order(self, ref: str) -> HeldLabel | None:
        """Return the label of the newest document of an order."""
        found = [each for each in self.held.items.values() if each.order_ref == ref]
        return found[-1] if found else None

    def leave(self, outbound_key: str) -> None:
        """Have the parcel of a document leave: its label is not changed any more."""
        known = self.held.get(outbound_key) or HeldLabel(outbound_key=outbound_key, order_ref="")
        self.held.put([msgspec.structs.replace(known, left=True)])

    def _take(self, call: Call) -> Answer:
        check_key(call)
        item = decode(call.body, LabelDelivery, "a label delivery")
        if not self._holds(item.outbound_key):
            text = f"No document under {item.outbound_key}"
            return ok(rejected(item.key, "unknown_outbound", text))
        known = self.held.get(item.outbound_key) or HeldLabel(outbound_key=item.outbound_key, order_ref=item.order_ref)
        received = dict(Counter(known.received) + Counter({item.key: 1}))
        result, after = _judged(item, msgspec.structs.replace(known, order_ref=item.order_ref, received=received))
        self.held.put([after])
        return ok(result)

    def _books(self, _call: Call) -> Answer:
        found: dict[str, Any] = {name: self.held.items[name] for name in sorted(self.held.items)}
        return ok({"labels": found})

    def _left(self, call: Call) -> Answer:
        self.leave(decode(call.body, KeyIn, "an outbound key").outbound_key)
        return ok({"left": True})


def _judged(item: LabelDelivery, known: HeldLabel) -> tuple[PushResult, HeldLabel]:
    """Decide about a delivery: a newer version replaces, an older one and a repeat change nothing."""
    digest = hashlib.blake2b(item.data, digest_size=16).hexdigest()
    if known.left:
        return rejected(item.key, "too_late", "The parcel has left"), known
    if not item.data:
        return rejected(item.key, "no_bytes", "The label has no bytes"), known
    if item.version == known.version and digest != known.digest:
        text = f"Version {item.version} was given before with other bytes"
        return rejected(item.key, "version_reused", text), known
    if item.version <= known.version:
        return PushResult(key=item.key, status=PushStatus.DUPLICATE), known
    after = msgspec.structs.replace(
        known, version=item.version, content_type=item.content_type, digest=digest, size=len(item.data)
    )
    return PushResult(key=item.key, status=PushStatus.ACCEPTED), after
