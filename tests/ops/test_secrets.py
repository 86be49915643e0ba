"""Secrets come from private places only, and show nowhere."""

from __future__ import annotations

import copy
import json
import logging
import os
import pickle

import msgspec
import pytest

from crossdock.config.model import Config
from crossdock.ops.secrets import Secret, SecretStore, SecretUnavailable

NAME = "shop.token"


class Places:
    """The three places a secret may be in."""

    def __init__(self, folder):
        self.credentials = folder / "credentials"
        self.files = folder / "files"
        self.credentials.mkdir()
        self.files.mkdir()
        self.environ = {"CREDENTIALS_DIRECTORY": str(self.credentials)}
        self.config = Config(state_dir="/x", credentials_dir=str(self.files))

    def write(self, folder, text, mode=0o600, name=NAME):
        path = folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(mode)
        return path

    def store(self, **options):
        return SecretStore(self.config, self.environ, **options)

    def refusal(self, name=NAME, **options):
        with pytest.raises(SecretUnavailable) as caught:
            self.store(**options).get(name)
        assert caught.value.name == name
        return str(caught.value)


@pytest.fixture
def places(tmp_path):
    return Places(tmp_path)


@pytest.mark.security("S7")
def test_a_credential_comes_before_a_file_and_a_file_before_the_environment(places):
    places.environ["CROSSDOCK_SECRET_SHOP_TOKEN"] = "from-variable"
    assert places.store().get(NAME).reveal() == "from-variable"
    places.write(places.files, "from-file\n")
    assert places.store().get(NAME).reveal() == "from-file"
    places.write(places.credentials, "from-credential\r\n", mode=0o440)
    assert places.store().get(NAME).reveal() == "from-credential"


@pytest.mark.security("S7")
def test_a_secret_of_several_lines_keeps_them(places):
    places.write(places.files, "-----BEGIN\nabc\n-----END\n")
    assert places.store().get(NAME).reveal() == "-----BEGIN\nabc\n-----END"


@pytest.mark.security("S7")
@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o620, 0o700, 0o4600])
def test_a_file_that_others_may_read_or_change_is_refused_with_the_way_out(places, mode):
    path = places.write(places.files, "hunter2", mode)
    places.environ["CROSSDOCK_SECRET_SHOP_TOKEN"] = "not instead of it"
    told = places.refusal()
    assert str(path) in told
    assert f"{mode:04o}" in told
    assert f"chmod 600 {path}" in told
    assert "hunter2" not in told


@pytest.mark.security("S7")
@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_private_file_is_taken(places, mode):
    places.write(places.files, "hunter2", mode)
    assert places.store().get(NAME).reveal() == "hunter2"


@pytest.mark.security("S7")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_refused_with_the_way_out(places):
    path = places.write(places.files, "hunter2")
    os.chown(path, 12345, -1)
    told = places.refusal()
    assert "user 12345" in told
    assert f"chown 0 {path}" in told
    assert places.store(uid=12345).get(NAME).reveal() == "hunter2"


@pytest.mark.security("S7")
@pytest.mark.skipif(os.geteuid() == 0, reason="a file of root is always taken")
def test_a_file_of_a_user_that_is_not_the_services_is_refused(places):
    places.write(places.files, "hunter2")
    assert "belongs to user" in places.refusal(uid=os.geteuid() + 1)


@pytest.mark.security("S7")
def test_the_mode_is_that_of_the_file_a_link_leads_to(places, tmp_path):
    target = tmp_path / "elsewhere"
    target.write_text("hunter2")
    target.chmod(0o644)
    (places.files / NAME).symlink_to(target)
    assert "0644" in places.refusal()


@pytest.mark.security("S7")
def test_a_secret_that_is_nowhere_is_told_with_every_place(places):
    told = places.refusal()
    for place in (places.credentials / NAME, places.files / NAME, "CROSSDOCK_SECRET_SHOP_TOKEN"):
        assert str(place) in told
    places.environ, places.config = {}, Config(state_dir="/x")
    assert "$CREDENTIALS_DIRECTORY (not set); credentials_dir (not set)" in places.refusal()


@pytest.mark.security("S7")
@pytest.mark.parametrize(
    ("content", "message"), [(b"\n", "is empty"), (b"\xff\xfe", "not UTF-8"), (b"x" * 70_000, "longer than 65536")]
)
def test_a_file_that_holds_no_usable_secret_is_refused(places, content, message):
    places.write(places.files, content)
    assert message in places.refusal()


@pytest.mark.security("S7")
def test_a_folder_or_pipe_in_place_of_a_secret_is_refused_at_once(places):
    os.mkfifo(places.files / NAME)
    assert "no regular file" in places.refusal()
    (places.files / "folder").mkdir()
    assert "no regular file" in places.refusal("folder")


@pytest.mark.security("S7")
def test_a_file_that_cannot_be_read_is_told_with_the_cause(places):
    (places.files / NAME).symlink_to(NAME)
    assert "Too many levels of symbolic links" in places.refusal()


@pytest.mark.security("S7")
@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "a\n", "a\x00", "é", "x" * 101])
def test_a_name_cannot_lead_out_of_the_folder(places, name):
    assert "cannot be the name of a secret" in places.refusal(name)


@pytest.mark.security("S7")
def test_the_environment_is_warned_about_once(places, caplog):
    places.environ["CROSSDOCK_SECRET_SHOP_TOKEN"] = "hunter2"
    store = places.store()
    store.get(NAME)
    store.get(NAME)
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "CROSSDOCK_SECRET_SHOP_TOKEN" in record.getMessage()
    assert "hunter2" not in record.getMessage()


@pytest.mark.security("S8")
def test_a_replaced_secret_is_found_anew_and_both_are_masked(places):
    store = places.store()
    places.write(places.files, "old-value")
    store.get(NAME)
    places.write(places.files, "new-value")
    assert store.get(NAME).reveal() == "new-value"
    assert store.masks.hide("old-value new-value") == "*** ***"


@pytest.mark.security("S8")
def test_a_secret_shows_as_three_stars_however_it_is_written():
    secret = Secret("hunter2")
    written = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r:>20}",
        f"{secret:s}",
        "{} {!r}".format(secret, secret),  # noqa: UP032 - every way counts
        repr([secret]),
    ]
    assert "hunter2" not in "".join(written)
    assert f"{secret}" == "***"
    assert not hasattr(secret, "__dict__")


@pytest.mark.security("S8")
@pytest.mark.parametrize(
    "send",
    [
        pickle.dumps,
        copy.copy,
        copy.deepcopy,
        json.dumps,
        msgspec.json.encode,
        msgspec.to_builtins,
        msgspec.msgpack.encode,
    ],
)
def test_a_secret_cannot_be_sent_or_copied(send):
    with pytest.raises(TypeError):
        send(Secret("hunter2"))
    with pytest.raises(TypeError):
        send({"token": Secret("hunter2")} if send is not copy.copy else Secret("x"))
