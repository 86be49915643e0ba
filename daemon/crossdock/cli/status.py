"""How the daemon is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crossdock.cli.display import print_json, say, show_table, size, span, when
from crossdock.cli.session import NO_DAEMON, Session, json_option

if TYPE_CHECKING:
    from crossdock.control.records.daemon import Status

_NAGIOS = {"ok": 0, "warning": 1, "critical": 2}


@click.command()
@click.option("--exit-code", is_flag=True, help="One line, and exit 0, 1 or 2 as monitoring plugins do.")
@json_option
@click.pass_obj
def status(session: Session, exit_code: bool, as_json: bool) -> None:
    """Show how the daemon is.

    Connections, the outbox by state, what waits for a person, tasks, disk.
    """
    try:
        found = session.talk(lambda client: client.status(), as_json=as_json)
    except click.exceptions.Exit as ended:
        if exit_code and ended.exit_code == NO_DAEMON:
            raise click.exceptions.Exit(_NAGIOS["critical"]) from None
        raise
    if as_json:
        print_json(found)
    elif exit_code:
        say(f"crossdock {found.level.upper()}: {'; '.join(found.reasons) or 'all is well'}")
    else:
        _show(found)
    if exit_code:
        raise click.exceptions.Exit(_NAGIOS[found.level])


def _show(found: Status) -> None:
    say(f"crossdock {found.version}, {when(found.now)} UTC: {found.level}")
    for reason in found.reasons:
        say(f"  ! {reason}")
    say("")
    show_table(
        ("connection", "kind", "state", "since", "why", "next"),
        [(c.name, c.kind, c.state, c.since, c.error, c.text) for c in found.connections],
        "no connections are configured",
    )
    say("")
    show_table(
        ("orders", "count", "oldest"),
        [
            (each.state, each.count, span((found.now - each.oldest).total_seconds()) if each.oldest else None)
            for each in found.outbox
        ],
    )
    say("")
    _waits(found)
    say(
        f"in doubt, to be settled: {found.to_settle} · parked: {found.parked} · changed after their push: {found.changed} · "
        f"(Updated): {found.updated} · too old to be pushed: {found.aged} · quarantine: {found.quarantine} · "
        f"incidents: {sum(found.incidents.values())} "
        f"({found.incidents_muted} muted) · "
        f"writes: {found.operations_open} under way, {found.operations_failed} failed · "
        f"tasks: {found.tasks_running} running, {found.tasks_queued} queued · "
        f"disk: {size(found.disk_free_bytes)} free{' (LOW)' if found.disk_low else ''}"
    )


def _waits(found: Status) -> None:
    """Say how much waits for a person, and of the largest causes what to do."""
    others = found.needs_person - found.orders_need_person
    besides = f" and {others} other things" if others else ""
    say(f"need a person: {found.orders_need_person} orders{besides}")
    for each in found.waits:
        say(f"  {each.holds} × {each.text}: {each.do}{f' (`{each.command}`)' if each.command else ''}")
    if len(found.waits) < sum(found.incidents.values()):
        say("  all of them: `crossdock incidents list`")
