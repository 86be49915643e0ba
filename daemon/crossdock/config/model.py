"""The shape of the configuration: one Struct gives parsing, errors and the JSON Schema.

It holds connections and how the daemon runs. Strategies, warehouses, allocation rules and mappings live in the store.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from crossdock.spec.orders import FetchMode

Seconds = Annotated[float, Meta(ge=0, le=86_400 * 366)]
Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_.-]{0,39}$")]

CurrencyCode = Annotated[str, Meta(pattern="^[A-Z]{3}$")]
Amount = Annotated[str, Meta(pattern=r"^[0-9]{1,15}(\.[0-9]{1,4})?$")]


class Section(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the configuration: unknown keys are errors."""


class Fetch(Section, frozen=True):
    """How a connection's orders are fetched."""

    every_s: Annotated[
        float,
        Meta(
            ge=0.05, le=86_400, description="Seconds between two fetches; below engine.min_interval_s it has no effect"
        ),
    ] = 60
    mode: Annotated[FetchMode, Meta(description="changed: by change stamp; sweep: list what is open")] = (
        FetchMode.CHANGED
    )
    overlap_s: Annotated[Seconds, Meta(description="Seconds read again before the cursor")] = 600
    page_size: Annotated[int, Meta(ge=1, le=1000, description="Orders asked for in one page")] = 200
    max_pages: Annotated[int, Meta(ge=1, le=10_000, description="Pages of one listing, at most")] = 10_000
    initial_days: Annotated[int, Meta(ge=0, le=3650, description="Days looked back at the very first fetch")] = 30


class Push(Section, frozen=True):
    """How outbound requests are sent through a connection."""

    concurrency: Annotated[int, Meta(ge=1, le=64, description="Calls in flight, at most")] = 8
    max_batch: Annotated[
        int, Meta(ge=1, le=1000, description="Requests a call, at most (the connector may lower it)")
    ] = 50
    settle_s: Annotated[
        Seconds | None,
        Meta(
            description="Seconds an outcome must be unknown before the warehouse is asked (default: 2 timeouts, at least 60)"
        ),
    ] = None
    park_after: Annotated[int, Meta(ge=1, le=1000, description="Failures of its own before a push is parked")] = 8
    park_after_s: Annotated[Seconds, Meta(description="… and only after so many seconds")] = 86_400


class HttpLimits(Section, frozen=True):
    """Bounds of a connection's HTTP calls."""

    timeout_s: Annotated[float, Meta(gt=0, le=600, description="Whole call, from connect to the last byte")] = 25
    connect_s: Annotated[
        float, Meta(gt=0, le=60, description="Connect and TLS handshake; at most half of timeout_s counts")
    ] = 10
    max_bytes: Annotated[int, Meta(ge=1024, le=2**30, description="Body after decompression")] = 16 * 2**20
    allow_private: Annotated[
        tuple[str, ...], Meta(description="Networks allowed although they are not global, such as 10.20.0.0/16")
    ] = ()
    allow_http: Annotated[bool, Meta(description="Allow http:// (no TLS)")] = False
    label_hosts: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[A-Za-z0-9.:\[\]-]{1,255}$")], ...],
        Meta(
            description="Hosts from which shipping labels may be downloaded, with the port where it is not the usual one"
        ),
    ] = ()


class Tls(Section, frozen=True):
    """TLS of a connection."""

    ca_file: Annotated[str | None, Meta(description="PEM file of a private certificate authority")] = None
    insecure: Annotated[bool, Meta(description="Do not verify the certificate; shows in health and metrics")] = False


class Retry(Section, frozen=True):
    """Back-off after failures of a connection: full jitter between 0 and base·2ⁿ, capped."""

    base_s: Annotated[float, Meta(ge=0.001, le=3600, description="Bound of the first wait")] = 2
    cap_s: Annotated[float, Meta(ge=0.001, le=86_400, description="Longest wait")] = 900
    retry_after_cap_s: Annotated[float, Meta(ge=0, le=86_400, description="Longest Retry-After that is honoured")] = (
        3600
    )


class Breaker(Section, frozen=True):
    """When a connection is left alone for a while."""

    failures: Annotated[int, Meta(ge=1, le=1000, description="Failures within window_s that open it")] = 5
    window_s: Annotated[float, Meta(gt=0, le=3600, description="Seconds in which failures are counted")] = 60
    open_s: Annotated[float, Meta(gt=0, le=3600, description="Seconds until one call may probe")] = 30


class Timeouts(Section, frozen=True):
    """How long a connector's hooks may take."""

    fetch_s: Annotated[float, Meta(gt=0, le=900, description="One page of a fetch")] = 60
    push_s: Annotated[float, Meta(gt=0, le=900, description="One call that sends or looks up requests")] = 30
    check_s: Annotated[float, Meta(gt=0, le=120, description="A check, or logging in")] = 10
    cancel_grace_s: Annotated[
        float, Meta(gt=0, le=60, description="Seconds a cancelled call has to end before it counts as stuck")
    ] = 5


