"""What Prometheus gets."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from prometheus_client.parser import text_string_to_metric_families

from crossdock.ops.metrics import Metrics, Rows

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def samples(metrics):
    text, _ = metrics.render()
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


@pytest.fixture
def metrics():
    made = Metrics("1.2.3")
    made.fetched("shop", 200)
    made.pushed("berlin", "accepted", 50)
    made.pushed("berlin", "accepted", 7)
    made.pushed("berlin", "rejected")
    made.push_took("berlin", 0.2)
    made.plugin_failed("berlin", "RateLimited")
    made.succeeded("shop", "fetch_orders", NOON)
    made.lags("shop", 12)
    made.connection("berlin", breaker="open", until=NOON, insecure=True)
    made.rows(Rows(outbox={"pending": 5, "in_doubt": 1}, outbox_oldest_s=9, quarantine=2, unknown=1))
    made.database_took("write", 0.001)
    made.loop_is_late(0.25)
    return made


def test_every_metric_of_the_list_is_there(metrics):
    found = samples(metrics)
    berlin, shop = ("connection", "berlin"), ("connection", "shop")
    assert found["crossdock_orders_fetched_total", shop] == 200
    assert found["crossdock_push_total", berlin, ("result", "accepted")] == 57
    assert found["crossdock_push_total", berlin, ("result", "rejected")] == 1
    assert found["crossdock_push_seconds_count", berlin] == 1
    assert found["crossdock_plugin_errors_total", ("class", "RateLimited"), berlin] == 1
    assert found["crossdock_sync_last_success_timestamp_seconds", shop, ("hook", "fetch_orders")] == NOON.timestamp()
    assert found["crossdock_sync_lag_seconds", shop] == 12
    assert found["crossdock_breaker_state", berlin] == 2
    assert found["crossdock_retry_after_until", berlin] == NOON.timestamp()
    assert found["crossdock_tls_insecure", berlin] == 1
    assert found["crossdock_outbox_rows", ("state", "pending")] == 5
    assert found["crossdock_outbox_oldest_seconds",] == 9
    assert (found["crossdock_quarantine_rows",], found["crossdock_unknown_rows",]) == (2, 1)
    assert found["crossdock_loop_lag_seconds",] == 0.25
    assert found["crossdock_db_seconds_count", ("work", "write")] == 1
    assert found["crossdock_build_info", ("version", "1.2.3")] == 1
    assert found["crossdock_config_reload_success",] == 1
    assert ("process_cpu_seconds_total",) in found


def test_no_metric_has_a_label_that_could_name_an_order(metrics):
    labels = {name for key in samples(metrics) for name, _ in key[1:]}
    assert labels <= {"connection", "result", "class", "hook", "state", "work", "version", "le"}


def test_a_state_that_has_no_rows_any_more_is_gone(metrics):
    metrics.rows(Rows(outbox={"pending": 4}))
    found = samples(metrics)
    assert found["crossdock_outbox_rows", ("state", "pending")] == 4
    assert ("crossdock_outbox_rows", ("state", "in_doubt")) not in found


def test_a_refused_reload_shows(metrics):
    metrics.reloaded(False)
    assert samples(metrics)["crossdock_config_reload_success",] == 0


def test_a_connection_that_is_gone_shows_no_more_and_counts_anew(metrics):
    metrics.forget("berlin")
    assert not [key for key in samples(metrics) if ("connection", "berlin") in key]
    metrics.pushed("berlin", "accepted", 2)
    found = samples(metrics)
    assert found["crossdock_push_total", ("connection", "berlin"), ("result", "accepted")] == 2
    assert found["crossdock_orders_fetched_total", ("connection", "shop")] == 200


def test_two_daemons_in_one_process_do_not_share_their_metrics(metrics):
    assert ("crossdock_orders_fetched_total", ("connection", "shop")) not in samples(Metrics("1"))


def test_the_content_type_is_that_of_the_text(metrics):
    assert metrics.render()[1].startswith("text/plain; version=")
