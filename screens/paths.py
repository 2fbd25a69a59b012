"""A field for files and folders: while a path is typed it shows what could follow, and Right takes it over."""

from typing import TYPE_CHECKING, cast

from textual import events

from screens import glyphs
from screens.completion import Completion, complete
from screens.entry import EntryField

if TYPE_CHECKING:
    from screens.program import WizardApp

SHOWN = 6
"""Names that are listed; the rest is counted."""


class PathsField(EntryField):
    """A question that is answered with paths."""

    _completion = Completion("")

    def changed(self) -> None:
        """Look what could follow."""
        super().changed()
        self._look()

    def on_focus(self, event: events.Focus) -> None:
        """Likewise."""
        super().on_focus(event)
        self._look()

    def on_blur(self, event: events.Blur) -> None:
        """The names are of no use elsewhere."""
        self.remark("")
        super().on_blur(event)

    def action_move(self, by: int) -> None:
        """Right at the end of the text takes over what is certain."""
        text = self.text
        if by > 0 and self.at_end and self._completion.text != text and self._completion.text.startswith(text):
            self.set_value(self._completion.text)
            self.changed()
        else:
            super().action_move(by)

    def _look(self) -> None:
        app = cast("WizardApp", self.app)
        text, base = self.text, app.session.base
        app.listing.run(self, "completion", lambda: (text, complete(text, base)), self._found)

    def _found(self, result: tuple[str, Completion]) -> None:
        text, self._completion = result
        if text == self.text and self.has_focus:
            self.remark(self._said_of(self._completion))

    def _said_of(self, completion: Completion) -> str:
        names = completion.names
        if not self.text or not names:
            return ""
        if completion.text != self.text and len(names) == 1:
            return f"Right completes: {names[0]}"
        listed = "  ".join(names[:SHOWN])
        more = f"  {glyphs.of(self).ellipsis} {len(names) - SHOWN} more" if len(names) > SHOWN else ""
        start = "Right completes as far as it is certain: " if completion.text != self.text else "Here: "
        return "" if names == (self.text.rpartition("/")[2],) else start + listed + more
