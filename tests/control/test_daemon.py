"""Health, status, connections, plugins, quarantine, reload, database."""

from __future__ import annotations

import msgspec
import pytest
from tests.control.test_actions import ended
from tests.control.world import order

from crossdock.control.client import Refusal
from crossdock.control.records.daemon import Reloaded
from crossdock.rules.book import PushStrategy, StrategyKind
from crossdock.spec.errors import PluginStuck, Retryable


async def test_probes_say_200_or_503_with_the_reasons(world, raw):
    for path in ("/livez", "/readyz"):
        assert (await raw("GET", path))[:2] == (200, {"ok": True, "reasons": []})
    assert (await raw("GET", "/healthz"))[:2] == (200, {"status": "ok"})
    world.against = ["The event loop is 9 s late"]
    for path in ("/livez", "/readyz"):
        assert (await raw("GET", path))[:2] == (503, {"ok": False, "reasons": ["The event loop is 9 s late"]})
    assert (await raw("GET", "/healthz"))[0] == 503


async def test_metrics_are_given_as_prometheus_reads_them(raw):
    status, body, headers = await raw("GET", "/metrics")
    assert (status, body) == (200, b"crossdock_build_info 1\n")
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")


async def test_the_status_counts_every_state(world, client):
    world.serve(order("A"), order("B", holds=("wait",)), order("C", hours=24 * 90), unreadable=["U"])
    await world.fetch()
    await world.until("A", "pushed")
    status = await client.status()
    counted = {each.state: each.count for each in status.outbox if each.count}
    assert counted == {"pushed": 1, "held": 1, "not_pushed": 1}
    assert (status.quarantine, status.level, status.version) == (1, "warning", "0.1.0")
    assert status.reasons == (
        "1 records could not be read (`crossdock quarantine list`)",
        "open incidents: 1 (`crossdock incidents list`)",
    )
    assert [(each.level, each.code, each.text, each.command) for each in status.why] == [
        ("warning", "quarantine", "1 records could not be read", "crossdock quarantine list"),
        ("warning", "incidents", "open incidents: 1", "crossdock incidents list"),
    ]


async def test_what_needs_a_person_is_what_incidents_hold_each_once_with_what_to_do(build):
    world = await build()
    await world.requests.save_entry(PushStrategy(name="std", kind=StrategyKind.STANDARD))
    world.serve(*map(order, "ABC"), unreadable=["U"])
    await world.fetch()
    async with world.client() as client:
        status = await client.status()
    assert (status.needs_person, status.orders_need_person, status.to_settle) == (4, 3, 0)
    assert [(each.holds, each.command) for each in status.waits] == [
        (3, "crossdock allocation set POSITION --warehouse WAREHOUSE"), (1, "crossdock quarantine retry oms"),
    ]  # fmt: skip
    assert status.level == "warning"


async def test_a_queue_shows_how_long_its_oldest_order_waits(world, client):
    await world.requests.pause("wms", "stocktaking", "me")
    world.serve(order("A"))
    await world.fetch()
    status = await client.status()
    queued = next(each for each in status.outbox if each.state == "queued")
    assert (queued.count, queued.oldest) == (1, (await client.orders(text="A")).items[0].queued_at)
    assert status.level == "critical"
    assert "wms is paused" in status.reasons


async def test_a_daemon_that_is_not_well_is_critical(world, client):
    world.against, world.engine.disk_low = ["The database cannot be used"], True
    status = await client.status()
    assert status.level == "critical"
    assert status.reasons[:2] == ("The database cannot be used", "the disk is nearly full; nothing is fetched or sent")


async def test_connections_tell_what_they_are_and_can(world, client):
    found = {each.name: each for each in (await client.connections()).items}
    assert (found["oms"].kind, found["oms"].type, found["oms"].state) == ("oms", "fake-oms", "ok")
    assert "fetch_orders" in found["oms"].hooks
    assert found["wms"].capabilities["idempotency"] == "key"
    assert (found["off"].state, found["off"].enabled) == ("disabled", False)


async def test_a_connection_whose_plugin_is_not_loaded_is_said_to_be_so(world, client):
    off = msgspec.structs.replace(world.config.connections["off"], enabled=True)
    world.engine.config = msgspec.structs.replace(world.config, connections={**world.config.connections, "off": off})
    status = await client.status()
    assert status.level == "critical"
    assert "off is not_loaded" in status.reasons


async def test_a_connection_is_paused_with_a_reason_and_resumed(client):
    paused = await client.pause("wms", "stocktaking")
    assert (paused.state, paused.paused_by, paused.error) == ("paused", "admin", "stocktaking")
    assert "resume" in paused.text
    assert (await client.resume("wms")).state == "ok"
    with pytest.raises(Refusal, match=r"no connection 'nope' in use \(in use: oms, wms\)"):
        await client.pause("nope", "x")


