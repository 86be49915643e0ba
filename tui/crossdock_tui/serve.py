"""Shows the dashboard in browsers: each page that is opened runs the dashboard as a process of its own and draws its terminal."""

from __future__ import annotations

import hmac
import ipaddress
import logging
import os
import re
import secrets
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp_jinja2
from aiohttp import web
from textual_serve.server import Server

from crossdock_tui.language import _, use, wanted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

PAGE = Path(__file__).parent / "browser"
MOST_SESSIONS = 20
"""Pages that may be open at a time: each is a process."""
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "font-src 'self' data:; connect-src 'self' {socket}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""The page gets everything from here, also its fonts, and stands in no other page's frame."""
ADDRESS = re.compile(r"(https?://(?:[\w.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?)/?", re.IGNORECASE | re.ASCII)
RUN = "from crossdock.cli.main import main; main()"


COOKIE = "crossdock-{port}"
"""Browsers send a cookie to every port of a host, so its name tells one dashboard's from another's."""


class BadAddress(Exception):
    """An address that the dashboard is not shown at; the message says why, for a person."""


def is_local(host: str) -> bool:
    """Tell whether only this machine reaches an address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def public_address(host: str, port: int, behind_proxy: str | None) -> str:
    """Return the address that is typed into browsers. Raises BadAddress."""
    if behind_proxy is None:
        if not is_local(host):
            raise BadAddress(
                f"{host} can be reached from other machines, and its key would go over the network in plain sight. Serve on "
                "127.0.0.1 and use an SSH tunnel, or put a proxy before it that asks who somebody is, and name its address with "
                "--behind-proxy"
            )
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    if (found := ADDRESS.fullmatch(behind_proxy)) is None:
        raise BadAddress(f"{behind_proxy!r} is no address of a proxy; write it as https://crossdock.example.net")
    return found[1].lower()


class Browsers(Server):
    """Serves the page and its socket to browsers that came to it by its own address, and to no other page's requests.

    `key`: a browser has to open the page with it once (`?key=`), and is known by a cookie from then on: every user of the
    machine reaches its ports. Empty: a proxy asks who somebody is.
    """

    def __init__(self, command: str, host: str, port: int, public: str, key: str) -> None:
        super().__init__(command, host=host, port=port, title="crossdock", public_url=public, templates_path=PAGE)
        self.key, self.cookie, self.seen = key, COOKIE.format(port=port), secrets.token_urlsafe(32)
        self.hosts = {urlsplit(public).netloc, f"{host}:{port}"}
        self.policy = POLICY.format(socket=public.replace("http", "ws", 1))
        self.open = 0

    def initialize_logging(self) -> None:
        """Log what went wrong, plainly: a traceback with its variables would show the environment, and the token in it."""
        logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing of one's own: the starter said it."""

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        aiohttp_jinja2.get_env(app).globals["said"] = {
            "opens": _("The dashboard opens …"), "ended": _("The dashboard was left."), "again": _("Open it again"),
        }  # fmt: skip
        app.middlewares.append(self.guard)
        app.on_response_prepare.append(self.harden)
        return app

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse what another web page asks for in a browser's name (a name bound to this address, or its socket)."""
        if request.host.lower() not in self.hosts:
            raise web.HTTPMisdirectedRequest(text=f"open {self.public_url}\n")
        if "Origin" in request.headers and request.headers["Origin"].lower() != self.public_url:
            raise web.HTTPForbidden(text="another page may not use the dashboard\n")
        if not self.key or _same(request.cookies.get(self.cookie, ""), self.seen):
            return await handler(request)
        if not _same(request.query.get("key", ""), self.key):
            raise web.HTTPForbidden(
                text="open the whole address that was said where the dashboard was started, with its key\n"
            )
        opened = web.HTTPSeeOther("/")
        opened.set_cookie(self.cookie, self.seen, httponly=True, samesite="Lax", path="/")
        raise opened

    async def harden(self, _request: web.Request, response: web.StreamResponse) -> None:
        """Tell the browser what the page may do."""
        response.headers["Content-Security-Policy"] = self.policy
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Run a dashboard for a page; a page has said where it comes from."""
        if "Origin" not in request.headers:
            raise web.HTTPForbidden(text="this is for the dashboard's page\n")
        if self.open >= MOST_SESSIONS:
            raise web.HTTPServiceUnavailable(text=f"{MOST_SESSIONS} dashboards are open already; close one\n")
        self.open += 1
        try:
            return await super().handle_websocket(request)
        finally:
            self.open -= 1


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), right.encode())


def serve_dashboard(
    environ: Mapping[str, str], *, host: str, port: int, behind_proxy: str | None, screen: str = ""
) -> int:
    """Serve until Ctrl-C or SIGTERM. `environ` says where the daemon is, the token with it. Raises BadAddress, OSError."""
    public = public_address(host, port, behind_proxy)
    os.environ.update(environ)  # what each page's process gets: a command line is seen by everybody on the machine
    use(wanted(os.environ))
    words = [sys.executable, "-c", RUN, "tui", *(("--screen", screen) if screen else ())]
    key = "" if behind_proxy else secrets.token_urlsafe(32)
    warning = (
        _("Whoever has this address acts as you: give it to nobody. A new one is made at every start.")
        if key
        else _("Whoever reaches port {port} of {host} acts as you, without being asked who they are.").format(
            port=port, host=host
        )
    )
    address = f"{public}/?key={key}" if key else public
    for line in (_("The dashboard is at {address}").format(address=address), warning, _("Ctrl-C ends it.")):
        sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
    Browsers(shlex.join(words), host, port, public, key).serve()
    return 0
