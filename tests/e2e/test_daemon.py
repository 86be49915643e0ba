"""The daemon as its users meet it: orders flow, it is killed, told to stop, given bad input."""

from __future__ import annotations

import asyncio
import base64
import signal
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, quote_plus

import aiohttp
import pytest
from tests.e2e.conftest import an_order

from crossdock.control.client import Refusal
from crossdock.control.records.asks import SettleOrder
from crossdock.control.records.orders import OrderRef
from crossdock.control.route import Stream
from crossdock.control.routes import TABLE
from crossdock.spec.orders import OrderStatus
from crossdock.testing.sandbox.faults import Fault, Match, Rule, Script

PUSH = "/v1/outbounds"


def script(*rules: Rule) -> Script:
    return Script(rules=rules)


@pytest.mark.behaviour("R1", "R2", "R8", "R15", "R36", "P1", "P4", "P10")
async def test_orders_arrive_once_and_the_oms_is_told(world):
    await world.start()
    await world.set_up()
    world.oms.put([an_order(n) for n in range(30)])
    await world.until_arrived(*(f"O-{n}" for n in range(30)))

    async def reported() -> bool:
        return len(world.oms.books.reported) == 30

    await world.until(reported, "30 reports")
    assert set(world.created().values()) == {1}
    document = world.wms.books.by_order["O-7"][0]
    assert [(line.line_no, line.sku, line.quantity) for line in document.lines] == [(1, "A", 2), (2, "A", 1)]
    assert await world.stop() == 0


@pytest.mark.parametrize("world", [("key",), ("lookup",)], indirect=True)
@pytest.mark.parametrize(
    "point", ["push.claimed", "push.before_send", "push.after_send", "pull.after_store", "store.after_commit:9"]
)
@pytest.mark.behaviour("R9", "P1", "P2", "P4", "P11")
async def test_killed_in_the_middle_nothing_is_lost_and_nothing_doubled(world, point):
    await world.start()
    await world.set_up()
    assert await world.stop() == 0
    world.oms.put([an_order(n) for n in range(12)])
    world.process = await world.spawn(CROSSDOCK_FAILPOINT=point)
    assert await asyncio.wait_for(world.process.wait(), 30) == -signal.SIGKILL
    world.oms.put([an_order(n) for n in range(12, 20)])
    await world.start()
    await world.until_arrived(*(f"O-{n}" for n in range(20)))
    await world.until_state("O-0", "pushed")
    assert world.created() == {f"O-{n}": 1 for n in range(20)}


@pytest.mark.parametrize("world", [("key",), ("lookup",)], indirect=True)
@pytest.mark.parametrize(
    "fault", [Fault.ACCEPTED_THEN_LOST, Fault.ACCEPTED_THEN_500, Fault.ACCEPTED_LATE, Fault.S500, Fault.PARTIAL_BATCH]
)
@pytest.mark.behaviour("R9", "P4")
async def test_an_answer_that_was_lost_never_doubles_an_order(world, fault):
    args = {"seconds": 0.8} if fault is Fault.ACCEPTED_LATE else {}
    world.wms.set_faults(script(Rule(fault=fault, match=Match(method="POST", path=PUSH), args=args, times=2)))
    await world.start()
    await world.set_up()
    world.oms.put([an_order(n) for n in range(6)])
    for n in range(6):
        await world.until_state(f"O-{n}", "pushed")
    await world.wms.quiet()
    assert world.created() == {f"O-{n}": 1 for n in range(6)}


@pytest.mark.parametrize("world", [("key",), ("lookup",)], indirect=True)
@pytest.mark.parametrize("told", [True, False])
@pytest.mark.behaviour("P4")
async def test_one_request_that_a_warehouse_took_twice_is_pushed_once_for_us_and_the_books_tell(world, told):
    """Nothing that crossdock does can keep a warehouse from that; it must neither add a third nor wait for ever."""
    match = Match(method="POST", path=PUSH)
    world.wms.set_faults(script(Rule(fault=Fault.ACCEPTED_TWICE, match=match, args={"told": told}, times=1)))
    await world.start()
    await world.set_up()
    world.oms.put([an_order(1)])
    await world.until_state("O-1", "pushed")
    first, second = world.wms.books.by_order["O-1"]
    assert (first.key, first.remote_id != second.remote_id) == (second.key, True)
    assert world.wms.books.doubles() == {"O-1": [first.key, first.key]}
    (shown,) = (await world.client(lambda c: c.order("shop", "O-1"))).pushes
    assert (shown.key, shown.remote_id) == (first.key, first.remote_id)
    assert await world.stop() == 0


