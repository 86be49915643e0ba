"""`explain` answers the question of the day: why is my order not pushed?"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
from tests.control.world import order

from crossdock.control.client import Refusal
from crossdock.control.records.asks import Redrive
from crossdock.control.records.orders import OrderRef
from crossdock.rules.book import Mapping, MappingKind, PushStrategy, StrategyKind, Warehouse
from crossdock.rules.connection_health import ConnectionHealth, Status
from crossdock.rules.troubles import Cause, Trouble
from crossdock.spec.errors import Retryable
from crossdock.spec.orders import LineKind, OrderLine, OrderStatus
from crossdock.spec.outbound import PushStatus
from crossdock.store import incidents, views


async def explained(world, client, made, state, ref="A"):
    world.serve(made)
    await world.fetch()
    await world.until(ref, state)
    return await client.explain(ref)


def failing(found):
    return {clause.code for clause in found.clauses if not clause.ok}


@pytest.mark.behaviour("R15")
async def test_a_pushed_order_tells_its_whole_way(world, client):
    found = await explained(world, client, order("A"), "pushed")
    assert [moment.what for moment in found.happened] == ["created", "fetched", "queued", "sent", "pushed"]
    assert found.verdict == "it was pushed: warehouse WH1 has it as R-A"
    assert found.differences == ()


@pytest.mark.behaviour("R15")
@pytest.mark.parametrize(
    ("fields", "state", "code", "said"),
    [
        ({"status": OrderStatus.SHIPPING}, "not_pushed", "status", "shipping"),
        ({"hours": 24 * 40}, "not_pushed", "age", "30 days"),
        (
            {"lines": (OrderLine(line_no=1, sku="P", quantity=Decimal(1), kind=LineKind.SHIPPING),)},
            "not_pushed", "goods", "none of its lines",
        ),
        ({"lines": (OrderLine(line_no=7, sku="A", quantity=Decimal(0)),)}, "not_pushed", "quantity", "line 7"),
        ({"warehouse": "nowhere"}, "held", "warehouse", "nowhere"),
        ({"holds": ("fraud check",)}, "held", "hold", "fraud check"),
        ({"tracking_number": None}, "not_pushed", "strategy", "no tracking number"),
    ],
)  # fmt: skip
async def test_each_clause_that_keeps_an_order_is_named(world, client, fields, state, code, said):
    found = await explained(world, client, order("A", **fields), state)
    assert code in failing(found)
    assert said in found.verdict
    assert found.next


async def test_an_order_without_a_bound_sku_says_how_to_bind_it(world, client):
    warehouse = await world.store.read(views.entry, Warehouse, "WH1")
    never = Mapping(warehouse="WH1", kind=MappingKind.SKU, ours="A", theirs=None)
    await world.requests.save_entry(never)
    found = await explained(world, client, order("A"), "held")
    assert warehouse is not None
    assert failing(found) == {"skus"}
    assert any(step.person and "mappings" in step.text for step in found.next)


async def test_the_clauses_are_evaluated_now_and_not_when_the_order_came(world, client):
    await explained(world, client, order("A", holds=("wait",)), "held")
    world.env.ahead += timedelta(days=60)
    found = await client.explain("A")
    assert {"age", "hold"} <= failing(found)


async def test_a_waiting_order_says_when_it_is_decided_again(world, client):
    strategy = PushStrategy(name="std", kind=StrategyKind.STANDARD, delay_minutes=600, revision=1)
    await world.requests.save_entry(strategy)
    found = await explained(world, client, order("B"), "not_pushed", "B")
    again = next(step for step in found.next if step.at is not None)
    assert again.text == "it is decided again"
    assert round((again.at - found.row.created_at).total_seconds()) == 36_000


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"holds": ("fraud check",)}, "held"),
        ({"lines": (OrderLine(line_no=7, sku="A", quantity=Decimal(0)),)}, "not_pushed"),
        ({"status": OrderStatus.UNPAID}, "not_pushed"),
    ],
)
async def test_what_no_time_lets_go_only_says_when_it_grows_too_old(world, client, fields, state):
    found = await explained(world, client, order("A", **fields), state)
    assert "it is decided again" not in [step.text for step in found.next]
    (last,) = (step for step in found.next if step.at is not None)
    assert last.text == "it is 30 days old and is not pushed any more"
    assert (last.at - found.row.created_at).days == 30
    assert found.next[0].at is None


@pytest.mark.behaviour("R38", "P7")
async def test_a_refused_order_is_parked_and_says_who_releases_it(world, client):
    world.wms.answer = PushStatus.REJECTED
    found = await explained(world, client, order("A"), "push_failed")
    assert found.verdict == "warehouse WH1 did not take it: no stock"
    assert found.next[0].person
    assert "redrive" in found.next[0].text
    assert "pushed" not in " ".join(clause.text for clause in found.clauses if clause.ok)
    parked = next(clause for clause in found.clauses if not clause.ok)
    assert parked.text == (
        "its push failed and is parked: no stock; it goes again when its input changes (order, mapping, warehouse), "
        "or by `crossdock redrive`"
    )


@pytest.mark.behaviour("R15")
async def test_every_attempt_and_every_revision_is_part_of_the_story(world, client):
    world.wms.answer = PushStatus.REJECTED
    made = order("A")
    refused = await explained(world, client, made, "push_failed")
    world.wms.answer = PushStatus.ACCEPTED
    await client.redrive(Redrive(orders=(OrderRef(connection="oms", ref="A"),)))
    await world.until("A", "pushed")
    world.serve(msgspec.structs.replace(made, buyer_note="ring twice"))
    await world.fetch()
    found = await client.explain("A")
    what = [moment.what for moment in found.happened]
    assert what == [
        "created", "fetched", "queued", "sent", "push_failed", "redriven", "sent", "pushed", "fetched", "changed"
    ]  # fmt: skip
    assert found.happened[:5] == refused.happened
    assert all(moment.text for moment in found.happened)
    assert [m.text.rsplit("(")[-1] for m in found.happened if m.what == "sent"] == ["attempt 1)", "attempt 2)"]


@pytest.mark.behaviour("P4")
async def test_an_order_in_doubt_says_that_it_needs_a_person_where_nobody_can_be_asked(build):
    world = await build(idempotency="none")
    await world.settings()
    world.wms.answer = PushStatus.UNKNOWN
    async with world.client() as client:
        found = await explained(world, client, order("A"), "in_doubt")
    assert found.next[0].person
    assert "settle" in found.next[0].text


@pytest.mark.behaviour("P4")
@pytest.mark.parametrize(("idempotency", "said"), [("key", "same bytes"), ("lookup", "is asked")])
async def test_an_order_in_doubt_says_how_it_is_settled_and_when(build, idempotency, said):
    world = await build(idempotency=idempotency)
    await world.settings()
    world.wms.answer = PushStatus.UNKNOWN
    async with world.client() as client:
        found = await explained(world, client, order("A"), "in_doubt")
    if found.row.state == "in_doubt":  # with a key it may already be on its way again
        assert said in found.next[0].text or found.next[0].text == "the warehouse is being asked right now"


async def test_a_paused_connection_is_named_as_what_holds_the_queue(world, client):
    await world.requests.pause("wms", "stocktaking", "anna")
    found = await explained(world, client, order("A"), "queued")
    (held,) = found.next
    assert (held.person, held.at) == (True, None)
    assert held.text == (
        "connection wms is paused by anna (stocktaking); it is sent after `crossdock connections resume wms`"
    )


async def test_a_queue_behind_a_rate_limit_names_one_time(world, client):
    until = world.env.now() + timedelta(minutes=30)
    busy = ConnectionHealth(status=Status.RATE_LIMITED, until=until, error_text="ask later")
    world.engine.keeper._put("wms", busy)
    (only,) = (await explained(world, client, order("A"), "queued")).next
    assert only.text == "it is sent; connection wms is rate limited (ask later) until then"
    assert (only.at, only.person) == (until, False)


async def test_what_is_due_already_names_no_time_that_is_past(world, client):
    await world.requests.pause("wms", "stocktaking", "anna")
    await explained(world, client, order("A"), "queued")
    world.engine.keeper._put("wms", ConnectionHealth())
    found = await client.explain("A")
    assert [(step.text, step.at) for step in found.next] == [("it is sent", None)]


async def test_what_changed_after_the_push_is_shown_with_the_difference(world, client):
    sent = order("A")
    await explained(world, client, sent, "pushed")
    world.serve(msgspec.structs.replace(sent, lines=(OrderLine(line_no=1, sku="A", quantity=Decimal(5)),)))
    await world.fetch()
    found = await client.explain("A")
    assert [(d.path, d.before, d.after, d.decision) for d in found.differences] == [
        ("lines[1].quantity", "2", "5", "ask")
    ]
    assert found.differences[0].why == "its warehouse takes no changes from crossdock: tell it by hand"
    assert "lines[1].quantity: 2 → 5" in found.happened[-1].text
    assert any("changed after its push" in step.text and step.person for step in found.next)
    assert found.verdict.startswith("it changed after its push in what its warehouse is not told by itself: decide ")
    assert found.verdict.endswith("warehouse WH1 has it as R-A")


@pytest.mark.behaviour("R17")
async def test_an_order_cancelled_after_its_push_says_so_first(world, client):
    sent = order("A")
    await explained(world, client, sent, "pushed")
    world.serve(msgspec.structs.replace(sent, status=OrderStatus.CANCELLED))
    await world.fetch()
    found = await client.explain("A")
    assert found.row.state == "cancel_rejected"
    assert found.verdict.startswith(
        "it was to be cancelled after its push, and its warehouse did not cancel it: decide "
    )
    assert any("packages decide" in step.text and step.person for step in found.next)


async def test_what_a_person_did_is_part_of_the_story(world, client):
    await explained(world, client, order("A", holds=("wait",)), "held")
    await client.hold([OrderRef(connection="oms", ref="A")], "the buyer called")
    found = await client.explain("A")
    assert ("held", "admin", "the buyer called") in [(m.what, m.actor, m.text) for m in found.happened]


async def test_an_order_can_be_named_by_its_number(world, client):
    assert (await explained(world, client, order("A"), "pushed")).row == (await client.explain("N-A")).row


async def test_a_number_that_two_orders_share_is_not_guessed(world, client):
    world.serve(order("A", number="7"), order("B", number="7"))
    await world.fetch()
    with pytest.raises(Refusal, match="oms/B, oms/A") as refusal:
        await client.explain("7")
    assert refusal.value.code == "ambiguous"
    with pytest.raises(Refusal, match="reference"):
        await client.explain("7", "oms")


async def test_an_order_that_does_not_exist_is_told_so(client):
    with pytest.raises(Refusal, match="reference or number nope"):
        await client.explain("nope")


async def test_a_cancelled_order_says_that_nothing_comes_next(world, client):
    found = await explained(world, client, order("A", status=OrderStatus.CANCELLED), "cancelled")
    assert found.verdict == "it is cancelled and was not pushed"
    assert found.next[0].text.startswith("nothing; if the OMS takes the cancellation back")


@pytest.mark.behaviour("P8")
async def test_an_order_that_the_connection_failed_says_when_it_is_tried_again(world, client):
    async def down(_items):
        raise Retryable("nobody answers")

    world.wms.push_outbound = down
    found = await explained(world, client, order("A"), "push_failed")
    assert found.next[0].text.startswith("it is tried again")
    assert found.next[0].at > found.row.sent_at
    assert next(clause.text for clause in found.clauses if not clause.ok) == (
        "its push failed: nobody answers; it is tried again"
    )
    assert not found.next[0].person


async def test_an_order_in_doubt_that_was_cancelled_meanwhile_says_so(world, client):
    world.wms.answer = PushStatus.UNKNOWN
    made = order("A")
    await explained(world, client, made, "in_doubt")
    await world.requests.pause("wms", "test", "me")
    await world.store.write(
        lambda tx: tx.execute("UPDATE pushes SET state = 4, run_id = NULL, next_at = 1, cancel_wanted = TRUE")
    )
    found = await client.explain("A")
    assert "cancelled meanwhile" in found.next[0].text
    assert found.verdict.startswith("it may or may not have reached warehouse WH1")


@pytest.mark.parametrize(("state", "shipped", "said"), [
    (6, 0, "its warehouse goes on with it"), (8, 0, "its warehouse goes on with it"), (14, 1, "ships the rest"),
    (15, 2, "nothing; it is done"),
])  # fmt: skip
async def test_what_comes_next_of_what_its_warehouse_has_depends_on_how_far_it_is(world, client, state, shipped, said):
    await explained(world, client, order("A"), "pushed")
    await world.store.write(
        lambda tx: tx.execute("UPDATE pushes SET state = ?, shipped = ?, report_at = NULL", (state, shipped))
    )
    (step,) = (await client.explain("A")).next
    assert said in step.text


async def test_an_open_incident_of_a_shipped_order_comes_next(world, client):
    found = await explained(world, client, order("A"), "pushed")
    await world.store.write(lambda tx: tx.execute("UPDATE pushes SET state = 16, shipped = 3, report_at = NULL"))
    for operation, code in (("outbound_document", "short"), ("label_fetch", "no_label")):
        trouble = Trouble(cause=Cause.DECISION, connection="wms", operation=operation, code=code, text="see to it")
        stored = await world.store.read(lambda tx: tx.one("SELECT id FROM orders")[0])
        await world.store.write(incidents.report, trouble, f"order:{stored}", 1, "")
    found = await client.explain("A")
    assert [(step.person, step.text) for step in found.next] == [
        (True, "its warehouse closed it with less than was ordered: decide by keep (`crossdock packages decide`)"),
        (True, "an incident about it is open (label fetch): `crossdock incidents list` says what mends it"),
    ]


async def test_what_a_person_cancelled_here_is_let_go_by_a_release(world, client):
    await explained(world, client, order("A"), "pushed")
    await world.store.write(lambda tx: tx.execute("UPDATE pushes SET state = 7"))
    await world.store.write(lambda tx: tx.execute("UPDATE orders SET hold = 'cancelled by root: fraud'"))
    (step,) = (await client.explain("A")).next
    assert step.text == "nothing by itself: it was cancelled here; `crossdock release` lets it go again"


async def test_nobody_is_invited_to_push_what_is_not_paid(world, client):
    found = await explained(world, client, order("A", status=OrderStatus.UNPAID), "not_pushed")
    assert found.next[0].text == "it is decided again when its OMS says that it is paid"
    assert not any("crossdock push" in step.text for step in found.next)


async def test_a_list_tells_no_age_as_what_comes_next(world, client):
    found = await explained(world, client, order("A", tracking_number=None), "not_pushed")
    (row,) = (await client.orders(text="A")).items
    assert (row.again_at, found.row.again_at) == (None, None)
    assert row.too_old_at == found.next[-1].at.replace(microsecond=row.too_old_at.microsecond)


async def test_an_attempt_that_did_not_leave_is_not_said_to_be_sent(world, client):
    async def down(_items):
        raise Retryable("nobody answers; nothing was sent")

    world.wms.push_outbound = down
    found = await explained(world, client, order("A"), "push_failed")
    (text,) = [moment.text for moment in found.happened if moment.what == "sent"]
    assert text.startswith("tried to send it to WH1 under key")
    (row,) = (await client.orders(text="A")).items
    assert row.next_at == found.next[0].at
