"""Keys that come in one packet, as on a slow line, handled one after the other."""

from collections import deque

from textual import events
from textual.app import App
from textual.dom import DOMNode
from textual.timer import Timer

TURN_S = 0.25
"""How long the next key waits for one that got lost with its screen."""


class KeysInTurn(App[int], inherit_bindings=False):
    """A program in which each key is for what the one before led to.

    Textual looks for the focus and the bindings of a key while others before it still wait in the queue of a widget.
    """

    def __init__(self) -> None:
        """In the terminal's own colours."""
        super().__init__(ansi_color=True)
        self._typed: deque[events.Event] = deque()
        self._turn: Timer | None = None

    async def on_event(self, event: events.Event) -> None:
        """Keys one by one: on a slow line several come at once, and each is for what the one before led to."""
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            await super().on_event(event)
            return
        self._typed.append(event)
        if self._turn is None:
            await self._next_typed()

    async def _next_typed(self) -> None:
        if self._turn is not None:
            self._turn.stop()
            self._turn = None
        if self._typed:
            event = self._typed.popleft()
            # Should what has the focus vanish with the key, its turn ends after a while.
            self._turn = self.set_timer(TURN_S, self._next_typed)
            way = [node for node in (self.focused or self.screen).ancestors_with_self if node is not self]
            await super().on_event(event)
            # The first round follows the key itself, the second what its handler sent.
            self._follow(deque([*way, self, *way, self]), self._turn)

    def _follow(self, way: deque[DOMNode], turn: Timer) -> None:
        """Go behind a key through the queue of each on its way; after the last the next key has its turn."""

        async def go_on() -> None:
            if self._turn is turn:
                if way:
                    self._follow(way, turn)
                else:
                    await self._next_typed()

        while way:
            if way.popleft().call_later(go_on):
                return
        self.call_later(self._next_typed)
