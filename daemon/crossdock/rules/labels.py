"""Shipping labels: their states, what they were made of, when they are stale, and what an answer to a pull means. Pure."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from crossdock.rules.backoff import delay
from crossdock.rules.mutability import RANK
from crossdock.rules.push_states import PushState
from crossdock.spec.orders import LineKind
from crossdock.spec.outbound import Stage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crossdock.rules.backoff import Random
    from crossdock.spec.orders import Order


class LabelState(IntEnum):
    """Where an order's label stands, and each version of it. The numbers are stored; new states get new numbers.

    ABSENT: nobody asked for it yet. REQUESTED: it is asked for until it is there. FAILED: it could not be had or not be
    delivered. VOIDED is the state of a version only: a newer one took its place.
    """

    ABSENT = 0
    REQUESTED = 1
    READY = 2
    PRINTED = 3
    STALE = 4
    FAILED = 5
    VOIDED = 6


_S = LabelState
ALLOWED: dict[LabelState, frozenset[LabelState]] = {
    _S.ABSENT: frozenset({_S.REQUESTED}),
    _S.REQUESTED: frozenset({_S.READY, _S.PRINTED, _S.STALE, _S.FAILED}),
    _S.READY: frozenset({_S.PRINTED, _S.STALE, _S.FAILED, _S.VOIDED}),
    _S.PRINTED: frozenset({_S.READY, _S.STALE, _S.VOIDED}),
    _S.STALE: frozenset({_S.REQUESTED, _S.READY, _S.PRINTED, _S.VOIDED}),
    _S.FAILED: frozenset({_S.REQUESTED, _S.READY, _S.PRINTED}),
    _S.VOIDED: frozenset(),
}
"""DOMAIN 4.3 F. Beyond its arrows: a stale label that fits again (the order was changed back, or a person says so) is READY
or PRINTED as it was; PRINTED to READY is a newer version; READY to FAILED is a delivery that the warehouse refused; REQUESTED to
STALE is a refresh that is not wanted by itself any more, because the change that asked for it waits for a person."""

FITS = frozenset({_S.READY, _S.PRINTED})
"""States of a version that fits its order."""


class UnlistedLabelStep(ValueError):
    """A change of state that the state machine of labels does not know; nothing was changed."""

    def __init__(self, before: LabelState, after: LabelState) -> None:
        super().__init__(f"a label cannot go from {before.name} to {after.name}; nothing was changed")
        self.before, self.after = before, after


def check_step(before: LabelState, after: LabelState) -> None:
    """Raise UnlistedLabelStep unless a label may go from `before` to `after`. Staying is always allowed."""
    if before is not after and after not in ALLOWED[before]:
        raise UnlistedLabelStep(before, after)


def may_sync_label(*, parcel_exists: bool, stage: Stage | None) -> bool:
    """Tell whether a label is refreshed by itself: before a parcel document exists; afterwards by Pull label only (R18, R21, A11).

    `stage` None: the warehouse has not told how far it is.
    """
    return not parcel_exists and stage in (None, Stage.PENDING)


def further(first: Stage | None, second: Stage | None) -> Stage | None:
    """Return the further of what two told of how far a document is; None: neither told anything."""
    return max((first, second), key=lambda stage: -1 if stage is None else RANK[stage])


def may_pull_label(stage: Stage | None) -> bool:
    """Tell whether a person may still pull a label: until the parcel has left (DOMAIN 4.5)."""
    return stage not in (Stage.OUTBOUND, Stage.CANCELLED)


def unusable(push: PushState | None) -> str | None:
    """Say why no parcel may carry the label of an order, whatever its state; None: one may. It counts again if the order does."""
    if push is PushState.CANCELLED:
        return "the order is cancelled and is not shipped: the label must not be used"
    return None


def based_on(order: Order) -> str:
    """Hash what a label is made of: who gets what, where, by which carrier. Its e-mail address stands on no label.

    32 hexadecimal digits of BLAKE2b. Quantities that are the same number hash the same (1, 1.0).
    """
    recipient = msgspec.structs.replace(order.recipient, email=None)
    lines = sorted(
        (line.line_no, line.sku, format(line.quantity.normalize(), "f"))
        for line in order.lines
        if line.kind is LineKind.GOODS
    )
    told = (recipient, order.logistics, order.logistics_kind, lines)
    return hashlib.blake2b(msgspec.json.encode(told, order="sorted"), digest_size=16).hexdigest()


class Made(Struct, frozen=True, kw_only=True, gc=False):
    """What a version was made of. `tracking_number` is the one on it, where that is known."""

    based_on: str
    tracking_number: str | None = None


def is_stale(made: Made, now: Made) -> bool:
    """Tell whether a label does not fit its order any more. A tracking number that comes later changes nothing."""
    numbers = (made.tracking_number, now.tracking_number)
    return made.based_on != now.based_on or (None not in numbers and numbers[0] != numbers[1])


class Pulled(StrEnum):
    """What the bytes are that a pull brought."""

    NEW = "new"
    SAME = "same"
    OLD = "old"


def judged(newest: tuple[str, Made] | None, known: Mapping[str, str], content_hash: str, now: Made) -> Pulled:
    """Say what a pulled label is, by the hash of its bytes. `newest` is (hash, made of) of the version at hand.

    `known` holds what each version that we ever had was made of, by the hash of its bytes. Bytes that were made for another
    address are OLD however often they come: an OMS that has not made the new label yet gives the one that it has.
    """
    if newest is not None and newest[0] == content_hash:
        return Pulled.OLD if is_stale(newest[1], now) else Pulled.SAME
    if known.get(content_hash, now.based_on) != now.based_on:
        return Pulled.OLD
    return Pulled.NEW


class PullPolicy(Struct, frozen=True, kw_only=True):
    """How a label that cannot be had is asked for again, and when that is given up."""

    base_s: float = 2
    cap_s: float = 900
    park_after: int = 8
    park_span: timedelta = timedelta(days=1)


def again_at(attempts: int, asked_at: datetime, policy: PullPolicy, now: datetime, random: Random) -> datetime | None:
    """Say when to ask again, or None: it was asked for often and long enough, a person has to look."""
    if attempts >= policy.park_after and now - asked_at >= policy.park_span:
        return None
    return now + delay(max(1, attempts), policy.base_s, policy.cap_s, random)


DOWNLOAD = "label_"
"""What the codes begin with that the daemon gives to labels that it did not take; the OMS may give a better one later."""


def definite(code: str) -> bool:
    """Tell whether a refusal is the OMS's word that there will never be a label; one of ours may pass."""
    return not code.startswith(DOWNLOAD)


def delivery_key(outbound_key: str, version: int) -> str:
    """Name the delivery of one version to one document; stable over every attempt, at most 50 characters."""
    return f"{outbound_key[:36]}-label-{version}"
