"""PEM text pasted or typed in place of a file; the body of a private key is never drawn."""

import re
from collections.abc import Iterable
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static, TextArea

from screens.dialogs import Form
from screens.theme import MARKS, Part, hanging, refusal, say
from screens.widgets import Card, buttons
from wizard.errors import WizardError
from wizard.printable import printable
from wizard.questions.answers import content
from wizard.secret import Secret

_LINE = "-----"
_MARK = re.compile(r"-----(BEGIN|END) [A-Z0-9 #]{1,40}-----\s*")
_ENDED = re.compile(r"-----END [A-Z0-9 #]{1,40}-----$")
_OPENED = re.compile(r"-----BEGIN [A-Z0-9 ]{0,20}CERTIFICATE-----\s*")


class PemArea(TextArea):
    """Several lines of PEM. What is no certificate is drawn as dots, and nothing goes to a clipboard."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "newline", "New line", key_display="Enter")]
    takes_lines: ClassVar[bool] = True

    def __init__(self, text: Secret) -> None:
        """Begin with *text*."""
        super().__init__(text.reveal(), id="pem", compact=True, soft_wrap=False, highlight_cursor_line=False)
        self.cursor_blink = False
        self.move_cursor(self.document.end)

    def get_line(self, line_index: int) -> Text:
        """Dots in place of everything outside a certificate."""
        line = super().get_line(line_index)
        return line if self._is_public(line_index) else Text("\u2022" * len(line), end="", no_wrap=True)

    def _is_public(self, index: int) -> bool:
        lines = self.document.lines
        if _MARK.fullmatch(lines[index]):
            return True
        above = next((lines[at] for at in range(index, -1, -1) if _LINE in lines[at]), "")
        return _OPENED.fullmatch(above) is not None

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        text = event.text.replace("\r\n", "\n").replace("\r", "\n").expandtabs()
        if printable(text, newline=True) != text:
            self.app.bell()
            return
        # What is pasted next begins a line of its own.
        self.replace(text + "\n" * bool(_ENDED.search(text)), *self.selection)

    def action_newline(self) -> None:
        """A new line; the key itself does it before, so this is only for the row of keys."""

    def action_copy(self) -> None:
        """Refuse: the clipboard is the terminal's, on another machine."""
        self.app.bell()

    action_cut = action_copy


class PasteText(Form[Secret]):
    """Gives the pasted text."""

    def __init__(self, text: Secret) -> None:
        """Begin with *text*, which was pasted before."""
        super().__init__()
        self._text = text

    def parts(self) -> Iterable[Widget]:
        """The text, what it holds, and the buttons."""
        yield Card(
            "Paste certificates and their private key (PEM)",
            Static(say(("Kept only in memory. Private keys are shown as dots. Tab: buttons.", "muted"))),
            PemArea(self._text),
            Static(Content(""), id="held"),
            buttons(("Use this text", "take"), ("Cancel", "cancel")),
            classes="dialog",
        )

    def on_mount(self) -> None:
        """At the text."""
        self._text = Secret("")
        self.query_one(PemArea).focus()

    def on_text_area_changed(self) -> None:
        """What it holds so far."""
        self._say(())

    def _say(self, error: tuple[Part, ...]) -> None:
        text = self.query_one(PemArea).text
        try:
            found: tuple[Part, ...] = (MARKS["ok"], content(text)) if text.strip() else ()
        except WizardError as unfit:
            found = (MARKS["info"], (unfit.message, "muted"))
        said = error or found
        self.query_one("#held", Static).update(hanging(*said) if said else "")

    def take(self) -> None:
        """Accept it, if it is not empty."""
        text = Secret(self.query_one(PemArea).text)
        try:
            content(text.reveal())
        except WizardError as unfit:
            self._say(refusal(unfit.message, unfit.hint))
            self.query_one(PemArea).focus()
        else:
            self.dismiss(text)
