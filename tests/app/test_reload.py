"""A reload takes up what changed at the source of a secret, also where nothing else changed."""

from __future__ import annotations

import pytest

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
