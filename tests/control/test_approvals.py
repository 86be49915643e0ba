"""Two persons: one proposes, another with the same right approves, and it is done once."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from tests.control.people import become
from tests.control.world import order

from crossdock.config.model import Control, Role, TwoPerson
from crossdock.control.client import Refusal
from crossdock.control.records.asks import SettleOrder
from crossdock.engine.approvals import Carried, Proposal
from crossdock.flows.expire_approvals import expire_due
from crossdock.spec.outbound import PushStatus
from crossdock.store import audit

pytestmark = [pytest.mark.security("S5"), pytest.mark.behaviour("R42")]
ANNA, BO, VERA = ("anna", 1001), ("bo", 1002), ("vera", 1003)


@pytest.fixture
async def doubtful(build):
    """An order in doubt, where settling needs two persons: anna and bo may, vera may only look."""
    roles = {"operator": Role(users=("anna", "bo")), "viewer": Role(users=("vera",)), "admin": Role(users=("root",))}
    world = await build(idempotency="none", control=Control(roles=roles, two_person=TwoPerson(settle=True)))
    await world.settings()
    world.wms.answer = PushStatus.UNKNOWN
    world.serve(order("A"))
    await world.fetch()
    become(world, *ANNA)
    await world.until("A", "in_doubt")
    return world


ASKED = SettleOrder(connection="oms", ref="A", settlement="arrived", reason="it is on the shelf", remote_id="7")


async def state(client):
    return (await client.orders(text="A")).items[0].state


async def test_a_doubt_is_settled_when_a_second_person_approves(doubtful):
    async with doubtful.client() as client:
        proposed = await client.settle(ASKED)
        assert (proposed.approval, proposed.results[0].done) == (1, False)
        assert "crossdock approvals approve 1" in proposed.results[0].text
        assert await state(client) == "in_doubt"
        become(doubtful, *BO)
        (item,) = (await client.approvals(state="proposed")).items
        assert (item.proposed_by, item.text) == (
            "anna", "settle order A of oms: it arrived as 7 (it is on the shelf)",
        )  # fmt: skip
        done = await client.approve(1)
        assert (done.state, done.decided_by) == ("done", "bo")
        assert await state(client) == "pushed"
        (moment,) = [m for m in (await client.order("oms", "A")).timeline if m.what == "settled_by_hand"]
        assert moment.actor == "anna and bo"
    last = await doubtful.store.read(audit.newest, audit.Sought(action="approve"), None, 9)
    assert [(r.actor, r.object, r.result, r.reason) for r in last] == [
        ("bo", "push.settle oms/A", "done", "approval 1, proposed by anna")
    ]
    assert [r.result for r in await doubtful.store.read(audit.newest, audit.Sought(action="settle"), None, 9)] == [
        "proposed"
    ]


async def test_nobody_approves_what_he_proposed(doubtful):
    async with doubtful.client() as client:
        await client.settle(ASKED)
        with pytest.raises(Refusal, match="yourself"):
            await client.approve(1)
        assert await state(client) == "in_doubt"


async def test_the_list_says_what_one_proposed_oneself_and_finds_what_it_is_about(doubtful):
    async with doubtful.client() as client:
        await client.settle(ASKED)
        assert [each.own for each in (await client.approvals(text="ORDER A of")).items] == [True]
        assert (await client.approvals(text="nothing like it")).items == ()
        become(doubtful, *BO)
        assert [each.own for each in (await client.approvals(text="anna")).items] == [False]
        become(doubtful, "bo", ANNA[1])
        assert [each.own for each in (await client.approvals()).items] == [True]


async def test_without_the_same_right_nobody_approves_or_even_sees_it(doubtful):
    async with doubtful.client() as client:
        await client.settle(ASKED)
        become(doubtful, *VERA)
        for ask in (client.approve(1), client.reject(1, "no")):
            with pytest.raises(Refusal, match=r"push\.settle"):
                await ask
        assert (await client.approvals()).items == ()


async def test_what_two_approve_at_once_is_done_once(doubtful):
    async with doubtful.client() as client:
        await client.settle(ASKED)
        become(doubtful, *BO)
        answers = await asyncio.gather(*(client.approve(1) for _ in range(5)), return_exceptions=True)
        assert sum(not isinstance(answer, Refusal) for answer in answers) == 1
        settled = [m for m in (await client.order("oms", "A")).timeline if m.what == "settled_by_hand"]
        assert len(settled) == 1


async def test_what_was_settled_meanwhile_is_refused_and_stays_refused(doubtful):
    async with doubtful.client() as client:
        await client.settle(ASKED)
        await doubtful.store.write(lambda tx: tx.execute("UPDATE pushes SET state = 6"))
        become(doubtful, *BO)
        second = await client.approve(1)
        assert (second.state, "not in doubt" in second.outcome) == ("refused", True)
        with pytest.raises(Refusal, match="refused already"):
            await client.approve(1)


async def test_another_doubt_of_the_same_order_is_not_the_one_that_was_seen(doubtful):
    async with doubtful.client() as client:
        await client.settle(ASKED)
        await doubtful.store.write(lambda tx: tx.execute("UPDATE pushes SET attempts = attempts + 1"))
        become(doubtful, *BO)
        found = await client.approve(1)
        assert (found.state, "sent again since" in found.outcome) == ("refused", True)
        assert await state(client) == "in_doubt"


async def test_a_proposal_can_be_turned_down_and_taken_back(doubtful):
    async with doubtful.client() as client:
        await client.settle(ASKED)
        assert (await client.reject(1, "I was wrong")).state == "rejected"
        await client.settle(ASKED)
        become(doubtful, *BO)
        assert (await client.reject(2, "look again")).outcome == "look again"
        with pytest.raises(Refusal, match="rejected already"):
            await client.approve(2)


async def test_what_nobody_decides_in_time_expires(doubtful):
    async with doubtful.client() as client:
        await client.settle(ASKED)
        doubtful.env.ahead = timedelta(hours=24)
        become(doubtful, *BO)
        with pytest.raises(Refusal, match="expired at"):
            await client.approve(1)
        assert await doubtful.store.write(expire_due, doubtful.env.now()) == 1
        assert [item.state for item in (await client.approvals()).items] == ["expired"]
    (row,) = await doubtful.store.read(audit.newest, audit.Sought(actor="crossdock"), None, 9)
    assert (row.action, row.object) == ("approval.expire", "push.settle oms/A")


async def test_what_is_not_in_doubt_is_not_even_proposed(doubtful):
    async with doubtful.client() as client:
        with pytest.raises(Refusal, match="no order nowhere"):
            await client.settle(SettleOrder(connection="oms", ref="nowhere", settlement="absent", reason="x"))


async def test_what_does_not_exist_is_said_so(doubtful):
    async with doubtful.client() as client:
        with pytest.raises(Refusal, match="no approval 77"):
            await client.approve(77)


async def test_any_action_can_need_a_second_person(doubtful):
    """As another part of crossdock uses it: a unit of work, and a proposal where it would have been done."""
    done = []

    def carry_out(tx, body, second):
        done.append((body, second.proposed_by, second.approved_by))
        return Carried(done=True, text="the cost is 12.00 THB")

    approvals = doubtful.requests.approvals
    approvals.learn("cost.actual.edit", carry_out)
    wanted = Proposal(action="cost.actual.edit", needs="push.settle", object="IN-7", text="cost of IN-7", body=ASKED)
    kept = await approvals.propose(wanted, *ANNA)
    become(doubtful, *BO)
    async with doubtful.client() as client:
        assert (await client.approve(kept.id)).outcome == "the cost is 12.00 THB"
    assert [each[1:] for each in done] == [("anna", "bo")]


async def test_an_action_that_fails_changes_nothing_and_stays_open(doubtful):
    def broken(tx, body, second):
        tx.execute("UPDATE pushes SET attempts = 99")
        raise ZeroDivisionError

    doubtful.requests.approvals.learn("push.settle", broken)
    async with doubtful.client() as client:
        await client.settle(ASKED)
        become(doubtful, *BO)
        with pytest.raises(Refusal, match="nobody foresaw"):
            await client.approve(1)
        assert [item.state for item in (await client.approvals()).items] == ["proposed"]
    assert await doubtful.store.read(lambda tx: tx.one("SELECT attempts FROM pushes")[0]) == 1


@pytest.mark.parametrize("on", [False])
async def test_where_one_person_is_enough_it_is_done_at_once(build, on):
    roles = {"operator": Role(users=("anna",)), "admin": Role(users=("admin",))}
    world = await build(idempotency="none", control=Control(roles=roles, two_person=TwoPerson(settle=on)))
    await world.settings()
    world.wms.answer = PushStatus.UNKNOWN
    world.serve(order("A"))
    await world.fetch()
    await world.until("A", "in_doubt")
    async with world.client() as client:
        assert (await client.settle(ASKED)).results[0].done


async def test_a_second_proposal_for_the_same_is_refused_while_one_is_open(doubtful):
    async with doubtful.client() as client:
        assert (await client.settle(ASKED)).approval == 1
        with pytest.raises(Refusal, match="approval 1 by anna waits for the same already"):
            await client.settle(ASKED)
        assert [each.id for each in (await client.approvals(state="proposed")).items] == [1]
        await client.reject(1, "a typing error")
        assert (await client.settle(ASKED)).approval == 2
