"""Labels, changes and cancellations of one order: in one order at the warehouse, whichever comes first, and abnormal until healed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.flows.depot import Depot
from tests.flows.label_bench import LabelBench, here, label
from tests.flows.test_shipping import document

from crossdock.control.shown import Lens, order_item
from crossdock.flows import shipping
from crossdock.flows.decide_by_hand import Verdict
from crossdock.flows.deliver_labels import LabelHandler
from crossdock.flows.operations import carry_out
from crossdock.flows.outbound_changes import CancelHandler, HoldHandler, UpdateHandler
from crossdock.flows.release_incident import release_page
from crossdock.rules.book import Book
from crossdock.rules.connection_health import ConnectionHealth, Limits
from crossdock.rules.labels import LabelState
from crossdock.rules.operation_outcome import OperationPolicy
from crossdock.rules.push_states import HAS_IT, PushState, Tab, tab_of
from crossdock.spec.errors import UnknownOutcome
from crossdock.spec.orders import OrderStatus
from crossdock.spec.outbound import PushResult, PushStatus, Stage
from crossdock.store import incidents, labels, operations, views
from crossdock.store.audit import By

ANN = By(actor="ann", action="incident.release", object="x")


def shown(row):
    """Show a row while nothing is known of any connection."""
    return order_item(row, Lens(Book(), lambda _name: ConnectionHealth(), datetime(2026, 3, 1, tzinfo=UTC)))


class Both(LabelBench):
    """A bench whose warehouse takes labels and changes, all in its own order; `seen` is what it was given."""

    def __init__(self, bench, kit):
        super().__init__(bench)
        self.depot = Depot(bench, kit)
        self.kit, self.seen = kit, []
        self.wms.push_label = self.take_label
        for name in ("update_outbound", "cancel_outbound"):
            setattr(self.depot.wms, name, self.noted(name, getattr(self.depot.wms, name)))

    def noted(self, name, call):
        async def noted(asked):
            self.seen.append(name)
            return await call(asked)

        return noted

    async def take_label(self, item):
        self.seen.append(f"label {item.version}")
        self.wms.got.append(item)
        answer = self.wms.answers.pop(0) if self.wms.answers else PushStatus.ACCEPTED
        if isinstance(answer, Exception):
            raise answer
        return PushResult(key=item.key, status=answer, code="too_late", message="the parcel has left")

    async def operate(self):
        able, house, wms = self.depot.abilities, self.house, self.depot.wms
        made = (
            UpdateHandler(wms, house, able, batch=10), CancelHandler(wms, house, able), HoldHandler(wms, house, able),
            LabelHandler(self.wms, house),
        )  # fmt: skip
        self.bench.runs += 1
        policy = OperationPolicy(limits=Limits(), settle=self.kit.SETTLE)
        await carry_out({each.kind: each for each in made}, house, self.kit.lane(self.bench.runs), policy, 4)

    async def arrived(self):
        """One order is at its warehouse with its label."""
        self.oms.gives["1"] = label("one")
        await self.see(here())
        await self.push()
        await self.pull()
        await self.operate()
        assert self.seen == ["label 1"]

    async def row(self):
        return await self.bench.row("1")

    async def listed(self):
        (found,) = await self.store.read(labels.page, None, None, 0, 9)
        return found

    async def tab(self):
        row = await self.row()
        return tab_of(row.state, changed=bool(row.changed))

    def wait(self, span):
        self.house.env.time += span

    async def move(self, stage):
        """The people of the warehouse go on; nobody here has heard of it."""
        await self.depot.move(stage)

    async def document(self, stage):
        row = await self.row()
        await self.store.write(shipping.follow, "wms", [document(row.key, stage)], self.house.env.now())


@pytest.fixture
async def at(bench, kit):
    return Both(bench, kit)


async def street(at):
    return (await at.depot.content()).recipient.address.lines[0]


@pytest.mark.behaviour("R17", "R18", "R22", "P5")
async def test_another_address_goes_to_the_warehouse_as_an_update_and_then_as_a_new_label(at):
    await at.arrived()
    at.oms.gives["1"] = label("two")
    await at.see(here("2 Road"))
    assert (await at.row()).state is PushState.UPDATE_PENDING
    assert (await at.head()).state is LabelState.REQUESTED
    await at.pull()
    await at.operate()
    assert at.seen == ["label 1", "update_outbound", "label 2"]
    assert (await street(at), (await at.row()).state) == ("2 Road", PushState.ACCEPTED)
    assert [each.state for each in await at.versions()] == [LabelState.READY, LabelState.VOIDED]


@pytest.mark.behaviour("R22")
async def test_a_label_that_comes_long_after_the_update_is_given_just_the_same(at):
    await at.arrived()
    await at.see(here("2 Road"))
    await at.operate()
    await at.pull()  # the OMS still gives the old one
    assert (await at.head()).state is LabelState.REQUESTED
    at.oms.gives["1"] = label("two")
    at.wait(timedelta(minutes=1))
    await at.pull()
    await at.operate()
    assert at.seen == ["label 1", "update_outbound", "label 2"]


@pytest.mark.behaviour("P5")
async def test_a_label_in_doubt_is_settled_before_the_update_behind_it_goes(at):
    at.oms.gives["1"] = label("one")
    await at.see(here())
    await at.push()
    await at.pull()
    at.wms.answers.append(UnknownOutcome("the answer was lost"))
    await at.operate()
    await at.see(here("2 Road"))
    await at.operate()
    assert at.seen == ["label 1"]
    at.wait(timedelta(hours=1))
    await at.operate()
    assert at.seen == ["label 1", "label 1", "update_outbound"]


@pytest.mark.parametrize("stage", [Stage.PENDING, Stage.PICKING])
async def test_a_warehouse_that_has_begun_is_given_labels_too(at, stage):
    at.oms.gives["1"] = label("one")
    await at.see(here())
    await at.push()
    await at.document(stage)
    assert (await at.row()).state is PushState.ACCEPTED
    await at.pull()
    await at.operate()
    assert at.seen == ["label 1"]


async def test_a_label_that_waits_is_not_given_to_a_warehouse_that_is_asked_to_cancel_unless_that_is_taken_back(at):
    at.oms.gives["1"] = label("one")
    await at.see(here())
    await at.push()
    await at.pull()
    await at.see(here(status=OrderStatus.CANCELLED))
    row = await at.row()
    kinds = [each.kind for each in await at.store.read(operations.open_of, "wms", f"order:{row.order_id}")]
    assert (row.state, kinds) == (PushState.CANCEL_REQUESTED, ["outbound_cancel"])
    await at.see(here())
    assert (await at.row()).state is PushState.PUSHED
    await at.pull()
    await at.operate()
    assert at.seen == ["label 2"]  # the same bytes, under a key of its own
    assert (await at.head()).state is LabelState.READY


@pytest.mark.behaviour("R22")
async def test_the_label_of_an_order_that_is_cancelled_is_printed_with_a_warning_and_counts_again_if_the_order_does(at):
    await at.arrived()
    await at.see(here(status=OrderStatus.CANCELLED))
    assert (await at.listed()).push is PushState.CANCEL_REQUESTED  # it may ship yet
    assert "must not be used" not in (await at.printed())[0].text
    await at.operate()
    assert (await at.listed()).push is PushState.CANCELLED
    assert "the order is cancelled and is not shipped: the label must not be used" in (await at.printed())[0].text
    await at.see(here())
    await at.push()
    assert "must not be used" not in (await at.printed())[0].text


@pytest.mark.behaviour("R21")
async def test_a_label_that_comes_after_the_goods_have_left_failed_and_an_older_one_on_the_parcel_is_told_to_a_person(
    at,
):
    await at.arrived()
    await at.see(here("2 Road"))
    await at.document(Stage.OUTBOUND)
    assert (await at.row()).state is PushState.SHIPPED
    at.oms.gives["1"] = label("two")
    at.wait(timedelta(minutes=1))
    await at.pull()
    head = await at.head()
    assert (head.state, head.error_code, head.next_at) == (LabelState.FAILED, "too_late", None)
    assert at.seen == ["label 1"]
    assert "too_late" in await at.problems()
    await at.pull()
    assert (await at.head()) == head


async def test_a_label_that_nobody_gave_before_the_goods_left_failed_without_an_incident(at):
    at.oms.gives["1"] = None
    await at.see(here())
    await at.push()
    await at.pull()
    await at.document(Stage.OUTBOUND)
    at.oms.gives["1"] = label("one")
    at.wait(timedelta(hours=1))
    await at.pull()
    assert ((await at.head()).state, (await at.head()).error_code) == (LabelState.FAILED, "too_late")
    assert await at.problems() == []


async def test_a_label_that_the_warehouse_has_stays_as_it_is_when_the_goods_leave(at):
    await at.arrived()
    await at.document(Stage.OUTBOUND)
    await at.pull()
    assert ((await at.head()).state, (await at.head()).error_code) == (LabelState.READY, None)


@pytest.mark.behaviour("R19", "R22")
async def test_a_printed_label_that_went_stale_keeps_the_order_abnormal_although_its_update_succeeds(at):
    await at.arrived()
    await at.printed()
    await at.see(here("2 Road"))
    await at.operate()
    assert at.seen == ["label 1", "update_outbound"]
    assert ((await at.row()).state, await at.tab()) == (PushState.ACCEPTED, Tab.ABNORMAL)
    (listed,) = await at.store.read(views.of_order_ids, [(await at.row()).order_id])
    assert shown(listed).tab == "abnormal"
    assert "shipping label was printed" in " ".join(shown(listed).why)
    await at.see(here("2 Road", buyer_note="ring twice"))  # nothing to be decided about either
    await at.operate()
    assert await at.tab() is Tab.ABNORMAL
    at.oms.gives["1"] = label("two")
    at.wait(timedelta(minutes=1))
    await at.pull()
    await at.operate()
    assert (await at.problems(), await at.tab()) == ([], Tab.IN_PROGRESS)


async def worked_on(at, stage=Stage.PICKING):
    """The warehouse's document shows that the parcel of the order, with its label, is worked on."""
    await at.arrived()
    await at.move(stage)
    await at.document(stage)


