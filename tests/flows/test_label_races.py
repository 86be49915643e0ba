"""An order that changes in its OMS while its label is pulled: the label is never taken for one of the order as it was."""

from __future__ import annotations

import itertools
from datetime import timedelta

import msgspec
import pytest
from tests.flows.label_bench import LabelBench, here, label

from crossdock.flows.pull_labels import LOOKS
from crossdock.rules.labels import LabelState


@pytest.fixture
async def at(bench):
    made = LabelBench(bench)
    made.look = made.bench.oms.get_orders
    return made


@pytest.mark.behaviour("R18", "R22")
async def test_a_label_of_an_order_that_changed_before_we_heard_of_it_is_had_again_once_we_did(at):
    await at.see(here("1 Road"))
    await at.push()
    at.bench.oms.orders["1"] = here("2 Road")
    at.oms.gives["1"] = label("two")
    await at.pull()
    assert await at.versions() == []
    assert (await at.head()).error_code == "changing"
    await at.see(here("2 Road"))
    at.bench.later(minutes=1)
    await at.pull()
    await at.deliver()
    assert [item.data for item in at.wms.got] == [label("two").data]
    assert (await at.head()).state is LabelState.READY
    assert await at.problems() == []


async def test_a_label_of_an_order_that_is_as_we_know_it_is_taken_at_once(at):
    await at.see(here("1 Road"))
    await at.push()
    at.bench.oms.orders["1"] = here("1 Road")
    at.oms.gives["1"] = label("one")
    await at.pull()
    assert [each.version for each in await at.versions()] == [1]


async def test_a_note_that_changes_meanwhile_is_nothing_to_a_label(at):
    await at.see(here("1 Road"))
    await at.push()
    at.bench.oms.orders["1"] = here("1 Road", buyer_note="ring twice")
    at.oms.gives["1"] = label("one")
    await at.pull()
    assert [each.version for each in await at.versions()] == [1]


@pytest.mark.behaviour("R18", "R22")
async def test_a_label_of_what_an_order_was_between_two_changes_that_undo_each_other_is_not_believed(at):
    await at.see(here("1 Road"))
    await at.push()
    undone = msgspec.structs.replace(here("1 Road"), updated_at=here("1 Road").updated_at + timedelta(seconds=9))
    at.oms.gives["1"] = label("two")

    async def looked(refs):
        at.oms.gives["1"] = label("one")
        return {"1": undone}

    at.look = looked
    await at.pull()
    await at.deliver()
    assert [item.data for item in at.wms.got] == [label("one").data]


async def test_a_label_is_asked_for_later_while_its_order_is_touched_again_and_again(at):
    await at.see(here("1 Road"))
    await at.push()
    at.oms.gives["1"] = label("one")
    looks = itertools.count(1)

    async def looked(refs):
        return {
            "1": msgspec.structs.replace(
                here("1 Road"), updated_at=here("1 Road").updated_at + timedelta(seconds=next(looks))
            )
        }

    at.look = looked
    await at.pull()
    assert await at.versions() == []
    assert next(looks) == 1 + LOOKS
    assert (await at.head()).error_code == "changing"
