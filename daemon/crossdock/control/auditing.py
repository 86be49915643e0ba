"""What the control API leaves in the audit: a row for every request that changes something, whoever made it.

A request that was let in leaves a row before it is carried out ("begun"); if that row cannot be written, the request is
refused. How it ended is a second row of the same request. A route that writes its row in the transaction of its change
is marked as such in the table, and leaves only that one.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crossdock.control.permissions import Right
from crossdock.control.records.asks import Queued, QueuedList, Results
from crossdock.control.records.daemon import Reloaded
from crossdock.control.records.operations import Retried
from crossdock.control.route import WithStatus
from crossdock.store import audit
from crossdock.store.audit import BEGUN, DONE, FORBIDDEN, REFUSED, By
from crossdock.store.store import StoreError
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crossdock.control.identity import Caller
    from crossdock.control.problems import ApiProblem
    from crossdock.control.route import Call, Route
    from crossdock.engine.engine import Engine

log = logging.getLogger("crossdock.control")

LONGEST = 300
"""Characters that name what a request was about, and why it was refused, at most."""
NAMED = 5
"""Orders named of one request, at most; of more their number is told."""
SEEN_AGAIN_S = 60
"""Looking at the same personal data again within so many seconds is one look."""
REVEALED = "pii.reveal"
_OUR_WORDS = frozenset({
    "forbidden", "bad_request", "not_found", "not_valid", "too_soon", "changed_meanwhile", "refused", "in_use",
    "too_late", "ambiguous", "unsupported", "not_approved",
})  # fmt: skip
"""Problems whose sentence crossdock makes of names and references; others may quote a remote system."""


@dataclass(frozen=True)
class Ending:
    """How a request ended, for the audit."""

    result: str
    reason: str = ""


class Auditor:
    """Writes the rows of requests. Raises StoreError where one cannot be written."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def by(self, route: Route, caller: Caller, about: str) -> By:
        """Say who makes a request: the same in all its rows."""
        return By(
            actor=caller.user, uid=caller.uid, roles=caller.roles_noted, action=route.name, object=about,
            request=self._engine.env.new_id(),
        )  # fmt: skip

    async def begun(self, by: By) -> None:
        """A request is let in."""
        await self._write(by, BEGUN, "")

    async def ended(self, by: By, ending: Ending) -> None:
        """A request ended. That it was let in is written already, so that a fault here is only logged."""
        try:
            await self._write(by, ending.result, ending.reason)
        except StoreError as error:
            log.error(
                "how %s of %s (%s) ended (%s) is not in the audit: %s",
                by.action,
                by.actor,
                by.object,
                ending.result,
                error,
            )

    async def refused(self, by: By, problem: ApiProblem) -> None:
        """A request was not let in."""
        await self._write(by, *_refusal(problem))

    async def _write(self, by: By, result: str, reason: str) -> None:
        entry = by.entry(result=result, reason=reason[:LONGEST])
        await self._engine.store.write(audit.write, entry, to_ms(self._engine.env.now()))


def _refusal(problem: ApiProblem) -> tuple[str, str]:
    result = FORBIDDEN if problem.code == "forbidden" else REFUSED
    return result, f"{problem.code}: {problem.detail}" if problem.code in _OUR_WORDS else problem.code


def refusal(problem: ApiProblem) -> Ending:
    """Say for the audit why a request was not done."""
    return Ending(*_refusal(problem))


def ending(answer: object) -> Ending:
    """Say for the audit what an answer means: all done, some of it, or nothing."""
    if isinstance(answer, WithStatus):
        inner = ending(answer.record)
        return inner if answer.status < 400 else Ending(REFUSED, inner.reason)
    if isinstance(answer, Reloaded):
        return Ending(DONE if answer.taken else REFUSED, "" if answer.taken else "the new configuration was refused")
    if isinstance(answer, Queued):
        return Ending(DONE, f"task {answer.task_id}")
    if isinstance(answer, QueuedList):
        return Ending(DONE, f"{answer.orders} orders, tasks {_few([str(number) for number in answer.task_ids])}")
    if isinstance(answer, Results):
        return _of_results(answer)
    if isinstance(answer, Retried):
        return Ending(**audit.counted(answer.queued, answer.of, "queued"))
    return Ending(DONE)


def _of_results(answer: Results) -> Ending:
    if answer.approval is not None:
        return Ending("proposed", f"approval {answer.approval}")
    left = [each.order for each in answer.results if not each.done]
    if not left:
        return Ending(DONE, f"{len(answer.results)} orders")
    result = REFUSED if len(left) == len(answer.results) else "partly"
    return Ending(result, f"{len(left)} of {len(answer.results)} orders not done: {_few(left)}")


def about(path: Mapping[str, Any], body: object, kind: str = "") -> str:
    """Name what a request is about, by references and names only: nothing else of a body may stand in the audit.

    `kind` says what a number in the path numbers, such as "incident".
    """
    named = [f"{kind}:{value}" if name == "id" and kind else str(value) for name, value in path.items()]
    named += list(_in_body(body))
    return "/".join(dict.fromkeys(named))[:LONGEST]


def _in_body(body: object) -> Iterator[str]:
    owner = ("oms",) if hasattr(body, "sku") else ()  # elsewhere it is a setting, not what is changed
    for name in ("connection", *owner, "warehouse", "tab", "stage", "ref", "document", "sku"):
        value = getattr(body, name, None)
        if isinstance(value, str) and value:
            yield value + _part_of(body) if name == "document" else value
    if isinstance(plan := getattr(body, "plan", None), int):
        yield f"plan/{plan}"
    if any(getattr(body, name, False) for name in ("all_matching", "all_failed", "all_updated")):
        yield " ".join(("all", *(getattr(body, name, None) or "" for name in ("list", "status")))).strip()
    yield from _several(body)


def _several(body: object) -> Iterator[str]:
    if refs := getattr(body, "refs", ()):
        yield _few(list(refs))
    if numbers := getattr(body, "operations", ()):
        yield _few([f"operation:{number}" for number in numbers])
    for several in ("orders", "documents"):
        if named := getattr(body, several, ()):
            yield _few([f"{each.connection}/{each.ref}" for each in named])


def _part_of(body: object) -> str:
    """Name the line of a document, and the receipt of the line."""
    parts = (("line", "line_no"), ("receipt", "receipt"))
    return "".join(f" {word} {value}" for word, name in parts if (value := getattr(body, name, None)) is not None)


def _few(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


async def revealed(call: Call[Any, Any], what: str) -> bool:
    """Note that the caller is about to be shown personal data; False if he may not see them.

    Nobody sees them unnoted: while the audit cannot be written, a full disk say, they stay hidden.
    """
    engine, caller = call.engine, call.caller
    if not call.may(Right.PII_VIEW):
        return False
    now = to_ms(engine.env.now())
    try:
        last = await engine.store.read(audit.last_at, caller.user, REVEALED, what)
        if last is None or not 0 <= now - last < SEEN_AGAIN_S * 1000:
            seen = By(actor=caller.user, uid=caller.uid, roles=caller.roles_noted, action=REVEALED, object=what)
            await engine.store.write(audit.write, seen.entry(), now)
    except StoreError as error:
        log.error(
            "personal data of %s are not shown to %s, because the audit cannot be written: %s", what, caller.user, error
        )
        return False
    return True