@pytest.mark.behaviour("R19", "R21", "R22")
async def test_a_label_at_the_warehouse_that_nobody_refreshes_needs_a_person_at_once(at):
    await worked_on(at)
    at.oms.gives["1"] = label("two")
    await at.see(here("2 Road"))
    await at.operate()
    await at.pull()
    assert (at.seen, await street(at)) == (["label 1", "update_outbound"], "2 Road")
    head = await at.head()
    assert (head.state, head.next_at, head.error_code) == (LabelState.STALE, None, "by_hand")
    assert (await at.problems(), await at.tab()) == (["by_hand"], Tab.ABNORMAL)
    (listed,) = await at.store.read(views.of_order_ids, [(await at.row()).order_id])
    assert "`crossdock labels pull`" in " ".join(shown(listed).why)
    assert [(done, "labels pull" in text) for done, text in await released(at, "by_hand")] == [(False, True)]
    await at.pull_by_hand()
    await at.operate()
    assert at.seen[-1] == "label 2"
    assert (await at.problems(), await at.tab(), (await at.head()).error_code) == ([], Tab.IN_PROGRESS, None)


@pytest.mark.behaviour("R21", "R22")
@pytest.mark.parametrize("how", ["changed back", "confirmed", "printed", "left", "cancelled"])
async def test_what_ends_the_question_about_a_label_that_nobody_refreshes(at, how):
    await worked_on(at)
    await at.see(here("2 Road"))
    assert await at.problems() == ["by_hand"]
    match how:
        case "changed back":
            await at.see(here())
        case "confirmed":
            assert (await at.confirm())[0].done
        case "printed":
            await at.printed()
        case "left":
            await at.document(Stage.OUTBOUND)
            await at.pull()
        case "cancelled":
            await at.operate()
            await at.see(here("2 Road", status=OrderStatus.CANCELLED))
            await at.depot.choose(Verdict.CANCELLED) if (await at.row()).state is PushState.CANCEL_REJECTED else None
            await at.operate()
            await at.document(Stage.CANCELLED)
            assert (await at.row()).state is PushState.CANCELLED
    left = {"printed": ["LABEL_STALE"], "left": ["too_late"]}
    assert await at.problems() == left.get(how, [])


