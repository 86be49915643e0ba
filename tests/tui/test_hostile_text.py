"""Text from outside is shown as text, whatever it holds, on every screen, in every detail, form and question."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.e2e.test_costs import CostWorld, edit, inbound, receipt
from tests.e2e.test_documents import outbound, until_status
from tests.e2e.test_master_data import MANUAL, Catalogue, a_product
from tests.e2e.test_stock import a_level
from tests.tui import hostile
from tests.tui.conftest import an_order
from tests.tui.test_push_status import REFUSED
from tests.tui.walking import quiet, settled, walk
from textual import events

from crossdock.control.client import Refusal
from crossdock.control.records.book import Allocation, Mapping, Strategy, Warehouse
from crossdock.control.records.tokens import CreateToken
from crossdock.spec.documents import InboundLine, OutboundDocLine, Parcel
from crossdock.spec.orders import Address, OrderLine, Recipient
from crossdock_tui.dialogs.ask_text import AskText
from crossdock_tui.dialogs.choose import Choose
from crossdock_tui.dialogs.confirm import Confirm
from crossdock_tui.dialogs.help import Help
from crossdock_tui.dialogs.results import Results
from crossdock_tui.dialogs.told import Told
from crossdock_tui.filter_bar import Filter, filter_word, read_filter

pytestmark = pytest.mark.security("S12")
TEXTS, ALL = hostile.TEXTS, hostile.TOGETHER
SKUS = [f"{text[:100]}{number}" for number, text in enumerate(TEXTS[:12])]
SIZES = [(80, 24), (140, 70)]


class Crowded(CostWorld):
    """A daemon of which everything that has a text holds a hostile one."""

    def __init__(self, folder):
        super().__init__(folder, costs='second_person_above = { THB = "5" }')


@pytest.fixture
async def world(tmp_path, request):
    made = getattr(request, "param", Crowded)(tmp_path)
    await made.up()
    yield made
    await made.down()


def an_evil_order(number, text):
    """An order of which every field that takes a text holds one; `text` where a list shows it."""
    line = {"quantity": Decimal(1), "name": ALL}
    return an_order(
        number, number=text, shop=text, logistics=text, buyer_note=ALL, seller_note=text, tracking_number=text,
        channel=text, holds=(),
        recipient=Recipient(
            name=text, phone=text, email=text,
            address=Address(lines=(ALL, text), district=text, city=text, region=text, postcode=text, country=text),
        ),
        lines=(OrderLine(line_no=1, sku=text[:150] + "A", **line), OrderLine(line_no=2, sku="A", **line)),
    )  # fmt: skip


def sound(desk, where):
    """What stands on the terminal is the dashboard's own, and the keys are those it had."""
    assert desk.app.is_running
    assert hostile.faults(desk.app) == [], f"{where}\n{desk.text}"


async def several(desk, *keys):
    """Mark every row and press keys, so that each asks a question that names them; none is answered."""
    await desk.press("asterisk")
    await desk.until(lambda: desk.screen.picked, "all are marked")
    for key in keys:
        await desk.press(key)
        await desk.until(lambda: desk.dialog is not None, f"{key} asks")
        await desk.pilot.pause()
        sound(desk, f"{desk.screen.SCREEN} {desk.screen.tab} {key}")
        await desk.press("escape")
        await desk.until(lambda: desk.dialog is None, "it is left")
    await desk.press("escape")


