"""Reconciliation."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import click

from crossdock.cli.display import print_json, say, show_table
from crossdock.cli.session import FAILED, Session, json_option

if TYPE_CHECKING:
    from crossdock.control.client import Client
    from crossdock.control.records.asks import Queued
    from crossdock.control.records.tasks import TaskItem, TaskResultPage

LOOK_S = 0.5
"""How often the task is looked at while the command waits for it."""
_OVER = frozenset({"succeeded", "partial", "failed", "cancelled"})


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what is wrong, and what would be done about it.")
@click.option(
    "--days", type=click.IntRange(1, 3650), default=30, show_default=True, help="Orders created within so many days."
)
@click.option("--warehouse", metavar="CODE", help="Only what was pushed to this warehouse.")
@click.option("--force", is_flag=True, help="Mend although it is more than the brake allows.")
@click.option("--no-wait", is_flag=True, help="Do not wait for the end; `crossdock tasks show` tells.")
@json_option
@click.pass_obj
def reconcile(
    session: Session, dry_run: bool, days: int, warehouse: str | None, force: bool, no_wait: bool, as_json: bool
) -> None:
    """Compare OMS, warehouses and what crossdock holds.

    What is missing, unknown or different is shown with its reason; what is safe is mended, the rest becomes incidents.
    Exit code 1 if something was not compared, or is left for a person.
    """
    if no_wait:
        queued = session.talk(lambda c: _ask(c, dry_run, days, warehouse, force), as_json=as_json)
        text = f"{queued.text}; `crossdock tasks show {queued.task_id}` tells how far it is"
        print_json(queued) if as_json else say(text)
        return

    async def whole(client: Client) -> tuple[TaskItem, TaskResultPage]:
        return await _wait(client, (await _ask(client, dry_run, days, warehouse, force)).task_id)

    task, results = session.talk(whole, as_json=as_json)
    if as_json:
        print_json({"task": task, "items": results.items, "next": results.next})
    else:
        _show(task, results)
    if task.state != "succeeded":
        raise click.exceptions.Exit(FAILED)


async def _ask(client: Client, dry_run: bool, days: int, warehouse: str | None, force: bool) -> Queued:
    return await client.reconcile(days=days, warehouse=warehouse, dry_run=dry_run, force=force)


async def _wait(client: Client, number: int) -> tuple[TaskItem, TaskResultPage]:
    task = await client.task(number)
    while task.state not in _OVER:
        await asyncio.sleep(LOOK_S)
        task = await client.task(number)
    return task, await client.task_results(number, limit=200)


def _show(task: TaskItem, results: TaskResultPage) -> None:
    if results.items:
        show_table(("order", "finding", "what about it"), [(r.ref, r.result, r.detail) for r in results.items])
        say("")
    if results.next is not None:
        say(f"there is more: `crossdock tasks show {task.id} --json`")
    say(f"task {task.id}: {task.outcome or ''}" + (f"; {task.error}" if task.error else ""))
