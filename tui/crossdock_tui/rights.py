"""What each right allows and each role is for, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from crossdock_tui.language import N_, _
from crossdock_tui.words import shown

if TYPE_CHECKING:
    from collections.abc import Collection

RIGHTS: dict[str, str] = {
    "view": N_("see orders, tasks, connections and settings; personal data masked, no costs"),
    "order.pull": N_("obtain new orders"),
    "order.sync": N_("fetch chosen orders again"),
    "order.hold": N_("hold and release orders"),
    "push.manual": N_("push orders by hand"),
    "push.repush": N_("push documents again"),
    "push.redrive": N_("send failed pushes again"),
    "push.settle": N_("settle a push in doubt by hand"),
    "cancel.request": N_("ask a warehouse to cancel"),
    "label.pull": N_("pull shipping labels"),
    "strategy.edit": N_("change strategies, warehouses and allocation"),
    "autopush.toggle": N_("switch a warehouse's auto push"),
    "mapping.edit": N_("change mappings of SKUs and carriers"),
    "master.policy": N_("say which product data are kept in step, and how"),
    "master.resolve": N_("decide conflicts of product data"),
    "cost.view": N_("see costs"),
    "cost.plan.edit": N_("change planned inbound costs"),
    "cost.actual.edit": N_("change actual inbound costs"),
    "task.cancel": N_("cancel tasks"),
    "pii.view": N_("see personal data; each look is audited"),
    "connection.admin": N_("pause, resume and check connections, reload"),
    "audit.read": N_("read and verify the audit"),
    "user.admin": N_("have personal data forgotten; see who may do what; make and revoke tokens"),
}
ROLES: dict[str, str] = {
    "viewer": N_("sees everything but costs and personal data, changes nothing"),
    "operator": N_("keeps orders and documents going, with personal data, without costs and settings"),
    "warehouse": N_("fetches and holds orders, pulls labels, pushes documents again, plans inbound costs"),
    "buyer": N_("sees costs, and changes planned and actual ones"),
    "admin": N_("may do everything but change actual costs"),
}


def listed(rights: Collection[str]) -> Text:
    """List what somebody may do, then what not; a right that this dashboard does not know by its name."""
    text = Text()
    for right in sorted(rights, key=_place):
        text.append("✓ ", style="green").append_text(shown(f"{right:<17} ")).append(f"{_(RIGHTS.get(right, ''))}\n")
    for right, words in RIGHTS.items():
        if right not in rights:
            text.append(f"- {right:<17} {_(words)}\n", style="dim")
    return text


def _place(right: str) -> int:
    return list(RIGHTS).index(right) if right in RIGHTS else len(RIGHTS)
