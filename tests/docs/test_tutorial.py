"""The tutorial is run as it stands: real sandbox processes, a real daemon, and the output that the page shows."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time

import pytest
from tests.docs.pages import ROOT, blocks, typed

PAGE = ROOT / "docs" / "tutorial" / "first-day.md"
PATIENCE_S = 30
LONG = re.compile(r"^crossdock (sandbox|(-c \S+ )?run\b)")
ASKS = re.compile(r"^crossdock (status|connections list|orders|explain|tasks|packages list|documents (list|show))")


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Reader:
    """Somebody who follows the page in an empty folder."""

    def __init__(self, folder):
        self.folder = folder
        path = folder / "bin"
        path.mkdir()
        shim = path / "crossdock"
        shim.write_text(f"#!{sys.executable}\nfrom crossdock.cli.main import main\nmain()\n")
        shim.chmod(0o755)
        self.environ = {"PATH": f"{path}:/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8"}
        self.processes = []

    def do(self, step):
        """Type one line and compare what comes with what the page shows."""
        if step.line.startswith("export "):
            name, value = step.line.removeprefix("export ").split("=", 1)
            self.environ[name] = value
        elif LONG.match(step.line):
            self.start(step)
        else:
            self.until_shown(step)

    def start(self, step):
        process = subprocess.Popen(
            f"exec {step.line}",
            shell=True,
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.processes.append(process)
        for line in step.shown:
            assert process.stdout.readline().strip() == line
        if not step.shown:
            self.until((self.folder / "state" / "control.sock").exists, "the daemon's socket")

    def until_shown(self, step):
        """A question is asked again until the answer is there: what the daemon does takes a moment."""

        def asked():
            ran = subprocess.run(
                step.line, shell=True, cwd=self.folder, env=self.environ, capture_output=True, text=True
            )
            self.said = f"$ {step.line}\n{ran.stdout}{ran.stderr}"
            right = ran.returncode == 0 and all(line in ran.stdout.splitlines() for line in step.shown)
            assert right or ASKS.match(step.line), self.said
            return right

        self.until(asked, step.line)

    def until(self, done, what):
        end = time.monotonic() + PATIENCE_S
        while not done():
            assert time.monotonic() < end, f"waited {PATIENCE_S} s for {what}\n{getattr(self, 'said', '')}"
            time.sleep(0.1)

    def stop(self):
        """Press Ctrl-C everywhere, the daemon first."""
        codes = []
        for process in reversed(self.processes):
            process.send_signal(signal.SIGINT)
            codes.append(process.wait(30))
            process.stdout.close()
        return codes


@pytest.fixture
def reader(tmp_path):
    found = Reader(tmp_path)
    yield found
    for process in found.processes:
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()


@pytest.mark.behaviour("R8", "R11", "R12", "R14", "R35", "R36", "R38")
def test_the_first_day_goes_as_the_page_says(reader):
    text = PAGE.read_text(encoding="utf-8")
    for number in ("8101", "8102"):
        text = text.replace(number, str(free_port()))
    (config,) = blocks(text, "toml")
    (reader.folder / "crossdock.toml").write_text(config, encoding="utf-8")
    steps = [step for body in blocks(text, "console") for step in typed(body, "console")]
    assert len(steps) > 15
    for step in steps:
        reader.do(step)
    assert reader.stop()[0] == 0
    assert (reader.folder / "state" / "crossdock.db").stat().st_mode & 0o077 == 0
