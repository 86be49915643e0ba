"""What keeps an order for a reason that somebody can mend, grouped by cause; and what mends it."""

from __future__ import annotations

import re
import shlex
from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

from crossdock.rules.push_states import PushState
from crossdock.rules.reasons import Clause
from crossdock.rules.remedies import Remedy, of_exchange

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PUSH = "push"
"""The operation of every trouble that keeps an order from its warehouse."""
CONNECTION = "connection"
"""The operation of troubles of a connection as a whole."""
READ = "read"
"""The operation of records that could not be read."""
RECONCILE = "reconcile"
"""The operation of what only a comparison of both sides shows."""


OUTBOUND_UPDATE, OUTBOUND_CANCEL, OUTBOUND_HOLD = "outbound_update", "outbound_cancel", "outbound_hold"
"""The operations of troubles with what a warehouse is asked about a document that it has."""
OUTBOUND_DOCUMENT = "outbound_document"
"""The operation of what a warehouse did with a document by itself."""
DOUBLED = "document doubled"
"""The operation of documents that hold more of an order together than was ordered."""
OUTBOUND_WAREHOUSE = "outbound_warehouse"
"""The operation of documents whose warehouse is not set up here any more."""
LABEL, LABEL_FETCH, LABEL_DELIVERY = "label", "label_fetch", "label_delivery"
"""The operations of troubles with shipping labels: one that was printed and does not fit, to be had, to be delivered."""
POST_OUTBOUND, POST_INBOUND = "post_outbound", "post_inbound"
LABEL_PULL = "label_pull"
"""The operation of a label that does not fit and that only a person refreshes: a parcel is worked on (R21)."""
STOCK, MOVEMENT = "stock", "movement"
PRODUCT, MASTER, BINDING, TWINS = "product", "master", "binding", "twins"
COST_WRITE, COST_DOCUMENT, COST_DRIFT, COST_AVERAGE = "cost_write", "cost_document", "cost_drift", "cost_average"
"""The operations of troubles with documents, stock, master data and costs."""
QUESTIONS = frozenset({OUTBOUND_UPDATE, OUTBOUND_CANCEL, LABEL, LABEL_PULL, DOUBLED})
"""While an incident about one of these holds an order that its warehouse has, it stands in the tab Abnormal."""


class Cause(StrEnum):
    """What kind of trouble it is, grouped by who has to do something."""

    TRANSIENT = "transient"
    MAPPING = "mapping"
    VALIDATION = "validation"
    AUTH = "auth"
    CONFLICT = "conflict"
    IN_DOUBT = "in_doubt"
    REFUSED = "refused"
    DRIFT = "drift"
    DECISION = "decision"
    BUG = "bug"


class Trouble(Struct, frozen=True, kw_only=True):
    """What is wrong. Everything but `text` makes the fingerprint: the same trouble is one incident.

    `missing` is what has to be filled in or decided, such as a carrier that has no mapping, `warehouse` where; `text` is
    the sentence for people, the same for all that the incident holds.
    """

    cause: Cause
    connection: str = ""
    operation: str = ""
    code: str = ""
    missing: str = ""
    warehouse: str = ""
    text: str

    @property
    def fingerprint(self) -> str:
        """The name of the incident. `missing` comes last, for it is the only part that strangers write."""
        where = f"\x1f{self.warehouse}" if self.warehouse else ""
        return f"{self.cause.value}\x1f{self.connection}\x1f{self.operation}\x1f{self.code}{where}\x1f{self.missing}"


class Held(Struct, frozen=True):
    """A trouble, and what is particular about the one that it holds."""

    trouble: Trouble
    text: str = ""


class Standing(Struct, frozen=True, kw_only=True):
    """Where a push stands, as far as troubles go. `parked`: it failed, and no time is set to try again."""

    state: PushState
    oms: str
    connection: str = ""
    clauses: tuple[Clause, ...] = ()
    parked: bool = False
    needs_person: bool = False
    kind: str = ""
    code: str = ""
    text: str = ""


