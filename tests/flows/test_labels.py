"""Labels between a scripted OMS and a scripted warehouse: pulled, stale, printed, delivered; nothing of them is lost."""

from __future__ import annotations

import pytest
from tests.flows.conftest import NOW, an_order
from tests.flows.label_bench import LabelBench, here, label
from tests.flows.test_shipping import document as a_document

from crossdock.flows import label_changes
from crossdock.flows.shipping import follow
from crossdock.rules import labels as rules
from crossdock.rules.labels import LabelState
from crossdock.rules.push_states import PushState
from crossdock.spec.errors import BadResponse, Rejected, Retryable, UnknownOutcome
from crossdock.spec.orders import OrderStatus
from crossdock.spec.outbound import PushStatus, Stage
from crossdock.store import audit, labels


@pytest.fixture
async def at(bench):
    return LabelBench(bench)


@pytest.mark.behaviour("R22", "R18")
async def test_the_label_of_an_order_is_had_once_its_warehouse_has_it_and_given_to_it(at):
    at.oms.gives["1"] = label("one", tracking_number="T1")
    await at.see(here())
    assert (await at.head()).state is LabelState.ABSENT
    await at.pull()
    assert at.oms.asked == []
    await at.push()
    await at.pull()
    assert (await at.head()).state is LabelState.READY
    await at.deliver()
    (item,) = at.wms.got
    row = await at.bench.row("1")
    assert (item.outbound_key, item.version, item.data, item.tracking_number) == (row.key, 1, b"^XAone^XZ", "T1")
    assert (item.warehouse, item.remote_id) == ("1", row.remote_id)
    assert item.key == f"{row.key}-label-1"
    (version,) = await at.versions()
    assert version.delivered_key == row.key
    await at.pull()
    assert at.oms.asked == ["1"]


async def test_an_order_without_a_label_is_never_asked_about(at):
    await at.see(an_order())
    await at.push()
    await at.pull()
    assert await at.head() is None
    assert at.oms.asked == []


async def test_a_label_that_becomes_ready_after_the_push_is_had_then(at):
    at.oms.gives["1"] = label("one")
    await at.see(an_order())
    await at.push()
    await at.see(an_order(label_ready=True))
    await at.pull()
    await at.deliver()
    assert [item.version for item in at.wms.got] == [1]


async def test_where_no_warehouse_takes_labels_none_is_asked_for_by_itself_but_a_person_gets_it(at):
    at.house.label_takers.clear()
    at.oms.gives["1"] = label("one")
    await at.see(here())
    await at.push()
    await at.pull()
    assert at.oms.asked == []
    assert (await at.pull_by_hand()).result == "pulled"
    await at.deliver()
    assert at.wms.got == []


async def test_a_label_that_is_not_there_yet_is_asked_for_again_and_again(at):
    await at.see(here())
    await at.push()
    await at.pull()
    head = await at.head()
    assert (head.state, head.error_code, head.attempts) == (LabelState.REQUESTED, "none_yet", 1)
    await at.pull()
    assert at.oms.asked == ["1"]
    at.oms.gives["1"] = label("one")
    at.bench.later(seconds=61)
    await at.pull()
    assert (await at.head()).state is LabelState.READY


async def test_a_label_that_never_comes_is_given_up_with_an_incident_and_asked_for_when_its_order_changes(at):
    await at.see(here())
    await at.push()
    for _ in range(4):
        await at.pull()
        at.bench.later(hours=1)
    assert (await at.head()).state is LabelState.FAILED
    assert await at.problems() == ["none_yet"]
    at.oms.gives["1"] = label("one")
    await at.pull()
    assert (await at.head()).state is LabelState.FAILED
    await at.see(here("2 Road"))
    await at.pull()
    assert (await at.head()).state is LabelState.READY
    assert await at.problems() == []


async def test_the_word_of_the_oms_that_there_will_never_be_one_is_final(at):
    at.oms.gives["1"] = Rejected("no label for pick-up", code="pickup")
    await at.see(here())
    await at.push()
    await at.pull()
    assert ((await at.head()).state, await at.problems()) == (LabelState.FAILED, ["pickup"])


