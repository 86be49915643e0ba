"""Connectors that would be accepted and do nothing, or do it wrongly, are refused with what to do."""

from __future__ import annotations

import msgspec
import pytest
from msgspec import Struct
from tests.connectors.conftest import connection

from crossdock.connectors.discovery import Plugins
from crossdock.connectors.host import PluginHost
from crossdock.connectors.settings import BadSettings
from crossdock.env import Env
from crossdock.spec.connector import Capabilities, ConnectorType, Rate
from crossdock.spec.errors import ConfigError
from crossdock.spec.hooks import hookimpl
from crossdock.spec.orders import FetchMode


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """None."""


class Nothing:
    """A connector without hooks."""

    def __init__(self, _settings) -> None: ...


class Checked(Nothing):
    """One that can be checked."""

    @hookimpl
    async def check(self, ctx): ...


class Pushing(Checked):
    """One that creates and cannot look."""

    @hookimpl
    async def push_outbound(self, ctx, items): ...


class Fetching(Checked):
    """One that lists."""

    @hookimpl
    async def fetch_orders(self, ctx, window, cursor, limit): ...


class Unmarked(Checked):
    """One whose hook lacks its marker."""

    async def push_outbound(self, ctx, items): ...


def connect(factory, kind="wms", mode=None, **declared):
    plugins = Plugins()
    offered = ConnectorType(
        name="t", kind=kind, settings=Settings, factory=factory, capabilities=Capabilities(**declared)
    )
    plugins._add("crossdock-t", offered)
    config = connection(kind="t")
    if mode is not None:
        config = msgspec.structs.replace(config, fetch=msgspec.structs.replace(config.fetch, mode=mode))
    return PluginHost(plugins, Env()).connect("depot", config, str)


@pytest.mark.behaviour("P15")
@pytest.mark.parametrize(
    ("factory", "kind", "missing"),
    [
        (Nothing, "wms", "no check and no push_outbound"),
        (Checked, "wms", "no push_outbound"),
        (Unmarked, "wms", "no push_outbound"),
        (Checked, "oms", "no fetch_orders"),
        (Fetching, "both", "no push_outbound"),
        (Pushing, "both", "no fetch_orders and no find_outbound"),
        (Pushing, "wms", "no find_outbound"),
    ],
)
def test_a_connector_without_a_hook_that_its_kind_needs_is_refused(factory, kind, missing):
    with pytest.raises(ConfigError, match=rf"connection depot: its connector has {missing}.*marked with @hookimpl"):
        connect(factory, kind)


@pytest.mark.parametrize(
    ("factory", "kind", "declared"),
    [(Pushing, "wms", {"idempotency": "key"}), (Pushing, "wms", {"idempotency": "none"}), (Fetching, "oms", {})],
)
def test_a_connector_with_the_hooks_that_it_needs_is_taken(factory, kind, declared):
    assert connect(factory, kind, **declared).name == "depot"


@pytest.mark.behaviour("P15")
@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({"idempotency": "keys"}, "Invalid enum value 'keys'"),
        ({"max_batch": 0}, "max_batch"),
        ({"max_page": 0}, "max_page"),
        ({"concurrency": 0}, "concurrency"),
        ({"lookup_lag_s": -1}, "lookup_lag_s"),
        ({"fetch_modes": ()}, "fetch_modes"),
        ({"fetch_modes": ("all",)}, "Invalid enum value 'all'"),
        ({"rate": (Rate(calls=0, seconds=1),)}, "$.rate[0].calls"),
        ({"rate": (Rate(calls=1, seconds=1e300),)}, "$.rate[0].seconds"),
        ({"rate": (Rate(calls=10**9, seconds=1),)}, "$.rate[0].calls"),
        ({"lookup_lag_s": 1e300}, "lookup_lag_s"),
        ({"lookup_lag_s": float("inf")}, "lookup_lag_s"),
        ({"max_batch": 10**9}, "max_batch"),
        ({"max_page": 1001}, "max_page"),
        ({"max_lookup": 0}, "max_lookup"),
        ({"max_lookup": 1001}, "max_lookup"),
        ({"concurrency": 10**9}, "concurrency"),
    ],
)
def test_capabilities_that_make_no_sense_are_refused(declared, said):
    with pytest.raises(ConfigError, match="does not fit the connector contract") as caught:
        connect(Pushing, **declared)
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "wmss"}, r"of kind 'wmss', which is none of oms, wms, both \(did you mean wms\?\)"),
        ({"api": "1.9"}, "speaks contract 1.9, this daemon 1.1"),
        ({"api": "2.0"}, "speaks contract 2.0, this daemon 1.1"),
        ({"api": "one"}, "speaks contract one, this daemon 1.1"),
        ({"name": ""}, "a connector type's name is ''"),
    ],
)
def test_a_connector_type_that_makes_no_sense_is_refused(change, said):
    kind = ConnectorType(**{"name": "t", "kind": "wms", "settings": Settings, "factory": Pushing, **change})
    with pytest.raises(ConfigError, match=said):
        Plugins()._add("crossdock-t", kind)


def test_a_mode_that_the_connector_does_not_have_is_refused_with_its_key():
    with pytest.raises(BadSettings) as caught:
        connect(Fetching, "oms", FetchMode.SWEEP)
    assert caught.value.findings == (
        (
            ("connections", "depot", "fetch", "mode"),
            "is sweep, and its connector can only be fetched in mode changed",
            "",
        ),
    )
    assert connect(Fetching, "oms", FetchMode.SWEEP, fetch_modes=(FetchMode.SWEEP,)).name == "depot"
