"""The client of the control API, shared by the command line and the terminal dashboard.

It knows the records and the spec, nothing else of the daemon. What it returns may hold what strangers wrote: whoever
shows it cleans it first (spec.text.clean).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import quote, urlencode

import aiohttp
import msgspec
from yarl import URL

from crossdock.control.records.asks import (
    ForOrders,
    HoldOrders,
    Obtain,
    Queued,
    Redrive,
    Results,
    SettleOrder,
    Sync,
)
from crossdock.control.records.base import Problem
from crossdock.control.records.book import (
    Allocation,
    AllocationPage,
    AutoPush,
    Mapping,
    MappingPage,
    Removed,
    Strategy,
    StrategyPage,
    Warehouse,
    WarehousePage,
)
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
)
from crossdock.control.records.orders import Explanation, OrderDetail, OrderPage, OrderRef
from crossdock.control.records.tasks import TaskItem, TaskPage, TaskResultPage
from crossdock.spec.text import clean

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from types import TracebackType

T = TypeVar("T")

TIMEOUT_S = 60.0
"""Longest wait for one answer; the daemon itself gives up earlier."""


class Unreachable(Exception):
    """No daemon can be talked to at the socket; the message says which, and what to do."""


class Refusal(Exception):
    """The daemon did not do it. The message is its sentence, fit for a terminal; `code` is for programs."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(clean(problem.detail))
        self.problem = problem

    @property
    def code(self) -> str:
        """What kind of refusal it is."""
        return self.problem.code

    @property
    def again_at(self) -> datetime | None:
        """When it may be asked again, where that is known."""
        return self.problem.again_at


