"""Everything about a connection, a plugin, a record that could not be read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rich.text import Text

from crossdock_tui.details import facts, heading, stacked
from crossdock_tui.language import _, said
from crossdock_tui.words import BAD, age, iso, number, shown, state, until, yes

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from rich.console import RenderableType

    from crossdock.control.records.daemon import ConnectionItem, PluginItem, PluginType, QuarantineItem


def reason(item: ConnectionItem, now: datetime) -> Text:
    """Say how a connection is, what happens next, and what a person may do."""
    text = Text(shown(said(item.text), 400).plain)
    if left := until(item.until, now):
        text.append("\n" + _("it is tried again in {left}; t tests it now").format(left=left), style="dim")
    if item.state == "paused":
        text.append("\n" + _("mend what it says, then u lets it go on"), style="bold yellow")
    if item.state == "stuck":
        text.append("\n" + _("its plugin does not react any more: restart the daemon"), style="bold yellow")
    if item.state == "not_loaded":
        text.append("\n" + _("the tab of plugins says what is wrong with it"), style="bold yellow")
    if item.error:
        text.append("\n" + shown(f"{item.error_kind}: {said(item.error)}", 400).plain, style="red")
    return text


def connection(item: ConnectionItem, now: datetime) -> RenderableType:
    """Show a connection: how it is, and what it can do."""
    success = f"{iso(item.last_success)} ({age(item.last_success, now)})" if item.last_success else ""
    parts: list[RenderableType] = [
        facts(
            (_("connection"), item.name), (_("kind"), item.kind.upper()), (_("type"), item.type), (_("state"), state(item.state)),
            (_("what happens"), said(item.text)), (_("since"), iso(item.since)), (_("next try"), until(item.until, now)),
            (_("failures"), number(item.failures)), (_("error"), f"{item.error_kind}: {said(item.error)}" if item.error else ""),
            (_("paused by"), item.paused_by), (_("last success"), success), (_("last hint"), iso(item.last_hint)),
        ),
    ]  # fmt: skip
    if item.insecure_tls:
        parts.append(Text(_("its certificate is not checked: whoever is between can read and change everything"), BAD))
    parts += [heading(_("hooks")), Text(", ".join(shown(each).plain for each in item.hooks) or _("none"))]
    parts += [heading(_("capabilities")), capabilities(item.capabilities)]
    return stacked(*parts)


def capabilities(found: Mapping[str, object]) -> RenderableType:
    """Show what a connector declares, one line each."""
    pairs = []
    for name, value in found.items():
        said_value: object = yes(value) if isinstance(value, bool) else value
        if isinstance(value, (dict, list, tuple)):
            said_value = json.dumps(value, ensure_ascii=False) if value else ""
        if value is not False:
            pairs.append((shown(name.replace("_", " "), 60).plain, said_value))
    return facts(*pairs)


def plugin(item: PluginItem) -> RenderableType:
    """Show a plugin: its types with their settings, its digest, what is wrong with it."""
    parts: list[RenderableType] = [
        facts(
            (_("plugin"), item.name), (_("version"), item.version),
            (_("state"), state("ready" if item.loaded else "not_loaded")),
            (_("problem"), shown(said(item.problem), 1000, BAD) if item.problem else ""), (_("digest"), item.digest),
        ),
    ]  # fmt: skip
    for each in item.types:
        parts += [heading(f"{shown(each.name).plain} ({shown(each.kind.upper()).plain})"), *_type(each)]
    return stacked(*parts)


def _type(found: PluginType) -> list[RenderableType]:
    parts: list[RenderableType] = [facts((_("api"), found.api), (_("documentation"), found.docs_url))]
    settings = Text()
    for each in found.settings:
        settings.append_text(shown(each.key, 60, "bold")).append("  ").append_text(shown(each.takes, 80, "dim"))
        if each.required:
            settings.append("  " + _("required"), style="yellow")
        elif each.default:
            settings.append("  ").append_text(shown(f"= {each.default}", 80))
        settings.append("\n")
        if each.text:
            settings.append("    ").append_text(shown(each.text, 400)).append("\n")
    parts += [settings if settings.plain else Text(_("no settings"), style="dim"), capabilities(found.capabilities)]
    return parts


def record(item: QuarantineItem, rights: Collection[str]) -> RenderableType:
    """Show a record that could not be read; how it begins only to those who may see personal data."""
    parts: list[RenderableType] = [
        facts(
            (_("connection"), item.connection), (_("record"), item.ref), (_("reason"), said(item.reason)),
            (_("first"), iso(item.first_at)), (_("last"), iso(item.last_at)), (_("bytes"), number(item.bytes)),
        ),
    ]  # fmt: skip
    if not item.named:
        text = _(
            "it has no readable reference: its system cannot be asked for it again, reading it again only drops it"
        )
        parts.append(Text(text, style="yellow"))
    parts.append(heading(_("how it begins")))
    if item.excerpt is not None:
        parts.append(Text(shown(item.excerpt, 2000).plain))
    elif "pii.view" in rights:
        parts.append(Text(_("it is not shown, because the audit cannot be written"), style="yellow"))
    else:
        parts.append(Text(_("it may hold personal data: you lack the right pii.view"), style="dim"))
    return stacked(*parts)
