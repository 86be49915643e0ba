"""The command line as another user of the machine, as the kernel tells users apart. Only root may be two people."""

from __future__ import annotations

import subprocess
import sys

NOBODY = 65534


AS_USER = """
import os, sys
import asyncio, json, getpass
import rich.box, rich.console, rich.table, rich.text, aiohttp, msgspec, yarl, encodings.idna
import crossdock.cli.approvals, crossdock.cli.audit, crossdock.cli.people, crossdock.control.client
from crossdock.cli.main import main
os.setgroups([]); os.setgid(int(sys.argv[1])); os.setuid(int(sys.argv[1]))
del sys.argv[1]
main()
"""
"""The command line as another user: what it needs is loaded first, from folders that this user may not be able to read."""


def typed(world, *words, user=0):
    words = [sys.executable, "-c", AS_USER, str(user), "--socket", "control.sock", *words]
    return subprocess.run(words, capture_output=True, text=True, timeout=60, cwd=world.folder)
