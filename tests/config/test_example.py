"""The example configuration loads, shows every option, and states the defaults as they are."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import msgspec
from msgspec.structs import fields

from crossdock.config.load import load
from crossdock.config.model import Config, Fetch, HttpLimits, Section
from crossdock.config.reference import _inner, description
from crossdock.config.show import effective

EXAMPLE = Path(__file__).parents[2] / "config/crossdock.toml"
TAKEN_OUT = re.compile(r"^#(?=[a-z_]+ = )", re.MULTILINE)
# Their default is that there is none; the example shows what one would write.
WITHOUT_DEFAULT = {"credentials_dir", "settle_s", "ca_file", "listen", "currency", "cert_file", "key_file"}


def keys_of(kind: type[Section]) -> set[str]:
    """Every key of a section and of those in it."""
    found = set()
    for field in msgspec.structs.fields(kind):
        inner = _inner(field.type)
        found |= keys_of(inner[0]) if inner else {field.encode_name}
    return found


def test_the_example_loads():
    config = load(EXAMPLE, {})
    assert set(config.connections) == {"shop", "berlin"}


def test_the_example_loads_with_every_option_put_in(tmp_path):
    whole = tmp_path / "crossdock.toml"
    whole.write_text(TAKEN_OUT.sub("", EXAMPLE.read_text(encoding="utf-8")), encoding="utf-8")
    put_in, left_out = effective(load(whole, {})), effective(load(EXAMPLE, {}))
    assert without(put_in) == without(left_out)


def without(value):
    """The value without the keys that have no default."""
    if isinstance(value, dict):
        return {key: without(inner) for key, inner in value.items() if key not in WITHOUT_DEFAULT}
    return value


def test_the_example_names_every_option():
    def names(value):
        inner = set().union(*(names(each) for each in value.values())) if isinstance(value, dict) else set()
        return inner | set(value) if isinstance(value, dict) else inner

    text = TAKEN_OUT.sub("", EXAMPLE.read_text(encoding="utf-8"))
    assert keys_of(Config) <= names(tomllib.loads(text))


def test_options_that_another_one_bounds_say_so():
    """A person who lowers one and sees no effect must find the reason where he looked."""
    said = {field.encode_name: description(field.type) for kind in (Fetch, HttpLimits) for field in fields(kind)}
    assert "below engine.min_interval_s it has no effect" in said["every_s"]
    assert "at most half of timeout_s" in said["connect_s"]
    text = EXAMPLE.read_text(encoding="utf-8")
    assert re.search(r"Below engine.min_interval_s \(300\) it has no effect.*\n#every_s", text)
    assert re.search(r"at most half of timeout_s.*\n#timeout_s.*\n#connect_s", text)
