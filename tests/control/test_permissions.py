"""Rights are checked at one place, and what nobody allowed is denied."""

from __future__ import annotations

import os

import msgspec
import pytest
from tests.control.world import ROLES as ROLE_NAMES

from crossdock.config.model import Role
from crossdock.control.identity import caller
from crossdock.control.permissions import PUBLIC, ROLES, Right, allowed, rights_of
from crossdock.control.route import BadTable, Route, Stream, check_table
from crossdock.control.routes import TABLE
from crossdock.control.server import ControlApi

pytestmark = pytest.mark.security("S4")

SAMPLE = {
    "connection": "nowhere", "name": "std", "ref": "A", "code": "WH1", "warehouse": "WH1", "kind": "sku", "ours": "A",
    "position": "1", "id": "1",
}  # fmt: skip

DOMAIN_4_6 = (
    "view, order.pull, order.sync, order.hold, push.manual, push.repush, push.redrive, push.settle, cancel.request, "
    "label.pull, strategy.edit, autopush.toggle, mapping.edit, master.policy, master.resolve, cost.view, cost.plan.edit, "
    "cost.actual.edit, task.cancel, pii.view, connection.admin, audit.read, user.admin"
)


async def noop(_call):
    """Do nothing."""


def route(**fields):
    base = {"method": "GET", "path": "/v1/x", "permission": Right.VIEW, "handler": noop, "answer": str}
    return Route(**{**base, **fields})


async def tried(raw, each):
    """Return the status and the body; of a stream, which goes on, only the status."""
    body = b"{}" if each.body else None
    status, said, _ = await raw(each.method, each.path.format(**SAMPLE), body, begun=each.answer is Stream)
    return status, said


@pytest.mark.behaviour("R42")
async def test_every_route_is_open_to_exactly_the_roles_that_hold_its_right(world, raw):
    wrong = []
    for role in (*ROLE_NAMES, "nobody"):
        world.become(role)
        for each in TABLE:
            status, body = await tried(raw, each)
            expected = allowed(rights_of([role]), each.permission) or (each.permission == PUBLIC)
            if role == "nobody" and os.geteuid() in (0, os.getuid()):
                expected = allowed(ROLES["admin"], each.permission)  # the daemon's own user
            if (status != 403) != expected:
                wrong.append((role, each.method, each.path, status, body))
    assert wrong == []


@pytest.mark.behaviour("R42")
async def test_a_group_opens_every_route_that_its_role_opens_and_two_roles_add_up(world, raw):
    names = {"viewer": Role(groups=("office",)), "buyer": Role(groups=("purchasing",)), "admin": Role(groups=("it",))}
    wrong = []
    for groups, roles in ((("office",), ("viewer",)), (("purchasing", "it"), ("buyer", "admin")), (("dance",), ())):
        world.become("someone", *groups)
        world.api.use_roles({**names, "operator": Role(users=("root-is-nobody-here",))})
        for each in TABLE:
            status, _ = await tried(raw, each)
            held = rights_of(roles or (["admin"] if os.geteuid() in (0, os.getuid()) else []))
            if (status != 403) != (allowed(held, each.permission) or each.permission == PUBLIC):
                wrong.append((groups, each.method, each.path, status))
    assert wrong == []
    assert rights_of(("buyer", "admin")) == frozenset(Right)


def test_the_rights_are_the_one_list():
    assert [right.value for right in Right] == DOMAIN_4_6.split(", ")


@pytest.mark.behaviour("R42")
def test_admin_may_do_everything_but_edit_actual_costs():
    assert ROLES["admin"] == frozenset(Right) - {Right.COST_ACTUAL_EDIT}
    assert Right.COST_ACTUAL_EDIT in ROLES["buyer"]


def test_a_viewer_sees_neither_personal_data_nor_costs():
    assert ROLES["viewer"] == {Right.VIEW}