@pytest.mark.parametrize("size", [SIZES[0], pytest.param(SIZES[1], marks=pytest.mark.walk)])
async def test_orders_that_wait_and_what_keeps_them(world, dashboard, size):
    await world.run()
    warehouse = await world.client(lambda c: c.warehouse("WH"))
    wanted = {"auto_bind": False, "need_logistics_mapping": True, "revision": warehouse.revision}
    values = {name: getattr(warehouse, name) for name in warehouse.__struct_fields__ if name != "warnings"}
    await world.client(lambda c: c.save_warehouse(Warehouse(**{**values, **wanted})))
    world.oms.put([an_evil_order(number, text) for number, text in enumerate(TEXTS)])

    async def known():
        return len((await world.client(lambda c: c.incidents(state="open", limit=200))).items) >= len(TEXTS)

    await world.until(known, "each has its cause")
    async with dashboard(size, first="orders") as desk:
        bound = set(desk.screen._bindings.key_to_bindings)
        seen = await walk(desk, sound, "home", "orders", "incidents")
        assert seen["orders pending"] >= len(TEXTS)
        assert seen["incidents open"] >= len(TEXTS)
        desk.app.action_go("orders")
        await desk.until(lambda: desk.screen.SCREEN == "orders", "the orders")
        await desk.press("e")
        await desk.until_text("what every rule says")
        sound(desk, "explained")
        await desk.press("escape")
        desk.screen.go_to_tab("")
        await settled(desk, "all orders")
        await several(desk, "s", "p", "x")
        for y in range(3, 9):
            await desk.pilot.click(offset=(20, y))
        assert desk.app.is_running
        assert set(desk.screen._bindings.key_to_bindings) == bound
        desk.app.action_go("incidents")
        await desk.until(lambda: desk.screen.SCREEN == "incidents", "the incidents")
        desk.screen.go_to_tab("open")
        await settled(desk, "incidents")
        for key in ("f", "o"):
            await desk.press(key)
            await desk.until(lambda: desk.app.screen is not desk.app.screen_stack[-2] and quiet(desk), "it opens")
            await desk.pilot.pause()
            sound(desk, f"incidents {key}")
            await desk.press("escape")
        await desk.until(lambda: desk.screen.SCREEN == "incidents", "back")
        await several(desk, "a", "t", "m")


@pytest.mark.walk
@pytest.mark.parametrize("size", SIZES)
async def test_what_went_out_and_came_back(world, dashboard, size):
    await world.run()
    world.oms.put([an_evil_order(number, text) for number, text in enumerate(TEXTS[:12])])
    world.oms.set_faults(REFUSED)
    lines = (OutboundDocLine(line_no=1, sku=TEXTS[0] + "A", planned=Decimal(3), reason=ALL),)
    parcels = (Parcel(parcel_no=TEXTS[3], tracking_number=TEXTS[1], logistics=TEXTS[2]),)
    more = {"number": TEXTS[3], "note": ALL, "problem": ALL, "destination": ALL, "lines": lines, "parcels": parcels}
    world.wms.documents.put_outbound(outbound("OUT-1", **more))
    inbound_lines = (InboundLine(line_no=1, sku=TEXTS[0], name=ALL, planned=Decimal(3), planned_unit_cost=Decimal(2)),)
    named = {"number": TEXTS[2], "supplier": ALL, "purchase_order": ALL, "source": ALL, "note": ALL}
    world.arrives(inbound(TEXTS[1], lines=inbound_lines, receipts=[receipt(TEXTS[2], "3")], **named))
    world.wms.stock.put([a_level(text[:150], 5) for text in TEXTS[:12]])
    await until_status(world, "OUT-1", "failed")
    await world.client(lambda c: c.switch_stock("WH", on=True))
    await world.client(lambda c: c.create_token(CreateToken(user="anna", name=ALL[:60], roles=("viewer",))))
    await world.until_state("O-1", "pushed")
    await world.client(lambda c: c.pause("depot", ALL[:300]))

    async def received():
        found = await world.client(lambda c: c.cost_documents(limit=10))
        return bool(found.items)

    await world.until(received, "the document is there")
    async with dashboard(size, first="home") as desk:
        names = [name for name in desk.app.MODES if name not in ("orders", "products", "strategies")]
        seen = await walk(desk, sound, *names)
        for where in (
            "push_status manual-outbound",
            "packages",
            "operations failed",
            "stock levels",
            "costs documents",
        ):
            assert seen[where], where
        assert seen["tokens good"], seen["connections"]


