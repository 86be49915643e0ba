"""The one table of routes: path, types, the right it needs, and who answers."""

from __future__ import annotations

from typing import Any

from crossdock.control.handlers import (
    actions,
    audit,
    connections,
    costs,
    daemon,
    documents,
    entries,
    incidents,
    labels,
    live,
    master,
    operations,
    orders,
    packages,
    reconcile,
    setup,
    simulation,
    stock,
    tasks,
    tokens,
    users,
)
from crossdock.control.permissions import ANY_RIGHT, PUBLIC, Permission, Right
from crossdock.control.records import asks
from crossdock.control.records import costs as cost_records
from crossdock.control.records.audit import (
    ApprovalItem,
    ApprovalPage,
    ApprovalQuery,
    AuditPage,
    AuditQuery,
    Reject,
    Verified,
    VerifyQuery,
    WhoAmI,
)
from crossdock.control.records.book import AutoPush, Removed, SwapAllocation
from crossdock.control.records.daemon import (
    Checked,
    Choices,
    ConnectionItem,
    Connections,
    DatabaseInfo,
    PauseConnection,
    Plugins,
    QuarantineItem,
    QuarantinePage,
    Reloaded,
    RetryQuarantine,
    Status,
    Verdict,
)
from crossdock.control.records.documents import (
    DocumentDetail,
    DocumentPage,
    DocumentQuery,
    FetchDocuments,
    ListQuery,
    RepushDocuments,
    RepushedDocuments,
    RepushQuery,
)
from crossdock.control.records.events import LogPage, LogQuery, Throttles, Trend
from crossdock.control.records.incidents import (
    HeldPage,
    IncidentItem,
    IncidentPage,
    MuteIncident,
    ReleasedPage,
    ReleaseIncident,
    TakeIncident,
)
from crossdock.control.records.labels import (
    ConfirmLabels,
    ContentQuery,
    LabelContent,
    LabelDetail,
    LabelPage,
    LabelQuery,
    PullLabels,
)
from crossdock.control.records.master import (
    ApplyPlan,
    ConflictQuery,
    FetchProducts,
    MasterConflict,
    MasterConflictPage,
    MasterPlan,
    MasterPlanPage,
    MasterProductPage,
    MasterProductQuery,
    MasterStatus,
    PlanQuery,
    Released,
    ResolveConflict,
)
from crossdock.control.records.operations import (
    FailedOperations,
    OperationDetail,
    OperationPage,
    OperationQuery,
    Retried,
    RetryOperations,
)
from crossdock.control.records.orders import ExplainQuery, Explanation, OrderDetail, OrderPage, OrderQuery
from crossdock.control.records.packages import Acknowledge, CancelOrders, DecidePackages, PackagePage, PackageQuery
from crossdock.control.records.reconcile import Reconcile
from crossdock.control.records.setup import Setup
from crossdock.control.records.simulation import Simulation
from crossdock.control.records.stock import FetchStock, StockPage, StockSwitch, StockSwitches, SwitchStock
from crossdock.control.records.tasks import TaskItem, TaskPage, TaskResultPage
from crossdock.control.records.tokens import CreatedToken, CreateToken, TokenItem, TokenPage, TokenQuery
from crossdock.control.records.users import Roles, UserPage, UserQuery
from crossdock.control.route import Nothing, Route, Stream
from crossdock.rules.book import AllocationRule, Mapping, PushStrategy, Warehouse
from crossdock.rules.master_policy import MasterPolicy


def _get(path: str, permission: Permission, handler: Any, answer: Any, query: Any = Nothing) -> Route:
    return Route(method="GET", path=path, permission=permission, handler=handler, answer=answer, query=query)


def _probe(path: str, handler: Any, answer: Any) -> Route:
    return Route(method="GET", path=path, permission=PUBLIC, handler=handler, answer=answer, probe=True)


def _post(path: str, permission: Permission, handler: Any, answer: Any, body: Any = None) -> Route:
    return Route(method="POST", path=path, permission=permission, handler=handler, answer=answer, body=body)


