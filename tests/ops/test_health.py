"""Alive, ready, degraded: decided from a snapshot."""

from __future__ import annotations

import math

import msgspec
import pytest

from crossdock.ops.health import ConnectionState, Snapshot, healthz, livez, may_ping, readyz

WELL = Snapshot(
    loop_lag_s=0.01, last_tick_age_s=1, last_db_age_s=1, connections=(ConnectionState(name="shop", state="ok"),)
)


def but(**changes):
    return msgspec.structs.replace(WELL, **changes)


@pytest.mark.parametrize(
    ("lag", "tick", "database", "fed"),
    [
        (0, 0, 0, True),
        (4.9, 30, 30, True),
        (5, 0, 0, False),
        (0, 30.1, 0, False),
        (0, 0, 30.1, False),
        (float("nan"), 0, 0, False),
        (float("inf"), 0, 0, False),
    ],
)
def test_the_watchdog_is_fed_only_while_loop_scheduler_and_database_move(lag, tick, database, fed):
    assert may_ping(lag, tick, database) is fed
    if not math.isnan(lag):
        assert livez(but(loop_lag_s=lag, last_tick_age_s=tick, last_db_age_s=database)).ok is fed


def test_a_slow_tick_is_waited_for():
    assert may_ping(0, 100, 0, tick_s=60)
    assert not may_ping(0, 121, 0, tick_s=60)
    assert livez(but(last_tick_age_s=100, tick_s=60)).ok


def test_a_daemon_that_is_well_is_ok():
    assert livez(WELL).ok
    assert readyz(WELL).ok
    assert healthz(WELL).status == "ok"
    assert healthz(WELL).reasons == ()


@pytest.mark.parametrize("state", ["retrying", "rate_limited", "breaker_open", "paused", "stuck"])
def test_a_connection_in_trouble_degrades_and_leaves_ready(state):
    snapshot = but(connections=(ConnectionState(name="shop", state=state), ConnectionState(name="berlin", state="ok")))
    assert livez(snapshot).ok
    assert readyz(snapshot).ok
    assert healthz(snapshot).status == "degraded"
    assert healthz(snapshot).reasons == (f"shop is {state}",)


@pytest.mark.parametrize("state", ["ok", "idle", "disabled"])
def test_a_connection_that_waits_for_nothing_degrades_nothing(state):
    assert healthz(but(connections=(ConnectionState(name="shop", state=state),))).status == "ok"


@pytest.mark.security("S9")
def test_unverified_certificates_show_in_health():
    snapshot = but(connections=(ConnectionState(name="shop", state="ok", insecure_tls=True),))
    assert healthz(snapshot).reasons == ("shop does not verify certificates",)


@pytest.mark.parametrize("change", [{"config_reload_ok": False}, {"disk_low": True}, {"writable": False}])
def test_what_a_person_should_see_to_degrades(change):
    assert healthz(but(**change)).status == "degraded"
    assert readyz(but(**change)).ok


@pytest.mark.parametrize(
    "change", [{"database_ok": False}, {"leases_held": False}, {"migration_pending": True}, {"stopping": True}]
)
def test_a_daemon_that_cannot_work_is_not_ready(change):
    verdict = readyz(but(**change))
    assert len(verdict.reasons) == 1
    assert livez(but(**change)).ok
    assert healthz(but(**change)).status == "not_ready"


def test_each_reason_to_be_dead_is_told():
    verdict = livez(but(loop_lag_s=9, last_tick_age_s=99, last_db_age_s=99))
    assert len(verdict.reasons) == 3
    assert healthz(but(loop_lag_s=9)).status == "not_ready"


def test_health_can_be_sent_as_json():
    assert msgspec.json.decode(msgspec.json.encode(healthz(WELL)))["connections"][0]["name"] == "shop"
