"""What [webhooks] may say."""

from __future__ import annotations

import pytest

from crossdock.config.checks import address_of

LEAST = 'state_dir = "/var/lib/crossdock"\n[connections.shop]\ntype = "oms_default"\n'
pytestmark = pytest.mark.security("S11")


def test_there_is_no_receiver_unless_an_address_is_named(folder):
    assert folder.load(LEAST).webhooks.listen is None


@pytest.mark.parametrize("listen", ["127.0.0.1:8787", "[::1]:8787", "127.9.9.9:0"])
def test_an_address_of_this_machine_may_be_listened_on(folder, listen):
    assert folder.load(LEAST + f'[webhooks]\nlisten = "{listen}"\n').webhooks.listen == listen


@pytest.mark.parametrize("listen", ["0.0.0.0:8787", "[::]:8787", "10.1.2.3:8787"])
def test_an_address_beyond_this_machine_needs_a_proxy_before_it(folder, listen):
    text = LEAST + f'[webhooks]\nlisten = "{listen}"\n'
    problem = folder.only_problem(text)
    assert problem.key == "webhooks.listen"
    assert "behind_proxy = true" in problem.hint
    assert folder.load(text + "behind_proxy = true\n")


@pytest.mark.parametrize(
    "listen", ["8787", "localhost:8787", "127.0.0.1", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:²"]
)
def test_what_is_no_address_is_told(folder, listen):
    assert "is no address and port" in folder.only_problem(LEAST + f'[webhooks]\nlisten = "{listen}"\n').message


def test_a_connection_that_does_not_exist_is_told(folder):
    problem = folder.only_problem(LEAST + '[webhooks.connections.shpo]\nsecrets = ["a"]\n')
    assert problem.key == "webhooks.connections.shpo"


@pytest.mark.parametrize("secrets", ["[]", '["a", "b", "c"]', '["a b"]', '"a"'])
def test_one_or_two_secrets_are_named(folder, secrets):
    folder.only_problem(LEAST + f"[webhooks.connections.shop]\nsecrets = {secrets}\n")


def test_an_address_is_parted():
    assert address_of("[::1]:80") == ("::1", 80)
