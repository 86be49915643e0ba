"""What is typed acts in the order in which it was typed: a key waits until the one before it has done its work."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from textual import events
from textual.app import App
from textual.screen import ModalScreen

if TYPE_CHECKING:
    from textual.dom import DOMNode
    from textual.screen import Screen
    from textual.widget import Widget

    from crossdock.env import Env

PATIENCE_S = 2.0
"""How long a key may hold the next ones up."""
ROUNDS = 6
"""How often a key is followed up to the application, at most, until nothing moves any more."""


class InOrder(App[None]):
    """An application whose keys act one after the other.

    Textual hands every key at once to what has the focus, and looks for its meaning only once the key came back from there. Of
    keys that come together (typed ahead, over a slow line) a later one so reaches what the earlier one was to lead away from:
    `/` and the first letter of a filter, and the letter acts on the row below.
    """

    def __init__(self, env: Env) -> None:
        super().__init__()
        self.env = env
        self._typed: deque[events.Key | events.Paste] = deque()
        self._began = 0.0

    async def on_event(self, event: events.Event) -> None:
        """Take a key, or a text that was pasted, when its turn has come; everything else at once."""
        if isinstance(event, events.Key) and not self.screen_stack:
            return  # pressed as the dashboard was left
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            await super().on_event(event)
            return
        self._typed.append(event)
        if len(self._typed) > 1 and self.env.monotonic() - self._began > PATIENCE_S:
            self._typed.popleft()
            await self._take()
        elif len(self._typed) == 1:
            await self._take()

    async def _take(self) -> None:
        self._began = self.env.monotonic()
        at = self.focused or self.screen
        await super().on_event(self._typed[0])
        self._follow(self._typed[0], at, ROUNDS)

    def _follow(self, key: events.Event, at: DOMNode, rounds: int) -> None:
        """Go behind a key from what had the focus up to the application, by the way on which it comes back."""

        def passed() -> None:
            above = at.parent
            if above is None or above is self:
                self.call_later(self._settle, key, rounds)
            else:
                self._follow(key, above, rounds)

        if not at.call_later(passed):
            self.call_later(self._settle, key, rounds)

    def _settle(self, key: events.Event, rounds: int) -> None:
        """The key had its effect. What that asked to have the focus gets it before this goes on."""
        if self.screen_stack:
            self.call_later(self._done, key, self.screen, self.focused, rounds)

    async def _done(self, key: events.Event, screen: Screen[object], focused: Widget | None, rounds: int) -> None:
        """Take the next key, once what the last one opened, or led to, is ready for it."""
        if not self.screen_stack or not self._typed or self._typed[0] is not key:
            return  # it has ended; or the key took too long, and others went on
        unready = self.focused is None and isinstance(self.screen, ModalScreen) and bool(self.screen.focus_chain)
        if rounds and (rounds == ROUNDS or unready or (self.screen, self.focused) != (screen, focused)):
            self._follow(key, self.focused or self.screen, rounds - 1)
            return
        self._typed.popleft()
        if self._typed:
            await self._take()
