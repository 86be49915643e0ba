"""Which warehouse an order goes to: the OMS's own choice, else the first allocation rule that matches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.rules.reasons import Clause

if TYPE_CHECKING:
    from crossdock.rules.book import AllocationRule, Book, Warehouse
    from crossdock.spec.orders import Order


def assign(order: Order, book: Book) -> tuple[Warehouse | None, Clause]:
    """Return the order's warehouse and the clause that says how it was found, or None and why not (DOMAIN 4.3 B)."""
    if order.warehouse:
        warehouse = book.by_oms_code.get(order.warehouse)
        if warehouse is None:
            fact = f"the OMS assigned '{order.warehouse}', which is no warehouse here"
            return None, Clause("warehouse", False, (fact,))
        return warehouse, Clause("warehouse", True, (warehouse.code, "by the OMS"))
    for rule in book.allocation:
        if matches(rule, order):
            warehouse = book.warehouses.get(rule.warehouse)
            if warehouse is None:
                fact = f"allocation rule {rule.position} names '{rule.warehouse}', which is no warehouse here"
                return None, Clause("warehouse", False, (fact,))
            return warehouse, Clause("warehouse", True, (warehouse.code, f"allocation rule {rule.position}"))
    return None, Clause("warehouse", False, ("the OMS assigned none and no allocation rule matches",))


def matches(rule: AllocationRule, order: Order) -> bool:
    """Tell whether every dimension of the rule accepts the order; country codes are compared without case."""
    country = (order.recipient.address.country or "").upper()
    return (
        (rule.shops is None or order.shop in rule.shops)
        and (rule.countries is None or country in rule.countries)
        and (rule.logistics is None or order.logistics in rule.logistics)
    )
