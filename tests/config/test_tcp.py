"""What [control.tcp] may say."""

from __future__ import annotations

import pytest

from crossdock.config.changes import changes

LEAST = 'state_dir = "/var/lib/crossdock"\n'
CERTIFIED = 'cert_file = "tls/cert.pem"\nkey_file = "/etc/key.pem"\n'
pytestmark = pytest.mark.security("S2")


def tcp(*lines):
    return LEAST + "[control.tcp]\n" + "\n".join(lines) + "\n"


def test_there_is_no_network_address_unless_one_is_named(folder):
    assert folder.load(LEAST).control.tcp.listen is None


@pytest.mark.parametrize("listen", ["127.0.0.1:8788", "[::1]:8788", "127.9.9.9:0"])
def test_an_address_of_this_machine_needs_no_certificate(folder, listen):
    assert folder.load(tcp(f'listen = "{listen}"')).control.tcp.listen == listen


@pytest.mark.parametrize("listen", ["10.1.2.3:8788", "[2001:db8::1]:8788", "[::ffff:10.1.2.3]:8788"])
def test_an_address_beyond_this_machine_needs_a_certificate_and_says_so(folder, listen):
    problem = folder.only_problem(tcp(f'listen = "{listen}"'))
    assert problem.key == "control.tcp.listen"
    assert "unencrypted" in problem.message
    assert "cert_file and key_file" in problem.hint
    found = folder.load(tcp(f'listen = "{listen}"', CERTIFIED)).control.tcp
    assert (found.cert_file, found.key_file) == (str(folder.path / "tls/cert.pem"), "/etc/key.pem")


@pytest.mark.parametrize("listen", ["0.0.0.0:8788", "[::]:8788"])
def test_every_address_needs_names_by_which_clients_call_it(folder, listen):
    problem = folder.only_problem(tcp(f'listen = "{listen}"', CERTIFIED))
    assert "hosts = " in problem.hint
    assert folder.load(tcp(f'listen = "{listen}"', CERTIFIED, 'hosts = ["crossdock.test"]'))
    assert len(folder.problems(tcp(f'listen = "{listen}"'))) == 2


@pytest.mark.parametrize("given", ["cert_file", "key_file"])
def test_a_certificate_and_its_key_go_together(folder, given):
    problem = folder.only_problem(tcp(f'{given} = "/etc/x.pem"'))
    assert problem.key == f"control.tcp.{'key_file' if given == 'cert_file' else 'cert_file'}"


@pytest.mark.parametrize("listen", ["8788", "localhost:8788", "127.0.0.1", "127.0.0.1:99999"])
def test_what_is_no_address_is_told(folder, listen):
    assert "is no address and port" in folder.only_problem(tcp(f'listen = "{listen}"')).message


@pytest.mark.parametrize("host", ["a b", "a/b", "", "*"])
def test_a_name_that_no_host_has_is_told(folder, host):
    folder.only_problem(tcp(f'hosts = ["{host}"]'))


def test_a_change_needs_a_restart(folder):
    before, after = folder.load(LEAST), folder.load(tcp('listen = "127.0.0.1:8788"'))
    assert changes(before, after, before).restart == ("control.tcp",)
