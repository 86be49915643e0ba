"""Reasons: what a rule looked at and found, kept as data and said as a sentence."""

from __future__ import annotations

from msgspec import Struct


class Clause(Struct, frozen=True, array_like=True, gc=False):
    """One thing a decision depends on: its code, whether it is fulfilled, and the facts its sentence names."""

    code: str
    ok: bool
    facts: tuple[str, ...] = ()


RELEASES = "it goes again when its input changes (order, mapping, warehouse), or by `crossdock redrive`"
"""What lets a push go on that failed and is not tried again by itself."""
_SENTENCES: dict[tuple[str, bool], str] = {
    ("state", True): "its warehouse does not have it yet",
    ("state", False): "{0}",
    ("parked", False): "its push failed and is parked: {0}; " + RELEASES,
    ("failed", False): "its push failed: {0}; it is tried again",
    ("failed", True): "its push failed: {0}; it is tried again now",
    ("age", True): "it was created within the last {1} days",
    ("age", False): "it was created {0}, more than {1} days ago; only a person can push it, by raising the window",
    ("status", True): "its OMS status is {0}",
    ("status", False): "its OMS status is {0}: there is nothing to push",
    ("goods", True): "it has goods to ship",
    ("goods", False): "none of its lines is goods to ship",
    ("quantity", True): "all its quantities are above zero",
    ("quantity", False): "line {0} has quantity {1}, which cannot be shipped; correct it in the OMS",
    ("cancellation", False): "{0} is a cancellation that names no order; a person has to find the order that it means",
    ("warehouse", True): "warehouse {0} is assigned ({1})",
    ("warehouse", False): "no warehouse is assigned: {0}",
    ("warehouse_enabled", True): "warehouse {0} is switched on",
    ("warehouse_enabled", False): "warehouse {0} is switched off",
    ("skus", True): "all its SKUs are known to the warehouse",
    ("skus", False): "SKU {0} is not bound in warehouse {1}; map it with `crossdock mappings`",
    (
        "sku_missing",
        False,
    ): "line {0} has no SKU, so it is not bound to anything in the warehouse; correct it in the OMS",
    ("logistics", True): "its carrier is known to the warehouse",
    ("logistics", False): "logistics '{0}' is not mapped for warehouse {1}; map it with `crossdock mappings`",
    ("hold", True): "nothing holds it",
    ("hold", False): "it is on hold: {0}",
    ("auto_push", True): "auto push is on for warehouse {0}",
    ("auto_push", False): "auto push is off for warehouse {0}; push it by hand or obtain new orders",
    ("strategy", True): "strategy {0} matches",
    ("strategy", False): "no strategy of warehouse {0} matches: {1}",
    ("readable", False): "it cannot be read while its connector is not loaded",
    ("changed", False): "it changed after its push, and a person has to decide (`crossdock packages decide`)",
    ("change_update", False): "its warehouse would be told: {0}",
    ("change_hold_and_ask", False): "its warehouse would be asked to keep it waiting, and a person decides: {0}",
    ("change_ask", False): "a person decides: {0}",
    ("change_refuse", False): "it would not be told, for it is too late: {0}",
    ("change_cancel", False): "it would be cancelled: {0}",
    ("cancel_asked", False): "its warehouse is asked not to ship it",
    ("cancel_decided", False): "its warehouse did not cancel it, and a person decides (`crossdock packages decide`)",
    ("cancel_refused", False): "its cancellation would not be asked for, and a person decides: {0}",
    ("cancel_waits", False): "its cancellation waits: {0}",
    ("ships_all_the_same", False): "it was cancelled, and a person decided that it ships all the same ({0})",
    ("rejected", False): "its warehouse cancelled it by itself, and a person decides whether it is pushed again",
    ("gift", True): "no gift is waited for",
    ("gift", False): "it waits for gifts to be added ({0})",
    ("overridden", True): "{0} pushed it by hand, whatever strategy and gift gate say ({1})",
}


def sentence(clause: Clause) -> str:
    """Say a clause in English. Facts may hold hostile text: clean the result before it reaches a terminal."""
    return _SENTENCES[clause.code, clause.ok].format(*clause.facts)


def fulfilled(clauses: list[Clause]) -> bool:
    """Tell whether every clause is."""
    for clause in clauses:  # noqa: SIM110 - a loop costs half of what `all` and a generator do, once an order
        if not clause.ok:
            return False
    return True


def failing(clauses: tuple[Clause, ...]) -> tuple[Clause, ...]:
    """Pick the clauses that are not fulfilled."""
    return tuple(clause for clause in clauses if not clause.ok)
