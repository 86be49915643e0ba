"""Bad input is told what is wrong with it; nothing a client sends makes the daemon fail."""

from __future__ import annotations

import asyncio

import aiohttp
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.control.world import World, order
from yarl import URL

from crossdock.control.routes import TABLE

HOSTILE = [
    "", " ", "0", "-1", "1", "999999999999999999999999", "1e9", "NaN", "true", "null", "None", "oms", "wms", "A", "std",
    "WH1", "sku", "logistics", "pending", "queued", "%", "%%", "%FF", "%00", "%2F..%2F", "..", "' OR 1=1 --", '"; DROP TABLE orders; --',
    "x" * 300, "สมชาย", "\x1b[2J", "\u202eevil", "[@click=app.quit]x[/]", "a\nb", "\x1f", "\x85", "²", "2026-01-01T00:00:00Z",
]  # fmt: skip
texts = st.sampled_from(HOSTILE) | st.text(max_size=20)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
NAMES = sorted(
    {field for route in TABLE for kind in (route.body, route.query) if kind for field in kind.__struct_fields__}
)
GOOD = {
    "orders": [{"connection": "oms", "ref": "A"}], "connection": "oms", "ref": "A", "refs": ["A"], "reason": "why",
    "warehouse": "WH1", "settlement": "absent", "name": "std", "kind": "advance", "code": "WH1", "remote": "W1",
    "position": 1, "ours": "A", "theirs": "B", "revision": 1, "on": True, "order": "A", "limit": 5, "all_failed": True,
}  # fmt: skip


def encoded(text):
    from urllib.parse import quote

    return quote(text.encode("utf-8", "replace"), safe="")


@st.composite
def requests(draw):
    route = draw(st.sampled_from(TABLE))
    path = route.path
    for name in route.names:
        value = draw(st.just(str(GOOD.get(name, "1"))) | texts)
        path = path.replace(f"{{{name}}}", encoded(value) or "%20")
    names = list(route.query.__struct_fields__)
    query = draw(st.dictionaries(st.sampled_from([*names, "nonsense"]) | texts, texts, max_size=3))
    if query:
        path += "?" + "&".join(f"{encoded(name)}={encoded(value)}" for name, value in query.items())
    body = None
    if route.body is not None or draw(st.integers(0, 9)) == 0:
        fields = list(route.body.__struct_fields__) if route.body else ["x"]
        good = {name: GOOD[name] for name in fields if name in GOOD}
        changed = draw(st.dictionaries(st.sampled_from(fields) | st.sampled_from(NAMES), plain, max_size=2))
        body = draw(
            st.just(good)
            | st.just({**good, **changed})
            | plain
            | st.binary(max_size=30)
            | st.sampled_from([b"[" * 5000, b'{"a":' * 400, b'"\\ud800"', b"\xff\xfe", b"nul", b'{"a":1e400}'])
        )
    return route, path, body


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory):
    with asyncio.Runner() as runner:
        world = World(tmp_path_factory.mktemp("fuzz"), interval=0)

        async def begin():
            await world.start()
            await world.settings()
            world.serve(order("A"), unreadable=["U"])
            await world.fetch()
            return aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(world.socket)))

        session = runner.run(begin())

        async def send(method, path, body):
            if body is not None and not isinstance(body, bytes):
                try:
                    body = msgspec.json.encode(body)
                except UnicodeEncodeError:
                    body = b'"\\ud800"'
            async with session.request(method, URL(f"http://x{path}", encoded=True), data=body) as answer:
                endless = answer.content_type == "text/event-stream"  # a stream that was let in never ends
                return answer.status, answer.content_type, b"" if endless else await answer.read()

        yield lambda *request: runner.run(send(*request))

        async def end():
            await session.close()
            await world.stop()

        runner.run(end())


@pytest.mark.security("S15", "S21")
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(requests())
def test_no_request_makes_the_daemon_fail(fuzzed, request):
    route, path, body = request
    status, content_type, content = fuzzed(route.method, path, body)
    assert status < 500 or (status == 502 and "/connections/" in path), (route.method, path, body, content)
    if status >= 400:
        assert content_type in ("application/problem+json", "application/json")
        told = msgspec.json.decode(content)
        assert "detail" in told or "taken" in told
        assert "Traceback" not in str(told)


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("GET", "/v1/orders?colour=red", None, "colour"),
        ("GET", "/v1/orders?limit=ten", None, "limit"),
        ("GET", "/v1/orders?limit=1&limit=2", None, "twice"),
        ("GET", "/v1/orders?tab=everything", None, "tab"),
        ("GET", "/v1/orders?after=0", None, "after"),
        ("GET", "/v1/explain", None, "order"),
        ("GET", "/v1/status?x=1", None, "x"),
        ("GET", "/v1/tasks/one", None, "id"),
        ("GET", "/v1/tasks/99999999999999999999", None, "id"),
        ("GET", "/v1/mappings/WH1/colour/A", None, "kind"),
        ("GET", "/v1/allocation/-1", None, "position"),
        ("GET", "/v1/status", b"{}", "no body"),
        ("POST", "/v1/hold", b"", "JSON"),
        ("POST", "/v1/hold", b"{", "JSON"),
        ("POST", "/v1/hold", b"\xff\xfe", "JSON"),
        ("POST", "/v1/hold", b"[]", "body"),
        ("POST", "/v1/hold", b'{"orders": [], "reason": "x"}', "orders"),
        ("POST", "/v1/hold", b'{"orders": [{"connection": "oms", "ref": "A"}]}', "reason"),
        ("POST", "/v1/hold", b'{"orders": [{"connection": "oms", "ref": "A"}], "reason": "x", "colour": 1}', "colour"),
        ("POST", "/v1/sync", b'{"connection": "oms", "refs": ["a\\nb"]}', "line break"),
        ("POST", "/v1/settle", b'{"connection":"oms","ref":"A","settlement":"maybe","reason":"x"}', "settlement"),
    ],
)
async def test_a_bad_request_is_told_what_is_wrong(raw, method, path, body, said):
    status, problem, headers = await raw(method, path, body)
    assert status == 400
    assert headers["Content-Type"].startswith("application/problem+json")
    assert problem["status"] == 400
    assert said in problem["detail"]


async def test_a_path_that_is_none_and_a_method_that_is_none_are_told_so(raw):
    assert (await raw("GET", "/v2/orders"))[1]["code"] == "no_such_route"
    status, problem, headers = await raw("DELETE", "/v1/status")
    assert (status, problem["code"], headers["Allow"]) == (405, "method_not_allowed", "GET")


async def test_what_nobody_foresaw_is_a_500_without_its_secrets(world, raw, caplog):
    def broken():
        raise RuntimeError("password=hunter2")

    world.api._providers = type("P", (), {"livez": staticmethod(broken)})()
    status, problem, _ = await raw("GET", "/livez")
    assert (status, problem["code"]) == (500, "internal")
    assert "hunter2" not in str(problem)
    assert "hunter2" in caplog.text
