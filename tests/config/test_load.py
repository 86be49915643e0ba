"""Loading a configuration: what is right is taken, what is wrong is told with file, line and key."""

from __future__ import annotations

from crossdock.config.paths import database_path, socket_path
from crossdock.spec.orders import FetchMode

LEAST = 'state_dir = "/var/lib/crossdock"\n'
SHOP = LEAST + '[connections.shop]\ntype = "oms_default"\n'


def test_the_least_configuration_has_every_default(folder):
    config = folder.load(LEAST)
    assert config.engine.min_interval_s == 300
    assert database_path(config).as_posix() == "/var/lib/crossdock/crossdock.db"
    assert socket_path(config).as_posix() == "/var/lib/crossdock/control.sock"


def test_values_are_taken_with_their_types(folder):
    config = folder.load(SHOP + '[connections.shop.fetch]\nevery_s = 30\nmode = "sweep"\n')
    assert config.connections["shop"].fetch.every_s == 30
    assert config.connections["shop"].fetch.mode is FetchMode.SWEEP


def test_relative_folders_are_taken_from_the_folder_of_the_file(folder):
    config = folder.load(
        'state_dir = "state"\ncredentials_dir = "secrets"\n[connections.a]\ntype = "x"\ntls.ca_file = "ca.pem"\n'
    )
    assert config.state_dir == str(folder.path / "state")
    assert config.credentials_dir == str(folder.path / "secrets")
    assert config.connections["a"].tls.ca_file == str(folder.path / "ca.pem")


def test_a_missing_file_is_told_by_its_name(folder):
    problem = folder.only_problem()
    assert (problem.file, problem.line) == (str(folder.main), 1)
    assert "No such file" in problem.message


def test_a_folder_or_pipe_is_not_read_as_a_file(folder):
    folder.main.mkdir()
    assert folder.only_problem().message == "is not a regular file"


def test_a_syntax_error_has_its_line(folder):
    problem = folder.only_problem(LEAST + '[log]\nlevel = "info\n')
    assert problem.line == 3
    assert problem.message.startswith("is no valid TOML")


def test_an_error_at_the_end_of_the_file_has_the_last_line(folder):
    problem = folder.only_problem(LEAST + "[plugins]\nallow = [\n")
    assert problem.line == 3


def test_text_that_is_not_utf_8_has_its_line(folder):
    folder.main.write_bytes(b'state_dir = "/x"\n# \xe9t\xe9\n')
    problem = folder.only_problem()
    assert (problem.line, problem.hint) == (2, "save the file as UTF-8")


def test_a_file_that_is_too_large_is_refused(folder):
    assert "is larger than" in folder.only_problem("#" * (4 * 2**20 + 1)).message


def test_a_number_of_ten_thousand_digits_is_a_problem_like_any_other(folder):
    assert folder.problems(LEAST + "[engine]\nclaim = " + "9" * 10_000 + "\n")
    assert folder.problems(LEAST + "[engine]\nclaim = 0x" + "f" * 10_000 + "\n")


def test_lists_nested_too_deep_are_a_problem_like_any_other(folder):
    assert "nested too deep" in folder.only_problem("x = " + "[" * 5_000).message


def test_an_unknown_key_is_told_with_the_one_that_was_meant(folder):
    problem = folder.only_problem(LEAST + '[log]\n\nlevle = "info"\n')
    assert str(problem) == f"{folder.main}:4: log.levle: is no known key (did you mean level?)"


def test_a_key_that_belongs_a_table_deeper_is_told_so(folder):
    problem = folder.only_problem(SHOP + "page_size = 10\n")
    assert problem.hint == "did you mean fetch.page_size?"


def test_a_setting_of_the_connector_beside_its_type_is_told_where_it_goes(folder):
    problem = folder.only_problem(SHOP + 'url = "https://oms.example.com"\n')
    assert problem.hint == "the connector's own settings go under settings"


def test_a_word_that_is_none_of_the_choices_is_told_with_the_nearest(folder):
    problem = folder.only_problem(LEAST + 'log.level = "inf"\n')
    assert problem.message == 'must be one of "debug", "error", "info", "warning", not the text "inf"'
    assert problem.hint == "did you mean info?"


def test_bounds_and_types_are_told_in_words(folder):
    problems = folder.problems(
        LEAST + '[engine]\nclaim = 0\nreaders = true\ntick_s = "2"\nwindow_days = 1.5\nrun_budget_s = nan\n'
        "[control]\nsocket = 3\ntimeout_s = 0\n[log]\nlevel = 1979-05-27\n"
    )
    assert [(problem.line, problem.key, problem.message) for problem in problems] == [
        (3, "engine.claim", "must be a whole number from 1 to 10000, not the number 0"),
        (4, "engine.readers", "must be a whole number from 1 to 16, not true"),
        (5, "engine.tick_s", 'must be a number from 0.02 to 60, not the text "2"'),
        (6, "engine.window_days", "must be a whole number from 1 to 3650, not the number 1.5"),
        (7, "engine.run_budget_s", "must be a number from 0.1 to 900, not the number nan"),
        (9, "control.socket", "must be a text, not the number 3"),
        (10, "control.timeout_s", "must be a number above 0, at most 300, not the number 0"),
        (12, "log.level", 'must be one of "debug", "error", "info", "warning", not a date or time'),
    ]


def test_a_table_where_a_value_belongs_and_the_other_way_round(folder):
    problems = folder.problems("state_dir = {}\nlog = 3\nconnections = []\n[plugins.allow]\n")
    assert [problem.key for problem in problems] == ["state_dir", "log", "connections", "plugins.allow"]


def test_what_is_missing_is_told_at_its_table(folder):
    problems = folder.problems('[log]\n[connections.shop]\nenabled = true\n[connections.berlin]\ntype = "x"\n')
    assert [(problem.line, problem.key) for problem in problems] == [(1, "state_dir"), (2, "connections.shop.type")]


def test_every_problem_of_every_connection_is_told_at_once(folder):
    problems = folder.problems(
        LEAST + '[connections.a]\ntype = "x"\nfetch.every_s = "x"\n'
        '[connections.b]\ntype = ""\nhttp.allow_private = [\n  3,\n  "10.0.0.0/8",\n  "10.0.0.300",\n]\n'
        '[connections.C]\ntype = "x"\n'
    )
    assert [(problem.line, problem.key) for problem in problems] == [
        (4, "connections.a.fetch.every_s"),
        (6, "connections.b.type"),
        (8, "connections.b.http.allow_private[0]"),
        (10, "connections.b.http.allow_private[2]"),
        (12, "connections.C"),
    ]


def test_a_name_that_ends_with_a_newline_is_refused(folder):
    problem = folder.only_problem(LEAST + '[connections."a\\n"]\ntype = "x"\n')
    assert problem.message.startswith("cannot be used as a name")


def test_a_role_that_does_not_exist_is_told_with_the_nearest(folder):
    problem = folder.only_problem(LEAST + '[control.roles.operater]\nusers = ["a"]\n')
    assert problem.hint == "did you mean operator?"


def test_text_of_the_file_cannot_steer_the_terminal(folder):
    problem = folder.only_problem(LEAST + '"\\u001b[2J\\u202e" = 1\n')
    assert "\x1b" not in str(problem)
    assert "\u202e" not in str(problem)