class Connection(Section, frozen=True):
    """One OMS or WMS that the daemon talks to."""

    type: Annotated[str, Meta(description="Connector type, as a plugin names it")]
    enabled: Annotated[bool, Meta(description="false: the connection is left alone")] = True
    settings: Annotated[dict[str, Any], Meta(description="The connector's own settings")] = field(default_factory=dict)
    fetch: Fetch = Fetch()
    push: Push = Push()
    http: HttpLimits = HttpLimits()
    tls: Tls = Tls()
    retry: Retry = Retry()
    breaker: Breaker = Breaker()
    timeouts: Timeouts = Timeouts()


class Plugins(Section, frozen=True):
    """Which plugins may be loaded. Nothing else is imported."""

    allow: Annotated[
        tuple[str, ...], Meta(description='Distributions, with an optional version: "crossdock-oms-default==0.*"')
    ] = ()
    strict: Annotated[bool, Meta(description="Refuse a plugin whose files changed since it was first allowed")] = False


class Role(Section, frozen=True):
    """Who holds a role on this machine."""

    users: Annotated[tuple[str, ...], Meta(description="Names of users")] = ()
    groups: Annotated[tuple[str, ...], Meta(description="Names of groups, for all their members")] = ()


RoleName = Literal["viewer", "operator", "warehouse", "buyer", "admin"]


class TwoPerson(Section, frozen=True):
    """What needs a second person with the same right."""

    settle: Annotated[bool, Meta(description="Settling a push in doubt by hand")] = False
    expires_h: Annotated[float, Meta(gt=0, le=8760, description="Hours after which a proposal expires")] = 24


class Tcp(Section, frozen=True):
    """The control API on a network address, for clients with a token (`crossdock tokens`). Without `listen` there is none."""

    listen: Annotated[
        str | None, Meta(description='Address and port, such as "127.0.0.1:8788"; none: the Unix socket only')
    ] = None
    cert_file: Annotated[
        str | None,
        Meta(description="PEM file of the certificate and its chain; needed for an address beyond this machine"),
    ] = None
    key_file: Annotated[str | None, Meta(description="PEM file of its private key")] = None
    hosts: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[A-Za-z0-9.:\[\]-]{1,255}$")], ...],
        Meta(
            description="Names by which clients may call the daemon, without a port, beside the address itself; on a "
            "loopback address also localhost"
        ),
    ] = ()


class Control(Section, frozen=True):
    """The control API, on its Unix socket and where `[control.tcp]` says."""

    socket: Annotated[str, Meta(description="Path; relative to state_dir if not absolute")] = "control.sock"
    tcp: Tcp = Tcp()
    roles: dict[RoleName, Role] = field(default_factory=dict)
    two_person: TwoPerson = TwoPerson()
    max_body_bytes: Annotated[int, Meta(ge=1024, le=2**24, description="Body of a request")] = 2**20
    max_concurrent: Annotated[int, Meta(ge=1, le=10_000, description="Requests at a time")] = 100
    timeout_s: Annotated[float, Meta(gt=0, le=300, description="One request")] = 30


class Log(Section, frozen=True):
    """What is logged and how."""

    level: Annotated[Literal["debug", "info", "warning", "error"], Meta(description="The least that is logged")] = (
        "info"
    )
    format: Annotated[
        Literal["auto", "json", "journald", "plain"],
        Meta(description="auto: journald where it runs under it, else plain"),
    ] = "auto"


class Engine(Section, frozen=True):
    """Periods and bounds of the daemon's own work."""

    min_interval_s: Annotated[
        Seconds,
        Meta(
            description="Time between two fetches, obtains or syncs of the same scope, whoever or whatever asks for them"
        ),
    ] = 300
    window_days: Annotated[int, Meta(ge=1, le=3650, description="Orders older than this are not pushed")] = 30
    tick_s: Annotated[float, Meta(ge=0.02, le=60, description="How often due work is looked for")] = 2
    run_budget_s: Annotated[float, Meta(ge=0.1, le=900, description="A lane yields after so long")] = 20
    shutdown_s: Annotated[float, Meta(ge=0, le=300, description="In-flight pushes may take so long at stop")] = 20
    claim: Annotated[int, Meta(ge=1, le=10_000, description="Pushes claimed in one transaction, at most")] = 400
    flush_ms: Annotated[
        int, Meta(ge=1, le=10_000, description="Results wait so long for company before they are saved")
    ] = 50
    readers: Annotated[int, Meta(ge=1, le=16, description="Reader threads of the store")] = 2
    memory_alarm_bytes: Annotated[
        int,
        Meta(
            ge=0, description="Above this memory (RSS) in use the daemon says so in log, health and metrics; 0: never"
        ),
    ] = 256 * 2**20
    min_free_bytes: Annotated[int, Meta(ge=0, description="Below this free disk space nothing new is fetched")] = (
        256 * 2**20
    )


