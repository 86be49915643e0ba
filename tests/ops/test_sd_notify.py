"""systemd is told how the daemon is, over a real datagram socket."""

from __future__ import annotations

import os
import socket

import pytest

from crossdock.env import Env
from crossdock.ops.sd_notify import Notifier


class Frozen(Env):
    def monotonic(self):
        return 12.5


class Systemd:
    """The listening side: what NOTIFY_SOCKET names, and what arrived there."""

    def __init__(self, listener, name):
        self.listener = listener
        self.name = name

    def told(self):
        return self.listener.recv(4096).decode().split("\n")


@pytest.fixture(params=["path", "abstract"])
def systemd(request, tmp_path):
    """A socket as systemd has it, and the name for NOTIFY_SOCKET."""
    name = str(tmp_path / "notify") if request.param == "path" else f"\0crossdock-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(name)
        listener.settimeout(5)
        yield Systemd(listener, name.replace("\0", "@"))


def test_each_notification_has_its_form(systemd):
    notifier = Notifier({"NOTIFY_SOCKET": systemd.name}, Frozen())
    notifier.ready("3 connections")
    assert systemd.told() == ["READY=1", "STATUS=3 connections"]
    notifier.status("pushing")
    assert systemd.told() == ["STATUS=pushing"]
    notifier.reloading()
    assert systemd.told() == ["RELOADING=1", "MONOTONIC_USEC=12500000"]
    notifier.extend_timeout(1.5)
    assert systemd.told() == ["EXTEND_TIMEOUT_USEC=1500000"]
    notifier.watchdog()
    assert systemd.told() == ["WATCHDOG=1"]
    notifier.stopping()
    assert systemd.told() == ["STOPPING=1"]


@pytest.mark.security("S14")
def test_a_status_cannot_forge_a_notification(systemd):
    Notifier({"NOTIFY_SOCKET": systemd.name}, Frozen()).status("shop\nSTOPPING=1")
    assert systemd.told() == ["STATUS=shop⏎STOPPING=1"]


def test_without_systemd_nothing_happens(caplog):
    notifier = Notifier({}, Frozen())
    notifier.ready()
    notifier.watchdog()
    assert notifier.watchdog_interval_s is None
    assert caplog.records == []


def test_a_socket_that_is_gone_is_said_once_and_stops_nothing(tmp_path, caplog):
    notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}, Frozen())
    notifier.ready()
    notifier.watchdog()
    assert len(caplog.records) == 1


def test_a_kind_of_socket_we_do_not_know_is_said(caplog):
    Notifier({"NOTIFY_SOCKET": "vsock:2:1234"}, Frozen()).ready()
    assert len(caplog.records) == 1


def test_a_full_socket_does_not_hold_up_the_watchdog(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "full"))
        notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "full")}, Frozen())
        for _ in range(2_000):
            notifier.watchdog()
        listener.setblocking(False)
        assert b"WATCHDOG=1" in listener.recv(4096)


@pytest.mark.parametrize(
    ("environ", "interval"),
    [
        ({"WATCHDOG_USEC": "60000000"}, 60),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, 60),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_interval_is_what_systemd_set_for_this_process(environ, interval):
    assert Notifier({"NOTIFY_SOCKET": "/x", **environ}, Frozen()).watchdog_interval_s == interval
