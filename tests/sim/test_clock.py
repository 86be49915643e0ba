"""Virtual time itself."""

from __future__ import annotations

import asyncio

import pytest

from crossdock.testing.simulation.clock import Stalled, VirtualLoop, run


def test_a_week_of_waiting_costs_nothing():
    loop = VirtualLoop()
    run(asyncio.sleep(7 * 86_400), loop)
    assert loop.time() == pytest.approx(7 * 86_400)


def test_timeouts_run_out_in_virtual_time():
    async def wait() -> None:
        async with asyncio.timeout(30):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        run(wait(), VirtualLoop())


def test_a_wait_that_nothing_can_end_is_an_error_and_no_hang():
    with pytest.raises(Stalled, match="nothing will bring about"):
        run(asyncio.Event().wait(), VirtualLoop())


def test_turning_without_time_passing_is_an_error_and_no_hang():
    async def spin() -> None:
        while True:
            await asyncio.sleep(0)

    with pytest.raises(Stalled, match="without any time passing"):
        run(spin(), VirtualLoop())
