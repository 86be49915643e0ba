"""What a chaos run sets up: the daemon's configuration, the book, and the faults of the sandboxes."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

from crossdock.control.records.book import Allocation, Strategy, Warehouse
from crossdock.testing.sandbox.faults import PUT_ORDER, Fault, Match, Rule, Script

if TYPE_CHECKING:
    from pathlib import Path

    from crossdock.control.client import Client

HOME, ABROAD = "HOME", "ABROAD"
"""The warehouses: one behind a WMS that takes a key once, one behind a WMS that only finds documents by key."""

CONNECTIONS = {"oms": "oms_default", "wms-key": "wms_default", "wms-lookup": "wms_default"}
IDEMPOTENCY = {"wms-key": "key", "wms-lookup": "lookup"}
WAREHOUSES = {"wms-key": HOME, "wms-lookup": ABROAD}

TIMEOUT_S = 0.4
"""So long the daemon waits for an answer."""

LATE_VISIBLE_S = 1.0
"""Some orders show up in listings so long after their change stamp; overlap_s is longer."""

ACCEPTED_LATE_S = 0.8
"""Some writes take effect so long after the client gave up (timeout_s); both together are well below settle_s."""

HEAD = """\
state_dir = "{folder}"

[log]
level = "warning"

[engine]
min_interval_s = 0
tick_s = 0.1
flush_ms = 10
claim = 20

[control.roles.admin]
users = ["{user}"]

[plugins]
allow = ["crossdock-oms-default", "crossdock-wms-default"]
"""

CONNECTION = """
[connections.{name}]
type = "{kind}"
[connections.{name}.settings]
url = "{url}"
token = {{ secret = "{name}.token" }}
{more}
[connections.{name}.http]
allow_http = true
allow_private = ["127.0.0.1/32"]
timeout_s = {timeout}
[connections.{name}.fetch]
every_s = 0.2
overlap_s = 4
page_size = 10
[connections.{name}.push]
settle_s = 2.0
max_batch = 3
concurrency = 4
[connections.{name}.retry]
base_s = 0.05
cap_s = 0.5
retry_after_cap_s = 0.5
[connections.{name}.breaker]
failures = 1000
open_s = 0.2
"""


def configuration(folder: Path, urls: dict[str, str]) -> str:
    """Write the daemon's configuration; `urls` are the sandboxes' addresses by connection."""
    text = HEAD.format(folder=folder, user=getpass.getuser())
    for name, kind in CONNECTIONS.items():
        more = f'idempotency = "{IDEMPOTENCY[name]}"' if name in IDEMPOTENCY else ""
        text += CONNECTION.format(name=name, kind=kind, url=urls[name], more=more, timeout=TIMEOUT_S)
    return text


async def fill_book(client: Client) -> None:
    """Tell the daemon its warehouses: orders that stay in the country go to the first, all others to the second."""
    await client.save_strategy(Strategy(name="ahead", kind="advance"))
    for connection, code in WAREHOUSES.items():
        await client.save_warehouse(
            Warehouse(code=code, connection=connection, remote=code, strategies=("ahead",), auto_push=True)
        )
    await client.save_allocation(Allocation(position=1, warehouse=HOME, countries=("TH",)))
    await client.save_allocation(Allocation(position=2, warehouse=ABROAD))


OMS_WRITES = ("/v1/inbound-documents", "/v1/outbound-documents", "/v1/costs/update", "/v1/products/write", "/v1/stock")
WMS_WRITES = ("/v1/outbounds/update", "/v1/outbounds/cancel", "/v1/outbounds/label", "/v1/products/write")
WMS_LISTINGS = ("/v1/inbound-documents", "/v1/outbound-documents", "/v1/products", "/v1/stock")


def oms_faults(seed: int) -> Script:
    """Return the faults of the OMS: failing reads and reports, orders that show up late."""
    rules = (
        Rule(
            fault=Fault.LATE_VISIBLE, match=Match(method=PUT_ORDER, probability=0.1), args={"seconds": LATE_VISIBLE_S}
        ),
        *_often(Fault.S500, "GET", "/v1/orders", 0.03),
        *_often(Fault.S503, "POST", "/v1/orders/get", 0.03),
        *_often(Fault.S500, "POST", "/v1/push-reports", 0.05),
        *_often(Fault.ACCEPTED_THEN_LOST, "POST", "/v1/push-reports", 0.05),
        *_often(Fault.S500, "GET", "/v1/labels", 0.05),
        *(rule for path in OMS_WRITES for rule in _unsure(path)),
    )
    return Script(rules=rules, seed=seed)


def wms_faults(seed: int) -> Script:
    """Return the faults of a WMS: writes that are lost, late, refused, or half done; failing look-ups."""
    create = "/v1/outbounds"
    rules = (
        *_often(Fault.S500, "POST", create, 0.05),
        *_often(Fault.ACCEPTED_THEN_LOST, "POST", create, 0.08),
        *_often(Fault.ACCEPTED_LATE, "POST", create, 0.08, seconds=ACCEPTED_LATE_S, hold_s=5),
        *_often(Fault.ACCEPTED_THEN_500, "POST", create, 0.03),
        *_often(Fault.PARTIAL_BATCH, "POST", create, 0.03),
        *_often(Fault.S429, "POST", create, 0.02, retry_after="seconds", seconds=1),
        *_often(Fault.S500, "POST", "/v1/outbounds/find", 0.05),
        *(rule for path in WMS_LISTINGS for rule in _often(Fault.S500, "GET", path, 0.03)),
        *(rule for path in WMS_WRITES for rule in _unsure(path)),
    )
    return Script(rules=rules, seed=seed)


def _unsure(path: str) -> tuple[Rule, ...]:
    return (*_often(Fault.S500, "POST", path, 0.04), *_often(Fault.ACCEPTED_THEN_LOST, "POST", path, 0.06))


def _often(fault: Fault, method: str, path: str, probability: float, **args: object) -> tuple[Rule, ...]:
    return (Rule(fault=fault, match=Match(method=method, path=path, probability=probability), args=args),)
