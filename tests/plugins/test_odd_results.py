"""One result of a batch that cannot be read puts its own order in doubt and no other."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from crossdock.config.model import Connection, HttpLimits
from crossdock.connectors.discovery import Plugins
from crossdock.connectors.host import PluginHost
from crossdock.env import Env
from crossdock.spec.errors import UnknownOutcome
from crossdock.spec.outbound import OutboundLine, OutboundRequest, PushStatus
from crossdock.testing.sandbox.faults import Fault, Match, Rule, Script
from crossdock.testing.sandbox.wms import SandboxWms
from crossdock_wms_default import plugin, salvage
from crossdock_wms_default.connector import ResultsBody

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FINE = '{"key":"XD-1","status":"accepted","remote_id":"R-1"}'
ODD = [
    '{"key":"XD-2","status":"queued","remote_id":"R-2"}', '{"key":"XD-2","status":"accepted","remote_id":4711}',
    '{"key":"XD-2"}', '{"key":"XD-2","status":"accepted","status":"rejected"}', '{"key":"XD-2","status":null}',
    '{"key":"XD-2","status":"rejected","message":"\\ud800"}', '{"key":"XD-2","status":"accepted","remote_id":NaN}',
    '{"key":"XD-2","status":"\\ud800"}',
]  # fmt: skip
NAMELESS = [
    "null",
    "7",
    "[]",
    "{}",
    '{"key":7,"status":"accepted"}',
    '{"status":"accepted"}',
    '{"key":"XD-9","status":7}',
]


def request(key: str) -> OutboundRequest:
    line = OutboundLine(line_no=1, sku="A", quantity=Decimal(2))
    return OutboundRequest(key=key, order_ref=f"O-{key}", revision=1, warehouse="BKK-1", lines=(line,), ordered_at=NOON)


def answered(body: str, media: str = "application/json") -> SandboxWms:
    args = {"body": body, "content_type": media}
    return SandboxWms(script=Script(rules=(Rule(fault=Fault.BODY, args=args, match=Match(path="/v1/outbounds")),)))


@pytest.fixture
async def push():
    """Push orders to a sandbox as the daemon does: `await push(wms, "XD-1", …)`."""
    plugins = Plugins()
    plugins.register(plugin.__name__, plugin)
    made = []

    async def pushed(wms, *keys):
        limits = HttpLimits(allow_http=True, allow_private=("127.0.0.0/8",))
        settings = {"url": wms.url, "token": {"secret": "s.token"}}
        config = Connection(type="wms_default", settings=settings, http=limits)
        made.append(PluginHost(plugins, Env()).connect("depot", config, lambda _name: wms.token))
        return await made[-1].push_outbound([request(key) for key in keys])

    yield pushed
    for each in made:
        await each.close()


@pytest.mark.behaviour("P4")
@pytest.mark.parametrize("odd", ODD)
async def test_a_result_that_cannot_be_read_is_unknown_for_its_key_alone_and_logged_once(push, caplog, odd):
    async with answered(f'{{"results":[{FINE},{odd}]}}') as wms:
        first, second = await push(wms, "XD-1", "XD-2")
    assert (first.key, first.status, first.remote_id) == ("XD-1", PushStatus.ACCEPTED, "R-1")
    assert (second.key, second.status, second.code, second.remote_id) == (
        "XD-2", PushStatus.UNKNOWN, salvage.CODE, None,
    )  # fmt: skip
    assert "cannot be read" in second.message
    (line,) = [record.getMessage() for record in caplog.records if "1 of 2 results" in record.getMessage()]
    assert "XD-2" in line


@pytest.mark.behaviour("P4")
@pytest.mark.parametrize("odd", NAMELESS)
async def test_a_result_that_names_no_order_is_left_out_and_the_others_count(push, odd):
    async with answered(f'{{"results":[{odd},{FINE}]}}') as wms:
        (only,) = await push(wms, "XD-1", "XD-2")
    assert (only.key, only.status) == ("XD-1", PushStatus.ACCEPTED)


async def test_a_result_that_also_comes_unreadable_is_in_doubt(push):
    async with answered(f'{{"results":[{FINE},{{"key":"XD-1","status":7}}]}}') as wms:
        assert await push(wms, "XD-1") == []


async def test_results_of_which_each_is_clear_count_though_something_beside_them_is_odd(push):
    async with answered(f'{{"results":[{FINE}],"note":"\\ud800"}}') as wms:
        (only,) = await push(wms, "XD-1")
    assert only.status is PushStatus.ACCEPTED


@pytest.mark.behaviour("P4")
@pytest.mark.parametrize(
    "body",
    [
        f'{{"results":[{FINE}],"results":[]}}', f'{{"results":[{FINE}', "[]", "{}", '{"results":7}', "null", "[" * 100_000,
        '{"results":[7]}', '{"results":[{"key":"XD-9","status":"queued"}]}', f'\ufeff{{"results":[{FINE}]}}',
    ],
    ids=range(10),
)  # fmt: skip
async def test_an_answer_that_says_nothing_clear_leaves_the_whole_batch_in_doubt(push, body):
    async with answered(body) as wms:
        with pytest.raises(UnknownOutcome):
            await push(wms, "XD-1", "XD-2")


async def test_an_answer_that_is_no_json_by_its_own_word_is_not_searched_for_results(push):
    async with answered(f'{{"results":[{FINE}]}}', "text/plain") as wms:
        with pytest.raises(UnknownOutcome):
            await push(wms, "XD-1")


def test_a_batch_that_can_be_read_as_a_whole_is_the_same_read_one_by_one():
    body = f'{{"results":[{FINE},{{"key":"XD-2","status":"rejected","code":"no","x":[{{}}]}}]}}'.encode()
    saved = salvage.results(body, {"XD-1", "XD-2"})
    assert saved.odd == {}
    assert saved.results == msgspec.json.decode(body, type=ResultsBody).results
