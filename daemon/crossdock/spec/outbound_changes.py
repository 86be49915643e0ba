"""What is asked of a warehouse about a document that it already has: change it, cancel it, keep it waiting."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from crossdock.spec.orders import Ref, Text
from crossdock.spec.outbound import Key, OutboundRequest


class FieldGroup(StrEnum):
    """The groups of fields in which a warehouse may or may not accept changes."""

    STATUS = "status"
    LINES = "lines"
    RECIPIENT = "recipient"
    LOGISTICS = "logistics"
    NOTES = "notes"
    LABEL = "label"
    OTHER = "other"


class OutboundUpdate(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What a warehouse's outbound document is to say from now on.

    `key` names this update and stays the same with every attempt; `request` is the whole new content under the key of
    the create; `groups` are the groups of fields that differ from `base_revision`, and nothing outside them may change.
    """

    key: Key
    remote_id: Ref | None = None
    base_revision: int
    groups: tuple[FieldGroup, ...]
    request: OutboundRequest


class OutboundCancel(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Asks a warehouse not to ship a document. `outbound_key` is the key under which the document was created."""

    key: Key
    outbound_key: Key
    order_ref: Ref
    warehouse: str
    remote_id: Ref | None = None
    reason: Text = ""


class OutboundHold(Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Asks a warehouse to keep a document waiting (`on`), or to go on with it."""

    key: Key
    outbound_key: Key
    order_ref: Ref
    warehouse: str
    on: bool
    remote_id: Ref | None = None
    reason: Text = ""
