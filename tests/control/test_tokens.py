"""Tokens are made once, shown once, kept by their hash, and gone when they are revoked."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta

import pytest
from tests.control.network import control, make_token, remote

from crossdock.control import tokens as keeper
from crossdock.control.client import Refusal
from crossdock.control.records.tokens import CreateToken
from crossdock.store import audit, tokens
from crossdock.store.store import StoreFull

pytestmark = pytest.mark.security("S2")


@pytest.fixture
async def world(build):
    return await build(control=control())


async def test_a_token_is_made_listed_and_revoked_and_each_is_audited(world, client):
    made = await client.create_token(
        CreateToken(user="anna", roles=("viewer", "operator", "viewer"), name="scanner", expires_days=7)
    )
    item = made.item
    assert (item.id, item.user, item.roles, item.name, item.state) == (
        1,
        "anna",
        ("operator", "viewer"),
        "scanner",
        "good",
    )
    assert item.expires_at - item.created_at == timedelta(days=7)
    assert (await client.tokens()).items == (item,)
    gone = await client.revoke_token(1)
    assert (gone.state, gone.revoked_by) == ("revoked", "admin")
    rows = await world.store.read(audit.newest, audit.Sought(object="token:1"), None, 9)
    assert [(row.action, row.result) for row in rows] == [("revoke_token", "done"), ("create_token", "done")]
    assert rows[1].reason.startswith("for anna as operator,viewer, until ")


async def test_only_the_hash_is_kept(world, client):
    made = await client.create_token(CreateToken(user="anna", roles=("viewer",)))
    (row,) = await world.store.read(lambda tx: tx.rows("SELECT * FROM tokens LIMIT 9"))
    assert bytes(row[4]) == hashlib.sha256(made.token.encode()).digest()
    secret = made.token.rsplit("_", 1)[1]
    assert not any(secret in str(value) for value in row)


async def test_two_tokens_have_nothing_in_common(client):
    one, two = [await client.create_token(CreateToken(user="anna", roles=("viewer",))) for _ in range(2)]
    assert one.token.rsplit("_", 1)[1] != two.token.rsplit("_", 1)[1]


@pytest.mark.parametrize("fields", [
    {"user": "uid 7"}, {"user": ""}, {"user": "an\u200bna"}, {"user": "x" * 61}, {"roles": ()}, {"roles": ("emperor",)},
    {"expires_days": 0}, {"expires_days": 367}, {"name": "x" * 101},
])  # fmt: skip
async def test_what_no_token_may_be_is_refused(client, fields):
    new = CreateToken(**{"user": "anna", "roles": ("viewer",), **fields})
    with pytest.raises(Refusal) as refused:
        await client.create_token(new)
    assert refused.value.code == "bad_request"


@pytest.mark.parametrize("user", ["crossdock", "CrossDock"])
async def test_nobody_acts_as_the_daemon_itself(client, user):
    with pytest.raises(Refusal, match="the daemon itself"):
        await client.create_token(CreateToken(user=user, roles=("viewer",)))


async def test_a_token_of_no_number_is_told(client):
    with pytest.raises(Refusal, match="no token 7"):
        await client.revoke_token(7)


async def test_revoking_twice_changes_nothing(world, client):
    await make_token(world, "anna")
    first = await client.revoke_token(1)
    world.env.ahead += timedelta(hours=1)
    assert await client.revoke_token(1) == first


async def test_tokens_are_bounded_in_number_and_those_that_ended_make_room(world, client, monkeypatch):
    monkeypatch.setattr(tokens, "MOST_LIVE", 2)
    for _ in range(2):
        await make_token(world, "anna")
    with pytest.raises(Refusal, match="revoke those"):
        await make_token(world, "anna")
    await client.revoke_token(1)
    assert await make_token(world, "anna")


async def test_lists_are_paged(world, client):
    for _ in range(3):
        await make_token(world, "anna")
    page = await client.tokens(limit=2)
    assert ([item.id for item in page.items], page.next) == ([3, 2], 2)
    assert [item.id for item in (await client.tokens(after=2)).items] == [1]


async def test_lists_are_narrowed_by_state_user_and_text(world, client):
    await make_token(world, "anna", name="Packing desk")
    await make_token(world, "bo", expires_days=1)
    await make_token(world, "bo")
    await client.revoke_token(3)
    world.env.ahead += timedelta(days=2)

    async def listed(**query):
        return [item.id for item in (await client.tokens(**query)).items]

    assert [await listed(state=state) for state in ("good", "expired", "revoked")] == [[1], [2], [3]]
    assert [await listed(user="bo"), await listed(text="PACK"), await listed(text="bo", state="good")] == [
        [3, 2],
        [1],
        [],
    ]


async def test_a_token_is_good_after_a_restart_and_a_revoked_one_is_not(world):
    good, revoked = [await make_token(world, "anna") for _ in range(2)]
    async with world.client() as client:
        await client.revoke_token(2)
    await world.api.stop()
    await world.api.start(world.socket)
    async with remote(world, good) as client:
        assert (await client.whoami()).token == 1
    async with remote(world, revoked) as client:
        with pytest.raises(Refusal, match="that is good"):
            await client.whoami()


async def test_a_token_is_refused_from_the_moment_it_is_revoked_even_if_that_cannot_be_written(world, monkeypatch):
    token = await make_token(world, "anna")
    with monkeypatch.context() as broken:

        async def full(*_given):
            raise StoreFull("no space left")

        broken.setattr(world.store, "write", full)
        async with world.client() as client:
            with pytest.raises(Refusal) as refused:
                await client.revoke_token(1)
            assert refused.value.code == "database"
    async with remote(world, token) as client:
        with pytest.raises(Refusal, match="that is good"):
            await client.whoami()


async def test_the_last_use_is_written_once_in_a_while_and_by_no_request(world, monkeypatch):
    token = await make_token(world, "anna")
    written, write = [], world.store.write

    async def counted(unit, *given, **more):
        written.append(unit)
        return await write(unit, *given, **more)

    monkeypatch.setattr(world.store, "write", counted)
    async with remote(world, token) as client:
        for _ in range(20):
            await client.whoami()
    assert written == []
    await world.api.tokens._note()
    await world.api.tokens._note()
    assert written == [tokens.used]
    (row,) = await world.store.read(tokens.page, None, 9)
    assert world.env.now() - row.last_used_at < timedelta(minutes=1)
    async with world.client() as client:
        assert (await client.tokens()).items[0].last_used_at is not None


async def test_the_last_use_is_written_at_stop_and_a_full_disk_stops_nothing(world, monkeypatch):
    token = await make_token(world, "anna")
    async with remote(world, token) as client:
        await client.whoami()

    async def full(*_given):
        raise StoreFull("no space left")

    with monkeypatch.context() as broken:
        broken.setattr(world.store, "write", full)
        await world.api.tokens._note()
    await world.api.stop()
    (row,) = await world.store.read(tokens.page, None, 9)
    assert row.last_used_at is not None


async def test_uses_are_noted_by_themselves(world, monkeypatch):
    monkeypatch.setattr(keeper, "NOTE_EVERY_S", 0.01)
    await world.api.tokens.stop()
    world.api.tokens.start()
    token = await make_token(world, "anna")
    async with remote(world, token) as client:
        await client.whoami()
    async with asyncio.timeout(10):
        while (await world.store.read(tokens.page, None, 9))[0].last_used_at is None:
            await asyncio.sleep(0.01)
