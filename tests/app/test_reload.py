"""A reload takes up what changed outside of the configuration too, and gives what crossdock paused a new chance."""

from __future__ import annotations

import asyncio

import pytest
from tests.e2e.conftest import an_order

AUTH = ("crossdock_plugin_errors_total", ("class", "AuthFailed"), ("connection", "shop"))


@pytest.fixture(autouse=True)
def no_logging_of_its_own(monkeypatch):
    monkeypatch.setattr("crossdock.app.rooms.configure", lambda *_: None)


async def test_a_secret_that_was_replaced_counts_from_the_reload_on(running):
    await running.open()

    async def fetched_again():
        return running.oms.calls["GET /v1/orders"] >= wanted

    wanted = 1
    await running.until(fetched_again)
    running.write(shop="another")
    wanted = running.oms.calls["GET /v1/orders"] + 2
    await running.until(fetched_again)
    assert AUTH not in await running.scrape()
    assert (await running.rooms.reload(running.read)).taken

    async def refused():
        return AUTH in await running.scrape()

    await running.until(refused)


async def stands(running, name, state):
    async def holds():
        items = (await running.ask(lambda c: c.connections())).items
        return next((each for each in items if (each.name, each.state) == (name, state)), None)

    return await running.until(holds)


@pytest.mark.behaviour("P8")
async def test_a_secret_that_is_put_in_place_is_taken_up_by_a_reload(running):
    running.before_opening = (running.folder / "secrets" / "shop.token").unlink
    await running.open()
    assert "reload" in (await stands(running, "shop", "paused")).error
    running.write()
    assert (await running.rooms.reload(running.read)).taken
    await stands(running, "shop", "ok")


@pytest.mark.behaviour("P8")
async def test_a_connection_that_crossdock_paused_is_tried_again_by_a_reload_and_by_a_start(running):
    running.before_opening = lambda: running.write(shop="wrong")
    await running.open()
    assert (await stands(running, "shop", "paused")).error_kind == "AuthFailed"
    running.write()
    await running.rooms.reload(running.read)
    await stands(running, "shop", "ok")
    running.write(shop="wrong")
    await running.rooms.reload(running.read)
    await stands(running, "shop", "paused")
    await running.rooms.close()
    running.write()
    await running.start()
    await stands(running, "shop", "ok")


@pytest.mark.parametrize("changed", [False, True])
async def test_what_a_person_paused_stays_paused_through_a_reload_and_a_start(running, changed):
    await running.open()
    await running.ask(lambda c: c.pause("depot", "stocktaking"))
    if changed:
        running.path.write_text(running.path.read_text().replace("cap_s = 0.05", "cap_s = 0.06"))
    assert (await running.rooms.reload(running.read)).taken
    assert (await stands(running, "depot", "paused")).error == "stocktaking"
    await running.rooms.close()
    await running.start()
    assert (await stands(running, "depot", "paused")).error == "stocktaking"


async def test_what_needs_a_restart_is_told_until_it_is_set_back(running):
    await running.open()
    before = running.path.read_text()
    running.path.write_text(before + "[control]\ntimeout_s = 3\n")
    assert [(await running.rooms.reload(running.read)).need_restart for _ in range(2)] == [("control.timeout_s",)] * 2
    running.path.write_text(before)
    assert (await running.rooms.reload(running.read)).need_restart == ()


@pytest.mark.behaviour("R10")
async def test_the_five_minute_limit_changes_by_a_reload_for_the_schedule_and_for_people_alike(running):
    running.engine = "run_budget_s = 1"
    running.write()
    await running.open()
    path, calls = running.path, running.oms.calls

    async def fetched():
        return calls["GET /v1/orders"] >= wanted

    wanted = 3
    await running.until(fetched)
    path.write_text(path.read_text().replace("min_interval_s = 0", "min_interval_s = 600"))
    assert (await running.rooms.reload(running.read)).need_restart == ()
    await asyncio.sleep(0.3)
    before = calls["GET /v1/orders"]
    await asyncio.sleep(0.5)
    assert calls["GET /v1/orders"] == before
    path.write_text(path.read_text().replace("min_interval_s = 600", "min_interval_s = 0"))
    assert (await running.rooms.reload(running.read)).need_restart == ()
    wanted = before + 3
    await running.until(fetched)


def switched(running, name, on):
    """Write the configuration with a connection switched on or off."""
    running.write()
    said = f"\n[connections.{name}]\n"
    text = running.path.read_text().replace(said, f"{said}enabled = {str(on).lower()}\n")
    running.path.write_text(text)


@pytest.mark.behaviour("R35")
async def test_a_connection_that_is_switched_off_is_left_alone_from_the_reload_on_and_waits_visibly(running):
    await running.open()
    await running.set_up()
    switched(running, "depot", False)
    assert (await running.rooms.reload(running.read)).taken
    running.oms.put([an_order(1)])

    async def queued():
        return (await running.ask(lambda c: c.orders(state="queued"))).items

    await running.until(queued)
    assert (await stands(running, "depot", "disabled")).text == "it is switched off"
    (coming,) = (await running.ask(lambda c: c.explain("O-1"))).next
    assert ("switched off" in coming.text, coming.person) == (True, True)

    async def told():
        return [each.code for each in (await running.ask(lambda c: c.incidents())).items]

    assert await running.until(told) == ["unserved"]
    assert running.wms.books.by_order == {}
    switched(running, "depot", True)
    assert (await running.rooms.reload(running.read)).taken

    async def arrived():
        return "O-1" in running.wms.books.by_order and not await told()

    await running.until(arrived)


async def test_a_connection_that_is_not_configured_any_more_is_named_as_what_holds_the_queue(running):
    await running.open()
    await running.set_up()
    text = running.path.read_text()
    running.path.write_text(text[: text.index("[connections.depot]")])
    assert (await running.rooms.reload(running.read)).taken
    running.oms.put([an_order(1)])

    async def explained():
        return (await running.ask(lambda c: c.orders(state="queued"))).items

    await running.until(explained)
    (coming,) = (await running.ask(lambda c: c.explain("O-1"))).next
    assert "connection depot: it is not configured" in coming.text
