"""Secrets are hidden in text in every form they may have taken."""

from __future__ import annotations

import base64
import json
import re
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossdock.ops.masks import Masks

steady = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no failure


def masks_of(*values):
    masks = Masks()
    for value in values:
        masks.add(value, "name")
    return masks


def as_it_is(value):
    return value


FORMS = [
    as_it_is,
    lambda value: quote(value, safe=""),
    quote_plus,
    lambda value: re.sub("%..", lambda found: found.group().lower(), quote(value, safe="")),
    json.dumps,
    repr,
    lambda value: json.dumps(value, ensure_ascii=False),
    lambda value: repr({"token": value}),
]


@pytest.mark.security("S8")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("value", ["hunter2!", "a/b+c=d e%", 'quo"te\\back', "ลับมาก-secret", "tab\there-now"])
def test_a_secret_is_hidden_in_each_form(form, value):
    hidden = masks_of(value).hide(form(value))
    assert hidden.count("***") == 1
    assert set(hidden) <= set("'\"{}: token*")


@pytest.mark.security("S8")
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@steady
@given(
    before=st.text(max_size=9),
    after=st.text(max_size=9),
    value=st.text(st.characters(codec="utf-8"), min_size=8, max_size=40),
)
def test_a_secret_is_hidden_in_base64_wherever_it_begins(encode, before, after, value):
    raw = value.encode()
    text = encode(before.encode() + raw + after.encode()).decode()
    hidden = masks_of(value).hide(text)
    assert "***" in hidden
    kept = hidden.replace("***", "")
    assert len(kept) <= len(text) - (len(raw) * 8 // 6 - 2)


@pytest.mark.security("S8")
@steady
@given(st.text(min_size=4).filter(lambda value: "*" not in value), st.text(), st.text())
def test_no_secret_is_left_in_any_text(value, before, after):
    hidden = masks_of(value).hide(before + value + after)
    assert "***" in hidden
    assert value not in hidden


@pytest.mark.security("S8")
def test_the_longest_secret_is_hidden_first():
    assert masks_of("abcd", "abcdefgh").hide("abcdefgh abcd") == "*** ***"


@pytest.mark.security("S8")
def test_each_line_of_a_key_is_hidden():
    masks = masks_of("-----BEGIN KEY-----\nMIIBVgIBADANBg\nkqhkiG9w0BAQEF\n-----END KEY-----")
    assert masks.hide("a MIIBVgIBADANBg b kqhkiG9w0BAQEF c") == "a *** b *** c"


@pytest.mark.security("S8")
def test_a_secret_too_short_to_hide_is_warned_about_by_name(caplog):
    masks = Masks()
    masks.add("abc", "shop.pin")
    masks.add("abc", "shop.pin")
    assert masks.hide("abcdef") == "abcdef"
    (record,) = caplog.records
    assert "shop.pin" in record.getMessage()
    assert "abc" not in record.getMessage().replace("shop.pin", "")
