"""The receiver over real HTTP: what is not genuine, fresh or small changes nothing, and a flood is bounded."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from crossdock.config.model import Webhooks, WebhookSource
from crossdock.control.webhook_receiver import WebhookReceiver
from crossdock.env import Env
from crossdock.rules.webhooks import ID, SIGNATURE, TIMESTAMP, sign
from crossdock.spec.webhooks import Hint, Subject
from crossdock.store import migrate, sqlite, webhooks
from crossdock.store.store import Store

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
pytestmark = pytest.mark.security("S11")


class StillEnv(Env):
    """A clock that stands still, so that a bucket is not filled while a test runs."""

    time = NOW

    def now(self):
        return self.time

    def monotonic(self):
        return (self.time - NOW).total_seconds()


class Shop:
    """A connection that reads webhooks whose body is the reference of an order."""

    verify_webhook = None

    def parse_webhook(self, headers, body):
        if body == b"nonsense":
            raise ValueError("it is none")
        return [Hint(Subject.ORDER, body[:20].decode())]


class Odd(Shop):
    """A connection whose webhooks are signed in a way of their own."""

    def verify_webhook(self, headers, body, secret, now):
        return headers.get("x-id") if headers.get("x-odd") == secret else None


class World:
    def __init__(self, store, **config):
        self.env, self.store = StillEnv(seed=1), store
        self.hints, self.counts, self.secrets = [], Counter(), ["new", "old"]
        names = {"shop": WebhookSource(secrets=("a",)), "odd": WebhookSource(secrets=("a",))}
        values = {"per_peer_per_s": 10_000, "per_s": 10_000, "connections": names, **config}
        self.receiver = WebhookReceiver(
            Webhooks(**values), self.env, store, {"shop": Shop(), "odd": Odd(), "other": Shop()},
            self.live, lambda name, hints: self.hints.extend(hint.ref for hint in hints),
            lambda name, verdict: self.counts.update([verdict]),
        )  # fmt: skip

    def live(self, _name):
        if not self.secrets:
            raise LookupError("there is no such secret")
        return self.secrets

    async def post(self, body=b"O-1", *, to="shop", secret="new", name="msg_1", at=NOW, headers=None, data=None):
        seconds = int(at.timestamp())
        sent = {ID: name, TIMESTAMP: str(seconds), SIGNATURE: sign(secret, name, seconds, body), **(headers or {})}
        async with (
            aiohttp.ClientSession() as session,
            session.post(
                f"http://127.0.0.1:{self.receiver.port}/hooks/{to}", data=body if data is None else data, headers=sent
            ) as answer,
        ):
            return answer.status

    async def until(self, **counts):
        async with asyncio.timeout(20):
            while any(self.counts[verdict] < count for verdict, count in counts.items()):
                await asyncio.sleep(0.005)


@pytest.fixture
async def make(tmp_path):
    database = sqlite.connect(str(tmp_path / "crossdock.db"))
    database.connect()
    migrate.migrate(database)
    database.close()
    store = Store(database, Env(seed=1))
    made = []

    async def start(**config):
        made.append(World(store, **config))
        await made[-1].receiver.start("127.0.0.1", 0)
        return made[-1]

    yield start
    for world in made:
        await world.receiver.stop()
    store.close()


async def test_a_genuine_one_is_a_hint(make):
    world = await make()
    assert await world.post() == 202
    await world.until(taken=1)
    assert world.hints == ["O-1"]


async def test_both_live_secrets_are_good(make):
    world = await make()
    assert [await world.post(secret="old", name="a"), await world.post(secret="new", name="b")] == [202, 202]
    assert await world.post(secret="older", name="c") == 401


async def test_a_replayed_one_changes_nothing_also_after_a_restart(make):
    first = await make()
    await first.post()
    await first.post()
    await first.until(taken=1, replayed=1)
    second = await make()
    assert await second.post() == 202
    await second.until(replayed=1)
    assert (first.hints, second.hints) == (["O-1"], [])


async def test_the_id_of_one_connection_is_not_that_of_another(make):
    world = await make()
    await world.post()
    await world.post(to="odd", headers={"x-odd": "new", "x-id": "msg_1"})
    await world.until(taken=2)


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        ({"secret": "wrong"}, "forged"),
        ({"data": b"O-2"}, "forged"),
        ({"data": b"O-1 "}, "forged"),
        ({"at": NOW - timedelta(minutes=6)}, "skewed"),
        ({"at": NOW + timedelta(minutes=6)}, "skewed"),
        ({"headers": {ID: ""}}, "unsigned"),
        ({"headers": {TIMESTAMP: ""}}, "unsigned"),
        ({"headers": {SIGNATURE: ""}}, "unsigned"),
    ],
)
async def test_one_that_is_not_genuine_and_fresh_is_refused_counted_and_logged_without_its_body(
    make, caplog, given, verdict
):
    world = await make()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert await world.post(**given) == 401
    assert (world.hints, world.counts) == ([], {verdict: 3})
    assert len([record for record in caplog.records if verdict in record.getMessage()]) == 1
    assert "O-1" not in caplog.text
    assert await world.store.read(lambda tx: tx.one("SELECT COUNT(*) FROM webhook_ids")) == (0,)


async def test_a_way_of_signing_of_its_own_is_the_connectors_to_check(make):
    world = await make()
    assert await world.post(to="odd", headers={"x-odd": "old", "x-id": "7"}) == 202
    assert await world.post(to="odd", headers={"x-odd": "wrong", "x-id": "8"}) == 401
    assert await world.post(to="odd") == 401
    await world.until(taken=1)


@pytest.mark.parametrize("to", ["nobody", "other"])
async def test_one_of_a_connection_that_takes_none_is_not_found(make, to):
    world = await make()
    assert await world.post(to=to) == 404


async def test_a_secret_that_cannot_be_read_lets_nothing_in(make):
    world = await make()
    world.secrets = []
    assert await world.post() == 401
    assert world.hints == []


async def test_one_that_cannot_be_read_is_taken_and_changes_nothing(make):
    world = await make()
    assert await world.post(b"nonsense") == 202
    await world.until(unreadable=1)
    assert world.hints == []


async def test_a_fault_of_our_own_about_one_does_not_end_the_receiver(make):
    world = await make()
    hinted, world.receiver._hinted = world.receiver._hinted, lambda name, hints: {}["a bug"]
    await world.post(name="a")
    async with asyncio.timeout(20):
        while await world.store.read(lambda tx: tx.one("SELECT COUNT(*) FROM webhook_ids")) != (1,):
            await asyncio.sleep(0.005)
    world.receiver._hinted = hinted
    await world.post(name="b")
    await world.until(taken=1)
    assert world.hints == ["O-1"]


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_that_is_too_long_is_not_read(make, chunked):
    world = await make(max_body_bytes=1024)

    async def pieces():
        for _ in range(64):
            yield b"x" * 1024

    body = b"x" * 65_536
    assert await world.post(body, data=pieces() if chunked else None) == 413
    assert world.counts == {"too_large": 1}


async def test_a_body_that_does_not_arrive_is_not_waited_for(make):
    world = await make(read_s=0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", world.receiver.port)
    writer.write(b"POST /hooks/shop HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nO")
    answer = await asyncio.wait_for(reader.readline(), 20)
    writer.close()
    assert b" 408 " in answer


@pytest.mark.behaviour("P9")
async def test_a_flood_is_refused_beyond_its_bound_and_what_was_let_in_is_used(make):
    world = await make(per_peer_per_s=20, per_s=1000)
    async with aiohttp.ClientSession() as session:

        async def one(number):
            name, seconds, body = f"msg_{number}", int(NOW.timestamp()), f"O-{number}".encode()
            headers = {ID: name, TIMESTAMP: str(seconds), SIGNATURE: sign("new", name, seconds, body)}
            url = f"http://127.0.0.1:{world.receiver.port}/hooks/shop"
            async with session.post(url, data=body, headers=headers) as answer:
                return answer.status, answer.headers.get("Retry-After")

        said = Counter(await asyncio.gather(*(one(n) for n in range(500))))
    assert said == {(202, None): 20, (429, "1"): 480}
    await world.until(taken=20, too_many=480)
    assert len(world.hints) == 20


async def test_behind_a_proxy_each_sender_has_a_bound_of_its_own_by_the_address_that_the_proxy_saw(make):
    world = await make(per_peer_per_s=1, behind_proxy=True)
    sent = ["1.1.1.1", "2.2.2.2", "9.9.9.9, 1.1.1.1", "3.3.3.3"]
    said = [await world.post(name=f"m{n}", headers={"X-Forwarded-For": peer}) for n, peer in enumerate(sent)]
    assert said == [202, 202, 429, 202]


async def test_ids_are_forgotten_after_a_day(make):
    world = await make()
    await world.store.write(webhooks.remember, [("shop", "old")], 1000)
    await world.store.write(webhooks.remember, [("shop", "new")], 5000)
    assert await world.store.write(webhooks.forget, 4000) == 1
    assert await world.store.write(webhooks.remember, [("shop", "old"), ("shop", "new")], 6000) == [True, False]
