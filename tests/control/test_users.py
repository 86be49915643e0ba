"""Who may do what is shown as the configuration and the tokens have it, whole, paged, and to those who may see it."""

from __future__ import annotations

import grp
import os
import pwd
from datetime import timedelta

import pytest
from tests.control.network import control, make_token

from crossdock.config.model import Control, Role
from crossdock.control.client import Refusal
from crossdock.control.identity import SystemDirectory
from crossdock.control.permissions import ROLES, Right

pytestmark = [pytest.mark.security("S4"), pytest.mark.behaviour("R42")]


@pytest.fixture
async def world(build):
    roles = {
        "operator": Role(groups=("office",)),
        "buyer": Role(users=("anna", "nobody-here")),
        "admin": Role(users=("admin",)),
        "viewer": Role(groups=("gone",)),
    }
    made = await build(control=Control(roles=roles))
    made.directory.users = {"admin": (0, 0)}
    made.directory.listed = {"office": ("anna", "bo")}
    return made


async def people(client, **query):
    return {(each.kind, each.name): each for each in (await client.users(**query)).items}


async def test_users_and_groups_are_listed_with_what_they_may_do(world, client):
    found = await people(client)
    assert list(found) == [
        ("user", "admin"), ("user", "anna"), ("user", "nobody-here"), ("group", "gone"), ("group", "office"),
    ]  # fmt: skip
    assert found["group", "office"].members == ("anna", "bo")
    assert set(found["group", "office"].rights) == {right.value for right in ROLES["operator"]}
    assert not found["user", "admin"].born


async def test_what_the_machine_does_not_know_is_told(world, client):
    found = await people(client)
    assert [each.name for each in found.values() if not each.known] == ["anna", "nobody-here", "gone"]
    assert found["user", "nobody-here"].roles == ("buyer",)


async def test_the_daemons_own_user_is_admin_without_the_configuration_saying_so(world, client):
    world.api.use_roles({"buyer": Role(users=("anna",))})
    found = await people(client)
    assert (found["user", "admin"].roles, found["user", "admin"].born) == (("admin",), True)


async def test_rights_of_groups_and_of_the_own_name_add_up(world, client):
    world.directory.groups = frozenset({"office", "dance"})
    world.directory.user, world.directory.users = "anna", {"anna": (1001, 1001)}
    world.api.use_roles({**world.config.control.roles, "admin": Role(groups=("office",))})
    anna = (await people(client))["user", "anna"]
    assert (anna.roles, anna.by) == (("admin", "buyer", "operator"), ("office",))
    assert set(anna.rights) == {right.value for right in Right}


async def test_whoever_acts_by_tokens_is_listed_while_one_is_good(build):
    world = await build(control=control())
    await make_token(world, "vera", "viewer")
    await make_token(world, "vera", "buyer", expires_days=7)
    await make_token(world, "old", "viewer")
    async with world.client() as client:
        await client.revoke_token(3)
        found = await people(client, kind="token")
        assert [(each.name, each.roles, each.tokens) for each in found.values()] == [
            ("vera", ("buyer", "viewer"), (1, 2))
        ]
        world.env.ahead += timedelta(days=8)
        assert (await people(client, kind="token"))["token", "vera"].tokens == (1,)


async def test_the_list_is_filtered_and_paged(world, client):
    assert list(await people(client, text="ANN")) == [("user", "anna")]
    assert list(await people(client, role="buyer")) == [("user", "anna"), ("user", "nobody-here")]
    seen, after = [], None
    while True:
        page = await client.users(limit=2, after=after)
        seen += [each.name for each in page.items]
        if (after := page.next) is None:
            break
    assert seen == ["admin", "anna", "nobody-here", "gone", "office"]
    assert len((await client.users(after="nonsense")).items) == 5


async def test_the_roles_are_told_with_their_rights_and_holders(world, client):
    found = {each.name: each for each in (await client.roles()).items}
    assert {name: set(each.rights) for name, each in found.items()} == {
        name: {right.value for right in rights} for name, rights in ROLES.items()
    }
    assert (found["buyer"].users, found["operator"].groups, found["warehouse"].users) == (
        ("anna", "nobody-here"), ("office",), (),
    )  # fmt: skip


async def test_without_the_right_nobody_sees_who_may_do_what(world, client):
    world.become("anna")
    for ask in (client.users(), client.roles()):
        with pytest.raises(Refusal, match=r"user\.admin"):
            await ask


def test_the_system_knows_its_users_and_groups_and_no_others():
    me, system = pwd.getpwuid(os.geteuid()), SystemDirectory()
    assert system.find(me.pw_name) == (me.pw_uid, me.pw_gid)
    assert system.members(grp.getgrgid(me.pw_gid).gr_name) is not None
    assert (system.find("no such user"), system.members("no\x00group")) == (None, None)
