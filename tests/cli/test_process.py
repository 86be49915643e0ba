"""The command line as a process: exit codes, configuration, what it loads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from crossdock.cli import main as cli_main
from crossdock.cli.main import COMMANDS, cli
from crossdock.cli.reference import FILE, rendered

RUN = "from crossdock.cli.main import main; main()"


def crossdock(*words, **environ):
    return subprocess.run(
        [sys.executable, "-c", RUN, *words],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", **environ},
    )


def test_help_is_quick_because_it_loads_nothing():
    code = "import sys; sys.argv = ['crossdock', '--help']\ntry:\n    from crossdock.cli.main import main; main()\nexcept SystemExit:\n    print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    for heavy in ("aiohttp", "msgspec", "rich", "peewee", "pluggy", "apscheduler", "prometheus_client"):
        assert heavy not in loaded


def test_the_table_of_commands_says_what_the_commands_say():
    context = click.Context(cli)
    for name, (_, text) in COMMANDS.items():
        command = cli.get_command(context, name)
        assert command.name == name
        assert text.rstrip(".") in command.get_short_help_str(200).rstrip(".") or command.get_short_help_str(
            200
        ).rstrip(".").startswith(text.rstrip("."))


def test_every_command_has_json_and_a_help_of_its_own():
    def leaves(command, context, path):
        if isinstance(command, click.Group):
            for name in command.list_commands(context):
                yield from leaves(command.get_command(context, name), context, (*path, name))
        else:
            yield path, command

    for path, command in leaves(cli, click.Context(cli), ()):
        flags = [flag for parameter in command.params for flag in parameter.opts]
        assert "--json" in flags or path == ("tui",), path  # a screen has nothing to print
        assert command.help, path


def test_the_published_reference_is_fresh():
    published = Path(__file__).parents[2] / "docs" / "reference" / FILE
    assert published.read_text(encoding="utf-8") == rendered(), (
        "write it again: python -m crossdock.cli.reference docs/reference"
    )


@pytest.mark.parametrize(
    ("words", "code"), [((), 2), (("--help",), 0), (("--version",), 0), (("nonsense",), 2), (("orders",), 2)]
)
def test_how_a_process_ends(words, code):
    ended = crossdock(*words)
    assert ended.returncode == code
    assert "Traceback" not in ended.stderr


@pytest.mark.security("S12")
@pytest.mark.parametrize(
    "words",
    [
        ("push", b"\xff\xfe"), ("hold", "A", "--reason", b"\xed\xa0\x80"), (b"\xff",), ("--socket", b"/\xff", "status"),
        ("explain", "A", "--connection", b"\xff", "--json"),
    ],
)  # fmt: skip
def test_an_argument_that_is_no_text_is_refused_with_a_sentence(words):
    ended = crossdock(*words)
    assert ended.returncode == 2
    assert "is no text: arguments are UTF-8" in ended.stderr
    assert "Traceback" not in ended.stderr


SHOWN = """
import sys
from pathlib import Path
from crossdock.cli import main
main.cli.main = lambda **_: shown()
def shown():
    from crossdock.app.demo_books import Outcome, tell
    from crossdock.cli.display import show_table
    show_table(("name",), [("สมชาย ใจดี 😀",)])
    tell(Outcome(
        ok=True, orders=1, eligible=1, pushed=1, lost=(), doubled=(), unexpected=(), misjudged=(), cancelled=0, waiting={}, reported=1,
        failed={"ของหมด": 1}, settled_doubts=0, still_in_doubt=0, faults={}, seconds=1.0,
    ))
