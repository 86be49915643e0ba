"""Strict JSON: what is refused, and that a repeated key is found however it is written."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crossdock.connectors.answers import HttpAnswer
from crossdock.connectors.strict_json import (
    MAX_DEPTH,
    RepeatedKey,
    decode,
    refuse_repeated_keys,
    refuse_repeated_top_keys,
)
from crossdock.spec import errors

HOSTILE_CHARACTERS = 'ab":,{}[]\\/ \n\té\u0022\u0e2a\U0001f600u0'
KEYS = st.text(HOSTILE_CHARACTERS, max_size=3)
SPACE = st.text(" \t\r\n", max_size=2)


@st.composite
def written(draw, text: str) -> str:
    r"""Write a string as JSON in one of its many ways: as it is, with short escapes, with \uXXXX of either case."""
    out = []
    for character in text:
        ways = [json.dumps(character)[1:-1], json.dumps(character, ensure_ascii=False)[1:-1]]
        ways.append("".join(f"\\u{unit:04{draw(st.sampled_from('xX'))}}" for unit in units(character)))
        out.append(draw(st.sampled_from(ways)))
    return '"' + "".join(out) + '"'


def units(character: str) -> list[int]:
    raw = character.encode("utf-16-be")
    return [int.from_bytes(raw[at : at + 2], "big") for at in range(0, len(raw), 2)]


@st.composite
def texts(draw, depth: int = 3) -> str:
    """Draw a whole JSON text whose objects may have a key twice."""
    kind = draw(st.sampled_from("osaonl" if depth else "snl"))
    gap = lambda: draw(SPACE)  # noqa: E731
    if kind == "s":
        return draw(written(draw(KEYS)))
    if kind == "n":
        return draw(
            st.sampled_from(
                ["0", "-1", "1.5", "1e3", "-0.0", "18446744073709551616", "12345678901234567890123", "9" * 40]
            )
        )
    if kind == "l":
        return draw(st.sampled_from(["null", "true", "false"]))
    parts = draw(st.lists(texts(depth - 1), max_size=3))
    if kind == "a":
        return f"[{gap()}" + f"{gap()},{gap()}".join(parts) + f"{gap()}]"
    members = [f"{draw(written(draw(KEYS)))}{gap()}:{gap()}{part}" for part in parts]
    return f"{{{gap()}" + f"{gap()},{gap()}".join(members) + f"{gap()}}}"


def has_a_repeated_key(text: str) -> bool:
    def pairs(found):
        repeated.append(len(dict(found)) != len(found))
        return dict(found)

    repeated: list[bool] = []
    json.loads(text, object_pairs_hook=pairs)
    return any(repeated)


@settings(max_examples=400)
@given(texts())
@example('{"a":1,"\\u0061":2}')
@example('{"":1,"":"\\""}')
@example('{"a":1,"a":2,"\\u0022\\u0022":3}')
@example('{"\\"":1,"\\u0022":2}')
@example('{"a\\\\":{"b":1},"a\\\\":2}')
@example('{"\U0001f600":1,"\\ud83d\\ude00":2}')
def test_a_repeated_key_is_refused_and_nothing_else_is(text):
    try:
        refuse_repeated_keys(text.encode())
        refused = False
    except RepeatedKey:
        refused = True
    assert refused == has_a_repeated_key(text)


@st.composite
def objects(draw) -> str:
    """Draw an object, often without any space in it."""
    members = draw(st.lists(st.tuples(KEYS, texts(2)), max_size=4))
    gap = draw(st.sampled_from(["", "", " "]))
    return "{" + f"{gap},{gap}".join(f"{draw(written(key))}{gap}:{gap}{value}" for key, value in members) + "}"


@given(objects())
@example('{"orders":[1],"orders":[2]}')
@example('{"a":{"b":1,"b":2}}')
@example('{"a":1,"a":2,"\\u0022\\u0022":3}')
@example('{"\\u0061":1, "a":2}')
def test_a_repeated_key_of_the_outermost_object_is_refused_and_what_stands_in_it_is_left_alone(text):
    found = []
    json.loads(text, object_pairs_hook=found.append)
    outermost = found[-1]
    try:
        refuse_repeated_top_keys(text.encode())
        refused = False
    except RepeatedKey:
        refused = True
    assert refused == (len(dict(outermost)) != len(outermost))


@given(st.binary(max_size=60) | st.text(max_size=30).map(str.encode) | texts().map(lambda text: text.encode()[:-1]))
def test_any_bytes_are_json_that_means_one_thing_or_a_value_error(raw):
    try:
        refuse_repeated_keys(raw)
    except ValueError:
        return
    assert decode(raw, object) == json.loads(raw)


NO_JSON = {
    "empty": b"", "byte-order mark": b"\xef\xbb\xbf{}", "NaN": b'{"a":NaN}', "infinity": b'{"a":-Infinity}', "1e999": b'{"a":1e999}',
    "lone high surrogate": b'{"a":"\\ud800"}', "lone high surrogate in text": b'{"a":"x\\ud800y and more"}',
    "lone low surrogate": b'{"a":"\\udc00"}', "surrogate in UTF-8": b'{"a":"\xed\xa0\x80"}', "not UTF-8": b'{"a":"\xff"}',
    "Latin-1": '{"a":"é"}'.encode("latin-1"), "UTF-16": '{"a":1}'.encode("utf-16"), "5,000 digits": b'{"a":' + b"9" * 5000 + b"}",
    "100,000 deep": b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "100,000 deep and cut": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000, "65 deep": b'{"a":' + b"[" * 65 + b"]" * 65 + b"}", "trailing": b"{}x", "two": b"{}{}",
    "trailing comma": b'{"a":1,}', "single quotes": b"{'a':1}", "comment": b"{/*x*/}", "leading zero": b'{"a":01}',
    "control character": b'{"a":"\x01"}', "html": b"<html>", "repeated key": b'{"a":1,"a":1}', "null": b"null",
}  # fmt: skip


@pytest.mark.behaviour("P9")
@pytest.mark.parametrize("write", [False, True], ids=["read", "write"])
@pytest.mark.parametrize("name", NO_JSON)
def test_what_is_not_exactly_json_is_refused(name, write):
    answer = HttpAnswer(200, {"Content-Type": "application/json"}, NO_JSON[name], "POST /x of shop", write)
    with pytest.raises(errors.UnknownOutcome if write else errors.BadResponse, match="cannot be read") as caught:
        answer.json(dict)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("name", [name for name in NO_JSON if name != "65 deep"])
def test_without_the_search_for_repeated_keys_the_rest_is_refused_too(name):
    answer = HttpAnswer(200, {"Content-Type": "application/json"}, NO_JSON[name], "GET /x of shop", False)
    with pytest.raises(errors.BadResponse):
        answer.json(dict, unique_keys=False)


def test_sixty_four_levels_are_deep_enough():
    raw = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    refuse_repeated_keys(raw)
    with pytest.raises(ValueError, match="too deep"):
        refuse_repeated_keys(b"[" + raw + b"]")


class Typed(msgspec.Struct):
    total: int


def test_a_repeated_key_that_the_type_does_not_name_is_refused_too():
    inside = HttpAnswer(
        200, {"Content-Type": "application/json"}, b'{"total":1,"x":{"y":1,"y":2}}', "GET /x of shop", False
    )
    with pytest.raises(errors.BadResponse, match="'y' stands twice"):
        inside.json(Typed)
    assert inside.json(Typed, unique_keys=False).total == 1
    outside = HttpAnswer(200, {"Content-Type": "application/json"}, b'{"total":1,"x":1,"x":2}', "GET /x of shop", False)
    for unique_keys in (True, False):
        with pytest.raises(errors.BadResponse, match="'x' stands twice"):
            outside.json(Typed, unique_keys=unique_keys)


@pytest.mark.parametrize(
    ("media", "accepted"),
    [
        ("application/json", True), ("application/json; charset=utf-8", True), ("APPLICATION/JSON", True), ("text/json", True),
        ("application/problem+json", True), ("application/vnd.shop.v1+json;v=2", True), ("text/html", False), ("", False),
        ("text/html; was=application/json", False), ("application/jsonp", False), ("application/x-ndjson-seq", False),
    ],
)  # fmt: skip
def test_only_an_answer_that_says_so_is_json(media, accepted):
    answer = HttpAnswer(200, {"Content-Type": media}, b"{}", "GET /x of shop", False)
    if accepted:
        assert answer.json(dict) == {}
    else:
        with pytest.raises(errors.BadResponse, match="content type"):
            answer.json(dict)
