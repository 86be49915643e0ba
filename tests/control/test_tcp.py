"""The control API over TCP: only who shows a good token is let in, and nobody learns more than that."""

from __future__ import annotations

import asyncio
import json
import ssl
import warnings
from datetime import timedelta

import pytest
import trustme
from tests.control.network import control, make_token, remote, requests
from tests.control.people import become
from tests.control.test_approvals import ANNA, ASKED
from tests.control.test_permissions import tried
from tests.control.world import ROLES, order

from crossdock.config.model import Role, Tcp, TwoPerson
from crossdock.control import door, network
from crossdock.control.client import BadRemote, Client, Refusal, Remote, Unreachable
from crossdock.control.permissions import PUBLIC, allowed, rights_of
from crossdock.control.records.tokens import CreateToken
from crossdock.control.routes import TABLE
from crossdock.rules import tokens as token_rules
from crossdock.spec.errors import ConfigError
from crossdock.spec.outbound import PushStatus
from crossdock.store import audit
from crossdock.store.store import StoreFull


@pytest.fixture
async def world(build):
    return await build(control=control())


@pytest.fixture
async def viewer(world):
    return await make_token(world, "vera", "viewer")


async def audited(world, action):
    return await world.store.read(audit.newest, audit.Sought(action=action), None, 200)


# --- who is let in ---


@pytest.mark.security("S2")
async def test_a_good_token_is_let_in_as_its_user_with_its_roles(world):
    token = await make_token(world, "bo", "operator", "viewer", name="the scanner")
    async with remote(world, token) as client:
        me = await client.whoami()
        assert (me.user, me.uid, me.roles, me.token) == ("bo", None, ("operator", "viewer"), 1)
        assert me.until - world.env.now() > timedelta(days=89)
        assert (await client.status()).version


@pytest.mark.security("S2")
async def test_every_other_token_is_refused_in_the_same_words(world, viewer):
    expired = await make_token(world, "vera", expires_days=1)
    revoked = await make_token(world, "vera")
    async with world.client() as client:
        await client.revoke_token(3)
    world.env.ahead += timedelta(days=2)
    answers = []
    for shown in (
        None,
        expired,
        revoked,
        viewer[:-1],
        viewer[:-1] + ("0" if viewer[-1] != "0" else "1"),
        "xdk_9_" + "0" * 64,
        "x",
    ):
        world.api.network._runner.app[door.DOOR]._gate.__init__()  # how often one may try is another test's matter
        async with requests(world, shown) as raw:
            answers.append(await raw("GET", "/v1/status"))
    assert {status for status, _, _ in answers} == {401}
    assert {headers["WWW-Authenticate"] for _, _, headers in answers} == {'Bearer realm="crossdock"'}
    assert len({json.dumps(body) for _, body, _ in answers}) == 1
    assert answers[0][1]["code"] == "unauthorized"
    async with requests(world, viewer) as raw:
        assert (await raw("GET", "/v1/status"))[0] == 200


@pytest.mark.security("S2")
@pytest.mark.parametrize(
    "path", ["/v1/status?token={}", "/v1/status?access_token={}", "/v1/status?authorization=Bearer%20{}"]
)
async def test_a_token_in_the_address_is_none(world, viewer, path):
    async with requests(world) as raw:
        assert (await raw("GET", path.format(viewer)))[0] == 401


@pytest.mark.security("S2")
@pytest.mark.parametrize("shown", ["Basic {}", "{}", "Bearer {} {}", "Bearer", "Token {}"])
async def test_a_token_is_shown_as_a_bearers_or_not_at_all(world, viewer, shown):
    async with requests(world) as raw:
        header = {"Authorization": shown.format(viewer, viewer)}
        assert (await raw("GET", "/v1/status", headers=header))[0] == 401
        assert (await raw("GET", "/v1/status", headers={"Authorization": f"bearer {viewer}"}))[0] == 200


@pytest.mark.security("S2")
async def test_the_probes_need_no_token_and_who_one_is_does(world):
    async with requests(world) as raw:
        assert [(await raw("GET", path))[0] for path in ("/livez", "/readyz", "/v1/whoami", "/metrics")] == [
            200,
            200,
            401,
            401,
        ]


