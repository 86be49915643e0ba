"""The key bar: what has room, what goes first, and that a key and its label stay together."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from crossdock_tui.key_bar import ROWS, laid_out

HELP, QUIT = ("?", "ช่วยเหลือ", True), ("q", "ออก", True)
KEYS = [(chr(ord("a") + n), f"รับทราบการอัปเดต {n}", n % 2 == 0) for n in range(8)]


@pytest.mark.parametrize("width", [30, 80, 140])
def test_help_and_quit_have_room_and_no_row_is_too_long(width):
    rows = laid_out([*KEYS, HELP, QUIT], width).plain.split("\n")
    assert len(rows) <= ROWS
    assert all(cell_len(row.rstrip()) <= width for row in rows)
    assert rows[-1].rstrip().endswith("?  ช่วยเหลือ  q  ออก")


def test_what_does_not_work_now_makes_room_before_what_does():
    shown = laid_out([*KEYS, HELP, QUIT], 80).plain
    assert {key for key, label, _works in KEYS if label in shown} >= {"a", "c", "e", "g"}
    assert "h" not in {key for key, label, _works in KEYS if label in shown}


def test_a_key_and_its_label_stay_on_one_row():
    rows = laid_out([*KEYS[:3], HELP, QUIT], 60).plain.split("\n")
    for key, label, _works in KEYS[:3]:
        assert any(f" {key}  {label}" in row for row in rows)