def of_push(push: Standing) -> tuple[Held, ...]:
    """Say what holds a push that somebody can mend; nothing for one that goes its way, or that only waits."""
    # what is to be decided about a document that its warehouse has is an incident of another operation (QUESTIONS, OUTBOUND_DOCUMENT)
    match push.state:
        case PushState.HELD | PushState.NOT_PUSHED:
            return _of_clauses(push)
        case PushState.CANCELLED:
            return _cancellations(push)
        case PushState.PUSH_FAILED if push.parked:
            return (_failed(push),)
        case PushState.IN_DOUBT if push.needs_person:
            return (_in_doubt(push),)
        case _:
            return ()


_OVER = frozenset({"status", "age", "goods", "state"})
"""With one of these unfulfilled an order would not go whatever else were mended."""


def _cancellations(push: Standing) -> tuple[Held, ...]:
    """A cancellation that names no order: there is nothing to push, and a person has to find out what it means."""
    return tuple(
        _cancellation(push, each.facts) for each in push.clauses if each.code == "cancellation" and not each.ok
    )


def _of_clauses(push: Standing) -> tuple[Held, ...]:
    failing = [clause for clause in push.clauses if not clause.ok]
    if any(clause.code in _OVER for clause in failing):
        return ()
    return tuple(Held(make(push, clause.facts)) for clause in failing if (make := _MAKERS.get(clause.code)) is not None)


def _sku(push: Standing, facts: Sequence[str]) -> Trouble:
    return Trouble(
        cause=Cause.MAPPING, connection=push.connection, operation=PUSH, code="sku", missing=facts[0],
        warehouse=facts[1], text=f"SKU {facts[0]} is not bound in warehouse {facts[1]}",
    )  # fmt: skip


def _logistics(push: Standing, facts: Sequence[str]) -> Trouble:
    return Trouble(
        cause=Cause.MAPPING, connection=push.connection, operation=PUSH, code="logistics", missing=facts[0],
        warehouse=facts[1], text=f"logistics '{facts[0]}' is not mapped for warehouse {facts[1]}",
    )  # fmt: skip


def _no_warehouse(push: Standing, facts: Sequence[str]) -> Trouble:
    return Trouble(
        cause=Cause.MAPPING, connection=push.oms, operation=PUSH, code="warehouse", missing=facts[0],
        text=f"orders of {push.oms} have no warehouse: {facts[0]}",
    )  # fmt: skip


def _no_sku(push: Standing, _facts: Sequence[str]) -> Trouble:
    return Trouble(
        cause=Cause.VALIDATION, connection=push.oms, operation=PUSH, code="sku_missing",
        text=f"orders of {push.oms} have lines without a SKU",
    )  # fmt: skip


def _quantity(push: Standing, _facts: Sequence[str]) -> Trouble:
    return Trouble(
        cause=Cause.VALIDATION, connection=push.oms, operation=PUSH, code="quantity",
        text=f"orders of {push.oms} have quantities that cannot be shipped",
    )  # fmt: skip


def _cancellation(push: Standing, facts: Sequence[str]) -> Held:
    text = f"cancellations of {push.oms} name no order; crossdock never guesses which one is meant"
    trouble = Trouble(cause=Cause.DECISION, connection=push.oms, operation=PUSH, code="cancellation", text=text)
    return Held(trouble, f"cancellation {facts[0]}")


_MAKERS: dict[str, Callable[[Standing, Sequence[str]], Trouble]] = {
    "skus": _sku,
    "logistics": _logistics,
    "warehouse": _no_warehouse,
    "sku_missing": _no_sku,
    "quantity": _quantity,
}
"""By the clause that is not fulfilled. Holds, gift gates and strategies are wishes of people, no troubles."""


def _failed(push: Standing) -> Held:
    code = push.code or push.kind or "unknown"
    refused = push.kind != "Parked"
    text = (
        f"{push.connection} refused orders ({code})"
        if refused
        else f"{push.connection} put orders off too often ({code})"
    )
    cause = Cause.REFUSED if refused else Cause.TRANSIENT
    trouble = Trouble(cause=cause, connection=push.connection, operation=PUSH, code=code, text=text)
    return Held(trouble, push.text)


def _in_doubt(push: Standing) -> Held:
    text = f"orders may or may not have reached {push.connection}; a person has to look"
    trouble = Trouble(cause=Cause.IN_DOUBT, connection=push.connection, operation=PUSH, code="needs_person", text=text)
    return Held(trouble, push.text)


UNSERVED = "unserved"
"""The code of a connection that something waits for and that is not in use."""


