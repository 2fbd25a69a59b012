"""Keys that come in one packet, as on a slow line, handled one after the other."""

from collections import deque

from textual import events
from textual.app import App
from textual.dom import DOMNode
from textual.timer import Timer

TURN_S = 0.25
"""After so long it is looked whether a key got lost with its screen, so that the next need not wait for it."""

LOOKS = 20
"""How often a slow machine may be looked at so before the next key has its turn all the same."""


class KeysInTurn(App[int], inherit_bindings=False):
    """A program in which each key is for what the one before led to.

    Textual looks for the focus and the bindings of a key while others before it still wait in the queue of a widget.
    """

    def __init__(self) -> None:
        """In the terminal's own colours."""
        super().__init__(ansi_color=True)
        self._typed: deque[events.Event] = deque()
        self._turn: Timer | None = None
        self._waits_for: DOMNode = self
        self._looks = 0

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
            self._waits_for, self._looks = self, 0
            self._turn = self.set_interval(TURN_S, self._check_turn)
            way = [node for node in (self.focused or self.screen).ancestors_with_self if node is not self]
            await super().on_event(event)
            # The first round follows the key itself, the second what its handler sent.
            self._follow(deque([*way, self, *way, self]), self._turn)

    async def _check_turn(self) -> None:
        """Go on without the key when what had it vanished with it."""
        self._looks += 1
        if not self._waits_for.is_running or self._looks >= LOOKS:
            await self._next_typed()

    def _follow(self, way: deque[DOMNode], turn: Timer) -> None:
        """Go behind a key through the queue of each on its way; after the last the next key has its turn."""

        async def go_on() -> None:
            if self._turn is turn:
                if way:
                    self._follow(way, turn)
                else:
                    await self._next_typed()

        while way:
            self._waits_for = way.popleft()
            if self._waits_for.call_later(go_on):
                return
        self.call_later(self._next_typed)
