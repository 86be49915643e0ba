"""What a configuration may not say although every value is well formed."""

from __future__ import annotations

import pytest

from crossdock.config.secretlike import secret_like_inline

LEAST = 'state_dir = "/var/lib/crossdock"\n'
SHOP = LEAST + '[connections.shop]\ntype = "oms_default"\n'


@pytest.mark.security("S10")
def test_an_address_without_tls_needs_its_flag(folder):
    text = SHOP + 'settings.url = "HTTP://oms.example.com"\n'
    problem = folder.only_problem(text)
    assert (problem.line, problem.key) == (4, "connections.shop.settings.url")
    assert "http.allow_http" in problem.hint
    assert folder.load(text + "http.allow_http = true\n")


@pytest.mark.security("S10")
def test_an_address_may_not_hold_a_password(folder):
    problem = folder.only_problem(SHOP + 'settings.url = "https://me:hunter2@oms.example.com"\n')
    assert "user name or password" in problem.message
    assert "hunter2" not in str(problem)


@pytest.mark.security("S10")
@pytest.mark.parametrize(
    ("entry", "message", "hint"),
    [
        ("10.20.0.0/33", "is no network", "10.20.0.0/16"),
        ("", "is no network", "10.20.0.0/16"),
        ("wms.example.com", "is no network", "10.20.0.0/16"),
        ("10.20.0.1/16", "is an address within a network", "did you mean 10.20.0.0/16?"),
        ("fd00::1/8", "is an address within a network", "did you mean fd00::/8?"),
    ],
)
def test_a_private_network_that_is_none_is_told(folder, entry, message, hint):
    problem = folder.only_problem(SHOP + f'http.allow_private = ["10.0.0.0/8", "{entry}"]\n')
    assert problem.key == "connections.shop.http.allow_private[1]"
    assert message in problem.message
    assert hint in problem.hint


def test_a_network_named_twice_is_told(folder):
    problem = folder.only_problem(SHOP + 'http.allow_private = ["10.0.0.0/8", "10.0.0.0/8"]\n')
    assert problem.message == "names 10.0.0.0/8 again"


def test_single_addresses_and_networks_are_allowed(folder):
    assert folder.load(SHOP + 'http.allow_private = ["10.1.2.3", "fd00::/8", "192.168.0.0/16"]\n')


def test_a_socket_path_that_the_system_would_refuse_is_told(folder):
    fits = LEAST + f'control.socket = "/{"a" * 106}"\n'
    assert folder.load(fits)
    problem = folder.only_problem(fits.replace("/a", "/éa"))
    assert "109 bytes" in problem.message


@pytest.mark.parametrize(("path", "message"), [("", "empty"), ("~/x", "not expanded"), ("/a\\u0000b", "a character")])
def test_a_path_that_means_nothing_is_told(folder, path, message):
    assert message in folder.only_problem(f'state_dir = "{path}"\n').message


@pytest.mark.security("S17")
@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("", "is empty"),
        ("  ", "is empty"),
        ("Crossdock_OMS.default", "names crossdock-oms-default again, after entry 0"),
        ("crossdock-oms-default==1.*", "names crossdock-oms-default again, after entry 0"),
        ("https://example.com/x.whl", "names no distribution"),
        ("a; import os", "names no distribution"),
    ],
)
def test_a_wrong_entry_of_the_plugins_is_told(folder, entry, message):
    problem = folder.only_problem(LEAST + f'plugins.allow = ["crossdock-oms-default", "{entry}"]\n')
    assert problem.key == "plugins.allow[1]"
    assert problem.message == message


def test_plugins_with_versions_are_allowed(folder):
    config = folder.load(LEAST + 'plugins.allow = ["a==1.*", "b == 1.2", "d"]\n')
    assert len(config.plugins.allow) == 3


@pytest.mark.parametrize("entry", ["b >= 1", "c~=1.0", "d != 2"])
def test_a_version_in_a_form_that_the_plugin_host_does_not_read_is_told(folder, entry):
    assert folder.only_problem(LEAST + f'plugins.allow = ["{entry}"]\n').key == "plugins.allow[0]"


def test_a_role_with_empty_or_repeated_names_is_told(folder):
    problems = folder.problems(LEAST + 'control.roles.admin = { users = ["a", "a"], groups = [" "] }\n')
    assert [problem.key for problem in problems] == ["control.roles.admin.users[1]", "control.roles.admin.groups[0]"]


def test_a_longest_wait_below_the_first_is_told(folder):
    assert folder.only_problem(SHOP + "retry = { base_s = 10, cap_s = 5 }\n").key == "connections.shop.retry.cap_s"


@pytest.mark.security("S7")
def test_a_secret_in_the_configuration_is_refused_and_not_repeated(folder):
    text = (
        SHOP
        + 'settings = { token = "hunter2", deep = { api_key = "hunter3", proxies = [{ url = "http://a:hunter4@b" }] } }\n'
    )
    problems = folder.problems(text)
    assert [problem.key for problem in problems] == [
        "connections.shop.settings.token",
        "connections.shop.settings.deep.api_key",
        "connections.shop.settings.deep.proxies[0].url",
    ]
    assert "hunter" not in "".join(map(str, problems))
    assert folder.load("allow_inline_secrets = true\n" + text)


@pytest.mark.security("S7")
def test_a_secret_by_reference_is_taken(folder):
    assert folder.load(SHOP + 'settings.token = { secret = "shop.token" }\n')


def test_settings_that_only_sound_alike_are_no_secrets():
    settings = {"token_url": "https://x", "secret_rotation_days": 3, "passwordless": True, "key": "x", "password": ""}
    assert secret_like_inline(settings) == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[reconcile]\nat = "25:00"\n', 'must be a time of day from "00:00" to "23:59", not the text "25:00"'),
        ('[costs]\ncurrency = "baht"\n', 'three capital letters, such as "EUR"'),
    ],
)
def test_a_text_of_a_form_is_told_by_its_form(folder, text, said):
    assert said in folder.only_problem(LEAST + text).message


def test_an_unknown_table_of_the_environment_is_told_of_the_environment(folder):
    problem = folder.only_problem(LEAST, CROSSDOCK__FOO__BAR="1")
    assert (problem.file, problem.key) == ("$CROSSDOCK__FOO__BAR", "foo")
