"""Text from outside becomes fit for a terminal."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossdock.spec.text import clean

steady = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no failure

HARMFUL = {
    *range(0x20), 0x7F, *range(0x80, 0xA0), 0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, *range(0x180B, 0x1810),
    *range(0x200B, 0x2010), 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0x3164,
    *range(0xD800, 0xE000), 0xFEFF, 0xFFA0, *range(0xFFF0, 0xFFFC), *range(0x1D173, 0x1D17B), *range(0xE0000, 0xE1000),
}  # fmt: skip
ANY = st.text(st.characters(categories=None)) | st.text(
    st.sampled_from([chr(code) for code in HARMFUL] + list("aé⏎ก้[]"))
)


@pytest.mark.security("S12")
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("a\x00b\x7f", "a\\x00b\\x7f"),
        ("\x9b31m", "\\x9b31m"),
        ("line\nline", "line⏎line"),
        ("a\tb", "a→b"),
        ("a\r\nb", "a\\x0d⏎b"),
        ("evil\u202etxt.exe", "evil\\u202etxt.exe"),
        ("\u2066x\u2069", "\\u2066x\\u2069"),
        ("zero\u200bwidth\u200f", "zero\\u200bwidth\\u200f"),
        ("a\u2028b\u2029c", "a\\u2028b\\u2029c"),
        ("half \ud83d", "half \\ud83d"),
        ("arabic\u061cmark", "arabic\\u061cmark"),
        ("soft\u00adhyphen \ufeffmark", "soft\\xadhyphen \\ufeffmark"),
        ("seen\U000e0041\U000e007f", "seen\\U000e0041\\U000e007f"),
        ("nothing\u3164\uffa0", "nothing\\u3164\\uffa0"),
        ("z" + "\u0335" * 10, "z" + "\u0335" * 8 + "\\u0335" * 2),
        ("\ufeffO-1\u2060", "\\ufeffO-1\\u2060"),
        ("👩\u200d🚀", "👩\\u200d🚀"),
        ("[@click=app.quit]x[/]", "[@click=app.quit]x[/]"),
    ],
)
def test_what_could_steer_a_terminal_becomes_visible(text, shown):
    assert clean(text) == shown


@pytest.mark.security("S12")
@pytest.mark.parametrize(
    "text",
    [
        "กรุงเทพมหานคร ที่อยู่",
        "👍🏽🇹🇭",
        "e\u0301 a\u0308",
        "ก็ปู่ นํ้า",
        "שָׁלוֹם",
        "❤\ufe0f ☎\ufe0f",
        "Ünïcode — “ok”",
        "non\u00a0breaking",
        "東京",
        "",
    ],
)
def test_text_of_people_is_unharmed(text):
    assert clean(text) == text


@pytest.mark.security("S12")
def test_long_text_is_cut_off_visibly():
    assert clean("a" * 11, 10) == "a" * 9 + "…"
    assert clean("a" * 10, 10) == "a" * 10
    assert clean("\x1b" * 5, 10) == "\\x1b\\x1b\\…"
    assert clean("ab", 1) == "…"


@pytest.mark.security("S12")
def test_every_harmful_character_and_no_other_is_changed():
    changed = {code for code in range(0x110000) if clean(chr(code)) != chr(code)}
    assert changed == HARMFUL


@pytest.mark.security("S12")
@steady
@given(ANY, st.integers(1, 40))
def test_nothing_harmful_is_left_and_cleaning_twice_changes_nothing(text, limit):
    shown = clean(text, limit)
    assert not HARMFUL & set(map(ord, shown))
    assert not any(unicodedata.category(character) in ("Cc", "Cs") for character in shown)
    assert len(shown) <= limit
    assert clean(shown, limit) == shown
    shown.encode()