@pytest.mark.parametrize("world", [("none",)], indirect=True)
@pytest.mark.behaviour("P4")
async def test_a_doubt_that_cannot_be_asked_about_waits_for_a_person(world):
    world.wms.set_faults(script(Rule(fault=Fault.ACCEPTED_THEN_LOST, match=Match(method="POST", path=PUSH), times=1)))
    await world.start()
    await world.set_up()
    world.oms.put([an_order(1)])
    await world.until_state("O-1", "in_doubt")
    told = await world.client(lambda c: c.explain("O-1"))
    assert "settle" in str(told)
    found = SettleOrder(connection="shop", ref="O-1", settlement="arrived", reason="it is on the shelf", remote_id="7")
    done = await world.client(lambda c: c.settle(found))
    assert done.results[0].done
    await world.until_state("O-1", "pushed")
    assert world.created() == {"O-1": 1}


@pytest.mark.behaviour("R15", "R37", "P1")
async def test_what_is_not_eligible_stays_with_its_reason(world):
    await world.start()
    await world.set_up()
    old = datetime.now(UTC) - timedelta(days=31)
    world.oms.put(
        [
            an_order(1, created_at=old),
            an_order(2, status=OrderStatus.CANCELLED),
            an_order(3, lines=()),
            an_order(4, tracking_number=None),
            an_order(5, holds=("fraud check",)),
            an_order(6),
        ]
    )
    await world.until_arrived("O-6")
    page = await world.client(lambda c: c.orders(limit=50))
    states = {item.ref: (item.state, " ".join(item.why)) for item in page.items}
    assert states["O-1"][0] == "not_pushed"
    assert "more than 30 days" in states["O-1"][1]
    assert states["O-2"][0] == "cancelled"
    assert states["O-3"][0] == "not_pushed"
    assert "goods" in states["O-3"][1]
    assert states["O-4"][0] == "not_pushed"
    assert "tracking number" in states["O-4"][1]
    assert states["O-5"][0] == "held"
    assert "fraud check" in states["O-5"][1]
    assert world.created() == {"O-6": 1}


@pytest.mark.behaviour("R36", "R38")
async def test_with_auto_push_off_a_person_pushes(world):
    await world.start()
    await world.set_up(auto_push=False)
    world.oms.put([an_order(1), an_order(2)])
    await world.until_state("O-1", "not_pushed")
    done = await world.client(lambda c: c.push([OrderRef(connection="shop", ref="O-1")]))
    assert done.results[0].done
    await world.until_arrived("O-1")
    assert world.created() == {"O-1": 1}


@pytest.mark.parametrize("world", [("key", 300)], indirect=True)
@pytest.mark.behaviour("R10", "R11", "R12", "R13", "R14", "P12")
async def test_obtaining_again_within_five_minutes_is_refused_also_after_a_restart(world):
    await world.start()
    await world.set_up(auto_push=False)
    queued = await world.client(lambda c: c.obtain("shop", "WH"))
    assert queued.task_id
    await world.kill()
    await world.start()
    with pytest.raises(Refusal, match="again at"):
        await world.client(lambda c: c.obtain("shop", "WH"))

    async def done() -> bool:
        return (await world.client(lambda c: c.task(queued.task_id))).state == "succeeded"

    await world.until(done, "the task ends")


@pytest.mark.behaviour("P5")
async def test_an_order_amended_before_its_push_is_pushed_as_amended_and_after_it_its_warehouse_is_told(world):
    await world.start()
    await world.set_up(auto_push=False)
    world.oms.put([an_order(1)])
    await world.until_state("O-1", "not_pushed")
    amended = an_order(1, buyer_note="call first")
    world.oms.put([amended])

    async def seen() -> bool:
        detail = await world.client(lambda c: c.order("shop", "O-1"))
        return detail.order.buyer_note == "call first"

    await world.until(seen, "the amendment is stored")
    await world.client(lambda c: c.push([OrderRef(connection="shop", ref="O-1")]))
    await world.until_state("O-1", "pushed")
    world.oms.put([an_order(1, buyer_note="ring twice")])

    async def updated() -> bool:
        return (await world.client(lambda c: c.orders(text="O-1"))).items[0].updated

    await world.until(updated, "the change has arrived")
    document = world.wms.books.by_order["O-1"][0]
    assert (world.wms.changes.content(document.key).buyer_note, document.lines[0].quantity) == ("ring twice", 2)
    assert world.created() == {"O-1": 1}


async def test_a_wrong_configuration_ends_with_78_and_names_the_line(world):
    world.config.write_text(world.text().replace("tick_s = 0.1", "tik_s = 0.1"))
    ended = await world.spawn()
    assert await asyncio.wait_for(ended.wait(), 30) == 78
    said = world.output.read_text()
    assert "crossdock.toml:8" in said
    assert "tick_s" in said


