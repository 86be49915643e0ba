"""Several people on one machine, for tests whose requests all come from one process."""

from __future__ import annotations

import msgspec


class Seen:
    """Says that whoever connects has this uid; everything else is as the kernel and the configuration say."""

    def __init__(self, inner, uid):
        self._inner, self._uid = inner, uid

    async def of(self, transport):
        found = await self._inner.of(transport)
        return None if found is None else msgspec.structs.replace(found, uid=self._uid)


def become(world, user, uid, *groups):
    """Have every caller be this user from now on."""
    world.become(user, *groups)
    world.api.identities = Seen(world.api.identities, uid)
