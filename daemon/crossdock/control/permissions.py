"""Rights, and which role holds which: the one list (DOMAIN 4.6). Code asks for rights, never for roles."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable


class Right(StrEnum):
    """What somebody may do."""

    VIEW = "view"
    ORDER_PULL = "order.pull"
    ORDER_SYNC = "order.sync"
    ORDER_HOLD = "order.hold"
    PUSH_MANUAL = "push.manual"
    PUSH_REPUSH = "push.repush"
    PUSH_REDRIVE = "push.redrive"
    PUSH_SETTLE = "push.settle"
    CANCEL_REQUEST = "cancel.request"
    LABEL_PULL = "label.pull"
    STRATEGY_EDIT = "strategy.edit"
    AUTOPUSH_TOGGLE = "autopush.toggle"
    MAPPING_EDIT = "mapping.edit"
    MASTER_POLICY = "master.policy"
    MASTER_RESOLVE = "master.resolve"
    COST_VIEW = "cost.view"
    COST_PLAN_EDIT = "cost.plan.edit"
    COST_ACTUAL_EDIT = "cost.actual.edit"
    TASK_CANCEL = "task.cancel"
    PII_VIEW = "pii.view"
    CONNECTION_ADMIN = "connection.admin"
    AUDIT_READ = "audit.read"
    USER_ADMIN = "user.admin"


PUBLIC: Literal["public"] = "public"
"""The mark of a route that anybody may call whom the daemon knows."""
ANY_RIGHT: Literal["any right"] = "any right"
"""The mark of a route whose right depends on what it names; its handler asks for that one."""
Permission = Right | Literal["public", "any right"]

_WORK = frozenset({
    Right.VIEW, Right.ORDER_PULL, Right.ORDER_SYNC, Right.ORDER_HOLD, Right.LABEL_PULL, Right.PII_VIEW,
})  # fmt: skip

ROLES: dict[str, frozenset[Right]] = {
    "viewer": frozenset({Right.VIEW}),
    "operator": _WORK | {
        Right.PUSH_MANUAL, Right.PUSH_REPUSH, Right.PUSH_REDRIVE, Right.PUSH_SETTLE, Right.CANCEL_REQUEST,
        Right.AUTOPUSH_TOGGLE, Right.MAPPING_EDIT, Right.MASTER_RESOLVE, Right.TASK_CANCEL,
    },
    "warehouse": _WORK | {Right.PUSH_REPUSH, Right.COST_PLAN_EDIT},
    "buyer": frozenset({Right.VIEW, Right.COST_VIEW, Right.COST_PLAN_EDIT, Right.COST_ACTUAL_EDIT}),
    "admin": frozenset(Right) - {Right.COST_ACTUAL_EDIT},
}  # fmt: skip
"""Each role's rights. Who needs two kinds of work is given two roles."""


def rights_of(roles: Iterable[str]) -> frozenset[Right]:
    """Add up the rights of several roles; a role that does not exist gives none."""
    return frozenset().union(*(ROLES.get(role, frozenset()) for role in roles))


def allowed(rights: frozenset[Right], permission: Permission | None) -> bool:
    """The one place where a right is checked. What has no permission is denied to everybody."""
    if permission == ANY_RIGHT:
        return bool(rights)
    return permission == PUBLIC or permission in rights
