"""The client says clearly what is wrong, and loads nothing of the daemon."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from crossdock.control.client import Client, Refusal, Unreachable


@pytest.mark.parametrize("module", ["crossdock.control.client"])
def test_a_fresh_interpreter_loads_nothing_of_the_daemon_with_the_client(module):
    code = f"import sys, {module}; print(*sorted(m for m in sys.modules if m.split('.')[0] in ('crossdock', 'peewee', 'apscheduler', 'pluggy')))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    allowed = ("crossdock", "crossdock.control", "crossdock.control.client", "crossdock.spec")
    assert [
        m
        for m in loaded
        if m not in allowed
        and not m.startswith(("crossdock.control.records", "crossdock.spec."))
        and not (m.startswith("crossdock.control.") and m.endswith(("_calls", ".transport", ".remote")))
    ] == []


async def test_no_daemon_is_said_with_the_socket_and_how_to_start(tmp_path):
    async with Client(str(tmp_path / "none.sock")) as client:
        with pytest.raises(Unreachable, match=r"none\.sock; start it with"):
            await client.status()


async def test_a_dead_socket_is_no_daemon_either(tmp_path):
    from crossdock.control import sockets

    sockets.bind(tmp_path / "dead.sock").close()
    async with Client(str(tmp_path / "dead.sock")) as client:
        with pytest.raises(Unreachable, match="no crossdock daemon answers"):
            await client.status()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "no crossdock daemon of this version"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", "did not answer to the end"),
        (b"", "did not answer to the end"),
    ],
)
async def test_what_is_no_daemon_is_recognised(tmp_path, answer, said):
    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    path = str(tmp_path / "odd.sock")
    server = await asyncio.start_unix_server(serve, path)
    async with server, Client(path) as client:
        with pytest.raises(Unreachable, match=said):
            await client.status()


async def test_an_error_without_a_problem_is_still_a_refusal(tmp_path):
    async def serve(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 500 x\r\nContent-Length: 3\r\n\r\n<p>")
        await writer.drain()
        writer.close()

    path = str(tmp_path / "odd.sock")
    server = await asyncio.start_unix_server(serve, path)
    async with server, Client(path) as client:
        with pytest.raises(Refusal, match="status 500"):
            await client.status()


@pytest.mark.security("S12")
async def test_a_refusal_is_fit_for_a_terminal(world, client):
    with pytest.raises(Refusal) as refusal:
        await client.explain("\x1b]0;owned\x07\u202e")
    assert str(refusal.value).isprintable()
    assert "\\x1b" in str(refusal.value)
