"""The tables. Times are integer milliseconds since 1970 UTC, so that both databases sort and compare them alike."""

from __future__ import annotations

from peewee import (
    BigIntegerField,
    BlobField,
    BooleanField,
    CompositeKey,
    IntegerField,
    Model,
    SmallIntegerField,
    TextField,
)


class OrderRow(Model):
    """An order as its OMS showed it last: payload, content hash and indexed columns."""

    id = BigIntegerField(primary_key=True)
    connection = TextField()
    ref = TextField()
    number = TextField()
    content_hash = BigIntegerField()
    payload = BlobField()
    sliced = BooleanField()
    status = TextField()
    shop = TextField()
    logistics = TextField()
    created_at = BigIntegerField()
    revision = IntegerField()
    fetched_at = BigIntegerField()
    hold = TextField(null=True)
    gift_released = BooleanField(default=False)

    class Meta:
        table_name = "orders"
        indexes = ((("connection", "ref"), True),)


OrderRow.add_index(OrderRow.index(OrderRow.number, name="order_number"))


class PushRow(Model):
    """An order's way to one warehouse (fulfilment request) and the create that is due for it.

    `next_at` is set while something is due (send, ask, try again), `run_id` while a run holds the row, `again_at` while
    time alone may change the decision, `report_at` while its OMS has to be told, `unsettled` until it is settled for good.
    """

    id = BigIntegerField(primary_key=True)
    order_id = BigIntegerField()
    oms = TextField()
    group_no = IntegerField(default=1)
    generation = IntegerField(default=1)
    latest = BooleanField(default=True)
    unsettled = SmallIntegerField(null=True, default=1)
    warehouse = TextField(null=True)
    connection = TextField(null=True)
    key = TextField(null=True, unique=True)
    state = SmallIntegerField()
    strategy = TextField(default="")
    origin = TextField(default="automatic")
    actor = TextField(default="")
    why = TextField(default="")
    again_at = BigIntegerField(null=True)
    next_at = BigIntegerField(null=True)
    run_id = BigIntegerField(null=True)
    attempts = IntegerField(default=0)
    faults = IntegerField(default=0)
    first_fault_at = BigIntegerField(null=True)
    needs_person = BooleanField(default=False)
    doubted = BooleanField(default=False)
    cancel_wanted = BooleanField(default=False)
    changed = BooleanField(default=False)
    revision = IntegerField(default=0)
    queued_at = BigIntegerField(null=True)
    sent_at = BigIntegerField(null=True)
    settled_at = BigIntegerField(null=True)
    remote_id = TextField(null=True)
    error_kind = TextField(null=True)
    error_code = TextField(null=True)
    error_text = TextField(null=True)
    report_at = BigIntegerField(null=True)
    reported = TextField(null=True)

    class Meta:
        table_name = "pushes"
        indexes = ((("order_id", "group_no", "generation"), True),)


PushRow.add_index(
    PushRow.index(PushRow.connection, PushRow.next_at, where=PushRow.next_at.is_null(False), name="push_due")
)
PushRow.add_index(PushRow.index(PushRow.again_at, where=PushRow.again_at.is_null(False), name="push_again"))
PushRow.add_index(
    PushRow.index(PushRow.connection, PushRow.run_id, where=PushRow.run_id.is_null(False), name="push_run")
)
PushRow.add_index(
    PushRow.index(PushRow.oms, PushRow.report_at, where=PushRow.report_at.is_null(False), name="push_report")
)
PushRow.add_index(
    PushRow.index(PushRow.unsettled, PushRow.state, where=PushRow.unsettled.is_null(False), name="push_open")
)
PushRow.add_index(PushRow.index(PushRow.id, where=PushRow.state == 7, name="push_cancelled"))
PushRow.add_index(PushRow.index(PushRow.id, where=PushRow.changed == True, name="push_changed"))  # noqa: E712 - SQL


