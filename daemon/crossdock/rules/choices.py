"""Which choices a person has about an order that its warehouse has, or had: one rule for who decides and for what is shown."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.rules.push_states import CANCELLING, GONE, PushState
from crossdock.rules.troubles import OUTBOUND_CANCEL, OUTBOUND_DOCUMENT, OUTBOUND_UPDATE, OUTBOUND_WAREHOUSE

if TYPE_CHECKING:
    from collections.abc import Callable


class Verdict(StrEnum):
    """What a person may choose.

    FORCE: send what changed whatever the stage. KEEP: the warehouse's version stands, and what it
    shipped or left out. SHIP: a cancellation that came too
    late is given up, and the OMS is told. ASK_AGAIN: ask the warehouse to cancel once more. CANCELLED: it was cancelled in
    the warehouse by hand. AGAIN: push again what the warehouse cancelled by itself.
    """

    FORCE = "force"
    KEEP = "keep"
    SHIP = "ship"
    ASK_AGAIN = "ask_again"
    CANCELLED = "cancelled"
    AGAIN = "again"


class Question(Struct, frozen=True, kw_only=True):
    """What is asked about an order: where its push stands, the operations of its open incidents, what its warehouse takes."""

    state: PushState
    asked: Collection[str] = ()
    can_update: bool = False
    can_cancel: bool = False


def choices(question: Question) -> tuple[Verdict, ...]:
    """Return the choices that apply now, in the order of Verdict; none: nothing is to be decided."""
    return tuple(verdict for verdict, applies in _APPLIES.items() if applies(question))


def refusal(verdict: Verdict, question: Question) -> str:
    """Say why a choice does not apply, and which do."""
    return f"{_why_not(verdict, question)}; {offered(choices(question))}"


def offered(found: Collection[Verdict]) -> str:
    """Name the choices that apply."""
    if not found:
        return "nothing about it is to be decided"
    return f"what applies is {' or '.join(verdict.value for verdict in found)} (`crossdock packages decide`)"


def _changed(question: Question) -> bool:
    """A change waits: what is to be cancelled is asked about that only."""
    settled = question.state in CANCELLING or question.state in (PushState.CANCEL_REJECTED, PushState.REJECTED)
    return OUTBOUND_UPDATE in question.asked and not settled


def _force(question: Question) -> bool:
    known = OUTBOUND_WAREHOUSE not in question.asked  # else nothing can be sent there
    return known and _changed(question) and question.state not in GONE and question.can_update


def _keep(question: Question) -> bool:
    seen = OUTBOUND_DOCUMENT in question.asked and question.state is not PushState.REJECTED
    return seen or OUTBOUND_WAREHOUSE in question.asked or _changed(question)


def _ship(question: Question) -> bool:
    late = question.state in GONE and OUTBOUND_CANCEL in question.asked
    return question.state is PushState.CANCEL_REJECTED or late


def _ask_again(question: Question) -> bool:
    return question.state is PushState.CANCEL_REJECTED and question.can_cancel


def _cancelled(question: Question) -> bool:
    return question.state in (PushState.CANCEL_REJECTED, PushState.IN_DOUBT_CANCEL)


def _again(question: Question) -> bool:
    return question.state is PushState.REJECTED


_APPLIES: dict[Verdict, Callable[[Question], bool]] = {
    Verdict.FORCE: _force, Verdict.KEEP: _keep, Verdict.SHIP: _ship, Verdict.ASK_AGAIN: _ask_again,
    Verdict.CANCELLED: _cancelled, Verdict.AGAIN: _again,
}  # fmt: skip


def _why_not(verdict: Verdict, question: Question) -> str:
    match verdict:
        case Verdict.FORCE if OUTBOUND_WAREHOUSE in question.asked:
            return "its warehouse is not set up any more: set it up again, or tell it by hand"
        case Verdict.FORCE if question.state in GONE:
            return "goods of it have left the warehouse, which takes no change any more"
        case Verdict.FORCE if not question.can_update:
            return "its warehouse takes no changes from crossdock: tell it by hand"
        case Verdict.FORCE | Verdict.KEEP:
            return "no change of it is to be decided"
        case Verdict.ASK_AGAIN if question.state is PushState.CANCEL_REJECTED:
            return "its warehouse takes no cancellations from crossdock: cancel it there"
        case Verdict.ASK_AGAIN | Verdict.CANCELLED if question.state in GONE:
            return "goods of it have left the warehouse; take them back as a return"
        case Verdict.AGAIN:
            return "only what its warehouse cancelled by itself can be pushed again so"
        case _:
            return "no cancellation of it is to be decided"
