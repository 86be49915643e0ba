"""The form in which a token is made: for whom, what for, for how long, with which roles; beside it what that allows."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from rich.text import Text

from crossdock.control.records.tokens import MAX_DAYS, CreatedToken, CreateToken
from crossdock_tui import rights
from crossdock_tui.details import heading, stacked
from crossdock_tui.form import NumberField, SwitchField, TextField, Wrong
from crossdock_tui.form_screen import FormScreen
from crossdock_tui.language import N_, _
from crossdock_tui.words import local

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from crossdock.control.client import Client
    from crossdock_tui.form import Field

DAYS = 90
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,59}")


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A token that is not made yet; then `made` has it, for as long as it is shown."""

    user: str = ""
    name: str = ""
    expires_days: int = DAYS
    viewer: bool = False
    operator: bool = False
    warehouse: bool = False
    buyer: bool = False
    admin: bool = False
    made: CreatedToken | None = None

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that are switched on."""
        return tuple(role for role in rights.ROLES if getattr(self, role))


class TokenForm(FormScreen[Draft]):
    """A new token."""

    TITLE_NEW = N_("new token")
    TOPICS = frozenset()
    PREVIEWS = True

    def __init__(self, base: Draft) -> None:
        super().__init__(base)
        self._rights_of: dict[str, tuple[str, ...]] = {}

    def lines(self) -> Sequence[Field]:
        """Ask for whom it is, what for, how long, and what it may do."""
        roles = [SwitchField(role, role, hint=_(words)) for role, words in rights.ROLES.items()]
        return (
            TextField("user", _("user"), check=_is_user, most=60, hint=_("who acts by it, as timelines and the audit call them")),
            TextField("name", _("what for"), most=100, hint=_("the desk, the machine or the program that shows it")),
            NumberField("expires_days", _("good for days"), least=1, most=MAX_DAYS, empty=DAYS, hint=_("then it is refused; 1 to {most}").format(most=MAX_DAYS)),
            *roles,
        )  # fmt: skip

    async def prepare(self, client: Client) -> None:
        """Learn what each role may do."""
        self._rights_of = {each.name: each.rights for each in (await client.roles()).items}

    def draft(self) -> Draft:
        """Return it as it is asked for. Raises Wrong."""
        draft = super().draft()
        if not draft.roles:
            raise Wrong(_("switch at least one role on: without one it may do nothing"))
        return draft

    def tried(self) -> Draft:
        """Return what is switched on, also where the rest cannot be taken yet."""
        values: dict[str, Any] = {role: self.field(role).value for role in rights.ROLES}
        return msgspec.structs.replace(self.base, **values, expires_days=self.field("expires_days").value)

    async def preview(self, client: Client, draft: Draft) -> RenderableType:  # noqa: ARG002 - a part of the frame
        """Say until when it is good, and what it allows."""
        if not draft.roles:
            return Text(_("switch at least one role on: without one it may do nothing"), style="yellow")
        ends = self.dash.link.now() + timedelta(days=draft.expires_days)
        allowed = {right for role in draft.roles for right in self._rights_of.get(role, ())}
        return stacked(
            Text(_("good until {day}").format(day=local(ends, seconds=True))),
            heading(_("what it may do")),
            rights.listed(allowed),
        )

    async def save(self, client: Client, draft: Draft) -> Draft:
        """Make it."""
        wanted: dict[str, Any] = {"user": draft.user, "roles": draft.roles, "name": draft.name}
        made = await client.create_token(CreateToken(**wanted, expires_days=draft.expires_days))
        return msgspec.structs.replace(draft, made=made)

    def saved_text(self, saved: Draft) -> str:
        """Say that it is made; not what it is."""
        return _("the token for {user} is made").format(user=saved.user)


def _is_user(text: str) -> str:
    if not text:
        return _("say who acts by it")
    return "" if _USER.fullmatch(text) else _("letters without accents, digits and _ . @ -, 60 at most")
