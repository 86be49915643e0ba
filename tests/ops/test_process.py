"""What the process leaves behind."""

from __future__ import annotations

import subprocess
import sys

import pytest

from crossdock.ops import process
from crossdock.ops.disk import free_bytes

HARDENED = """
import ctypes, os, resource
from pathlib import Path
from crossdock.ops.process import harden
harden()
Path("made").write_text("x")
os.mkdir("folder")
print(oct(os.stat("made").st_mode & 0o777), oct(os.stat("folder").st_mode & 0o777))
print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""


@pytest.mark.security("S22")
def test_new_files_are_private_and_there_are_no_core_dumps(tmp_path):
    done = subprocess.run([sys.executable, "-c", HARDENED], cwd=tmp_path, capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout.split("\n")[:2] == ["0o600 0o700", "(0, 0) 0"]


def test_exit_codes_are_those_that_were_promised():
    codes = (
        process.OK,
        process.UNEXPECTED,
        process.USAGE,
        process.DATABASE_UNREACHABLE,
        process.CANNOT_CREATE,
        process.HELD_ELSEWHERE,
        process.BAD_CONFIG,
    )
    assert codes == (0, 1, 2, 69, 73, 75, 78)


def test_free_disk_space_is_a_number_of_bytes(tmp_path):
    assert free_bytes(tmp_path) > 0
    with pytest.raises(FileNotFoundError):
        free_bytes(tmp_path / "nowhere")
