"""Fault scripts: which request meets which fault, decided by rules and a seed, the same on every run."""

from __future__ import annotations

import hashlib
from collections import Counter
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta, Struct, field

if TYPE_CHECKING:
    from collections.abc import Iterable


PUT_ORDER = "PUT-ORDER"
"""The method that stands for an order put into the OMS by a test, for LATE_VISIBLE."""


class Fault(StrEnum):
    """What can go wrong. Arguments in brackets, with their defaults.

    Without effect: REFUSED (seconds=0: close the listening socket so long), S500 … CONFLICT_409, STATUS (status=503),
    S429 (retry_after="seconds" | "date" | "missing" | "absurd" | "negative" | "cycle", seconds=1).
    With effect, unless `effect` is false: HTML_200, EMPTY, NULL, BODY (body="…", content_type), WRONG_CONTENT_TYPE,
    TRUNCATED (form="length" | "chunked" | "close"), HUGE (bytes=64 MiB, gzip=false), HUGE_HEADER (bytes=20,000),
    SLOW (seconds=1, before the effect), LORIS (seconds=0.2 between two bytes).
    Writes: ACCEPTED_THEN_LOST, ACCEPTED_LATE (seconds=0.5 after the client is gone, hold_s=30: drop it after so long),
    ACCEPTED_THEN_500, ACCEPTED_TWICE (one request makes two documents; told=false: the answer is a 500), PARTIAL_BATCH (share=0.5 get a result; of the others some took effect), SHUFFLED, FOREIGN_KEY.
    Lists: SAME_PAGE_FOREVER, TOKEN_LOOP. Orders put into the OMS, matched by the path /orders/REF: LATE_VISIBLE (seconds=5).
    """

    REFUSED = "refused"
    S500 = "500"
    S502 = "502"
    S503 = "503"
    S504 = "504"
    S429 = "429"
    STATUS = "status"
    AUTH_FAILED = "auth_failed"
    CONFLICT_409 = "conflict_409"
    SLOW = "slow"
    LORIS = "loris"
    TRUNCATED = "truncated"
    HTML_200 = "html_200"
    WRONG_CONTENT_TYPE = "wrong_content_type"
    HUGE = "huge"
    HUGE_HEADER = "huge_header"
    EMPTY = "empty"
    NULL = "null"
    BODY = "body"
    ACCEPTED_THEN_LOST = "accepted_then_lost"
    ACCEPTED_LATE = "accepted_late"
    ACCEPTED_THEN_500 = "accepted_then_500"
    ACCEPTED_TWICE = "accepted_twice"
    PARTIAL_BATCH = "partial_batch"
    SHUFFLED = "shuffled"
    FOREIGN_KEY = "foreign_key"
    SAME_PAGE_FOREVER = "same_page_forever"
    TOKEN_LOOP = "token_loop"  # noqa: S105 - a paging token, not a secret
    LATE_VISIBLE = "late_visible"


class Match(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which requests a rule is about; every condition given must hold.

    `path` is a shell pattern. `nth` and `every` count the requests that method and path let through, from 1.
    `probability` is drawn from the seed, the key the request is about and how often that key came.
    """

    method: str | None = None
    path: str | None = None
    nth: Annotated[int, Meta(ge=1)] | None = None
    every: Annotated[int, Meta(ge=1)] | None = None
    probability: Annotated[float, Meta(ge=0, le=1)] | None = None


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One fault and the requests that meet it, at most `times` of them."""

    fault: Fault
    match: Match = Match()
    args: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    times: Annotated[int, Meta(ge=0)] | None = None


class Script(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Rules, tried in their order; the first that matches decides.

    A rule by probability spares a key that has met `in_a_row` of them one after the other, so that everything ends.
    """

    rules: tuple[Rule, ...] = ()
    seed: int = 0
    in_a_row: Annotated[int, Meta(ge=1)] = 2


class Hit(Struct, frozen=True):
    """A fault that a request meets. `draw` in [0, 1) decides what the fault leaves open."""

    fault: Fault
    args: dict[str, Any]
    draw: float

    def number(self, name: str, default: float) -> float:
        """Return the argument `name` as a number."""
        return float(self.args.get(name, default))


def drawn(*parts: object) -> float:
    """Return a number in [0, 1) that depends on `parts` alone."""
    text = "\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=7).digest()) / 2**56


class Faults:
    """Decides request by request. The same script and the same requests per key give the same faults, in any order."""

    def __init__(self, script: Script | None = None) -> None:
        self.script = script or Script()
        self.met: Counter[str] = Counter()
        self._seen: Counter[int] = Counter()
        self._hits: Counter[int] = Counter()
        self._attempts: Counter[str] = Counter()
        self._in_a_row: Counter[str] = Counter()

    def meet(self, method: str, path: str, subjects: Iterable[str]) -> Hit | None:
        """Return the fault that this request meets, or None. `subjects` are the keys it is about."""
        keys = tuple(subjects) or (f"{method} {path}",)
        self._attempts[keys[0]] += 1
        for number, rule in enumerate(self.script.rules):
            if self._matches(number, rule, method, path, keys):
                return self._hit(number, rule, keys)
        for key in keys:
            self._in_a_row.pop(key, None)
        return None

    def _matches(self, number: int, rule: Rule, method: str, path: str, keys: tuple[str, ...]) -> bool:
        match = rule.match
        if (rule.fault is Fault.LATE_VISIBLE) != (method == PUT_ORDER):
            return False  # an order put by a test is no request of the contract
        if not fnmatchcase(method, match.method or "*") or not fnmatchcase(path, match.path or "*"):
            return False
        self._seen[number] += 1
        if rule.times is not None and self._hits[number] >= rule.times:
            return False
        if match.nth is not None and self._seen[number] != match.nth:
            return False
        if match.every is not None and self._seen[number] % match.every:
            return False
        return match.probability is None or self._falls(number, rule, match.probability, keys)

    def _falls(self, number: int, rule: Rule, probability: float, keys: tuple[str, ...]) -> bool:
        if any(self._in_a_row[key] >= self.script.in_a_row for key in keys):
            return False
        return drawn(self.script.seed, rule.seed, number, keys[0], self._attempts[keys[0]]) < probability

    def _hit(self, number: int, rule: Rule, keys: tuple[str, ...]) -> Hit:
        self._hits[number] += 1
        self.met[rule.fault.value] += 1
        self._in_a_row.update(keys)
        draw = drawn("open", self.script.seed, rule.seed, number, keys[0], self._attempts[keys[0]])
        return Hit(rule.fault, rule.args, draw)
