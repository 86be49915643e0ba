"""Incidents."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from crossdock.cli.display import print_json, say, show_facts, show_table, span
from crossdock.cli.lists import Form, list_forms, show_list
from crossdock.cli.numbers import Real, Whole
from crossdock.cli.session import FAILED, Session, fail, json_option

if TYPE_CHECKING:
    from crossdock.control.client import Client
    from crossdock.control.records.asks import Done
    from crossdock.control.records.incidents import HeldPage, IncidentItem

CAUSES = (
    "transient", "mapping", "validation", "auth", "conflict", "in_doubt", "refused", "drift", "decision", "bug",
)  # fmt: skip
number = click.argument("number", metavar="INCIDENT", type=Whole(1))


@click.group()
def incidents() -> None:
    """What holds orders, one line a cause.

    Mended once, all that it holds goes on, and the incident closes by itself.
    """


@incidents.command("list")
@click.option("--healed", is_flag=True, help="Those that are closed, instead of the open ones.")
@click.option("--cause", type=click.Choice(CAUSES), help="Only of this cause.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="Rows shown, at most.")
@click.option("--after", type=Whole(0), help="Go on after this incident.")
@list_forms
@click.pass_obj
def list_incidents(
    session: Session, healed: bool, cause: str | None, limit: int, after: int | None, form: Form
) -> None:
    """List incidents, oldest first: how many each holds, since when, and what to do."""
    state = "healed" if healed else "open"
    page = session.talk(
        lambda client: client.incidents(state=state, cause=cause, limit=limit, after=after), as_json=form.as_json
    )
    now = datetime.now(UTC)
    rows = [
        (i.id, i.holds, span((now - i.since).total_seconds()), i.cause, i.text, i.owner, i.command or i.do)
        for i in page.items
    ]
    show_list(
        form,
        page,
        ("incident", "holds", "for", "cause", "what", "owner", "what to do"),
        rows,
        f"no {state} incidents",
        page.next,
    )


@incidents.command("show")
@number
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="Rows shown, at most.")
@click.option("--after", help="Go on after this one of what it holds.")
@json_option
@click.pass_obj
def show_incident(session: Session, number: int, limit: int, after: str | None, as_json: bool) -> None:
    """Show an incident, what it holds, and what to do about it."""
    item, held = session.talk(lambda client: _both(client, number, after, limit), as_json=as_json)
    if as_json:
        print_json({"incident": item, "held": held.items, "next": held.next})
        return
    _show(item)
    if held.items:
        say("")
        rows = [(h.ref or h.subject, h.since, ", ".join(h.choices), h.text) for h in held.items]
        show_table(("what", "since", "choices", "in particular"), rows)
    if held.next is not None:
        say(f"more: --after {held.next}")


async def _both(client: Client, number: int, after: str | None, limit: int) -> tuple[IncidentItem, HeldPage]:
    return await client.incident(number), await client.held(number, after, limit)


@incidents.command("take")
@number
@click.option("--owner", metavar="NAME", help="Who looks after it; without this, you do.")
@json_option
@click.pass_obj
def take_incident(session: Session, number: int, owner: str | None, as_json: bool) -> None:
    """Say who looks after an incident."""
    item = session.talk(lambda client: client.take_incident(number, owner), as_json=as_json)
    if as_json:
        print_json(item)
    else:
        say(f"{item.owner or 'nobody'} looks after incident {item.id}: {item.text}")


@incidents.command("mute")
@number
@click.option("--hours", type=Real(0, 24 * 366), default=24, show_default=True, help="For so long; 0 ends it.")
@json_option
@click.pass_obj
def mute_incident(session: Session, number: int, hours: float, as_json: bool) -> None:
    """Keep an incident out of `crossdock status` for a while. It stays in the list, and holds what it holds."""
    until = datetime.now(UTC) + timedelta(hours=hours) if hours else None
    item = session.talk(lambda client: client.mute_incident(number, until), as_json=as_json)
    if as_json:
        print_json(item)
    else:
        say(
            f"incident {item.id} is muted until {item.muted_until:%Y-%m-%d %H:%M} UTC"
            if item.muted_until
            else f"incident {item.id} is news again"
        )


@incidents.command("release")
@number
@json_option
@click.pass_obj
def release_incident(session: Session, number: int, as_json: bool) -> None:
    """Let go on all that an incident holds: each is decided again, or sent again; one result each.

    A mapping or an allocation rule that is saved does that by itself.
    """
    results = session.talk(lambda client: _release(client, number), as_json=as_json)
    if as_json:
        print_json({"results": results})
    else:
        done = sum(1 for each in results if each.done)
        show_table(("what", "released", "result"), [(r.order, r.done, r.text) for r in results], "it holds nothing")
        say(f"{done} of {len(results)} released")
    if results and not any(each.done for each in results):
        fail(FAILED, f"nothing that incident {number} holds could be released") if not as_json else _failed()


def _failed() -> None:
    raise click.exceptions.Exit(FAILED)


async def _release(client: Client, number: int) -> list[Done]:
    results: list[Done] = []
    after: str | None = ""
    while after is not None:
        page = await client.release_incident(number, after)
        results += page.results
        after = page.next
    return results


def _show(item: IncidentItem) -> None:
    show_facts((
        ("incident", item.id),
        ("what", item.text),
        ("holds", str(item.holds)),
        ("cause", item.cause),
        ("connection", item.connection),
        ("code", item.code),
        ("since", item.since),
        ("healed", item.healed_at),
        ("owner", item.owner),
        ("muted until", item.muted_until),
        ("what to do", item.do),
        ("command", item.command),
    ))  # fmt: skip