async def test_a_wrong_configuration_at_reload_leaves_the_old_one_in_force(world):
    await world.start()
    await world.set_up()
    world.config.write_text("state_dir = 7")
    world.process.send_signal(signal.SIGHUP)

    async def refused() -> bool:
        return "old one stays in force" in world.output.read_text()

    await world.until(refused, "the refusal is logged")
    world.oms.put([an_order(1)])
    await world.until_arrived("O-1")
    world.config.write_text(world.text().replace("every_s = 0.2", "every_s = 0.3"))
    taken = await world.client(lambda c: c.reload())
    assert taken.taken
    world.oms.put([an_order(2)])
    await world.until_arrived("O-2")


NAMED = {"connection": "shop", "ref": "O-1", "name": "arranged", "code": "WH", "position": "1", "id": "1"}
MAPPING = {"warehouse": "WH", "kind": "sku", "ours": "A"}


def asked() -> list[tuple[str, str]]:
    """Every question of the control API, about what there is, and what makes it talk to a remote system."""
    gets = [
        ("GET", route.path.format(**NAMED, **MAPPING))
        for route in TABLE
        if route.method == "GET" and route.answer is not Stream
    ]
    explained = [("GET", f"{path}?order=O-1") for _, path in gets if path == "/v1/explain"]
    return [*gets, *explained, ("POST", "/v1/connections/depot/check"), ("POST", "/v1/reload")]


def forms(secret: str) -> set[bytes]:
    """A secret as it may slip out: as it is, in base64 at each of its three offsets, quoted for an address."""
    raw = secret.encode()
    shifted = {base64.b64encode(b"-" * n + raw)[4 if n else 0 :].rstrip(b"=")[:-1] for n in range(3)}
    urlsafe = {each.translate(bytes.maketrans(b"+/", b"-_")) for each in shifted}
    return {raw, *shifted, *urlsafe, quote(secret, safe="").encode(), quote_plus(secret).encode()}


def test_the_forms_of_a_secret_are_found_where_they_stand():
    secret = "canary /+&?=ü-0123456789"
    found = forms(secret)
    for before in ("", "a", "ab", "user:"):
        packed = base64.b64encode(f"{before}{secret}".encode())
        assert any(form in packed for form in found), before
    assert quote(secret, safe="").encode() in found
    assert not any(form in b"crossdock.db and its log" for form in found)


@pytest.mark.security("S8")
async def test_a_secret_is_in_no_log_no_answer_and_no_file_but_its_own(world):
    refused = Rule(fault=Fault.AUTH_FAILED, match=Match(path="/v1/orders"), times=1)
    lost = Rule(fault=Fault.ACCEPTED_THEN_LOST, match=Match(path=PUSH), times=1)
    world.oms.set_faults(script(refused))
    world.wms.set_faults(script(lost))
    for name, system in (("shop", world.oms), ("depot", world.wms)):
        system.token = f"canary/+&=?%~{system.token}"  # each form of it is another one
        (world.folder / "secrets" / f"{name}.token").write_text(system.token)
    await world.start()
    await world.set_up()
    world.oms.put([an_order(1)])
    await world.until_state("O-1", "pushed")
    socket = aiohttp.UnixConnector(str(world.folder / "control.sock"))
    said = {}
    async with aiohttp.ClientSession(connector=socket) as session:
        for method, path in asked():
            async with session.request(method, f"http://x{path}") as answer:
                said[path] = await answer.read()
                assert answer.status < 500, (path, said[path])
    assert b"O-1" in said["/v1/orders/shop/O-1"]
    assert b"crossdock_" in said["/metrics"]
    await world.stop()
    said |= {file: file.read_bytes() for file in world.folder.rglob("*") if file.is_file() and file.suffix != ".token"}
    assert world.output in said
    for where, content in said.items():
        for form in forms(world.oms.token) | forms(world.wms.token):
            assert form not in content, where


@pytest.mark.behaviour("R9", "P8")
async def test_what_could_not_be_sent_goes_again_by_itself(world):
    await world.start()
    await world.set_up()
    await world.wms.close_door()
    world.oms.put([an_order(n) for n in range(3)])

    async def failed() -> bool:
        page = await world.client(lambda c: c.orders(limit=50))
        return any(item.state == "push_failed" and item.next_at is not None for item in page.items)

    await world.until(failed, "a push fails and has its next try")
    await world.wms.open_door()
    await world.until_arrived("O-0", "O-1", "O-2")
    assert world.created() == {"O-0": 1, "O-1": 1, "O-2": 1}
