"""From a configured connection to one that can be called: settings, registration, secrets, what is shared."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec import Struct
from tests.connectors.conftest import RawServer, Settings, always, answer

from crossdock.config.model import Connection
from crossdock.spec import errors
from crossdock.spec.connector import Capabilities, SecretRef
from crossdock.spec.hooks import hookimpl
from crossdock.spec.orders import Page, Window
from crossdock.spec.outbound import CheckResult, OutboundRequest, PushResult, PushStatus

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
GIVEN = {"url": "https://shop.test", "token": {"secret": "shop.token"}}


def request(key: str) -> OutboundRequest:
    return OutboundRequest(key=key, order_ref="O-1", revision=1, warehouse="W", lines=(), ordered_at=NOON)


def result(key: str, status: PushStatus = PushStatus.ACCEPTED, **more) -> PushResult:
    return PushResult(key=key, status=status, **more)


class Bare:
    """Takes its settings and does nothing."""

    def __init__(self, settings=None) -> None:
        self.settings = settings


class Echo(Bare):
    """Tells what it was handed."""

    @hookimpl
    async def check(self, ctx) -> CheckResult:
        return CheckResult(ok=True, account=f"{ctx.connection} {ctx.secret('token')}", server_time=ctx.now())


# settings ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"tokn": 1}, "tokn"),
        ({"url": 5}, "url"),
        ({"token": "in the clear canary"}, "token"),
        ({"token": {"secret": "bad name!"}}, "token.secret"),
        ({"token": {"secret": "x", "value": "canary"}}, "value"),
        ({"note": None}, "note"),
    ],
)
def test_a_setting_that_is_wrong_is_named_and_its_value_is_not(connect, change, said):
    with pytest.raises(errors.ConfigError) as caught:
        connect(Bare, shape=Settings, settings={**GIVEN, **change})
    assert caught.value.message.startswith("connections.shop.settings")
    assert said in caught.value.message
    assert "canary" not in caught.value.message


@pytest.mark.parametrize("key", ["url", "token"])
def test_a_setting_that_is_missing_is_named(connect, key):
    with pytest.raises(errors.ConfigError, match=rf"connections\.shop\.settings.*{key}"):
        connect(Bare, shape=Settings, settings={name: value for name, value in GIVEN.items() if name != key})


def test_a_type_that_no_plugin_offers_is_named_with_those_that_are(connect):
    connect(Bare)
    with pytest.raises(
        errors.ConfigError, match=r"connections\.depot\.type names no connector type: 'type9' \(known: type0\)"
    ):
        connect.host.connect("depot", Connection(type="type9"), str)


@pytest.mark.security("S10")
@pytest.mark.parametrize(
    "url", ["http://shop.test", "https://u:canary@shop.test", "https://shop.test?key=canary", "https://[::1"]
)
def test_a_base_address_that_is_refused_names_the_connection_and_no_secret(connect, url):
    with pytest.raises(errors.ConfigError, match="connection shop: the setting url") as caught:
        connect(Bare, shape=Settings, settings={**GIVEN, "url": url}, allow_http=False)
    assert "canary" not in caught.value.message


async def test_a_connector_without_an_address_has_no_http(connect):
    class Local(Bare):
        @hookimpl
        async def check(self, ctx):
            return await ctx.http.get("/x")

    with pytest.raises(errors.Unsupported, match="no setting url"):
        await connect(Local).check()


# what does not fit ---------------------------------------------------------------------------------------------------


class Misspelt(Bare):
    @hookimpl
    async def fetch_oders(self, ctx): ...


class UnknownArgument(Bare):
    @hookimpl
    async def fetch_orders(self, ctx, since): ...


class Wrapping(Bare):
    @hookimpl(wrapper=True)
    def check(self, ctx):
        return (yield)


class AsyncReader(Bare):
    @hookimpl
    async def read_order(self, raw): ...


class OddCapabilities(Bare):
    capabilities = "max_batch=5"


class Failing(Bare):
    def __init__(self, settings=None) -> None:
        raise KeyError("canary")


class Refusing(Bare):
    def __init__(self, settings=None) -> None:
        raise errors.ConfigError("the setting note must be short")


@pytest.mark.parametrize(
    ("connector", "said"),
    [
        (Misspelt, "did you mean fetch_orders?"), (UnknownArgument, "takes (ctx, since), but"), (Wrapping, "hook wrapper"), (AsyncReader, "plain def"),
        (OddCapabilities, "capabilities"), (Failing, "KeyError"), (Refusing, "must be short"),
    ],
)  # fmt: skip
async def test_a_connector_that_does_not_fit_is_refused_and_spoils_no_other(connect, connector, said):
    with pytest.raises(errors.ConfigError, match="connection shop") as caught:
        connect(connector)
    assert said in caught.value.message
    assert "canary" not in caught.value.message
    assert not connect.plugins.manager.has_plugin("conn:shop")
    assert (await connect(Echo, shape=Settings, settings=GIVEN).check()).ok


def test_a_name_cannot_be_connected_twice_except_beside_itself_while_a_reload_swaps(connect):
    first = connect(Bare)
    with pytest.raises(errors.ConfigError, match="connection shop"):
        connect(Bare)
    config = Connection(type=first.type_name)
    again = connect.host.connect("shop", config, str, registered_as="shop#2", whole=False)
    assert again.name == "shop"
    assert connect.plugins.manager.has_plugin("conn:shop#2")


# what a connector is handed ------------------------------------------------------------------------------------------


class Own(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    token: SecretRef
    other: SecretRef | None = None
    note: str = "shop.token"


@pytest.mark.security("S18")
async def test_a_context_reaches_the_secrets_of_its_own_settings_only(connect):
    asked = []

    def secret(name):
        asked.append(name)
        return {"a.token": "secret of a", "b.token": "secret of b"}[name]

    seen = {}

    class Curious(Bare):
        @hookimpl
        async def check(self, ctx):
            seen[ctx.connection] = ctx
            return CheckResult(ok=True, account=ctx.secret("token"))

    a, b = [
        connect(Curious, name=name, shape=Own, settings={"token": {"secret": f"{name}.token"}}, secret=secret)
        for name in "ab"
    ]
    assert [(await link.check()).account for link in (a, b)] == ["secret of a", "secret of b"]
    asked.clear()
    for name in ("b.token", "other", "note", "nothing", "__class__", "token.secret", "", "secret"):
        with pytest.raises(errors.ConfigError, match="refers to no secret"):
            seen["a"].secret(name)
    assert asked == []
    assert "secret of" not in repr(vars(type(seen["a"]))) + repr(seen["a"]) + repr(seen["a"].settings) + repr(a)


async def test_a_secret_that_cannot_be_had_is_a_fault_of_the_configuration_and_no_doubt(connect):
    class Pushing(Bare):
        @hookimpl
        async def push_outbound(self, ctx, items):
            return [result(item.key) for item in items if ctx.secret("token")]

    def secret(_name):
        raise errors.ConfigError("connection shop: the secret was not found")

    link = connect(Pushing, shape=Settings, settings=GIVEN, secret=secret)
    with pytest.raises(errors.ConfigError, match="not found"):
        await link.push_outbound([request("K-1")])


async def test_a_log_line_of_a_connector_names_its_connection(connect, caplog):
    class Talking(Bare):
        @hookimpl
        async def check(self, ctx):
            ctx.log.warning("hello")
            return CheckResult(ok=True)

    await connect(Talking).check()
    (record,) = caplog.records
    assert (record.name, record.connection, record.message) == ("crossdock.plugin.shop", "shop", "hello")


async def test_two_connections_of_one_type_share_no_state(connect):
    class Counting(Bare):
        def __init__(self, settings=None) -> None:
            self.count = 0

        @hookimpl
        async def check(self):
            self.count += 1
            return CheckResult(ok=True, account=str(self.count))

    a, b = connect(Counting, name="a"), connect(Counting, name="b")
    assert [(await link.check()).account for link in (a, a, b, a)] == ["1", "2", "1", "3"]


async def test_each_connection_sends_to_its_own_address_only(connect):
    class Calling(Bare):
        @hookimpl
        async def check(self, ctx):
            return CheckResult(ok=True, account=(await ctx.http.get("/x")).json(dict)["name"])

    async with RawServer(always(answer(b'{"name":"a"}'))) as a, RawServer(always(answer(b'{"name":"b"}'))) as b:
        links = [
            connect(Calling, name=name, shape=Settings, settings={**GIVEN, "url": f"http://127.0.0.1:{server.port}"})
            for name, server in (("a", a), ("b", b))
        ]
        assert [(await link.check()).account for link in links] == ["a", "b"]


async def test_a_hook_takes_what_it_wants_of_its_arguments_async_or_plain(connect):
    class Sparing(Bare):
        @hookimpl
        async def fetch_orders(self, limit):
            return Page(next_cursor=f"{limit}")

        @hookimpl
        def list_shops(self):
            return []

        @hookimpl(specname="check")
        def under_another_name(self):
            return CheckResult(ok=True)

    link = connect(Sparing)
    assert (await link.fetch_orders(Window(), None, 7)).next_cursor == "7"
    assert await link.list_shops() == []
    assert (await link.check()).ok
    assert link.hooks == {"fetch_orders", "list_shops", "check"}


async def test_a_hook_that_is_not_there_is_not_supported(connect):
    with pytest.raises(errors.Unsupported, match="the connector of shop has no list_shops"):
        await connect(Bare).list_shops()


async def test_the_capabilities_of_the_instance_count_else_those_of_the_type(connect):
    class Able(Bare):
        def __init__(self, settings=None) -> None:
            self.capabilities = Capabilities(max_batch=7)

    declared = Capabilities(idempotency="none")
    assert connect(Able, name="a", capabilities=declared).capabilities.max_batch == 7
    assert connect(Bare, name="b", capabilities=declared).capabilities is declared
