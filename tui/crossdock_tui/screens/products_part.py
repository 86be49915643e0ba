"""What the tabs of the screen of products share: the warehouse that is chosen, and values as people write them."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any, cast

from rich.text import Text

from crossdock_tui.language import N_, _
from crossdock_tui.screens.book_part import Part
from crossdock_tui.words import shown

if TYPE_CHECKING:
    from crossdock.control.records.master import MasterStatus
    from crossdock_tui.screens.products import Products

BEFORE = 3
"""Characters that are shown before the first one that is not the same."""
VALUE = 400
"""Characters of a value that a detail shows, at most."""
FIELDS = {
    "name": N_("name"),
    "specification": N_("specification"),
    "barcodes": N_("barcodes"),
    "images": N_("images"),
    "price": N_("price"),
    "active": N_("active"),
    "unit": N_("unit"),
    "weight": N_("weight (g)"),
    "dimensions": N_("dimensions (mm)"),
    "fragile": N_("fragile"),
    "storage": N_("storage"),
    "batch_tracked": N_("batches"),
    "expiry_tracked": N_("expiry dates"),
}
"""What the fields are called on screens; the daemon's names of them go into filters."""
SIDES = {"oms": N_("OMS"), "wms": N_("WMS")}


class ProductsPart(Part):
    """A tab of the screen of products."""

    @property
    def products(self) -> Products:
        """The screen."""
        return cast("Products", self.screen)

    @property
    def warehouse(self) -> str:
        """The warehouse that is chosen."""
        return self.products.warehouse

    @property
    def status(self) -> MasterStatus | None:
        """How its products stand."""
        return self.products.status

    def off(self) -> str:
        """Say that the warehouse's products are not kept in step, and what to press; nothing where they are."""
        if self.status is not None and not self.status.enabled:
            return _("products of {code} are not kept in step; the tab settings switches it on (o)").format(
                code=shown(self.warehouse).plain
            )
        return ""


def field_name(name: str) -> str:
    """Name a field; one that is not known as the daemon does."""
    return _(FIELDS[name]) if name in FIELDS else shown(name, 40).plain


def where_apart(one: Any, other: Any) -> int:
    """Return from which character on two texts are to be shown, so that their difference is seen in a narrow column."""
    if not isinstance(one, str) or not isinstance(other, str):
        return 0
    pairs = zip(one, other, strict=False)
    start = next((at for at, (mine, theirs) in enumerate(pairs) if mine != theirs), min(len(one), len(other))) - BEFORE
    while start > BEFORE and unicodedata.category(one[start]) == "Mn":
        start -= 1  # a vowel or tone sign belongs to the letter before it
    return start if start > BEFORE else 0


def tail(value: Any, start: int, style: str = "") -> Text:
    """Write a text from a character on."""
    return written(f"…{value[start:]}" if start and isinstance(value, str) else value, style=style)


def written(value: Any, limit: int = 120, style: str = "") -> Text:
    """Write a value as people do: nothing as a dash, several with commas between them."""
    if value is None or value in ("", []):
        return Text("—", style="dim")
    if isinstance(value, bool):
        return Text(_("yes") if value else _("no"), style=style)
    if isinstance(value, list | tuple):
        return shown(", ".join("—" if each is None else str(each) for each in value), limit, style)
    return shown(value, limit, style)
