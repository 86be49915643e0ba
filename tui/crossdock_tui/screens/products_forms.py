"""The editors of product settings: what counts for a warehouse, and how one field is kept in step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

import msgspec
from msgspec import Struct

from crossdock.control.records.master import MasterField, MasterSettings
from crossdock_tui.form import ChoiceField, NumberField, SwitchField, TextField
from crossdock_tui.form_screen import FormScreen
from crossdock_tui.language import N_, _
from crossdock_tui.screens import offers
from crossdock_tui.screens.products_part import field_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from crossdock.control.client import Client
    from crossdock_tui.form import Field

DIRECTIONS = {"both": N_("both ways"), "oms_to_wms": N_("OMS → WMS"), "wms_to_oms": N_("WMS → OMS")}
OWNERS = {"oms": N_("OMS"), "wms": N_("WMS")}
RULES = {
    "owner": (N_("the owner wins"), N_("both sides changed it: the value of the field's owner wins; what lost is kept")),
    "union": (N_("both are united"), N_("both sides changed it: what either added is kept, what either took away is gone")),
    "max": (N_("the larger wins"), N_("both sides changed it: the larger number wins")),
    "last_writer": (
        N_("the later wins"),
        N_("both sides changed it: the later change wins, if the two are further apart than the tolerance; else a person decides"),
    ),
    "manual": (N_("a person decides"), N_("both sides changed it: nothing is written, a person decides (tab conflicts)")),
}  # fmt: skip
PERCENT, PRODUCTS, DAY_S = 100, 1_000_000, 86_400


class General(Struct, frozen=True, kw_only=True):
    """What counts for a warehouse's products as a whole; `whole` is everything that was read with it."""

    whole: MasterSettings
    enabled: bool
    oms: str
    brake_percent: int
    brake_skus: int
    tolerance_s: int
    revision: int

    @classmethod
    def of(cls, found: MasterSettings) -> General:
        """Take it out of settings."""
        return cls(whole=found, **{name: getattr(found, name) for name in cls.__struct_fields__[1:]})


class GeneralForm(FormScreen[General]):
    """What counts for a warehouse's products as a whole."""

    TITLE_CHANGE = N_("products of a warehouse")

    @property
    def is_new(self) -> bool:
        """Settings are always there; nobody saved them yet where the revision is 0."""
        return False

    def lines(self) -> Sequence[Field]:
        """On or off, the hub, the brake."""
        return (
            SwitchField("enabled", _("in step"), yes=_("on"), no=_("off"), hint=_("on: products are kept in step. Nothing is written before a first contact is planned, looked through and applied")),
            ChoiceField("oms", _("OMS"), hint=_("whose products are the hub; other warehouses hear of changes through it")),
            NumberField("brake_percent", _("brake, percent"), most=PERCENT, hint=_("a run that would change more of the products than that, and more than the number below, waits for a person")),
            NumberField("brake_skus", _("brake, products"), most=PRODUCTS, hint=_("fewer changes than that never wait")),
            NumberField("tolerance_s", _("tolerance, seconds"), most=DAY_S, hint=_("how far apart two changes must be before it counts which was later")),
        )  # fmt: skip

    async def prepare(self, client: Client) -> None:
        """Learn which OMS there are."""
        found = await offers.connections(client, offers.OMS)
        cast("ChoiceField", self.field("oms")).options = [(name, name) for name in found]

    async def save(self, client: Client, draft: General) -> General:
        """Save it."""
        plain = {name: getattr(draft, name) for name in General.__struct_fields__[1:]}
        return General.of(await client.save_master_settings(msgspec.structs.replace(draft.whole, **plain)))

    async def read(self, client: Client, draft: General) -> General:
        """Read it as it is now."""
        return General.of(await client.master_settings(draft.whole.warehouse))

    def warn(self, draft: General) -> str:
        """Switching off lets go of what the brake holds."""
        if self.base.enabled and not draft.enabled:
            return _("nothing is kept in step any more; what each side changes from then on is not seen by the other")
        return ""

    def saved_text(self, saved: General) -> str:
        """Say what follows."""
        if saved.enabled and not self.base.enabled:
            return _("it is on; the tab first contact plans what becomes of what both sides have")
        return _("saved (revision {revision})").format(revision=saved.revision)


class OneField(Struct, frozen=True, kw_only=True):
    """How one field is kept in step; `whole` is everything that was read with it."""

    whole: MasterSettings
    field: str
    on: bool
    direction: Literal["oms_to_wms", "wms_to_oms", "both"]
    owner: Literal["oms", "wms"]
    rule: Literal["owner", "union", "max", "last_writer", "manual"]
    revision: int

    @classmethod
    def of(cls, found: MasterSettings, name: str) -> OneField:
        """Take it out of settings."""
        values = {each: getattr(found.fields[name], each) for each in MasterField.__struct_fields__}
        return cls(whole=found, field=name, revision=found.revision, **values)


class FieldForm(FormScreen[OneField]):
    """How one field is kept in step."""

    TITLE_CHANGE = N_("field of products")

    @property
    def is_new(self) -> bool:
        """Settings are always there; nobody saved them yet where the revision is 0."""
        return False

    def lines(self) -> Sequence[Field]:
        """On or off, where changes go, who owns it, what happens if both changed it."""
        return (
            TextField("field", _("field"), fixed=True, hint=field_name(self.base.field)),
            SwitchField("on", _("in step"), yes=_("on"), no=_("off"), hint=_("off: the field is left alone on both sides")),
            ChoiceField("direction", _("direction"), [(code, _(name)) for code, name in DIRECTIONS.items()], hint=_("where changes of it may go")),
            ChoiceField("owner", _("owner"), [(code, _(name)) for code, name in OWNERS.items()], hint=_("whose value wins where both changed it, by the rule 'the owner wins'")),
            ChoiceField(
                "rule", _("if both changed it"), [(code, _(name)) for code, (name, _means) in RULES.items()],
                explained={code: _(means) for code, (_name, means) in RULES.items()},
            ),
        )  # fmt: skip

    async def save(self, client: Client, draft: OneField) -> OneField:
        """Save it with the other fields as they were read."""
        plain = {each: getattr(draft, each) for each in MasterField.__struct_fields__}
        fields = {**draft.whole.fields, draft.field: MasterField(**plain)}
        wanted = msgspec.structs.replace(draft.whole, fields=fields, revision=draft.revision)
        return OneField.of(await client.save_master_settings(wanted), draft.field)

    async def read(self, client: Client, draft: OneField) -> OneField:
        """Read it as it is now."""
        return OneField.of(await client.master_settings(draft.whole.warehouse), draft.field)

    def saved_text(self, saved: OneField) -> str:
        """Say that it counts."""
        return _("{field} is saved (revision {revision}); it counts from now on").format(
            field=field_name(saved.field), revision=saved.revision
        )
