"""Tokens on the command line, and every command over the network with one."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner
from tests.cli.conftest import Ran
from tests.control.network import control

from crossdock.cli.main import cli
from crossdock.cli.tokens import MAX_DAYS, ROLES
from crossdock.control.permissions import ROLES as ALL_ROLES
from crossdock.control.records import tokens as records

pytestmark = pytest.mark.security("S2")


@pytest.fixture
def daemon(start):
    return start(control=control())


@pytest.fixture
def token(run):
    made = run("tokens", "create", "--user", "vera", "--role", "viewer")
    return made.out.strip()


@pytest.fixture
def far(daemon, monkeypatch):
    """Run the command line over the network; what else is given stands before the command."""
    for name in ("CROSSDOCK_SOCKET", "CROSSDOCK_TOKEN", "CROSSDOCK_TOKEN_FILE", "CROSSDOCK_CONNECT"):
        monkeypatch.delenv(name, raising=False)

    def ran(*words, options=(), env=None):
        url = f"http://127.0.0.1:{daemon.world.api.network.port}"
        return Ran(CliRunner().invoke(cli, ["--connect", url, *options, *words], env=env, catch_exceptions=False))

    return ran


def test_a_token_alone_goes_to_standard_output_and_once(run):
    made = run("tokens", "create", "--user", "anna", "--role", "operator", "--role", "viewer", "--name", "scanner")
    assert re.fullmatch(r"xdk_1_[0-9a-f]{64}\n", made.out)
    assert "token 1 for anna as operator, viewer, good until" in made.err
    listed = run("tokens", "list")
    for said in ("anna", "scanner", "good", "admin"):
        assert said in listed.out
    assert made.out.strip() not in listed.all
    whole = run("tokens", "create", "--user", "anna", "--role", "viewer", "--json").json
    assert (whole["item"]["id"], whole["token"][:6]) == (2, "xdk_2_")


def test_a_token_is_revoked(run, token):
    assert run("tokens", "revoke", "1").out == "token 1 of vera is revoked\n"
    assert run("tokens", "list", "--json").json["items"][0]["state"] == "revoked"
    assert run("tokens", "list", "--csv").out.startswith('"token","name","user"')
    assert run("tokens", "revoke", "1", "--json").json["revoked_by"] == "admin"
    assert run("tokens", "revoke", "9").code == 1


def test_what_no_token_may_be_is_told(run):
    assert run("tokens", "create", "--user", "anna").code == 2
    assert run("tokens", "create", "--user", "anna", "--role", "emperor").code == 2
    assert run("tokens", "create", "--user", "anna", "--role", "viewer", "--expires-days", "367").code == 2
    bad = run("tokens", "create", "--user", "uid 7", "--role", "viewer")
    assert (bad.code, "user" in bad.err) == (2, True)


def test_the_command_offers_the_roles_and_bounds_of_the_record():
    assert set(ROLES) == set(ALL_ROLES)
    assert MAX_DAYS == records.MAX_DAYS


def test_a_command_works_over_the_network_with_a_token_of_a_file_or_of_the_environment(far, token, tmp_path):
    file = tmp_path / "token"
    file.write_text(token + "\n")
    file.chmod(0o600)
    assert "crossdock" in far("status", options=("--token-file", str(file))).out
    me = far("whoami", env={"CROSSDOCK_TOKEN_FILE": str(file)})
    assert "vera (token 1)" in me.out
    assert "until:" in me.out
    assert far("whoami", "--json", env={"CROSSDOCK_TOKEN": token}).json["roles"] == ["viewer"]
    refused = far("reload", env={"CROSSDOCK_TOKEN": token})
    assert (refused.code, "connection.admin" in refused.err) == (1, True)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_file_that_others_may_read_is_refused_with_what_to_do(far, token, tmp_path, mode):
    file = tmp_path / "token"
    file.write_text(token)
    file.chmod(mode)
    refused = far("status", options=("--token-file", str(file)))
    assert (refused.code, f"chmod 600 {file}" in refused.err) == (2, True)
    assert token not in refused.all


def test_what_is_missing_or_wrong_is_told(far, token, tmp_path):
    assert "--token-file FILE, or CROSSDOCK_TOKEN" in far("status").err
    assert "cannot be read" in far("status", options=("--token-file", str(tmp_path / "none"))).err
    cut = far("status", env={"CROSSDOCK_TOKEN": token[:-1]})
    assert (cut.code, "was all of it copied?" in cut.err, token[:-1] in cut.all) == (2, True, False)
    wrong = far("status", env={"CROSSDOCK_TOKEN": "xdk_1_" + "0" * 64})
    assert (wrong.code, "crossdock tokens create" in wrong.err) == (1, True)
    shown = far("status", "--json", env={"CROSSDOCK_TOKEN": "xdk_1_" + "0" * 64})
    assert shown.json["error"]["code"] == "unauthorized"
    none = far("status", options=("--ca-file", str(tmp_path / "none")), env={"CROSSDOCK_TOKEN": token})
    assert (none.code, "cannot be used as certificates" in none.err) == (2, True)
    plain = Ran(
        CliRunner().invoke(cli, ["--connect", "http://crossdock.test", "status"], env={"CROSSDOCK_TOKEN": token})
    )
    assert (plain.code, "not encrypted" in plain.err) == (2, True)


def test_a_token_is_no_option():
    assert "--token " not in CliRunner().invoke(cli, ["--help"]).output