def unserved(name: str, why: str) -> Trouble:
    """Say that something waits for a connection that is not in use."""
    text = f"something waits for connection {name}: {why}"
    return Trouble(cause=Cause.DECISION, connection=name, operation=CONNECTION, code=UNSERVED, text=text)


def no_warehouse(connection: str, warehouse: str) -> Trouble:
    """Say that a warehouse has orders of which it is told nothing any more."""
    text = f"warehouse {warehouse} is not set up any more; what changes in the orders that it has is not told to it"
    return Trouble(
        cause=Cause.DECISION, connection=connection, operation=OUTBOUND_WAREHOUSE, code="not_set_up", missing=warehouse,
        text=text,
    )  # fmt: skip


_RESUME = Remedy("mend what the connection says, then let it go on", "crossdock connections resume {0}")
_REMEDIES_OF_CONNECTIONS = {
    "paused": _RESUME,
    "stuck": Remedy("its plugin does not react any more: restart the daemon, and tell the plugin's maker"),
    UNSERVED: Remedy(
        "configure the connection again, or switch it on, and reload; what waits then goes on by itself. Orders for another "
        "warehouse: give the warehouse another connection",
        "crossdock connections list",
    ),
    "failing": Remedy(
        "nothing has to be released: it is tried again by itself. See whether the system is up, and what it says",
        "crossdock connections check {0}",
    ),
}
_REFUSED = Remedy(
    "look at what the warehouse says about each, mend that there or in the OMS, then release them",
    "crossdock incidents release INCIDENT",
)
_FORCE = Remedy("look at the plan; if it is right, have it carried out", "crossdock reconcile --force")
_BY_OPERATION = {
    READ: Remedy("have the system corrected, or its connector; then read them again", "crossdock quarantine retry {0}"),
    RECONCILE: Remedy(
        "compare both sides and correct the one that is wrong; the next reconciliation closes this by itself",
        "crossdock reconcile --dry-run",
    ),
}
_REMEDIES = {
    "warehouse": Remedy(
        "add an allocation rule, or make a warehouse that the OMS's code leads to; the orders are then released by themselves",
        "crossdock allocation set POSITION --warehouse WAREHOUSE",
    ),
    "sku_missing": Remedy("give the lines their SKU in the OMS; the corrected orders are decided again by themselves"),
    "quantity": Remedy("correct the quantities in the OMS; the corrected orders are decided again by themselves"),
    "cancellation": Remedy(
        "find the order that each means and cancel it in the OMS or here, then release what is dealt with",
        "crossdock incidents release INCIDENT",
    ),
    "needs_person": Remedy(
        "look into the warehouse for each, and say what you saw: --arrived or --absent",
        "crossdock settle ORDER --reason WHY",
    ),
}


def remedy(code: str, connection: str = "", missing: str = "", warehouse: str = "", operation: str = PUSH) -> Remedy:
    """Say what mends a trouble. Words in capitals in a command are for the reader to fill in.

    `missing` may be hostile: it is quoted for a shell, and whoever shows the command cleans it.
    """
    if operation == CONNECTION:
        return _filled(_REMEDIES_OF_CONNECTIONS.get(code, _RESUME), connection)
    if (found := of_exchange(operation, code)) is not None:
        return _filled(found, connection, missing)
    if operation == PUSH and code in ("sku", "logistics"):
        what = "SKU" if code == "sku" else "carrier"
        command = f"crossdock mappings set {shlex.quote(warehouse)} {code} {shlex.quote(missing)} THEIRS"
        text = f"say what the warehouse calls this {what}; every order that waits for it is then released by itself"
        return Remedy(text, command)
    if operation == PUSH:
        return _filled(_REMEDIES.get(code, _REFUSED), connection)
    if operation == RECONCILE and code == "brake":
        return _FORCE
    return _filled(_BY_OPERATION.get(operation, _AGAIN), connection, missing)


_AGAIN = Remedy("mend what is said about each, then release them", "crossdock incidents release INCIDENT")


def _filled(remedy: Remedy, connection: str, missing: str = "") -> Remedy:
    parts = (connection, missing)
    command = re.sub(r"\{([01])\}", lambda place: shlex.quote(parts[int(place[1])]), remedy.command)
    return Remedy(remedy.text, command)