@pytest.mark.security("S2")
async def test_without_an_address_there_is_the_socket_only(build):
    made = await build()
    assert made.api.network is None


@pytest.mark.security("S2", "S4")
@pytest.mark.behaviour("R42")
async def test_every_route_is_open_to_exactly_the_tokens_whose_roles_hold_its_right(world):
    await make_token(world, "nobody")  # the one that the matrix revokes
    wrong = []
    for role in ROLES:
        async with requests(world, await make_token(world, f"the-{role}", role)) as raw:
            for each in TABLE:
                status, body = await tried(raw, each)
                expected = allowed(rights_of([role]), each.permission) or each.permission == PUBLIC
                if (status != 403) != expected or status == 401:
                    wrong.append((role, each.method, each.path, status, body))
    assert wrong == []


@pytest.mark.security("S4")
async def test_a_token_keeps_its_roles_whatever_the_configuration_gives_and_one_that_is_gone_gives_nothing(
    world, viewer
):
    world.api.use_roles({"admin": Role(users=("vera",))})
    async with remote(world, viewer) as client:
        assert (await client.whoami()).roles == ("viewer",)
        with pytest.raises(Refusal, match=r"lacks the right 'connection\.admin' .*token 1 carries them"):
            await client.reload()
    await world.store.write(lambda tx: tx.execute("UPDATE tokens SET roles = 'emperor'"))
    await world.api.tokens.load()
    async with remote(world, viewer) as client:
        assert (await client.whoami()).rights == ()


@pytest.mark.security("S2", "S4")
async def test_only_who_may_administer_users_makes_and_revokes_tokens(world):
    token = await make_token(world, "bo", *(role for role in ROLES if role != "admin"))
    async with remote(world, token) as client:
        for ask in (
            client.tokens(),
            client.create_token(CreateToken(user="x", roles=("admin",))),
            client.revoke_token(1),
        ):
            with pytest.raises(Refusal, match=r"user\.admin"):
                await ask


@pytest.mark.security("S2", "S5")
@pytest.mark.behaviour("R42")
async def test_a_user_is_one_person_by_socket_and_by_all_tokens_where_two_persons_are_asked_for(build):
    roles = {"operator": Role(users=("anna",)), "admin": Role(users=("root",))}
    world = await build(idempotency="none", control=control(roles=roles, two_person=TwoPerson(settle=True)))
    become(world, "root", 0)
    annas = [await make_token(world, name, "operator") for name in ("anna", "anna", "Anna")]
    bos = await make_token(world, "bo", "operator")
    await world.settings()
    world.wms.answer = PushStatus.UNKNOWN
    world.serve(order("A"))
    await world.fetch()
    await world.until("A", "in_doubt")
    become(world, *ANNA)
    async with remote(world, annas[0]) as client:
        await client.settle(ASKED)
        assert [item.id for item in (await client.approvals()).items] == [1]
    async with remote(world, annas[1]) as client:
        with pytest.raises(Refusal, match="yourself"):
            await client.approve(1)
    async with world.client() as client:
        with pytest.raises(Refusal, match="yourself"):
            await client.approve(1)
        await client.reject(1, "proposed by the socket instead")
        await client.settle(ASKED)
    for token in annas:
        async with remote(world, token) as client:
            with pytest.raises(Refusal, match="yourself"):
                await client.approve(2)
    async with remote(world, bos) as client:
        assert (await client.approve(2)).decided_by == "bo"


@pytest.mark.security("S6")
async def test_the_audit_says_by_which_token_something_was_done(world):
    async with remote(world, await make_token(world, "bo", "operator")) as client:
        with pytest.raises(Refusal):
            await client.reload()
    (row,) = await audited(world, "reload")
    assert (row.actor, row.uid, row.roles, row.result) == ("bo", None, "operator,token 1", "forbidden")


# --- what a web page may send ---


