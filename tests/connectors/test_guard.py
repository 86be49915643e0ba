"""Which addresses a connection may reach, in whatever form a name or an address is written."""

from __future__ import annotations

import asyncio
import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.connectors.conftest import RawServer, always, answer

from crossdock.connectors.guard import Guard, check_base
from crossdock.spec import errors

pytestmark = pytest.mark.security("S10")
PRIVATE = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.254", "127.0.0.1", "127.255.255.254",
    "169.254.169.254", "172.16.0.1", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1",
    "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:0:127.0.0.1", "64:ff9b::a00:1",
    "64:ff9b::7f00:1", "64:ff9b:1::808:808", "100::1", "2001::1", "2001:0:7f00:1::", "2001:db8::1", "2002:7f00:1::1",
    "2002:a9fe:a9fe::", "3fff::1", "4000::1", "5f00::1", "fc00::1", "fd12:3456::1", "fe80::1", "fec0::1", "ff02::1",
    "ff0e::1", "fe80::1%eth0", "2606:4700::1%eth0", "8.8.8.8%eth0", "127.1", "0x7f.1", "2130706433", "0177.0.0.1", "",
]  # fmt: skip
GLOBAL = ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101", "2002:101:101::"]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_that_belongs_to_nobody_on_the_internet_is_refused(address):
    assert not Guard(()).allows(address)


@pytest.mark.parametrize("address", GLOBAL)
def test_a_global_address_is_allowed(address):
    assert Guard(()).allows(address)


@pytest.mark.parametrize(
    ("network", "inside", "outside"),
    [
        (
            "10.20.0.0/16",
            ["10.20.0.1", "::ffff:10.20.255.1", "64:ff9b::a14:1"],
            ["10.21.0.1", "127.0.0.1", "10.19.255.255"],
        ),
        ("127.0.0.1", ["127.0.0.1"], ["127.0.0.2", "::1"]),
        ("::1", ["::1"], ["::2", "127.0.0.1"]),
        ("fd00:1::/32", ["fd00:1::5"], ["fd00:2::5", "fe80::1"]),
        ("fe80::/10", ["fe80::1", "fe80::1%eth0"], ["fd00::1"]),
    ],
)
def test_allow_private_lets_through_what_it_names_and_no_more(network, inside, outside):
    guard = Guard((network,))
    assert [guard.allows(address) for address in inside] == [True] * len(inside)
    assert [guard.allows(address) for address in outside] == [False] * len(outside)


@given(st.ip_addresses())
def test_whatever_is_allowed_is_global_also_by_the_standard_library(address):
    if Guard(()).allows(str(address)):
        inner = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
        assert (inner or address).is_global
        assert not address.is_multicast


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_alike_however_it_is_wrapped(address):
    guard, number = Guard(("10.0.0.0/8",)), int(address)
    wrapped = [
        f"::ffff:{address}",
        str(ipaddress.IPv6Address((0x2002 << 112) | (number << 80))),
        str(ipaddress.IPv6Address((0x64FF9B << 96) | number)),
    ]
    assert {guard.allows(each) for each in wrapped} == {guard.allows(str(address))}


@given(st.text(max_size=60))
def test_any_text_gets_an_answer(text):
    assert Guard(("10.0.0.0/8",)).allows(text) in (True, False)


@pytest.mark.parametrize("network", ["10.0.0.1/8", "nonsense", "10.0.0.0/33"])
def test_a_network_that_is_none_is_a_fault_of_the_configuration(network):
    with pytest.raises(errors.ConfigError, match="allow_private"):
        Guard((network,))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001",
        "127.0.0.1.", "localhost", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0", "0", "[::]",
    ],
)  # fmt: skip
async def test_a_host_on_this_machine_is_not_reached_however_it_is_written(http, host):
    async with RawServer(always(answer())) as remote:
        for call in ("get", "post"):
            client = http(f"http://{host}:{remote.port}", allow_private=())
            with pytest.raises((errors.ConfigError, errors.Retryable)) as caught:
                await (client.get("/x") if call == "get" else client.post("/x", b"{}"))
            unknown = "could not be resolved" in caught.value.message
            assert isinstance(caught.value, errors.ConfigError) or unknown, caught.value
    assert remote.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "[::ffff:127.0.0.1]", "169.254.169.254", "[fe80::1%25lo]", "10.0.0.1"])
async def test_a_literal_address_meets_the_guard_too_and_the_error_says_how_to_allow_it(http, host):
    with pytest.raises(errors.ConfigError, match=r"not an address this connection may reach.*http\.allow_private"):
        await http(f"http://{host}:1", allow_private=()).post("/x", b"{}")


async def test_a_name_with_several_forbidden_addresses_is_a_fault_of_the_configuration(http, resolve):
    resolve("shop.test", "127.0.0.1", "127.0.0.2", "::1")
    with pytest.raises(errors.ConfigError, match="may reach"):
        await http("http://shop.test:1", allow_private=()).post("/x", b"{}")


@pytest.fixture
async def resolve(monkeypatch):
    """Say what names resolve to: `resolve(name, *addresses)`; the next call for it counts from the next look-up on."""
    names: dict[str, tuple[str, ...]] = {}

    async def getaddrinfo(host, port, **_more):
        found = []
        for address in names[host]:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            target = (address, port, 0, 0) if ":" in address else (address, port)
            found.append((family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", target))
        return found

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
    return lambda name, *addresses: names.__setitem__(name, addresses)


async def test_a_name_that_resolves_elsewhere_the_second_time_is_caught_when_connecting(http, resolve):
    async with RawServer(always(answer(b"{}", "Connection: close"))) as remote:
        client = http(f"http://shop.test:{remote.port}", allow_private=("127.0.0.1/32",))
        resolve("shop.test", "127.0.0.1")
        assert (await client.get("/x")).status == 200
        client._session.connector.clear_dns_cache()
        resolve("shop.test", "127.0.0.2")
        with pytest.raises(errors.ConfigError, match=r"127\.0\.0\.2"):
            await client.get("/x")
    assert remote.connections == 1


async def test_of_several_addresses_only_an_allowed_one_is_used(http, resolve):
    async with RawServer(always(answer())) as remote:
        resolve("shop.test", "127.0.0.2", "127.0.0.1")
        client = http(f"http://shop.test:{remote.port}", allow_private=("127.0.0.1/32",))
        assert (await client.get("/x")).status == 200
    assert remote.connections == 1


@pytest.mark.parametrize("url", ["https://shop.test", "https://shop.test:8443/api/", "https://[2606:4700::1]/x"])
def test_a_plain_https_address_is_taken(url):
    assert check_base(url, allow_http=False) == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.test", "ftp://shop.test", "file:///etc/passwd", "//shop.test", "shop.test", "", "https://", "https://[::1",
        "https://user@shop.test", "https://user:pass@shop.test", "https://@shop.test", "https://shop.test\\@evil.test",
        "https://shop.test?token=x", "https://shop.test#x", "https://shop.test:99999", "https://shop.test:x", "https://a b",
        "https://shop.test\r\nX: y", "https://shop.test/\x00", "https://shop.test:0", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_an_address_that_is_not_plain_https_is_refused(url):
    with pytest.raises(errors.ConfigError, match="setting url"):
        check_base(url, allow_http=False)


@given(st.text(max_size=40) | st.from_regex(r"https?://[a-z@:\[\]0-9.%\\/?#-]{0,30}", fullmatch=True))
def test_any_setting_is_taken_or_refused_with_a_sentence(url):
    try:
        taken = check_base(url, allow_http=True)
    except errors.ConfigError:
        return
    assert taken.lower().startswith(("https://", "http://"))
