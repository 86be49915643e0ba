"""The dashboard speaks Thai and English, whole: every text, every sentence of the daemon's rules, facts untouched."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from tests.tui import catalogue
from tests.tui.conftest import an_order

from crossdock.rules import mutability, reasons, remedies, troubles
from crossdock_tui import language
from crossdock_tui.sentences import SENTENCES, TOLD


@pytest.fixture
def thai():
    language.use("th")
    yield
    language.use("en")


def daemon_sentences() -> set[str]:
    remedy = [
        *remedies._OF_CODE.values(),
        *remedies._OF_OPERATION.values(),
        remedies._UNABLE,
        troubles._REFUSED,
        troubles._FORCE,
    ]
    remedy += [
        *troubles._REMEDIES.values(),
        *troubles._REMEDIES_OF_CONNECTIONS.values(),
        *troubles._BY_OPERATION.values(),
    ]
    return {*reasons._SENTENCES.values(), *mutability._SENTENCES.values(), *(each.text for each in remedy)} - {"{0}"}


def daemon_texts() -> set[str]:
    """Every text that stands in the daemon, with {0}, {1} … where something is filled in."""
    import crossdock

    found: set[str] = set()
    for path in Path(crossdock.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = iter(range(len(node.values)))
                found.add(
                    "".join(p.value if isinstance(p, ast.Constant) else f"{{{next(parts)}}}" for p in node.values)
                )
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def holes(text: str) -> list[str]:
    return sorted(re.findall(r"\{\w*\}", text))


def test_every_text_has_a_translation_that_keeps_what_is_filled_in():
    known = {message.id: message.string for message in catalogue.loaded() if message.id}
    wrong = []
    for text in (*catalogue.texts(), *SENTENCES, *TOLD):
        said = known.get(text, known.get(text[0] if isinstance(text, tuple) else text, ""))
        one = said if isinstance(said, str) else said[0]
        asked = text[1] if isinstance(text, tuple) else text
        if not one or set(holes(one)) != set(holes(asked)):
            wrong.append(text)
    assert wrong == []


def test_nothing_is_translated_that_nobody_says():
    said = {each[0] if isinstance(each, tuple) else each for each in (*catalogue.texts(), *SENTENCES, *TOLD)}
    known = {each.id[0] if isinstance(each.id, tuple) else each.id for each in catalogue.loaded() if each.id}
    assert known - said == set()


def test_what_is_shipped_is_what_was_translated():
    assert catalogue.MO.read_bytes() == catalogue.compiled(catalogue.loaded())


def test_every_sentence_of_the_daemons_rules_can_be_said():
    assert daemon_sentences() == set(SENTENCES)


def test_what_else_the_daemon_says_stands_there_word_by_word():
    found = daemon_texts()
    assert [text for text in TOLD if text not in found and text.removesuffix(": {2}") not in found] == []


@pytest.mark.usefixtures("thai")
def test_a_sentence_of_the_daemon_is_said_with_its_facts():
    said = language.said("auto push is off for warehouse WH-1; push it by hand or obtain new orders")
    assert "WH-1" in said
    assert said != language._("auto push is off for warehouse {0}; push it by hand or obtain new orders")
    assert re.search("[ก-๙]", said)
    assert (
        language.said("SKU {0} %s [x] is not bound in warehouse W; map it with `crossdock mappings`").count(
            "{0} %s [x]"
        )
        == 1
    )
    assert language.said("nobody knows this sentence") == "nobody knows this sentence"


@pytest.mark.parametrize(("environ", "code"), [
    ({"LANG": "th_TH.UTF-8"}, "th"), ({"LANG": "th_TH.UTF-8", "LC_ALL": "en_US.UTF-8"}, "en"), ({}, "en"),
    ({"LANG": "fr_FR.UTF-8"}, "en"), ({"LC_MESSAGES": "th"}, "th"), ({"LANG": "C"}, "en"),
])  # fmt: skip
def test_the_language_is_the_environments(environ, code):
    assert language.wanted(environ) == code


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
async def test_every_screen_opens_in_thai_and_fits(world, dashboard, size):
    world.oms.put([an_order(1)])
    async with dashboard(size, tongue="th") as desk:
        for name in desk.app.MODES:
            desk.app.action_go(name)
            await desk.until(lambda name=name: name == desk.screen.SCREEN and desk.screen.loaded, f"{name} is read")
            assert re.search("[ก-๙]", desk.text), name
            assert all(
                sum(segment.cell_length for segment in strip) <= size[0]
                for strip in desk.app.screen._compositor.render_strips()
            )
    language.use("en")


async def test_another_language_is_spoken_at_once_and_remembered(world, dashboard, tmp_path):
    memory = tmp_path / "dashboard.json"
    async with dashboard(first="orders", memory=memory) as desk:
        desk.app.speak("th")
        await desk.until(lambda: re.search("[ก-๙]", desk.text) is not None, "it speaks Thai")
    async with dashboard(memory=memory) as desk:
        assert language.language() == "th"
    language.use("en")
