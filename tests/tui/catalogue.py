"""The Thai catalogue and the texts that it has to hold: `make catalogues` adds what is new and compiles it."""

from __future__ import annotations

import ast
import io
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

TUI = Path(__file__).parents[2] / "tui" / "crossdock_tui"
PO = TUI / "locale" / "th" / "LC_MESSAGES" / "crossdock.po"
MO = PO.with_suffix(".mo")
MARKS = {"_": 1, "N_": 1, "counted": 2}
"""The functions whose first so many arguments are texts of ours."""


def texts() -> dict[str | tuple[str, str], str]:
    """Map every text that the dashboard says to the module where it stands first."""
    found: dict[str | tuple[str, str], str] = {}
    for path in sorted(TUI.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MARKS:
                given = node.args[: MARKS[node.func.id]]
                said = [each.value for each in given if isinstance(each, ast.Constant) and isinstance(each.value, str)]
                if said:
                    found.setdefault((said[0], said[1]) if len(said) == 2 else said[0], str(path.relative_to(TUI)))
    return found


def loaded() -> Catalog:
    """Read the catalogue."""
    with PO.open("rb") as file:
        return read_po(file, locale="th", domain="crossdock")


def compiled(catalogue: Catalog) -> bytes:
    """Return the catalogue as gettext reads it."""
    into = io.BytesIO()
    write_mo(into, catalogue)
    return into.getvalue()


def renewed(said: dict[str, str]) -> Catalog:
    """Return a catalogue of exactly the texts there are; what is not translated yet is empty. `said` adds translations."""
    from crossdock_tui.sentences import SENTENCES, TOLD

    before, fresh = (loaded() if PO.exists() else Catalog(locale="th", domain="crossdock")), Catalog(
        locale="th", domain="crossdock", project="crossdock", charset="utf-8", fuzzy=False,
    )  # fmt: skip
    for text in (*texts(), *SENTENCES, *TOLD):
        one = text[0] if isinstance(text, tuple) else text
        known = before.get(one)
        thai = said.get(one) or ((known.string if isinstance(known.string, str) else known.string[0]) if known else "")
        if isinstance(text, tuple):
            fresh.add(text, (said.get(text[1]) or thai,))
        elif one not in fresh:
            fresh.add(one, thai)
    return fresh


def main() -> None:
    """Write the catalogue again."""
    catalogue = renewed({})
    PO.parent.mkdir(parents=True, exist_ok=True)
    with PO.open("wb") as file:
        write_po(file, catalogue, width=120, sort_output=True, omit_header=False, no_location=True)
    MO.write_bytes(compiled(loaded()))
    missing = [
        each.id
        for each in catalogue
        if each.id and not any([each.string] if isinstance(each.string, str) else each.string)
    ]
    print(f"{len(catalogue)} texts, not translated yet: {missing or 'none'}")  # noqa: T201 - a tool


if __name__ == "__main__":
    main()
