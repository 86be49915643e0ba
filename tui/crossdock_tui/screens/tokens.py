"""Tokens: who reaches the daemon over the network, until when; made here, shown once, revoked for good."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from rich.text import Text

from crossdock.control.records.tokens import TokenItem
from crossdock_tui.actions import Action
from crossdock_tui.details import facts
from crossdock_tui.dialogs.confirm import Confirm
from crossdock_tui.dialogs.told import Told
from crossdock_tui.filter_bar import Filter
from crossdock_tui.language import N_, _, counted
from crossdock_tui.list_screen import ListScreen, Page, Tab
from crossdock_tui.one_by_one import one_by_one
from crossdock_tui.paged_table import Column, Row
from crossdock_tui.screens.token_form import Draft, TokenForm
from crossdock_tui.words import age, iso, local, number, shown, state, until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from crossdock.control.client import Client

SOON = timedelta(days=7)
"""A token that expires within this time is told."""


class Tokens(ListScreen):
    """Tokens."""

    SCREEN = "tokens"
    LABEL = N_("Tokens")
    ABOUT = N_("who reaches the daemon over the network, as whom, until when")
    TOPICS = frozenset({"tokens"})
    RIGHT = "user.admin"
    TABS = (
        Tab("good", N_("good")), Tab("expired", N_("expired")), Tab("revoked", N_("revoked")), Tab("all", N_("all")),
    )  # fmt: skip
    COLUMNS = (
        Column("id", N_("number"), 6),
        Column("name", N_("what for"), 12, grows=True),
        Column("user", N_("user"), 10, grows=True),
        Column("roles", N_("roles"), 14, weight=3, grows=True),
        Column("state", N_("state"), 9),
        Column("expires", N_("expires in"), 10),
        Column("used", N_("last used"), 9),
        Column("created", N_("made"), 5, weight=4),
        Column("by", N_("by"), 8, weight=5),
    )
    FILTERS = (Filter("text"), Filter("user"))
    ACTIONS = (
        Action(key="n", name="make", label=N_("new"), right="user.admin", on="screen"),
        Action(key="x", name="revoke", label=N_("revoke"), right="user.admin", on="rows"),
    )

    async def page(self, client: Client, after: Any, limit: int) -> Page:
        """Read a page of tokens; none of them with its text, which the daemon does not have."""
        of_state = None if self.tab == "all" else self.tab
        found = await client.tokens(state=of_state, after=after, limit=limit, **self.wanted.query)
        return Page([self._row(item) for item in found.items], found.next)

    def _row(self, item: TokenItem) -> Row:
        now = self.dash.link.now()
        used = f"{age(item.last_used_at, now)}" if item.last_used_at is not None else _("never")
        cells = {
            "id": number(item.id), "name": shown(item.name), "user": shown(item.user), "roles": shown(", ".join(item.roles)),
            "state": state(item.state), "expires": shown(until(item.expires_at, now) if item.state == "good" else ""),
            "used": shown(used), "created": shown(age(item.created_at, now)), "by": shown(item.created_by),
        }  # fmt: skip
        return Row(str(item.id), cells, item)

    def why(self, row: Row) -> Text:
        """Say what it is good for, and what to look at."""
        item, now = token(row), self.dash.link.now()
        if item.state == "revoked":
            said = _("{who} revoked it {age} ago; it is refused")
            return Text(said.format(who=shown(item.revoked_by).plain, age=age(item.revoked_at, now)))
        if item.state == "expired":
            return Text(_("it expired {age} ago and is refused; n makes another").format(age=age(item.expires_at, now)))
        text = Text(_("whoever shows it is {user} to the daemon, and may do what its roles allow").format(user=shown(item.user).plain))  # fmt: skip
        if item.id == self._mine:
            text.append("\n" + _("it is the one by which this dashboard is here"), style="bold")
        if item.expires_at - now < SOON:
            left = until(item.expires_at, now)
            text.append("\n" + _("it expires in {left}: make another in time (n)").format(left=left), style="yellow")
        return text

    @property
    def _mine(self) -> int | None:
        """The token that this dashboard shows, if it does."""
        return None if self.dash.link.me is None else self.dash.link.me.token

    def empty(self) -> str:
        """Say why there is none."""
        if self.wanted.text:
            return _("no token fits the filter; esc takes it away")
        if self.tab in ("good", "all"):
            return _("there is no token: nobody reaches the daemon over the network; n makes one")
        return _("no token is in this list")

    def name_of(self, row: Row) -> str:
        """A token's number, whose it is, what it is for."""
        item = token(row)
        return " ".join(filter(None, (str(item.id), item.user, item.name)))

    async def detail(self, client: Client, row: Row) -> RenderableType:  # noqa: ARG002 - the list has it all
        """Show everything that is known of a token."""
        item = token(row)
        return facts(
            (_("number"), item.id), (_("what for"), item.name), (_("user"), item.user), (_("roles"), ", ".join(item.roles)),
            (_("state"), state(item.state)), (_("made"), iso(item.created_at)), (_("by"), item.created_by),
            (_("expires"), iso(item.expires_at)), (_("last used"), iso(item.last_used_at) or _("never")),
            (_("revoked"), iso(item.revoked_at)), (_("by whom"), item.revoked_by),
        )  # fmt: skip

    # ---- what is done

    async def do_make(self, rows: Sequence[Row]) -> None:  # noqa: ARG002 - every action gets rows
        """Make a token, and show it once."""
        made = await self.app.push_screen_wait(TokenForm(Draft()))
        if made is None or made.made is None:
            return
        item = made.made.item
        title = _("token {number} for {user} as {roles}, good until {day}").format(
            number=item.id, user=item.user, roles=", ".join(item.roles), day=local(item.expires_at, seconds=True)
        )
        told = [
            (_("This is the token. It is shown now and never again: nobody has it but you."), "bold yellow"),
            (_("Keep it in a file that only its user can read (mode 0600), and give the file with --token-file."), ""),
        ]
        await self.app.push_screen_wait(Told(title, told, made.made.token))

    def not_revoke(self, row: Row) -> str:
        """Only what is good is revoked."""
        item = token(row)
        if item.state == "revoked":
            return _("it is revoked already")
        return _("it expired, and is refused already") if item.state == "expired" else ""

    async def do_revoke(self, rows: Sequence[Row]) -> None:
        """Revoke tokens, after one question."""
        question = counted("Revoke {n} token, for good?", "Revoke {n} tokens, for good?", len(rows))
        warning = _("what shows it is refused from this moment on, and what it has open ends")
        if any(token(row).id == self._mine for row in rows):
            warning += "\n" + _("this dashboard is here by one of them, and loses the daemon")
        if not await self.app.push_screen_wait(Confirm(question, [self.name_of(row) for row in rows], warning)):
            return
        await one_by_one(self, _("revoke"), [(self.name_of(row), token(row).id) for row in rows], self._revoke)

    async def _revoke(self, number: int) -> tuple[bool, str]:
        found = await self.dash.client.revoke_token(number)
        done = found.state == "revoked"
        return done, _("is revoked") if done else found.state


def token(row: Row) -> TokenItem:
    """Return the token that a row shows."""
    assert isinstance(row.item, TokenItem)
    return row.item
