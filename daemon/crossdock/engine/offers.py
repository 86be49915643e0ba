"""What remote systems offer to be designated: stores and carriers of OMS, warehouses of WMS. Asked for, and kept for a while."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from crossdock.rules.offers import LOGISTICS, REMOTE, SHOPS, Offered
from crossdock.spec.errors import ConnectorError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Sequence

    from crossdock.engine.engine import Engine
    from crossdock.engine.links import Link
    from crossdock.spec.outbound import Choice

ASK_S = 5.0
"""A person who saves something waits so long for a remote system, at most."""
KEPT_S = 300.0
"""What was told counts for so long, unless something is missing in it."""
FAILED_S = 30.0
"""A system that did not tell is left alone for so long."""
HOOKS = {SHOPS: "list_shops", LOGISTICS: "list_logistics", REMOTE: "list_warehouses"}


class Offers:
    """Asks what is offered, all systems at once; what cannot be asked is not known, and refuses nothing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._told: dict[tuple[str, str], tuple[float, dict[str, str] | None]] = {}

    async def of_orders(self, shops: Collection[str], logistics: Collection[str]) -> Offered:
        """Return the stores and carriers of all OMS, each asked only if some are designated."""
        links = [link for link in self._engine.links.values() if link.kind != "wms"]
        found = {
            what: await self._together(links, what, wanted)
            for what, wanted in ((SHOPS, shops), (LOGISTICS, logistics))
            if wanted
        }
        known = {what: codes for what, (codes, _) in found.items()}
        unasked = frozenset(what for what, (_, missed) in found.items() if missed)
        return Offered(shops=known.get(SHOPS), logistics=known.get(LOGISTICS), unasked=unasked)

    async def of_warehouses(self, remotes: Collection[tuple[str, str]]) -> Offered:
        """Return the warehouses of the WMS connections among these (connection, code there)."""
        links = self._engine.links
        named = sorted({connection for connection, _ in remotes if connection in links})
        wanted = [{code for connection, code in remotes if connection == name} for name in named]
        told = await asyncio.gather(
            *(self._ask(links[name], REMOTE, codes) for name, codes in zip(named, wanted, strict=True))
        )
        found = {name: codes for name, codes in zip(named, told, strict=True) if codes is not None}
        missed = any(codes is None and HOOKS[REMOTE] in links[n].hooks for n, codes in zip(named, told, strict=True))
        return Offered(warehouses=found, unasked=frozenset({REMOTE} if missed else ()))

    async def _together(
        self, links: Sequence[Link], what: str, wanted: Collection[str]
    ) -> tuple[dict[str, str] | None, bool]:
        """Ask all; what one of them does not tell might be just what it offers, so then nothing is known."""
        told = await asyncio.gather(*(self._ask(link, what, wanted) for link in links))
        missed = any(codes is None and HOOKS[what] in link.hooks for link, codes in zip(links, told, strict=True))
        known = [codes for codes in told if codes is not None]
        if not known or len(known) < len(links):
            return None, missed
        return {code: name for codes in known for code, name in codes.items()}, False

    async def _ask(self, link: Link, what: str, wanted: Collection[str]) -> dict[str, str] | None:
        if HOOKS[what] not in link.hooks:
            return None
        now, key = self._engine.env.monotonic(), (link.name, what)
        if (kept := self._told.get(key)) is not None:
            at, codes = kept
            whole = codes is not None and all(each in codes for each in wanted)
            if now - at < (KEPT_S if whole else FAILED_S):
                return codes
        codes = await self._call(link, getattr(link, HOOKS[what]))
        self._told[key] = (now, codes)
        return codes

    async def _call(self, link: Link, ask: Callable[[], Awaitable[Sequence[Choice]]]) -> dict[str, str] | None:
        if not self._engine.keeper.may_call(link.name):
            return None
        try:
            async with asyncio.timeout(ASK_S):
                return {each.code: each.name for each in await ask()}
        except (ConnectorError, TimeoutError):
            return None


def designated(entries: Collection[Any], name: str) -> set[str]:
    """Collect the values of a dimension that entries designate; one that is not ticked designates nothing."""
    return {value for entry in entries for value in getattr(entry, name) or ()}