@pytest.mark.behaviour("P7")
@pytest.mark.parametrize("error", [BadResponse("html"), Rejected("not declared", code="label_host")])
async def test_a_bad_label_is_tried_again_apart_from_its_order_and_says_nothing_about_the_connection(at, error):
    at.oms.gives["1"] = error
    await at.see(here())
    await at.push()
    await at.pull()
    assert (await at.head()).state is LabelState.REQUESTED
    assert at.lane.failures == []
    assert (await at.bench.row("1")).state.name == "PUSHED"
    at.oms.gives["1"] = label("one")
    at.bench.later(seconds=61)
    await at.pull()
    assert (await at.head()).state is LabelState.READY


async def test_a_trouble_of_the_connection_is_the_connections_and_never_gives_a_label_up(at):
    at.oms.gives["1"] = Retryable("down")
    await at.see(here())
    await at.push()
    for _ in range(9):
        await at.pull()
        at.bench.later(hours=9)
    assert len(at.lane.failures) == 9
    assert ((await at.head()).state, await at.problems()) == (LabelState.REQUESTED, [])


@pytest.mark.behaviour("R22")
async def test_another_address_makes_the_label_stale_and_the_new_one_takes_its_place_at_the_warehouse(at):
    await at.delivered()
    at.oms.gives["1"] = label("two")
    await at.see(here("2 Road"))
    assert (await at.head()).state is LabelState.REQUESTED
    await at.pull()
    await at.deliver()
    assert [(item.version, item.data) for item in at.wms.got] == [(1, b"^XAone^XZ"), (2, b"^XAtwo^XZ")]
    new, old = await at.versions()
    assert (new.state, old.state) == (LabelState.READY, LabelState.VOIDED)
    assert old.delivered_at is not None
    assert await at.store.read(labels.content, old.label_id, 1) is None
    assert await at.problems() == []


@pytest.mark.behaviour("R22")
async def test_the_old_label_is_not_taken_for_the_new_one_however_often_the_oms_gives_it(at):
    await at.delivered()
    await at.see(here("2 Road"))
    await at.pull()
    head = await at.head()
    assert (head.state, head.error_code, head.version) == (LabelState.REQUESTED, "old_label", 1)
    at.oms.gives["1"] = label("two")
    at.bench.later(seconds=61)
    await at.pull()
    assert ((await at.head()).state, (await at.head()).version) == (LabelState.READY, 2)


async def test_a_change_that_is_taken_back_leaves_the_label_as_it_was(at):
    await at.delivered()
    await at.printed()
    await at.see(here("2 Road"))
    assert await at.problems() == ["LABEL_STALE"]
    await at.see(here("1 Road"))
    assert ((await at.head()).state, await at.problems()) == (LabelState.PRINTED, [])


@pytest.mark.behaviour("R22")
async def test_a_printed_label_that_is_stale_is_an_incident_until_the_new_one_is_at_the_warehouse(at):
    await at.delivered()
    await at.printed()
    at.oms.gives["1"] = label("two")
    await at.see(here("2 Road"))
    assert await at.problems() == ["LABEL_STALE"]
    await at.pull()
    assert await at.problems() == ["LABEL_STALE"]
    await at.deliver()
    assert await at.problems() == []


@pytest.mark.behaviour("R22")
async def test_or_until_a_person_says_that_it_was_stuck_over_which_is_kept(at):
    await at.delivered()
    await at.printed()
    await at.see(here("2 Road"))
    (answer,) = await at.confirm()
    assert answer.done
    assert ((await at.head()).state, await at.problems()) == (LabelState.PRINTED, [])
    written = [(row.actor, row.action, row.reason) for row in await at.store.read(audit.page, 0, 10)]
    assert written == [("ann", "label.printed", ""), ("ann", "label.confirmed", "stuck over")]
    (again,) = await at.confirm()
    assert not again.done


async def test_a_stale_label_that_is_printed_all_the_same_is_an_incident(at):
    await at.delivered()
    await at.see(here("2 Road"))
    assert await at.problems() == []
    (answer,) = await at.printed()
    assert "does not fit" in answer.text
    assert await at.problems() == ["LABEL_STALE"]


