"""The client's calls about tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.control.records.tokens import CreatedToken, TokenItem, TokenPage
from crossdock.control.transport import Transport

if TYPE_CHECKING:
    from crossdock.control.records.tokens import CreateToken


class TokenCalls(Transport):
    """Tokens of the control API over TCP."""

    async def tokens(self, **query: object) -> TokenPage:
        """List tokens, newest first; the parameters are TokenQuery's."""
        return await self.call("GET", "/v1/tokens", TokenPage, **query)

    async def create_token(self, new: CreateToken) -> CreatedToken:
        """Make a token; its text stands in the answer only."""
        return await self.call("POST", "/v1/tokens", CreatedToken, new)

    async def revoke_token(self, number: int) -> TokenItem:
        """Revoke a token, for good."""
        return await self.call("POST", f"/v1/tokens/{number}/revoke", TokenItem)