def test_what_has_no_permission_is_denied_to_everybody():
    assert not allowed(frozenset(Right), None)


def test_a_role_that_does_not_exist_gives_no_right():
    assert rights_of(["emperor"]) == frozenset()


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ([route(permission=None)], "no permission"),
        ([route(), route()], "twice"),
        ([route(path="/v1/{mystery}")], "mystery"),
        ([route(handler=lambda call: call)], "says nothing"),
    ],
)
def test_a_wrong_table_stops_the_start(table, said):
    with pytest.raises(BadTable, match=said):
        check_table(table)


async def test_the_api_refuses_to_start_with_a_route_that_has_no_permission(build):
    world = await build()
    with pytest.raises(BadTable, match="no permission"):
        ControlApi(world.engine, world.requests, world.providers(), table=(*TABLE, route(permission=None)))


def test_only_the_probes_and_who_one_is_are_public():
    assert {each.path for each in TABLE if each.permission == PUBLIC} == {"/livez", "/readyz", "/v1/whoami"}


def test_what_changes_something_needs_more_than_view():
    assert [each.path for each in TABLE if each.method != "GET" and each.permission == Right.VIEW] == [
        "/v1/simulate"  # it asks with a body, and writes nothing
    ]


# --- who is who ---


@pytest.mark.security("S1")
def test_a_user_gets_the_roles_of_its_name_and_groups():
    roles = {"viewer": Role(groups=("staff",)), "operator": Role(users=("anna",)), "admin": Role(users=("root",))}
    found = caller(1000, "anna", frozenset({"staff"}), roles)
    assert found.roles == ("operator", "viewer")
    assert Right.PUSH_MANUAL in found.rights


@pytest.mark.security("S1")
@pytest.mark.parametrize("uid", [0, os.geteuid()])
def test_root_and_the_daemons_own_user_are_admin_unless_the_configuration_says_otherwise(uid):
    assert caller(uid, "me", frozenset(), {}).roles == ("admin",)
    assert caller(uid, "me", frozenset(), {"viewer": Role(users=("me",))}).roles == ("viewer",)


@pytest.mark.security("S1")
def test_anybody_else_has_no_role():
    found = caller(4242, "mallory", frozenset({"users"}), {"admin": Role(users=("root",), groups=("wheel",))})
    assert (found.roles, found.rights) == ((), frozenset())


@pytest.mark.security("S1")
def test_a_user_without_a_name_matches_no_configured_name():
    assert caller(4242, None, frozenset(), {"admin": Role(users=("uid 4242", "None", ""))}).roles == ()


@pytest.mark.behaviour("R42")
async def test_a_refusal_names_the_right_and_the_roles(world, raw):
    world.become("viewer")
    status, body, headers = await raw("POST", "/v1/reload")
    assert status == 403
    assert headers["Content-Type"].startswith("application/problem+json")
    assert body["code"] == "forbidden"
    assert "connection.admin" in body["detail"]
    assert "viewer" in body["detail"]


async def test_a_refused_request_has_its_body_unread_and_nothing_done(world, raw):
    world.become("viewer")
    status, _, _ = await raw("PUT", "/v1/strategies/new", {"name": "new", "kind": "advance"})
    assert status == 403
    world.become("admin")
    assert (await raw("GET", "/v1/strategies/new"))[0] == 404


async def test_switching_auto_push_needs_its_own_right_also_inside_a_warehouse(world, client, monkeypatch):
    from crossdock.control.client import Refusal

    monkeypatch.setitem(ROLES, "buyer", frozenset({Right.VIEW, Right.STRATEGY_EDIT}))
    world.become("buyer")
    found = await client.warehouse("WH1")
    with pytest.raises(Refusal, match=r"autopush\.toggle"):
        await client.save_warehouse(msgspec.structs.replace(found, auto_push=False))
    saved = await client.save_warehouse(msgspec.structs.replace(found, name="Bangkok"))
    assert saved.name == "Bangkok"
