"""The daemon as shipped, reached over TLS with a token that its own command made; the token is in no file it wrote."""

from __future__ import annotations

import asyncio
import os
import socket
import sys

import pytest
import trustme
from tests.e2e.conftest import RUN, World, an_order
from tests.e2e.test_personal_data import files_of

from crossdock.control.client import Client, Refusal, Remote, Unreachable
from crossdock.control.records.tokens import CreateToken

TCP = """
[control.tcp]
listen = "127.0.0.1:{port}"
cert_file = "cert.pem"
key_file = "key.pem"
"""


class FarWorld(World):
    """A daemon that listens on a network address, too."""

    def __init__(self, folder):
        super().__init__(folder)
        authority = trustme.CA()
        made = authority.issue_cert("127.0.0.1")
        made.private_key_pem.write_to_path(str(folder / "key.pem"))
        (folder / "key.pem").chmod(0o600)
        made.cert_chain_pems[0].write_to_path(str(folder / "cert.pem"))
        authority.cert_pem.write_to_path(str(folder / "ca.pem"))
        self.ca_file = str(folder / "ca.pem")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.url = f"https://127.0.0.1:{free.getsockname()[1]}"

    def text(self):
        return super().text().replace("[plugins]", TCP.format(port=self.url.rsplit(":", 1)[1]) + "[plugins]")

    def far(self, token):
        return Client(Remote(url=self.url, token=token, ca_file=self.ca_file))

    async def typed(self, *words, **environ):
        """Run the command line; return its exit code, output and errors."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", RUN, *words, env={**os.environ, **environ},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await asyncio.wait_for(process.communicate(), 60)
        return process.returncode, out.decode(), err.decode()


@pytest.fixture
async def far(tmp_path):
    made = FarWorld(tmp_path)
    await made.up()
    yield made
    await made.down()


@pytest.mark.security("S2", "S9")
async def test_the_command_line_works_over_the_network_with_a_token_that_it_made(far, tmp_path_factory):
    await far.start()
    await far.set_up()
    far.oms.put([an_order(1)])
    await far.until_arrived("O-1")
    code, token, _ = await far.typed(
        "--socket", str(far.folder / "control.sock"), "tokens", "create", "--user", "anna", "--role", "viewer"
    )
    assert code == 0
    file = tmp_path_factory.mktemp("elsewhere") / "token"
    file.touch(mode=0o600)
    file.write_text(token)
    given = ("--connect", far.url, "--token-file", str(file), "--ca-file", far.ca_file)
    code, out, err = await far.typed(*given, "status")
    assert (code, "connection" in out) == (0, True), err
    code, out, _ = await far.typed(
        "orders", "list", CROSSDOCK_CONNECT=far.url, CROSSDOCK_TOKEN=token.strip(), CROSSDOCK_CA_FILE=far.ca_file
    )
    assert (code, "O-1" in out) == (0, True)
    code, _, err = await far.typed(*given, "reload")
    assert (code, "connection.admin" in err) == (1, True)
    code, _, err = await far.typed(*given[:4], "status")
    assert (code, "is not trusted" in err) == (69, True)
    assert await far.stop() == 0


@pytest.mark.security("S2", "S3", "S8")
async def test_a_token_is_in_no_file_log_metric_or_answer_but_the_one_that_made_it(far):
    await far.start()
    made = await far.client(lambda c: c.create_token(CreateToken(user="anna", roles=("admin",), name="canary")))
    token = made.token
    secret = token.rsplit("_", 1)[1]
    async with far.far(token) as client:
        assert (await client.whoami()).user == "anna"
        stream = client.events()
        assert await anext(stream) == frozenset()
        metrics, _ = await client.exchange("GET", "/metrics", None, {})
        shown = [await client.tokens(), await client.audit(limit=200), await client.log(level="debug")]
        await client.revoke_token(made.item.id)
        with pytest.raises(Unreachable):
            await asyncio.wait_for(until_it_ends(stream), 10)
        for _ in range(6):
            with pytest.raises(Refusal):
                await client.whoami()
    metrics_after, _ = await far.client(lambda c: c.exchange("GET", "/metrics", None, {}))
    assert b'crossdock_control_refused_total{reason="revoked"} 5.0' in metrics_after
    assert b'crossdock_control_refused_total{reason="locked"} 1.0' in metrics_after
    shown.append(await far.client(lambda c: c.audit(limit=200)))
    shown.append(await far.client(lambda c: c.log(level="debug")))
    assert await far.stop() == 0
    told = {**files_of(far), "answers": str(shown).encode() + metrics + metrics_after}
    needles = (token.encode(), secret.encode(), bytes.fromhex(secret))
    assert [name for name, text in told.items() if any(needle in text for needle in needles)] == []


async def until_it_ends(stream):
    async for _ in stream:
        pass


@pytest.mark.security("S2")
async def test_a_certificate_that_cannot_be_used_stops_the_start(far):
    (far.folder / "cert.pem").write_text("nothing")
    process = await far.spawn()
    assert await asyncio.wait_for(process.wait(), 30) == 78
    assert "control.tcp: the certificate" in far.output.read_text()
