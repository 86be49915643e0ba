"""Personal data on the dashboard: who may see them does, who may not sees the mask, and is never sent anything else."""

from __future__ import annotations

import os
import pwd

import pytest
from msgspec.structs import replace
from tests.e2e.test_documents import outbound
from tests.e2e.test_personal_data import CANARIES, RECIPIENT, found_in
from tests.tui.conftest import an_order
from tests.tui.walking import settled, walk

pytestmark = pytest.mark.security("S16")
NOTE = "sing at the door"
KEPT = "E14-CAN"
"""The postcode is no secret of a person: it stays."""


def seen_in(text):
    return [found for found in found_in(text) if found != KEPT]


async def become(world, role):
    """Let whoever runs the tests have this role and no other."""
    me = pwd.getpwuid(os.getuid()).pw_name
    await world.stop()
    world.config.write_text(world.text() + f'\n[control.roles.{role}]\nusers = ["{me}"]\n')
    await world.start()


@pytest.fixture
async def world(world):
    """An order that is at its warehouse and was changed since, one that waits, one that cannot be read, a note on a document."""
    mine = {"recipient": RECIPIENT, "buyer_note": NOTE, "seller_note": NOTE}
    first = an_order(1, **mine)
    world.oms.put([first])
    await world.until_state("O-1", "pushed")
    world.wms.documents.put_outbound(outbound("OUT-1", note=f"{NOTE} {CANARIES[0]}"))

    async def there():
        return bool((await world.client(lambda c: c.documents(list="manual-outbound"))).items)

    await world.until(there, "the document is there")
    await world.client(lambda c: c.pause("depot", "they move house"))
    moved = replace(RECIPIENT, name=f"{CANARIES[0]} Z", address=replace(RECIPIENT.address, lines=(f"{CANARIES[4]} 2",)))
    world.oms.put([replace(first, recipient=moved, seller_note=f"{NOTE} twice"), an_order(2, **mine)])
    world.oms.put_raw("BAD-1", b'{"ref": "BAD-1", "status": 7, "who": "Kanarienvogel"}')

    async def changed():
        found = await world.client(lambda c: c.order("shop", "O-1"))
        return any(each.what == "changed" for each in found.timeline) and bool(
            (await world.client(lambda c: c.quarantine())).items
        )

    await world.until(changed, "it is changed")
    return world


def listen(desk):
    """Keep everything that the daemon sends."""
    heard, exchange = [], desk.app.client.exchange

    async def noted(*args):
        raw, status = await exchange(*args)
        heard.append(raw)
        return raw, status

    desk.app.client.exchange = noted
    return heard


@pytest.mark.walk
async def test_who_may_not_see_them_sees_the_mask_everywhere(world, dashboard):
    await become(world, "viewer")
    async with dashboard((140, 70), first="orders") as desk:
        heard, copied = listen(desk), []
        desk.app.copy_to_clipboard = copied.append

        def look(desk, where):
            assert seen_in(desk.text.encode()) == [], f"{where}\n{desk.text}"

        await walk(desk, look, *desk.app.MODES)
        desk.app.action_go("orders")
        desk.screen.go_to_tab("")
        await settled(desk, "all orders")
        for ref in ("O-1", "O-2"):
            await desk.on(f"shop/{ref}")
            await desk.press("y", "enter")
            await desk.until_text("masked: you lack the right pii.view", "K. ", f"•••, •••, {KEPT}, TH")
            look(desk, ref)
            await desk.press("escape", "e")
            await desk.until_text("what every rule says")
            look(desk, f"{ref} explained")
            await desk.press("escape")
        desk.app.jump("connections", tab="quarantine")
        await settled(desk, "quarantine")
        await desk.on(desk.rows[0])
        await desk.press("enter")
        await desk.until_text("you lack the right pii.view")
        assert copied == ["O-1", "O-2"]
        assert len(heard) > 40
        assert [found for raw in heard if (found := seen_in(raw))] == []


async def test_who_may_see_them_does_and_that_is_noted(world, dashboard):
    await become(world, "operator")
    async with dashboard((140, 100), first="orders") as desk:
        desk.screen.go_to_tab("")
        await settled(desk, "all orders")
        await desk.on("shop/O-2")
        await desk.press("enter")
        await desk.until_text("Kanarienvogel กานารี", "0899999977", "77 Canary Wharf", "E14-CAN", NOTE)
        assert "masked" not in desk.text
        await desk.press("escape")
        await desk.on("shop/O-1")
        await desk.press("e")
        await desk.until_text("what every rule says", "77 Canary Wharf", "77 Canary Wharf 2")
        await desk.press("escape")
        desk.app.jump("push_status", tab="manual-outbound")
        await desk.until(lambda: desk.screen.SCREEN == "push_status", "the documents")
        await settled(desk, "the documents")
        await desk.on("depot/manual-outbound/OUT-1")
        await desk.press("enter")
        await desk.until_text(f"{NOTE} Kanarienvogel")
        desk.app.jump("connections", tab="quarantine")
        await desk.until(lambda: desk.screen.SCREEN == "connections", "the quarantine")
        await settled(desk, "the quarantine")
        await desk.on(desk.rows[0])
        await desk.press("enter")
        await desk.until_text('"who": "Kanarienvogel"')
    await become(world, "admin")
    looks = (await world.client(lambda c: c.audit(action="pii.reveal"))).items
    assert {"shop/O-1", "shop/O-2"} <= {each.object for each in looks}