async def test_a_stuck_plugin_is_not_resumed_but_named_with_what_helps(world, client):
    world.engine.links["wms"].stuck = True
    world.engine.keeper.failed("wms", PluginStuck("push_outbound of wms did not stop"))
    with pytest.raises(Refusal, match="restart the daemon") as refusal:
        await client.resume("wms")
    assert refusal.value.code != "internal"
    await client.pause("wms", "for the night")
    with pytest.raises(Refusal, match="restart the daemon"):
        await client.resume("wms")


async def test_a_check_tells_the_account_and_the_clock(world, client):
    found = await client.check("oms")
    assert (found.ok, found.account) == (True, "shop 7")
    assert abs(found.clock_skew_s) < 5
    with pytest.raises(Refusal, match="cannot do that") as refusal:
        await client.check("wms")
    assert refusal.value.code == "unsupported"


@pytest.mark.behaviour("R2", "R34")
async def test_what_can_be_chosen_comes_from_the_remote_system(world, client):
    assert [(each.code, each.name) for each in (await client.choices("oms", "shops")).items] == [("s1", "Shop one")]
    assert [each.code for each in (await client.choices("wms", "warehouses")).items] == ["W1"]
    with pytest.raises(Refusal, match="maintenance") as refusal:
        await client.choices("oms", "logistics")
    assert (refusal.value.problem.status, refusal.value.code) == (502, "remote")
    with pytest.raises(Refusal, match="cannot do that"):
        await client.choices("oms", "warehouses")


async def test_plugins_are_listed(client):
    found = (await client.plugins()).items
    assert [(each.name, each.loaded, each.types[0].name) for each in found] == [("crossdock-fake", True, "fake-oms")]


@pytest.mark.behaviour("P7")
async def test_what_could_not_be_read_is_shown_and_read_again(world, client):
    world.serve(order("A"), unreadable=["U", "V"])
    await world.fetch()
    first = await client.quarantine(limit=1)
    second = await client.quarantine(limit=1, after=first.next)
    assert [item.ref for page in (first, second) for item in page.items] == ["U", "V"]
    assert (first.items[0].reason, first.items[0].excerpt) == ("no status", '{"oops": 1}')
    assert (await client.quarantine(excerpts=False)).items[0].excerpt is None
    assert (await client.quarantined(first.items[0].id)).excerpt == '{"oops": 1}'
    world.become("viewer")
    assert (await client.quarantine()).items[0].excerpt is None
    assert (await client.quarantined(first.items[0].id)).excerpt is None
    with pytest.raises(Refusal, match="record 99 is not in quarantine"):
        await client.quarantined(99)
    world.become("admin")
    world.serve(order("U"))
    await ended(client, (await client.retry_quarantine("oms", ["U"])).task_id)
    assert [item.ref for item in (await client.quarantine()).items] == ["V"]
    with pytest.raises(Refusal, match="nothing of oms is in quarantine under U, X") as refused:
        await client.retry_quarantine("oms", ["V", "U", "X"])
    assert refused.value.problem.status == 404
    done = await ended(client, (await client.retry_quarantine("oms")).task_id)
    assert done.skipped == 1
    with pytest.raises(Refusal, match="nothing of oms"):
        await client.retry_quarantine("oms")
    with pytest.raises(Refusal, match="nothing of wms"):
        await client.retry_quarantine("wms")


async def test_a_record_without_a_ref_of_its_own_leaves_the_quarantine_only_if_it_is_named(world, client):
    name = "unreadable-0123456789abcdef"
    world.serve(unreadable=(name,))
    await world.fetch()
    assert [item.named for item in (await client.quarantine()).items] == [False]
    with pytest.raises(Refusal, match="could be fetched again"):
        await client.retry_quarantine("oms")
    await ended(client, (await client.retry_quarantine("oms", [name])).task_id)
    assert (await client.quarantine()).items == ()


async def test_a_reload_tells_what_it_did(world, client):
    assert (await client.reload()).taken
    world.reloaded = Reloaded(taken=False, text="crossdock.toml:3: unknown key", need_restart=("state_dir",))
    assert await client.reload() == world.reloaded


async def test_the_database_tells_its_migrations_and_size(world, client):
    found = await client.database()
    assert found.path == str(world.folder / "crossdock.db")
    assert found.bytes > 0
    assert found.migrations[0] == "0001_initial"


async def test_a_database_that_fails_is_a_503_that_says_so(world, raw):
    await world.store.write(lambda tx: tx.execute("DROP TABLE quarantine"))
    status, problem, _ = await raw("GET", "/v1/quarantine")
    assert (status, problem["code"]) == (503, "database")


async def test_a_remote_system_that_is_down_breaks_nothing(world, raw):
    async def down():
        raise Retryable("nobody answers")

    world.oms.check = down
    status, problem, _ = await raw("POST", "/v1/connections/oms/check")
    assert (status, problem["code"]) == (502, "remote")
    assert "nobody answers" in problem["detail"]
