"""A daemon whose clock can be set while it runs: `python -c "…clock import main; main()" FILE COMMAND…`.

The clock of the whole machine cannot be set without root, and not without harm to its neighbours. An offset that the
daemon reads itself would be a way in for whoever can set its environment, and would not reach what asks the system for
the time without asking us, as APScheduler does. libfaketime has to be compiled or installed by root. time-machine, which
the development needs anyway, moves the wall clock inside one process, for all that is written in Python, and leaves the
monotonic clock alone, as setting a clock does. So the daemon runs as shipped, only started by this.
"""

from __future__ import annotations

import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import time_machine

from crossdock.cli.main import main as command

LOOK_S = 0.01


def main() -> None:
    """Run the command; whenever FILE appears, the clock is set by the seconds that stand in it, and FILE is removed."""
    file = Path(sys.argv.pop(1))
    clock = time_machine.travel(datetime.now(UTC), tick=True).start()
    _look(file, clock)
    threading.Thread(target=_go_on_looking, args=(file, clock), daemon=True).start()
    command()


def _look(file: Path, clock: time_machine.Traveller) -> None:
    if file.exists():
        clock.shift(float(file.read_text(encoding="ascii")))
        file.unlink()


def _go_on_looking(file: Path, clock: time_machine.Traveller) -> None:
    while True:
        time.sleep(LOOK_S)
        _look(file, clock)
