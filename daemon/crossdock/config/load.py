"""Load the configuration: read, merge, check, and tell everything that is wrong with it at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from crossdock.config.checks import findings
from crossdock.config.model import Config
from crossdock.config.problems import BadConfig, Problem, dotted, problem
from crossdock.config.shape import examine
from crossdock.config.sources import gather

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crossdock.config.problems import KeyPath, Place


def load(path: Path, environ: Mapping[str, str]) -> Config:
    """Return the configuration of `path`, conf.d/*.toml beside it and CROSSDOCK__SECTION__KEY in `environ`.

    Nothing is opened for writing, bound, locked or asked over the network. `state_dir`, `credentials_dir`, `ca_file`, `cert_file`
    and `key_file` are taken from the folder of `path` where they are relative, and are absolute in the result. Raises BadConfig, with
    all problems that can be found, and nothing else.
    """
    return load_with_places(path, environ)[0]


def load_with_places(path: Path, environ: Mapping[str, str]) -> tuple[Config, Callable[[KeyPath], Place]]:
    """Do as `load`, and tell of every key where it is set, for what is checked later. Raises BadConfig."""
    path = Path(path)
    tree = gather(path, environ)
    fitting, problems = examine(tree.data, tree.place)
    problems = [*tree.problems, *problems]
    try:
        config = msgspec.convert(fitting, Config, strict=True)
    except msgspec.ValidationError as error:
        at = tree.place(())
        raise BadConfig(problems or [Problem(at.file, at.line, "", f"does not fit: {error}")]) from None
    config = _absolute(config, path)
    told = {each.key for each in problems}
    problems += [
        problem(tree.place(at), at, message, hint) for at, message, hint in findings(config) if dotted(at) not in told
    ]
    if problems:
        raise BadConfig(sorted(problems, key=lambda each: (each.file, each.line)))
    return config, tree.place


def _absolute(config: Config, path: Path) -> Config:
    folder = path.absolute().parent

    def whole(name: str | None) -> str | None:
        return str(folder / name) if name and not name.startswith("~") and name.strip() else name

    tcp = config.control.tcp
    tcp = msgspec.structs.replace(tcp, cert_file=whole(tcp.cert_file), key_file=whole(tcp.key_file))
    connections = {
        name: msgspec.structs.replace(each, tls=msgspec.structs.replace(each.tls, ca_file=whole(each.tls.ca_file)))
        for name, each in config.connections.items()
    }
    return msgspec.structs.replace(
        config,
        state_dir=whole(config.state_dir) or "",
        credentials_dir=whole(config.credentials_dir),
        control=msgspec.structs.replace(config.control, tcp=tcp),
        connections=connections,
    )
