"""Users: who may do what, as the configuration and the tokens have it, and what each role is for. Nothing is changed here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from crossdock.control.records.users import RoleItem, UserItem
from crossdock_tui import rights
from crossdock_tui.actions import Action
from crossdock_tui.details import facts, heading, stacked
from crossdock_tui.filter_bar import Filter, filter_word
from crossdock_tui.language import N_, _
from crossdock_tui.list_screen import ListScreen, Page, Tab
from crossdock_tui.paged_table import Column, Row
from crossdock_tui.words import number, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from crossdock.control.client import Client

KINDS = {"user": N_("user"), "token": N_("by token"), "group": N_("group")}
PEOPLE = (
    Column("name", N_("name"), 14, grows=True),
    Column("kind", N_("kind"), 9),
    Column("roles", N_("roles"), 18, grows=True),
    Column("rights", N_("rights"), 6, weight=3),
    Column("from", N_("from"), 14, weight=2, grows=True),
)
ROLES = (
    Column("name", N_("role"), 10),
    Column("rights", N_("rights"), 6),
    Column("users", N_("users"), 18, grows=True),
    Column("groups", N_("groups"), 18, grows=True),
)


class Users(ListScreen):
    """Users."""

    SCREEN = "users"
    LABEL = N_("Users")
    ABOUT = N_("who may do what, and where that is changed")
    TOPICS = frozenset({"tokens"})
    RIGHT = "user.admin"
    MARKS = False
    TABS = (Tab("people", N_("people")), Tab("roles", N_("roles")))
    COLUMNS_OF = {"people": PEOPLE, "roles": ROLES}  # noqa: RUF012 - the frame declares it
    FILTERS = (Filter("text"), Filter("kind", tuple(KINDS)), Filter("role", tuple(rights.ROLES)))
    FILTERS_OF = {"roles": ()}  # noqa: RUF012 - as above
    ACTIONS = (
        Action(key="a", name="deeds", label=N_("what they did"), right="audit.read", tabs=("people",)),
        Action(key="t", name="tokens", label=N_("their tokens"), right="user.admin", tabs=("people",)),
        Action(key="h", name="holders", label=N_("who has it"), right="user.admin", tabs=("roles",)),
    )

    async def page(self, client: Client, after: Any, limit: int) -> Page:
        """Read a page of people, or the roles."""
        if self.tab == "roles":
            return Page([_role_row(each) for each in (await client.roles()).items])
        found = await client.users(after=after, limit=limit, **self.wanted.query)
        return Page([self._row(item) for item in found.items], found.next)

    def _row(self, item: UserItem) -> Row:
        name = f"{item.name} ({_('you')})" if self._is_me(item) else item.name
        tokens = ", ".join(f"{_('token')} {each}" for each in item.tokens)
        cells = {
            "name": shown(name), "kind": shown(_(KINDS[item.kind])), "roles": shown(", ".join(item.roles)),
            "rights": number(len(item.rights)),
            "from": shown(tokens or ", ".join(item.by) or _("the configuration")) if item.known else shown(_("unknown here"), style="yellow"),
        }  # fmt: skip
        return Row(f"{item.kind}:{item.name}", cells, item)

    def _is_me(self, item: UserItem) -> bool:
        me = self.dash.link.me
        kind = "user" if me is None or me.token is None else "token"
        return me is not None and (item.kind, item.name) == (kind, me.user)

    def why(self, row: Row) -> Text:
        """Say where the roles come from, and where they are changed."""
        if isinstance(row.item, RoleItem):
            return Text(_(rights.ROLES.get(row.item.name, "")))
        item = person(row)
        if not item.known:
            what = _("no group of this name") if item.kind == "group" else _("no user of this name")
            text = _("the daemon's machine knows {what}, so nobody gets these roles: correct [control.roles] in the configuration, then `crossdock reload`")  # fmt: skip
            return Text(text.format(what=what), style="yellow")
        return Text(_(_FROM_BORN if item.born else _FROM[item.kind]))

    def empty(self) -> str:
        """Say why nobody is listed."""
        if self.wanted.text:
            return _("nobody fits the filter; esc takes it away")
        return _("nobody has a role: [control.roles] in the configuration gives roles")

    def name_of(self, row: Row) -> str:
        """A name."""
        return row.item.name if isinstance(row.item, RoleItem) else person(row).name

    async def detail(self, client: Client, row: Row) -> RenderableType:  # noqa: ARG002 - the list has it all
        """Show everything that somebody, or a role, may do."""
        if isinstance(row.item, RoleItem):
            role = row.item
            given = facts(
                (_("role"), role.name), (_("users"), ", ".join(role.users)), (_("groups"), ", ".join(role.groups)),
                (_("what for"), _(rights.ROLES.get(role.name, ""))),
            )  # fmt: skip
            return stacked(given, heading(_("what it may do")), rights.listed(role.rights))
        item = person(row)
        return stacked(
            facts(
                (_("name"), item.name), (_("kind"), _(KINDS[item.kind])), (_("roles"), ", ".join(item.roles)),
                (_("by group"), ", ".join(item.by)), (_("members"), ", ".join(item.members)),
                (_("tokens"), ", ".join(map(str, item.tokens))),
            ),
            self.why(row),
            heading(_("what they may do")),
            rights.listed(item.rights),
        )  # fmt: skip

    # ---- where else to look

    def not_deeds(self, row: Row) -> str:
        """A group does nothing by itself."""
        return _of_a_group(row)

    async def do_deeds(self, rows: Sequence[Row]) -> None:
        """Show in the audit what they did."""
        self.dash.jump("audit", filter=filter_word("actor", person(rows[0]).name))

    def not_tokens(self, row: Row) -> str:
        """A group has no tokens."""
        return _of_a_group(row)

    async def do_tokens(self, rows: Sequence[Row]) -> None:
        """Show their tokens."""
        self.dash.jump("tokens", tab="good", filter=filter_word("user", person(rows[0]).name))

    async def do_holders(self, rows: Sequence[Row]) -> None:
        """Show who has a role."""
        self.dash.jump(self.SCREEN, tab="people", filter=f"role:{self.name_of(rows[0])}")


_FROM = {
    "user": N_("[control.roles] in the configuration gives these roles, to the user or to a group of theirs: change it there, then `crossdock reload`"),
    "group": N_("every member of the group has these roles: [control.roles] in the configuration gives them; change it there, then `crossdock reload`"),
    "token": N_("the roles stand in the tokens themselves: to change them, revoke a token and make another (t)"),
}  # fmt: skip
_FROM_BORN = N_(
    "root and the daemon's own user are admin, unless [control.roles] in the configuration gives them roles"
)


def _of_a_group(row: Row) -> str:
    return _("it is a group; its members have names of their own") if person(row).kind == "group" else ""


def _role_row(item: RoleItem) -> Row:
    cells = {
        "name": shown(item.name), "rights": number(len(item.rights)), "users": shown(", ".join(item.users)),
        "groups": shown(", ".join(item.groups)),
    }  # fmt: skip
    return Row(item.name, cells, item)


def person(row: Row) -> UserItem:
    """Return who a row shows."""
    assert isinstance(row.item, UserItem)
    return row.item