@pytest.mark.security("S2")
@pytest.mark.parametrize("origin", ["https://evil.test", "null", "http://127.0.0.1:8788", ""])
@pytest.mark.parametrize("path", ["/v1/status", "/livez", "/nothing"])
async def test_a_request_of_a_web_page_is_refused_whatever_else_it_shows(world, viewer, origin, path):
    async with requests(world, viewer) as raw:
        status, body, headers = await raw("GET", path, headers={"Origin": origin})
        assert (status, body["code"]) == (403, "origin")
        assert not [name for name in headers if name.lower().startswith("access-control")]
        status, _, headers = await raw(
            "OPTIONS", path, headers={"Origin": origin, "Access-Control-Request-Method": "GET"}
        )
        assert (status, [name for name in headers if name.lower().startswith("access-control")]) == (403, [])


@pytest.mark.security("S2")
@pytest.mark.parametrize(
    "host",
    [
        "evil",
        "evil.test:8788",
        "127.0.0.1.evil.test",
        "localhost.evil",
        "localhost.",
        "10.0.0.1",
        "",
        "[::2]",
        "localhost@evil",
    ],
)
@pytest.mark.parametrize("path", ["/v1/status", "/livez", "/nothing"])
async def test_a_host_that_is_none_of_ours_is_refused_whatever_else_is_shown(world, viewer, host, path):
    async with requests(world, viewer) as raw:
        status, body, _ = await raw("GET", path, headers={"Host": host})
        assert (status, body["code"]) == (421, "host")


@pytest.mark.security("S2")
async def test_the_hosts_of_the_address_and_those_that_are_named_are_ours(build):
    made = await build(control=control(tcp=Tcp(listen="127.0.0.1:0", hosts=("Crossdock.test", "[2001:db8::1]"))))
    async with requests(made, await make_token(made, "vera")) as raw:
        for host in ("127.0.0.1:1", "localhost", "LOCALHOST:8788", "[::1]:8788", "crossdock.test:443", "[2001:db8::1]"):
            assert (await raw("GET", "/v1/status", headers={"Host": host}))[0] == 200, host
    assert door.allowed_hosts("10.1.2.3", ["a.test"]) == {"10.1.2.3", "a.test"}
    assert door.allowed_hosts("0.0.0.0", ["a.test"]) == {"a.test"}


@pytest.mark.security("S2", "S3")
async def test_a_web_page_locks_nobody_out(world, viewer):
    async with requests(world, viewer) as raw:
        for _ in range(30):
            await raw("GET", "/v1/status", shown="x", headers={"Origin": "https://evil.test"})
            await raw("GET", "/v1/status", shown="x", headers={"Host": "evil.test"})
        assert (await raw("GET", "/v1/status"))[0] == 200


@pytest.mark.security("S2")
async def test_two_hosts_are_none(world, viewer):
    said = await spoken(
        world,
        f"GET /v1/status HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\nAuthorization: Bearer {viewer}\r\n\r\n",
    )
    assert said.split()[1] in (b"400", b"421")


async def spoken(world, text):
    reader, writer = await asyncio.open_connection("127.0.0.1", world.api.network.port)
    writer.write(text.encode())
    said = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    writer.close()
    return said


@pytest.mark.security("S2")
@pytest.mark.parametrize(
    "text",
    [
        "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /v1/status HTTP/1.1\r\nHost: evil\r\n\r\n",
        "NONSENSE\r\n\r\n",
    ],
)
async def test_answers_tell_no_versions_and_are_kept_by_nobody(world, text):
    said = await spoken(world, text)
    assert b"Server: crossdock\r\n" in said
    assert b"Cache-Control: no-store" in said
    assert b"aiohttp" not in said


@pytest.mark.security("S2", "S8")
async def test_what_is_no_http_is_neither_quoted_nor_logged(world, viewer, caplog):
    said = await spoken(
        world, f"GET /v1/status HTTP/1.1\r\nHost: localhost\r\nAuthorization\x00: Bearer {viewer}\r\n\r\n"
    )
    assert b" 400 " in said.splitlines()[0]
    assert viewer.encode() not in said
    assert viewer not in caplog.text


# --- how often one may try ---


