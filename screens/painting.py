"""A screen that paints several changes at once."""

from typing import Any

from textual.screen import Screen, ScreenResultType
from textual.widget import Widget

SETTLED_S = 0.045
"""The time in which what follows a move of the focus is drawn."""


class PaintedOnce(Screen[ScreenResultType], inherit_bindings=False):
    """While it is held, parts are mounted, laid out and measured, and nothing is sent; then all of it at once.

    Two of Textual's own methods are narrowed for that, one of them private. Tests count the bytes that are sent, and
    look that no page stays held.
    """

    held = True
    _moving = False

    def _compositor_refresh(self) -> None:
        if not self.held:
            super()._compositor_refresh()

    def refresh(self, *regions: Any, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Any:
        """As Textual does; but parts that come and go ask for a layout, and what that moves is painted anyway."""
        return super().refresh(
            *regions, repaint=repaint and not (layout and not regions), layout=layout, recompose=recompose
        )

    def on_screen_resume(self) -> None:
        """It is shown, or shown again."""
        self.held = self._moving = True
        self.set_timer(SETTLED_S, self.moved)

    def hold(self) -> None:
        """Send nothing until `let_go`; what waits for `moved` waits for that too."""
        self.held, self._moving = True, False

    def set_focus(self, widget: Widget | None, scroll_visible: bool = True, from_app_focus: bool = False) -> None:  # noqa: FBT001, FBT002 - Textual's signature
        """As Textual does; the two that gain and lose the focus, and the words about it, are painted together."""
        if widget is not self.focused:
            self.gather()
        super().set_focus(widget, scroll_visible, from_app_focus)

    def gather(self) -> None:
        """Paint what happens in the next moment together."""
        if not self.held:
            self.held = self._moving = True
            if not getattr(self.app, "taking", False):  # after a key the program says when all of it is done
                self.set_timer(SETTLED_S, self.moved)

    def moved(self) -> None:
        """All that follows the focus is drawn: paint, unless a page is being exchanged."""
        if self._moving:
            self.let_go()

    def let_go(self) -> None:
        """Paint, also what asked for it since the last look of Textual's own timer."""
        self.held = self._moving = False
        self._compositor.update_widgets(self._dirty_widgets)
        self._compositor_refresh()
