"""A world that is reached over a network address too, and requests to it by token."""

from __future__ import annotations

import contextlib

import aiohttp
import msgspec
from tests.control.world import ROLES
from yarl import URL

from crossdock.config.model import Control, Role, Tcp
from crossdock.control.client import Client, Remote
from crossdock.control.records.tokens import CreateToken


def control(**fields):
    """Return a configuration whose daemon listens at some free port of this machine."""
    tcp = fields.pop("tcp", None) or Tcp(listen="127.0.0.1:0")
    return Control(**{"roles": {role: Role(users=(role,)) for role in ROLES}, "tcp": tcp, **fields})


async def make_token(world, user, *roles, **fields):
    """Make a token over the socket; return its text."""
    async with world.client() as client:
        made = await client.create_token(CreateToken(user=user, roles=roles or ("viewer",), **fields))
    return made.token


def remote(world, token, **fields):
    """Return a client over the network."""
    values = {"url": f"http://127.0.0.1:{world.api.network.port}", "token": token, **fields}
    return Client(Remote(**values))


@contextlib.asynccontextmanager
async def requests(world, token=None):
    """Send any request; what comes back is (status, body decoded where it is JSON, headers)."""
    base = f"http://127.0.0.1:{world.api.network.port}"
    async with aiohttp.ClientSession() as session:

        async def sent(method, path, body=None, *, shown=token, begun=False, headers=None):
            given = {} if shown is None else {"Authorization": f"Bearer {shown}"}
            data = body if body is None or isinstance(body, bytes) else msgspec.json.encode(body)
            url = URL(base + path, encoded=True)
            async with session.request(method, url, data=data, headers={**given, **(headers or {})}) as answer:
                content = b"" if begun and answer.status == 200 else await answer.read()
                decoded = msgspec.json.decode(content) if "json" in answer.content_type else content
                return answer.status, decoded, answer.headers

        yield sent
