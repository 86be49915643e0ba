"""The client's calls about who may do what."""

from __future__ import annotations

from crossdock.control.records.users import Roles, UserPage
from crossdock.control.transport import Transport


class UserCalls(Transport):
    """Users and roles, as the configuration has them; nothing here changes them."""

    async def users(self, **query: object) -> UserPage:
        """List who may do something; the parameters are UserQuery's."""
        return await self.call("GET", "/v1/users", UserPage, **query)

    async def roles(self) -> Roles:
        """List the roles with their rights."""
        return await self.call("GET", "/v1/roles", Roles)
