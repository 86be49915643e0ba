"""The page of the sandboxes says what the sandboxes do."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import get_args, get_type_hints

import msgspec
import pytest
from tests.docs.pages import ROOT, blocks

import crossdock.testing.sandbox
from crossdock.testing.sandbox import stream
from crossdock.testing.sandbox.call import Call, Refused
from crossdock.testing.sandbox.faults import Fault, Match, Rule, Script
from crossdock.testing.sandbox.oms import SandboxOms
from crossdock.testing.sandbox.wms import SandboxWms

PAGE = (ROOT / "docs" / "reference" / "sandbox.md").read_text(encoding="utf-8")
CODE = "\n".join(path.read_text(encoding="utf-8") for path in Path(crossdock.testing.sandbox.__path__[0]).glob("*.py"))
SCRIPT, EVENTS = blocks(PAGE, "json")


def section(title):
    return PAGE.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


def rows(title):
    return [
        [cell.strip() for cell in line.strip("| \n").split(" | ")]
        for line in section(title).splitlines()
        if line.startswith("| `")
    ]


def test_the_table_of_faults_has_exactly_those_of_the_code():
    named = [re.fullmatch(r"`(\w+)`", row[0]).group(1) for row in rows("The faults")]
    assert sorted(named) == sorted(fault.value for fault in Fault)


def test_the_table_of_faults_has_exactly_the_arguments_that_the_code_reads():
    said = {name for row in re.findall(r"^\| `\w+` \|(.*?)\|", section("The faults"), re.MULTILINE)
            for name in re.findall(r"`(\w+)` \(|, `(code)`", row) for name in name if name}  # fmt: skip
    read = set(re.findall(r"hit\.(?:number|args\.get)\(\"(\w+)\"", CODE))
    assert said == read


def test_the_keys_of_a_script_and_a_rule_are_all_named():
    for name in (*Script.__struct_fields__, *Rule.__struct_fields__, *(f"match.{n}" for n in Match.__struct_fields__)):
        assert f"`{name}`" in PAGE or f'"{name}"' in SCRIPT, name


def test_the_script_on_the_page_is_one():
    script = msgspec.json.decode(SCRIPT, type=Script)
    assert [rule.fault for rule in script.rules] == [Fault.ACCEPTED_THEN_LOST, Fault.S429, Fault.SLOW]


def answered(sandbox, call):
    try:
        return str(sandbox._admin(call).status)
    except Refused as refused:
        return refused.code


@pytest.mark.parametrize(("kind", "of"), [(SandboxOms, "OMS"), (SandboxWms, "WMS")])
def test_every_door_behind_sandbox_is_there_and_no_other(kind, of):
    doors = [
        (re.fullmatch(r"`(\w+) (\S+)`", row[0]).groups(), row[1]) for row in rows("Looking in and changing things")
    ]
    sandbox = kind()
    for (method, path), whose in doors:
        call = Call(method=method, path=path, body=b"!")
        if whose in (of, "both"):
            assert answered(sandbox, call) in ("200", "bad_json", "unknown_order"), path
    named = {path for (_, path), _ in doors}
    assert {
        f"/__sandbox{path}"
        for path in re.findall(
            r"\"(/(?:orders|books|faults|counters|labels|label-file|products|costs|outbounds|stock|webhooks)[/a-z]*)\"",
            CODE,
        )
    } == named


def test_the_events_on_the_page_are_some_and_name_every_field():
    feed = stream.StreamFeed()
    events = [msgspec.json.decode(line, type=stream.Event) for line in EVENTS.splitlines()]
    for event in events:
        feed.apply(event)
    assert {line.sku: int(line.quantity) for line in feed.orders["SO-1"].lines} == {"A-1": 1, "B-2": 1}
    used = {name for line in EVENTS.splitlines() for name in json.loads(line)}
    assert used == set(stream.Event.__struct_fields__)
    kinds = set(re.findall(r"`(\w+)`", " ".join(row[0] for row in rows("A stream of orders")))) - {"kind"}
    assert kinds == set(get_args(get_type_hints(stream.Event)["kind"]))
    assert all(f"`{kind}`" in section("A stream of orders") for kind in stream.KINDS)
