"""Records about operations: everything that is written to a remote system beside the creation of outbound documents."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from crossdock.control.records.base import ConnectionName, Id, Limit

OperationStateName = Literal["open", "queued", "sending", "in_doubt", "requested", "failed"]
KindName = Annotated[str, Meta(min_length=1, max_length=60)]
MAX_RETRIED = 100


class OperationQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which operations are listed: those that are not done. "open": all but the failed ones. `after` is `next` of the page before."""

    state: OperationStateName = "open"
    connection: ConnectionName | None = None
    kind: KindName | None = None
    after: Annotated[int, Meta(ge=0, le=2**62)] = 0
    limit: Limit = 50


class OperationItem(Struct, frozen=True, kw_only=True):
    """An operation: where it goes, what it changes, how it stands. `subject` names what it changes."""

    id: int
    connection: str
    kind: str
    subject: str
    state: str
    revision: int
    attempts: int
    actor: str
    queued_at: datetime | None
    sent_at: datetime | None
    next_at: datetime | None
    error_kind: str | None
    error_code: str | None
    error: str | None


class OperationPage(Struct, frozen=True, kw_only=True):
    """One page; `next` goes on behind it."""

    items: tuple[OperationItem, ...]
    next: int | None = None


class OperationDetail(Struct, frozen=True, kw_only=True):
    """One operation. `body` is the beginning of what is sent, for those who may see personal data (of costs: and costs)."""

    item: OperationItem
    key: str
    size: int
    body: str | None = None


class RetryOperations(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Carry failed operations out again: those named, or (`all_failed`) a page of all, of a connection or kind if named."""

    operations: Annotated[tuple[Id, ...], Meta(max_length=MAX_RETRIED)] = ()
    all_failed: bool = False
    connection: ConnectionName | None = None
    kind: KindName | None = None
    after: Annotated[int, Meta(ge=0, le=2**62)] = 0


class FailedOperations(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which failed operations are counted; see RetryOperations."""

    connection: ConnectionName | None = None
    kind: KindName | None = None


class NotRetried(Struct, frozen=True, kw_only=True):
    """An operation that is not carried out again, and why."""

    operation: int
    text: str


class Retried(Struct, frozen=True, kw_only=True):
    """How many go again, of how many that were meant; `kept` are the others. `next` goes on where a page was cut off."""

    queued: int
    of: int
    text: str
    next: int | None = None
    kept: tuple[NotRetried, ...] = ()
