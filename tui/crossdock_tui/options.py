"""A list of options of which the one under the cursor is seen without colours, too."""

from __future__ import annotations

from textual.style import Style
from textual.widgets import OptionList

HIGHLIGHTED = "option-list--option-highlighted"


class Options(OptionList):
    """An OptionList; Textual leaves `reverse` out of the styles of options, so that CSS cannot ask for it."""

    def get_visual_style(self, *component_classes: str, partial: bool = False) -> Style:
        """Return a style; without colours that of the option under the cursor is reversed."""
        style = super().get_visual_style(*component_classes, partial=partial)
        return style + Style(reverse=True) if self.app.no_color and HIGHLIGHTED in component_classes else style
