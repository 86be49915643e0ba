"""Which plugins are imported: those that are allowed by name, as they were, and no other."""

from __future__ import annotations

import importlib
import sys
from importlib import metadata

import pytest

from crossdock.config.model import Connection
from crossdock.connectors.discovery import Plugins, digest_of
from crossdock.connectors.host import PluginHost
from crossdock.env import Env
from crossdock.spec.errors import ConfigError

pytestmark = pytest.mark.security("S17")

PLUGIN = """
from msgspec import Struct
from crossdock.spec.connector import ConnectorType
from crossdock.spec.hooks import hookimpl

class Settings(Struct, frozen=True, forbid_unknown_fields={strict}):
    pass

@hookimpl
def crossdock_connectors():
    return [ConnectorType(name="{type}", kind="oms", settings=Settings, factory=object, api="{api}")]
"""
EVIL = "raise SystemExit('an evil module was imported')\n"


class Site:
    """A folder on sys.path into which distributions are installed."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.modules: set[str] = set()

    def install(
        self, name, code=None, *, module=None, version="1.2.3", offers=None, api="1.0", strict=True, record=True, group="crossdock",
        value=None, sub=(),
    ) -> str:  # fmt: skip
        """Install a plugin distribution and return the name of its module."""
        module = module or "site_" + name.lower().replace("-", "_").replace(".", "_")
        self.modules.add(module)
        package = self.folder / module
        package.mkdir(exist_ok=True)
        text = PLUGIN.format(type=offers or module, api=api, strict=strict) if code is None else code
        (package / "__init__.py").write_text(text)
        for file in sub:
            (package / file).write_text("")
        info = self.folder / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[{group}]\nit = {value or module}\n")
        files = (
            [f"{module}/{path.name}" for path in package.iterdir() if path.suffix == ".py"] if record is True else []
        )
        if record is not None:
            (info / "RECORD").write_text("".join(f"{file},,\n" for file in [*files, f"{info.name}/METADATA"]))
        importlib.invalidate_caches()
        return module


@pytest.fixture
def site(tmp_path, monkeypatch):
    made = Site(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield made
    for name in [name for name in sys.modules if name.partition(".")[0] in made.modules]:
        del sys.modules[name]


def load(*allow, strict=False, known=None) -> Plugins:
    plugins = Plugins()
    plugins.load_allowed(allow, strict, known or {})
    return plugins


def test_what_is_installed_but_not_allowed_is_never_imported(site):
    evil = [site.install("evil", EVIL), site.install("crossdock-evil", EVIL), site.install("Aaa.Evil", EVIL)]
    good = site.install("good")
    plugins = load("good")
    assert list(plugins.types) == [good]
    assert not set(evil) & set(sys.modules)
    assert [(plugin.name, plugin.version, plugin.types) for plugin in plugins.loaded] == [("good", "1.2.3", (good,))]


def test_nothing_is_allowed_by_default(site):
    evil = site.install("evil", EVIL)
    assert load().types == {}
    assert evil not in sys.modules


@pytest.mark.parametrize("entry", ["goo", "good-", "*", "good*", "g?od", "evil", "", "site_good"])
def test_a_name_is_exact(site, entry):
    module = site.install("good")
    with pytest.raises(ConfigError, match="not installed as a crossdock plugin"):
        load(entry)
    assert module not in sys.modules


@pytest.mark.parametrize(
    "entry", ["Good.Plugin", "good-plugin", "GOOD__plugin", "good-_.plugin==1.*", " good-plugin == 1.2.3 "]
)
def test_a_name_may_be_written_in_each_way_that_means_the_same(site, entry):
    module = site.install("Good_Plugin")
    assert list(load(entry).types) == [module]


@pytest.mark.parametrize(
    ("pattern", "fits"), [("1.*", True), ("1.2.3", True), ("2.*", False), ("1.2", False), ("1.2.*", True)]
)
def test_a_version_that_does_not_fit_is_refused_before_anything_is_imported(site, pattern, fits):
    module = site.install("good")
    if fits:
        assert list(load(f"good=={pattern}").types) == [module]
    else:
        with pytest.raises(ConfigError, match=r"wants good==.*but version 1\.2\.3 is installed"):
            load(f"good=={pattern}")
        assert module not in sys.modules


@pytest.mark.parametrize("entry", ["good>=1", "good~=1.2", "good!=1.0", "good<2,>=1"])
def test_another_way_to_name_versions_is_refused_with_the_one_that_works(site, entry):
    site.install("good")
    with pytest.raises(ConfigError, match=r"name==1\.\*"):
        load(entry)


def test_a_name_that_stands_twice_is_loaded_once(site):
    site.install("good")
    assert len(load("good", "Good").loaded) == 1


def test_of_two_distributions_of_one_name_the_first_on_the_path_counts(site, tmp_path, monkeypatch):
    site.install("good", version="1.0.0")
    other = Site(tmp_path / "other")
    other.folder.mkdir()
    other.install("good", EVIL, module="site_good_evil", version="9.0.0")
    monkeypatch.setattr(sys, "path", [*sys.path, str(other.folder)])
    assert [plugin.version for plugin in load("good").loaded] == ["1.0.0"]
    assert "site_good_evil" not in sys.modules


def test_a_distribution_without_entry_points_of_ours_is_no_plugin(site):
    module = site.install("good", EVIL, group="console_scripts")
    with pytest.raises(
        ConfigError, match=r'not installed as a crossdock plugin: it is installed, but .* the group "crossdock"'
    ):
        load("good")
    assert module not in sys.modules


def test_an_entry_point_that_names_no_module_is_told(site):
    site.install("good", value="no module")
    with pytest.raises(ConfigError, match='plugin good: its entry point it = "no module" names no module'):
        load("good")


def test_a_type_is_missed_where_a_plugin_offers_none_for_want_of_a_marked_hook(site):
    site.install("good", "def crossdock_connectors():\n    return []\n")
    host = PluginHost(load("good"), Env())
    with pytest.raises(ConfigError, match=r"known: none; good offers none: .* marked with @hookimpl"):
        host.connect("depot", Connection(type="t"), str)


def test_a_broken_stranger_keeps_nothing_from_being_loaded(site):
    good = site.install("good")
    for name, metadata_text, points in (
        ("a", "", "[crossdock]\nx = y\n"),
        ("b", "Name: b\n", "no ini at all\n"),
        ("c", "\xff", ""),
    ):
        info = site.folder / f"{name}-1.dist-info"
        info.mkdir()
        (info / "METADATA").write_bytes(metadata_text.encode("latin-1"))
        (info / "entry_points.txt").write_text(points)
    assert list(load("good").types) == [good]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import nothing_of_that_name", "ModuleNotFoundError"), ("x = (", "SyntaxError"), ("1/0", "ZeroDivisionError"),
        (EVIL, "SystemExit"),
    ],
)  # fmt: skip
def test_an_allowed_plugin_that_cannot_be_imported_is_named(site, code, said):
    module = site.install("good", code)
    with pytest.raises(ConfigError, match=f"plugin good cannot be imported from {module}: {said}"):
        load("good")


def test_an_entry_point_may_name_an_object_in_a_module(site):
    code = PLUGIN.format(type="t", api="1.0", strict=True) + "import sys\nplugin = sys.modules[__name__]\n"
    site.install("good", code, value="site_good:plugin")
    assert list(load("good").types) == ["t"]


HOOK = "from crossdock.spec.hooks import hookimpl\n@hookimpl\ndef {}:\n    {}\n"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (HOOK.format("crossdock_connecters()", "return []"), "crossdock_connecters"),
        (HOOK.format("crossdock_connectors(app)", "return []"), "app"),
        (HOOK.format("crossdock_connectors()", "return 5"), "no list"),
        (HOOK.format("crossdock_connectors()", "return ['x']"), "no ConnectorType"),
        (HOOK.format("crossdock_connectors()", "raise KeyError('canary')"), "KeyError"),
    ],
)
def test_a_plugin_that_does_not_fit_the_contract_is_refused_and_forgotten(site, code, said):
    site.install("good", code)
    plugins = Plugins()
    with pytest.raises(ConfigError, match=said) as caught:
        plugins.load_allowed(["good"], False, {})
    assert "plugin:good:it" in str(caught.value)
    assert "canary" not in str(caught.value)
    assert plugins.manager.list_name_plugin() in ([], [("plugin:good:it", None)])


@pytest.mark.parametrize(
    ("api", "fits"), [("1.0", True), ("1.7", False), ("1", True), ("2.0", False), ("0.9", False), ("10.0", False)]
)
def test_another_major_or_a_newer_minor_version_of_the_contract_is_refused(site, api, fits):
    module = site.install("good", api=api)
    if fits:
        assert list(load("good").types) == [module]
    else:
        with pytest.raises(ConfigError, match=f"speaks contract {api}, this daemon 1.1"):
            load("good")


def test_a_type_that_another_plugin_offers_already_is_refused(site):
    site.install("good", offers="shop")
    site.install("other", offers="shop")
    with pytest.raises(ConfigError, match="offers connector type shop, which another plugin offers already"):
        load("good", "other")


def test_settings_that_would_swallow_a_misspelt_key_are_refused(site):
    site.install("good", strict=False)
    with pytest.raises(ConfigError, match="forbid_unknown_fields"):
        load("good")


# digests -------------------------------------------------------------------------------------------------------------


def test_a_plugin_whose_files_changed_is_told_of_or_refused_where_the_configuration_is_strict(site, caplog):
    module = site.install("good", sub=("more.py",))
    (before,) = load("good", strict=True).loaded
    assert not before.changed
    (again,) = load("good", strict=True, known={"good": before.digest}).loaded
    assert (again.changed, again.digest) == (False, before.digest)
    (site.folder / module / "more.py").write_text("x = 1")
    (after,) = load("good", known={"good": before.digest}).loaded
    assert after.changed
    assert "the files of plugin good changed" in caplog.text
    del sys.modules[module]
    with pytest.raises(ConfigError, match=r"start once with plugins\.strict = false"):
        load("good", strict=True, known={"good": before.digest})
    assert module not in sys.modules


@pytest.mark.parametrize("record", [True, False, None], ids=["with a record", "editable", "without a record"])
def test_the_digest_covers_every_code_file_and_imports_none(site, record):
    module = site.install("good", EVIL, record=record, sub=("more.py", "notes.txt"))
    dist = metadata.distribution("good")
    seen = {digest_of(dist)}
    for file, text in (("more.py", "x = 1"), ("__init__.py", EVIL + "#"), ("more.py", "x = 2")):
        (site.folder / module / file).write_text(text)
        seen.add(digest_of(dist))
    assert len(seen) == 4
    before = digest_of(dist)
    (site.folder / module / "notes.txt").write_text("no code")
    assert digest_of(dist) == before
    assert module not in sys.modules


def test_the_digest_of_an_editable_plugin_covers_its_subpackages_and_new_files(site):
    module = site.install("good", EVIL, record=False)
    dist = metadata.distribution("good")
    before = digest_of(dist)
    (site.folder / module / "deeper").mkdir()
    (site.folder / module / "deeper" / "added.py").write_text("")
    assert digest_of(dist) != before


def test_bytes_moved_from_one_file_to_another_change_the_digest(site):
    module = site.install("good", "a = 1\nb = 2\n", sub=("more.py",))
    dist = metadata.distribution("good")
    before = digest_of(dist)
    (site.folder / module / "__init__.py").write_text("a = 1\n")
    (site.folder / module / "more.py").write_text("b = 2\n")
    assert digest_of(dist) != before


def test_the_default_plugins_are_found_and_their_own_code_is_hashed():
    plugins = load("crossdock-oms-default", "crossdock-wms-default==0.*")
    assert set(plugins.types) >= {"oms_default", "wms_default"}
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert all(plugin.digest != empty for plugin in plugins.loaded)
    assert len({plugin.digest for plugin in plugins.loaded}) == 2
