"""check-config: what is wrong with a connection's own settings is told with file, line and key, as everything else is."""

from __future__ import annotations

import json
import os

import pytest
import trustme

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
def told(tmp_path, capsys, monkeypatch):
    """Check a configuration with these lines of settings: what is told, each line without the folder."""

    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)

    def ask(*lines, text=CONFIG):
        path = tmp_path / "crossdock.toml"
        path.write_text(text.format(settings="\n".join(lines)))
        status = check(path, as_json=True)
        answer = json.loads(capsys.readouterr().out)
        assert status == (0 if answer["ok"] else 78)
        ask.warnings = [warning.replace(f"{tmp_path}/", "") for warning in answer["warnings"]]
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


TOKEN = 'token = { secret = "shop.token" }'
AT = 'crossdock.toml:12: connections.shop.settings.token: The secret "shop.token"'
FILES = 'credentials_dir = "secrets"\n' + CONFIG


@pytest.fixture
def secret(tmp_path):
    """Write the secret file, with a mode."""

    def write(value="canary", mode=0o600):
        (tmp_path / "secrets").mkdir(exist_ok=True)
        file = tmp_path / "secrets" / "shop.token"
        file.write_text(value)
        file.chmod(mode)

    return write


def test_a_secret_that_does_not_exist_is_told_with_its_place_and_where_it_was_looked_for(told):
    (problem,) = told(URL, TOKEN, text=FILES)
    assert problem.startswith(f"{AT} was not found. Looked for: $CREDENTIALS_DIRECTORY (not set); secrets/shop.token; ")
    assert told.warnings == []


@pytest.mark.security("S7")
@pytest.mark.parametrize(("value", "mode", "what"), [("canary", 0o644, "mode is 0644"), ("", 0o600, "is empty")])
def test_a_secret_that_the_daemon_would_not_take_is_told_and_not_shown(told, secret, value, mode, what):
    secret(value, mode)
    (problem,) = told(URL, TOKEN, text=FILES)
    assert problem.startswith(AT)
    assert what in problem
    assert "canary" not in problem


def test_a_secret_that_is_there_is_not_told(told, secret):
    secret()
    assert (told(URL, TOKEN, text=FILES), told.warnings) == ([], [])


def test_a_secret_that_only_the_service_may_see_is_a_warning_in_a_shell_and_a_problem_in_the_service(
    told, tmp_path, monkeypatch
):
    assert told(URL, TOKEN) == []
    (warning,) = told.warnings
    assert warning.startswith("crossdock.toml:11: connections.shop.settings.token: ")
    assert warning.endswith("(if it is a credential of the service, only the service can see it)")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    assert "credentials/shop.token" in told(URL, TOKEN)[0]
    (tmp_path / "credentials").mkdir()
    (tmp_path / "credentials" / "shop.token").write_text("canary")
    assert (told(URL, TOKEN), told.warnings) == ([], [])


def test_a_secret_of_the_user_that_the_daemon_runs_as_is_no_problem_for_root(told, secret, tmp_path):
    secret()
    (tmp_path / "state").mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    for owned in (tmp_path / "state", tmp_path / "secrets" / "shop.token"):
        os.chown(owned, 4242, 4242)
    assert told(URL, TOKEN, text=FILES) == []


def test_a_file_that_another_user_may_read_only_is_a_warning(told, secret, monkeypatch):
    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    secret()
    monkeypatch.setattr("crossdock.ops.secrets._contents", refuse)
    assert told(URL, TOKEN, text=FILES) == []
    assert told.warnings[0].endswith("Permission denied (check as the user that the daemon runs as)")


CERTIFIED = 'state_dir = "state"\n[control.tcp]\nlisten = "127.0.0.1:0"\ncert_file = "c.pem"\nkey_file = "k.pem"\n'


@pytest.mark.security("S2")
def test_a_certificate_of_the_control_api_that_cannot_be_used_is_told_with_its_place(told, tmp_path):
    (problem,) = told(text=CERTIFIED)
    assert problem.startswith("crossdock.toml:5: control.tcp.key_file: ")
    assert "No such file" in problem
    made = trustme.CA().issue_cert("127.0.0.1")
    made.private_key_pem.write_to_path(str(tmp_path / "k.pem"))
    made.cert_chain_pems[0].write_to_path(str(tmp_path / "c.pem"))
    (tmp_path / "k.pem").chmod(0o644)
    assert "chmod 600" in told(text=CERTIFIED)[0]
    (tmp_path / "k.pem").chmod(0o600)
    assert told(text=CERTIFIED) == []


@pytest.mark.security("S2")
def test_a_key_that_one_may_not_read_is_warned_about(told, tmp_path, monkeypatch):
    (tmp_path / "k.pem").write_text("")
    monkeypatch.setattr(os, "access", lambda path, _how: not str(path).endswith("k.pem"))
    assert told(text=CERTIFIED) == []
    assert "check as the user that the daemon runs as" in told.warnings[0]


@pytest.mark.security("S11")
@pytest.mark.parametrize(
    ("secret", "weak"), [("x", True), ("whsec_" + "QUJD" * 7, True), ("x" * 24, False), ("whsec_" + "QUJD" * 8, False)]
)
def test_a_secret_of_webhooks_that_could_be_guessed_is_told(told, tmp_path, secret, weak):
    (tmp_path / "secrets").mkdir(mode=0o700)
    for name, value in (("shop.token", "t"), ("shop.hook", secret)):
        (tmp_path / "secrets" / name).touch(mode=0o600)
        (tmp_path / "secrets" / name).write_text(value)
    text = 'credentials_dir = "secrets"\n' + CONFIG + '\n[webhooks.connections.shop]\nsecrets = ["shop.hook"]\n'
    found = told(URL, 'token = { secret = "shop.token" }', text=text)
    assert [("needs at least 24" in each) for each in found] == ([True] if weak else [])


@pytest.mark.parametrize(
    ("folder", "why"), [("/proc/crossdock", "keeps no files"), ("crossdock.toml/state", "is no folder")]
)
def test_a_state_folder_that_cannot_be_used_is_told(told, tmp_path, folder, why):
    (only,) = [each for each in told(URL, text=CONFIG.replace('"state"', f'"{folder}"')) if "state_dir" in each]
    assert only.startswith("crossdock.toml:1: state_dir: cannot be used: ")
    assert why in only