class Client:
    """Talks to one daemon over its Unix socket: `async with Client(path) as client`. Calls raise Unreachable, Refusal."""

    def __init__(self, socket: str) -> None:
        self.socket = socket
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        """Get ready; nothing is connected yet."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.UnixConnector(self.socket, limit=20),
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def call(self, method: str, path: str, answer: type[T], body: object = None, **query: object) -> T:
        """Call a route. `path` is encoded already; parameters that are None are left out."""
        raw, status = await self._exchange(method, path, body, query)
        if status >= 400:
            raise Refusal(_problem(raw, status))
        try:
            return msgspec.json.decode(raw, type=answer)
        except msgspec.DecodeError as error:
            raise Unreachable(
                f"what answers at {self.socket} is no crossdock daemon of this version ({error}); are both the same?"
            ) from None

    async def _exchange(self, method: str, path: str, body: object, query: dict[str, object]) -> tuple[bytes, int]:
        assert self._session is not None  # used as a context
        given = urlencode({name: value for name, value in query.items() if value is not None}, quote_via=quote)
        url = URL(f"http://crossdock{path}" + (f"?{given}" if given else ""), encoded=True)
        data = None if body is None else msgspec.json.encode(body)
        headers = {"Content-Type": "application/json"} if data is not None else None
        try:
            async with self._session.request(method, url, data=data, headers=headers) as answer:
                return await answer.read(), answer.status
        except PermissionError:
            raise Unreachable(self._not_allowed()) from None
        except aiohttp.ClientConnectorError as error:
            raise Unreachable(self._not_there(error)) from None
        except (aiohttp.ClientError, TimeoutError) as error:
            text = f"the daemon at {self.socket} did not answer to the end ({type(error).__name__}); ask again"
            raise Unreachable(text) from None

    def _not_there(self, error: aiohttp.ClientConnectorError) -> str:
        if isinstance(error.os_error, PermissionError):
            return self._not_allowed()
        return (
            f"no crossdock daemon answers at {self.socket}; start it with `systemctl start crossdock` or "
            "`crossdock run`, or name another socket with --socket"
        )

    def _not_allowed(self) -> str:
        return f"you may not use the socket {self.socket}; become a member of its group (ls -l {self.socket})"

    async def status(self) -> Status:
        """How the daemon is."""
        return await self.call("GET", "/v1/status", Status)

    async def orders(self, **query: object) -> OrderPage:
        """List orders; the parameters are OrderQuery's."""
        return await self.call("GET", "/v1/orders", OrderPage, **query)

    async def order(self, connection: str, ref: str) -> OrderDetail:
        """Show one order."""
        return await self.call("GET", f"/v1/orders/{_part(connection)}/{_part(ref)}", OrderDetail)

    async def explain(self, order: str, connection: str | None = None) -> Explanation:
        """Explain one order, by its reference or number."""
        return await self.call("GET", "/v1/explain", Explanation, order=order, connection=connection)

    async def obtain(self, connection: str, warehouse: str) -> Queued:
        """Fetch new orders and queue what a strategy of the warehouse matches."""
        return await self.call("POST", "/v1/obtain", Queued, Obtain(connection=connection, warehouse=warehouse))

    async def sync(self, connection: str, refs: Sequence[str]) -> Queued:
        """Fetch chosen orders again."""
        return await self.call("POST", "/v1/sync", Queued, Sync(connection=connection, refs=tuple(refs)))

    async def push(self, orders: Sequence[OrderRef]) -> Results:
        """Push chosen orders by hand."""
        return await self.call("POST", "/v1/push", Results, ForOrders(orders=tuple(orders)))

    async def hold(self, orders: Sequence[OrderRef], reason: str) -> Results:
        """Hold chosen orders."""
        return await self.call("POST", "/v1/hold", Results, HoldOrders(orders=tuple(orders), reason=reason))

    async def release(self, orders: Sequence[OrderRef]) -> Results:
        """Release chosen orders."""
        return await self.call("POST", "/v1/release", Results, ForOrders(orders=tuple(orders)))

    async def settle(self, settlement: SettleOrder) -> Results:
        """Settle a push in doubt by hand."""
        return await self.call("POST", "/v1/settle", Results, settlement)

    async def redrive(self, wanted: Redrive) -> Results:
        """Send failed orders again."""
        return await self.call("POST", "/v1/redrive", Results, wanted)

    async def strategies(self, after: str | None = None) -> StrategyPage:
        """List the push strategies."""
        return await self.call("GET", "/v1/strategies", StrategyPage, after=after)

    async def strategy(self, name: str) -> Strategy:
        """Show one push strategy."""
        return await self.call("GET", f"/v1/strategies/{_part(name)}", Strategy)

    async def save_strategy(self, strategy: Strategy) -> Strategy:
        """Save a push strategy at the revision that was read."""
        return await self.call("PUT", f"/v1/strategies/{_part(strategy.name)}", Strategy, strategy)

    async def remove_strategy(self, name: str, revision: int) -> Removed:
        """Remove a push strategy."""
        return await self.call("DELETE", f"/v1/strategies/{_part(name)}", Removed, revision=revision)

    async def warehouses(self, after: str | None = None) -> WarehousePage:
        """List the warehouses."""
        return await self.call("GET", "/v1/warehouses", WarehousePage, after=after)

    async def warehouse(self, code: str) -> Warehouse:
        """Show one warehouse."""
        return await self.call("GET", f"/v1/warehouses/{_part(code)}", Warehouse)

    async def save_warehouse(self, warehouse: Warehouse) -> Warehouse:
        """Save a warehouse at the revision that was read."""
        return await self.call("PUT", f"/v1/warehouses/{_part(warehouse.code)}", Warehouse, warehouse)

    async def remove_warehouse(self, code: str, revision: int) -> Removed:
        """Remove a warehouse."""
        return await self.call("DELETE", f"/v1/warehouses/{_part(code)}", Removed, revision=revision)

    async def switch_auto_push(self, code: str, revision: int, *, on: bool) -> Warehouse:
        """Switch a warehouse's auto push."""
        body = AutoPush(on=on, revision=revision)
        return await self.call("POST", f"/v1/warehouses/{_part(code)}/auto-push", Warehouse, body)

    async def allocation(self, after: str | None = None) -> AllocationPage:
        """List the allocation rules."""
        return await self.call("GET", "/v1/allocation", AllocationPage, after=after)

    async def allocation_rule(self, position: int) -> Allocation:
        """Show one allocation rule."""
        return await self.call("GET", f"/v1/allocation/{position}", Allocation)

    async def save_allocation(self, rule: Allocation) -> Allocation:
        """Save an allocation rule at the revision that was read."""
        return await self.call("PUT", f"/v1/allocation/{rule.position}", Allocation, rule)

    async def remove_allocation(self, position: int, revision: int) -> Removed:
        """Remove an allocation rule."""
        return await self.call("DELETE", f"/v1/allocation/{position}", Removed, revision=revision)

    async def mappings(
        self, warehouse: str | None = None, kind: str | None = None, after: str | None = None
    ) -> MappingPage:
        """List the mappings."""
        return await self.call("GET", "/v1/mappings", MappingPage, warehouse=warehouse, kind=kind, after=after)

    async def mapping(self, warehouse: str, kind: str, ours: str) -> Mapping:
        """Show one mapping."""
        return await self.call("GET", _mapping(warehouse, kind, ours), Mapping)

    async def save_mapping(self, mapping: Mapping) -> Mapping:
        """Save a mapping at the revision that was read."""
        return await self.call("PUT", _mapping(mapping.warehouse, mapping.kind, mapping.ours), Mapping, mapping)

    async def remove_mapping(self, warehouse: str, kind: str, ours: str, revision: int) -> Removed:
        """Remove a mapping."""
        return await self.call("DELETE", _mapping(warehouse, kind, ours), Removed, revision=revision)

    async def tasks(self, **query: object) -> TaskPage:
        """List sync tasks; the parameters are state, after, limit."""
        return await self.call("GET", "/v1/tasks", TaskPage, **query)

    async def task(self, number: int) -> TaskItem:
        """Show one sync task."""
        return await self.call("GET", f"/v1/tasks/{number}", TaskItem)

    async def task_results(self, number: int, after: int | None = None, limit: int | None = None) -> TaskResultPage:
        """List what a task did about each order."""
        return await self.call("GET", f"/v1/tasks/{number}/items", TaskResultPage, after=after, limit=limit)

    async def cancel_task(self, number: int) -> TaskItem:
        """Cancel a task that has not started."""
        return await self.call("POST", f"/v1/tasks/{number}/cancel", TaskItem)

    async def connections(self) -> Connections:
        """List the connections."""
        return await self.call("GET", "/v1/connections", Connections)

    async def pause(self, connection: str, reason: str) -> ConnectionItem:
        """Leave a connection alone."""
        body = PauseConnection(reason=reason)
        return await self.call("POST", f"/v1/connections/{_part(connection)}/pause", ConnectionItem, body)

    async def resume(self, connection: str) -> ConnectionItem:
        """Let a connection go on."""
        return await self.call("POST", f"/v1/connections/{_part(connection)}/resume", ConnectionItem)

    async def check(self, connection: str) -> Checked:
        """Ask a remote system whether it accepts the daemon."""
        return await self.call("POST", f"/v1/connections/{_part(connection)}/check", Checked)

    async def choices(self, connection: str, what: str) -> Choices:
        """List what a remote system offers now: shops, logistics or warehouses."""
        return await self.call("GET", f"/v1/connections/{_part(connection)}/{what}", Choices)

    async def plugins(self) -> Plugins:
        """List the plugins that the configuration allows."""
        return await self.call("GET", "/v1/plugins", Plugins)

    async def quarantine(self, **query: object) -> QuarantinePage:
        """List records that could not be read; the parameters are after, limit."""
        return await self.call("GET", "/v1/quarantine", QuarantinePage, **query)

    async def retry_quarantine(self, connection: str, refs: Sequence[str] = ()) -> Queued:
        """Fetch records again that could not be read."""
        body = RetryQuarantine(connection=connection, refs=tuple(refs))
        return await self.call("POST", "/v1/quarantine/retry", Queued, body)

    async def reload(self) -> Reloaded:
        """Have the daemon read its configuration again. A configuration that was refused is an answer, not an error."""
        raw, status = await self._exchange("POST", "/v1/reload", None, {})
        if status not in (200, 422):
            raise Refusal(_problem(raw, status))
        return msgspec.json.decode(raw, type=Reloaded)

    async def database(self) -> DatabaseInfo:
        """Show the database of the running daemon."""
        return await self.call("GET", "/v1/db", DatabaseInfo)


def _problem(raw: bytes, status: int) -> Problem:
    try:
        return msgspec.json.decode(raw, type=Problem)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Problem(title="error", status=status, code="unknown", detail=f"the daemon answered with status {status}")


def _part(text: Any) -> str:
    """Encode one part of a path, so that no character of it means anything there."""
    return quote(str(text), safe="")


def _mapping(warehouse: str, kind: str, ours: str) -> str:
    return f"/v1/mappings/{_part(warehouse)}/{_part(kind)}/{_part(ours)}"