@pytest.mark.behaviour("R21", "R22")
@pytest.mark.parametrize("pulled_first", [False, True])
async def test_a_label_is_not_given_for_a_change_that_the_warehouse_did_not_take(at, pulled_first):
    await at.arrived()
    await at.move(Stage.PICKED)  # no document was fetched since
    at.oms.gives["1"] = label("two")
    await at.see(here("2 Road"))
    assert (await at.head()).state is LabelState.REQUESTED
    if pulled_first:
        await at.pull()
    await at.operate()
    await at.pull()
    at.wait(timedelta(hours=1))
    await at.pull()
    await at.operate()
    assert (at.seen, await street(at)) == (["label 1"], "1 Road")
    assert (await at.problems(), await at.tab()) == (["by_hand"], Tab.ABNORMAL)
    assert "labels pull" in ((await at.head()).error_text or "")
    answer = await at.depot.choose(Verdict.KEEP)
    assert "its shipping label does not fit the order" in answer.text
    assert (await at.problems(), await at.tab()) == (["by_hand"], Tab.ABNORMAL)
    assert (await at.head()).state is (LabelState.FAILED if pulled_first else LabelState.STALE)
    await at.pull_by_hand()
    await at.operate()
    assert at.seen[-1].startswith("label")
    assert (await at.problems(), await at.tab()) == ([], Tab.IN_PROGRESS)


@pytest.mark.behaviour("R21", "R22")
async def test_a_person_may_confirm_the_label_at_the_warehouse_where_a_newer_one_was_not_given(at):
    await at.arrived()
    await at.move(Stage.PICKED)
    at.oms.gives["1"] = label("two")
    await at.see(here("2 Road"))
    await at.pull()
    await at.operate()
    await at.depot.choose(Verdict.KEEP)
    assert (await at.confirm())[0].text == "the parcel carries the right label"
    head = await at.head()
    assert (head.state, head.error_code, await at.problems()) == (LabelState.READY, None, [])
    assert await at.tab() is Tab.IN_PROGRESS


