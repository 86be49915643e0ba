"""The dashboard in a browser: a real Chromium on `crossdock tui --serve`; who is refused; what is never in a command line."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import re
import shutil
import socket
import sys
import time
from pathlib import Path

import aiohttp
import pytest
from tests.e2e.conftest import RUN
from tests.tui.conftest import an_order

from crossdock_tui.serve import BadAddress, public_address

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
TOKEN = "xdk_1_" + "5" * 64


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Served:
    """A process of `crossdock … tui --serve`, and its address."""

    def __init__(self, process, port, said):
        self.process, self.said = process, said
        self.url = f"http://127.0.0.1:{port}"
        address = re.search(r"is at (http\S+)", said)
        self.address = address[1] if address and address[1].startswith(self.url) else self.url

    def children(self):
        """The processes of the pages that are open, by id."""
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(each) for each in found]


@pytest.fixture
async def serve(tmp_path):
    """Serve dashboards; `words` stand before `tui`."""
    started = []

    async def serve(*words, more=(), **environ):
        port = free_port()
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", RUN, *words, "tui", "--serve", "--port", str(port), *more,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "XDG_STATE_HOME": str(tmp_path), **environ},
        )  # fmt: skip
        started.append(process)
        said = ""
        while line := await asyncio.wait_for(process.stdout.readline(), 30):
            said += line.decode()
            if "Ctrl-C ends it" in said:
                break
        served = Served(process, port, said)
        if process.returncode is None and "Ctrl-C" in said:
            await until(lambda: answers(served), "it answers, or has ended")
        return served

    yield serve
    for process in started:
        if process.returncode is None:
            process.terminate()
        await asyncio.wait_for(process.wait(), 20)


async def answers(served, path="", *, jar=None, **headers):
    """The status of a request, by default for the address that was said; nothing where nobody answers yet."""
    if served.process.returncode is not None:
        return "ended"
    url = served.url + path if path else served.address
    try:
        async with browser(jar) as session, session.get(url, headers=headers) as response:
            return response.status
    except aiohttp.ClientConnectionError:
        return None


def browser(jar=None):
    """A session that keeps the cookies of an address, as a browser does."""
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True) if jar is None else jar)


async def until(holds, what, seconds=30):
    end = time.monotonic() + seconds
    while not await holds():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.05)


def colours(png):
    """How many colours a picture has, and how much of it is not the commonest one."""
    from PIL import Image

    picture = Image.open(io.BytesIO(png)).convert("RGB")
    found = picture.getcolors(1 << 24)
    return len(found), 1 - max(count for count, _ in found) / (picture.width * picture.height)


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed (Debian: apt-get install chromium)")
async def test_a_browser_shows_the_orders_and_its_keys_work(world, serve, tmp_path):
    from playwright.async_api import async_playwright

    await world.client(lambda c: c.switch_auto_push("WH", on=False, revision=1))
    world.oms.put([an_order(number) for number in range(1, 6)])
    await world.until_state("O-5", "not_pushed")
    served = await serve("--socket", str(world.folder / "control.sock"), more=("--screen", "orders"))
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS], headless=True)
        page = await browser.new_page(viewport={"width": 1280, "height": 720})
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        await page.goto(served.address)
        await page.wait_for_selector("body.-first-byte")

        async def shows_a_list():
            return colours(await page.screenshot())[1] > 0.05

        await until(shows_a_list, "the list stands in the page")
        before = await settled(page)
        (tmp_path / "list.png").write_bytes(before)
        many, drawn = colours(before)
        assert many > 20
        assert drawn > 0.02
        await page.keyboard.press("?")
        await until(lambda: changed(page, before), "the help is opened")
        helped = await settled(page)
        await page.keyboard.press("Escape")
        await until(lambda: changed(page, helped), "the help is closed")
        await page.keyboard.press("Enter")
        await until(lambda: changed(page, before), "the order is opened")
        (tmp_path / "order.png").write_bytes(await settled(page))
        assert len(served.children()) == 1
        await browser.close()
        assert [url for url in asked if not url.startswith((served.url, "data:", "blob:"))] == []
    await until(lambda: gone(served), "its process ended with the page")


async def settled(page):
    """A picture that stays the same for a moment, or the last one where the clock ticks."""
    picture = await page.screenshot()
    for _ in range(10):
        await asyncio.sleep(0.2)
        fresh = await page.screenshot()
        if fresh == picture:
            break
        picture = fresh
    return picture


async def changed(page, before):
    """Whether more than a clock changed."""
    from PIL import Image, ImageChops

    pictures = [Image.open(io.BytesIO(each)).convert("L") for each in (before, await page.screenshot())]
    differing = ImageChops.difference(*pictures).point(lambda value: 255 if value > 32 else 0)
    return differing.histogram()[255] > 2_000


@contextlib.asynccontextmanager
async def opened(served):
    """A browser that has opened the address."""
    async with browser() as session:
        async with session.get(served.address) as response:
            assert response.status == 200
        yield session


async def gone(served):
    return served.children() == []


@pytest.mark.security("S2")
async def test_other_pages_and_other_names_are_refused(serve, tmp_path):
    served = await serve("--socket", str(tmp_path / "none.sock"))
    port = served.url.rsplit(":", 1)[1]
    jar = aiohttp.CookieJar(unsafe=True)
    assert await answers(served, jar=jar) == 200
    assert await answers(served, Host=f"evil.example:{port}") == 421
    assert await answers(served, Origin="http://evil.example") == 403
    socket = {"Upgrade": "websocket", "Connection": "Upgrade"}
    assert await answers(served, "/ws", jar=jar, Origin="http://evil.example", **socket) == 403
    assert await answers(served, "/ws", jar=jar, **socket) == 403
    assert served.children() == []
    async with browser(jar) as session, session.get(served.url) as response:
        assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]


@pytest.mark.security("S2")
async def test_another_user_of_the_machine_who_has_not_the_address_is_refused(serve, tmp_path):
    served = await serve("--socket", str(tmp_path / "none.sock"))
    for path in ("/", "/?key=", "/?key=guess", "/static/js/textual.js"):
        assert await answers(served, path) == 403
    own = {"Origin": served.url, "Upgrade": "websocket", "Connection": "Upgrade"}
    assert await answers(served, "/ws?width=80&height=24", **own) == 403
    assert await answers(served, "/", Cookie=f"crossdock-{served.url.rsplit(':', 1)[1]}=guess") == 403
    assert served.children() == []
    for each in (served.process.pid,):
        assert served.address.rsplit("=", 1)[1] not in Path(f"/proc/{each}/cmdline").read_text()
    jar = aiohttp.CookieJar(unsafe=True)
    assert await answers(served, jar=jar) == 200
    assert await answers(served, "/static/js/textual.js", jar=jar) == 200
    (cookie,) = jar
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")


async def test_a_page_behind_a_proxy_needs_no_key_but_comes_by_the_address_of_the_proxy(serve, tmp_path):
    served = await serve("--socket", str(tmp_path / "none.sock"), more=("--behind-proxy", "https://desk.example.net"))
    assert "acts as you, without being asked who they are" in served.said
    assert await answers(served, "/") == 200
    assert await answers(served, "/", Host="desk.example.net") == 200
    assert await answers(served, "/", Host="other.example.net") == 421


@pytest.mark.security("S7")
async def test_a_page_gets_the_token_in_its_environment_and_no_command_line_has_it(serve):
    served = await serve("--connect", "http://127.0.0.1:9", CROSSDOCK_TOKEN=TOKEN)
    async with (
        opened(served) as session,
        session.ws_connect(f"{served.url}/ws?width=80&height=24", origin=served.url) as page,
    ):
        await asyncio.wait_for(page.receive(), 30)
        (child,) = served.children()
        lines = [Path(f"/proc/{each}/cmdline").read_text() for each in (served.process.pid, child)]
        assert not any(TOKEN in line for line in lines)
        assert f"CROSSDOCK_TOKEN={TOKEN}" in Path(f"/proc/{child}/environ").read_text().split("\0")
    await until(lambda: gone(served), "its process ended with the page")


async def test_at_the_start_it_says_that_whoever_has_the_address_acts_as_you_and_makes_a_new_one(serve, tmp_path):
    served = [await serve("--socket", str(tmp_path / "none.sock")) for _ in range(2)]
    for each in served:
        assert f"The dashboard is at {each.url}/?key=" in each.said
        assert "Whoever has this address acts as you" in each.said
    assert len({each.address.rsplit("=", 1)[1] for each in served}) == 2


async def test_it_does_not_begin_without_a_token_or_at_an_address_of_the_network(serve, tmp_path):
    refused = await serve("--connect", "http://127.0.0.1:9", CROSSDOCK_TOKEN_FILE=str(tmp_path / "none"))
    assert "cannot be read" in refused.said
    open_to_all = await serve("--socket", "none.sock", more=("--host", "0.0.0.0"))
    assert "can be reached from other machines" in open_to_all.said
    assert await open_to_all.process.wait() == 1


async def test_a_port_that_is_taken_is_said(serve, tmp_path):
    served = await serve("--socket", str(tmp_path / "none.sock"))
    port = served.url.rsplit(":", 1)[1]
    second = await serve("--socket", str(tmp_path / "none.sock"), more=("--port", port))
    rest = second.said + (await second.process.stdout.read()).decode()
    assert "cannot be listened at" in rest
    assert await second.process.wait() == 1


@pytest.mark.parametrize(
    ("host", "proxy", "address"),
    [
        ("127.0.0.1", None, "http://127.0.0.1:8790"),
        ("::1", None, "http://[::1]:8790"),
        ("localhost", None, "http://localhost:8790"),
        ("0.0.0.0", "https://Desk.example.net/", "https://desk.example.net"),
        ("10.0.0.5", "https://desk.example.net:8443", "https://desk.example.net:8443"),
    ],
)
def test_the_address_of_browsers(host, proxy, address):
    assert public_address(host, 8790, proxy) == address


@pytest.mark.parametrize(
    "proxy", ["desk.example.net", "ftp://desk", "https://", "https://a@desk", "https://desk/under", "https://desk:x", "https://desk?a"]
)  # fmt: skip
def test_a_proxy_is_named_by_its_whole_address(proxy):
    with pytest.raises(BadAddress, match="write it as https"):
        public_address("0.0.0.0", 8790, proxy)


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.5", "desk", "::"])
def test_a_host_that_others_reach_needs_a_proxy(host):
    with pytest.raises(BadAddress, match="can be reached from other machines"):
        public_address(host, 8790, None)
