"""Personal data through the real daemon, and out of it again: nothing is left in any file it wrote."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing

import pytest
from msgspec.structs import replace
from tests.e2e.conftest import an_order
from tests.e2e.test_labels import Labelled
from tests.e2e.two_users import NOBODY, typed

from crossdock.control.records.asks import SettleOrder
from crossdock.control.records.orders import OrderRef
from crossdock.spec.orders import Address, OrderStatus, Recipient
from crossdock.spec.outbound import Stage
from crossdock.testing.chaos.processes import set_clock
from crossdock.testing.sandbox.faults import Fault, Match, Rule, Script

CANARIES = (
    "Kanarienvogel",
    "กานารี",
    "0899999977",
    "canary@example.test",
    "77 Canary Wharf",
    "sing at the door",
    "E14-CAN",
)
RECIPIENT = Recipient(
    name="Kanarienvogel กานารี", phone="0899999977", email="canary@example.test",
    address=Address(lines=("77 Canary Wharf",), city="กานารี", postcode="E14-CAN", country="TH"),
)  # fmt: skip


def found_in(text):
    """The canaries in bytes, however JSON or a log wrote them."""
    return [
        canary
        for canary in CANARIES
        if any(
            form in text for form in (canary.encode(), json.dumps(canary)[1:-1].encode(), repr(canary)[1:-1].encode())
        )
    ]


def files_of(world):
    """Everything in the daemon's folder but what this test wrote itself."""
    return {
        path.name: path.read_bytes()
        for path in world.folder.rglob("*")
        if path.is_file() and path.name not in ("crossdock.toml", "clock")
    }


async def at_rest(world) -> bool:
    """Nothing is to be asked, sent or listed any more; looked at in the order in which one follows from the other."""
    with closing(sqlite3.connect(world.folder / "crossdock.db")) as database:
        if database.execute("SELECT 1 FROM labels WHERE next_at IS NOT NULL").fetchone():
            return False
    if (await world.client(lambda c: c.operations())).items:
        return False
    wms = world.wms
    there = {made.remote_id: wms.created.of_key(made.key).revision for made in wms.books.documents}
    page = await world.client(lambda c: c.documents(list="package-outbound", limit=200))
    entered = {item.ref: item.pushed_revision for item in page.items if item.push_status == "pushed"}
    return there == entered


@pytest.mark.security("S16")
async def test_no_personal_data_are_left_in_any_file_once_their_time_is_over(world):
    await world.start()
    await world.set_up()
    note = {"recipient": RECIPIENT, "buyer_note": "sing at the door", "seller_note": "sing at the door"}
    world.oms.put([an_order(n, **note) for n in range(40)])
    await world.until_arrived(*(f"O-{n}" for n in range(40)))
    await world.until_state("O-39", "pushed")
    changed = {**note, "seller_note": "sing at the door twice, Kanarienvogel"}
    world.oms.put([an_order(n, **changed, status=OrderStatus.DELIVERED) for n in range(40)])

    async def ended() -> bool:
        page = await world.client(lambda c: c.orders(limit=200))
        return all(item.status == "delivered" for item in page.items)

    await world.until(ended, "all are delivered")
    shown = await world.client(lambda c: c.order("shop", "O-1"))
    assert shown.order.recipient == RECIPIENT
    files = files_of(world)
    assert found_in(files["crossdock.db"] + files["crossdock.db-wal"]) == list(CANARIES)
    assert found_in(files["daemon.log"]) == []
    metrics, _ = await world.client(lambda c: c.exchange("GET", "/metrics", None, {}))
    assert found_in(metrics) == []
    assert found_in(str(await world.client(lambda c: c.audit(limit=200))).encode()) == []

    # what is still under way when the daemon stops ends after the jump, and its time is over 30 days later only
    await world.until(lambda: at_rest(world), "nothing is under way")
    world.oms.set_faults(Script(rules=(Rule(fault=Fault.S500, match=Match(path="/v1/orders")),)))
    assert await world.stop() == 0
    set_clock(world.clock, 31 * 86_400)
    await world.start_with_clock()

    async def forgotten() -> bool:
        details = [await world.client(lambda c, n=n: c.order("shop", f"O-{n}")) for n in range(40)]
        return all(each.forgotten for each in details)

    await world.until(forgotten, "all are forgotten")

    async def gone() -> bool:
        return not any(found_in(text) for text in files_of(world).values())

    await world.until(gone, "nothing is left in any file")
    world.oms.set_faults(Script())
    verified = await world.client(lambda c: c.verify_audit())
    assert verified.ok, verified.text
    assert await world.stop() == 0
    assert {name: found_in(text) for name, text in files_of(world).items() if found_in(text)} == {}