class WebhookSource(Section, frozen=True):
    """Webhooks of one connection."""

    secrets: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,100}$")], ...],
        Meta(min_length=1, max_length=2, description="Names of the live secrets; two while one is replaced"),
    ]


class Webhooks(Section, frozen=True):
    """The receiver of webhooks. Without `listen` there is none."""

    listen: Annotated[
        str | None, Meta(description='Address and port, such as "127.0.0.1:8787"; none: no webhooks are taken')
    ] = None
    behind_proxy: Annotated[
        bool,
        Meta(description="A reverse proxy with TLS stands before it; needed for an address beyond this machine"),
    ] = False
    min_gap_s: Annotated[
        float, Meta(ge=0.05, le=3600, description="Seconds between two fetches that hints of a kind lead to, at least")
    ] = 5
    max_body_bytes: Annotated[int, Meta(ge=1024, le=2**20, description="Body of a webhook")] = 256 * 2**10
    read_s: Annotated[float, Meta(gt=0, le=60, description="Seconds that a body may take to arrive")] = 5
    per_peer_per_s: Annotated[float, Meta(ge=1, le=10_000, description="Webhooks a second from one sender")] = 50
    per_s: Annotated[float, Meta(ge=1, le=10_000, description="Webhooks a second from all senders")] = 200
    connections: dict[Name, WebhookSource] = field(default_factory=dict)


class Privacy(Section, frozen=True):
    """How long personal data of orders and the audit are kept."""

    keep_days: Annotated[
        float,
        Meta(ge=0, le=3650, description="Days after an order ended until its personal data are removed"),
    ] = 30
    keep_bodies_days: Annotated[
        float,
        Meta(ge=0, le=3650, description="… until the bytes that were sent are removed; at most keep_days counts"),
    ] = 14
    keep_audit_days: Annotated[int, Meta(ge=30, le=36_500, description="Days that rows of the audit are kept")] = 400


class Costs(Section, frozen=True):
    """How inbound costs are treated."""

    guard_percent: Annotated[
        int,
        Meta(ge=1, le=10_000, description="A cost that is further from the average purchase price has to be confirmed"),
    ] = 50
    empty_stock: Annotated[
        Literal["take_incoming", "blend_abs", "block"],
        Meta(description="What a receipt does to the average where there was no stock, or less than none"),
    ] = "take_incoming"
    second_person_above: Annotated[
        dict[CurrencyCode, Amount],
        Meta(description='By currency: a change of actual costs worth more needs a second person, {THB = "50000"}'),
    ] = field(default_factory=dict)
    currency: Annotated[CurrencyCode | None, Meta(description="Currency of inbound documents that name none")] = None
    check_after_s: Annotated[
        Seconds, Meta(description="Seconds after a change until the ledger is compared with the OMS")
    ] = 600


class Reconcile(Section, frozen=True):
    """The daily comparison of OMS, warehouses and what the daemon holds."""

    enabled: Annotated[bool, Meta(description="Reconcile once a day; people may ask for it in any case")] = True
    at: Annotated[
        str,
        Meta(
            pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$",
            description="Time of day, HH:MM in UTC; one that was missed is made up for at the next start",
        ),
    ] = "03:30"
    jitter_s: Annotated[Seconds, Meta(description="It begins up to so many seconds later, at random")] = 1200
    days: Annotated[int, Meta(ge=1, le=3650, description="Orders created within so many days are compared")] = 30
    brake_percent: Annotated[
        float,
        Meta(
            gt=0,
            le=100,
            description="Above this share of what was compared nothing is mended without --force; up to 20 repairs always are",
        ),
    ] = 5
    brake_actions: Annotated[int, Meta(ge=20, le=10_000, description="Nor above so many repairs")] = 500


class Config(Section, frozen=True):
    """The whole configuration."""

    state_dir: Annotated[str, Meta(description="Folder of the database and, by default, of the socket")]
    database: Annotated[str, Meta(description="SQLite file; relative to state_dir if not absolute")] = "crossdock.db"
    allow_inline_secrets: Annotated[
        bool, Meta(description="Allow values of secrets in the configuration itself (for trials)")
    ] = False
    credentials_dir: Annotated[str | None, Meta(description="Folder of secret files, one a secret")] = None
    log: Log = Log()
    engine: Engine = Engine()
    control: Control = Control()
    privacy: Privacy = Privacy()
    plugins: Plugins = Plugins()
    webhooks: Webhooks = Webhooks()
    costs: Costs = Costs()
    reconcile: Reconcile = Reconcile()
    connections: dict[Name, Connection] = field(default_factory=dict)