@pytest.mark.walk
@pytest.mark.parametrize("size", SIZES)
async def test_what_waits_for_a_second_person_and_the_lines_of_a_document(world, dashboard, size):
    lines = (InboundLine(line_no=1, sku=TEXTS[0], name=ALL, planned=Decimal(10), planned_unit_cost=Decimal("2.00")),)
    world.arrives(inbound(lines=lines, receipts=[receipt(TEXTS[2])], number=TEXTS[3]))
    await world.run()
    await world.until_average(TEXTS[0], "2.00")
    await world.client(
        lambda c: c.edit_actual_cost(edit("9", "2.00", 0, receipt=TEXTS[2], reason=ALL[:400], confirmed=True))
    )
    async with dashboard(size, first="costs") as desk:
        seen = await walk(desk, sound, "costs", "approvals", "audit")
        assert seen["approvals proposed"], seen
        desk.app.action_go("costs")
        await desk.until(lambda: desk.screen.SCREEN == "costs", "the costs")
        desk.screen.go_to_tab("documents")
        await settled(desk, "documents")
        await desk.press("enter")
        await desk.until(lambda: desk.screen.tab == "lines" and len(desk.rows) == 1, "its lines")
        await settled(desk, "lines")
        sound(desk, "lines")
        for key in ("p", "c"):
            await desk.press(key)
            await desk.until(lambda: desk.dialog is not None and desk.dialog.previewed, "the form is there")
            sound(desk, f"lines {key}")
            await desk.press("escape")
            await desk.until(lambda: desk.dialog is None, "it is left")


@pytest.mark.walk
@pytest.mark.parametrize("size", SIZES)
async def test_strategies_warehouses_and_mappings(world, dashboard, size):
    await world.run()
    for number, text in enumerate(TEXTS):
        await saved(world, Strategy(name=f"{text[:40]}{number}", kind="advance", shops=(text,), logistics=(text,)))
        await saved(world, Mapping(warehouse="WH", kind="sku", ours=text, theirs=text))
        await saved(world, Warehouse(code=f"{text[:20]}{number}", connection="depot", remote=text, name=text))
        await saved(world, Allocation(position=number + 2, warehouse="WH", shops=(text,)))
    async with dashboard(size, first="strategies") as desk:
        seen = await walk(desk, sound, "strategies")
        assert min(seen.values()) > 1, seen
        for tab in ("strategies", "warehouses", "allocation", "mappings"):
            desk.screen.go_to_tab(tab)
            await settled(desk, tab)
            await several(desk, "x")
            await desk.press("e")
            await desk.until(lambda: desk.dialog is not None, "the form is there")
            await desk.until(lambda: desk.dialog.previewed or not desk.dialog.PREVIEWS, "it is foreseen")
            await desk.pilot.pause()
            sound(desk, f"{tab} e")
            await desk.press("escape")
            await desk.until(lambda: desk.dialog is None, "it is left")


async def saved(world, entry):
    """Save an entry; one whose name nobody may type is refused."""
    save = {
        Strategy: "save_strategy",
        Mapping: "save_mapping",
        Warehouse: "save_warehouse",
        Allocation: "save_allocation",
    }
    with contextlib.suppress(Refusal):
        await world.client(lambda c: getattr(c, save[type(entry)])(entry))


@pytest.mark.walk
@pytest.mark.parametrize("world", [Catalogue], indirect=True)
@pytest.mark.parametrize("size", SIZES)
async def test_products_and_their_conflicts(world, dashboard, size):
    await world.begin(products=[a_product(sku) for sku in SKUS], fields={"name": MANUAL, "storage": MANUAL})
    await world.until_products("WH", "bound", len(SKUS))
    for sku, text in zip(SKUS, TEXTS, strict=False):
        world.oms.products.edit(sku, name=f"{text} oms", storage=ALL)
        world.wms.products.edit(sku, name=f"{text} wms", storage=f"{ALL} wms")
    await world.until_conflicts(2 * len(SKUS))
    async with dashboard(size, first="products") as desk:
        seen = await walk(desk, sound, "products")
        assert seen["products conflicts"] == 2 * len(SKUS)
        desk.screen.go_to_tab("conflicts")
        await settled(desk, "conflicts")
        await desk.press("d")
        await desk.until_text("What is taken for")
        sound(desk, "decide")


