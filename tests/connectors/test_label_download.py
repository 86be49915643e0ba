"""Labels that an OMS gives by address: from declared hosts only, bounded, nothing followed, and only what is a label."""

from __future__ import annotations

import asyncio
import gzip
from datetime import UTC, datetime, timedelta

import pytest
from tests.connectors.conftest import RawServer, always, answer, connection

from crossdock.connectors import label_bytes
from crossdock.connectors.label_bytes import MAX_BYTES, NoLabel
from crossdock.connectors.label_download import LabelDownload
from crossdock.env import Env
from crossdock.spec.errors import Rejected
from crossdock.spec.hooks import hookimpl
from crossdock.spec.labels import Label

PDF = b"%PDF-1.7\n%%EOF\n"
SAMPLES = {
    "application/pdf": PDF,
    "image/png": b"\x89PNG\r\n\x1a\n....",
    "image/gif": b"GIF89a....",
    "image/jpeg": b"\xff\xd8\xff\xe0....",
    "application/zpl": b"^XA^FDhello^FS^XZ",
    "text/plain": b"\r\n^XA^FDhello^FS^XZ",
    "x-application/zpl": b"CT~~CD,~CC^~CT~^XA^XZ",
    "Application/PDF; charset=binary": PDF,
}
HTML = b"<!doctype html><title>Please log in</title>"
pytestmark = [pytest.mark.behaviour("R22"), pytest.mark.security("S10")]


@pytest.fixture
async def download():
    made = []

    def make(*hosts, **limits):
        made.append(LabelDownload("shop", connection(label_hosts=hosts, **limits), Env()))
        return made[-1]

    yield make
    for each in made:
        await each.close()


async def refused(download, label) -> Rejected:
    with pytest.raises(Rejected) as caught:
        await download.whole(label)
    assert caught.value.code.startswith("label_")
    return caught.value


def at(port, path="/l.pdf?secret=hush", **fields):
    return Label(content_type="application/pdf", url=f"http://127.0.0.1:{port}{path}", **fields)


@pytest.mark.parametrize("media", SAMPLES)
async def test_a_label_behind_a_declared_address_is_had_with_its_bytes(download, media):
    async with RawServer(always(answer(SAMPLES[media], media=media))) as remote:
        whole = await download(f"127.0.0.1:{remote.port}").whole(at(remote.port, tracking_number="T1"))
    assert (whole.data, whole.url, whole.tracking_number) == (SAMPLES[media], None, "T1")
    assert whole.content_type == media.partition(";")[0].lower()
    (request,) = remote.requests
    assert request.startswith(b"GET /l.pdf?secret=hush HTTP/1.1\r\n")
    assert b"authorization" not in request.lower()
    assert b"cookie" not in request.lower()


@pytest.mark.parametrize(
    ("served", "code"),
    [
        (answer(b"gone", status=404), "label_status"),
        (answer(b"", "Location: http://169.254.169.254/latest/meta-data", status=302), "label_status"),
        (answer(b"", status=500), "label_status"),
        (answer(HTML, media="text/html"), "label_type"),
        (answer(HTML, media="application/pdf"), "label_type"),
        (answer(PDF, media="image/png"), "label_type"),
        (answer(PDF, media="application/octet-stream"), "label_type"),
        (answer(b"", media="application/pdf"), "label_empty"),
        (answer(PDF, media="application/pdf", length=50_000_000), "label_too_large"),
        (answer(PDF, media="application/pdf", length=500), "label_unreachable"),
        (b"SSH-2.0-OpenSSH\r\n", "label_unreachable"),
        (b"", "label_unreachable"),
    ],
    ids=[
        "404",
        "redirect",
        "500",
        "html",
        "html-as-pdf",
        "pdf-as-png",
        "octets",
        "empty",
        "50MB",
        "short",
        "ssh",
        "cut",
    ],
)
async def test_what_is_no_label_is_refused_and_asked_for_once(download, served, code):
    async with RawServer(always(served)) as remote:
        error = await refused(download(f"127.0.0.1:{remote.port}"), at(remote.port))
        assert len(remote.requests) == 1
    assert error.code == code
    assert "hush" not in str(error)


@pytest.mark.behaviour("P9")
@pytest.mark.parametrize("packed", [False, True])
async def test_a_body_that_does_not_end_is_read_to_the_bound_and_no_further(download, packed):
    chunk = b"\x00" * 2**20
    sent = 0

    async def endless(writer, _number):
        nonlocal sent
        head = b"HTTP/1.1 200 X\r\nContent-Type: application/pdf\r\nConnection: close\r\n"
        writer.write(head + (b"Content-Encoding: gzip\r\n\r\n" if packed else b"\r\n") + b"")
        blob = gzip.compress(chunk * 64) if packed else chunk
        for _ in range(1 if packed else 512):
            writer.write(blob)
            await writer.drain()
            sent += len(blob)
        return False

    async with RawServer(endless) as remote:
        error = await refused(download(f"127.0.0.1:{remote.port}", timeout_s=20), at(remote.port))
    assert error.code == "label_too_large"
    assert sent < 2 * MAX_BYTES


