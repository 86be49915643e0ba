"""TLS: whom a connection trusts, and that a fault of TLS never looks like an answer."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
import warnings

import pytest
import trustme
from tests.connectors.conftest import RawServer, always, answer

from crossdock.spec import errors


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def ca_file(authority, tmp_path_factory):
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


def served_by(certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def https(remote, host="127.0.0.1") -> str:
    return f"https://{host}:{remote.port}"


async def both(client) -> None:
    """A read and a write must both say that nothing was sent and that the set-up is at fault."""
    for call in (lambda: client.get("/x"), lambda: client.post("/x", b"{}")):
        with pytest.raises(
            errors.Retryable, match="TLS certificate was not accepted or the handshake failed"
        ) as caught:
            await call()
        assert type(caught.value) is errors.Retryable
        assert caught.value.setup


@pytest.mark.security("S9")
async def test_a_private_authority_is_trusted_where_the_connection_names_it(http, authority, ca_file):
    async with RawServer(always(answer()), tls=served_by(authority.issue_cert("127.0.0.1"))) as remote:
        assert (await http(https(remote), tls={"ca_file": ca_file}).get("/x")).status == 200


@pytest.mark.security("S9")
async def test_an_unknown_authority_is_not_trusted(http, authority):
    async with RawServer(always(answer()), tls=served_by(authority.issue_cert("127.0.0.1"))) as remote:
        await both(http(https(remote)))
        await both(http(https(remote), tls={"ca_file": None}))
    assert remote.requests == []


@pytest.mark.security("S9")
async def test_a_self_signed_certificate_is_not_trusted(http, ca_file):
    stranger = trustme.CA().issue_cert("127.0.0.1")
    async with RawServer(always(answer()), tls=served_by(stranger)) as remote:
        await both(http(https(remote), tls={"ca_file": ca_file}))
    assert remote.requests == []


@pytest.mark.security("S9")
async def test_an_expired_certificate_is_not_trusted(http, authority, ca_file):
    then = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    expired = authority.issue_cert("127.0.0.1", not_before=then, not_after=then + dt.timedelta(days=1))
    async with RawServer(always(answer()), tls=served_by(expired)) as remote:
        await both(http(https(remote), tls={"ca_file": ca_file}))
    assert remote.requests == []


@pytest.mark.security("S9")
@pytest.mark.parametrize("names", [("elsewhere.test",), ("127.0.0.2",), ("*.test", "localhost.test")])
async def test_a_certificate_of_another_host_is_not_trusted(http, authority, ca_file, names):
    async with RawServer(always(answer()), tls=served_by(authority.issue_cert(*names))) as remote:
        await both(http(https(remote), tls={"ca_file": ca_file}))
    assert remote.requests == []


@pytest.mark.security("S9")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1], ids=["1.0", "1.1"])
async def test_tls_before_1_2_is_refused(http, authority, ca_file, version):
    old = served_by(authority.issue_cert("127.0.0.1"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version = old.maximum_version = version
    old.set_ciphers("ALL:@SECLEVEL=0")
    if not old_client_gets_through(old, version):
        pytest.skip(f"this OpenSSL ({ssl.OPENSSL_VERSION}) cannot speak {version.name} at all")
    async with RawServer(always(answer()), tls=old) as remote:
        for tls in ({"ca_file": ca_file}, {"insecure": True}):
            with pytest.raises(errors.Retryable):
                await http(https(remote), tls=tls).post("/x", b"{}")
    assert remote.requests == []


def old_client_gets_through(server: ssl.SSLContext, version: ssl.TLSVersion) -> bool:
    """Shake hands in memory, so that the test above proves a refusal and not a server that cannot serve."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        client.minimum_version = client.maximum_version = version
    client.set_ciphers("ALL:@SECLEVEL=0")
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(back, there), server.wrap_bio(there, back, server_side=True)]
    done = [False, False]
    try:
        for _ in range(6):
            for number, end in enumerate(ends):
                try:
                    end.do_handshake()
                    done[number] = True
                except ssl.SSLWantReadError:
                    continue
    except ssl.SSLError:
        return False
    return all(done)


@pytest.mark.security("S9")
async def test_insecure_trusts_anybody_and_must_be_asked_for(http):
    stranger = trustme.CA().issue_cert("elsewhere.test")
    async with RawServer(always(answer()), tls=served_by(stranger)) as remote:
        assert (await http(https(remote), tls={"insecure": True}).post("/x", b"{}")).status == 200
        await both(http(https(remote)))


@pytest.mark.security("S9")
async def test_a_server_without_tls_is_never_spoken_to_in_the_clear(http):
    async def talkative(reader, writer):
        writer.write(answer())
        heard.append(await reader.read(5))
        writer.close()

    heard: list[bytes] = []
    server = await asyncio.start_server(talkative, "127.0.0.1", 0)
    await both(http(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
    server.close()
    assert {first[:1] for first in heard} <= {b"\x16"}  # a TLS handshake, and nothing else


INTERNAL_ERROR = bytes.fromhex("15 0303 0002 02 50")
HALF_A_RECORD = bytes.fromhex("16 0303 007a 02 00")


@pytest.mark.behaviour("P4", "P8")
@pytest.mark.parametrize("said", [b"", HALF_A_RECORD, INTERNAL_ERROR], ids=["nothing", "half a record", "alert"])
async def test_a_handshake_that_breaks_off_sent_nothing_and_may_pass(http, said):
    """A load balancer that restarts, or a link that is cut, says nothing about who trusts whom."""

    async def breaks_off(reader, writer):
        await reader.read(65536)
        writer.write(said)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(breaks_off, "127.0.0.1", 0)
    client = http(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    for call in (lambda: client.get("/x"), lambda: client.post("/x", b"{}")):
        with pytest.raises(errors.Retryable) as caught:
            await call()
        assert (type(caught.value), caught.value.setup) == (errors.Retryable, False)
    server.close()


@pytest.mark.behaviour("P4")
async def test_a_tls_fault_after_the_handshake_leaves_a_write_in_doubt(http, authority, ca_file):
    """In TLS 1.3 a server refuses a client without a certificate only after the client has sent its request."""
    picky = served_by(authority.issue_cert("127.0.0.1"))
    picky.minimum_version = ssl.TLSVersion.TLSv1_3
    picky.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(picky)
    async with RawServer(always(answer()), tls=picky) as remote:
        client = http(https(remote), tls={"ca_file": ca_file})
        with pytest.raises(errors.UnknownOutcome):
            await client.post("/x", b"{}")
        with pytest.raises(errors.Retryable):
            await client.get("/x")


async def test_an_authority_file_that_cannot_be_read_is_a_fault_of_the_configuration(http, tmp_path):
    (tmp_path / "bad.pem").write_text("no certificate")
    for name in ("missing.pem", "bad.pem"):
        with pytest.raises(errors.ConfigError, match=name):
            await http("https://127.0.0.1:1", tls={"ca_file": str(tmp_path / name)}).post("/x", b"{}")