@pytest.mark.security("S3")
async def test_of_a_thousand_tries_at_most_sixty_are_looked_at_and_few_rows_are_written(world, viewer, monkeypatch):
    looked, inner = [], token_rules.check

    def counted(*given):
        looked.append(given[0])
        return inner(*given)

    monkeypatch.setattr(token_rules, "check", counted)
    async with requests(world, viewer) as raw:
        answers = await asyncio.gather(*(raw("GET", "/v1/status", shown=f"xdk_1_{n:064x}") for n in range(1000)))
        assert len(looked) == 5
        assert [status for status, _, _ in answers].count(401) == 5
        assert {status for status, _, _ in answers} == {401, 429}
        status, body, headers = await raw("GET", "/v1/status")
        assert (status, body["code"]) == (429, "locked"), "a good token is not looked at either"
        assert 50 < int(headers["Retry-After"]) <= 61
        assert (await raw("GET", "/livez"))[0] == 200
    async with world.client() as client:
        assert (await client.status()).version, "the socket is another door"
    rows = [*await audited(world, door.REFUSED), *await audited(world, door.LOCKED)]
    assert [(row.actor, row.object, row.result) for row in rows] == [(door.STRANGER, "peer 127.0.0.1", "forbidden")] * 2
    assert "unknown" in rows[0].reason
    assert "60 s" in rows[1].reason


@pytest.mark.security("S3")
async def test_who_is_locked_out_is_told_until_when(world, viewer):
    async with requests(world, "x") as raw:
        for _ in range(5):
            await raw("GET", "/v1/status")
    async with remote(world, viewer) as client:
        with pytest.raises(Refusal, match=r"too many tokens were refused; .* before \d{4}-") as refused:
            await client.status()
    assert refused.value.code == "locked"
    assert timedelta(seconds=50) < refused.value.again_at - world.env.now() <= timedelta(seconds=60)


@pytest.mark.security("S3")
async def test_a_token_that_expired_is_in_the_audit_with_its_user(world, viewer):
    world.env.ahead += timedelta(days=91)
    async with requests(world, viewer) as raw:
        await raw("GET", "/v1/status")
    (row,) = await audited(world, door.REFUSED)
    assert (row.actor, row.reason.split(";")[0]) == ("vera", "expired: token 1")


@pytest.mark.security("S3")
async def test_a_refusal_stands_while_the_audit_cannot_be_written(world, monkeypatch):
    async def full(*_given):
        raise StoreFull("no space left")

    monkeypatch.setattr(world.store, "write", full)
    async with requests(world, "x") as raw:
        assert (await raw("GET", "/v1/status"))[0] == 401


@pytest.mark.security("S3")
async def test_refusals_are_counted_by_reason(build):
    made = await build(control=control())
    reasons = []
    made.api.network._runner.app[door.DOOR]._refused = reasons.append
    async with requests(made) as raw:
        await raw("GET", "/v1/status")
        await raw("GET", "/v1/status", shown="x")
        await raw("GET", "/v1/status", shown="xdk_9_" + "0" * 64)
        await raw("GET", "/v1/status", headers={"Host": "evil"})
        await raw("GET", "/v1/status", headers={"Origin": "evil"})
        for _ in range(3):
            await raw("GET", "/v1/status")
    assert reasons == ["missing", "malformed", "unknown", "host", "origin", "missing", "missing", "locked"]


# --- bounds ---


@pytest.mark.security("S21")
async def test_a_body_that_is_too_large_is_refused_and_nobody_unknown_has_one_read(build):
    made = await build(control=control(max_body_bytes=2048))
    async with requests(made, await make_token(made, "bo", "operator")) as raw:
        assert (await raw("POST", "/v1/hold", b"x" * 4096))[0] == 413
    said = await spoken(made, "POST /v1/hold HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")
    assert b" 401 " in said.splitlines()[0]


@pytest.mark.security("S21")
async def test_whoever_connects_and_says_nothing_or_half_a_request_is_let_go(world, viewer, monkeypatch):
    monkeypatch.setattr(network, "FIRST_REQUEST_S", 0.05)
    for said in (b"", b"GET /v1/status HT"):
        reader, writer = await asyncio.open_connection("127.0.0.1", world.api.network.port)
        writer.write(said)
        await asyncio.wait_for(reader.read(), 10)
        writer.close()
    async with requests(world, viewer) as raw:
        assert (await raw("GET", "/v1/status"))[0] == 200
        await asyncio.sleep(0.1)
        assert (await raw("GET", "/v1/status"))[0] == 200


