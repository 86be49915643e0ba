"""Refusals that a connector reads itself: statuses that it accepts, and what is left of those that it does not."""

from __future__ import annotations

import msgspec
import pytest
from multidict import CIMultiDict
from tests.connectors.conftest import RawServer, always, answer, encoded

from crossdock.connectors.answers import LONGEST_CODE, to_error
from crossdock.env import Env
from crossdock.spec import errors

NOW = Env().now()
ERRORS = encoded({"errors": [{"item": 1, "code": "bad_sku", "message": "x" * 2000}]})
CALLS = {
    "GET": lambda client, accept: client.get("/x", accept=accept),
    "POST as a read": lambda client, accept: client.post("/x", b"{}", write=False, accept=accept),
    "POST": lambda client, accept: client.post("/x", b"{}", accept=accept),
    "PUT": lambda client, accept: client.put("/x", b"{}", accept=accept),
    "DELETE": lambda client, accept: client.delete("/x", accept=accept),
}


@pytest.mark.parametrize("method", CALLS)
async def test_an_accepted_status_comes_back_as_an_answer_with_its_whole_body(http, method):
    async with RawServer(always(answer(ERRORS, "X-Trace: 7", status=422))) as remote:
        found = await CALLS[method](http(remote.port), (404, 422))
    assert (found.status, found.body, found.headers["X-Trace"]) == (422, ERRORS, "7")
    assert found.json(dict)["errors"][0]["code"] == "bad_sku"


@pytest.mark.parametrize("method", CALLS)
async def test_a_status_that_is_not_accepted_is_raised_as_ever(http, method):
    async with RawServer(always(answer(ERRORS, status=422))) as remote:
        with pytest.raises(errors.Rejected):
            await CALLS[method](http(remote.port), {404})


async def test_a_success_is_an_answer_whatever_is_accepted(http):
    async with RawServer(always(answer(b'{"a":1}'))) as remote:
        assert (await http(remote.port).post("/x", b"{}", accept=[422])).json(dict) == {"a": 1}


@pytest.mark.behaviour("P4")
@pytest.mark.parametrize(
    ("status", "kind"), [(422, errors.Rejected), (404, errors.NotFound), (500, errors.UnknownOutcome)]
)
@pytest.mark.parametrize(
    "served",
    [
        lambda status: answer(b"<html>", status=status, media="text/html"),
        lambda status: answer(b'{"a":1,"a":2}', status=status),
        lambda status: answer(b'{"a":1', status=status, length=500),
        lambda status: answer(b" " * 5000, status=status),
        lambda status: answer(b"no gzip", "Content-Encoding: gzip", status=status),
    ],
    ids=["html", "twice", "broken-off", "too-large", "no-gzip"],
)
async def test_an_accepted_answer_that_cannot_be_read_means_what_its_status_says(http, served, status, kind):
    async with RawServer(always(served(status))) as remote:
        with pytest.raises(errors.ConnectorError) as caught:
            (await http(remote.port, max_bytes=4096).post("/x", b"{}", accept=(status,))).json(dict)
    assert type(caught.value) is kind
    assert f"{status}" in caught.value.message


def refused(status: int, **problem: object) -> errors.Rejected:
    body = msgspec.json.encode(problem)
    sent = {"Authorization": "Bearer very-secret"}
    return to_error(status, CIMultiDict(), body, "GET /x of shop", write=False, now=NOW, cap_s=1, sent=sent)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("https://wms.example.com/problems/no-such-document", "no-such-document"), ("/errors/no_such_document/", "no_such_document"),
        ("no_such_document", "no_such_document"), ("urn:problem:wms:out-of-stock", "out-of-stock"),
        ("tag:wms.example.com,2024:out-of-stock", "out-of-stock"), ("https://x/p/no such\r\n<b>", "no_such_b"),
        ("https://x/p/gone?lang=en#why", "gone"), ("https://x/p/" + "y" * 500, "y" * LONGEST_CODE),
        ("https://x/p/very-secret", "http_404"), ("https://x/ไม่พบ", "http_404"),
        ("about:blank", "http_404"), ("https://x", "http_404"), ("https://x/", "http_404"), ("", "http_404"), (7, "http_404"),
        ("https://tools.ietf.org/html/rfc9110#section-15.5.5", "http_404"), ("https://httpstatuses.com/404", "http_404"),
        ("https://[", "http_404"), (None, "http_404"),
    ],
)  # fmt: skip
def test_the_type_of_a_problem_is_its_code_where_it_names_none(kind, code):
    error = refused(404, type=kind, title="Not Found")
    assert (type(error), error.code) == (errors.NotFound, code)


def test_a_code_of_its_own_comes_before_the_type():
    assert refused(422, type="https://x/p/other", code="bad_sku").code == "bad_sku"
