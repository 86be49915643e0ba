"""What a connector declares about itself: its type, its settings, what its remote system can do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from crossdock.spec.costs import CostKind
from crossdock.spec.listing import MOST_RECORDS
from crossdock.spec.orders import FetchMode
from crossdock.spec.outbound import Stage
from crossdock.spec.outbound_changes import FieldGroup

API = "1.1"
"""The version of the connector contract this daemon speaks."""


class SecretRef(Struct, frozen=True, forbid_unknown_fields=True):
    """A setting whose value is a secret: the configuration holds only its name, `{secret = "shop.token"}`."""

    secret: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,100}$", description="Name of the secret")]


class Rate(Struct, frozen=True):
    """At most `calls` calls of hooks start in any `seconds` seconds, over all the hooks of a connection."""

    calls: Annotated[int, Meta(ge=1, le=10**6)]
    seconds: Annotated[float, Meta(gt=0, le=86_400)]


class Capabilities(Struct, frozen=True, kw_only=True):
    """What the remote system can do; the daemon plans by it.

    `idempotency`: "key" — a repeated key returns the first answer, so the same bytes may be sent again; "lookup" — it
    does not, but `find_outbound` tells what arrived; "none" — neither, so a lost answer needs a person.
    `lookup_lag_s`: how late `find_outbound` may be. `max_lookup`: how many keys it is asked for in one call; after a call
    that takes too long the daemon asks for half as many, down to one. `ordered_pages`: pages come in the order of change, so that each one
    may be checkpointed. `batch_atomic`: a batch that is refused as a whole (Rejected) left nothing behind, so its requests
    may be sent one by one at once.

    `updates`: the last stage at which a change of a group of fields is accepted; of a group that is not named the daemon
    assumes little. `cancel_until`: the last stage at which a cancellation is still accepted. `tells_stage`: `find_outbound`
    says how far a document is, so that it is asked before a change is sent that a stage may forbid. `costs`: the costs that it
    keeps. `cost_actual` of an OMS: "receipts" — it computes the average purchase price from the receipts it is given;
    "set_average" — the daemon does, and writes it.
    """

    fetch_modes: Annotated[tuple[FetchMode, ...], Meta(min_length=1)] = (FetchMode.CHANGED,)
    idempotency: Literal["key", "lookup", "none"] = "lookup"
    lookup_lag_s: Annotated[float, Meta(ge=0, le=86_400)] = 0
    ordered_pages: bool = False
    max_page: Annotated[int, Meta(ge=1, le=MOST_RECORDS)] = 100
    max_batch: Annotated[int, Meta(ge=1, le=1000)] = 1
    max_lookup: Annotated[int, Meta(ge=1, le=1000)] = 100
    batch_atomic: bool = False
    concurrency: Annotated[int, Meta(ge=1, le=1000)] = 8
    rate: tuple[Rate, ...] = ()
    updates: dict[FieldGroup, Stage] = field(default_factory=dict)
    cancel_until: Stage | None = None
    costs: tuple[CostKind, ...] = ()
    cost_actual: Literal["receipts", "set_average"] = "receipts"
    tells_stage: bool = False


class ConnectorType(Struct, frozen=True, kw_only=True):
    """One kind of connector that a plugin offers; `crossdock_connectors` returns these.

    `settings` is a frozen msgspec Struct with `forbid_unknown_fields`; fields of type SecretRef are secrets. `factory`
    takes the decoded settings and returns the connector: an object whose methods carry `@hookimpl`.
    """

    name: str
    kind: Literal["oms", "wms", "both"]
    settings: type[Struct]
    factory: Callable[[Any], object]
    capabilities: Capabilities = Capabilities()
    api: str = API
    docs_url: str | None = None
