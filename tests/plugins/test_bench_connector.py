"""The connector of the benchmarks is one that the daemon takes: the benchmarks themselves run in no test."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from crossdock.config.model import Connection, HttpLimits
from crossdock.connectors.discovery import Plugins
from crossdock.connectors.host import PluginHost
from crossdock.env import Env

FILE = Path(__file__).parents[2] / "benchmarks" / "adapter" / "bench_connector.py"


@pytest.mark.parametrize("kind", ["bench_oms", "bench_wms"])
async def test_the_daemon_takes_it(kind, monkeypatch):
    spec = importlib.util.spec_from_file_location("bench_connector", FILE)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "bench_connector", module)  # msgspec looks its annotations up there
    spec.loader.exec_module(module)
    plugins = Plugins()
    for offered in module.crossdock_connectors():
        plugins._add("crossdock-bench", offered)
    limits = HttpLimits(allow_http=True, allow_private=("127.0.0.0/8",))
    config = Connection(type=kind, settings={"url": "http://127.0.0.1:1"}, http=limits)
    link = PluginHost(plugins, Env()).connect("it", config, str)
    assert link.type_name == kind
    await link.close()
