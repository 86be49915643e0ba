"""Records and a plain HTTP client for the sandboxes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import aiohttp
import msgspec
import pytest

from crossdock.spec.orders import Order, OrderLine, OrderStatus
from crossdock.spec.outbound import OutboundLine, OutboundRequest

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Client:
    """Calls a sandbox as a stranger would; what it gets back is (status, body decoded or None, headers)."""

    def __init__(self, session, sandbox):
        self.session, self.sandbox = session, sandbox

    async def call(self, method, path, body=None, **headers):
        headers = {"Authorization": f"Bearer {self.sandbox.token}", "Idempotency-Key": "k", **headers}
        headers = {"Content-Type": "application/json", **headers} if body is not None else headers
        data = body if isinstance(body, bytes | None) else msgspec.json.encode(body)
        async with self.session.request(method, self.sandbox.url + path, data=data, headers=headers) as answer:
            content = await answer.read()
            return (
                answer.status,
                msgspec.json.decode(content) if content[:1] in b"{[" and content else None,
                answer.headers,
            )

    async def get(self, path, **headers):
        return await self.call("GET", path, **headers)

    async def post(self, path, body, **headers):
        return await self.call("POST", path, body, **headers)


@pytest.fixture
async def session():
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as opened:
        yield opened


@pytest.fixture
def client(session):
    return lambda sandbox: Client(session, sandbox)


@pytest.fixture
def order():
    def made(ref="ORD-1", *, minutes=0, **fields):
        at = NOON + timedelta(minutes=minutes)
        line = OrderLine(line_no=1, sku="A", quantity=Decimal(2))
        base = Order(ref=ref, status=OrderStatus.READY_TO_SHIP, created_at=at, updated_at=at, lines=(line,))
        return msgspec.structs.replace(base, **fields)

    return made


@pytest.fixture
def request_of():
    def made(key="XD-1", *, quantity=2, **fields):
        base = OutboundRequest(
            key=key,
            order_ref=f"ORD-{key}",
            revision=1,
            warehouse="BKK-1",
            lines=(OutboundLine(line_no=1, sku="A", quantity=Decimal(quantity)),),
            ordered_at=NOON,
        )
        return msgspec.structs.replace(base, **fields)

    return made
