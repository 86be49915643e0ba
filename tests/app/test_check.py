"""check-config: what is wrong with a connection's own settings is told with file, line and key, as everything else is."""

from __future__ import annotations

import json

import pytest

from crossdock.app.check import check

CONFIG = """\
state_dir = "state"
allow_inline_secrets = true
[plugins]
allow = ["crossdock-oms-default", "crossdock-wms-default"]

[connections.shop]
type = "oms_default"

[connections.shop.settings]
{settings}
"""


@pytest.fixture
def told(tmp_path, capsys):
    """Check a configuration with these lines of settings: what is told, each line without the folder."""

    def ask(*lines, text=CONFIG):
        path = tmp_path / "crossdock.toml"
        path.write_text(text.format(settings="\n".join(lines)))
        status = check(path, as_json=True)
        answer = json.loads(capsys.readouterr().out)
        assert (status == 0) is answer["ok"]
        return [problem.replace(f"{tmp_path}/", "") for problem in answer["problems"]]

    return ask


URL = 'url = "https://shop.test"'
PATTERN = "Expected `str` matching regex '^[A-Za-z0-9._-]{1,100}$'"
HINT = '(write { secret = "shop.token" } and put the value into a credential or a file of that name)'


def test_a_text_where_the_name_of_a_secret_must_stand_is_told_with_its_place_and_not_repeated(told):
    assert told(URL, 'token = "canary"') == [
        f"crossdock.toml:11: connections.shop.settings.token: holds a text where the name of a secret must stand {HINT}"
    ]


def test_every_setting_that_does_not_fit_is_told_at_once(told):
    assert told("url = 5", 'token = { secret = "bad name!" }', 'tokn = "canary"') == [
        "crossdock.toml:10: connections.shop.settings.url: does not fit: Expected `str`, got `int`",
        f"crossdock.toml:11: connections.shop.settings.token.secret: does not fit: {PATTERN} {HINT}",
        "crossdock.toml:12: connections.shop.settings.tokn: is no known key (did you mean token?)",
    ]


def test_a_setting_that_is_missing_is_told_where_it_should_be(told):
    assert told() == [
        "crossdock.toml:9: connections.shop.settings.url: is missing",
        f"crossdock.toml:9: connections.shop.settings.token: is missing {HINT}",
    ]


def test_a_connector_type_that_there_is_not_is_told_with_its_place_and_the_nearest_one(told):
    (problem,) = told(URL, text=CONFIG.replace("oms_default", "oms_defalt"))
    assert problem.startswith("crossdock.toml:7: connections.shop.type: names no connector type: 'oms_defalt' (known: ")
    assert problem.endswith("(did you mean oms_default?)")


def test_settings_that_fit_are_not_told(told):
    assert told(URL, 'token = { secret = "shop.token" }') == []
