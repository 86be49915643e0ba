"""What is shown of a configuration: its schema, its effect without secrets, its reference page."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from crossdock.config.model import Config
from crossdock.config.reference import _inner, description, markdown
from crossdock.config.show import effective, schema

PAGE = Path(__file__).parents[2] / "docs/reference/configuration.md"


def test_the_schema_knows_every_section_and_refuses_unknown_keys():
    shape = schema()
    assert shape["$ref"] == "#/$defs/Config"
    assert shape["$defs"]["Config"]["additionalProperties"] is False
    assert {"Connection", "Fetch", "HttpLimits", "Role"} <= set(shape["$defs"])
    json.dumps(shape)


@pytest.mark.security("S7", "S8")
def test_the_effective_configuration_shows_references_and_no_values(folder):
    config = folder.load(
        'allow_inline_secrets = true\nstate_dir = "/x"\n[connections.a]\ntype = "x"\n[connections.a.settings]\n'
        'token = { secret = "a.token" }\npassword = "hunter2"\nproxy = "https://me:hunter3@proxy"\n'
        'deep = [{ api_key = "hunter4", name = "kept" }]\npasswords.password = 5\n'
    )
    shown = effective(config)
    settings = shown["connections"]["a"]["settings"]
    assert settings["token"] == {"secret": "a.token"}
    assert settings["proxy"] == "https://***@proxy"
    assert settings["deep"] == [{"api_key": "***", "name": "kept"}]
    assert "hunter" not in json.dumps(shown)
    assert shown["engine"]["claim"] == 400


def test_the_reference_page_is_fresh():
    assert PAGE.read_text(encoding="utf-8") == markdown(), (
        "python -m crossdock.config.reference > docs/reference/configuration.md"
    )


def test_every_option_says_what_it_is():
    def silent(kind, at=""):
        for field in msgspec.structs.fields(kind):
            inner = _inner(field.type)
            if inner:
                yield from silent(inner[0], f"{at}{field.encode_name}.")
            elif not description(field.type):
                yield at + field.encode_name

    assert list(silent(Config)) == []
