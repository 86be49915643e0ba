"""Connector plugins."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from crossdock.cli.display import print_json, say, show_facts, show_table
from crossdock.cli.lists import Form, list_forms, show_list
from crossdock.cli.session import FAILED, Session, fail, json_option

if TYPE_CHECKING:
    from crossdock.control.records.daemon import PluginType


@click.group()
def plugins() -> None:
    """Connector plugins. Only those that the configuration allows by name are ever loaded."""


@plugins.command("list")
@list_forms
@click.pass_obj
def list_plugins(session: Session, form: Form) -> None:
    """List the plugins that the configuration allows."""
    found = session.talk(lambda client: client.plugins(), as_json=form.as_json)
    rows = [(p.name, p.version, p.loaded, [t.name for t in p.types], p.problem) for p in found.items]
    show_list(form, found, ("plugin", "version", "loaded", "connector types", "problem"), rows, "no plugin is allowed")


@plugins.command("show")
@click.argument("name")
@json_option
@click.pass_obj
def show_plugin(session: Session, name: str, as_json: bool) -> None:
    """Show one plugin, the connector types it offers, what they can do and their settings."""
    items = session.talk(lambda client: client.plugins(), as_json=as_json).items
    found = next((each for each in items if each.name == name), None)
    if found is None:
        known = ", ".join(each.name for each in items) or "none"
        fail(FAILED, f"there is no plugin {name} (allowed: {known})", as_json=as_json, kind="not_found")
    if as_json:
        print_json(found)
        return
    show_facts((
        ("plugin", found.name),
        ("version", found.version),
        ("loaded", found.loaded),
        ("problem", found.problem),
        ("files", found.digest),
    ))  # fmt: skip
    say("")
    show_table(("type", "kind", "api", "documentation"), [(t.name, t.kind, t.api, t.docs_url) for t in found.types])
    for each in found.types:
        _show_type(each)


def _show_type(found: PluginType) -> None:
    said = [(name, _said(value)) for name, value in sorted(found.capabilities.items())]
    if said:
        say("")
        show_table((f"what {found.name} can do", "how far"), said)
    if found.settings:
        say("")
        rows = [(s.key, s.text, s.takes, "required" if s.required else s.default or "none") for s in found.settings]
        show_table((f"setting of {found.name}", "what", "takes", "default"), rows)


def _said(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