def _put(path: str, permission: Permission, handler: Any, body: Any, audited_as: str = "", answer: Any = None) -> Route:
    """An entry that is saved; without an `answer` of its own it is answered as it was saved."""
    return Route(
        method="PUT", path=path, permission=permission, handler=handler, answer=answer or body, body=body,
        audited_within=True, audited_as=audited_as,
    )  # fmt: skip


def _delete(path: str, permission: Permission, handler: Any) -> Route:
    return Route(
        method="DELETE", path=path, permission=permission, handler=handler, answer=Removed, query=entries.RevisionQuery,
        audited_within=True,
    )  # fmt: skip


def _look(path: str, permission: Permission, handler: Any, answer: Any, body: Any) -> Route:
    return Route(method="POST", path=path, permission=permission, handler=handler, answer=answer, body=body, look=True)


def _post_within(
    path: str, permission: Permission, handler: Any, answer: Any, body: Any = None, audited_as: str = ""
) -> Route:
    """A change whose handler writes its own row of the audit, in the transaction of the change."""
    return Route(
        method="POST", path=path, permission=permission, handler=handler, answer=answer, body=body, audited_within=True,
        audited_as=audited_as,
    )  # fmt: skip


TABLE: tuple[Route, ...] = (
    _probe("/livez", daemon.livez, Verdict),
    _probe("/readyz", daemon.readyz, Verdict),
    _get("/healthz", Right.VIEW, daemon.healthz, dict[str, Any]),
    _get("/metrics", Right.VIEW, daemon.metrics, str),
    _get("/v1/status", Right.VIEW, daemon.status, Status),
    _get("/v1/events", Right.VIEW, live.events, Stream),
    _get("/v1/log", Right.VIEW, live.recent_log, LogPage, LogQuery),
    _get("/v1/trends", Right.VIEW, live.trends, Trend),
    _get("/v1/throttles", Right.VIEW, live.list_throttles, Throttles),
    _get("/v1/orders", Right.VIEW, orders.list_orders, OrderPage, OrderQuery),
    _get("/v1/orders/{connection}/{ref}", Right.VIEW, orders.show_order, OrderDetail),
    _get("/v1/explain", Right.VIEW, orders.explain_order, Explanation, ExplainQuery),
    _post("/v1/obtain", Right.ORDER_PULL, actions.obtain, asks.Queued, asks.Obtain),
    _post("/v1/sync", Right.ORDER_SYNC, actions.sync, asks.Queued, asks.Sync),
    _post("/v1/sync/list", Right.ORDER_SYNC, actions.sync_list, asks.QueuedList, asks.SyncList),
    _post("/v1/push", Right.PUSH_MANUAL, actions.push, asks.Results, asks.ForOrders),
    _post("/v1/hold", Right.ORDER_HOLD, actions.hold, asks.Results, asks.HoldOrders),
    _post("/v1/release", Right.ORDER_HOLD, actions.release, asks.Results, asks.ReleaseOrders),
    _post("/v1/settle", Right.PUSH_SETTLE, actions.settle, asks.Results, asks.SettleOrder),
    _post("/v1/probe", Right.PUSH_REDRIVE, actions.probe, asks.Results, asks.ForOrders),
    _get("/v1/redrive", Right.VIEW, actions.count_failed, asks.Matching, asks.FailedQuery),
    _post("/v1/redrive", Right.PUSH_REDRIVE, actions.redrive, asks.Results, asks.Redrive),
    _get("/v1/strategies", Right.VIEW, entries.list_strategies, entries.StrategyList, entries.EntryQuery),
    _get("/v1/strategies/{name}", Right.VIEW, entries.show_strategy, PushStrategy),
    _put("/v1/strategies/{name}", Right.STRATEGY_EDIT, entries.save_strategy, PushStrategy, answer=entries.SavedStrategy),
    _delete("/v1/strategies/{name}", Right.STRATEGY_EDIT, entries.remove_strategy),
    _get("/v1/warehouses", Right.VIEW, entries.list_warehouses, entries.WarehouseList, entries.EntryQuery),
    _get("/v1/warehouses/{code}", Right.VIEW, entries.show_warehouse, Warehouse),
    _put("/v1/warehouses/{code}", Right.STRATEGY_EDIT, entries.save_warehouse, Warehouse, answer=entries.SavedWarehouse),
    _delete("/v1/warehouses/{code}", Right.STRATEGY_EDIT, entries.remove_warehouse),
    _post_within("/v1/warehouses/{code}/auto-push", Right.AUTOPUSH_TOGGLE, entries.switch_auto_push, Warehouse, AutoPush),
    _get("/v1/allocation", Right.VIEW, entries.list_allocation, entries.AllocationList, entries.EntryQuery),
    _get("/v1/allocation/{position}", Right.VIEW, entries.show_allocation, AllocationRule),
    _put(
        "/v1/allocation/{position}", Right.STRATEGY_EDIT, entries.save_allocation, AllocationRule, answer=entries.SavedAllocation,
    ),
    _delete("/v1/allocation/{position}", Right.STRATEGY_EDIT, entries.remove_allocation),
    _post_within(
        "/v1/allocation/{position}/swap", Right.STRATEGY_EDIT, entries.swap_allocation, entries.AllocationList, SwapAllocation,
    ),
    _get("/v1/mappings", Right.VIEW, entries.list_mappings, entries.MappingList, entries.MappingQuery),
    _get("/v1/mappings/{warehouse}/{kind}/{ours}", Right.VIEW, entries.show_mapping, Mapping),
    _put("/v1/mappings/{warehouse}/{kind}/{ours}", Right.MAPPING_EDIT, entries.save_mapping, Mapping),
    _delete("/v1/mappings/{warehouse}/{kind}/{ours}", Right.MAPPING_EDIT, entries.remove_mapping),
    _get("/v1/tasks", Right.VIEW, tasks.list_tasks, TaskPage, tasks.TaskQuery),
    _get("/v1/tasks/{id}", Right.VIEW, tasks.show_task, TaskItem),
    _get("/v1/tasks/{id}/items", Right.VIEW, tasks.list_results, TaskResultPage, tasks.ResultQuery),
    _post("/v1/tasks/{id}/cancel", Right.TASK_CANCEL, tasks.cancel_task, TaskItem),
    _get("/v1/connections", Right.VIEW, connections.list_connections, Connections),
    _post(
        "/v1/connections/{connection}/pause", Right.CONNECTION_ADMIN, connections.pause_connection, ConnectionItem,
        PauseConnection,
    ),
    _post("/v1/connections/{connection}/resume", Right.CONNECTION_ADMIN, connections.resume_connection, ConnectionItem),
    _post("/v1/connections/{connection}/check", Right.CONNECTION_ADMIN, connections.check_connection, Checked),
    _get("/v1/connections/{connection}/shops", Right.STRATEGY_EDIT, connections.list_shops, Choices),
    _get("/v1/connections/{connection}/logistics", Right.STRATEGY_EDIT, connections.list_logistics, Choices),
    _get("/v1/connections/{connection}/warehouses", Right.STRATEGY_EDIT, connections.list_remote_warehouses, Choices),
    _get("/v1/plugins", Right.VIEW, daemon.list_plugins, Plugins),
    _get("/v1/quarantine", Right.VIEW, daemon.list_quarantine, QuarantinePage, daemon.QuarantineQuery),
    _get("/v1/quarantine/{id}", Right.VIEW, daemon.show_quarantined, QuarantineItem),
    _post("/v1/quarantine/retry", Right.ORDER_SYNC, daemon.retry_quarantine, asks.Queued, RetryQuarantine),
    _post("/v1/reload", Right.CONNECTION_ADMIN, daemon.reload, Reloaded),
    _get("/v1/db", Right.VIEW, daemon.database, DatabaseInfo),
    _get("/v1/stock", Right.VIEW, stock.list_stock, StockPage, stock.StockQuery),
    _get("/v1/stock/switches", Right.VIEW, stock.list_switches, StockSwitches),
    _post("/v1/stock/fetch", Right.ORDER_PULL, stock.fetch_stock, asks.Queued, FetchStock),
    _post_within(
        "/v1/stock/switch", Right.STRATEGY_EDIT, stock.switch_stock, StockSwitch, SwitchStock, audited_as="stock.switch",
    ),
    _get("/v1/users", Right.USER_ADMIN, users.list_users, UserPage, UserQuery),
    _get("/v1/roles", Right.USER_ADMIN, users.list_roles, Roles),
    _get("/v1/tokens", Right.USER_ADMIN, tokens.list_tokens, TokenPage, TokenQuery),
    _post_within("/v1/tokens", Right.USER_ADMIN, tokens.create_token, CreatedToken, CreateToken),
    _post_within("/v1/tokens/{id}/revoke", Right.USER_ADMIN, tokens.revoke_token, TokenItem),
    _get("/v1/whoami", PUBLIC, audit.whoami, WhoAmI),
    _get("/v1/audit", Right.AUDIT_READ, audit.list_audit, AuditPage, AuditQuery),
    _get("/v1/audit/verify", Right.AUDIT_READ, audit.verify_audit, Verified, VerifyQuery),
    _get("/v1/approvals", ANY_RIGHT, audit.list_approvals, ApprovalPage, ApprovalQuery),
    _post_within("/v1/approvals/{id}/approve", ANY_RIGHT, audit.approve, ApprovalItem),
    _post_within("/v1/approvals/{id}/reject", ANY_RIGHT, audit.reject, ApprovalItem, Reject),
    _post_within("/v1/orders/{connection}/{ref}/forget", Right.USER_ADMIN, audit.forget_order, asks.Done),
    _get("/v1/labels", Right.VIEW, labels.list_labels, LabelPage, LabelQuery),
    _get("/v1/labels/{connection}/{ref}", Right.VIEW, labels.show_label, LabelDetail),
    _get("/v1/labels/{connection}/{ref}/content", Right.PII_VIEW, labels.label_content, LabelContent, ContentQuery),
    _post("/v1/labels/pull", Right.LABEL_PULL, labels.pull_labels, asks.Queued, PullLabels),
    _post("/v1/labels/printed", Right.LABEL_PULL, labels.printed_labels, asks.Results, asks.ForOrders),
    _post("/v1/labels/confirm", Right.LABEL_PULL, labels.confirm_labels, asks.Results, ConfirmLabels),
    _get("/v1/documents", Right.VIEW, documents.list_documents, DocumentPage, DocumentQuery),
    _get("/v1/documents/repush", Right.VIEW, documents.count_matching, asks.Matching, RepushQuery),
    _get("/v1/documents/{connection}/{ref}", Right.VIEW, documents.show_document, DocumentDetail, ListQuery),
    _post_within(
        "/v1/documents/repush", Right.PUSH_REPUSH, documents.repush, RepushedDocuments, RepushDocuments, audited_as="documents.repush",
    ),
    _post("/v1/documents/fetch", Right.ORDER_PULL, documents.fetch, asks.Queued, FetchDocuments),
    _get("/v1/master-policies/{warehouse}", Right.VIEW, master.show_policy, MasterPolicy),
    _put("/v1/master-policies/{warehouse}", Right.MASTER_POLICY, master.save_policy, MasterPolicy, audited_as="master.policy"),
    _get("/v1/master-policies/{warehouse}/status", Right.VIEW, master.show_status, MasterStatus),
    _post("/v1/master-policies/{warehouse}/plan", Right.MASTER_POLICY, master.make_plan, MasterPlan),
    _post_within(
        "/v1/master-policies/{warehouse}/apply", Right.MASTER_POLICY, master.apply_plan, MasterPlan, ApplyPlan, audited_as="master.apply",
    ),
    _post_within(
        "/v1/master-policies/{warehouse}/release", Right.MASTER_POLICY, master.release_brake, Released, audited_as="master.release",
    ),
    _get("/v1/master-plans/{id}", Right.VIEW, master.show_plan, MasterPlanPage, PlanQuery),
    _get("/v1/master-products", Right.VIEW, master.list_products, MasterProductPage, MasterProductQuery),
    _post("/v1/master-products/fetch", Right.ORDER_PULL, master.fetch_products, asks.Queued, FetchProducts),
    _get("/v1/master-conflicts", Right.VIEW, master.list_conflicts, MasterConflictPage, ConflictQuery),
    _get("/v1/master-conflicts/{id}", Right.VIEW, master.show_conflict, MasterConflict),
    _post_within(
        "/v1/master-conflicts/{id}/resolve", Right.MASTER_RESOLVE, master.resolve_conflict, MasterConflict,
        ResolveConflict, audited_as="master.resolve",
    ),
    _get(
        "/v1/costs/documents", Right.COST_VIEW, costs.list_cost_documents, cost_records.CostDocumentPage,
        cost_records.CostDocumentQuery,
    ),
    _get(
        "/v1/costs/documents/{connection}/{ref}", Right.COST_VIEW, costs.show_cost_document, cost_records.CostDocument,
        cost_records.CostLinesQuery,
    ),
    _get("/v1/costs/skus", Right.COST_VIEW, costs.list_skus, cost_records.SkuCostPage, cost_records.SkuCostQuery),
    _get("/v1/costs/skus/{connection}/{ref}", Right.COST_VIEW, costs.show_sku, cost_records.SkuCost),
    _look(
        "/v1/costs/preview", Right.COST_VIEW, costs.preview, cost_records.CostEffect, cost_records.CostPreview
    ),
    _post_within(
        "/v1/costs/plan", Right.COST_PLAN_EDIT, costs.edit_plan, cost_records.CostEdited, cost_records.CostEdit, audited_as="cost.plan.edit",
    ),
    _post_within(
        "/v1/costs/actual", Right.COST_ACTUAL_EDIT, costs.edit_actual, cost_records.CostEdited, cost_records.CostEdit,
        audited_as="cost.actual.edit",
    ),
    _post_within(
        "/v1/costs/drift", Right.COST_ACTUAL_EDIT, costs.settle_drift, cost_records.SkuCost, cost_records.SettleDrift, audited_as="cost.drift",
    ),
    _get("/v1/setup", Right.VIEW, setup.show_setup, Setup),
    _post("/v1/reconcile", Right.ORDER_SYNC, reconcile.reconcile, asks.Queued, Reconcile),
    _look("/v1/simulate", Right.VIEW, simulation.simulate_now, Simulation, simulation.Simulate),
    _get("/v1/incidents", Right.VIEW, incidents.list_incidents, IncidentPage, incidents.IncidentQuery),
    _get("/v1/incidents/{id}", Right.VIEW, incidents.show_incident, IncidentItem),
    _get("/v1/incidents/{id}/held", Right.VIEW, incidents.list_held, HeldPage, incidents.HeldQuery),
    _post_within(
        "/v1/incidents/{id}/take", Right.ORDER_HOLD, incidents.take_incident, IncidentItem, TakeIncident, audited_as="incident.take",
    ),
    _post_within(
        "/v1/incidents/{id}/mute", Right.ORDER_HOLD, incidents.mute_incident, IncidentItem, MuteIncident, audited_as="incident.mute",
    ),
    _post_within(
        "/v1/incidents/{id}/release", Right.PUSH_REDRIVE, incidents.release_incident, ReleasedPage, ReleaseIncident, audited_as="incident.release",
    ),
    _get("/v1/packages", Right.VIEW, packages.list_packages, PackagePage, PackageQuery),
    _post("/v1/packages/decide", Right.ORDER_SYNC, packages.decide_packages, asks.Results, DecidePackages),
    _post("/v1/acknowledge", Right.ORDER_SYNC, packages.acknowledge, asks.Results, Acknowledge),
    _post("/v1/cancel", Right.CANCEL_REQUEST, packages.cancel, asks.Results, CancelOrders),
    _get("/v1/operations", Right.VIEW, operations.list_operations, OperationPage, OperationQuery),
    _get("/v1/operations/retry", Right.VIEW, operations.count_failed_operations, asks.Matching, FailedOperations),
    _get("/v1/operations/{id}", Right.VIEW, operations.show_operation, OperationDetail),
    _post("/v1/operations/retry", Right.PUSH_REDRIVE, operations.retry_operations, Retried, RetryOperations),
)  # fmt: skip
"""Every route there is. What stands here without a permission is a start-up error (route.check_table)."""
