"""What a reconciliation does about documents that their warehouse changed or cancelled behind our back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from crossdock.flows import shipping
from crossdock.flows.after_push import UPDATE
from crossdock.flows.house import encode
from crossdock.flows.keep_in_step import look, open_case
from crossdock.flows.outbound_changes import learn_stage, read_plan
from crossdock.flows.sight import Sight
from crossdock.rules.changes import same_content
from crossdock.rules.operation_states import OperationState
from crossdock.rules.push_states import PushState
from crossdock.spec.errors import ConnectorError
from crossdock.store import operations, orders

if TYPE_CHECKING:
    from datetime import datetime

    from crossdock.flows.house import House
    from crossdock.spec.outbound import OutboundRequest, RemoteOutbound
    from crossdock.store.pushes import Push
    from crossdock.store.store import Transaction

BY = "reconcile"
"""Written with the operations that a reconciliation asks for."""


def was_repaired(tx: Transaction, push_id: int, confirmed: OutboundRequest | None) -> bool:
    """Tell whether a reconciliation already had the warehouse told what it `confirmed` last."""
    if confirmed is None:
        return False
    done = [each for each in operations.of_entity(tx, UPDATE, push_id) if each.state is OperationState.DONE]
    mine = [each for each in done if each.actor == BY and each.body]
    return any(same_content(read_plan(each.body).update.request, confirmed) for each in mine)


def amend_drifted(tx: Transaction, push: Push, remote: RemoteOutbound, house: House, now: datetime) -> str | None:
    """Take what the warehouse holds for what it has, and decide about the difference to the order by the document's stage.

    None: the order cannot be read now.
    """
    assert remote.content is not None  # nothing drifts whose content nobody tells
    stored = orders.load_ids(tx, [push.order_id])[push.order_id]
    try:
        order = house.read_order(stored.connection, stored.payload, bool(stored.sliced))
    except (ConnectorError, ValueError):
        return None
    case = open_case(tx, Sight(stored, order), push, house.books.current(tx), now)
    case.by, push.again_at = BY, None
    content = msgspec.structs.replace(remote.content, key=push.key or remote.content.key)
    case.record.base, case.record.base_revision = encode(content), content.revision
    learn_stage(case, remote)
    case.tell("drifted", f"a reconciliation found that {push.warehouse} holds something else than it confirmed")
    look(case)
    case.save()
    if push.state is PushState.UPDATE_PENDING:
        return "its warehouse is told again what the order says" + (
            "; a person decides about the rest" if push.changed else ""
        )
    return (
        "a person decides about it: `crossdock packages decide`" if push.changed else "the order says the same by now"
    )


def follow_cancelled(tx: Transaction, push: Push, remote: RemoteOutbound, now: datetime) -> str:
    """The push follows: cancelled, if that was wanted; else a person decides whether it goes again."""
    shipping.cancelled_there(tx, push, remote.state, now)
    if push.state is PushState.CANCELLED:
        return "it is cancelled, as it was asked for"
    return "its warehouse cancelled it by itself; a person decides: `crossdock packages decide`"
