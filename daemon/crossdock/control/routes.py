"""The one table of routes: path, types, the right it needs, and who answers."""

from __future__ import annotations

from typing import Any

from crossdock.control.handlers import actions, connections, daemon, entries, orders, packages, tasks
from crossdock.control.permissions import PUBLIC, Permission, Right
from crossdock.control.records import asks
from crossdock.control.records.book import AutoPush, Removed
from crossdock.control.records.daemon import (
    Checked,
    Choices,
    ConnectionItem,
    Connections,
    DatabaseInfo,
    PauseConnection,
    Plugins,
    QuarantinePage,
    Reloaded,
    RetryQuarantine,
    Status,
    Verdict,
)
from crossdock.control.records.orders import ExplainQuery, Explanation, OrderDetail, OrderPage, OrderQuery
from crossdock.control.records.packages import CancelOrders, DecidePackages, PackagePage, PackageQuery
from crossdock.control.records.tasks import TaskItem, TaskPage, TaskResultPage
from crossdock.control.route import Nothing, Route
from crossdock.rules.book import AllocationRule, Mapping, PushStrategy, Warehouse


def _get(path: str, permission: Permission, handler: Any, answer: Any, query: Any = Nothing) -> Route:
    return Route(method="GET", path=path, permission=permission, handler=handler, answer=answer, query=query)


def _post(path: str, permission: Permission, handler: Any, answer: Any, body: Any = None) -> Route:
    return Route(method="POST", path=path, permission=permission, handler=handler, answer=answer, body=body)


def _put(path: str, permission: Permission, handler: Any, both: Any) -> Route:
    return Route(method="PUT", path=path, permission=permission, handler=handler, answer=both, body=both)


def _delete(path: str, permission: Permission, handler: Any) -> Route:
    return Route(
        method="DELETE", path=path, permission=permission, handler=handler, answer=Removed, query=entries.RevisionQuery
    )


TABLE: tuple[Route, ...] = (
    _get("/livez", PUBLIC, daemon.livez, Verdict),
    _get("/readyz", PUBLIC, daemon.readyz, Verdict),
    _get("/healthz", Right.VIEW, daemon.healthz, dict[str, Any]),
    _get("/metrics", Right.VIEW, daemon.metrics, str),
    _get("/v1/status", Right.VIEW, daemon.status, Status),
    _get("/v1/orders", Right.VIEW, orders.list_orders, OrderPage, OrderQuery),
    _get("/v1/orders/{connection}/{ref}", Right.VIEW, orders.show_order, OrderDetail),
    _get("/v1/explain", Right.VIEW, orders.explain_order, Explanation, ExplainQuery),
    _post("/v1/obtain", Right.ORDER_PULL, actions.obtain, asks.Queued, asks.Obtain),
    _post("/v1/sync", Right.ORDER_SYNC, actions.sync, asks.Queued, asks.Sync),
    _post("/v1/push", Right.PUSH_MANUAL, actions.push, asks.Results, asks.ForOrders),
    _post("/v1/hold", Right.ORDER_HOLD, actions.hold, asks.Results, asks.HoldOrders),
    _post("/v1/release", Right.ORDER_HOLD, actions.release, asks.Results, asks.ForOrders),
    _post("/v1/settle", Right.PUSH_SETTLE, actions.settle, asks.Results, asks.SettleOrder),
    _post("/v1/redrive", Right.PUSH_REDRIVE, actions.redrive, asks.Results, asks.Redrive),
    _get("/v1/strategies", Right.VIEW, entries.list_strategies, entries.StrategyList, entries.EntryQuery),
    _get("/v1/strategies/{name}", Right.VIEW, entries.show_strategy, PushStrategy),
    _put("/v1/strategies/{name}", Right.STRATEGY_EDIT, entries.save_strategy, PushStrategy),
    _delete("/v1/strategies/{name}", Right.STRATEGY_EDIT, entries.remove_strategy),
    _get("/v1/warehouses", Right.VIEW, entries.list_warehouses, entries.WarehouseList, entries.EntryQuery),
    _get("/v1/warehouses/{code}", Right.VIEW, entries.show_warehouse, Warehouse),
    _put("/v1/warehouses/{code}", Right.STRATEGY_EDIT, entries.save_warehouse, Warehouse),
    _delete("/v1/warehouses/{code}", Right.STRATEGY_EDIT, entries.remove_warehouse),
    _post("/v1/warehouses/{code}/auto-push", Right.AUTOPUSH_TOGGLE, entries.switch_auto_push, Warehouse, AutoPush),
    _get("/v1/allocation", Right.VIEW, entries.list_allocation, entries.AllocationList, entries.EntryQuery),
    _get("/v1/allocation/{position}", Right.VIEW, entries.show_allocation, AllocationRule),
    _put("/v1/allocation/{position}", Right.STRATEGY_EDIT, entries.save_allocation, AllocationRule),
    _delete("/v1/allocation/{position}", Right.STRATEGY_EDIT, entries.remove_allocation),
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
    _post("/v1/quarantine/retry", Right.ORDER_SYNC, daemon.retry_quarantine, asks.Queued, RetryQuarantine),
    _post("/v1/reload", Right.CONNECTION_ADMIN, daemon.reload, Reloaded),
    _get("/v1/db", Right.VIEW, daemon.database, DatabaseInfo),
    _get("/v1/packages", Right.VIEW, packages.list_packages, PackagePage, PackageQuery),
    _post("/v1/packages/decide", Right.ORDER_SYNC, packages.decide_packages, asks.Results, DecidePackages),
    _post("/v1/acknowledge", Right.ORDER_SYNC, packages.acknowledge, asks.Results, asks.ForOrders),
    _post("/v1/cancel", Right.CANCEL_REQUEST, packages.cancel, asks.Results, CancelOrders),
)  # fmt: skip
"""Every route there is. What stands here without a permission is a start-up error (route.check_table)."""
