"""An open connection: typed, guarded calls of its connector's hooks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from crossdock.connectors import calls, strict_json
from crossdock.spec.errors import ConnectorError, ContractError, PluginStuck, Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import ThreadPoolExecutor

    from crossdock.config.model import Connection
    from crossdock.connectors.calls import Hook
    from crossdock.connectors.http import BoundedHttp
    from crossdock.spec.connector import Capabilities, ConnectorType
    from crossdock.spec.orders import Order, Page, Window
    from crossdock.spec.outbound import (
        CheckResult,
        Choice,
        ItemResult,
        OutboundRequest,
        PushReport,
        PushResult,
        RemoteOutbound,
    )

OPEN_S = 10.0
CLOSE_S = 5.0


class OpenConnection:
    """Calls the hooks of one connection. Every call raises ConnectorError only, and ends within its time."""

    def __init__(
        self,
        *,
        name: str,
        kind: ConnectorType,
        capabilities: Capabilities,
        hooks: dict[str, Hook],
        context: Any,
        http: BoundedHttp | None,
        config: Connection,
        pool: ThreadPoolExecutor,
        forget: Callable[[], object],
    ) -> None:
        self.name, self.kind, self.type_name = name, str(kind.kind), kind.name
        self.capabilities, self.hooks = capabilities, frozenset(hooks)
        self.stuck = False
        self._table, self._context, self._http = hooks, context, http
        self._times, self._pool, self._forget = config.timeouts, pool, forget
        self._refreshing = asyncio.Lock()
        self._refreshed = 0
        self._opened = False
        reader = hooks.get("read_order")
        self._read = None if reader is None else reader.function

    async def call(self, hook: str, timeout_s: float, **given: Any) -> Any:
        """Call a hook with what it takes of `given`. Raises ConnectorError."""
        found = self._table.get(hook)
        if found is None:
            raise Unsupported(f"the connector of {self.name} has no {hook}")
        if self.stuck:
            raise PluginStuck(f"the connector of {self.name} is stuck; restart the daemon to use it again")
        if not self._opened and hook not in ("open", "close"):
            await self.open()
        given["ctx"] = self._context
        try:
            return await calls.call(found, self.name, self._pool, timeout_s, self._times.cancel_grace_s, given)
        except PluginStuck:
            self.stuck = True
            raise

    async def open(self) -> None:
        """Get the connector ready; it is called by itself before the first call."""
        if not self._opened:
            self._opened = True
            if "open" in self.hooks:
                try:
                    await self.call("open", OPEN_S)
                except ConnectorError:
                    self._opened = False
                    raise

    async def close(self) -> None:
        """Let go of everything; never raises for what the connector does."""
        try:
            if "close" in self.hooks and self._opened and not self.stuck:
                await self.call("close", CLOSE_S)
        except ConnectorError as error:
            self._context.log.warning("closing failed: %s", error)
        finally:
            self._forget()
            if self._http is not None:
                await self._http.close()
            self._pool.shutdown(wait=False, cancel_futures=True)

    async def check(self) -> CheckResult:
        """Ask whether the remote system accepts us."""
        result: CheckResult = await self.call("check", self._times.check_s)
        return result

    async def refresh_auth(self) -> None:
        """Renew the credentials; callers that come meanwhile share one renewal."""
        seen = self._refreshed
        async with self._refreshing:
            if self._refreshed == seen:
                await self.call("refresh_auth", self._times.check_s)
                self._refreshed += 1

    async def fetch_orders(self, window: Window, cursor: str | None, limit: int) -> Page:
        """Return one page."""
        page: Page = await self.call("fetch_orders", self._times.fetch_s, window=window, cursor=cursor, limit=limit)
        return page

    def read_order(self, raw: bytes) -> Order:
        """Decode a slice. Raises ValueError for bytes that are no order, also for a repeated key."""
        if self._read is None:
            raise ContractError(f"{self.name} returns slices of orders, but its connector has no read_order")
        strict_json.refuse_repeated_keys(raw)
        try:
            order: Order = self._read(raw)
        except ValueError:
            raise
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            raise ValueError(f"read_order of {self.name} raised {type(error).__name__}") from None
        return order

    async def get_orders(self, refs: list[str]) -> dict[str, Order | None]:
        """Return the newest data of orders."""
        found: dict[str, Order | None] = await self.call("get_orders", self._times.fetch_s, refs=refs)
        return found

    async def report_push(self, reports: list[PushReport]) -> list[ItemResult]:
        """Report what became of orders."""
        results: list[ItemResult] = await self.call("report_push", self._times.push_s, reports=reports)
        return results

    async def list_shops(self) -> list[Choice]:
        """List shops."""
        return await self._list("list_shops")

    async def list_logistics(self) -> list[Choice]:
        """List carriers."""
        return await self._list("list_logistics")

    async def list_warehouses(self) -> list[Choice]:
        """List warehouses."""
        return await self._list("list_warehouses")

    async def _list(self, hook: str) -> list[Choice]:
        choices: list[Choice] = await self.call(hook, self._times.check_s)
        return choices

    async def push_outbound(self, items: list[OutboundRequest]) -> list[PushResult]:
        """Create outbound documents; results for keys that were not asked for are dropped and logged."""
        results: list[PushResult] = await self.call("push_outbound", self._times.push_s, items=items)
        keys = {item.key for item in items}
        foreign = [result.key for result in results if result.key not in keys]
        if foreign:
            self._context.log.error("push_outbound answered about keys it was not asked for: %s", foreign[:5])
        return _agreeing([result for result in results if result.key in keys])

    async def find_outbound(self, keys: list[str]) -> dict[str, RemoteOutbound | None]:
        """Tell what the warehouse holds; a key without an answer is a broken contract, never "absent"."""
        found: dict[str, RemoteOutbound | None] = await self.call("find_outbound", self._times.fetch_s, keys=keys)
        if missing := [key for key in keys if key not in found]:
            raise ContractError(
                f"find_outbound of {self.name} did not answer about {len(missing)} keys, such as {missing[0]}"
            )
        return found


def _agreeing(results: list[PushResult]) -> list[PushResult]:
    """Drop results that contradict each other about a key: it counts as not mentioned, so as unknown."""
    by_key: dict[str, PushResult] = {}
    torn: set[str] = set()
    for result in results:
        if by_key.setdefault(result.key, result) != result:
            torn.add(result.key)
    return [result for key, result in by_key.items() if key not in torn]
