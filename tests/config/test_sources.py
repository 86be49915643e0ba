"""The file, conf.d and the environment become one configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

LEAST = 'state_dir = "/var/lib/crossdock"\n'


def test_fragments_are_merged_table_by_table(folder):
    folder.write('[connections.a]\ntype = "x"\n[connections.a.fetch]\nevery_s = 5\n', "conf.d/10-a.toml")
    folder.write("[connections.a.fetch]\npage_size = 7\n[log]\n", "conf.d/20-b.toml")
    folder.write("this is not read", "conf.d/notes.txt")
    config = folder.load(LEAST + '[log]\nlevel = "debug"\n')
    assert config.log.level == "debug"
    assert (config.connections["a"].fetch.every_s, config.connections["a"].fetch.page_size) == (5, 7)


def test_a_key_set_twice_names_both_files(folder):
    folder.write('\n[log]\nlevel = "debug"\n', "conf.d/a.toml")
    problem = folder.only_problem(LEAST + '[log]\nlevel = "info"\n')
    assert problem.file == str(folder.path / "conf.d/a.toml")
    assert (problem.line, problem.key) == (3, "log.level")
    assert f"{folder.main}:3" in problem.message


def test_a_problem_in_a_fragment_has_the_fragments_name_and_line(folder):
    folder.write("\n\n[engine]\nclaim = 0\n", "conf.d/a.toml")
    problem = folder.only_problem(LEAST)
    assert (problem.file, problem.line) == (str(folder.path / "conf.d/a.toml"), 4)


def test_what_is_no_toml_is_told_for_every_file(folder):
    folder.write("= 1", "conf.d/a.toml")
    folder.write("[x", "conf.d/b.toml")
    problems = folder.problems("[x]\n[x]\n")
    assert [Path(problem.file).name for problem in problems] == ["crossdock.toml", "a.toml", "b.toml"]
    assert [problem.line for problem in problems] == [2, 1, 1]


def test_the_environment_overrides_a_key(folder):
    config = folder.load(
        LEAST + '[log]\nlevel = "info"\n',
        CROSSDOCK__LOG__LEVEL="debug",
        CROSSDOCK__ENGINE__CLAIM="7",
        CROSSDOCK__PLUGINS__ALLOW='["a", "b"]',
        CROSSDOCK_SECRET_X="not a setting",
    )
    assert (config.log.level, config.engine.claim, config.plugins.allow) == ("debug", 7, ("a", "b"))


def test_the_environment_reaches_a_connection_whose_name_no_variable_can_have(folder):
    config = folder.load(
        LEAST + '[connections."shop.th-1"]\ntype = "x"\n[connections."shop.th-1".fetch]\nevery_s = 9\n',
        CROSSDOCK__CONNECTIONS__SHOP_TH_1__FETCH__PAGE_SIZE="7",
        CROSSDOCK__CONNECTIONS__SHOP_TH_1__SETTINGS="{ a = 1 }",
    )
    connection = config.connections["shop.th-1"]
    assert (connection.fetch.every_s, connection.fetch.page_size, connection.settings) == (9, 7, {"a": 1})


def test_a_variable_that_could_mean_two_connections_is_a_problem(folder):
    text = LEAST + '[connections."a-b"]\ntype = "x"\n[connections."a.b"]\ntype = "x"\n'
    problem = folder.only_problem(text, CROSSDOCK__CONNECTIONS__A_B__ENABLED="false")
    assert problem.file == "$CROSSDOCK__CONNECTIONS__A_B__ENABLED"
    assert "could mean each of a-b, a.b" in problem.message


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("CROSSDOCK__LOG__LEVEL", "loud", 'not the text "loud"'),
        ("CROSSDOCK__ENGINE__CLAIM", "1\nreaders = 2", "must be a whole number"),
        ("CROSSDOCK__NOTHING", "1", "is no known key"),
        ("CROSSDOCK__", "1", "empty part"),
        ("CROSSDOCK__LOG____LEVEL", "1", "empty part"),
        ("CROSSDOCK__STATE_DIR__X", "1", "state_dir is no table"),
        ("CROSSDOCK__DATABASE", "\udcff", "is not UTF-8 text"),
    ],
)
def test_a_wrong_variable_is_told_by_its_name(folder, variable, value, message):
    problem = folder.only_problem(LEAST, **{variable: value})
    assert problem.file == f"${variable}"
    assert message in problem.message
    assert str(problem).startswith(f"${variable}: ")


def test_a_table_overridden_by_a_value_is_told_at_the_variable(folder):
    problem = folder.only_problem(LEAST + '[log]\nlevel = "info"\n', CROSSDOCK__LOG="3")
    assert (problem.file, problem.key) == ("$CROSSDOCK__LOG", "log")


def test_a_file_or_folder_that_cannot_be_read_is_told(folder):
    (folder.path / "conf.d").symlink_to("conf.d")
    folder.main.symlink_to(folder.main)
    assert [problem.message for problem in folder.problems()] == 2 * [
        "cannot be read: Too many levels of symbolic links"
    ]
