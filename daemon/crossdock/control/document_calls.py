"""The client's calls about documents of warehouses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crossdock.control.records.asks import Matching, Queued
from crossdock.control.records.documents import (
    DocumentDetail,
    DocumentPage,
    FetchDocuments,
    RepushDocuments,
    RepushedDocuments,
)
from crossdock.control.transport import Transport, part

if TYPE_CHECKING:
    from crossdock.control.records.documents import Direction


class DocumentCalls(Transport):
    """Documents."""

    async def documents(self, **query: object) -> DocumentPage:
        """List documents; the parameters are DocumentQuery's."""
        return await self.call("GET", "/v1/documents", DocumentPage, **query)

    async def document(self, connection: str, ref: str, list_name: str | None = None) -> DocumentDetail:
        """Show one document."""
        return await self.call("GET", f"/v1/documents/{part(connection)}/{part(ref)}", DocumentDetail, list=list_name)

    async def repush_documents(self, wanted: RepushDocuments) -> RepushedDocuments:
        """Push documents again."""
        return await self.call("POST", "/v1/documents/repush", RepushedDocuments, wanted)

    async def count_documents(self, **query: object) -> Matching:
        """Count the documents that would be pushed again; the parameters are RepushQuery's."""
        return await self.call("GET", "/v1/documents/repush", Matching, **query)

    async def fetch_documents(self, connection: str, direction: Direction) -> Queued:
        """Fetch the documents of one direction now."""
        wanted = FetchDocuments(connection=connection, direction=direction)
        return await self.call("POST", "/v1/documents/fetch", Queued, wanted)
