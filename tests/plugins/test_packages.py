"""The default plugins are a model to copy: their packages go on working with the next daemon and say what they are."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

PLUGINS = Path(__file__).parents[2] / "plugins"


@pytest.mark.parametrize("name", ["oms_default", "wms_default"])
def test_a_plugin_takes_this_daemon_and_the_next_ones_of_the_contract(name):
    (needed,) = tomllib.loads((PLUGINS / name / "pyproject.toml").read_text())["project"]["dependencies"]
    takes = Requirement(needed).specifier.contains
    assert [takes(each) for each in (version("crossdock"), "0.1.1", "0.2.0", "1.0.0", "1.9.3")] == [True] * 5
    assert not takes("2.0.0")


@pytest.mark.parametrize("name", ["oms_default", "wms_default"])
def test_a_plugin_says_what_it_is_how_it_is_tested_and_under_which_license(name):
    project = tomllib.loads((PLUGINS / name / "pyproject.toml").read_text())["project"]
    page = PLUGINS / name / project["readme"]
    text = page.read_text()
    assert project["name"] in text
    assert project["license"] in text
    assert "pytest" in text
    for module in (PLUGINS / name).glob("crossdock_*/[a-z]*.py"):
        assert f"`{module.name}`" in text, module
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        assert (page.parent / target).exists(), target