@pytest.mark.behaviour("R21", "R22")
async def test_once_a_parcel_document_exists_only_a_person_has_the_label_pulled(at):
    await at.delivered()
    await at.store.write(labels.parcel_known, (await at.bench.stored("1")).id, "picking")
    at.oms.gives["1"] = label("two")
    await at.see(here("2 Road"))
    await at.pull()
    assert ((await at.head()).state, at.oms.asked) == (LabelState.STALE, ["1"])
    assert (await at.pull_by_hand()).result == "pulled"
    assert ((await at.head()).state, (await at.head()).version) == (LabelState.READY, 2)


@pytest.mark.behaviour("R18", "R21")
@pytest.mark.parametrize("stage", [None, "pending", "picking"])
async def test_a_sync_of_the_order_compares_its_label_too_until_a_parcel_document_exists(at, stage):
    await at.delivered()
    at.oms.gives["1"] = label("two")
    if stage is not None:
        await at.store.write(labels.parcel_known, (await at.bench.stored("1")).id, stage)
    await at.store.write(label_changes.look_again, "oms", ["1", "9"], at.house.env.now())
    await at.pull()
    await at.deliver()
    assert [item.version for item in at.wms.got] == ([1, 2] if stage is None else [1])
    await at.pull()
    assert len(at.oms.asked) == (2 if stage is None else 1)


async def test_a_parcel_document_that_comes_before_the_label_is_not_forgotten(at):
    await at.see(an_order())
    await at.push()
    await at.store.write(labels.parcel_known, (await at.bench.stored("1")).id, "picking")
    assert ((await at.head()).parcel_exists, (await at.head()).stage) == (True, "picking")


async def test_of_a_parcel_that_has_left_nobody_pulls_the_label(at):
    await at.delivered()
    await at.store.write(labels.parcel_known, (await at.bench.stored("1")).id, "outbound")
    brought = await at.pull_by_hand()
    assert (brought.result, at.oms.asked) == ("skipped", ["1"])


@pytest.mark.behaviour("P7")
async def test_an_order_that_cannot_be_read_holds_up_no_other_orders_label(at):
    at.oms.gives["2"] = label("two")
    await at.see(here())
    await at.see(an_order("2", label_ready=True))
    await at.push()
    await at.store.write(lambda tx: tx.execute("UPDATE orders SET payload = x'7b' WHERE ref = '1'"))
    await at.pull()
    assert ((await at.head()).state, (await at.head()).error_code) == (LabelState.ABSENT, "unreadable")
    assert (await at.head("2")).state is LabelState.READY
    assert (await at.pull_by_hand()).result == "failed"


async def test_of_a_cancelled_order_no_label_is_asked_for(at):
    await at.see(here())
    await at.push()
    await at.see(here(status=OrderStatus.CANCELLED))
    await at.pull()
    assert at.oms.asked == []


async def test_a_pull_that_brings_nothing_new_leaves_a_good_label_alone(at):
    await at.delivered()
    assert (await at.pull_by_hand()).result == "unchanged"
    at.oms.gives["1"] = None
    assert (await at.pull_by_hand()).result == "absent"
    at.oms.gives["1"] = BadResponse("html")
    assert (await at.pull_by_hand()).result == "failed"
    assert ((await at.head()).state, (await at.head()).next_at) == (LabelState.READY, None)
    await at.deliver()
    assert len(at.wms.got) == 1


async def test_a_pull_while_the_delivery_waits_leaves_the_delivery_under_way(at):
    at.oms.gives["1"] = label("one")
    await at.see(here())
    await at.push()
    await at.pull()
    assert (await at.pull_by_hand()).result == "unchanged"
    await at.deliver()
    assert [item.data for item in at.wms.got] == [b"^XAone^XZ"]
    assert (await at.versions())[0].delivered_at is not None


async def test_an_order_that_changes_while_its_label_is_fetched_has_it_fetched_again(at):
    at.oms.gives["1"] = label("one")
    await at.see(here())
    await at.push()
    at.oms.meanwhile = [lambda: at.see(here("2 Road"))]
    await at.pull()
    assert at.oms.asked == ["1", "1"]
    (version,) = await at.versions()
    assert version.based_on == rules.based_on(here("2 Road"))


