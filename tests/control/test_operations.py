"""Writes to remote systems over the control API: listed, shown, carried out again."""

from __future__ import annotations

import pytest

from crossdock.control.client import Refusal
from crossdock.control.records.operations import RetryOperations
from crossdock.rules.operation_states import OperationState
from crossdock.store import audit, operations
from crossdock.store.operations import Ended, NewOperation

pytestmark = pytest.mark.behaviour("R25")


COST = '{"key": "c", "kind": "actual", "new": "2", "currency": "THB", "version": 1, "sku": "A"}'


def write(tx, ref, kind="stock.level", connection="elsewhere", state=OperationState.FAILED, secret="Somchai"):
    operations.enqueue(
        tx, NewOperation(connection=connection, kind=kind, subject=f"{kind}:{ref}", entity_id=1, revision=1, key=ref, body=secret.encode()), 1,
    )  # fmt: skip
    (claimed,) = operations.claim(tx, 1, connection, 1, 10)
    operations.save(
        tx, 1, [Ended(id=claimed.id, state=state, at=2, next_at=None if state is OperationState.FAILED else 10**12, error_code="invalid", error_text="no")],
    )  # fmt: skip
    return claimed.id


@pytest.fixture
async def written(world):
    """Three that failed, two of them about stock, and one in doubt."""
    world.ids = [
        await world.store.write(write, "a"), await world.store.write(write, "b"),
        await world.store.write(write, "c", "cost", secret=COST),
        await world.store.write(lambda tx: write(tx, "d", state=OperationState.IN_DOUBT)),
    ]  # fmt: skip
    return world


async def test_what_is_not_done_is_listed_by_state_kind_and_connection_in_pages(written, client):
    failed = await client.operations(state="failed")
    assert [(each.id, each.state, each.error_code) for each in failed.items] == [
        (number, "failed", "invalid") for number in written.ids[:3]
    ]
    assert [each.id for each in (await client.operations(state="failed", kind="cost")).items] == [written.ids[2]]
    assert (await client.operations(state="failed", connection="oms")).items == ()
    assert [each.state for each in (await client.operations()).items] == ["in_doubt"]
    assert (await client.operations(state="queued")).items == ()
    first = await client.operations(state="failed", limit=2)
    rest = await client.operations(state="failed", limit=2, after=first.next)
    assert [each.id for each in (*first.items, *rest.items)] == written.ids[:3]
    assert rest.next is None
    status = await client.status()
    assert (status.operations_open, status.operations_failed) == (1, 3)


@pytest.mark.security("S16")
async def test_what_is_sent_is_shown_to_those_who_may_see_it_and_the_look_is_audited(written, client):
    stock, cost = written.ids[0], written.ids[2]
    seen = {}
    for role in ("viewer", "operator", "warehouse", "buyer"):
        written.become(role)
        seen[role] = [(await client.operation(number)).body for number in (stock, cost)]
    assert seen["viewer"] == [None, None]
    assert seen["operator"] == seen["warehouse"] == ["Somchai", None]
    looks = await written.store.read(audit.newest, audit.Sought(action="pii.reveal"), None, 9)
    assert ("operator", f"operation:{stock}") in {(row.actor, row.object) for row in looks}
    assert "viewer" not in {row.actor for row in looks}
    assert "Somchai" not in str(await client.operations(state="failed"))


@pytest.mark.security("S6")
async def test_what_failed_is_carried_out_again_and_that_is_audited(written, client):
    done = await client.retry_operations(RetryOperations(operations=(written.ids[0], written.ids[3])))
    assert (done.queued, done.of) == (1, 2)
    assert "1 of 2" in done.text
    rest = await client.retry_operations(RetryOperations(all_failed=True, kind="stock.level"))
    assert (rest.queued, rest.of, rest.next) == (1, 1, None)
    assert [each.kind for each in (await client.operations(state="failed")).items] == ["cost"]
    rows = await written.store.read(audit.newest, audit.Sought(action="retry_operations"), None, 9)
    assert [(row.object, row.result, row.reason) for row in rows] == [
        ("all", "done", "1 of 1 queued"),
        (f"operation:{written.ids[0]}, operation:{written.ids[3]}", "partly", "1 of 2 queued"),
    ]


async def test_one_of_the_two_has_to_be_said_and_rights_are_needed(written, client):
    for wrong in (
        RetryOperations(), RetryOperations(operations=(1,), all_failed=True), RetryOperations(operations=(1,), kind="cost"),
    ):  # fmt: skip
        with pytest.raises(Refusal) as refused:
            await client.retry_operations(wrong)
        assert refused.value.code == "not_valid"
    with pytest.raises(Refusal) as missing:
        await client.operation(99)
    assert missing.value.code == "not_found"
    written.become("viewer")
    with pytest.raises(Refusal, match=r"push\.redrive"):
        await client.retry_operations(RetryOperations(all_failed=True))


@pytest.mark.behaviour("R42")
@pytest.mark.parametrize(("kind", "secret", "missing"), [
    ("cost", COST, "cost.actual.edit"), ("cost", COST.replace("actual", "planned"), "cost.plan.edit"),
])  # fmt: skip
async def test_a_write_that_its_caller_has_no_right_to_make_is_not_carried_out_by_retrying_it(
    world, client, kind, secret, missing
):
    cost, stock = await world.store.write(write, "c", kind, secret=secret), await world.store.write(write, "a")
    world.become("operator")
    with pytest.raises(Refusal, match=missing.replace(".", r"\.")) as refused:
        await client.retry_operations(RetryOperations(operations=(cost, stock)))
    assert refused.value.code == "forbidden"
    done = await client.retry_operations(RetryOperations(all_failed=True))
    assert (done.queued, done.of, [each.operation for each in done.kept]) == (1, 2, [cost])
    assert missing in done.kept[0].text
    assert [each.id for each in (await client.operations(state="failed")).items] == [cost]


async def test_what_is_not_carried_out_again_says_why(written, client):
    done = await client.retry_operations(RetryOperations(operations=(written.ids[3], 99)))
    assert [(each.operation, each.text) for each in done.kept] == [
        (written.ids[3], "it has not failed"), (99, "there is no such operation"),
    ]  # fmt: skip
