"""Tokens on the dashboard: made and shown once, listed, revoked; what is revoked is refused."""

from __future__ import annotations

import re
import socket

import pytest
from msgspec.structs import replace
from tests.e2e.conftest import World
from tests.e2e.test_personal_data import files_of

from crossdock.control.client import Client, Refusal, Remote
from crossdock.control.records.tokens import CreateToken
from crossdock_tui.dialogs.told import Told

pytestmark = pytest.mark.security("S2")
EVIL = "[bold red]\x1b[31mX\x07[@click=app.quit]\u202egone[/]"


class Near(World):
    """A daemon that listens at an address of this machine, too."""

    def __init__(self, folder):
        super().__init__(folder)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]

    def text(self):
        tcp = f'[control.tcp]\nlisten = "127.0.0.1:{self.port}"\n'
        return super().text().replace("[plugins]", tcp + "[plugins]")

    def far(self, token):
        return Client(Remote(url=f"http://127.0.0.1:{self.port}", token=token))


@pytest.fixture
async def world(tmp_path):
    made = Near(tmp_path)
    await made.up()
    await made.start()
    await made.set_up()
    yield made
    await made.down()


async def make(desk, user):
    """Make a token for an operator; return its text, the dialog is open."""
    await desk.press("n")
    await desk.until_text("new token", "at least one role")
    await desk.type(user)
    await desk.press("ctrl+s")
    await desk.until_text("switch at least one role on")
    await desk.press("down", "down", "down", "down", "space")  # what for, days, viewer, operator
    await desk.until_text("[x] yes", "order.pull")
    await desk.press("ctrl+s")
    await desk.until(lambda: isinstance(desk.app.screen, Told), "it is shown")
    await desk.until_text("shown now and never again", "xdk_")
    return re.search(r"xdk_\d+_[0-9a-f]{64}", desk.text)[0]


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_a_token_is_shown_once_works_and_is_refused_once_it_is_revoked(world, dashboard, size):
    async with dashboard(size, first="tokens") as desk:
        await desk.until_text("there is no token", "n makes one")
        secret = await make(desk, "anna")
        async with world.far(secret) as client:
            assert (await client.whoami()).roles == ("operator",)
        await desk.press("y")
        assert desk.app.clipboard == secret
        await desk.until_text("copied to the clipboard")
        await desk.press("enter")
        await desk.until(lambda: desk.rows == ["1"], "it is listed")
        assert secret not in desk.text + str(desk.said)
        await desk.press("enter")
        await desk.until_text("last used", "roles")
        assert secret not in desk.text
        await desk.press("escape", "x")
        await desk.until_text("Revoke 1 token, for good?", "1 anna", "refused from this moment on")
        await desk.press("y")
        await desk.until(lambda: desk.rows == [], "it is not among the good ones any more")
        async with world.far(secret) as client:
            with pytest.raises(Refusal) as refused:
                await client.whoami()
        assert refused.value.code == "unauthorized"
    told = str(await world.client(lambda c: c.audit(limit=200))) + str(
        await world.client(lambda c: c.log(level="debug"))
    )
    needle = secret.rsplit("_", 1)[1]
    assert needle not in told
    assert [name for name, text in files_of(world).items() if needle.encode() in text] == []


async def test_several_are_revoked_after_one_question_that_says_how_many(world, dashboard):
    for user in ("anna", "bo"):
        await world.client(lambda c, user=user: c.create_token(CreateToken(user=user, roles=("viewer",))))
    async with dashboard(first="tokens") as desk:
        await desk.until(lambda: desk.rows == ["2", "1"], "both are listed")
        await desk.press("asterisk")
        await desk.until_text("2 marked")
        await desk.press("x")
        await desk.until_text("Revoke 2 tokens, for good?")
        await desk.press("y")
        await desk.until_text("2 done, 0 not")
        await desk.press("enter", "tab", "tab")
        await desk.until(lambda: desk.rows == ["2", "1"], "they are among the revoked ones")
        await desk.press("x")
        await desk.until(lambda: any("it is revoked already" in each for each in desk.said), "once is enough")


async def test_what_was_done_is_told_also_where_the_daemon_goes_away_in_between(world, dashboard):
    for user in ("anna", "bo", "cy"):
        await world.client(lambda c, user=user: c.create_token(CreateToken(user=user, roles=("viewer",))))
    async with dashboard((140, 40), first="tokens") as desk:
        await desk.until(lambda: desk.rows == ["3", "2", "1"], "all are listed")
        client, revoke = desk.app.link.client, desk.app.link.client.revoke_token

        async def last(number):
            item = await revoke(number)
            await world.kill()
            return item

        client.revoke_token = last
        await desk.press("asterisk")
        await desk.until_text("3 marked")
        await desk.press("x")
        await desk.until_text("Revoke 3 tokens, for good?")
        await desk.press("y")
        await desk.until_text("1 done, 2 not", "is revoked", "the rest", "1 was not asked for")


async def test_tokens_are_found_and_a_hostile_name_shows_as_text(world, dashboard):
    await world.client(lambda c: c.create_token(CreateToken(user="anna", roles=("viewer",), name=EVIL)))
    await world.client(lambda c: c.create_token(CreateToken(user="bo", roles=("viewer",), name="desk")))
    async with dashboard(first="tokens") as desk:
        await desk.on("1")
        await desk.press("enter")
        await desk.until_text("[@click=app.quit]")
        strips = [segment.text for strip in desk.app.screen._compositor.render_strips() for segment in strip]
        assert not any(ord(character) < 32 or character == "\u202e" for text in strips for character in text)
        await desk.press("escape", "slash")
        await desk.type("desk user:bo")
        await desk.press("enter")
        await desk.until(lambda: desk.rows == ["2"], "one is left")


async def test_without_the_right_nothing_is_shown_or_made(world, dashboard):
    async with dashboard(first="tokens") as desk:
        link = desk.app.link
        link.me = replace(link.me, rights=("view",))
        await desk.press("r")
        await desk.until_text("you lack the right 'user.admin'")
        await desk.press("n")
        await desk.until(lambda: any("user.admin" in each for each in desk.said), "it says why not")
        assert desk.dialog is None
