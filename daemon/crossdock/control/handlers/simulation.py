"""Simulations: what would be pushed now, without sending or keeping anything."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta, Struct

from crossdock.control.problems import not_valid
from crossdock.control.records.base import Code, Limit
from crossdock.control.records.orders import OrderRef
from crossdock.control.records.simulation import Outlook, ReasonCount, SimulatedOrder, Simulation
from crossdock.control.shown import state_name
from crossdock.flows.simulate import Wanted, simulate
from crossdock.rules.book import PushStrategy, Warehouse, problems_of
from crossdock.rules.reasons import sentence
from crossdock.rules.simulation import Draft, Would, is_draft

if TYPE_CHECKING:
    from crossdock.control.route import Call
    from crossdock.flows.simulate import Seen
    from crossdock.rules.simulation import Foreseen


class Simulate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to simulate. Without a draft: the settings as they are.

    `strategy` stands for the saved one of its name, `settings` for the saved warehouse of its code. `use` (a strategy's
    name) and `auto_push` are tried in `warehouse`, which also narrows the page to its orders. `through`: the counts go on
    behind the rows that are shown, as far as one answer may look.
    """

    warehouse: Code | None = None
    strategy: PushStrategy | None = None
    settings: Warehouse | None = None
    use: Code | None = None
    auto_push: bool | None = None
    orders: Annotated[tuple[OrderRef, ...], Meta(max_length=200)] = ()
    only: Literal["all", "going", "differing"] = "all"
    after: Annotated[int, Meta(ge=0, le=2**62)] = 0
    limit: Limit = 200
    through: bool = False


async def simulate_now(call: Call[Simulate, object]) -> Simulation:
    """Say what would be pushed, kept or told now, by which rule, under the settings as they are or under a draft.

    Nothing is sent or kept. A page is bounded in rows, in orders looked at and in time.
    """
    body = call.body
    if body.warehouse is None and (body.use is not None or body.auto_push is not None):
        raise not_valid("use and auto_push are tried in a warehouse: name it")
    if body.strategy is not None and (wrong := problems_of(body.strategy)):
        raise not_valid("; ".join(wrong))
    draft = Draft(
        strategy=body.strategy, settings=body.settings, warehouse=body.warehouse, use=body.use, auto_push=body.auto_push
    )
    wanted = Wanted(
        draft=draft, warehouse=body.warehouse, named=tuple((each.connection, each.ref) for each in body.orders),
        only=body.only, after=body.after, limit=body.limit,
        through=body.through,
    )  # fmt: skip
    try:
        found = await simulate(call.engine.house, wanted)
    except ValueError as error:
        raise not_valid(str(error)) from None
    kept = [clause for seen in found.seen if seen.would.would in _KEPT for clause in seen.would.reasons]
    first = {clause.code: clause for clause in reversed(kept)}
    return Simulation(
        items=tuple(_item(seen, compared=is_draft(draft)) for seen in found.seen[: body.limit]),
        looked_at=found.looked_at,
        would=dict(Counter(seen.would.would.value for seen in found.seen)),
        kept_by=tuple(
            ReasonCount(rule=rule, count=count, example=sentence(first[rule]))
            for rule, count in Counter(clause.code for clause in kept).most_common()
        ),
        differing=sum(1 for seen in found.seen if seen.differs),
        next=found.next,
    )


_KEPT = frozenset({Would.KEEP, Would.BY_HAND, Would.HOLD, Would.REFUSE})


def _item(seen: Seen, *, compared: bool) -> SimulatedOrder:
    stored = seen.stored
    return SimulatedOrder(
        connection=stored.connection,
        ref=stored.ref,
        number=stored.number,
        state=state_name(seen.push.state),
        shop=stored.shop,
        logistics=stored.logistics,
        would=_outlook(seen.would),
        today=_outlook(seen.today) if compared else None,
        differs=seen.differs,
    )


def _outlook(foreseen: Foreseen) -> Outlook:
    return Outlook(
        would=foreseen.would.value,
        warehouse=foreseen.warehouse,
        strategy=foreseen.strategy,
        rules=tuple(clause.code for clause in foreseen.reasons),
        reasons=tuple(sentence(clause) for clause in foreseen.reasons),
    )
