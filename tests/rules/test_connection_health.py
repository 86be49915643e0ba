"""What failures do to a connection: how long it is left alone, when it pauses, how it comes back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crossdock.rules import connection_health as rules
from crossdock.rules.connection_health import ConnectionHealth, Limits, Status
from crossdock.spec import errors

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LIMITS = Limits()


class Half:
    """Chance that always says one half."""

    def random(self):
        return 0.5


def after(*failures, health=None, every_s=1.0, limits=LIMITS):
    """Let failures happen one after the other; return the health and the time."""
    health, now = health or ConnectionHealth(), NOW
    for failure in failures:
        now += timedelta(seconds=every_s)
        health = rules.after_failure(health, failure, limits, now, Half())
    return health, now


def retryable(n=1):
    return [errors.Retryable("503")] * n


@pytest.mark.behaviour("P8")
def test_a_failure_makes_the_connection_wait_and_the_next_one_longer():
    once, at = after(*retryable(1))
    twice, later = after(*retryable(2))
    assert once.status is Status.RETRYING
    assert twice.until - later > once.until - at
    assert not rules.may_call(once, at)
    assert rules.may_call(once, once.until)
    assert rules.probing(once)


@pytest.mark.behaviour("P8")
def test_five_failures_within_a_minute_open_the_breaker_and_one_call_probes_after_half_a_minute():
    health, at = after(*retryable(5))
    assert (health.status, health.until >= at + timedelta(seconds=30)) == (Status.OPEN, True)
    assert rules.probing(health)


@pytest.mark.behaviour("P8")
def test_failures_that_are_far_apart_do_not_open_the_breaker():
    health, _ = after(*retryable(9), every_s=61)
    assert health.status is Status.RETRYING


@pytest.mark.behaviour("P8")
def test_one_success_forgives_everything():
    health, at = after(*retryable(7))
    well = rules.after_success(health, at)
    assert well == ConnectionHealth(since=at, last_success=at)
    assert rules.after_success(well, at + timedelta(1)).since == at
    assert rules.after_success(ConnectionHealth(), at).since == at


@pytest.mark.behaviour("P8")
@pytest.mark.parametrize(
    ("asked_s", "waits_s"),
    [(1, 1), (90, 90), (10**9, 3600), (None, 1.1), (-5, 1.1), (0, 1.1)],
)
def test_a_wait_that_was_asked_for_is_honoured_up_to_an_hour_and_one_that_was_not_is_backed_off(asked_s, waits_s):
    named = None if asked_s is None else timedelta(seconds=asked_s)
    health, at = after(errors.RateLimited("429", after=named))
    assert (health.status, health.until - at) == (Status.RATE_LIMITED, timedelta(seconds=waits_s))


@pytest.mark.behaviour("P8")
def test_being_asked_to_wait_without_a_time_waits_longer_each_time_and_opens_no_breaker():
    once, at = after(errors.RateLimited("429"))
    often, later = after(*[errors.RateLimited("429")] * 6)
    assert often.status is Status.RATE_LIMITED
    assert often.until - later > 10 * (once.until - at)
    health, _ = after(errors.Retryable("503"), health=often)
    assert health.status is Status.RETRYING


@pytest.mark.behaviour("P8")
def test_a_retryable_failure_may_name_its_own_wait():
    health, at = after(errors.Retryable("503", after=timedelta(seconds=17)))
    assert health.until == at + timedelta(seconds=17)


def test_refused_credentials_get_one_more_chance_and_then_the_connection_pauses():
    once, at = after(errors.AuthFailed("401"))
    assert rules.may_call(once, at)
    twice, _ = after(errors.AuthFailed("401"), errors.AuthFailed("401"))
    assert (twice.status, twice.paused_by, rules.may_call(twice, NOW + timedelta(days=9))) == (
        Status.PAUSED, "crossdock", False,
    )  # fmt: skip


@pytest.mark.behaviour("P15")
@pytest.mark.parametrize(
    "failure",
    [
        errors.BadResponse("HTML"), errors.ContractError("wrong type"), errors.Unsupported("no"),
        errors.Retryable("certificate", setup=True),
    ],
)  # fmt: skip
def test_three_bad_answers_in_a_row_pause_the_connection(failure):
    twice, _ = after(failure, failure)
    assert twice.status is Status.RETRYING
    assert after(failure, failure, failure)[0].status is Status.PAUSED
    forgiven = rules.after_success(twice, NOW)
    assert after(failure, health=forgiven)[0].status is Status.RETRYING


@pytest.mark.behaviour("P7")
def test_good_answers_to_another_question_do_not_make_up_for_bad_ones():
    health = ConnectionHealth()
    for _ in range(rules.BAD_ANSWERS):
        assert health.status is not Status.PAUSED
        health = rules.after_success(health, NOW, "products")
        health = rules.after_failure(health, errors.BadResponse("HTML"), LIMITS, NOW, Half(), "push")
    assert health.status is Status.PAUSED


def test_bad_answers_to_three_questions_are_no_three_in_a_row():
    health = ConnectionHealth()
    for asked in ("pull", "report", "labels"):
        health = rules.after_failure(health, errors.BadResponse("HTML"), LIMITS, NOW, Half(), asked)
    assert health.status is not Status.PAUSED


def test_a_certificate_that_is_not_accepted_counts_whatever_was_asked_and_any_answer_disproves_it():
    failure = errors.Retryable("certificate", setup=True)
    health = rules.after_failure(ConnectionHealth(), failure, LIMITS, NOW, Half(), "pull")
    health = rules.after_failure(health, failure, LIMITS, NOW, Half(), "push")
    assert rules.after_success(health, NOW, "report").bad == {}
    assert rules.after_failure(health, failure, LIMITS, NOW, Half(), "report").status is Status.PAUSED


@pytest.mark.parametrize(
    ("failure", "alone"),
    [
        (errors.BadResponse("HTML"), True), (errors.ContractError("wrong type"), True), (errors.Rejected("400"), True),
        (errors.Retryable("down"), False), (errors.AuthFailed("401"), False), (errors.PluginStuck("hangs"), False),
    ],
)  # fmt: skip
def test_a_list_that_cannot_be_read_says_nothing_about_its_connection(failure, alone):
    assert rules.of_one_list(failure) is alone


def test_a_wrong_set_up_pauses_at_once_and_says_why():
    health, _ = after(errors.ConfigError("no such host key"))
    assert (health.status, health.error_kind, health.error_text) == (Status.PAUSED, "ConfigError", "no such host key")


@pytest.mark.behaviour("P15")
def test_a_plugin_that_does_not_react_takes_its_connection_out_of_use():
    health, at = after(errors.PluginStuck("hangs"))
    assert health.status is Status.STUCK
    assert not rules.may_call(health, at + timedelta(days=1))
    assert rules.after_success(health, at).status is Status.STUCK
    assert after(*retryable(3), health=health)[0] == health
    assert rules.resume(health, at) == health


@pytest.mark.parametrize("failure", [errors.PluginTimeout("slow"), errors.UnknownOutcome("lost")])
def test_no_answer_counts_as_a_failure_of_the_connection(failure):
    assert after(*[failure] * 5)[0].status is Status.OPEN


def test_what_a_person_pauses_stays_paused_until_a_person_resumes_it():
    paused = rules.pause(ConnectionHealth(last_success=NOW), "ann", "stocktaking", NOW)
    assert not rules.may_call(paused, NOW + timedelta(days=9))
    assert rules.after_success(paused, NOW).paused_by == "ann"
    resumed = rules.resume(paused, NOW)
    assert (resumed.status, resumed.last_success) == (Status.OK, NOW)
    assert rules.may_call(resumed, NOW)
    assert not rules.probing(resumed)


@pytest.mark.behaviour("P8")
@pytest.mark.parametrize(
    "failures",
    [
        (errors.ConfigError("no such secret"),), (errors.AuthFailed("401"),) * 2, (errors.BadResponse("HTML"),) * 3,
        (errors.Retryable("certificate", setup=True),) * 3,
    ],
)  # fmt: skip
def test_what_crossdock_paused_by_itself_is_tried_again_with_one_call_when_somebody_may_have_mended_it(failures):
    paused, at = after(*failures)
    assert paused.status is Status.PAUSED
    renewed = rules.renewed(paused, at)
    assert (rules.may_call(renewed, at), rules.probing(renewed), renewed.paused_by) == (True, True, "")
    assert renewed.error_text == failures[-1].message
    assert after(failures[-1], health=renewed)[0].status is after(failures[-1])[0].status
    assert rules.after_success(renewed, at).status is Status.OK


def test_nothing_but_its_own_pause_is_renewed():
    by_hand = rules.pause(ConnectionHealth(), "crossdock", "the service's user is a person here", NOW)
    for health in (by_hand, after(*retryable(1))[0], ConnectionHealth()):
        assert rules.renewed(health, NOW) is health


@pytest.mark.behaviour("P8")
def test_a_probe_that_is_answered_ends_the_wait_and_forgets_neither_bad_answers_nor_refused_credentials():
    waiting, at = after(errors.BadResponse("HTML"), errors.AuthFailed("401"))
    well = rules.after_probe(waiting, at)
    assert (well.status, well.until, well.failures, well.recent) == (Status.OK, None, 0, ())
    assert (well.bad, well.auth_refused) == ({"": 1}, True)
    assert after(errors.AuthFailed("401"), health=well)[0].status is Status.PAUSED
    assert rules.after_success(well, at) == ConnectionHealth(since=at, last_success=at)


@pytest.mark.behaviour("P8")
def test_a_connection_at_rest_is_called_alone_and_waits_longer_if_that_fails_too():
    waiting, at = after(*retryable(2))
    idle = rules.at_rest(waiting)
    assert (idle.status, rules.may_call(idle, at), rules.probing(idle)) == (Status.IDLE, True, True)
    assert rules.after_success(idle, at).status is Status.OK
    again, later = after(*retryable(1), health=idle)
    assert (again.status, again.until - later > waiting.until - at) == (Status.RETRYING, True)
    for health in (ConnectionHealth(), rules.pause(waiting, "ann", "stocktaking", at)):
        assert rules.at_rest(health) is health
        assert rules.after_probe(health, at).status is health.status


FAILURES = st.sampled_from(
    [
        errors.Retryable("r"), errors.RateLimited("l"), errors.RateLimited("l", after=timedelta(seconds=5)),
        errors.BadResponse("b"), errors.AuthFailed("a"), errors.UnknownOutcome("u"), errors.PluginTimeout("t"), None,
    ]
)  # fmt: skip


@given(st.lists(FAILURES, max_size=40))
def test_a_connection_is_never_left_alone_for_longer_than_its_caps_unless_it_is_paused(happening):
    health, now = ConnectionHealth(), NOW
    for failure in happening:
        now += timedelta(seconds=1)
        if failure is None:
            health = rules.after_success(health, now)
        else:
            health = rules.after_failure(health, failure, LIMITS, now, Half())
        if health.until is not None:
            assert health.until - now <= timedelta(seconds=max(LIMITS.cap_s, LIMITS.retry_after_cap_s))
        assert (health.until is None) == (health.status in (Status.OK, Status.PAUSED))
        assert len(health.recent) <= LIMITS.failures
        assert msgspec.json.decode(msgspec.json.encode(health), type=ConnectionHealth) == health
