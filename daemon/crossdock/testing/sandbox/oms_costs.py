"""The sandbox OMS's costs: planned amounts by document, average purchase prices by SKU, computed here or given."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from crossdock.spec.costs import CostChange, CostKind, ProductCost
from crossdock.spec.documents import InboundKind
from crossdock.spec.outbound import ItemResult
from crossdock.testing.sandbox.bodies import CostsBySku, Skus
from crossdock.testing.sandbox.call import Answer, Call, Refused, check_key, decode, ok
from crossdock.testing.sandbox.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crossdock.spec.documents import InboundDoc

MAX_SKUS = 500
Mode = Literal["receipts", "set_average"]
CENT = Decimal("0.000001")


class Planned(Struct, frozen=True, kw_only=True):
    """The planned amount of a document."""

    warehouse: str
    document: str
    amount: Decimal
    currency: str
    version: int


class Priced(Struct, frozen=True, kw_only=True):
    """What a SKU costs on average, and how many there are."""

    sku: str
    average: Decimal | None
    currency: str | None
    quantity: Decimal = Decimal(0)
    version: int = 0


class Taken(Struct, frozen=True, kw_only=True):
    """A receipt that the OMS was told of."""

    name: str
    sku: str
    quantity: Decimal
    unit_cost: Decimal | None
    currency: str | None
    version: int
    at: float


class Step(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one call changed."""

    planned: Planned | None = None
    priced: Priced | None = None
    taken: Taken | None = None


class Averages(Struct, frozen=True, forbid_unknown_fields=True):
    """Averages that a test changes behind crossdock's back."""

    averages: dict[str, Decimal]


