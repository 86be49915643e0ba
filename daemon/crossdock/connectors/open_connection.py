"""An open connection: typed, guarded calls of its connector's hooks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from crossdock.connectors import answered, calls, strict_json, webhooks
from crossdock.connectors.deadlines import Deadlines
from crossdock.connectors.exchange import ExchangeCalls
from crossdock.spec.errors import (
    AuthFailed,
    ConfigError,
    ConnectorError,
    ContractError,
    PluginStuck,
    PluginTimeout,
    Rejected,
    Retryable,
    UnknownOutcome,
    Unsupported,
)
from crossdock.spec.orders import Order

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from crossdock.config.model import Connection
    from crossdock.connectors.calls import Hook
    from crossdock.connectors.http import BoundedHttp
    from crossdock.connectors.label_download import LabelDownload
    from crossdock.connectors.observer import Observer
    from crossdock.connectors.pace import Pace
    from crossdock.connectors.threads import Threads
    from crossdock.spec.connector import Capabilities, ConnectorType
    from crossdock.spec.orders import Page, Unreadable, Window
    from crossdock.spec.outbound import (
        CheckResult,
        Choice,
        ItemResult,
        OutboundRequest,
        PushReport,
        PushResult,
        RemoteOutbound,
    )

CLOSE_S = 5.0


class Shared:
    """Something that is done once for all who ask while it is under way; they share how it ended, too."""

    def __init__(self, errand: Callable[[], Awaitable[None]]) -> None:
        self._errand, self._lock = errand, asyncio.Lock()
        self._times = 0
        self._error: ConnectorError | None = None

    async def __call__(self) -> None:
        """Do it, or wait for the one who does. Raises what it raised."""
        seen = self._times
        async with self._lock:
            if self._times == seen:
                try:
                    await self._errand()
                    self._error = None
                except ConnectorError as error:
                    self._error = error
                self._times += 1
            if self._error is not None:
                raise self._error


class OpenConnection(ExchangeCalls):
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
        labels: LabelDownload,
        config: Connection,
        threads: Threads,
        pace: Pace | None,
        observer: Observer,
        clock: Callable[[], float],
        forget: Callable[[], object],
    ) -> None:
        self.name, self.kind, self.type_name = name, str(kind.kind), kind.name
        self.capabilities, self.hooks = capabilities, frozenset(hooks)
        self.stuck = False
        self.lookup = capabilities.max_lookup
        self._table, self._context, self._http, self._labels = hooks, context, http, labels
        self._times, self._threads, self._pace, self._forget = config.timeouts, threads, pace, forget
        self._observer, self._clock = observer, clock
        self._opening, self._refreshing = Shared(self._open), Shared(self._refresh)
        self._opened = self._closed = False
        self._deadlines: dict[float, Deadlines] = {}
        reader = hooks.get("read_order")
        self._read = None if reader is None else reader.function
        self.parse_webhook = webhooks.parser(hooks.get("parse_webhook"), name)
        self.verify_webhook = webhooks.verifier(hooks.get("verify_webhook"))

    @property
    def settings(self) -> Any:
        """The connector's own settings, decoded."""
        return self._context.settings

    async def call(self, hook: str, timeout_s: float, **given: Any) -> Any:
        """Call a hook with what it takes of `given`. Raises ConnectorError."""
        found = self._table.get(hook)
        if found is None:
            raise Unsupported(f"the connector of {self.name} has no {hook}")
        if self.stuck or (not self._opened and hook not in ("open", "close")):
            await self._make_ready(found)
        if self._pace is not None and hook != "close":
            await self._pace.turn()
        given["ctx"] = self._context
        deadlines = self._deadlines.get(timeout_s) or self._deadlines.setdefault(timeout_s, Deadlines(timeout_s))
        started = self._clock()
        try:
            result = await calls.call(found, self.name, self._threads, deadlines, self._times.cancel_grace_s, given)
        except ConnectorError as error:
            self.stuck = self.stuck or isinstance(error, PluginStuck)
            if isinstance(error, AuthFailed):
                self.forget_secrets()
            self._observer.failed(self.name, hook, self._clock() - started, error)
            raise
        self._observer.succeeded(self.name, hook, self._clock() - started)
        return result

    def forget_secrets(self) -> None:
        """Have the connection's secrets read anew: their sources may hold others by now."""
        self._context.forget_secrets()

    async def _make_ready(self, hook: Hook) -> None:
        """Open before the first call. What hinders that is no answer to the call, of which nothing was sent."""
        try:
            if self.stuck:
                raise PluginStuck(f"the connector of {self.name} is stuck; restart the daemon to use it again")  # noqa: TRY301 - judged below like one from open
            await self.open()
        except (Retryable, AuthFailed, ConfigError):
            raise
        except PluginStuck as error:
            if hook.write:  # PluginStuck from a write says that it may have been sent
                raise ConfigError(f"{error.message}; nothing was sent") from None
            raise
        except ConnectorError as error:
            if not hook.write and not isinstance(error, Rejected | Unsupported):
                raise
            passing = isinstance(error, PluginTimeout | UnknownOutcome)
            text = f"{self.name} could not be opened: {error.message}; nothing was sent"
            raise Retryable(text, setup=not passing, detail=error.detail) from None

    async def open(self) -> None:
        """Get the connector ready; it is called by itself before the first call, and all others wait for it."""
        if not self._opened:
            await self._opening()

    async def _open(self) -> None:
        if self._closed:
            raise Retryable(f"{self.name} is closed; nothing was sent")
        if "open" in self.hooks:
            await self.call("open", self._times.check_s)
        self._opened = True

    async def close(self) -> None:
        """Let go of everything; never raises for what the connector does. A second time it does nothing."""
        if self._closed:
            return
        opened, self._opened, self._closed = self._opened, False, True
        try:
            if "close" in self.hooks and opened and not self.stuck:
                await self.call("close", CLOSE_S)
        except ConnectorError as error:
            self._context.log.warning("closing failed: %s", error)
        finally:
            self._forget()
            self._threads.close()
            for deadlines in self._deadlines.values():
                deadlines.close()
            await self._labels.close()
            if self._http is not None:
                await self._http.close()

    async def check(self) -> CheckResult:
        """Ask whether the remote system accepts us."""
        result: CheckResult = await self.call("check", self._times.check_s)
        return answered.sound_check(result, f"check of {self.name}")

    async def refresh_auth(self) -> None:
        """Renew the credentials; callers that come meanwhile share one renewal and how it ended."""
        await self._refreshing()

    async def _refresh(self) -> None:
        self.forget_secrets()
        await self.call("refresh_auth", self._times.check_s)

    async def fetch_orders(self, window: Window, cursor: str | None, limit: int) -> Page:
        """Return one page; an order with values of wrong types stands among its unreadable ones."""
        page = await self.call("fetch_orders", self._times.fetch_s, window=window, cursor=cursor, limit=limit)
        return answered.sound_page(page, f"fetch_orders of {self.name}")

    def read_order(self, raw: bytes) -> Order:
        """Decode a slice. Raises ValueError for bytes that are no order, also for a repeated key."""
        if self._read is None:
            raise ContractError(f"{self.name} returns slices of orders, but its connector has no read_order")
        strict_json.refuse_repeated_keys(raw)
        try:
            order = self._read(raw)
        except ValueError:
            raise
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            raise ValueError(f"read_order of {self.name} raised {type(error).__name__}") from None
        if not isinstance(order, Order):
            raise ValueError(f"read_order of {self.name} returned {type(order).__name__}, not Order")  # noqa: TRY004 - as documented
        return order

    async def get_orders(self, refs: list[str]) -> Mapping[str, Order | Unreadable | None]:
        """Return the newest data of orders; one that cannot be mapped is Unreadable, one that is gone None."""
        found = await self.call("get_orders", self._times.fetch_s, refs=refs)
        return answered.sound_orders(found, refs, f"get_orders of {self.name}")

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
        results = await self.call("push_outbound", self._times.push_s, items=items)
        return answered.sound_results(results, {item.key for item in items}, self._context.log)

    async def find_outbound(self, keys: list[str]) -> dict[str, RemoteOutbound | None]:
        """Tell what the warehouse holds; a key without an answer is a broken contract, never "absent"."""
        try:
            found = await self.call("find_outbound", self._times.push_s, keys=keys)
        except PluginTimeout:
            self.lookup = max(1, min(self.lookup, len(keys)) // 2)
            raise
        if len(keys) >= self.lookup:  # by little: each step too far costs a whole timeout
            self.lookup = min(self.capabilities.max_lookup, self.lookup + 1)
        return answered.sound_found(found, keys, self._context.log, f"find_outbound of {self.name}")
