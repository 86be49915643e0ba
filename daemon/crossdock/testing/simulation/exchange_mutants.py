"""Faults planted into what goes beyond the push of orders; the simulation must find each of these, too."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import msgspec

from crossdock.flows import costs
from crossdock.flows.after_push import Case
from crossdock.rules import labels, merge
from crossdock.rules.merge import Act, Verdict
from crossdock.rules.product_fields import FIELDS
from crossdock.store import quarantine, stock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crossdock.rules.product_fields import Value


@contextlib.contextmanager
def replaced(owner: Any, **values: object) -> Iterator[None]:
    """Replace attributes of a module or class for a while."""
    before = {name: getattr(owner, name) for name in values}
    for name, value in values.items():
        setattr(owner, name, value)
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(owner, name, value)


def merge_prefers_stale() -> contextlib.AbstractContextManager[None]:
    """Where one side changed a field, what was agreed on before is written over it."""
    real = merge.merge_field

    def merge_field(name: str, policy: Any, base: Value, *args: Any) -> Verdict:
        verdict = real(name, policy, base, *args)
        if verdict.act is not Act.WRITE or verdict.rule or verdict.clash or FIELDS[name].several:
            return verdict
        return msgspec.structs.replace(verdict, value=base, to=tuple(side.other for side in verdict.to))

    return replaced(merge, merge_field=merge_field)


def quarantine_drops() -> contextlib.AbstractContextManager[None]:
    """What cannot be read is not kept."""

    def put(*_: Any) -> None:
        return

    return replaced(quarantine, put=put)


def cancel_told_before_confirmed() -> contextlib.AbstractContextManager[None]:
    """The OMS hears that an order is cancelled as soon as its warehouse was asked."""
    real = Case.ask_to_cancel

    def ask_to_cancel(case: Case, reason: str, actor: str) -> None:
        real(case, reason, actor)
        case.report_as("cancelled")

    return replaced(Case, ask_to_cancel=ask_to_cancel)


def label_never_stale() -> contextlib.AbstractContextManager[None]:
    """A label fits its order whatever changed."""

    def is_stale(*_: Any) -> bool:
        return False

    return replaced(labels, is_stale=is_stale)


def receipt_counted_twice() -> contextlib.AbstractContextManager[None]:
    """A receipt counts again with every revision of its document."""
    real = costs._hear  # noqa: SLF001

    def hear(tx: Any, work: Any, document: Any, receipt: Any, sku: str, event: Any, _known: Any) -> None:
        again = msgspec.structs.replace(event, about=f"{event.about}\x1f{document.revision}")
        real(tx, work, document, receipt, sku, again, None)

    def take_back(*_: Any) -> None:
        return

    return replaced(costs, _hear=hear, _take_back=take_back)


def older_stock_accepted() -> contextlib.AbstractContextManager[None]:
    """A level is taken over whatever was observed before."""

    def supersedes(*_: Any) -> bool:
        return True

    return replaced(stock, supersedes=supersedes)