@pytest.mark.security("S21")
async def test_more_connections_than_allowed_are_closed_at_once(world, viewer, monkeypatch):
    monkeypatch.setattr(network, "MOST_CONNECTIONS", 2)
    held = [await asyncio.open_connection("127.0.0.1", world.api.network.port) for _ in range(2)]
    reader, writer = await asyncio.open_connection("127.0.0.1", world.api.network.port)
    assert await asyncio.wait_for(reader.read(), 10) == b""
    writer.close()
    async with remote(world, viewer) as client:
        with pytest.raises(Unreachable):
            await client.status()
    async with world.client() as client:
        assert (await client.status()).version
    for _, each in held:
        each.close()


# --- streams ---


async def until_it_ends(stream):
    told = set()
    try:
        async for topics in stream:
            told |= topics
    except Unreachable:
        return told


@pytest.mark.security("S2")
@pytest.mark.parametrize("how", ["revoked", "expired"])
async def test_a_stream_ends_with_its_token(world, viewer, how):
    async with remote(world, viewer) as client, world.client() as local:
        stream = client.events()
        assert await anext(stream) == frozenset()
        if how == "revoked":
            await local.revoke_token(1)
        else:
            world.env.ahead += timedelta(days=91)
            await world.store.write(lambda tx: tx.execute("UPDATE tokens SET name = name"))
        told = await asyncio.wait_for(until_it_ends(stream), 10)
    assert "tokens" not in told
    assert world.api.events._listeners == set()


@pytest.mark.security("S2")
async def test_a_stream_goes_on_while_its_token_is_good(world, viewer):
    async with remote(world, viewer) as client:
        stream = client.events()
        await anext(stream)
        await make_token(world, "bo")
        async with asyncio.timeout(10):
            while "tokens" not in await anext(stream):
                pass
        await stream.aclose()


# --- TLS ---


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def files(authority, tmp_path_factory):
    """The paths of the certificate of 127.0.0.1, its key, and the authority."""
    folder = tmp_path_factory.mktemp("tls")
    made = authority.issue_cert("127.0.0.1", "localhost")
    made.private_key_pem.write_to_path(str(folder / "key.pem"))
    (folder / "key.pem").chmod(0o600)
    for blob in made.cert_chain_pems:
        blob.write_to_path(str(folder / "cert.pem"), append=True)
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    return str(folder / "cert.pem"), str(folder / "key.pem"), str(folder / "ca.pem")


@pytest.fixture
async def encrypted(build, files):
    return await build(control=control(tcp=Tcp(listen="127.0.0.1:0", cert_file=files[0], key_file=files[1])))


def https(world, host="127.0.0.1"):
    return f"https://{host}:{world.api.network.port}"


@pytest.mark.security("S2", "S9")
async def test_with_a_certificate_everything_is_encrypted(encrypted, files):
    token = await make_token(encrypted, "vera")
    for host in ("127.0.0.1", "localhost"):
        async with Client(Remote(url=https(encrypted, host), token=token, ca_file=files[2])) as client:
            assert (await client.whoami()).user == "vera"
            stream = client.events()
            assert await anext(stream) == frozenset()
            await stream.aclose()
    async with remote(encrypted, token) as client:
        with pytest.raises(Unreachable):
            await client.status()


@pytest.mark.security("S2", "S9")
async def test_a_certificate_that_is_not_trusted_is_told_and_no_token_is_sent(encrypted, tmp_path):
    token = await make_token(encrypted, "vera")
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    for ca_file in (None, str(other)):
        async with Client(Remote(url=https(encrypted), token=token, ca_file=ca_file)) as client:
            with pytest.raises(Unreachable, match=r"certificate of .* is not trusted: .*--ca-file"):
                await client.status()
    async with encrypted.client() as client:
        assert (await client.tokens()).items[0].last_used_at is None