@pytest.mark.security("S16")
async def test_an_order_that_a_person_has_forgotten_is_gone_from_every_file_at_once(world):
    await world.start()
    await world.set_up()
    world.oms.put([an_order(1, recipient=RECIPIENT, buyer_note="sing at the door")])
    await world.until_state("O-1", "pushed")
    world.oms.put([an_order(1, recipient=RECIPIENT, buyer_note="sing at the door", status=OrderStatus.DELIVERED)])

    async def done() -> bool:
        return (await world.client(lambda c: c.forget("shop", "O-1"))).done

    await world.until(done, "it is forgotten")
    (world.folder / "crossdock.db-journal").unlink(missing_ok=True)
    assert {name: found_in(text) for name, text in files_of(world).items() if found_in(text)} == {}
    assert await world.stop() == 0


@pytest.mark.security("S16")
async def test_labels_and_what_was_told_and_decided_after_the_push_are_gone_too(tmp_path):
    world = Labelled(tmp_path)
    await world.up()
    try:
        await world.begin()
        made = an_order(1, recipient=RECIPIENT, buyer_note="sing at the door")
        world.oms.put([made])
        await world.until_delivered(1)
        world.oms.put([an_order(1, recipient=RECIPIENT, buyer_note="sing at the door", seller_note="Kanarienvogel")])
        await world.until_state("O-1", "accepted")  # it was told
        world.wms.changes.move(world.wms.books.by_order["O-1"][-1].key, Stage.PICKED)
        recipient = replace(RECIPIENT, address=replace(RECIPIENT.address, lines=("78 Canary Wharf", "77 Canary Wharf")))
        later = an_order(1, recipient=recipient, buyer_note="sing at the door", seller_note="Kanarienvogel")
        world.oms.put([later])

        async def asked() -> bool:
            return (await world.order()).tab == "abnormal"

        await world.until(asked, "a person is asked about the address")
        order = OrderRef(connection="shop", ref="O-1")
        await world.client(lambda c: c.decide_packages([order], "keep", "as the customer says"))
        files = files_of(world)
        held = files["crossdock.db"] + files.get("crossdock.db-wal", b"")
        assert found_in(held)
        world.oms.put([replace(later, status=OrderStatus.DELIVERED)])

        async def done() -> bool:
            return (await world.client(lambda c: c.forget("shop", "O-1"))).done

        await world.until(done, "it is forgotten")
        label = await world.client(lambda c: c.label("shop", "O-1"))
        assert not any(version.kept for version in label.versions)
        assert await world.stop() == 0
        assert {name: found_in(text) for name, text in files_of(world).items() if found_in(text)} == {}
    finally:
        await world.down()


# --- two people, as the kernel tells them apart ---

TWO_PERSON = """
[control.two_person]
settle = true
[control.roles.admin]
users = ["root"]
[control.roles.operator]
users = ["nobody"]
"""


@pytest.mark.security("S1", "S5", "S6")
@pytest.mark.behaviour("R42")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may be two people")
@pytest.mark.parametrize("world", [("none",)], indirect=True)
async def test_two_users_of_the_machine_settle_a_doubt(world):
    world.config.write_text(world.text() + TWO_PERSON)
    world.wms.set_faults(
        Script(rules=(Rule(fault=Fault.ACCEPTED_THEN_LOST, match=Match(method="POST", path="/v1/outbounds"), times=1),))
    )
    await world.start()
    await world.set_up()
    world.oms.put([an_order(1)])
    await world.until_state("O-1", "in_doubt")
    world.folder.chmod(0o711)
    (world.folder / "control.sock").chmod(0o666)
    asked = SettleOrder(connection="shop", ref="O-1", settlement="arrived", reason="seen", remote_id="7")
    proposed = await world.client(lambda c: c.settle(asked))
    own = typed(world, "approvals", "approve", str(proposed.approval))
    assert (own.returncode, "yourself" in own.stderr) == (1, True)
    me = typed(world, "whoami", "--json", user=NOBODY)
    assert json.loads(me.stdout)["roles"] == ["operator"], me.stderr
    other = typed(world, "approvals", "approve", str(proposed.approval), user=NOBODY)
    assert (other.returncode, "is done" in other.stdout) == (0, True), other.stderr
    await world.until_state("O-1", "pushed")
    refused = typed(world, "audit", "list", user=NOBODY)
    assert (refused.returncode, "audit.read" in refused.stderr) == (1, True)
    listed = json.loads(typed(world, "audit", "list", "--json").stdout)["items"]
    assert [(i["actor"], i["action"], i["result"]) for i in listed[:3]] == [
        ("nobody", "approve", "done"), ("root", "approve", "refused"), ("root", "settle", "proposed"),
    ]  # fmt: skip
    assert listed[0]["uid"] == NOBODY
    offline = typed(world, "audit", "verify", "--file", str(world.folder / "crossdock.db"))
    assert (offline.returncode, "the audit is whole" in offline.stdout) == (0, True), offline.stderr
