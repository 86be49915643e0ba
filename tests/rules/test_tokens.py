"""What a token looks like, and that its hash decides, in constant time."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from crossdock.control import remote
from crossdock.rules import tokens
from crossdock.rules.tokens import Token, Verdict, check, digest_of, text_of

pytestmark = pytest.mark.security("S2")
NOW = datetime(2026, 5, 1, tzinfo=UTC)
TEXT = text_of(7, bytes(range(32)))
KEPT = Token(
    id=7, name="", user="anna", roles=("viewer",), digest=digest_of(TEXT), created_at=NOW, created_by="root",
    expires_at=NOW + timedelta(days=90),
)  # fmt: skip
KNOWN = {7: KEPT}


def test_a_token_is_recognised_by_its_form_and_has_256_random_bits():
    assert re.fullmatch(r"xdk_7_[0-9a-f]{64}", TEXT)
    assert tokens.SECRET_BYTES * 8 == 256
    assert remote._TOKEN.pattern == tokens.FORM.pattern.replace("([1-9][0-9]{0,11})", "[1-9][0-9]{0,11}")


def test_of_a_token_its_sha256_is_kept():
    assert KEPT.digest == hashlib.sha256(TEXT.encode()).digest()


def test_a_token_is_good_until_it_expires():
    assert check(TEXT, KNOWN, NOW).verdict is Verdict.GOOD
    assert check(TEXT, KNOWN, KEPT.expires_at - timedelta(milliseconds=1)).verdict is Verdict.GOOD
    assert check(TEXT, KNOWN, KEPT.expires_at).verdict is Verdict.EXPIRED


def test_a_token_that_was_revoked_is_not_good():
    revoked = {7: msgspec.structs.replace(KEPT, revoked_at=NOW)}
    assert check(TEXT, revoked, NOW) == tokens.Checked(Verdict.REVOKED, revoked[7])


@pytest.mark.parametrize(
    ("shown", "verdict"),
    [
        (None, Verdict.MISSING), ("", Verdict.MISSING), (TEXT[:-1], Verdict.MALFORMED), (TEXT + "0", Verdict.MALFORMED),
        (TEXT.upper(), Verdict.MALFORMED), (TEXT + "\n", Verdict.MALFORMED), ("xdk_٧_" + "0" * 64, Verdict.MALFORMED),
        (TEXT.replace("xdk_7", "xdk_07"), Verdict.MALFORMED), (TEXT.replace("xdk_7", "xdk_8"), Verdict.UNKNOWN),
        (text_of(7, bytes(32)), Verdict.UNKNOWN), ("\udcff", Verdict.MALFORMED), ("x" * 100_000, Verdict.MALFORMED),
    ],
)  # fmt: skip
def test_anything_else_is_not_good(shown, verdict):
    assert check(shown, KNOWN, NOW) == tokens.Checked(verdict)


@pytest.mark.parametrize("number", [7, 8])
def test_what_decides_is_the_hash_in_constant_time_also_for_a_number_that_nobody_has(monkeypatch, number):
    compared = []

    def never(one, other):
        compared.append((one, other))
        return False

    monkeypatch.setattr(hmac, "compare_digest", never)
    shown = text_of(number, bytes(range(32)))
    assert check(shown, KNOWN, NOW).verdict is Verdict.UNKNOWN
    ((one, other),) = compared
    assert one == hashlib.sha256(shown.encode()).digest()
    assert len(other) == 32
    assert (other == KEPT.digest) == (number == 7)


def test_a_number_that_nobody_has_is_not_good_whatever_is_compared(monkeypatch):
    monkeypatch.setattr(hmac, "compare_digest", lambda _one, _other: True)
    assert check(text_of(8, bytes(32)), KNOWN, NOW).verdict is Verdict.UNKNOWN