@pytest.mark.behaviour("R21", "R22")
async def test_a_label_that_is_being_fetched_when_its_change_is_refused_is_not_taken(at):
    await at.arrived()
    await at.move(Stage.PICKED)
    at.oms.gives["1"] = label("two")
    await at.see(here("2 Road"))
    at.oms.meanwhile.append(at.operate)
    await at.pull()
    await at.operate()
    assert (at.seen, (await at.head()).state, await at.problems()) == (["label 1"], LabelState.STALE, ["by_hand"])


@pytest.mark.behaviour("R22")
async def test_a_label_that_a_person_pulls_goes_on_being_asked_for_while_the_change_waits(at):
    await worked_on(at, Stage.PICKED)
    await at.see(here("2 Road"))
    await at.pull_by_hand()  # the OMS still gives the old one
    await at.see(here("2 Road", buyer_note="ring twice"))
    assert (await at.head()).state is LabelState.REQUESTED
    at.oms.gives["1"] = label("two")
    at.wait(timedelta(minutes=1))
    await at.pull()
    await at.operate()
    assert (at.seen[-1], await at.problems()) == ("label 2", [])


@pytest.mark.behaviour("R19", "R22")
async def test_confirming_the_label_leaves_an_order_abnormal_whose_change_waits_for_a_decision(at):
    await at.arrived()
    await at.printed()
    await at.document(Stage.PICKED)
    await at.see(here("2 Road"))  # picked: nobody is told by itself
    held = [each.operation for each in await at.store.read(incidents.of_subject, f"order:{(await at.row()).order_id}")]
    assert sorted(held) == ["label", "outbound_update"]
    (listed,) = await at.store.read(views.of_order_ids, [(await at.row()).order_id])
    assert len(shown(listed).why) == 2
    assert (await at.confirm())[0].done
    assert await at.tab() is Tab.ABNORMAL
    await at.depot.choose(Verdict.KEEP)
    assert await at.tab() is Tab.IN_PROGRESS


async def test_a_label_printed_and_stale_before_the_push_makes_the_order_abnormal_once_its_warehouse_has_it(at):
    at.oms.gives["1"] = label("one")
    await at.see(here())
    await at.pull_by_hand()
    await at.printed()
    await at.see(here("2 Road"))
    assert (await at.problems(), await at.tab()) == (["LABEL_STALE"], Tab.PENDING)
    at.oms.gives["1"] = label("two")
    await at.pull()
    await at.push()
    await at.pull()
    assert await at.tab() is Tab.ABNORMAL
    await at.operate()
    assert await at.tab() is Tab.IN_PROGRESS


async def released(at, code):
    (found,) = [each for each in await at.store.read(incidents.page, 0, 50) if each.code == code]
    done = await at.store.write(release_page, found.id, "", 10, ANN, at.bench.desk)
    return [(each.done, each.text) for each in done.answers]


@pytest.mark.behaviour("P7")
async def test_release_of_a_refused_label_sends_it_again_and_of_one_that_was_never_had_asks_again(at):
    at.wms.answers.append(PushStatus.REJECTED)
    at.oms.gives["1"] = label("one")
    await at.see(here())
    await at.push()
    await at.pull()
    await at.operate()
    assert (await at.head()).state is LabelState.FAILED
    assert await released(at, "too_late") == [(True, "its label is sent again")]
    await at.operate()
    assert ((await at.head()).state, await at.problems()) == (LabelState.READY, [])


async def test_release_of_what_a_person_has_to_choose_names_the_choice_and_changes_nothing(at):
    await at.arrived()
    await at.printed()
    await at.document(Stage.PICKED)
    await at.see(here("2 Road"))
    assert [(done, "packages decide" in text) for done, text in await released(at, "ask")] == [(False, True)]
    assert [(done, "labels pull" in text) for done, text in await released(at, "LABEL_STALE")] == [(False, True)]
    assert await at.tab() is Tab.ABNORMAL


async def test_release_of_what_left_with_an_old_label_says_that_somebody_has_seen_it(at):
    await at.arrived()
    await at.see(here("2 Road"))
    await at.document(Stage.OUTBOUND)
    at.wait(timedelta(minutes=1))
    await at.pull()
    assert [done for done, _ in await released(at, "too_late")] == [True]
    assert "too_late" not in await at.problems()


def test_what_can_be_told_something_is_what_the_warehouse_has_and_nothing_of_which_has_left():
    assert {
        PushState.PUSHED, PushState.ACCEPTED, PushState.UPDATE_PENDING, PushState.CANCEL_REQUESTED,
        PushState.CANCEL_REJECTED, PushState.IN_DOUBT_CANCEL,
    } == HAS_IT  # fmt: skip
