"""What a reload changes."""

from __future__ import annotations

from crossdock.config.changes import Changes, changes

LEAST = 'state_dir = "/x"\n'


def connection(name, settings="{}"):
    return f'[connections.{name}]\ntype = "t"\nsettings = {settings}\n'


def test_the_same_configuration_changes_nothing(folder):
    text = LEAST + connection("a", '{ token = { secret = "a" } }')
    assert changes(*[folder.load(text)] * 3) == Changes()


def test_connections_that_come_change_and_go_are_named(folder):
    old = folder.load(LEAST + connection("gone") + connection("same") + connection("other", "{ a = 1 }"))
    new = folder.load(LEAST + connection("fresh") + connection("same") + connection("other", "{ a = 2 }"))
    assert changes(old, new, old) == Changes(added=("fresh",), changed=("other",), removed=("gone",))


def test_keys_that_need_a_restart_are_named_and_others_are_not(folder):
    old = folder.load(LEAST)
    new = folder.load(
        'state_dir = "/y"\nplugins.allow = ["a"]\n[engine]\nreaders = 3\nclaim = 7\n[log]\nlevel = "debug"\n'
    )
    assert changes(old, new, old).restart == ("state_dir", "plugins", "engine.readers", "engine.claim")


def test_a_key_that_is_set_back_to_what_is_in_force_needs_no_restart(folder):
    started, other = folder.load(LEAST), folder.load(LEAST + "[control]\ntimeout_s = 3\n")
    assert changes(started, other, started).restart == ("control.timeout_s",)
    assert changes(other, started, started).restart == ()
    assert changes(other, other, started).restart == ("control.timeout_s",)


def test_roles_count_at_once_and_no_restart_is_asked_for(folder):
    old = folder.load(LEAST)
    new = folder.load(LEAST + "[control.roles.viewer]\nusers = ['ann']\n[engine]\nmin_free_bytes = 1\n")
    assert changes(old, new, old).restart == ()


def test_every_key_that_needs_a_restart_is_a_key(folder):
    config = folder.load(LEAST)
    assert changes(config, config, config).restart == ()
