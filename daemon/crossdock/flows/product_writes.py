"""Operations on products: values are written at the version that was seen, read back, and only then agreed on.

A write that a system refuses because its product has moved on is no failure: the product is read and merged again. One
whose answer was lost is asked about by reading the product.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, Struct

from crossdock.flows.products import concerned, subject, take_in
from crossdock.rules.operation_outcome import Answer, Outcome, from_item
from crossdock.rules.operation_states import OperationState
from crossdock.rules.product_fields import attributes_of, values_of
from crossdock.spec.errors import ConnectorError, Rejected
from crossdock.spec.outbound import ItemResult
from crossdock.spec.products import Product, ProductWrite
from crossdock.store import bindings, conflicts, incidents, operations, products
from crossdock.store.conflicts import Three
from crossdock.store.incidents import Cause, Trouble
from crossdock.store.operations import NewOperation
from crossdock.store.times import to_ms

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from typing import Protocol

    from crossdock.flows.house import House
    from crossdock.rules.operation_outcome import OperationVerdict
    from crossdock.store.bindings import Binding
    from crossdock.store.operations import Operation
    from crossdock.store.products import Seen
    from crossdock.store.store import Transaction

    class Writes(Protocol):
        """What the handlers need of a connection."""

        async def get_products(self, skus: list[str]) -> dict[str, Product | None]:
            """Return products as they are."""
            ...

        async def write_products(self, items: list[ProductWrite]) -> list[ItemResult]:
            """Write values."""
            ...


WRITE, LOOK = "product", "product_look"
OUTDATED = frozenset({"version", "missing", "exists", "off"})
"""Refusals that say "not like this any more": what is right now is found by merging again."""
LOOK_BATCH = 100


class Planned(Struct, frozen=True, kw_only=True):
    """The body of a write. `digest` is of the product that the decision rested on, for systems without versions.

    `shared` names the fields whose values the other side had when that was decided.
    """

    warehouse: str
    digest: str
    values: dict[str, Any]
    write: ProductWrite
    shared: tuple[str, ...] = ()


class Look(Struct, frozen=True, kw_only=True):
    """The body of a look for products that a system never showed."""

    skus: tuple[str, ...]


_planned = msgspec.json.Decoder(Planned).decode
_look = msgspec.json.Decoder(Look).decode


def key_of(kind: str, connection: str, warehouse: str, sku: str, revision: int) -> str:
    """Name one write or look: "XM-" and 20 characters, the same with every attempt."""
    text = "\x1f".join((kind, connection, warehouse, sku, str(revision)))
    return "XM-" + base64.b32encode(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:15])[:20].decode()


def subject_of(sku: str) -> str:
    """Name what a write changes; at most one is under way for a product of a connection."""
    return f"product:{sku}"


def enqueue(  # noqa: PLR0917 - one unit of work
    tx: Transaction, connection: str, binding: Binding, seen: Seen, values: Mapping[str, Any],
    across: Mapping[str, Any], actor: str, now: datetime,
) -> bool:  # fmt: skip
    """Queue a write of these values; it takes the place of one that was refused. `across`: what the other side has."""
    at = to_ms(now)
    key = key_of("write", connection, binding.warehouse, binding.sku, binding.revision)
    product = Product(sku=binding.sku, updated_at=now, **attributes_of(values))
    write = ProductWrite(key=key, product=product, base_version=seen.product.version)
    shared = tuple(name for name, value in values.items() if across.get(name, UNSET) == value)
    body = Planned(
        warehouse=binding.warehouse, digest=seen.digest, values=dict(values), write=write, shared=shared
    )  # fmt: skip
    operations.supersede(tx, connection, subject_of(binding.sku), WRITE, at)
    new = NewOperation(
        connection=connection, kind=WRITE, subject=subject_of(binding.sku), entity_id=binding.id,
        revision=binding.revision, key=key, body=msgspec.json.encode(body), actor=actor,
    )  # fmt: skip
    return operations.enqueue(tx, new, at)


def enqueue_look(tx: Transaction, connection: str, skus: Sequence[str], number: int, now: int) -> None:
    """Queue a look for products that a connection never showed."""
    key = key_of("look", connection, "", "", number)
    new = NewOperation(
        connection=connection, kind=LOOK, subject=f"look:{number}", entity_id=number, revision=0, key=key,
        body=msgspec.json.encode(Look(skus=tuple(skus))), actor="crossdock",
    )  # fmt: skip
    operations.enqueue(tx, new, now)


class ProductWriter:
    """Carries out the writes of one connection."""

    kind, asks = WRITE, True

    def __init__(self, connection: str, link: Writes, house: House, batch: int) -> None:
        self._connection, self._link, self._house = connection, link, house
        self.batch = batch

    async def send(self, claimed: Sequence[Operation]) -> Mapping[str, Outcome]:
        """Write what is still wanted and not out of date, and read it back."""
        found: dict[str, Outcome] = {}
        bodies = {operation.key: _planned(operation.body) for operation in claimed}
        wanted = set(concerned(await self._house.store.read(self._house.books.current), self._connection))
        for key, body in bodies.items():
            if body.warehouse not in wanted:
                text = f"warehouse {body.warehouse} does not keep product data in step any more"
                found[key] = Outcome(answer=Answer.REFUSED, code="off", text=text)
        found |= await self._outdated({key: body for key, body in bodies.items() if key not in found})
        items = [body.write for key, body in bodies.items() if key not in found]
        if items:
            self._house.env.failpoint("products.before_write")
            results = {result.ref: result for result in await self._written(items)}
            self._house.env.failpoint("products.after_write")
            found |= await self._read_back({key: bodies[key] for key in results}, results)
        return found

    async def _written(self, items: list[ProductWrite]) -> list[ItemResult]:
        """Write; what is raised of one product says the same as its result would."""
        try:
            return await self._link.write_products(items)
        except Rejected as error:
            if len(items) > 1:
                raise
            return [ItemResult(ref=items[0].key, ok=False, code=error.code, message=error.message)]

    async def _outdated(self, bodies: Mapping[str, Planned]) -> dict[str, Outcome]:
        """Compare before writing where the system cannot compare by itself."""
        blind = {key: body for key, body in bodies.items() if body.write.base_version is None}
        if not blind:
            return {}
        there = await self._link.get_products([body.write.product.sku for body in blind.values()])
        found = {}
        for key, body in blind.items():
            product = there.get(body.write.product.sku)
            if product is None or products.digest_of(product) != body.digest:
                found[key] = _refused_as_outdated(body, product)
        return found

    async def _read_back(self, bodies: Mapping[str, Planned], results: Mapping[str, ItemResult]) -> dict[str, Outcome]:
        found = {key: from_item(results[key]) for key in bodies}
        reread = [
            key for key, outcome in found.items() if outcome.answer is Answer.DONE or outcome.code in OUTDATED
        ]  # fmt: skip
        if not reread:
            return found
        try:
            there = await self._link.get_products([bodies[key].write.product.sku for key in reread])
        except ConnectorError as error:
            text = f"it was written and could not be read back: {error.message}"
            return found | dict.fromkeys(reread, Outcome(answer=Answer.UNKNOWN, code="not_read_back", text=text))
        for key in reread:
            product = there.get(bodies[key].write.product.sku)
            if found[key].answer is Answer.DONE and product is not None:
                found[key] = msgspec.structs.replace(found[key], shown=product)
            else:
                found[key] = _refused_as_outdated(bodies[key], product)
        return found

    async def ask(self, claimed: Sequence[Operation]) -> Mapping[str, Outcome]:
        """Read the products: what says what was written took effect; anything else is merged again."""
        bodies = {operation.key: _planned(operation.body) for operation in claimed}
        there = await self._link.get_products([body.write.product.sku for body in bodies.values()])
        found = {}
        for key, body in bodies.items():
            product = there.get(body.write.product.sku)
            if product is not None and not _apart(body, product):
                found[key] = Outcome(answer=Answer.DONE, shown=product)
            else:
                found[key] = _refused_as_outdated(body, product)
        return found

    def settled(self, tx: Transaction, operation: Operation, verdict: OperationVerdict, now: datetime) -> None:
        """Keep what was read back and have the product looked at again wherever it is kept in step."""
        if verdict.state not in (OperationState.DONE, OperationState.FAILED):
            return
        body, at = _planned(operation.body), to_ms(now)
        sku = body.write.product.sku
        name = subject(body.warehouse, sku)
        if verdict.state is OperationState.FAILED and verdict.code not in OUTDATED:
            incidents.report(tx, self._refusal(verdict), name, at, verdict.text or "")
            return
        if verdict.state is OperationState.FAILED:
            operations.supersede(tx, self._connection, operation.subject, WRITE, at)
        else:
            incidents.heal(tx, name, at, operation=WRITE)
        warehouses = concerned(self._house.books.current(tx), self._connection)
        if isinstance(verdict.shown, Product):
            done = verdict.state is OperationState.DONE
            if done:
                products.wrote(tx, self._connection, verdict.shown, body.warehouse, at)
            else:
                take_in(tx, self._connection, [verdict.shown], warehouses, at)
            _agree(tx, self._house, body, self._connection, verdict.shown, at, whole=done)
        elif verdict.code == "missing":
            products.gone(tx, self._connection, sku, at)
        bindings.touch(tx, warehouses, sku, at)

    def _refusal(self, verdict: OperationVerdict) -> Trouble:
        return Trouble(
            cause=Cause.REFUSED, connection=self._connection, operation=WRITE, code=verdict.code or "",
            text=f"{self._connection} refuses product data ({verdict.code or verdict.kind}); crossdock writes a product again "
            "when it changes on either side",
        )  # fmt: skip


def _refused_as_outdated(body: Planned, product: Product | None) -> Outcome:
    sku = body.write.product.sku
    if product is None:
        return Outcome(answer=Answer.REFUSED, code="missing", text=f"product {sku} is not there any more")
    text = f"product {sku} was changed meanwhile; it is merged again"
    return Outcome(answer=Answer.REFUSED, code="version", text=text, shown=product)


def _apart(body: Planned, product: Product) -> dict[str, Any]:
    """Return the fields that do not say what was written, with what they say."""
    there = values_of(product)
    return {name: there.get(name, UNSET) for name, value in body.values.items() if there.get(name, UNSET) != value}


def _agree(
    tx: Transaction, house: House, body: Planned, connection: str, product: Product, at: int, *, whole: bool
) -> None:
    """What was written and read back is agreed on at once, where the other side says the same.

    It does not wait for the next merge: until then another warehouse may change the hub, and what was written would pass
    for a change of its own. A system that keeps another value than was written must not be written to for ever: a person
    decides. What the other side had when the write was decided is agreed on even if it has moved on since: that is a newer
    change, which the value just written must not pass for one against.

    `whole`: all of it is known to have taken effect. Else somebody changed the product at the same time, and an attempt in
    doubt may have taken effect before: a field that says what was to be written had one value on both sides, whoever wrote
    it, and the rest is merged again.
    """
    sku, book = product.sku, house.books.current(tx)
    binding, policy = bindings.get(tx, body.warehouse, sku), book.masters.get(body.warehouse)
    warehouse = book.warehouses.get(body.warehouse)
    if binding is None or policy is None or warehouse is None:
        return
    other = warehouse.connection if connection == policy.oms else policy.oms
    seen = products.get(tx, other, sku)
    across = {} if seen is None else values_of(seen.product)
    apart = _apart(body, product)
    for name, kept in apart.items() if whole else ():
        oms, wms = (kept, body.values[name]) if connection == policy.oms else (body.values[name], kept)
        three = Three(base=binding.base.get(name, UNSET), oms=oms, wms=wms)
        conflicts.keep_open(tx, body.warehouse, sku, name, three, binding.agreed, "altered", at)
    base = binding.base | {
        name: value
        for name, value in body.values.items()
        if name not in apart and (name in body.shared or across.get(name, UNSET) == value)
    }
    decisions = (
        {name: each for name, each in binding.decisions.items() if name not in apart} if whole else binding.decisions
    )
    after = msgspec.structs.replace(
        binding, base=base, decisions=decisions, agreed=binding.agreed + (base != binding.base)
    )  # fmt: skip
    bindings.save(tx, binding, after)


class ProductLook:
    """Asks one connection for products that it never showed: a listing of changes is no list of everything."""

    kind, asks, batch = LOOK, False, 1

    def __init__(self, connection: str, link: Writes, house: House) -> None:
        self._connection, self._link, self._house = connection, link, house

    async def send(self, claimed: Sequence[Operation]) -> Mapping[str, Outcome]:
        """Read the products."""
        found = {}
        for operation in claimed:
            there = await self._link.get_products(list(_look(operation.body).skus))
            found[operation.key] = Outcome(answer=Answer.DONE, shown=there)
        return found

    async def ask(self, claimed: Sequence[Operation]) -> Mapping[str, Outcome]:
        """Never called: a read is simply repeated."""
        return await self.send(claimed)

    def settled(self, tx: Transaction, operation: Operation, verdict: OperationVerdict, now: datetime) -> None:
        """Keep what was found, and note what surely is not there."""
        if verdict.state is not OperationState.DONE or not isinstance(verdict.shown, dict):
            return
        at, there = to_ms(now), verdict.shown
        warehouses = concerned(self._house.books.current(tx), self._connection)
        found = [product for product in there.values() if product is not None]
        take_in(tx, self._connection, found, warehouses, at)
        for sku in _look(operation.body).skus:
            if there.get(sku) is None:
                bindings.looked(tx, warehouses, sku, bindings.ABSENT)
                bindings.touch(tx, warehouses, sku, at)
