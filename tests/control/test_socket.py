"""Who may reach the control socket, and what may stand at its path."""

from __future__ import annotations

import asyncio
import os
import socket
import stat
import sys
import tempfile
from pathlib import Path

import pytest

from crossdock.config.model import Control
from crossdock.control import sockets
from crossdock.control.identity import SystemDirectory
from crossdock.control.sockets import SocketRefused

pytestmark = pytest.mark.security("S1")

CONNECT = """
import os, socket, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
with socket.socket(socket.AF_UNIX) as s:
    try:
        s.connect(sys.argv[1])
    except PermissionError:
        print("refused"); sys.exit()
    s.sendall(b"GET /v1/status HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\n\\r\\n")
    print(s.recv(65536).decode().splitlines()[0])
"""


def mode(path):
    return stat.S_IMODE(path.lstat().st_mode)


def test_the_socket_is_never_wider_than_0660_whatever_the_mask(tmp_path):
    before = os.umask(0)
    try:
        listener = sockets.bind(tmp_path / "control.sock")
        assert os.umask(0) == 0
    finally:
        os.umask(before)
    assert mode(tmp_path / "control.sock") == 0o660
    listener.close()


def test_a_missing_folder_is_made_with_0750(tmp_path):
    listener = sockets.bind(tmp_path / "run" / "control.sock")
    assert mode(tmp_path / "run") == 0o750
    listener.close()


def test_a_symbolic_link_at_the_path_is_refused_and_left_alone(tmp_path):
    target, path = tmp_path / "precious", tmp_path / "control.sock"
    target.write_text("data")
    path.symlink_to(target)
    with pytest.raises(SocketRefused, match="symbolic link"):
        sockets.bind(path)
    assert path.is_symlink()
    assert target.read_text() == "data"


def test_a_link_to_a_dead_socket_is_refused_too(tmp_path):
    sockets.bind(tmp_path / "real.sock").close()
    (tmp_path / "control.sock").symlink_to(tmp_path / "real.sock")
    with pytest.raises(SocketRefused, match="symbolic link"):
        sockets.bind(tmp_path / "control.sock")


@pytest.mark.parametrize("make", [lambda path: path.write_text("x"), lambda path: path.mkdir()])
def test_what_is_no_socket_is_refused_and_left_alone(tmp_path, make):
    path = tmp_path / "control.sock"
    make(path)
    with pytest.raises(SocketRefused, match="no socket"):
        sockets.bind(path)
    assert path.exists()


def test_a_socket_that_somebody_answers_at_is_refused(tmp_path):
    path = tmp_path / "control.sock"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        with pytest.raises(SocketRefused, match="answers"):
            sockets.bind(path)


def test_a_dead_socket_is_replaced(tmp_path):
    path = tmp_path / "control.sock"
    sockets.bind(path).close()
    listener = sockets.bind(path)
    assert mode(path) == 0o660
    listener.close()


def test_a_path_that_cannot_be_bound_is_explained(tmp_path):
    with pytest.raises(SocketRefused, match=r"name another one with control\.socket"):
        sockets.bind(tmp_path / ("x" * 120))


async def test_stopping_removes_our_socket_only(build):
    world = await build()
    world.socket.unlink()
    world.socket.write_text("somebody else's")
    await world.api.stop()
    assert world.socket.read_text() == "somebody else's"


async def test_a_stopped_daemon_leaves_no_socket(build):
    world = await build()
    await world.api.stop()
    assert not world.socket.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
async def test_another_user_is_kept_out_by_the_file_and_by_the_kernels_word(build):
    world = await build(control=Control())
    world.api._directory = SystemDirectory()
    world.api.use_roles({})
    await world.api.stop()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        path = Path(folder) / "control.sock"
        await world.api.start(path)
        assert await connected_as_nobody(path) == "refused"
        path.chmod(0o666)
        assert await connected_as_nobody(path) == "HTTP/1.1 403 Forbidden"
        await world.api.stop()


async def connected_as_nobody(path):
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-c", CONNECT, str(path), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await child.communicate()
    return out.decode().strip()
