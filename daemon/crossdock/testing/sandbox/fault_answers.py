"""Faults that show in the answer itself: statuses, damaged bodies, missing or foreign results, pages that never end."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from crossdock.testing.sandbox.call import TWICE, Answer, Call, Core, problem
from crossdock.testing.sandbox.faults import Fault, Hit, drawn

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = b"<!doctype html><html><head><title>Welcome</title></head><body><h1>Please log in</h1></body></html>"
RETRY_AFTER_FORMS = ("seconds", "date", "missing", "absurd", "negative")
_nonce = itertools.count(1)


def too_many(hit: Hit) -> Answer:
    """Answer 429 with the form of Retry-After that the fault names."""
    form = hit.args.get("retry_after", "seconds")
    if form == "cycle":
        form = RETRY_AFTER_FORMS[int(hit.draw * len(RETRY_AFTER_FORMS))]
    seconds = hit.number("seconds", 1)
    moment = datetime.now(UTC) + timedelta(seconds=seconds)
    value = {
        "seconds": str(int(seconds)),
        "date": format_datetime(moment, usegmt=True),
        "absurd": "1000000000",
        "negative": "-5",
    }.get(form)
    return problem(429, "rate_limited", "Too many requests", {} if value is None else {"Retry-After": value})


def status(hit: Hit) -> Answer | None:
    """Answer a fault that is but a status, without any effect; None if the fault is of another kind."""
    if hit.fault is Fault.S429:
        return too_many(hit)
    code = {Fault.AUTH_FAILED: 401, Fault.CONFLICT_409: 409, Fault.STATUS: int(hit.args.get("status", 503))}.get(
        hit.fault
    )
    if code is None and hit.fault.value.isdigit():
        code = int(hit.fault.value)
    if code is None:
        return None
    name = str(hit.args.get("code", "conflict" if code == 409 else "sandbox_fault"))
    return problem(code, name, f"The fault script says {code}")


def body_instead(hit: Hit) -> Answer | None:
    """Answer a fault that puts another body in the answer's place; None if the fault is of another kind."""
    match hit.fault:
        case Fault.HTML_200:
            return Answer(body=PAGE, content_type="text/html")
        case Fault.EMPTY:
            return Answer(body=b"")
        case Fault.NULL:
            return Answer(body=b"null")
        case Fault.BODY:
            text = str(hit.args.get("body", ""))
            kind = str(hit.args.get("content_type", "application/json"))
            return Answer(body=text.encode("utf-8", "surrogatepass"), content_type=kind)
        case _:
            return None


def damaged(hit: Hit, core: Core, call: Call) -> Answer | None:
    """Serve `call` and damage its answer; None if the fault is of another kind. Raises Refused."""
    change = DAMAGES.get(hit.fault)
    return None if change is None else change(hit, core, call)


def _accepted_then_500(_hit: Hit, core: Core, call: Call) -> Answer:
    core.answer(call)
    return problem(500, "sandbox_fault", "The write took effect, then the answer went wrong")


def _accepted_twice(hit: Hit, core: Core, call: Call) -> Answer:
    answer = core.answer(replace(call, headers={**call.headers, TWICE: "1"}))
    return answer if hit.args.get("told") else problem(500, "sandbox_fault", "The write took effect twice, untold")


def _wrong_content_type(_hit: Hit, core: Core, call: Call) -> Answer:
    return replace(core.answer(call), content_type="text/plain")


def _huge_header(hit: Hit, core: Core, call: Call) -> Answer:
    return replace(core.answer(call), headers={"X-Filler": "x" * int(hit.number("bytes", 20_000))})


def _shuffled(_hit: Hit, core: Core, call: Call) -> Answer:
    return _edit(core.answer(call), lambda body: {**body, "results": body.get("results", [])[::-1]})


def _foreign_key(_hit: Hit, core: Core, call: Call) -> Answer:
    foreign = {"key": "XD-NOBODYASKED", "ref": "NOBODY-ASKED", "status": "accepted", "remote_id": "X-1", "ok": True}
    return _edit(core.answer(call), lambda body: {**body, "results": [*body.get("results", []), foreign]})


def _partial_batch(hit: Hit, core: Core, call: Call) -> Answer:
    """Take some items and answer for them; of the others, which get no result, some take effect all the same."""
    body = msgspec.json.decode(call.body)
    name = next((name for name in ("items", "reports") if isinstance(body.get(name), list)), None)
    if name is None:
        return core.answer(call)
    items: list[Any] = body[name]
    told: list[Any] = []
    taken: list[Any] = []
    for number, item in enumerate(items):
        last_and_all_told = number == len(items) - 1 and len(told) == number
        if not last_and_all_told and drawn(hit.draw, number) < hit.number("share", 0.5):
            told.append(item)
        elif drawn(hit.draw, number, "taken") < 0.5:
            taken.append(item)
    if taken:
        core.answer(replace(call, body=msgspec.json.encode({**body, name: taken})))
    if not told:
        return Answer(body=b'{"results":[]}')
    return core.answer(replace(call, body=msgspec.json.encode({**body, name: told})))


def _same_page_forever(_hit: Hit, core: Core, call: Call) -> Answer:
    first = core.answer(replace(call, query={k: v for k, v in call.query.items() if k != "cursor"}))
    return _edit(first, lambda body: {**body, "next_cursor": f"{body.get('next_cursor') or ''}~{next(_nonce)}"})


def _token_loop(_hit: Hit, core: Core, call: Call) -> Answer:
    loop = call.query.get("cursor") or "~1"
    return _edit(core.answer(call), lambda body: {**body, "next_cursor": loop})


def _edit(answer: Answer, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Answer:
    return replace(answer, body=msgspec.json.encode(change(msgspec.json.decode(answer.body))))


DAMAGES: dict[Fault, Callable[[Hit, Core, Call], Answer]] = {
    Fault.ACCEPTED_THEN_500: _accepted_then_500,
    Fault.ACCEPTED_TWICE: _accepted_twice,
    Fault.WRONG_CONTENT_TYPE: _wrong_content_type,
    Fault.HUGE_HEADER: _huge_header,
    Fault.SHUFFLED: _shuffled,
    Fault.FOREIGN_KEY: _foreign_key,
    Fault.PARTIAL_BATCH: _partial_batch,
    Fault.SAME_PAGE_FOREVER: _same_page_forever,
    Fault.TOKEN_LOOP: _token_loop,
}
