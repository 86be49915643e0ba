"""Master data of warehouses: settings, the first contact, conflicts, the brake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import click

from crossdock.cli.display import cell, print_json, say, show_facts, show_table
from crossdock.cli.entries import fitting, from_file, from_json_option
from crossdock.cli.lists import Form, list_forms, show_list
from crossdock.cli.naming import a_reason
from crossdock.cli.numbers import Whole
from crossdock.cli.session import Session, json_option
from crossdock.control.records.master import BindingStateName, MasterField, MasterSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.control.client import Client
    from crossdock.control.records.master import MasterConflict, MasterPlan

DIRECTIONS = ("oms_to_wms", "wms_to_oms", "both")
OWNERS = ("oms", "wms")
RULES = ("owner", "union", "max", "last_writer", "manual")
STATES = get_args(BindingStateName)
SIDES = ("oms", "wms", "base")
warehouse_argument = click.argument("warehouse")
limit_option = click.option(
    "--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="Rows shown, at most."
)


@click.group()
def master() -> None:
    """Master data: product data of an OMS and its warehouses, kept in step both ways."""


@master.group("policy")
def policy() -> None:
    """Settings of a warehouse: on or off, and each field's direction, owner and rule."""


@policy.command("show")
@warehouse_argument
@json_option
@click.pass_obj
def show_policy(session: Session, warehouse: str, as_json: bool) -> None:
    """Show a warehouse's settings."""
    found = session.talk(lambda client: client.master_settings(warehouse), as_json=as_json)
    if as_json:
        print_json(found)
        return
    show_facts([
        ("warehouse", found.warehouse), ("hub", found.oms), ("in step", found.enabled),
        ("brake", f"more than {found.brake_percent} % and more than {found.brake_skus} products"),
        ("tolerance", f"{found.tolerance_s} s"), ("revision", found.revision),
    ])  # fmt: skip
    rows = [(name, each.on, each.direction, each.owner, each.rule) for name, each in found.fields.items()]
    show_table(("field", "on", "direction", "owner", "rule"), rows)


@policy.command("set")
@warehouse_argument
@click.option("--oms", metavar="CONNECTION", help="The OMS connection whose products are the hub.")
@click.option("--field", "name", metavar="FIELD", help="The field that the next four options are about.")
@click.option("--on/--off", "switched", default=None, help="Whether the field is kept in step.")
@click.option("--direction", type=click.Choice(DIRECTIONS), help="Where its changes may go.")
@click.option("--owner", type=click.Choice(OWNERS), help="Who wins where the rule is owner.")
@click.option("--rule", type=click.Choice(RULES), help="What decides when both sides changed it.")
@click.option("--brake-percent", type=click.IntRange(0, 100), help="A run that changes more than so many percent …")
@click.option(
    "--brake-skus", type=click.IntRange(0, 1_000_000), help="… and more than so many products waits for a person."
)
@click.option(
    "--tolerance-s", type=click.IntRange(0, 86_400), help="How far apart changes must be to tell which was later."
)
@from_json_option
@json_option
@click.pass_obj
def set_policy(session: Session, /, warehouse: str, from_json: str | None, as_json: bool, **options: Any) -> None:
    """Change a warehouse's settings. What is not named stays as it is."""
    name, on = options.pop("name"), options.pop("switched")
    field = {"on": on, **{key: options.pop(key) for key in ("direction", "owner", "rule")}}
    if name is None and any(value is not None for value in field.values()):
        raise click.UsageError("--on, --off, --direction, --owner and --rule go with --field")

    async def ask(client: Client) -> MasterSettings:
        found = await client.master_settings(warehouse)
        if from_json is not None:
            return await client.save_master_settings(
                from_file(MasterSettings, from_json, {"warehouse": warehouse}, found.revision)
            )
        plain = {key: getattr(found, key) for key in MasterSettings.__struct_fields__}
        plain |= {key: value for key, value in options.items() if value is not None}
        if name is not None:
            plain["fields"] = {**found.fields, name: _changed(found.fields.get(name, MasterField()), field)}
        return await client.save_master_settings(MasterSettings(**plain))

    _saved(session.talk(ask, as_json=as_json), as_json)


def _changed(found: MasterField, options: dict[str, Any]) -> MasterField:
    plain = {key: getattr(found, key) for key in MasterField.__struct_fields__}
    return fitting(MasterField, plain | {key: value for key, value in options.items() if value is not None})


