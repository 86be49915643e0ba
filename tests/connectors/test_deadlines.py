"""Deadlines that share a timer: each comes at its own time, none comes twice, none is forgotten."""

from __future__ import annotations

import asyncio

import pytest

from crossdock.connectors.deadlines import Deadlines


async def test_a_call_that_takes_too_long_is_cancelled_and_becomes_a_timeout():
    deadlines = Deadlines(0.01)
    with pytest.raises(TimeoutError), deadlines.within():
        await asyncio.sleep(60)
    await asyncio.sleep(0)  # the task is well and can wait again


async def test_a_call_in_time_is_left_alone_and_so_is_what_comes_after_it():
    deadlines = Deadlines(0.02)
    with deadlines.within():
        await asyncio.sleep(0)
    await asyncio.sleep(0.05)  # the time of the call passes and nobody is cancelled for it
    assert asyncio.current_task().cancelling() == 0
    assert not deadlines._open
    deadlines.close()


async def test_a_later_call_is_bounded_although_earlier_ones_have_ended():
    deadlines = Deadlines(0.05)
    for _ in range(1000):
        with deadlines.within():
            pass
    assert len(deadlines._open) <= 2, "ended calls are not kept"
    late: list[str] = []
    deadlines.begin(lambda: late.append("first"))
    ended = deadlines.begin(lambda: late.append("ended"))
    await asyncio.sleep(0.02)
    deadlines.begin(lambda: late.append("second"))
    ended.met()
    await asyncio.sleep(0.2)
    assert late == ["first", "second"]


async def test_somebody_else_s_cancellation_stays_one():
    deadlines = Deadlines(60)

    async def work() -> None:
        with deadlines.within():
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    deadlines.close()


async def test_a_cancellation_that_meets_the_deadline_is_not_swallowed():
    deadlines = Deadlines(0.01)

    async def work() -> None:
        with deadlines.within():
            try:
                await asyncio.sleep(60)
            finally:
                task.cancel()  # somebody stops the task in the moment in which its time is over

    task = asyncio.create_task(work())
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_in_time_comes_through():
    deadlines = Deadlines(60)
    with pytest.raises(ValueError, match="mine"), deadlines.within():
        raise ValueError("mine")
    deadlines.close()


def test_another_loop_gets_a_timer_of_its_own():
    deadlines = Deadlines(0.05)

    async def slow() -> None:
        with pytest.raises(TimeoutError), deadlines.within():
            await asyncio.sleep(60)

    async def quick() -> None:
        with deadlines.within():
            await asyncio.sleep(0)

    asyncio.run(quick())
    asyncio.run(slow())
