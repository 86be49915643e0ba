"""A secret is read from its source once, and again when its source may hold another one."""

from __future__ import annotations

import pytest
from tests.connectors.conftest import Settings

from crossdock.spec import errors
from crossdock.spec.hooks import hookimpl
from crossdock.spec.outbound import CheckResult

GIVEN = {"url": "https://shop.test", "token": {"secret": "shop.token"}}


class Keyring:
    """Where secrets come from: counts how often each was asked for, and may be changed."""

    def __init__(self) -> None:
        self.values, self.asked = {"shop.token": "first"}, []

    def __call__(self, reference: str) -> str:
        self.asked.append(reference)
        return self.values[reference]


class Renewing:
    """A connector whose credentials can be renewed, and are refused where `refused` holds them."""

    refused: tuple[str, ...] = ()

    def __init__(self, settings) -> None:
        self.settings = settings

    @hookimpl
    async def check(self, ctx) -> CheckResult:
        if ctx.secret("token") in self.refused:
            raise errors.AuthFailed("401")
        return CheckResult(ok=True, account=ctx.secret("token"))

    @hookimpl
    async def refresh_auth(self, ctx) -> None:
        self.renewed_with = ctx.secret("token")


async def test_a_secret_is_read_once_until_a_reload_or_until_credentials_are_renewed(connect):
    keyring = Keyring()
    link = connect(Renewing, shape=Settings, settings=GIVEN, secret=keyring)
    assert [(await link.check()).account for _ in range(3)] == ["first"] * 3
    assert keyring.asked == ["shop.token"]
    keyring.values["shop.token"] = "second"
    assert (await link.check()).account == "first"
    link.forget_secrets()  # as a reload does
    assert (await link.check()).account == "second"
    keyring.values["shop.token"] = "third"
    await link.refresh_auth()
    assert (await link.check()).account == "third"
    assert len(keyring.asked) == 3


async def test_a_secret_that_was_refused_is_read_anew_although_the_connector_cannot_renew_it(connect):
    keyring = Keyring()
    refusing = type("Refusing", (Renewing,), {"refused": ("first",)})
    link = connect(refusing, shape=Settings, settings=GIVEN, secret=keyring)
    with pytest.raises(errors.AuthFailed):
        await link.check()
    keyring.values["shop.token"] = "second"
    assert (await link.check()).account == "second"


async def test_a_secret_that_is_kept_shows_in_no_repr(connect):
    keyring = Keyring()
    link = connect(Renewing, shape=Settings, settings=GIVEN, secret=keyring)
    await link.check()
    context = link._context
    assert context.secret("token") == "first"
    for shown in (repr(link), repr(context), str(context), f"{context}"):
        assert "first" not in shown
