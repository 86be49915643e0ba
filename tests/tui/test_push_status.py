"""Push status on the dashboard: failed and parked pushes, doubts, decisions, and the six lists of documents."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.e2e.test_documents import inbound, outbound, until_status
from tests.tui.conftest import an_order

from crossdock.spec.documents import OutboundKind
from crossdock.spec.outbound import Stage
from crossdock.testing.sandbox.faults import Fault, Match, Rule, Script

EVIL = "[bold red]\x1b[31mX\x1b]0;pwn\x07[@click=app.quit]\u202egone\u2066[/]"
LOST = Script(rules=(Rule(fault=Fault.ACCEPTED_THEN_LOST, match=Match(method="POST", path="/v1/outbounds")),))
REFUSED = Script(
    rules=(Rule(fault=Fault.STATUS, args={"status": 422}, match=Match(method="POST", path="/v1/*bound-documents")),)
)


async def tab(desk, name):
    for _ in range(12):
        if desk.screen.tab == name:
            break
        await desk.press("tab")
    await desk.until(lambda: desk.screen.tab == name and desk.screen.loaded, f"the tab {name} is read")


async def choose(desk, code):
    """Take an option of the list that is open."""
    await desk.until(lambda: desk.dialog is not None, "something is asked")
    number = desk.dialog._listed.index(code)
    await desk.press("down", *["down"] * number, "enter")


@pytest.fixture
async def parked(world, dashboard):
    """Three orders that their warehouse refused."""
    world.wms.books.warehouses = ("W9",)
    world.oms.put([an_order(number) for number in (1, 2, 3)])
    for number in (1, 2, 3):
        await world.until_state(f"O-{number}", "push_failed")
    async with dashboard(first="push_status") as desk:
        await desk.until(lambda: len(desk.rows) == 3, "three failed pushes are listed")
        yield desk


async def test_a_failed_push_says_why_and_what_to_press(parked):
    await parked.on("shop/O-2")
    await parked.until_text("No warehouse 'W1'", "it is not tried again by itself", "push again")
    assert parked.cell("shop/O-2", "attempts") == "1"
    await tab(parked, "parked")
    await parked.until(lambda: len(parked.rows) == 3, "they are parked, too")
    await parked.press("e")
    await parked.until_text("what every rule says")
    await parked.press("escape", "enter")
    await parked.until_text("what happened", "recipient")


async def test_one_is_sent_again_and_leaves_the_list(parked, world):
    world.wms.books.warehouses = ("W1",)
    await parked.on("shop/O-2")
    await parked.press("p")
    await world.until_arrived("O-2")
    await parked.until(lambda: parked.rows == ["shop/O-3", "shop/O-1"], "it is not listed any more")
    assert any("O-2: queued" in each for each in parked.said)


async def test_marked_ones_are_sent_again_after_one_question(parked, world):
    world.wms.books.warehouses = ("W1",)
    for key in ("shop/O-1", "shop/O-3"):
        await parked.on(key)
        await parked.press("space")
    await parked.press("p")
    await parked.until_text("Send 2 failed orders again?")
    await parked.press("y")
    await parked.until_text("2 done, 0 not")
    await parked.press("enter")
    await world.until_arrived("O-1", "O-3")
    await parked.until(lambda: parked.rows == ["shop/O-2"], "one is left")


async def test_all_that_fit_are_counted_by_the_daemon_first(parked, world):
    world.wms.books.warehouses = ("W1",)
    await parked.press("slash")
    await parked.type("O-1")
    await parked.press("enter")
    await parked.until(lambda: parked.rows == ["shop/O-1"], "one fits")
    await parked.press("P")
    await parked.until(lambda: any("mark them with *" in each for each in parked.said), "it says why not")
    await parked.press("slash", "ctrl+u")
    await parked.type("warehouse:WH")
    await parked.press("enter")
    await parked.until(lambda: len(parked.rows) == 3, "three fit")
    await parked.press("P")
    await parked.until_text("Send 3 failed orders again?", "warehouse: WH")
    await parked.press("y")
    await parked.until_text("3 done, 0 not")
    await world.until_arrived("O-1", "O-2", "O-3")
    await parked.press("enter")
    await parked.until_text("no order fits the filter")


async def test_a_failed_one_is_held_and_found_held(parked, world):
    await parked.on("shop/O-1")
    await parked.press("h")
    await parked.until_text("Why is it held?")
    await parked.type("wait")
    await parked.press("enter")
    await world.until_state("O-1", "held")
    await parked.until(lambda: parked.rows == ["shop/O-3", "shop/O-2"], "it is held, not failed")


async def restarted(world, idempotency, more=""):
    """Start the daemon again with a warehouse that settles doubts in another way; none settles itself while somebody looks."""
    await world.stop()
    world.idempotency = idempotency
    text = world.text().replace("settle_s = 1.5", "settle_s = 600").replace("timeout_s = 0.5", "timeout_s = 10")
    world.config.write_text(text + more)
    await world.start()


async def doubted(world):
    """Have two orders sent whose answers are lost."""
    world.wms.set_faults(LOST)
    world.oms.put([an_order(number) for number in (1, 2)])
    for number in (1, 2):
        await world.until_state(f"O-{number}", "in_doubt")
    world.wms.set_faults(Script())


async def test_a_doubt_is_settled_by_what_was_seen_with_a_reason(world, dashboard):
    await restarted(world, "none")
    await doubted(world)
    async with dashboard(first="push_status") as desk:
        await tab(desk, "in_doubt")
        await desk.until(lambda: len(desk.rows) == 2, "both are in doubt")
        await desk.on("shop/O-1")
        await desk.until_text("look there, then t settles it")
        await desk.press("b")
        await desk.until(lambda: any("cannot be asked" in each for each in desk.said), "it says why not")
        await desk.press("t")
        await desk.until_text("What did you see in the warehouse?", "it ships twice")
        await choose(desk, "arrived")
        await desk.until_text("Which document is it?")
        await desk.type("WMS-7")
        await desk.press("enter")
        await desk.until_text("How do you know?", "1 order: it is there")
        await desk.press("enter")
        await desk.until_text("it is needed")
        await desk.type("on the shelf")
        await desk.press("enter")
        await world.until_state("O-1", "pushed")
        await desk.until(lambda: desk.rows == ["shop/O-2"], "one is left")
        await desk.press("t")
        await choose(desk, "absent")
        await desk.until_text("How do you know?")
        await desk.type("not there")
        await desk.press("enter")
        await world.until_state("O-2", "pushed")
        await desk.until_text("of every order it is known whether its warehouse has it")


async def test_where_two_persons_are_asked_for_a_settlement_is_proposed(world, dashboard):
    await restarted(world, "none", "\n[control.two_person]\nsettle = true\n")
    await doubted(world)
    async with dashboard(first="push_status") as desk:
        await tab(desk, "in_doubt")
        await desk.on("shop/O-1")
        await desk.press("t")
        await choose(desk, "absent")
        await desk.until_text("How do you know?")
        await desk.type("looked")
        await desk.press("enter")
        await desk.until(
            lambda: any("O-1: nothing is done yet; proposed as approval" in each for each in desk.said),
            "it is proposed",
        )
        assert len(desk.rows) == 2


async def test_a_warehouse_is_asked_now_about_a_doubt(world, dashboard):
    await restarted(world, "lookup")
    await doubted(world)
    async with dashboard(first="push_status") as desk:
        await tab(desk, "in_doubt")
        await desk.until(lambda: len(desk.rows) == 2, "both are in doubt")
        await desk.until_text("b asks now")
        await desk.press("asterisk")
        await desk.until_text("2 marked")
        await desk.press("b")
        await desk.until_text("Have the warehouses asked now about 2 orders?")
        await desk.press("y")
        await desk.until_text("2 done, 0 not", "is asked")


async def labelled(world, ref):
    """Wait until the warehouse has the label of an order."""

    async def there():
        return world.wms.labels.of_order(ref) is not None

    await world.until(there, f"the label of {ref} is at the warehouse")


@pytest.fixture
async def undecided(world, dashboard):
    """O-1 was cancelled too late, O-2 changed in what its warehouse is not told by itself."""
    made = {number: an_order(number) for number in (1, 2)}
    world.oms.put(made.values())
    for order in made.values():
        await world.until_state(order.ref, "pushed")
        await labelled(world, order.ref)
        world.wms.changes.move(world.wms.books.by_order[order.ref][-1].key, Stage.PACKED)
    world.oms.cancel("O-1")
    world.oms.put([replace(made[2], logistics="Kerry")])
    await world.until_state("O-1", "cancel_rejected")
    async with dashboard(first="push_status") as desk:
        await tab(desk, "decide")
        await desk.until(lambda: set(desk.rows) == {"shop/O-1", "shop/O-2"}, "both wait for a decision")
        yield desk


async def test_only_the_choices_that_apply_are_offered_and_need_a_reason(undecided, world):
    await undecided.on("shop/O-1")
    await undecided.until_text("it was to be cancelled after its push", "d decides: let it ship")
    await undecided.press("d")
    await undecided.until_text("What is done about it?", "let it ship although it was cancelled")
    assert undecided.dialog._listed == ["ship", "ask_again", "cancelled"]
    await choose(undecided, "ship")
    await undecided.until_text("Why?", "1 order: let it ship")
    await undecided.type("it is packed")
    await undecided.press("enter")
    await world.until_state("O-1", "pushed")
    await undecided.until(lambda: undecided.rows == ["shop/O-2"], "the other is left")


async def test_of_several_the_choice_says_to_how_many_it_applies(undecided, world):
    await undecided.press("asterisk")
    await undecided.until_text("2 marked")
    await undecided.press("d")
    await undecided.until_text("these 2 orders?", "applies to 1 of 2")
    assert undecided.dialog._listed == ["force", "keep", "ship", "ask_again", "cancelled"]
    await choose(undecided, "keep")
    await undecided.until_text("1 order: what the warehouse has stands")
    await undecided.type("too late")
    await undecided.press("enter")
    await undecided.on("shop/O-2")
    await undecided.until_text("its shipping label does not fit it any more")
    await undecided.press("escape", "d")
    await undecided.until(lambda: any("what is said of it" in each for each in undecided.said), "it is decided")
    await undecided.press("c")
    await undecided.until_text("Why is the old label right?")
    await undecided.type("stuck over")
    await undecided.press("enter")
    await undecided.until(lambda: undecided.rows == ["shop/O-1"], "nothing of it is left")


@pytest.fixture
async def documents(world, dashboard):
    """Three documents that the OMS refused, one that it took."""
    world.wms.documents.put_outbound(outbound("OUT-0"))
    await until_status(world, "OUT-0", "pushed")
    world.oms.set_faults(REFUSED)
    world.wms.documents.put_outbound(*(outbound(f"OUT-{number}") for number in (1, 2, 3)))
    world.wms.documents.put_inbound(inbound("IN-1"))
    for ref in ("OUT-1", "OUT-2", "OUT-3", "IN-1"):
        await until_status(world, ref, "failed")
    world.oms.set_faults(Script())
    async with dashboard(first="push_status") as desk:
        await tab(desk, "manual-outbound")
        await desk.until(lambda: len(desk.rows) == 4, "four documents are listed")
        yield desk


def key(ref, listed="manual-outbound"):
    return f"depot/{listed}/{ref}"


async def test_documents_show_their_push_status_the_failed_ones_first(documents):
    assert documents.rows[-1] == key("OUT-0")
    assert documents.cell(key("OUT-1"), "status") == "✗ failed"
    assert documents.cell(key("OUT-1"), "attempts") == "1"
    assert documents.cell(key("OUT-0"), "status") == "✓ pushed"
    await documents.on(key("OUT-0"))
    await documents.until_text("shop has revision 1 of it")
    await documents.on(key("OUT-1"))
    await documents.until_text("p pushes it again")
    await documents.press("enter")
    await documents.until_text("what happened", "lines: planned → shipped", "nothing of it yet")
    await documents.press("escape")
    await tab(documents, "receiving-inbound")
    await documents.until(lambda: documents.rows == [key("IN-1", "receiving-inbound")], "the inbound one")
    await documents.press("enter")
    await documents.until_text("receipts", "2.50 THB")


async def test_a_document_and_a_selection_are_pushed_again(documents, world):
    await documents.on(key("OUT-2"))
    await documents.press("p")
    await until_status(world, "OUT-2", "pushed")
    await documents.until(lambda: documents.cell(key("OUT-2"), "status") == "✓ pushed", "it is seen")
    for ref in ("OUT-1", "OUT-3"):
        await documents.on(key(ref))
        await documents.press("space")
    await documents.press("p")
    await documents.until_text("Push 2 documents to their OMS again?")
    await documents.press("y")
    await documents.until_text("2 done, 0 not", "revision 1 is queued for shop")
    await until_status(world, "OUT-3", "pushed")


async def test_all_that_match_are_counted_by_status_and_pushed_again(documents, world):
    await documents.press("P")
    await documents.until_text("Push all again that are", "3 documents", "1 documents")
    await choose(documents, "failed")
    await documents.until_text("Push 3 documents of this list again that are '✗ failed'?")
    await documents.press("y")
    await documents.until_text("3 done, 0 not")
    for number in (1, 2, 3):
        await until_status(world, f"OUT-{number}", "pushed")
    await documents.press("enter", "slash")
    await documents.type("status:stale")
    await documents.press("enter")
    await documents.until_text("no document fits the filter")
    await documents.press("P")
    await documents.until(lambda: any("nothing that fits" in each for each in documents.said), "it says so")


async def test_documents_are_got_and_appear_by_themselves(documents, world):
    await documents.press("g")
    await documents.until(lambda: any("depot: queued as task" in each for each in documents.said), "they are asked for")
    world.wms.documents.put_outbound(outbound("OUT-9"))
    await documents.until(lambda: documents.cell(key("OUT-9"), "status") == "✓ pushed", "it appears")
    await tab(documents, "transfer-inbound")
    await documents.until_text("no warehouse has told of such a document yet")


async def test_the_lists_fit_a_small_terminal(world, dashboard):
    world.wms.books.warehouses = ("W9",)
    world.oms.put([an_order(1, number=EVIL)])
    world.wms.documents.put_outbound(
        outbound("OUT-1", OutboundKind.TRANSFER, number="T-1", note=EVIL, destination=EVIL)
    )
    await world.until_state("O-1", "push_failed")
    async with dashboard((80, 24), first="push_status") as desk:
        await desk.until(lambda: desk.rows == ["shop/O-1"], "it is listed")
        await desk.until_text("push status", "next", "last error", "No warehouse", "failed", "[bold red]")
        await tab(desk, "transfer-outbound")
        await desk.until(lambda: len(desk.rows) == 1, "the document is listed")
        await desk.until_text("‹", "transfer out", "✓ pushed", "document")
        await desk.press("enter")
        await desk.until_text("[@click=app.quit]\\u202egone")
        strips = [segment.text for strip in desk.app.screen._compositor.render_strips() for segment in strip]
        assert not any(ord(character) < 32 or character in "\u202e\u2066" for text in strips for character in text)
        assert all(len(line) <= 80 for line in desk.text.splitlines())


async def test_without_the_right_it_says_which_one_is_missing(parked):
    link = parked.app.link
    link.me = replace(link.me, rights=("view",))
    await parked.press("p")
    await parked.until(lambda: any("push.redrive" in each for each in parked.said), "the right is named")
    await parked.press("question_mark")
    await parked.until_text("you lack the right 'push.redrive'")
