"""Costs in the engine: how they are treated, which OMS keeps them, their operations and the check of the ledger."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

from crossdock.flows.cost_ledgers import Costing, Keeps
from crossdock.flows.cost_sending import CostCheck, CostHandler
from crossdock.rules.cost_edit import CostPolicy
from crossdock.rules.cost_ledger import EmptyStock
from crossdock.spec.costs import CostKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from crossdock.config.model import Config
    from crossdock.engine.links import Link
    from crossdock.flows.house import House


class Standing(Protocol):
    """What costs need of the ground that lanes stand on (engine.exchange.Ground)."""

    @property
    def config(self) -> Config:
        """The configuration."""
        ...

    @property
    def house(self) -> House:
        """The store and the world."""
        ...

    @property
    def links(self) -> Mapping[str, Link]:
        """All open connections, as they are now."""
        ...


NOTHING = Keeps(planned=False, actual=None)


def cost_policy(config: Config) -> CostPolicy:
    """Read [costs] of the configuration."""
    costs = config.costs
    return CostPolicy(
        guard_percent=Decimal(costs.guard_percent),
        empty_stock=EmptyStock(costs.empty_stock),
        second_person_above={name: Decimal(amount) for name, amount in costs.second_person_above.items()},
        currency=costs.currency,
        check_after_s=costs.check_after_s,
    )


def costing(config: Config, links: Mapping[str, Link]) -> Costing:
    """Say how costs go. `links` are the open connections, as they are whenever it is asked."""

    def oms_of(_connection: str, _warehouse: str) -> str | None:
        keeping = [name for name, link in sorted(links.items()) if link.kind != "wms" and "update_cost" in link.hooks]
        return keeping[0] if len(keeping) == 1 else None

    def keeps(oms: str) -> Keeps:
        link = links.get(oms)
        return NOTHING if link is None else kept(link)

    return Costing(policy=cost_policy(config), oms_of=oms_of, keeps=keeps)


def kept(link: Link) -> Keeps:
    """Say which costs an OMS keeps, by what its connector declares."""
    capabilities = link.capabilities
    actual = capabilities.cost_actual if CostKind.ACTUAL in capabilities.costs else None
    return Keeps(planned=CostKind.PLANNED in capabilities.costs, actual=actual)


def handler(link: Link, ground: Standing) -> CostHandler:
    """Make what writes costs through a connection."""
    return CostHandler(link, ground.house.store, costing(ground.config, ground.links))


def check(link: Link, ground: Standing) -> CostCheck:
    """Make the stream that compares ledgers with what an OMS holds."""
    return CostCheck(link, ground.house.store, costing(ground.config, ground.links), ground.house.env.now)
