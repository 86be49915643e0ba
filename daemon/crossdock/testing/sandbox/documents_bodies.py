"""The bodies of the default contract around documents."""

from __future__ import annotations

from datetime import datetime

from msgspec import Raw, Struct

from crossdock.spec.documents import InboundDoc, InboundPosting, OutboundDoc, OutboundPosting


class OutboundDocPage(Struct, frozen=True, kw_only=True):
    """One page of outbound documents, ordered by (`updated_at`, `ref`)."""

    items: tuple[OutboundDoc, ...]
    next_cursor: str | None
    watermark: datetime | None


class InboundDocPage(Struct, frozen=True, kw_only=True):
    """One page of inbound documents, each with every receipt so far, ordered by (`updated_at`, `ref`)."""

    items: tuple[InboundDoc, ...]
    next_cursor: str | None
    watermark: datetime | None


class OutboundPostings(Struct, frozen=True, kw_only=True):
    """Outbound documents to enter, 1 to 50 of them."""

    items: tuple[OutboundPosting, ...]


class InboundPostings(Struct, frozen=True, kw_only=True):
    """Inbound documents to enter, 1 to 50 of them."""

    items: tuple[InboundPosting, ...]


class RawPostings(Struct, frozen=True, kw_only=True):
    """The same, each item still to be read: one bad item must not spoil the others."""

    items: tuple[Raw, ...]