main.main()
"""


@pytest.mark.parametrize(
    "environ",
    [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"LC_ALL": "C"}],
    ids=["PYTHONIOENCODING", "C", "C, coerced"],
)
def test_a_terminal_that_knows_no_thai_gets_escapes(environ):
    ended = subprocess.run(
        [sys.executable, "-c", SHOWN.encode("ascii", "backslashreplace").decode()],
        capture_output=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", **environ},
    )
    assert ended.returncode == 0, ended.stderr
    thai = "ใจดี"
    assert thai.encode() in ended.stdout or ascii(thai).strip("'").encode() in ended.stdout


def test_no_daemon_ends_with_69_and_says_where_it_was_looked_for(tmp_path):
    ended = crossdock("--socket", str(tmp_path / "none.sock"), "status")
    assert ended.returncode == 69
    assert str(tmp_path / "none.sock") in ended.stderr
    assert "crossdock run" in ended.stderr


def invoke(*words, **options):
    return CliRunner().invoke(cli, list(words), catch_exceptions=False, **options)


def test_no_daemon_is_critical_for_a_monitor_and_json_for_a_program(tmp_path):
    socket = str(tmp_path / "none.sock")
    assert invoke("--socket", socket, "status", "--exit-code").exit_code == 2
    ended = invoke("--socket", socket, "orders", "list", "--json")
    assert (ended.exit_code, json.loads(ended.stdout)["error"]["code"]) == (69, "unreachable")


def test_the_socket_is_the_one_that_the_configuration_names(tmp_path):
    config = tmp_path / "crossdock.toml"
    config.write_text(f'state_dir = "{tmp_path}/state"\n[control]\nsocket = "here.sock"\n')
    ended = invoke("-c", str(config), "status")
    assert (ended.exit_code, f"{tmp_path}/state/here.sock" in ended.stderr) == (69, True)
    ended = invoke("status", env={"CROSSDOCK_CONFIG": str(config)})
    assert f"{tmp_path}/state/here.sock" in ended.stderr


def test_without_a_configuration_the_usual_place_is_tried(tmp_path, monkeypatch):
    monkeypatch.setattr("crossdock.cli.session.DEFAULT_SOCKET", str(tmp_path / "usual.sock"))
    monkeypatch.setattr(option_named("config"), "default", str(tmp_path / "missing.toml"))
    ended = invoke("status")
    assert (ended.exit_code, "usual.sock" in ended.stderr) == (69, True)


def option_named(name):
    return next(each for each in cli.params if each.name == name)


def test_a_configuration_that_was_named_and_cannot_be_read_leads_to_no_other_daemon(tmp_path, monkeypatch):
    monkeypatch.setattr("crossdock.cli.session.DEFAULT_SOCKET", str(tmp_path / "usual.sock"))
    missing = str(tmp_path / "missing.toml")
    for ended in (invoke("-c", missing, "status"), invoke("status", env={"CROSSDOCK_CONFIG": missing})):
        assert (ended.exit_code, "missing.toml" in ended.stderr, "--socket" in ended.stderr) == (78, True, True)


def to_full(*words):
    with Path("/dev/full").open("w") as full:
        return subprocess.run(
            [sys.executable, "-c", RUN, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False,
            env={"PATH": "/usr/bin:/bin"},
        )  # fmt: skip


def test_output_that_cannot_be_written_is_one_sentence(daemon):
    for words in (
        ("orders", "list"),
        ("orders", "list", "--csv"),
        ("orders", "list", "--json"),
        ("status",),
        ("--help",),
    ):
        ended = to_full("--socket", daemon.socket, *words)
        assert (ended.returncode, ended.stderr.count("\n")) == (74, 1), ended.stderr
        assert "the output cannot be written" in ended.stderr


def test_output_that_was_closed_is_no_fault(daemon):
    words = ["--socket", daemon.socket, "orders", "list"]
    ended = subprocess.run(
        ["/bin/sh", "-c", 'exec "$0" "$@" >&-', sys.executable, "-c", RUN, *words], stderr=subprocess.PIPE, text=True,
        check=False, env={"PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize(
    "words",
    [
        ("simulate", "--after", "9" * 23), ("orders", "list", "--after", "9" * 23), ("tasks", "show", "9" * 23),
        ("incidents", "mute", "1", "--hours", "nan"), ("incidents", "mute", "1", "--hours", "inf"),
        ("sandbox", "oms", "--speed", "nan"), ("hold", "X", "--reason", ""), ("strategies", "set", ""),
        ("strategies", "set", "x", "--logistics", ""), ("strategies", "set", "x", "--shop", "a\x07"),
        ("orders", "list", "--csv", "--json"), ("orders", "list", "--raw"), ("tasks", "list", "--raw"),
    ],
    ids=lambda words: " ".join(words)[:40].replace("\x07", "bell"),
)  # fmt: skip
def test_what_cannot_be_meant_is_wrong_usage(words):
    ended = invoke(*words)
    assert (ended.exit_code, "Traceback" in ended.output) == (2, False)


@pytest.mark.parametrize("content", ["state_dir = ", "colour = 1\n", "state_dir = 7\n"])
def test_a_wrong_configuration_ends_with_78_and_names_the_file(tmp_path, content):
    config = tmp_path / "crossdock.toml"
    config.write_text(content)
    for words in (("status",), ("db", "status")):
        ended = invoke("-c", str(config), *words)
        assert ended.exit_code == 78
        assert "crossdock.toml" in ended.stderr


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "crossdock.toml"
    path.write_text(f'state_dir = "{tmp_path}/state"\n')
    return str(path)


def test_the_database_is_made_shown_and_checked(config, tmp_path):
    assert invoke("-c", config, "db", "status").exit_code == 1
    assert "0001_initial" in invoke("-c", config, "db", "migrate").stdout
    assert "up to date" in invoke("-c", config, "db", "migrate").stdout
    assert "0001_initial" in invoke("-c", config, "db", "status").stdout
    assert "sound" in invoke("-c", config, "db", "check").stdout
    assert json.loads(invoke("-c", config, "db", "check", "--json").stdout)["problems"] == []
    assert json.loads(invoke("-c", config, "db", "migrate", "--json").stdout) == {"applied": []}


def test_a_database_in_use_ends_with_75(config, tmp_path):
    from crossdock.store import sqlite

    (tmp_path / "state").mkdir()
    with sqlite.lock_file(tmp_path / "state" / "crossdock.db"):
        ended = invoke("-c", config, "db", "migrate", "--json")
    assert (ended.exit_code, json.loads(ended.stdout)["error"]["code"]) == (75, "in_use")


class FakeApp:
    """Notes how the composed daemon was called."""

    def __init__(self):
        self.calls = []

    def run(self, config_path, **options):
        self.calls.append(("run", str(config_path), options))
        return 75

    def check(self, config_path, **options):
        self.calls.append(("check", str(config_path), options))
        return 78

    def demo(self, **options):
        self.calls.append(("demo", None, options))
        return 0


@pytest.fixture
def app(monkeypatch):
    fake = FakeApp()
    for module in ("daemon", "check", "demo"):
        monkeypatch.setitem(sys.modules, f"crossdock.app.{module}", fake)
    return fake


@pytest.mark.parametrize(
    ("words", "called", "code"),
    [
        (
            ("run", "--log-format", "json", "--only-plugin", "a"),
            ("run", "c.toml", {"log_format": "json", "no_plugins": False, "only_plugins": ("a",)}),
            75,
        ),
        (("run", "--no-plugins"), ("run", "c.toml", {"log_format": None, "no_plugins": True, "only_plugins": ()}), 75),
        (("check-config", "--online"), ("check", "c.toml", {"online": True, "as_json": False}), 78),
        (("demo", "--orders", "9"), ("demo", None, {"orders": 9, "seed": 1, "as_json": False, "plain": False}), 0),
    ],
)
def test_commands_of_the_composed_daemon_end_as_it_says(app, words, called, code):
    ended = invoke("-c", "c.toml", *words)
    assert app.calls == [called]
    assert ended.exit_code == code


@pytest.mark.parametrize(
    ("words", "options"),
    [
        (("oms", "--demo-orders", "5", "--seed", "3"), {"demo_orders": 5, "seed": 3, "host": "127.0.0.1"}),
        (
            ("wms", "--warehouse", "A", "--warehouse", "B", "--idempotency", "lookup"),
            {"warehouses": ("A", "B"), "idempotency": "lookup"},
        ),
        (("wms",), {"port": 0}),
    ],
)
def test_a_sandbox_is_run_with_the_options_given(monkeypatch, words, options):
    from crossdock.testing.sandbox import serve

    seen = []
    monkeypatch.setattr(serve, f"run_{words[0]}", seen.append)
    assert invoke("sandbox", *words).exit_code == 0
    assert {name: getattr(seen[0], name) for name in options} == options


def test_a_sandbox_that_cannot_run_says_why(monkeypatch, tmp_path):
    ended = invoke("sandbox", "oms", "--faults", str(tmp_path / "missing.json"))
    assert (ended.exit_code, "the sandbox cannot run" in ended.stderr) == (1, True)


def test_ctrl_c_ends_with_130(monkeypatch, capsys):
    def interrupted(**_):
        raise click.Abort

    monkeypatch.setattr(cli_main.cli, "main", interrupted)
    with pytest.raises(SystemExit) as ended:
        cli_main.main()
    assert ended.value.code == 130
