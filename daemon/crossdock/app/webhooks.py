"""The receiver of webhooks and what hints lead to, put together; there is none unless the configuration names an address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crossdock.config.checks import address_of
from crossdock.control.webhook_receiver import WebhookReceiver
from crossdock.engine.hint_keeper import HintKeeper
from crossdock.ops.secrets import SecretUnavailable
from crossdock.rules.webhooks import weakness

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from crossdock.app.watch import Watch
    from crossdock.config.model import Config
    from crossdock.connectors.open_connection import OpenConnection
    from crossdock.engine.engine import Engine
    from crossdock.ops.secrets import SecretStore


@dataclass
class WebhookRoom:
    """What runs."""

    receiver: WebhookReceiver
    hints: HintKeeper

    async def stop(self) -> None:
        """Stop taking webhooks, then stop acting on them."""
        await self.receiver.stop()
        await self.hints.stop()


async def open_webhooks(
    config: Config, engine: Engine, links: Mapping[str, OpenConnection], secrets: SecretStore, watch: Watch
) -> WebhookRoom | None:
    """Begin to take webhooks, if the configuration says where. Raises OSError for an address that cannot be had."""
    webhooks = config.webhooks
    if webhooks.listen is None:
        return None

    def live(name: str) -> Sequence[str]:
        found = [secrets.get(reference).reveal() for reference in webhooks.connections[name].secrets]
        for reference, secret in zip(webhooks.connections[name].secrets, found, strict=True):
            if weak := weakness(secret):
                raise SecretUnavailable(reference, f"secret {reference} of the webhooks of {name}: {weak}")
        return found

    hints = HintKeeper(engine, webhooks.min_gap_s)
    receiver = WebhookReceiver(webhooks, engine.env, engine.store, links, live, hints.add, watch.webhook)
    hints.start()
    await receiver.start(*address_of(webhooks.listen))
    return WebhookRoom(receiver, hints)
