"""What the records of the control API have in common. Requests forbid unknown fields; clients ignore unknown ones.

Times are aware UTC. Text may hold what strangers wrote: clean it before it reaches a terminal (spec.text.clean).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

MAX_ORDERS = 1000
"""Orders named in one request, at most."""
MAX_PAGE = 200
"""Rows of one page, at most."""

ConnectionName = Annotated[str, Meta(min_length=1, max_length=60)]
Code = Annotated[str, Meta(min_length=1, max_length=60)]
Id = Annotated[int, Meta(ge=1, le=2**62)]
Limit = Annotated[int, Meta(ge=1, le=MAX_PAGE)]
Reason = Annotated[str, Meta(min_length=1, max_length=500)]
TabName = Literal["pending", "in_progress", "abnormal", "done"]
StateName = Literal[
    "not_pushed",
    "held",
    "queued",
    "sending",
    "in_doubt",
    "push_failed",
    "pushed",
    "cancelled",
    "accepted",
    "update_pending",
    "cancel_requested",
    "cancel_rejected",
    "in_doubt_cancel",
    "rejected",
    "partially_shipped",
    "shipped",
    "closed_short",
]
StageName = Literal["pending", "picking", "picked", "packed", "outbound", "cancelled"]
ChoiceName = Literal["force", "keep", "ship", "ask_again", "cancelled", "again"]
TaskStateName = Literal["queued", "running", "succeeded", "partial", "failed", "cancelled"]


class Problem(Struct, frozen=True, kw_only=True):
    """An error (RFC 9457): `code` for programs, `detail` a sentence for people, `again_at` when it may be asked again."""

    title: str
    status: int
    code: str
    detail: str
    type: str = "about:blank"
    again_at: datetime | None = None