class PushBodyRow(Model):
    """The very bytes of the outbound request, kept apart so that changes of state do not rewrite them."""

    push_id = BigIntegerField(primary_key=True)
    body = BlobField()

    class Meta:
        table_name = "push_bodies"


class TimelineRow(Model):
    """What happened to an order off the straight path, and who did it; nothing is ever changed here."""

    id = BigIntegerField(primary_key=True)
    order_id = BigIntegerField(index=True)
    at = BigIntegerField()
    what = TextField()
    actor = TextField(default="")
    detail = TextField(default="")

    class Meta:
        table_name = "timeline"


class CursorRow(Model):
    """How far a connection's listing has come; written in the transaction that stores what it covers."""

    connection = TextField()
    stream = TextField()
    watermark = TextField(null=True)
    since = TextField(null=True)
    until = TextField(null=True)
    page = TextField(null=True)
    highest = TextField(null=True)
    started_at = BigIntegerField(null=True)
    finished_at = BigIntegerField(null=True)

    class Meta:
        table_name = "cursors"
        primary_key = CompositeKey("connection", "stream")


class ConnectionRow(Model):
    """What we know of a connection's health, so that a restart does not forget it."""

    name = TextField(primary_key=True)
    body = TextField()

    class Meta:
        table_name = "connections"


class QuarantineRow(Model):
    """A fetched record that could not be read; kept, shown, and read again on demand."""

    id = BigIntegerField(primary_key=True)
    connection = TextField()
    ref = TextField()
    content = BlobField()
    reason = TextField()
    first_at = BigIntegerField()
    last_at = BigIntegerField()

    class Meta:
        table_name = "quarantine"
        indexes = ((("connection", "ref"), True),)


class ThrottleRow(Model):
    """When an action of a scope was last allowed, for the five-minute limit."""

    scope = TextField(primary_key=True)
    at = BigIntegerField()

    class Meta:
        table_name = "throttles"


class TaskRow(Model):
    """A sync task: what was asked, by whom, how far it is, how it ended."""

    id = BigIntegerField(primary_key=True)
    kind = TextField()
    connection = TextField()
    warehouse = TextField(null=True)
    scope = TextField(default="")
    origin = TextField()
    actor = TextField(default="")
    state = TextField(index=True)
    outcome = TextField(null=True)
    error = TextField(null=True)
    found = IntegerField(default=0)
    changed = IntegerField(default=0)
    unchanged = IntegerField(default=0)
    skipped = IntegerField(default=0)
    failed = IntegerField(default=0)
    asked_at = BigIntegerField()
    started_at = BigIntegerField(null=True)
    finished_at = BigIntegerField(null=True)

    class Meta:
        table_name = "tasks"


class TaskItemRow(Model):
    """What a task did about one order."""

    id = BigIntegerField(primary_key=True)
    task_id = BigIntegerField(index=True)
    ref = TextField()
    result = TextField()
    detail = TextField(default="")

    class Meta:
        table_name = "task_items"


class BookRow(Model):
    """A strategy, warehouse, allocation rule or mapping, as JSON with its revision."""

    kind = TextField()
    name = TextField()
    body = TextField()
    revision = IntegerField()

    class Meta:
        table_name = "book"
        primary_key = CompositeKey("kind", "name")


class CounterRow(Model):
    """Numbers that only grow: ids, run numbers, the revision of the book."""

    name = TextField(primary_key=True)
    value = BigIntegerField()

    class Meta:
        table_name = "counters"


class PluginRow(Model):
    """The version and digest under which a plugin was loaded last."""

    name = TextField(primary_key=True)
    version = TextField()
    digest = TextField()

    class Meta:
        table_name = "plugins"


TABLES: tuple[type[Model], ...] = (
    OrderRow,
    PushRow,
    PushBodyRow,
    TimelineRow,
    CursorRow,
    ConnectionRow,
    QuarantineRow,
    ThrottleRow,
    TaskRow,
    TaskItemRow,
    BookRow,
    CounterRow,
    PluginRow,
)
