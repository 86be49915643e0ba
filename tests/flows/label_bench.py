"""A bench for labels: a scripted OMS gives them, a scripted warehouse takes them."""

from __future__ import annotations

from datetime import timedelta

from tests.flows.conftest import StillLane, an_order

from crossdock.flows import label_changes
from crossdock.flows.absorb import Batch, absorb
from crossdock.flows.deliver_labels import LabelHandler
from crossdock.flows.label_desk import confirm, printed
from crossdock.flows.operations import carry_out
from crossdock.flows.pull_labels import Puller
from crossdock.flows.pull_orders import sift
from crossdock.rules.connection_health import Limits
from crossdock.rules.labels import PullPolicy
from crossdock.rules.operation_outcome import OperationPolicy
from crossdock.spec.labels import Label
from crossdock.spec.orders import Address, Page, Recipient
from crossdock.spec.outbound import PushResult, PushStatus
from crossdock.store import incidents, labels, orders

POLICY = PullPolicy(base_s=1, cap_s=60, park_after=3, park_span=timedelta(hours=1))


class LabelOms:
    """Gives what `gives` holds for an order: a label, None, or an error."""

    def __init__(self):
        self.gives, self.asked = {}, []
        self.meanwhile = []

    async def fetch_label(self, ref, package_ref):
        self.asked.append(ref)
        answer = self.gives.get(ref)
        while self.meanwhile:
            await self.meanwhile.pop()()
        if isinstance(answer, Exception):
            raise answer
        return answer


class LabelWms:
    """Takes labels; `answers` are what it says next."""

    name = "wms"

    def __init__(self):
        self.got, self.answers = [], []

    async def push_label(self, item):
        self.got.append(item)
        answer = self.answers.pop(0) if self.answers else PushStatus.ACCEPTED
        if isinstance(answer, Exception):
            raise answer
        return PushResult(key=item.key, status=answer, code="too_late", message="the parcel has left")


class LabelBench:
    """A bench whose OMS gives labels and whose warehouse takes them."""

    def __init__(self, bench):
        self.bench, self.house, self.store = bench, bench.house, bench.store
        bench.house.label_sources.add("oms")
        bench.house.label_takers.add("wms")
        self.oms, self.wms = LabelOms(), LabelWms()
        self.lane = StillLane(1)
        self.lane.connection = "oms"
        self.look = None

    async def see(self, order):
        """Have an order arrive as a page would bring it."""
        arrivals, _, _ = await sift("oms", self.house, Page(orders=(order,)))
        batch = Batch(connection="oms", arrivals=arrivals, labels=True)
        return await self.store.write(absorb, batch, self.house.books, self.house.read_order, self.house.env.now())

    async def push(self):
        await self.bench.push()

    def puller(self):
        return Puller(self.oms, self.house, self.lane, POLICY, self.look)

    async def pull(self):
        """Do what is due for labels."""
        return await self.puller().due()

    async def pull_by_hand(self, ref="1"):
        stored = await self.bench.stored(ref)
        return await self.puller().one(stored.id)

    async def deliver(self):
        self.bench.runs += 1
        lane = StillLane(self.bench.runs)
        lane.connection = "wms"
        policy = OperationPolicy(limits=Limits(), settle=timedelta(seconds=60))
        await carry_out({"label": LabelHandler(self.wms, self.house)}, self.house, lane, policy, 4)

    async def head(self, ref="1"):
        return await self.store.read(_head, ref)

    async def versions(self, ref="1"):
        return await self.store.read(labels.versions, (await self.head(ref)).id)

    async def problems(self, ref="1"):
        stored = await self.bench.stored(ref)
        found = await self.store.read(incidents.of_subject, f"order:{stored.id}")
        about = (label_changes.STALE, label_changes.PULL, label_changes.FETCH, label_changes.DELIVERY)
        return [each.code for each in found if each.operation in about]

    async def printed(self, ref="1"):
        return await self.store.write(printed, [("oms", ref)], "ann", self.house.env.now())

    async def confirm(self, ref="1"):
        return await self.store.write(confirm, [("oms", ref)], "ann", "stuck over", self.house, self.house.env.now())

    async def delivered(self):
        """Bring one order to the warehouse with its label."""
        self.oms.gives["1"] = label("one")
        await self.see(here())
        await self.push()
        await self.pull()
        await self.deliver()


def _head(tx, ref):
    return labels.of_order(tx, orders.load(tx, "oms", [ref])[ref].id)


def label(text, **fields):
    return Label(content_type="application/zpl", data=f"^XA{text}^XZ".encode(), **fields)


def here(street="1 Road", **changes):
    recipient = Recipient(name="สมชาย", address=Address(lines=(street,), country="TH"))
    return an_order(recipient=recipient, label_ready=True, **changes)