async def test_what_is_typed_filtered_and_copied(world, dashboard):
    evil = TEXTS[0] + TEXTS[18] + TEXTS[28]
    await world.run()
    world.oms.put([an_evil_order(1, "N1")])
    await world.until_state("O-1", "pushed")
    async with dashboard((80, 24), first="orders") as desk:
        for name in ("orders", "audit", "strategies"):
            desk.app.jump(name, filter=filter_word("object", evil) if name == "audit" else "")
            await desk.until(lambda name=name: name == desk.screen.SCREEN, name)
            await settled(desk, name)
            sound(desk, name)
            if desk.screen.filters:
                await desk.press("slash")
                sound(desk, f"{name}, filter")
                desk.app.post_message(events.Paste(evil + "\x07"))
                await desk.pilot.pause()
                sound(desk, f"{name}, pasted")
                await desk.press("enter")
                await desk.pilot.pause()
                sound(desk, f"{name}, filtered")
                await desk.press("escape", "escape")
        copied = []
        desk.app.copy_to_clipboard = copied.append
        desk.app.action_go("orders")
        await settled(desk, "orders")
        desk.screen.name_of = lambda _row: evil
        desk.screen.go_to_tab("")
        await desk.until(lambda: desk.rows, "the order")
        await desk.press("y")
        assert all(map(hostile.shows, copied[0]))
        sound(desk, "copied")


async def test_questions_and_answers_that_are_made_of_it(world, dashboard):
    await world.run()
    options = [(text, text) for text in TEXTS]
    made = (
        lambda: Confirm(ALL, TEXTS, ALL), lambda: AskText(ALL, note=ALL, value=ALL), lambda: Help(ALL, ALL, [("x", ALL, ALL)]),
        lambda: Choose(ALL, options, note=ALL), lambda: Choose(ALL, options, many=True, chosen=TEXTS, ordered=True),
        lambda: Told(ALL, [(ALL, "")], ALL), lambda: Results(ALL, [(text, True, text) for text in TEXTS]),
    )  # fmt: skip
    async with dashboard((140, 110), first="home") as desk:
        for each in made:
            dialog = each()
            desk.app.push_screen(dialog)
            await desk.until(lambda dialog=dialog: desk.app.screen is dialog, "it is there")
            await desk.pilot.pause()
            sound(desk, type(dialog).__name__)
            await desk.press("escape")
        desk.app.say(ALL)
        desk.app.link.text, desk.screen.problem = ALL, ALL
        desk.screen._say_why()
        await desk.pilot.pause()
        sound(desk, "said")


@pytest.mark.skipif(not hostile.NAUGHTY.exists(), reason="the big list of naughty strings is not beside the clone")
@pytest.mark.walk
async def test_the_big_list_of_naughty_strings(world, dashboard):
    await world.run()
    await world.client(lambda c: c.switch_auto_push("WH", on=False, revision=1))
    texts = hostile.naughty()
    world.oms.put([an_order(number, number=text, shop=text, buyer_note=text) for number, text in enumerate(texts)])

    async def known():
        return len((await world.client(lambda c: c.orders(text=f"O-{len(texts) - 1}"))).items) == 1

    await world.until(known, "all are there")
    async with dashboard((140, 110), first="orders") as desk:
        seen = set()
        while True:
            await settled(desk, "a page")
            sound(desk, "naughty strings")
            before = desk.rows
            seen |= set(before)
            if not desk.screen._window.more and desk.screen.table.cursor_row == len(before) - 1:
                break
            desk.screen.table.move_cursor(row=len(before) - 1, animate=False)
            await desk.pilot.pause()
        assert len(seen) == len(texts)


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('" \\:\n\t'), min_size=1))
def test_a_filter_word_is_read_as_it_was_written(value):
    assert read_filter(filter_word("object", value), (Filter("object"),)).query == {"object": value}