def _saved(saved: MasterSettings, as_json: bool) -> None:
    if as_json:
        print_json(saved)
        return
    state = "are kept in step" if saved.enabled else "are not kept in step"
    say(f"the settings of warehouse {saved.warehouse} are saved (revision {saved.revision}); its products {state}")


@policy.command("enable")
@warehouse_argument
@json_option
@click.pass_obj
def enable(session: Session, warehouse: str, as_json: bool) -> None:
    """Keep a warehouse's products in step. Nothing is written before a plan is applied."""
    _saved(session.talk(lambda client: _switch(client, warehouse, on=True), as_json=as_json), as_json)


@policy.command("disable")
@warehouse_argument
@json_option
@click.pass_obj
def disable(session: Session, warehouse: str, as_json: bool) -> None:
    """Leave a warehouse's products alone. What was agreed on is kept."""
    _saved(session.talk(lambda client: _switch(client, warehouse, on=False), as_json=as_json), as_json)


async def _switch(client: Client, warehouse: str, *, on: bool) -> MasterSettings:
    found = await client.master_settings(warehouse)
    plain = {key: getattr(found, key) for key in MasterSettings.__struct_fields__}
    return await client.save_master_settings(MasterSettings(**{**plain, "enabled": on}))


@master.command("status")
@warehouse_argument
@json_option
@click.pass_obj
def status(session: Session, warehouse: str, as_json: bool) -> None:
    """Show how master data of a warehouse stands."""
    found = session.talk(lambda client: client.master_status(warehouse), as_json=as_json)
    if as_json:
        print_json(found)
        return
    facts: list[tuple[str, object]] = [("warehouse", found.warehouse), ("in step", found.enabled)]
    facts += [(state, found.products[state]) for state in STATES if state in found.products]
    facts.append(("open conflicts", found.conflicts))
    if found.brake is not None:
        facts.append(("brake", f"{found.brake.changes} of {found.brake.bound} products wait for a person"))
    show_facts(facts)


@master.command("fetch")
@click.argument("connection")
@json_option
@click.pass_obj
def fetch(session: Session, connection: str, as_json: bool) -> None:
    """Fetch the products of a connection now, of the OMS or of a warehouse.

    The daemon does it as a task; it may be asked once in five minutes for each connection.
    """
    found = session.talk(lambda client: client.fetch_products(connection), as_json=as_json)
    if as_json:
        print_json(found)
    else:
        say(found.text)


@master.command("plan")
@warehouse_argument
@click.option("--show", "shown", type=Whole(1), metavar="ID", help="Show this plan instead of making one.")
@click.option("--after", metavar="SKU", help="Go on after this product.")
@limit_option
@json_option
@click.pass_obj
def plan(session: Session, warehouse: str, shown: int | None, after: str | None, limit: int, as_json: bool) -> None:
    """Show what the first contact of WAREHOUSE's products would do. Nothing is written."""

    async def ask(client: Client) -> Any:
        number = shown if shown is not None else (await client.master_plan(warehouse)).id
        return await client.master_plan_page(number, after, limit)

    page = session.talk(ask, as_json=as_json)
    if as_json:
        print_json(page)
        return
    _show_plan(page.plan)
    rows = [
        (
            item.sku, list(item.adopt), [f"{name} → {fill.to}: {_value(fill.value)}" for name, fill in item.fill.items()],
            [f"{name}: oms {_value(each.oms)}, wms {_value(each.wms)}" for name, each in item.conflict.items()],
        )
        for item in page.items
    ]  # fmt: skip
    show_table(("product", "the same on both sides", "filled", "to be decided"), rows, "no product waits for a plan")
    if page.next is not None:
        say(f"more: --show {page.plan.id} --after '{page.next}'")
    if page.plan.state == "open" and page.plan.products:
        say(f"apply exactly this: crossdock master apply {warehouse} --plan {page.plan.id}")


def _show_plan(found: MasterPlan) -> None:
    say(
        f"plan {found.id} of warehouse {found.warehouse} ({found.state}): {found.products} products; fields: "
        f"{found.adopted} the same on both sides, {found.filled} filled, {found.conflicted} to be decided"
    )


@master.command("apply")
@warehouse_argument
@click.option("--plan", "number", type=Whole(1), required=True, metavar="ID", help="The plan that was shown.")
@json_option
@click.pass_obj
def apply_plan(session: Session, warehouse: str, number: int, as_json: bool) -> None:
    """Apply a plan exactly as it was shown."""
    applied = session.talk(lambda client: client.apply_master_plan(warehouse, number), as_json=as_json)
    if as_json:
        print_json(applied)
    else:
        _show_plan(applied)


