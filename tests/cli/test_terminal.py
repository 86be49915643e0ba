"""What strangers wrote reaches the terminal as text and nothing else."""

from __future__ import annotations

import json

import pytest
from tests.control.world import order

pytestmark = pytest.mark.security("S12")

PAYLOADS = [
    "\x1b[2J\x1b[H", "\x1b]0;owned\x07", "\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\", "\x9b31m", "\x07\x08\x7f",
    "\u202edrowssap", "\u2066hidden\u2069", "zero\u200bwidth", "line one\nINFO order 2 pushed by admin", "a\rb",
    "para graph", "[@click=app.quit]x[/]", "[bold red]x[/bold red]", "[link=http://evil]x[/link",
]  # fmt: skip
HARMFUL = set(
    map(chr, [*range(0x20), *range(0x7F, 0xA0), *range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2066, 0x206A)])
) - {"\n"}


@pytest.fixture
def stocked(daemon):
    """Every field that a stranger writes holds every payload."""
    for number, payload in enumerate(PAYLOADS):
        daemon.world.oms.orders[f"{number}{payload}"] = order(
            f"{number}{payload}", number=payload, shop=payload, logistics=payload, buyer_note=payload, holds=(payload,)
        )
    daemon.do(daemon.world.fetch())
    daemon.fetch(*daemon.world.oms.orders.values(), unreadable=PAYLOADS)
    return daemon


COMMANDS = [
    ("orders", "list"), ("status",), ("quarantine", "list"), ("tasks", "list"), ("connections", "list"),
    ("strategies", "list"), ("plugins", "list"), ("warehouses", "list"), ("allocation", "list"), ("mappings", "list"),
]  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_lists_hold_nothing_that_steers_a_terminal(stocked, run, words, as_json):
    shown = run(*words, *(["--json"] if as_json else []))
    assert shown.code == 0
    assert HARMFUL.isdisjoint(shown.all)
    if as_json:
        json.loads(shown.out)


@pytest.mark.parametrize("number", range(len(PAYLOADS)))
def test_one_order_holds_nothing_that_steers_a_terminal(stocked, run, number):
    ref = f"{number}{PAYLOADS[number]}"
    for words in (
        ("orders", "show", ref),
        ("explain", ref),
        ("hold", ref, "--reason", PAYLOADS[number]),
        ("explain", f"no{ref}"),
    ):
        for more in ((), ("--json",)):
            assert HARMFUL.isdisjoint(run(*words, *more).all)


def test_json_says_exactly_what_was_stored(stocked, run):
    refs = {item["ref"] for item in run("orders", "list", "--json").json["items"]}
    assert refs == {f"{number}{payload}" for number, payload in enumerate(PAYLOADS)}


def test_markup_is_shown_as_it_is_and_lines_are_not_forged(stocked, run):
    shown = run("orders", "list").out
    assert "[@click=app.quit]x[/]" in shown
    assert "\nINFO" not in shown
    assert "⏎INFO order 2" in shown


def test_letters_of_every_script_are_left_alone(daemon, run):
    daemon.fetch(order("ก-1", number="สมชาย-日本-é-👍"))
    assert "สมชาย-日本-é-👍" in run("orders", "list").out


def test_what_was_typed_is_cleaned_in_complaints_too(run, capsys, monkeypatch):
    from crossdock.cli import main

    monkeypatch.setattr("sys.argv", ["crossdock", "\x1b[2Jnonsense"])
    with pytest.raises(SystemExit) as ended:
        main.main()
    assert ended.value.code == 2
    assert "\x1b" not in capsys.readouterr().err