class OmsCosts:
    """The room. In mode "receipts" averages follow from the receipts of documents (`enter`), else they are written."""

    def __init__(self, path: str | None = None, mode: Mode = "set_average") -> None:
        self.mode: Mode = mode
        self.planned: dict[tuple[str, str], Planned] = {}
        self.priced: dict[str, Priced] = {}
        self.taken: dict[str, Taken] = {}
        self.writes: list[CostChange] = []
        self._journal = Journal(None if path is None else f"{path}.costs", Step)
        for step in self._journal.replay():
            self._apply(step)

    @property
    def routes(self) -> Mapping[tuple[str, str], Callable[[Call], Answer]]:
        """The contract's routes."""
        return {("POST", "/v1/costs/update"): self._update, ("POST", "/v1/costs/get"): self._get}

    @property
    def admin_routes(self) -> Mapping[tuple[str, str], Callable[[Call], Answer]]:
        """What only tests ask for."""
        return {("GET", "/costs"): self._books, ("POST", "/costs/averages"): self._averages}

    def subjects(self, call: Call) -> tuple[str, ...]:
        """Name the key of an update."""
        try:
            return (msgspec.json.decode(call.body, type=CostChange).key,)
        except msgspec.MsgspecError:
            return ()

    def close(self) -> None:
        """Let go of the file."""
        self._journal.close()

    def enter(self, document: InboundDoc) -> None:
        """Take the receipts of a document, each once, as the OMS does when it is told of one (mode "receipts")."""
        if document.kind is InboundKind.TRANSFER:
            return
        skus = {line.line_no: line.sku for line in document.lines}
        for receipt in document.receipts:
            name = _name(document.ref, receipt.ref)
            if name not in self.taken and receipt.line_no in skus:
                taken = Taken(
                    name=name, sku=skus[receipt.line_no], quantity=receipt.quantity, unit_cost=receipt.unit_cost,
                    currency=document.currency, version=receipt.cost_revision, at=receipt.at.timestamp(),
                )  # fmt: skip
                self._keep(Step(taken=taken))

    def put_average(self, sku: str, average: Decimal) -> None:
        """Change an average behind crossdock's back."""
        known = self.priced.get(sku) or Priced(sku=sku, average=None, currency=None)
        self._keep(Step(priced=replace(known, average=average)))

    def _update(self, call: Call) -> Answer:
        check_key(call)
        change = decode(call.body, CostChange, "a change of a cost")
        self.writes.append(change)
        if not change.new.is_finite() or change.new < 0:
            raise Refused(422, "bad_amount", "A cost is a number that is not negative", "new")
        if change.kind is CostKind.PLANNED:
            return ok(self._plan(change))
        return ok(self._set(change) if change.receipt_ref is None else self._correct(change))

    def _plan(self, change: CostChange) -> ItemResult:
        place = (change.warehouse or "", change.document_ref or "")
        known = self.planned.get(place)
        if known is None or known.version < change.version:
            planned = Planned(
                warehouse=place[0], document=place[1], amount=change.new, currency=change.currency,
                version=change.version,
            )  # fmt: skip
            self._keep(Step(planned=planned))
        return ItemResult(ref=change.key, ok=True)

    def _set(self, change: CostChange) -> ItemResult:
        sku = change.sku or ""
        if self.mode == "receipts":
            return refused(change, "computed", "This OMS computes its averages from receipts")
        known = self.priced.get(sku)
        if known is not None and (known.version >= change.version or known.average == change.new):
            return ItemResult(ref=change.key, ok=True)
        held = None if known is None else known.average
        if held != change.old:
            return refused(change, "version", f"The average of {sku} is {held}, not {change.old}")
        quantity = Decimal(0) if known is None else known.quantity
        priced = Priced(
            sku=sku, average=change.new, currency=change.currency, quantity=quantity, version=change.version
        )
        self._keep(Step(priced=priced))
        return ItemResult(ref=change.key, ok=True)

    def _correct(self, change: CostChange) -> ItemResult:
        taken = self.taken.get(_name(change.document_ref or "", change.receipt_ref or ""))
        if taken is None:
            return refused(change, "unknown_receipt", f"There is no receipt {change.receipt_ref!r} here yet")
        if taken.version >= change.version or taken.unit_cost == change.new:
            return ItemResult(ref=change.key, ok=True)
        if change.old is not None and taken.unit_cost != change.old:
            return refused(change, "version", f"The receipt costs {taken.unit_cost}, not {change.old}")
        revised = replace(taken, unit_cost=change.new, currency=change.currency, version=change.version)
        self._keep(Step(taken=revised))
        return ItemResult(ref=change.key, ok=True)

    def _get(self, call: Call) -> Answer:
        skus = decode(call.body, Skus, "a list of SKUs").skus
        if len(skus) > MAX_SKUS:
            raise Refused(422, "too_many", f"At most {MAX_SKUS} SKUs a call, these are {len(skus)}")
        return ok(CostsBySku(costs={sku: self._cost(sku) for sku in skus}))

    def _cost(self, sku: str) -> ProductCost | None:
        known = self.priced.get(sku)
        if known is None:
            return None
        return ProductCost(sku=sku, average=known.average, currency=known.currency, quantity=known.quantity)

    def _books(self, _call: Call) -> Answer:
        return ok({"planned": list(self.planned.values()), "averages": self.priced, "writes": self.writes})

    def _averages(self, call: Call) -> Answer:
        for sku, average in decode(call.body, Averages, "averages by SKU").averages.items():
            self.put_average(sku, average)
        return ok({})

    def _keep(self, step: Step) -> None:
        self._apply(step)
        self._journal.append(step)

    def _apply(self, step: Step) -> None:
        if step.planned is not None:
            self.planned[step.planned.warehouse, step.planned.document] = step.planned
        if step.priced is not None:
            self.priced[step.priced.sku] = step.priced
        if step.taken is not None:
            self.taken[step.taken.name] = step.taken
            self._average(step.taken.sku)

    def _average(self, sku: str) -> None:
        """Add up what a SKU's receipts cost, as an OMS does that is told of receipts only."""
        found = sorted((each for each in self.taken.values() if each.sku == sku), key=lambda each: (each.at, each.name))
        quantity = sum((each.quantity for each in found), Decimal(0))
        known = all(each.unit_cost is not None for each in found)
        value = sum((each.quantity * (each.unit_cost or Decimal(0)) for each in found), Decimal(0))
        average = (value / quantity).quantize(CENT, ROUND_HALF_UP) if known and quantity else None
        currency = found[0].currency if found else None
        self.priced[sku] = Priced(sku=sku, average=average, currency=currency, quantity=quantity)


def _name(document: str, receipt: str) -> str:
    return f"{document}\x1f{receipt}"


def refused(change: CostChange, code: str, message: str) -> ItemResult:
    """Refuse a change."""
    return ItemResult(ref=change.key, ok=False, code=code, message=message)
