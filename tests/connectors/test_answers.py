"""From an answer's status and headers to the error that says what happens next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from crossdock.connectors.answers import retry_after, to_error
from crossdock.spec import errors

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.behaviour("P8")
@pytest.mark.parametrize(
    ("value", "wait"),
    [
        (None, None), ("", None), ("0", timedelta()), ("7", timedelta(seconds=7)), (" 7 ", timedelta(seconds=7)), ("-5", None),
        ("1000000000", HOUR), ("9" * 5000, HOUR), ("1.5", None), ("1e3", None), ("+5", None), ("٣", None), ("²", None),
        ("soon", None), ("NaN", None), ("inf", None), ("0x10", None),
        ("Sun, 01 Mar 2026 12:00:30 GMT", timedelta(seconds=30)), ("Sunday, 01-Mar-26 12:00:30 GMT", timedelta(seconds=30)),
        ("Sun Mar  1 12:00:30 2026", timedelta(seconds=30)), ("Sun, 01 Mar 2026 19:00:30 +0700", timedelta(seconds=30)),
        ("Sun, 01 Mar 2026 12:00:30 -0000", timedelta(seconds=30)), ("Sun, 01 Mar 2026 11:00:00 GMT", None),
        ("Sun, 01 Mar 2026 12:00:00 GMT", None), ("Mon, 01 Mar 2126 12:00:00 GMT", HOUR), ("Sun, 99 Mar 2026 12:00:00 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 -1200", HOUR), ("Sat, 01 Jan 0001 00:00:00 +1200", None),
    ],
)  # fmt: skip
def test_retry_after_is_read_in_both_forms_capped_and_else_left_out(value, wait):
    assert retry_after(value, NOW, 3600) == wait


@pytest.mark.behaviour("P8")
@given(
    st.text(max_size=60)
    | st.integers().map(str)
    | st.floats().map(str)
    | st.datetimes(timezones=st.just(UTC)).map(format_datetime)
)
def test_any_retry_after_is_a_wait_within_bounds_or_none(value):
    wait = retry_after(value, NOW, 3600)
    assert wait is None or timedelta() <= wait <= HOUR


@pytest.mark.behaviour("P4")
@given(status=st.integers(100, 999), body=st.binary(max_size=40), write=st.booleans())
def test_after_a_write_only_a_definite_refusal_or_a_429_is_no_doubt(status, body, write):
    error = to_error(status, CIMultiDict(), body, "POST /x of shop", write=write, now=NOW, cap_s=3600)
    definite = 400 <= status < 500 and status != 408
    if write:
        assert isinstance(error, errors.UnknownOutcome) == (not definite)
    else:
        assert not isinstance(error, errors.UnknownOutcome)
    assert f"{status}" in error.message


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_read_that_is_put_off_keeps_the_time_it_was_told(status):
    headers = CIMultiDict({"retry-after": "7"})
    error = to_error(status, headers, b"", "GET /x of shop", write=False, now=NOW, cap_s=3600)
    assert isinstance(error, errors.Retryable)
    assert error.after == timedelta(seconds=7)


PROBLEMS = [
    b"", b"null", b"[]", b"{", b"\xff", b'{"detail":5,"code":[],"field":{}}', b'{"detail":"","code":""}', b"[" * 100_000,
    b'{"title":null,"detail":null}', b"<html>", b'"x"',
]  # fmt: skip


@pytest.mark.parametrize("body", PROBLEMS, ids=range(len(PROBLEMS)))
def test_a_refusal_without_a_proper_problem_is_a_refusal_all_the_same(body):
    error = to_error(422, CIMultiDict(), body, "POST /x of shop", write=True, now=NOW, cap_s=3600)
    assert (type(error), error.code) == (errors.Rejected, "http_422")
    assert (getattr(error, "field", None), error.message) == (None, "POST /x of shop was refused (422)")


def test_what_a_hostile_server_says_is_cut():
    body = msgspec.json.encode({"detail": "x" * 100_000, "code": "c" * 100_000, "field": "f" * 100_000})
    error = to_error(422, CIMultiDict(), body, "POST /x of shop", write=True, now=NOW, cap_s=3600)
    assert max(map(len, (error.message, error.detail, error.code, error.field))) < 1000


def test_the_errors_name_each_kind_of_refusal():
    kinds = {
        status: type(to_error(status, {}, b"", "x", write=True, now=NOW, cap_s=1))
        for status in (400, 404, 409, 410, 413, 422)
    }
    assert kinds == {
        400: errors.Rejected, 404: errors.NotFound, 409: errors.Conflict, 410: errors.Rejected, 413: errors.Rejected,
        422: errors.Rejected,
    }  # fmt: skip
