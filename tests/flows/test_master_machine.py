"""Real flows, real store: a hub and its warehouses, edited, listed late and twice, answers lost, the daemon killed."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from msgspec import UNSET
from msgspec.structs import replace
from tests.flows.conftest import NOW, StillEnv, StillLane

from crossdock.flows import master_plan
from crossdock.flows.house import House
from crossdock.flows.master import keep_in_step, pairs
from crossdock.flows.operations import carry_out
from crossdock.flows.product_writes import ProductLook, ProductWriter
from crossdock.flows.products import STREAM, ProductStream
from crossdock.rules.book import Warehouse
from crossdock.rules.connection_health import Limits
from crossdock.rules.master_policy import FieldPolicy, MasterPolicy, MergeRule
from crossdock.rules.operation_outcome import OperationPolicy
from crossdock.rules.product_fields import values_of
from crossdock.spec.errors import Rejected, UnknownOutcome
from crossdock.spec.outbound import ItemResult
from crossdock.spec.products import Product
from crossdock.store import bindings, book, conflicts, cursors, incidents, migrate, products, sqlite
from crossdock.store.book import BookCache
from crossdock.store.cursors import Cursor
from crossdock.store.store import Store
from crossdock.store.times import to_ms

pytestmark = pytest.mark.behaviour("R4")
SKUS = ("A", "B")
SETTLE = timedelta(seconds=60)
OTHERS_OFF = {
    name: FieldPolicy(on=False)
    for name in ("specification", "images", "price", "active", "unit", "dimensions", "fragile", "storage", "batch_tracked", "expiry_tracked")
}  # fmt: skip


class System:
    """A system with products under versions. `lose` is how many of the next answers to writes are lost, effect and all
    or without effect."""

    def __init__(self, env, name, versions=True):
        self.env, self.name, self.versions = env, name, versions
        self.products, self.keys, self.pages = {}, {}, []
        self.lose = []
        self.writes = 0

    def edit(self, sku, **values):
        self.env.time += timedelta(milliseconds=1)
        known = self.products.get(sku) or Product(sku=sku, updated_at=NOW, name="a", barcodes=("1",), weight_g=1)
        version = str(int(known.version or 0) + 1) if self.versions else None
        self.products[sku] = replace(known, updated_at=self.env.time, version=version, **values)
        self.pages.append(self.products[sku])

    async def get_products(self, skus):
        return {sku: self.products.get(sku) for sku in skus}

    async def write_products(self, items):
        lost = self.lose.pop() if self.lose else None
        results = [] if lost == "before" else [self._write(item) for item in items]
        if lost:
            raise UnknownOutcome("the answer was lost")
        return results

    def _write(self, item):
        if item.key in self.keys:
            return self.keys[item.key]
        product = self.products[item.product.sku]
        if item.base_version is not None and item.base_version != product.version:
            return ItemResult(ref=item.key, ok=False, code="version")
        self.writes += 1
        names = ("name", "barcodes", "weight_g")
        self.edit(product.sku, **{
            name: value for name in names if (value := getattr(item.product, name)) is not UNSET
        })  # fmt: skip
        self.keys[item.key] = ItemResult(ref=item.key, ok=True)
        return self.keys[item.key]


class Ground:
    """The store, the systems, and one turn of each lane."""

    def __init__(self, spokes, rule=MergeRule.OWNER, versions=True, **settings):
        self.database = sqlite.connect(":memory:")
        self.database.connect()
        migrate.migrate(self.database)
        self.env = StillEnv()
        self.store = Store(self.database, self.env, inline=True)
        self.house = House(self.store, self.env, BookCache(30))
        self.hub = System(self.env, "shop", versions)
        self.spokes = [System(self.env, f"wms{number}", versions) for number in range(spokes)]
        self.systems = [self.hub, *self.spokes]
        self.runs = 0
        fields = {**OTHERS_OFF, "name": FieldPolicy(rule=rule), "barcodes": FieldPolicy(rule=MergeRule.UNION)}
        for number in range(spokes):
            entries = (
                Warehouse(code=f"W{number}", connection=f"wms{number}", remote="1"),
                MasterPolicy(warehouse=f"W{number}", oms="shop", enabled=True, fields=fields, **settings),
            )
            for entry in entries:
                self.do(self.store.write(book.save, entry))
        for system in self.systems:
            cursor = Cursor(connection=system.name, stream=STREAM, started_at=1, finished_at=2)
            self.do(self.store.write(cursors.save, cursor))

    @staticmethod
    def do(awaitable):
        """Run a flow to its end: nothing in it waits for anything."""
        return asyncio.run(awaitable)

    def take(self, system, *shown):
        stream = ProductStream(system.name, system, self.house)
        self.do(self.store.write(stream.absorb, system.name, shown, self.env.now()))

    def merge(self):
        while self.do(keep_in_step(self.house))[1]:
            pass

    def operate(self, system):
        self.runs += 1
        lane = StillLane(self.runs)
        lane.connection = system.name
        policy = OperationPolicy(limits=Limits(), settle=SETTLE)
        handlers = {
            handler.kind: handler
            for handler in (
                ProductWriter(system.name, system, self.house, 5),
                ProductLook(system.name, system, self.house),
            )
        }
        self.do(carry_out(handlers, self.house, lane, policy, 4))

    def settle(self):
        """No more edits: everything is listed, merged and written until nothing is left."""
        for system in self.systems:
            system.lose = []
        for _ in range(12):
            self.env.time += 2 * SETTLE
            for system in self.systems:
                self.take(system, *system.products.values())
            self.merge()
            for system in self.systems:
                self.operate(system)
        self.merge()

    def plan(self, apply=True):
        for pair in self.do(self.store.read(pairs, self.house)):
            made = self.do(master_plan.make(self.house, pair, "ann"))
            if apply:
                self.do(master_plan.apply(self.house, pair, made.id))
        return made

    def begin(self):
        for system in self.systems:
            for sku in SKUS:
                system.edit(sku)
        for system in self.systems:
            self.take(system, *system.products.values())
        self.merge()
        self.plan()
        self.merge()

    def conflicts(self, code="W0"):
        return self.do(self.store.read(conflicts.page, code, 0, 100))

    def binding(self, sku="A", code="W0"):
        return self.do(self.store.read(bindings.get, code, sku))

    def close(self):
        self.store.close()


@pytest.fixture
def make():
    made = []

    def ground(*words, **settings):
        made.append(Ground(*words, **settings))
        return made[-1]

    yield ground
    for each in made:
        each.close()


class Machine(RuleBasedStateMachine):
    """Whatever happens on the way, all systems come together, and then nothing is written any more."""

    ground = None

    @initialize(spokes=st.integers(1, 2), versions=st.booleans())
    def start(self, spokes, versions):
        self.ground = Ground(spokes, versions=versions)
        self.ground.begin()

    def system(self, number):
        return self.ground.systems[number % len(self.ground.systems)]

    @rule(number=st.integers(0, 2), sku=st.sampled_from(SKUS), name=st.sampled_from("abcd"))
    def rename(self, number, sku, name):
        self.system(number).edit(sku, name=name)

    @rule(number=st.integers(0, 2), sku=st.sampled_from(SKUS), codes=st.sets(st.sampled_from("1234")))
    def relabel(self, number, sku, codes):
        self.system(number).edit(sku, barcodes=tuple(codes))

    @rule(number=st.integers(0, 2), page=st.integers(0, 30))
    def show_an_old_page(self, number, page):
        system = self.system(number)
        self.ground.take(system, system.pages[page % len(system.pages)])

    @rule(number=st.integers(0, 2), times=st.integers(1, 2))
    def show_the_present(self, number, times):
        system = self.system(number)
        for _ in range(times):
            self.ground.take(system, *system.products.values())

    @rule()
    def merge(self):
        self.ground.merge()

    @rule(number=st.integers(0, 2), lose=st.sampled_from([None, "before", "after"]))
    def operate(self, number, lose):
        system = self.system(number)
        system.lose = [lose] if lose else []
        self.ground.operate(system)
        system.lose = []

    @rule()
    def wait(self):
        self.ground.env.time += SETTLE

    def teardown(self):
        if self.ground is None:
            return
        ground = self.ground
        ground.settle()
        for sku in SKUS:
            shown = [values_of(system.products[sku]) for system in ground.systems]
            assert all(values == shown[0] for values in shown), shown
            for number in range(len(ground.spokes)):
                assert ground.binding(sku, f"W{number}").base == shown[0]
        writes = [system.writes for system in ground.systems]
        ground.settle()
        assert [system.writes for system in ground.systems] == writes
        ground.close()


Machine.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestMachine = Machine.TestCase


def test_products_shown_in_any_order_any_number_of_times_end_as_the_newest(make):
    ground = make(1)
    for name in "abc":
        ground.hub.edit("A", name=name)
    pages = ground.hub.pages
    for page in [pages[2], pages[0], pages[2], pages[1], pages[0]]:
        ground.take(ground.hub, page)
    seen = ground.do(ground.store.read(products.get, "shop", "A"))
    assert seen.product == pages[2]


def raising(write):
    """Raise what would be returned of one item alone."""

    async def write_products(items):
        results = await write(items)
        if len(items) == 1 and not results[0].ok:
            raise Rejected("it is at another version", code=results[0].code)
        return results

    return write_products


@pytest.mark.parametrize("said", ["returned", "raised"])
def test_a_change_that_arrives_between_the_decision_and_the_write_is_not_overwritten(make, said):
    ground = make(1, rule=MergeRule.MANUAL)
    ground.begin()
    if said == "raised":
        ground.spokes[0].write_products = raising(ground.spokes[0].write_products)
    ground.hub.edit("A", name="o")
    ground.take(ground.hub, *ground.hub.products.values())
    ground.merge()
    ground.spokes[0].edit("A", name="w")
    ground.settle()
    (conflict,) = ground.conflicts()
    assert (conflict.base, conflict.oms, conflict.wms) == ("a", "o", "w")
    assert ground.spokes[0].products["A"].name == "w"
    assert ground.hub.products["A"].name == "o"


def test_a_system_without_versions_is_read_before_it_is_written(make):
    ground = make(1, rule=MergeRule.MANUAL, versions=False)
    ground.begin()
    ground.hub.edit("A", name="o")
    ground.take(ground.hub, *ground.hub.products.values())
    ground.merge()
    ground.spokes[0].edit("A", name="w")
    ground.settle()
    assert (ground.spokes[0].products["A"].name, ground.spokes[0].writes) == ("w", 0)
    assert len(ground.conflicts()) == 1


def test_a_product_that_only_one_side_lists_is_asked_for_at_the_other(make):
    ground = make(1)
    ground.hub.edit("A")
    ground.hub.edit("B")
    ground.spokes[0].edit("A")  # never listed: it did not change for long
    ground.take(ground.hub, *ground.hub.products.values())
    ground.merge()
    ground.operate(ground.spokes[0])
    ground.merge()
    assert ground.binding("A").state is bindings.BindingState.PROPOSED
    assert ground.binding("B").state is bindings.BindingState.UNBOUND
    (told,) = [each for each in ground.do(ground.store.read(incidents.page, 0, 100)) if each.code == "missing_product"]
    assert told.connection == "wms0"
    ground.spokes[0].edit("B")
    ground.take(ground.spokes[0], ground.spokes[0].products["B"])
    ground.merge()
    assert ground.binding("B").state is bindings.BindingState.PROPOSED
    assert "missing_product" not in {each.code for each in ground.do(ground.store.read(incidents.page, 0, 100))}


def test_twins_are_reported_and_never_taken_for_one_another(make):
    ground = make(1)
    ground.hub.edit("Cup 1")
    ground.hub.edit("CUP1")
    ground.take(ground.hub, *ground.hub.products.values())
    (told,) = [each for each in ground.do(ground.store.read(incidents.page, 0, 100)) if each.code == "twins"]
    held = ground.do(ground.store.read(incidents.subjects, told.id, "", 10))
    assert {name for name, _, _ in held} == {"product:shop:Cup 1", "product:shop:CUP1"}
    ground.spokes[0].edit("Cup 1")
    ground.take(ground.spokes[0], *ground.spokes[0].products.values())
    ground.merge()
    ground.operate(ground.spokes[0])
    ground.merge()
    assert ground.binding("Cup 1").state is bindings.BindingState.PROPOSED
    assert ground.binding("CUP1").state is bindings.BindingState.UNBOUND


def test_our_own_write_comes_back_as_an_echo_and_touches_nothing(make):
    ground = make(1)
    ground.begin()
    ground.hub.edit("A", name="o")
    ground.settle()
    spoke = ground.spokes[0]
    found = ground.do(ground.store.write(products.see, "wms0", spoke.products["A"], to_ms(ground.env.now())))
    assert found is products.Found.ECHO
    assert ground.binding().dirty is None


def test_an_old_page_that_arrives_late_undoes_nothing(make):
    ground = make(2)
    ground.begin()
    ground.hub.edit("A", name="o")
    ground.settle()
    for system in ground.systems:
        ground.take(system, system.pages[0])
    ground.merge()
    for system in ground.systems:
        ground.operate(system)
    assert [system.products["A"].name for system in ground.systems] == ["o", "o", "o"]
    assert [system.writes for system in ground.systems] == [0, 1, 1]


def test_a_plan_shows_everything_and_a_stale_one_is_refused(make):
    ground = make(1)
    ground.hub.edit("A", name="o", weight_g=None)
    ground.spokes[0].edit("A", name="w")
    for system in ground.systems:
        ground.take(system, *system.products.values())
    ground.merge()
    made = ground.plan(apply=False)
    assert (made.products, made.adopted, made.filled, made.conflicted) == (1, 1, 1, 1)
    ground.spokes[0].edit("A", weight_g=9)
    ground.take(ground.spokes[0], ground.spokes[0].products["A"])
    (pair,) = ground.do(ground.store.read(pairs, ground.house))
    with pytest.raises(master_plan.StalePlan, match="product A was changed"):
        ground.do(master_plan.apply(ground.house, pair, made.id))
    assert ground.binding().base == {}
    assert ground.hub.writes == 0


@pytest.mark.behaviour("R4")
def test_a_write_that_is_confirmed_late_is_no_change_against_a_newer_one_of_the_other_side(make):
    ground = make(1, MergeRule.MANUAL)
    ground.begin()
    spoke = ground.spokes[0]
    ground.hub.edit("A", name="first")
    ground.take(ground.hub, ground.hub.products["A"])
    ground.merge()
    spoke.lose = ["after"]
    ground.operate(spoke)
    assert spoke.products["A"].name == "first"
    ground.hub.edit("A", name="second")
    ground.take(ground.hub, ground.hub.products["A"])
    ground.settle()
    assert [system.products["A"].name for system in ground.systems] == ["second", "second"]
    assert ground.conflicts() == []


@pytest.mark.behaviour("R4")
def test_a_write_in_doubt_whose_product_was_changed_besides_is_no_change_against_a_newer_one_of_the_other_side(make):
    ground = make(1)  # the hub owns names: what it shows would win against the warehouse
    ground.begin()
    spoke = ground.spokes[0]
    spoke.edit("A", name="first", barcodes=("1", "2"))
    ground.take(spoke, spoke.products["A"])
    ground.merge()
    ground.hub.lose = ["after"]
    ground.operate(ground.hub)
    assert ground.hub.products["A"].name == "first"
    ground.hub.edit("A", barcodes=("1", "2", "3"))
    spoke.edit("A", name="second")
    ground.settle()
    assert [system.products["A"].name for system in ground.systems] == ["second", "second"]
    assert [set(system.products["A"].barcodes) for system in ground.systems] == [{"1", "2", "3"}] * 2
    assert ground.conflicts() == []
