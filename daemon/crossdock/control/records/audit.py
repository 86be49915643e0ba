"""Who did what, what waits for a second person, and who somebody is to the daemon."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from crossdock.control.records.base import Id, Limit, Reason

Named = Annotated[str, Meta(min_length=1, max_length=300)]
Hash = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
ResultName = Literal["done", "refused", "forbidden", "partly", "proposed", "begun"]
ApprovalStateName = Literal["proposed", "done", "refused", "rejected", "expired"]


class AuditQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which rows are listed: of exactly this actor, action, object, result. `after` is `next` of the page before."""

    actor: Named | None = None
    action: Named | None = None
    object: Named | None = None
    result: ResultName | None = None
    since: datetime | None = None
    after: Id | None = None
    limit: Limit = 50


class AuditItem(Struct, frozen=True, kw_only=True):
    """A row: who did what to what, and how it ended.

    `result` is done, refused, forbidden, partly, proposed; or begun, where the daemon stopped before it ended. `before` and
    `after` are what it was and is: values of costs, products and switches, the SHA-256 of everything else. `request` is the same in all rows of one request.
    """

    id: int
    at: datetime
    actor: str
    action: str
    object: str
    result: str
    reason: str = ""
    uid: int | None = None
    roles: str = ""
    before: str = ""
    after: str = ""
    request: str = ""
    hash: str = ""


class AuditPage(Struct, frozen=True, kw_only=True):
    """Rows of the audit, newest first."""

    items: tuple[AuditItem, ...]
    next: int | None = None


class VerifyQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to go on: `at` and `hash` of the answer before. `expect_row` had `expect_hash` when somebody noted it."""

    at: Annotated[int, Meta(ge=0, le=2**62)] = 0
    hash: Hash = "0" * 64
    expect_row: Id | None = None
    expect_hash: Hash | None = None


class Verified(Struct, frozen=True, kw_only=True):
    """How far the chain of the audit is good.

    `bad_row` is the first row that is wrong, `text` says how. `ended` False: there is more, go on from `at` and `hash`.
    `kept_from` is the first row that is kept; rows before it were removed by age.
    """

    ok: bool
    checked: int
    kept_from: int
    at: int
    hash: str
    ended: bool
    text: str
    bad_row: int | None = None


class ApprovalQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which proposals are listed: `text` stands in what they are about, or in who proposed. `after` is `next` of the page before."""

    state: ApprovalStateName | None = None
    text: Named | None = None
    after: Id | None = None
    limit: Limit = 50


class ApprovalItem(Struct, frozen=True, kw_only=True):
    """A proposal. `text` says what is done if another person who holds the right `needs` approves it.

    done: approved and carried out; refused: approved, but by then it could not be done any more. `own`: the caller
    proposed it, so that somebody else approves it.
    """

    id: int
    action: str
    needs: str
    object: str
    text: str
    state: str
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime
    decided_by: str = ""
    decided_at: datetime | None = None
    outcome: str = ""
    own: bool = False


class ApprovalPage(Struct, frozen=True, kw_only=True):
    """Proposals that concern the caller, newest first."""

    items: tuple[ApprovalItem, ...]
    next: int | None = None


class Reject(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Turn a proposal down."""

    reason: Reason


class WhoAmI(Struct, frozen=True, kw_only=True):
    """Who the caller is to the daemon: what the kernel says, the roles that the configuration gives, their rights.

    Who shows a token has the user and the roles of that token and no uid; `token` is its number, `until` when it expires.
    """

    user: str
    uid: int | None
    roles: tuple[str, ...]
    rights: tuple[str, ...]
    token: int | None = None
    until: datetime | None = None
