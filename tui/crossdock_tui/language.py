"""The dashboard's languages: gettext catalogues, and the daemon's own sentences said in them."""

from __future__ import annotations

import gettext
import re
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from crossdock_tui.sentences import SENTENCES, TOLD

if TYPE_CHECKING:
    from collections.abc import Mapping

LANGUAGES = {"en": "English", "th": "ไทย"}
"""Every language there is, by its code, in its own words."""
LOCALE = Path(__file__).parent / "locale"
_FACT = re.compile(r"\\\{(\d)\\\}")


class _Spoken:
    """The language of this process."""

    code = "en"
    catalogue: gettext.NullTranslations = gettext.NullTranslations()


def use(code: str) -> None:
    """Speak a language of LANGUAGES from now on; one that is not there is English."""
    _Spoken.code = code if code in LANGUAGES else "en"
    _Spoken.catalogue = gettext.translation("crossdock", LOCALE, [_Spoken.code], fallback=True)


def language() -> str:
    """Return the code of the language that is spoken."""
    return _Spoken.code


def wanted(environ: Mapping[str, str]) -> str:
    """Return the language that the environment asks for (LC_ALL before LC_MESSAGES before LANG), English if it is none of ours."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if given := environ.get(name):
            code = given.split("_")[0].split(".")[0].lower()
            return code if code in LANGUAGES else "en"
    return "en"


def _(text: str) -> str:
    """Say one of our own texts in the language that is spoken."""
    return _Spoken.catalogue.gettext(text) if text else ""


def N_(text: str) -> str:  # noqa: N802 - gettext's name for a text that is said later
    """Mark a text that `_` says later."""
    return text


def counted(one: str, many: str, number: int) -> str:
    """Say a text with {n} for a number of things."""
    return _Spoken.catalogue.ngettext(one, many, number).format(n=number)


def said(text: str) -> str:
    """Say a sentence of the daemon in the language that is spoken; one that is not known there stays as it is."""
    if _Spoken.code == "en" or not text:
        return text
    return _said(_Spoken.code, text)


@lru_cache(maxsize=4096)
def _said(code: str, text: str) -> str:  # noqa: ARG001 - a part of the cache's key
    for english, pattern in _patterns():
        if (found := pattern.fullmatch(text)) is not None:
            facts = {name[1:]: _said(_Spoken.code, fact) for name, fact in found.groupdict().items()}
            highest = max((int(number) for number in facts), default=-1)
            return _(english).format(*[facts.get(str(number), "") for number in range(highest + 1)])
    return text


@lru_cache(maxsize=1)
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Make a pattern of each sentence, those that say the most first."""
    ordered = sorted((*SENTENCES, *TOLD), key=lambda english: len(re.sub(r"\{\d\}", "", english)), reverse=True)
    return tuple((english, re.compile(_pattern(english), re.DOTALL)) for english in ordered)


def _pattern(english: str) -> str:
    seen: set[str] = set()

    def fact(found: re.Match[str]) -> str:
        number = found[1]
        if number in seen:
            return f"(?P=f{number})"
        seen.add(number)
        return f"(?P<f{number}>.*?)"

    return _FACT.sub(fact, re.escape(english))
