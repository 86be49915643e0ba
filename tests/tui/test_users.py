"""Who may do what, on the dashboard: people with their roles and rights, the roles, and where both are changed."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.e2e.conftest import World

from crossdock.control.permissions import ROLES, Right
from crossdock.control.records.tokens import CreateToken
from crossdock_tui import rights

EVIL = "[bold red]X[@click=app.quit]gone[/]"


class Staffed(World):
    """A daemon whose configuration gives roles, also to a name that no machine has."""

    def text(self):
        more = (
            f'[control.roles.admin]\nusers = ["root"]\n[control.roles.buyer]\nusers = ["{EVIL}"]\ngroups = ["daemon"]\n'
        )
        return super().text().replace("[plugins]", more + "[plugins]")


@pytest.fixture
async def world(tmp_path):
    made = Staffed(tmp_path)
    await made.up()
    await made.start()
    await made.set_up()
    yield made
    await made.down()


def test_the_words_are_about_exactly_the_rights_and_roles_there_are():
    assert list(rights.RIGHTS) == [right.value for right in Right]
    assert set(rights.ROLES) == set(ROLES)


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_people_are_listed_with_what_they_may_do_and_where_that_is_changed(world, dashboard, size):
    await world.client(lambda c: c.create_token(CreateToken(user="anna", roles=("viewer",))))
    async with dashboard(size, first="users") as desk:
        await desk.on("user:root")
        assert desk.cell("user:root", "name") == "root (you)"
        await desk.until_text("[control.roles] in the configuration gives these roles")
        await desk.press("enter")
        await desk.until_text("what they may do", "order.pull", "obtain new orders")
        await desk.press("escape")
        await desk.on("group:daemon")
        await desk.until_text("every member of the group")
        await desk.press("t")
        await desk.until(lambda: any("it is a group" in each for each in desk.said), "a group has no tokens")
        await desk.on("token:anna")
        assert desk.cell("token:anna", "roles") == "viewer"
        await desk.press("t")
        await desk.until(lambda: desk.screen.SCREEN == "tokens" and desk.rows == ["1"], "her tokens are shown")


async def test_a_name_that_the_machine_does_not_know_is_told_and_shows_as_text(world, dashboard):
    async with dashboard((140, 40), first="users") as desk:
        await desk.on(f"user:{EVIL}")
        await desk.until_text("[@click=app.quit]gone", "no user of this name", "correct [control.roles]")


async def test_roles_say_what_they_are_for_and_who_has_them(world, dashboard):
    async with dashboard(first="users") as desk:
        await desk.press("tab")
        await desk.on("admin")
        await desk.until_text("may do everything but change actual costs")
        await desk.press("h")
        await desk.until(lambda: desk.rows == ["user:root"], "whoever has it is listed")
        await desk.press("a")
        await desk.until(lambda: desk.screen.SCREEN == "audit" and desk.screen.wanted.text == "actor:root", "the audit")


async def test_without_the_right_the_screen_and_the_palette_say_why(world, dashboard):
    async with dashboard(first="orders") as desk:
        link = desk.app.link
        link.me = replace(link.me, rights=("view",))
        desk.app.action_go("users")
        await desk.until_text("you lack the right 'user.admin'; an admin gives it with a role")
        assert desk.rows == []
        commands = {each.title: each for each in desk.app.get_system_commands(desk.screen)}
        assert "user.admin" in commands["Tokens"].help
        assert "audit.read" in commands["Audit"].help
        commands["Audit"].callback()
        await desk.until(lambda: "audit.read" in desk.said[-1], "it says why")
        assert desk.screen.SCREEN == "users"
