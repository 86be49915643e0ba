"""The settings of an oms_default connection."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from crossdock.spec.connector import SecretRef


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the OMS is, and how to prove who we are."""

    url: Annotated[str, Meta(pattern=r"^https?://", description="Base address of the OMS, without /v1")]
    token: Annotated[SecretRef, Meta(description="Bearer token")]
    cost_actual: Annotated[
        Literal["receipts", "set_average"],
        Meta(
            description="receipts: the OMS computes the average purchase price from the receipts it is told of; "
            "set_average: crossdock computes it, and writes it"
        ),
    ] = "set_average"
