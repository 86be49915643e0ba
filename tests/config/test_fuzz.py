"""Whatever a file holds, the answer is a configuration or a list of problems with file and line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crossdock.config.load import load
from crossdock.config.problems import BadConfig

steady = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)  # a busy machine is no failure

EXAMPLE = (Path(__file__).parents[2] / "config/crossdock.toml").read_text(encoding="utf-8").replace("\n#", "\n")
LINES = [line for line in EXAMPLE.split("\n") if "=" in line or line.startswith("[")]
SCRAPS = st.sampled_from(
    ["", '"', "'", '"""', "[", "]", "{", "}", "=", ".", "#", "\n", "\x00", "\\", "nan", "9" * 5000, "é", "\ud800"]
) | st.text(max_size=5)
VALUES = st.sampled_from(
    ["3", "-1", '"x"', "[]", "{}", "true", "nan", "1e400", "[[1]]", '{ a = "b" }', "2001-01-01", '""']
)


@st.composite
def broken(draw):
    lines = draw(st.lists(st.sampled_from(LINES), max_size=12, unique=True))
    if draw(st.booleans()):
        lines = ['state_dir = "/x"', *sorted(lines, key=LINES.index)]
    lines = [
        line.split("=")[0] + "= " + draw(VALUES) if "=" in line and draw(st.booleans()) else line for line in lines
    ]
    text = "\n".join(lines)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(text)))
        end = draw(st.integers(at, min(len(text), at + 8)))
        text = text[:at] + draw(SCRAPS) + text[end:]
    return text


def problems_of(path, environ):
    try:
        load(path, environ)
    except BadConfig as error:
        return error.problems or pytest.fail("refused without a problem")
    return ()


def assert_told(path, environ):
    for problem in problems_of(path, environ):
        assert problem.file
        text = Path(problem.file).read_bytes() if not problem.file.startswith("$") else b""
        assert 1 <= problem.line <= text.count(b"\n") + 1
        assert problem.message
        assert "\n" not in str(problem)


@steady
@given(text=broken())
def test_a_broken_file_is_told_and_never_a_traceback(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "broken.toml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    assert_told(path, {})


@steady
@given(raw=st.binary(max_size=200))
def test_bytes_of_any_kind_are_told_and_never_a_traceback(tmp_path_factory, raw):
    path = tmp_path_factory.getbasetemp() / "bytes.toml"
    path.write_bytes(raw)
    assert_told(path, {})


@steady
@given(
    environ=st.dictionaries(
        st.lists(
            st.sampled_from(["LOG", "LEVEL", "CONNECTIONS", "A", "FETCH", "", "X", "ENGINE", "CLAIM", "é"]), max_size=4
        ).map(lambda parts: "CROSSDOCK__" + "__".join(parts)),
        SCRAPS | VALUES,
        max_size=3,
    )
)
def test_variables_of_any_kind_are_told_and_never_a_traceback(tmp_path_factory, environ):
    path = tmp_path_factory.getbasetemp() / "right.toml"
    path.write_text('state_dir = "/x"\n[connections.a]\ntype = "x"\n', encoding="utf-8")
    assert_told(path, environ)
