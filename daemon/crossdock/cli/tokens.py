"""Tokens for the control API over the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from crossdock.cli.display import print_json, say, when
from crossdock.cli.lists import Form, list_forms, show_list
from crossdock.cli.session import Session, json_option
from crossdock.spec.text import clean

if TYPE_CHECKING:
    from crossdock.control.client import Client
    from crossdock.control.records.tokens import CreatedToken

ROLES = ("viewer", "operator", "warehouse", "buyer", "admin")
MAX_DAYS = 366
COLUMNS = ("token", "name", "user", "roles", "state", "created", "by", "expires", "last used", "revoked", "by whom")


@click.group()
def tokens() -> None:
    """Tokens for reaching the daemon over the network.

    The configuration says where it listens ([control.tcp]).
    """


@tokens.command()
@click.option("--user", required=True, metavar="NAME", help="Who acts by it, as timelines and the audit call them.")
@click.option(
    "--role", "roles", required=True, multiple=True, type=click.Choice(ROLES), help="What it may do; repeatable."
)
@click.option("--name", default="", metavar="TEXT", help="What it is for.")
@click.option(
    "--expires-days", type=click.IntRange(1, MAX_DAYS), default=90, show_default=True, help="How long it is good."
)
@json_option
@click.pass_obj
def create(session: Session, user: str, roles: tuple[str, ...], name: str, expires_days: int, as_json: bool) -> None:
    """Make a token and print it.

    It is shown once and kept nowhere. It alone goes to standard output, so that it can be put into a file:
    (umask 077; crossdock tokens create --user anna --role operator > token)
    """

    async def ask(client: Client) -> CreatedToken:
        from crossdock.cli.entries import fitting  # noqa: PLC0415 - not needed for help
        from crossdock.control.records.tokens import CreateToken  # noqa: PLC0415 - not needed for help

        plain = {"user": user, "roles": roles, "name": name, "expires_days": expires_days}
        return await client.create_token(fitting(CreateToken, plain))

    made = session.talk(ask, as_json=as_json)
    if as_json:
        print_json(made)
        return
    item = made.item
    what = f"token {item.id} for {item.user} as {', '.join(item.roles)}, good until {when(item.expires_at)} UTC"
    click.echo(clean(f"{what}. It is not shown again:"), err=True)
    say(made.token)


@tokens.command("list")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True, help="Tokens shown, at most.")
@click.option("--after", type=click.IntRange(1), help="Go on after this token.")
@list_forms
@click.pass_obj
def list_tokens(session: Session, /, form: Form, **query: object) -> None:
    """List tokens, newest first: whose they are, until when, and when they were last used."""
    page = session.talk(lambda client: client.tokens(**query), as_json=form.as_json)
    rows = [
        (
            t.id, t.name, t.user, t.roles, t.state, t.created_at, t.created_by, t.expires_at, t.last_used_at, t.revoked_at,
            t.revoked_by,
        )
        for t in page.items
    ]  # fmt: skip
    show_list(form, page, COLUMNS, rows, "there are no tokens", page.next)


@tokens.command()
@click.argument("token", type=click.IntRange(1), metavar="ID")
@json_option
@click.pass_obj
def revoke(session: Session, token: int, as_json: bool) -> None:
    """Revoke a token, for good.

    It is refused from this moment on, and what it has open ends. Its number is in the list, and in the token itself: xdk_NUMBER_….
    """
    found = session.talk(lambda client: client.revoke_token(token), as_json=as_json)
    if as_json:
        print_json(found)
    else:
        say(f"token {found.id} of {found.user} is revoked")