@pytest.mark.security("S2", "S9")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1], ids=["1.0", "1.1"])
async def test_tls_before_1_2_is_refused(encrypted, files, version):
    context = ssl.create_default_context(cafile=files[2])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = context.maximum_version = version
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection("127.0.0.1", encrypted.api.network.port, ssl=context)
    assert network.tls_of(encrypted.config.control.tcp).minimum_version is ssl.TLSVersion.TLSv1_2


@pytest.mark.security("S2")
def test_a_certificate_that_cannot_be_used_is_told_before_anything_listens(files, tmp_path):
    cert, key, _ = files
    (tmp_path / "key.pem").write_text("no key")
    (tmp_path / "key.pem").chmod(0o600)
    (tmp_path / "open.pem").write_text("")
    (tmp_path / "open.pem").chmod(0o644)
    for bad, said in (("key.pem", "cannot be used"), ("none.pem", "No such file"), ("open.pem", "chmod 600")):
        with pytest.raises(ConfigError, match=said):
            network.tls_of(Tcp(cert_file=cert, key_file=str(tmp_path / bad)))
    assert network.tls_of(Tcp(cert_file=cert, key_file=key)) is not None


# --- the client ---

TOKEN = "xdk_1_" + "0" * 64


@pytest.mark.security("S2")
@pytest.mark.parametrize(("url", "said"), [
    ("http://crossdock.test:8788", "not encrypted"), ("http://10.0.0.1:8788", "not encrypted"),
    ("http://127.0.0.1.evil.test", "not encrypted"), ("ftp://x", "is written as"), ("crossdock.test:8788", "is written as"),
    ("https://", "is written as"), ("https://[::1", "is written as"), ("https://u:secret@x", "write the address only"),
    ("https://x?token=secret", "write the address only"),
])  # fmt: skip
def test_an_address_that_must_not_be_used_is_told_without_what_may_be_a_secret(url, said):
    with pytest.raises(BadRemote, match=said) as refused:
        Remote(url=url, token=TOKEN)
    assert "secret" not in str(refused.value)


@pytest.mark.security("S2")
@pytest.mark.parametrize(
    "url", ["http://localhost:1", "http://127.0.0.1", "http://[::1]:1", "https://x.test", "https://10.0.0.1/below/"]
)
def test_unencrypted_it_is_spoken_to_this_machine_only(url):
    assert Remote(url=url, token=TOKEN).url == url


@pytest.mark.security("S2", "S8")
def test_a_token_that_was_not_copied_whole_is_told_and_never_shown():
    for token in (TOKEN[:-1], TOKEN + "\r\nX: y", ""):
        with pytest.raises(BadRemote, match="no token of crossdock") as refused:
            Remote(url="https://x", token=token)
        assert not token or token not in str(refused.value)
    assert TOKEN not in repr(Remote(url="https://x", token=TOKEN))


@pytest.mark.security("S2")
async def test_a_wrong_token_and_nobody_there_are_told_in_plain_words(world, unused_tcp_port):
    async with remote(world, TOKEN) as client:
        with pytest.raises(Refusal, match="needs a token that is good"):
            await client.status()
    async with Client(Remote(url=f"http://127.0.0.1:{unused_tcp_port}", token=TOKEN)) as client:
        with pytest.raises(Unreachable, match="no crossdock daemon answers at http://127"):
            await client.status()


@pytest.mark.security("S2")
def test_an_authority_that_cannot_be_read_is_told(tmp_path):
    (tmp_path / "ca.pem").write_text("nothing")
    for name in ("none.pem", "ca.pem"):
        with pytest.raises(BadRemote, match="cannot be used as certificates"):
            Client(Remote(url="https://127.0.0.1:1", token=TOKEN, ca_file=str(tmp_path / name)))


@pytest.mark.security("S2")
async def test_the_client_follows_nobody_elsewhere():
    asked = []

    async def serve(reader, writer):
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 307 x\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, Client(Remote(url=f"http://127.0.0.1:{port}", token=TOKEN)) as client:
        with pytest.raises(Unreachable, match="sends elsewhere"):
            await client.status()
        with pytest.raises(Refusal, match="status 307"):
            await anext(client.events())
    assert len(asked) == 2
