"""Runs the daemon as shipped against the yardstick's servers: writes its configuration, fills the book once, starts it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
CONFIG = """
state_dir = "{work}"
[log]
level = "warning"
[engine]
min_interval_s = 0
window_days = 3650
{engine}
[plugins]
allow = ["crossdock-bench"]
[connections.oms]
type = "bench_oms"
[connections.oms.settings]
url = "{oms}"
[connections.oms.http]
allow_http = true
allow_private = ["127.0.0.0/8"]
[connections.oms.fetch]
mode = "{mode}"
every_s = {every}
page_size = {page}
overlap_s = {overlap}
initial_days = 3650
[connections.wms]
type = "bench_wms"
[connections.wms.settings]
url = "{wms}"
batch = {batch}
[connections.wms.http]
allow_http = true
allow_private = ["127.0.0.0/8"]
[connections.wms.push]
concurrency = {connections}
"""


def main() -> None:
    """Prepare, then become the daemon."""
    given = os.environ
    work = Path(given["WORK_DIR"])
    steady = given["MODE"] == "daemon"
    text = CONFIG.format(
        work=work,
        oms=given["OMS_URL"],
        wms=given["WMS_URL"],
        mode="sweep" if given["FULL"] == "1" else "changed",
        every=given["POLL_INTERVAL"] if steady else 20,
        page=given["PAGE_SIZE"],
        batch=given["BATCH"],
        connections=given["CONNECTIONS"],
        # Their clock moves 3 ms an order, so at 20 orders a second this is one second of what the flow takes.
        overlap=0.06 if steady else 1,
        engine="",
    )
    config = work / "crossdock.toml"
    config.write_text(text)
    os.environ["PYTHONPATH"] = str(HERE)
    seed = [sys.executable, str(HERE / "seed.py"), str(work / "crossdock.db")]
    if not (work / "crossdock.db").exists() and os.spawnv(os.P_WAIT, sys.executable, seed) != 0:
        raise SystemExit("the book could not be filled")
    daemon = Path(sys.executable).parent / "crossdock"
    os.execv(daemon, [str(daemon), "--config", str(config), "run"])


main()
