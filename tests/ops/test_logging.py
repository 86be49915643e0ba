"""Log lines cannot be forged, show no secret, and have the form that their reader wants."""

from __future__ import annotations

import io
import json
import logging
import os
import re

import pytest
from _pytest import logging as pytest_logging

from crossdock.config.model import Log
from crossdock.ops.logging import StderrHandler, configure, under_journald
from crossdock.ops.masks import Masks

TEXTS = [
    "x\n2026-01-01T00:00:00.000+00:00 info engine: order 2 pushed by admin",
    "x\r\n<3>engine: forged",
    '"}\n{"level": "info", "message": "forged"}',
    "\x1b[2J\x1b]0;owned\x07",
    "\x9b31mred",
    "evil\u202etxt\u2066",
    "a\u2028b\u2029c\x85d",
    "zero\u200bwidth",
    "half \ud83d",
    "null\x00",
    "[@click=app.quit]now[/]",
    "%s %(message)s {0}",
    "tab\tand 👩\u200d🚀 ไทย",
]
PAYLOADS = [pytest.param(text, id=f"payload{number}") for number, text in enumerate(TEXTS)]
"""Named by number: half a surrogate is no name that a test can be called by in another process."""
HARMFUL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class Lines(io.StringIO):
    """What was logged."""

    @property
    def lines(self):
        return self.getvalue().split("\n")[:-1]


@pytest.fixture
def logged():
    """Set logging up on a text, and put it back afterwards."""
    root = logging.getLogger()
    before = {
        name: logging.getLogger(name).level
        for name in ("", "aiohttp", "aiohttp.access", "apscheduler", "asyncio", "peewee")
    }

    def start(masks=None, stream=None, environ=None, **log):
        for handler in [each for each in root.handlers if isinstance(each, pytest_logging.LogCaptureHandler)]:
            root.removeHandler(
                handler
            )  # what it caught could not be sent to another process; it is back after the test
        stream = stream or Lines()
        configure(Log(**log), masks or Masks(), stream=stream, environ=environ or {})
        return stream

    yield start
    for handler in [each for each in root.handlers if isinstance(each, StderrHandler)]:
        root.removeHandler(handler)
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


log = logging.getLogger("crossdock.engine")


@pytest.mark.security("S14")
@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("form", ["plain", "journald", "json"])
def test_foreign_text_makes_no_line_of_its_own(logged, form, payload):
    out = logged(format=form)
    log.info("note of the buyer: %s", payload, extra={"order": payload, "connection": payload})
    (line,) = out.lines
    assert not HARMFUL.search(line)


@pytest.mark.security("S14")
@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("form", ["plain", "journald", "json"])
def test_foreign_text_in_a_traceback_cannot_pass_for_a_line(logged, form, payload):
    out = logged(format=form)
    try:
        raise ValueError(payload)
    except ValueError:
        log.exception("it failed")
    assert not any(HARMFUL.search(line) for line in out.lines)
    first, *rest = out.lines
    assert "it failed" in first
    start = {"plain": "    | ", "journald": "<3>    | ", "json": "no second line"}[form]
    assert all(line.startswith(start) for line in rest)


@pytest.mark.security("S14")
def test_json_lines_give_the_text_back_exactly(logged):
    out = logged(format="json")
    for payload in TEXTS:
        log.warning("%s", payload, extra={"order": payload, "task": 7})
    told = [json.loads(line) for line in out.lines]
    assert [each["message"] for each in told] == TEXTS
    assert [each["order"] for each in told] == TEXTS
    assert {(each["level"], each["logger"], each["task"]) for each in told} == {("warning", "crossdock.engine", "7")}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", told[0]["ts"])
    assert all(line.isascii() for line in out.lines)


def test_plain_lines_are_for_people(logged):
    out = logged(format="plain")
    log.warning("down", extra={"connection": "shop"})
    assert out.lines[0].endswith(" warning engine: down [connection=shop]")


def test_journald_lines_carry_their_priority(logged):
    out = logged(format="journald", level="debug")
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL):
        log.log(level, "x")
    assert out.lines == ["<7>engine: x", "<6>engine: x", "<4>engine: x", "<3>engine: x", "<3>engine: x"]


def test_the_format_is_journalds_where_its_stream_is_standard_error(logged, tmp_path):
    with (tmp_path / "stream").open("w+") as stream:
        status = os.fstat(stream.fileno())
        environ = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        assert under_journald(stream, environ)
        assert not under_journald(stream, {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino + 1}"})
        assert not under_journald(stream, {"JOURNAL_STREAM": "nonsense"})
        assert not under_journald(stream, {})
        assert not under_journald(io.StringIO(), environ)
        logged(stream=stream, environ=environ)
        log.info("x")
        stream.seek(0)
        assert stream.read() == "<6>engine: x\n"


@pytest.mark.security("S8")
@pytest.mark.parametrize("form", ["plain", "journald", "json"])
def test_a_secret_shows_in_no_part_of_a_line(logged, form):
    masks = Masks()
    masks.add('hunter2"\\!', "token")
    out = logged(masks, format=form)
    secret = 'hunter2"\\!'
    try:
        try:
            raise KeyError(secret)
        except KeyError as inner:
            raise ValueError(f"refused: {secret}") from inner
    except ValueError:
        log.exception("token %s", secret, extra={"order": secret, "connection": secret}, stack_info=True)
    log.info("a %s", {"Authorization": f"Bearer {secret}"})
    log.info("%s", "x" * 7_995 + secret)
    assert "hunter2" not in out.getvalue()
    assert out.getvalue().count("***") >= 5


@pytest.mark.security("S8", "S14")
def test_arguments_that_do_not_fit_are_no_way_around_the_mask(logged, capsys):
    masks = Masks()
    masks.add("hunter2", "token")
    out = logged(masks, format="plain")
    (handler,) = [each for each in logging.getLogger().handlers if isinstance(each, StderrHandler)]
    handler.handle(logging.LogRecord("crossdock", logging.INFO, "x.py", 1, "hunter2\n %d", ("hunter2",), None))
    (line,) = out.lines
    assert "its arguments do not fit" in line
    assert "hunter2" not in line + capsys.readouterr().err


def test_an_output_that_is_gone_does_not_stop_the_daemon(logged, capsys):
    out = logged(format="plain")
    out.close()
    log.error("nobody hears this")
    assert capsys.readouterr().err == ""


def test_configuring_again_replaces_the_format_and_the_level(logged):
    first = logged(format="plain", level="debug")
    second = logged(format="json", level="warning")
    log.info("dropped")
    log.warning("kept")
    assert first.lines == []
    assert len(second.lines) == 1


def test_libraries_are_quieter_than_crossdock(logged):
    out = logged(format="plain", level="debug")
    logging.getLogger("apscheduler.scheduler").info("job")
    logging.getLogger("peewee").debug("INSERT …")
    logging.getLogger("aiohttp.access").info("GET /")
    logging.getLogger("asyncio").debug("Using selector")
    log.debug("ours")
    assert len(out.lines) == 1
