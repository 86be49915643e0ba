"""What a hook raises is made sure of like what it returns: an error's fields must not break whoever acts upon it."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from tests.connectors.test_calls import WRITES, doing, failure, raising

from crossdock.spec import errors
from crossdock.spec.outbound import RemoteOutbound


class Own(errors.Rejected):
    """A connector's own refusal whose constructor does not call ours."""

    def __init__(self, text):
        self.text = text

    def __str__(self):
        return self.text


class Hostile(errors.Retryable):
    """One whose message cannot even be read."""

    def __init__(self):
        pass

    @property
    def message(self):
        raise RuntimeError("no")

    def __str__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (30, timedelta(seconds=30)), (1.5, timedelta(seconds=1.5)), (-3, timedelta()), (timedelta(minutes=2), timedelta(minutes=2)),
        (None, None), ("30", None), (float("nan"), None), (float("inf"), timedelta(days=366)), (timedelta.max, timedelta(days=366)),
        (True, None), (10**400, timedelta(days=366)),
    ],
)  # fmt: skip
async def test_a_wait_is_a_timedelta_whatever_the_connector_named(connect, given, kept):
    found = await failure(connect(doing(push_outbound=raising(errors.RateLimited("x", after=given)))), "push_outbound")
    assert (type(found), found.after) == (errors.RateLimited, kept)


@pytest.mark.parametrize(
    ("error", "fields"),
    [
        (errors.Rejected({"zip": "bad"}), {"message": "{'zip': 'bad'}", "code": "rejected"}),
        (errors.Rejected("x", code=422, field=7), {"message": "x", "code": "422", "field": None}),
        (errors.Rejected("x", code=None), {"code": "rejected"}),
        (errors.Rejected("x", code="c" * 999), {"code": "c" * 199 + "…"}),
        (errors.Rejected("\ud800"), {"message": "\\ud800"}),
        (Own("no stock"), {"message": "no stock", "code": "rejected", "detail": None}),
        (Hostile(), {"message": "Hostile without a message", "after": None, "setup": False}),
        (errors.Conflict("x", remote="R-1"), {"remote": None, "code": "conflict"}),
        (errors.Conflict("x", remote=RemoteOutbound(key="K", remote_id=5)), {"remote": None}),
        (errors.UnknownOutcome("x", detail=b"raw"), {"detail": None}),
        (errors.AuthFailed("m" * 5_000), {"message": "m" * 1_999 + "…"}),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_an_error_with_unfit_fields_says_what_can_be_said(connect, caplog, error, fields):
    found = await failure(connect(doing(push_outbound=raising(error))), "push_outbound")
    assert type(found) in vars(errors).values()
    assert isinstance(error, type(found))
    assert {name: getattr(found, name) for name in fields} == fields


async def test_who_raised_something_unfit_and_in_which_field_stands_in_the_log(connect, caplog):
    caplog.set_level(logging.ERROR)
    await failure(connect(doing(push_outbound=raising(errors.RateLimited("x", after="soon")))), "push_outbound")
    assert "push_outbound of shop raised RateLimited, of which after is str, not a timedelta or seconds" in caplog.text


@pytest.mark.parametrize("kind", [errors.PluginStuck, errors.PluginTimeout, errors.ContractError])
@pytest.mark.parametrize("hook", ["check", "push_outbound"])
async def test_what_only_the_daemon_may_say_is_the_connectors_fault_when_it_says_so(connect, kind, hook):
    link = connect(doing(**{hook: raising(kind("its own words"))}))
    found = await failure(link, hook)
    assert type(found) is (errors.UnknownOutcome if hook in WRITES else errors.ContractError)
    assert f"{hook} of shop" in found.message
    assert "its own words" in found.message
    assert not link.stuck
