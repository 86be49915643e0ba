"""What is done at once about a call that failed, whichever lane made it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.spec.errors import AuthFailed, ConnectorError

if TYPE_CHECKING:
    from crossdock.engine.connection_keeper import ConnectionKeeper
    from crossdock.engine.links import Link


async def note_failure(link: Link, keeper: ConnectionKeeper, error: ConnectorError, asked: str = "") -> None:
    """Have the connection judged by its failure; credentials that were refused are renewed, where it can."""
    keeper.failed(link.name, error, asked)
    if isinstance(error, AuthFailed):
        await refresh(link, keeper)


async def refresh(link: Link, keeper: ConnectionKeeper) -> None:
    """Renew the connection's credentials, where its connector can."""
    if "refresh_auth" not in link.hooks:
        return
    try:
        await link.refresh_auth()
    except ConnectorError as error:
        keeper.failed(link.name, error)