async def test_a_server_that_says_nothing_is_not_waited_for_longer_than_the_timeout(download):
    async def silent(_writer, _number):
        await asyncio.sleep(30)

    async with RawServer(silent) as remote:
        error = await refused(download(f"127.0.0.1:{remote.port}", timeout_s=0.3), at(remote.port))
    assert error.code == "label_unreachable"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("file:///etc/passwd", "label_url"),
        ("ftp://labels.test/x", "label_url"),
        ("gopher://labels.test/x", "label_url"),
        ("//labels.test/x", "label_url"),
        ("labels.test/x", "label_url"),
        ("https://user:pass@labels.test/x", "label_url"),
        ("https://labels.test@evil.test/x", "label_url"),
        ("https://labels.test\\@evil.test/x", "label_url"),
        ("https://labels.test/\r\nX: y", "label_url"),
        ("https://labels.test:99999/x", "label_url"),
        ("https://[::1/x", "label_url"),
        ("https://ラベル.test/x", "label_url"),
        ("https://labels.test/" + "x" * 5000, "label_url"),
        ("https://evil.test/x", "label_host"),
        ("https://labels.test.evil.test/x", "label_host"),
        ("https://sub.labels.test/x", "label_host"),
        ("https://labels.test:8443/x", "label_host"),
        ("https://169.254.169.254/latest/meta-data", "label_host"),
        ("https:///x", "label_host"),
    ],
)
async def test_an_address_that_is_none_of_the_declared_is_refused_before_anything_is_resolved(download, url, code):
    error = await refused(download("labels.test"), Label(content_type="application/pdf", url=url))
    assert error.code == code


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "169.254.169.254", "[::1]", "[::ffff:10.0.0.1]", "0.0.0.0", "100.64.0.1"]
)
async def test_a_declared_host_that_is_no_public_one_is_still_refused_by_the_guard(download, host):
    """Declaring a host says nothing about where its name leads: the address is judged when it is connected to."""
    label = Label(content_type="application/pdf", url=f"http://{host}/x")
    error = await refused(download(host.strip("[]"), allow_private=()), label)
    assert error.code == "label_host"
    assert "allow_private" in str(error)


async def test_http_needs_the_flag_that_allows_it(download):
    async with RawServer(always(answer(PDF, media="application/pdf"))) as remote:
        error = await refused(download(f"127.0.0.1:{remote.port}", allow_http=False), at(remote.port))
        assert (error.code, remote.requests) == ("label_url", [])


async def test_an_address_that_does_not_work_any_more_is_not_asked(download):
    async with RawServer(always(answer(PDF, media="application/pdf"))) as remote:
        label = at(remote.port, expires_at=datetime.now(UTC) - timedelta(seconds=1))
        error = await refused(download(f"127.0.0.1:{remote.port}"), label)
        assert (error.code, remote.requests) == ("label_expired", [])


@pytest.mark.parametrize("media", SAMPLES)
def test_bytes_must_be_what_their_content_type_says(media):
    label_bytes.check(media, SAMPLES[media])
    for other, data in SAMPLES.items():
        if label_bytes.sniffed(data) != label_bytes.check_type(media):
            with pytest.raises(NoLabel):
                label_bytes.check(media, data)
        assert label_bytes.sniffed(data) == label_bytes.check_type(other)


@pytest.mark.parametrize(
    "data", [HTML, b"", b"\x00" * 10, b"PK\x03\x04", b"MZ", b"hello", b"#!/bin/sh", b"~JA", b" %PDF-1"]
)
def test_other_bytes_are_no_label_whatever_they_are_called(data):
    for media in SAMPLES:
        with pytest.raises(NoLabel):
            label_bytes.check(media, data)


def test_a_label_has_no_more_bytes_than_it_may():
    label_bytes.check("application/pdf", PDF.ljust(MAX_BYTES))
    with pytest.raises(NoLabel, match="at most"):
        label_bytes.check("application/pdf", PDF.ljust(MAX_BYTES + 1))


@pytest.mark.parametrize(
    ("label", "code"),
    [
        (Label(content_type="application/pdf", data=HTML), "label_type"),
        (Label(content_type="text/html", data=HTML), "label_type"),
        (Label(content_type="application/pdf"), "label_empty"),
        (Label(content_type="application/pdf", url="file:///etc/passwd"), "label_url"),
    ],
)
async def test_what_a_connector_returns_is_checked_the_same_way(connect, label, code):
    class Oms:
        @hookimpl
        async def fetch_label(self, ref):
            return label if ref == "bad" else Label(content_type="application/pdf", data=PDF)

    link = connect(Oms)
    assert (await link.fetch_label("good", None)).data == PDF
    with pytest.raises(Rejected) as caught:
        await link.fetch_label("bad", None)
    assert caught.value.code == code
