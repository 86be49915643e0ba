"""Connector plugins."""

from __future__ import annotations

import click

from crossdock.cli.display import print_json, say, show_facts, show_table
from crossdock.cli.session import FAILED, Session, fail, json_option


@click.group()
def plugins() -> None:
    """Connector plugins. Only those that the configuration allows by name are ever loaded."""


@plugins.command("list")
@json_option
@click.pass_obj
def list_plugins(session: Session, as_json: bool) -> None:
    """List the plugins that the configuration allows."""
    found = session.talk(lambda client: client.plugins(), as_json=as_json)
    if as_json:
        print_json(found)
        return
    rows = [(p.name, p.version, p.loaded, [t.name for t in p.types], p.problem) for p in found.items]
    show_table(("plugin", "version", "loaded", "connector types", "problem"), rows, "no plugin is allowed")


@plugins.command("show")
@click.argument("name")
@json_option
@click.pass_obj
def show_plugin(session: Session, name: str, as_json: bool) -> None:
    """Show one plugin and the connector types it offers."""
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
