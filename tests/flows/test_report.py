"""Telling the OMS what became of its orders."""

from __future__ import annotations

import pytest

from crossdock.flows.report_push import report_pushes
from crossdock.spec.errors import Retryable
from crossdock.spec.outbound import PushStatus


async def told(bench):
    more = await report_pushes("oms", bench.oms, bench.house)
    return [(report.order_ref, report.status, report.remote_id, report.message) for report in bench.oms.reports], more


@pytest.mark.behaviour("R29")
async def test_a_push_and_a_refusal_are_reported_once(bench, kit):
    await bench.absorb(kit.order("1"), kit.order("2"))
    bench.wms.script.append(kit.answer(PushStatus.REJECTED, code="sku", message="no such SKU"))
    await bench.push(concurrency=1)
    key = (await bench.row("2")).key
    expected = [("1", "push_failed", None, "no such SKU"), ("2", "pushed", f"R-{key}", None)]
    assert await told(bench) == (expected, False)
    assert await told(bench) == (expected, False)


async def test_what_the_oms_does_not_answer_is_reported_again_later(bench, kit):
    await bench.absorb(kit.order("1"))
    await bench.push()
    bench.oms.silent.add("1")
    await told(bench)
    bench.oms.silent.clear()
    await told(bench)
    assert len(bench.oms.reports) == 1
    bench.later(minutes=2)
    await told(bench)
    assert len(bench.oms.reports) == 2


async def test_what_the_oms_refuses_is_kept_as_refused_and_not_repeated(bench, kit):
    await bench.absorb(kit.order("1"))
    await bench.push()
    bench.oms.refuses.add("1")
    await told(bench)
    assert (await bench.row("1")).reported.startswith("refused")
    assert await bench.moments("1") == ["report_refused"]
    assert (await bench.row("1")).report_at is None


async def test_a_report_that_fails_stays_due(bench, kit):
    await bench.absorb(kit.order("1"))
    await bench.push()

    def fail():
        raise Retryable("503")

    bench.oms.on_report = fail
    with pytest.raises(Retryable):
        await told(bench)
    assert (await bench.row("1")).report_at is not None


async def test_a_push_that_ends_while_its_failure_is_reported_is_reported_too(bench, kit):
    await bench.absorb(kit.order("1"))
    bench.wms.script.append(kit.answer(PushStatus.REJECTED, code="sku", message="no"))
    await bench.push()
    bench.later(seconds=1)

    def meanwhile():
        bench.oms.on_report = lambda: None
        at = int(bench.env.now().timestamp() * 1000)
        bench.database.execute_sql("UPDATE pushes SET state = 6, settled_at = ?, report_at = ?", (at, at))

    bench.oms.on_report = meanwhile
    await told(bench)
    await told(bench)
    assert [report.status for report in bench.oms.reports] == ["push_failed", "pushed"]
