"""Sync tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import click

from crossdock.cli.csv_output import csv_options, print_csv, say_more
from crossdock.cli.display import print_json, say, show_facts, show_table
from crossdock.cli.numbers import Whole
from crossdock.cli.session import Session, json_option
from crossdock.control.records.base import TaskStateName

if TYPE_CHECKING:
    from crossdock.control.client import Client
    from crossdock.control.records.tasks import TaskItem, TaskResultPage

STATES = get_args(TaskStateName)
number = click.argument("number", metavar="TASK", type=Whole(1))


@click.group()
def tasks() -> None:
    """Sync tasks: what was asked, how far it is."""


@tasks.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only tasks in this state.")
@click.option("--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="Rows shown, at most.")
@click.option("--after", type=Whole(1), help="Go on after this task.")
@csv_options
@json_option
@click.pass_obj
def list_tasks(session: Session, /, as_csv: bool, raw: bool, as_json: bool, **query: object) -> None:
    """List sync tasks, newest first."""
    page = session.talk(lambda client: client.tasks(**query), as_json=as_json)
    if as_json:
        print_json(page)
        return
    columns = ("task", "kind", "connection", "state", "asked", "by", "found", "changed", "failed", "outcome")
    rows = [
        (t.id, t.kind, t.connection, t.state, t.asked_at, t.actor or t.origin, t.found, t.changed, t.failed, t.error or t.outcome)
        for t in page.items
    ]  # fmt: skip
    if as_csv:
        print_csv(columns, rows, raw=raw)
        say_more(page.next)
        return
    show_table(columns, rows, "no tasks")
    if page.next is not None:
        say(f"more: --after {page.next}")


@tasks.command("show")
@number
@click.option("--after", type=Whole(0), default=0, help="Go on with what it did after this.")
@json_option
@click.pass_obj
def show_task(session: Session, number: int, after: int, as_json: bool) -> None:
    """Show one task and what it did about each order, or whatever else it was about.

    Each order has its result and in what it differed from what was known, of personal data only where. A fetch on schedule
    tells of up to 200 orders that changed or could not be read.
    """
    task, results = session.talk(lambda client: _task(client, number, after), as_json=as_json)
    if as_json:
        print_json({"task": task, "items": results.items, "next": results.next})
        return
    _show(task)
    if results.items:
        say("")
        show_table(("what", "result", "detail"), [(r.ref, r.result, r.detail) for r in results.items])
    differ = [(r.ref, d.path, d.before, d.after) for r in results.items for d in r.diff]
    if differ:
        say("")
        show_table(("what", "differed in", "before", "after"), differ)
    if results.next is not None:
        say("")
        say(f"more: --after {results.next}")


async def _task(client: Client, number: int, after: int) -> tuple[TaskItem, TaskResultPage]:
    return await client.task(number), await client.task_results(number, after=after, limit=200)


@tasks.command("cancel")
@number
@json_option
@click.pass_obj
def cancel_task(session: Session, number: int, as_json: bool) -> None:
    """Cancel a task that has not started."""
    task = session.talk(lambda client: client.cancel_task(number), as_json=as_json)
    if as_json:
        print_json(task)
    else:
        say(f"task {task.id} is {task.state}")


def _show(task: TaskItem) -> None:
    show_facts((
        ("task", f"{task.id} ({task.kind})"),
        ("connection", task.connection),
        ("warehouse", task.warehouse),
        ("state", task.state),
        ("outcome", task.outcome),
        ("error", task.error),
        ("asked", task.asked_at),
        ("by", task.actor or task.origin),
        ("started", task.started_at),
        ("finished", task.finished_at),
        ("orders named", task.orders or None),
        ("counted", _counted(task)),
    ))  # fmt: skip


def _counted(task: TaskItem) -> str:
    return (
        f"{task.found} found, {task.changed} changed, {task.unchanged} unchanged, {task.skipped} skipped, "
        f"{task.failed} failed"
    )
