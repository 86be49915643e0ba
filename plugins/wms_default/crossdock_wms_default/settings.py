"""The settings of a wms_default connection."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from crossdock.spec.connector import SecretRef
from crossdock.spec.outbound import Stage
from crossdock.spec.outbound_changes import FieldGroup


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the WMS is, how to prove who we are, and how far it keeps the contract."""

    url: Annotated[str, Meta(pattern=r"^https?://", description="Base address of the WMS, without /v1")]
    token: Annotated[SecretRef, Meta(description="Bearer token")]
    idempotency: Annotated[
        Literal["key", "lookup", "none"],
        Meta(
            description="key: a repeated key makes no second document (the contract); lookup: it does, but documents can "
            "be found by key; none: neither, so that a lost answer needs a person"
        ),
    ] = "key"
    lookup_lag_s: Annotated[
        float, Meta(ge=0, le=86_400, description="Seconds until a new document can be found by its key")
    ] = 0
    max_batch: Annotated[int, Meta(ge=1, le=50, description="Documents created in one call, at most")] = 50
    updates: Annotated[
        dict[FieldGroup, Stage],
        Meta(
            description='The last stage at which the WMS takes a change of a group of fields, such as {lines = "picking"}; of '
            "a group that is not named crossdock assumes little"
        ),
    ] = field(default_factory=dict)
    cancel_until: Annotated[
        Stage | None,
        Meta(description="The last stage at which the WMS still cancels; left out: it is asked, and may refuse"),
    ] = None