@master.command("release")
@warehouse_argument
@json_option
@click.pass_obj
def release(session: Session, warehouse: str, as_json: bool) -> None:
    """Let pass what the brake of a warehouse holds back."""
    released = session.talk(lambda client: client.release_master(warehouse), as_json=as_json)
    if as_json:
        print_json(released)
    else:
        say(released.text)


@master.command("products")
@warehouse_argument
@click.option("--state", type=click.Choice(STATES), help="Only in this state.")
@click.option("--after", metavar="SKU", help="Go on after this product.")
@limit_option
@list_forms
@click.pass_obj
def products(
    session: Session, warehouse: str, state: str | None, after: str | None, limit: int, form: Form
) -> None:  # fmt: skip
    """List the products of a warehouse and how each stands."""
    page = session.talk(lambda client: client.master_products(warehouse, state, after, limit), as_json=form.as_json)
    rows = [
        (item.sku, item.state, _name(item.base), _name(item.oms), _name(item.wms), item.origin or None)
        for item in page.items
    ]
    columns = ("product", "state", "agreed name", "name in the OMS", "name in the warehouse", "last change from")
    show_list(form, page, columns, rows, "no products", page.next)


def _name(values: dict[str, Any] | None) -> object:
    return "(not there)" if values is None else values.get("name")


@master.group("conflicts")
def conflict_commands() -> None:
    """Fields that both sides changed, with all three values."""


@conflict_commands.command("list")
@warehouse_argument
@click.option("--decided", is_flag=True, help="Those that are decided, too.")
@click.option("--after", type=Whole(0), help="Go on after this conflict.")
@limit_option
@list_forms
@click.pass_obj
def list_conflicts(
    session: Session, warehouse: str, decided: bool, after: int | None, limit: int, form: Form
) -> None:  # fmt: skip
    """List the conflicts of a warehouse, oldest first."""
    page = session.talk(
        lambda client: client.master_conflicts(warehouse, decided=decided, after=after, limit=limit),
        as_json=form.as_json,
    )
    show_list(form, page, _CONFLICTS, _conflict_rows(page.items), "no conflicts", page.next)


_CONFLICTS = ("id", "product", "field", "why", "base", "oms", "wms", "decided")


def _conflict_rows(found: Sequence[MasterConflict]) -> list[tuple[object, ...]]:
    return [
        (each.id, each.sku, each.field, each.why, *map(_value, (each.base, each.oms, each.wms)), "open" if each.open else each.taken)
        for each in found
    ]  # fmt: skip


def _value(value: object) -> str:
    """Say a value of a product as people write it: parts of a list by commas, and what is not there as such."""
    return "(none)" if value in (None, "", [], ()) else cell(value)


def _show_conflicts(found: Sequence[MasterConflict]) -> None:
    show_table(_CONFLICTS, _conflict_rows(found), "no conflicts")


@conflict_commands.command("show")
@click.argument("number", type=Whole(1))
@json_option
@click.pass_obj
def show_conflict(session: Session, number: int, as_json: bool) -> None:
    """Show a conflict with all three values."""
    found = session.talk(lambda client: client.master_conflict(number), as_json=as_json)
    if as_json:
        print_json(found)
        return
    show_facts([
        ("conflict", found.id), ("product", found.sku), ("warehouse", found.warehouse), ("field", found.field),
        ("why", found.why), ("base", _value(found.base)), ("oms", _value(found.oms)), ("wms", _value(found.wms)),
        ("since", found.opened_at), ("decided", "no" if found.open else found.taken), ("by", found.actor),
        ("reason", found.reason),
    ])  # fmt: skip


@conflict_commands.command("resolve")
@click.argument("number", type=Whole(1))
@click.option(
    "--take", metavar="oms|wms|base|VALUE", required=True, help="A side's value, the base, or a value of your own."
)
@click.option(
    "--value", "literal", is_flag=True, help="What --take says is a value, even if it reads oms, wms or base."
)
@click.option("--reason", type=a_reason, metavar="TEXT", help="Why, for the audit.")
@json_option
@click.pass_obj
def resolve_conflict(
    session: Session, number: int, take: str, literal: bool, reason: str | None, as_json: bool
) -> None:  # fmt: skip
    """Decide a conflict by hand. The value that loses is kept in the audit."""
    side, value = (take, None) if take in SIDES and not literal else ("value", take)
    found = session.talk(lambda client: client.resolve_conflict(number, side, value, reason), as_json=as_json)
    if as_json:
        print_json(found)
    else:
        say(f"conflict {found.id} is decided: {found.field} of {found.sku} becomes {_value(found.value)}")
