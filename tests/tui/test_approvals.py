"""What waits for a second person, on the dashboard: approved and turned down, by another one, and one's own taken back."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.tui.conftest import an_order
from tests.tui.test_push_status import doubted, restarted
from tests.tui.test_tokens import Near

from crossdock.control.records.asks import SettleOrder
from crossdock.control.records.tokens import CreateToken

pytestmark = pytest.mark.security("S5")
EVIL = "[bold red]X[@click=app.quit]gone[/]"
__all__ = ["an_order"]


@pytest.fixture
async def world(tmp_path):
    """A daemon with two orders in doubt, where settling needs two persons; anna acts by a token."""
    made = Near(tmp_path)
    await made.up()
    await made.start()
    await made.set_up()
    await restarted(made, "none", "\n[control.two_person]\nsettle = true\n")
    await doubted(made)
    created = await made.client(lambda c: c.create_token(CreateToken(user="anna", roles=("operator",))))
    made.token = created.token
    yield made
    await made.down()


def asked(ref, reason="looked"):
    return SettleOrder(connection="shop", ref=ref, settlement="arrived", reason=reason, remote_id="R-7")


async def by_anna(world, do):
    async with world.far(world.token) as client:
        return await do(client)


async def test_what_another_person_proposed_is_approved_and_done(world, dashboard):
    await by_anna(world, lambda c: c.settle(asked("O-1", EVIL)))
    async with dashboard(first="approvals") as desk:
        await desk.until(lambda: desk.rows == ["1"], "it waits")
        assert desk.cell("1", "by") == "anna"
        await desk.until_text("[@click=app.quit]gone", "a approves it, and it is done at once")
        await desk.press("a")
        await desk.until_text("Approve 1 proposal? It is done at once.", "settle order O-1")
        await desk.press("y")
        await world.until_state("O-1", "pushed")
        await desk.until_text("nothing waits for a second person")
        await desk.press("tab")
        await desk.until(lambda: desk.rows == ["1"], "it is among what is done")
        await desk.until_text("root approved it, and it is done")


async def test_it_is_turned_down_with_a_reason_and_nothing_is_done(world, dashboard):
    await by_anna(world, lambda c: c.settle(asked("O-1")))
    async with dashboard((80, 24), first="approvals") as desk:
        await desk.until(lambda: desk.rows == ["1"], "it waits")
        await desk.press("d")
        await desk.until_text("Turn 1 proposal down: why?")
        await desk.press("enter")
        await desk.until_text("it is needed")
        await desk.type("look again")
        await desk.press("enter")
        await desk.until(lambda: any("turned down" in each for each in desk.said), "it is told")
    (item,) = (await world.client(lambda c: c.approvals())).items
    assert (item.state, item.outcome, item.decided_by) == ("rejected", "look again", "root")
    await world.until_state("O-1", "in_doubt")


async def test_ones_own_says_why_one_cannot_approve_it_and_can_be_taken_back(world, dashboard):
    await world.client(lambda c: c.settle(asked("O-1")))
    async with dashboard(first="approvals") as desk:
        await desk.until(lambda: desk.rows == ["1"], "it waits")
        assert desk.cell("1", "by") == "root (you)"
        await desk.until_text("you proposed it yourself", "push.settle")
        await desk.press("a")
        await desk.until(lambda: any("you proposed it yourself" in each for each in desk.said), "it is said again")
        await desk.press("d")
        await desk.until_text("Take 1 proposal back: why?")
        await desk.type("an error")
        await desk.press("enter")
        await desk.until(lambda: desk.rows == [], "it is taken back")


async def test_without_the_right_of_what_is_proposed_it_says_which_one_is_missing(world, dashboard):
    await by_anna(world, lambda c: c.settle(asked("O-1")))
    async with dashboard(first="approvals") as desk:
        await desk.until(lambda: desk.rows == ["1"], "it waits")
        link = desk.app.link
        link.me = replace(link.me, rights=("view",))
        for key in ("a", "d"):
            desk.said.clear()
            await desk.press(key)
            await desk.until(lambda: any("you lack the right 'push.settle'" in each for each in desk.said), "why not")
        assert desk.dialog is None