@pytest.mark.behaviour("P4")
async def test_a_delivery_in_doubt_is_sent_again_with_the_same_bytes_under_the_same_key(at):
    at.oms.gives["1"] = label("one")
    at.wms.answers = [UnknownOutcome("lost")]
    await at.see(here())
    await at.push()
    await at.pull()
    await at.deliver()
    at.bench.later(minutes=30)
    await at.deliver()
    first, second = at.wms.got
    assert first == second
    assert (await at.versions())[0].delivered_at is not None


async def test_the_bytes_of_a_delivery_in_doubt_are_kept_until_it_is_settled(at):
    at.oms.gives["1"] = label("one")
    at.wms.answers = [UnknownOutcome("lost")]
    await at.see(here())
    await at.push()
    await at.pull()
    await at.deliver()
    at.oms.gives["1"] = label("two")
    await at.see(here("2 Road"))
    await at.pull()
    at.bench.later(minutes=30)
    await at.deliver()
    await at.deliver()
    assert [item.data for item in at.wms.got] == [b"^XAone^XZ", b"^XAone^XZ", b"^XAtwo^XZ"]


@pytest.mark.behaviour("R22")
async def test_a_stale_label_that_has_not_left_yet_does_not_leave_any_more(at):
    at.oms.gives["1"] = label("one")
    await at.see(here())
    await at.push()
    await at.pull()
    await at.see(here("2 Road"))
    await at.deliver()
    assert at.wms.got == []
    await at.see(here("1 Road"))
    await at.pull()
    await at.deliver()
    assert [(item.version, item.data) for item in at.wms.got] == [(2, b"^XAone^XZ")]


async def test_a_warehouse_that_says_too_late_is_an_incident_and_the_label_failed(at):
    at.wms.answers = [PushStatus.REJECTED]
    await at.delivered()
    head = await at.head()
    assert (head.state, head.error_code) == (LabelState.FAILED, "too_late")
    assert "the parcel has left" in head.error_text
    assert await at.problems() == ["too_late"]
    assert (await at.pull_by_hand()).result == "unchanged"
    await at.deliver()
    assert ((await at.head()).state, await at.problems()) == (LabelState.READY, [])


async def test_what_is_said_of_orders_without_a_label_names_them(at):
    await at.see(an_order())
    for answers in (await at.printed(), await at.printed("9"), await at.confirm()):
        assert not answers[0].done
        assert answers[0].order in answers[0].text


async def test_check_stale_alone_does_what_an_arriving_order_does(at):
    await at.delivered()
    order_id = (await at.bench.stored("1")).id
    await at.store.write(label_changes.check_stale, order_id, rules.based_on(here("3 Road")), NOW)
    assert (await at.head()).state is LabelState.REQUESTED


@pytest.mark.behaviour("R18", "R22")
@pytest.mark.parametrize("state", [PushState.ACCEPTED, PushState.UPDATE_PENDING, PushState.CANCEL_REJECTED])
async def test_a_label_goes_to_the_warehouse_whatever_else_is_asked_of_it_meanwhile(at, state):
    at.oms.gives["1"] = label("one")
    await at.see(here())
    await at.push()
    await at.store.write(lambda tx: tx.execute("UPDATE pushes SET state = ?", (state,)))
    await at.pull()
    await at.deliver()
    assert [item.version for item in at.wms.got] == [1]


@pytest.mark.parametrize("state", [PushState.SHIPPED, PushState.CANCELLED, PushState.REJECTED])
async def test_a_label_goes_to_no_warehouse_that_has_the_order_no_more(at, state):
    at.oms.gives["1"] = label("one")
    await at.see(here())
    await at.push()
    await at.store.write(lambda tx: tx.execute("UPDATE pushes SET state = ?", (state,)))
    await at.pull()
    await at.deliver()
    assert at.wms.got == []


@pytest.mark.behaviour("R22")
async def test_a_label_goes_to_a_warehouse_that_has_shown_its_document_before(at):
    at.oms.gives["1"] = label("one")
    await at.see(here())
    await at.push()
    key = (await at.bench.row("1")).key
    await at.store.write(follow, "wms", [a_document(key, Stage.PENDING)], at.bench.env.now())
    assert (await at.bench.row("1")).state is PushState.ACCEPTED
    await at.pull()
    await at.deliver()
    assert [item.version for item in at.wms.got] == [1]
