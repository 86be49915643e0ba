"""Write the reference page of the configuration from its Structs: python -m crossdock.config.reference > PAGE."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin

import msgspec
from msgspec import inspect

from crossdock.config.model import Config, Section
from crossdock.config.words import wanted

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD = """\
# Configuration

This page is generated from the program (`python -m crossdock.config.reference`); a test keeps it fresh.

crossdock reads one TOML file, then every `conf.d/*.toml` beside it in the order of their names. Tables are merged; a key
that is set twice is an error. Strategies, warehouses, allocation rules and mappings are not configured here: they live
in the database and are changed with `crossdock`'s commands.

An environment variable `CROSSDOCK__SECTION__KEY` overrides a key: `CROSSDOCK__LOG__LEVEL=debug`,
`CROSSDOCK__CONNECTIONS__SHOP_TH__FETCH__EVERY_S=30`. Its value is read as TOML; what is no TOML is a text. In a
connection's name, everything but letters and digits is written `_`.

A secret stands here by name only, `token = {secret = "shop.token"}`. Its value is looked for in
`$CREDENTIALS_DIRECTORY/shop.token` (systemd credentials), then in the file `shop.token` of `credentials_dir` (mode 0600,
owned by crossdock's user or root), then in the environment variable `CROSSDOCK_SECRET_SHOP_TOKEN`.

Relative `state_dir`, `credentials_dir`, `ca_file`, `cert_file` and `key_file` are taken from the folder of the configuration file.
`crossdock check-config` tells every problem with file, line and key, and ends with exit code 78 if there is one.
Secrets are looked up as well, and never shown. In a shell `$CREDENTIALS_DIRECTORY` is not set, so there a secret that is found
nowhere is only warned about, unless `credentials_dir` is set: then it must be there. So is a file that only another user may
read.
"""


def markdown() -> str:
    """Return the page."""
    return "\n".join([_HEAD, *_section(Config, ())])


def _section(kind: type[Section], at: tuple[str, ...]) -> Iterator[str]:
    name = ".".join(at)
    yield f"## `[{name}]`\n" if name else "## Top level\n"
    yield f"{(kind.__doc__ or '').strip()}\n"
    single, inner = [], []
    for field in msgspec.structs.fields(kind):
        found = _inner(field.type)
        if found:
            inner.append((found[0], (*at, field.encode_name, *found[1])))
        else:
            single.append(_row(field))
    if single:
        yield "| key | what | takes | default |\n|-|-|-|-|\n" + "\n".join(single) + "\n"
    for section, path in inner:
        yield from _section(section, path)


def _inner(kind: Any) -> tuple[type[Section], tuple[str, ...]] | None:
    """Return the section that a field holds, and the extra step of its path where it holds many by name."""
    if isinstance(kind, type) and issubclass(kind, Section):
        return kind, ()
    if get_origin(kind) is dict and issubclass(get_args(kind)[1], Section):
        return get_args(kind)[1], ("NAME",)
    return None


def _row(field: msgspec.structs.FieldInfo) -> str:
    cells = (f"`{field.encode_name}`", description(field.type), wanted(field.type), _default(field))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def description(kind: Any) -> str:
    """Return what a field's declaration says about it; nothing where it says nothing."""
    if get_origin(kind) is not Annotated:
        return ""
    info = inspect.type_info(kind)
    extra = info.extra_json_schema if isinstance(info, inspect.Metadata) else None
    return str((extra or {}).get("description", ""))


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    if field.default is msgspec.NODEFAULT:
        return "`{}`"
    return "none" if field.default is None else f"`{json.dumps(field.default)}`"


if __name__ == "__main__":
    sys.stdout.write(markdown())
