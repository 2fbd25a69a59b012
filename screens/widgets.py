"""Textual's own widgets, made safe: nothing reads markup, nothing blinks, no password reaches a clipboard or a log."""

import shlex
from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from textual import events
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from screens.frame import Frame, Page
from screens.theme import MARKS, NOW, TODO, Part, cell, look, say
from wizard.printable import printable
from wizard.questions.answers import BEGINS
from wizard.questions.flow import Step
from wizard.secret import Secret

Row = tuple[str, Sequence[Part]]
"""A name, and the words behind it."""

LEAST_DETAIL, LEAST_NAMES = 5, 1
"""Rows of the card with what is explained, more where that is longer; and of the names that could follow."""
_REVERSE = Style(reverse=True, bold=True, dim=False)


class Rechecked(Page):
    """A page whose content F5 checks again."""

    step: Step
    BINDINGS: ClassVar[list[BindingType]] = [Binding("f5", "again", "Check again", key_display="F5")]

    def action_again(self) -> None:
        """Forget what was seen, and show the step anew; what was typed is kept."""
        self.session.invalidate()
        self.keep()
        self.wizard.open(self.step)


class Card(Vertical):
    """A frame with a name; the one with the focus has the accent."""

    def __init__(self, name: str, *children: Widget, hint: str = "", id: str | None = None, classes: str = "") -> None:  # noqa: A002 - Textual's name
        """Put *children* into a frame; *hint* is shown in its lower border."""
        super().__init__(*children, id=id, classes=f"card {classes}")
        self.border_title = say(name)
        if hint:
            self.border_subtitle = say(hint)


class Facts(Static):
    """Names and values, the values wrapped below themselves."""

    def __init__(self, *rows: Row, name_width: int = 13, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        """Draw *rows*."""
        self._rows = rows
        self._name_width = name_width
        super().__init__(self._drawn(), id=id)

    def show(self, *rows: Row) -> None:
        """Put *rows* in place of those there; where the height is given, nothing is laid out again."""
        if rows != self._rows:
            self._rows = rows
            height = self.styles.height
            self.update(self._drawn(), layout=height is not None and height.is_auto)
            self.fit(grow_only=True)

    def on_resize(self) -> None:
        """Another width needs other rows."""
        self.fit()

    def fit(self, *, grow_only: bool = False) -> None:
        """Give the card around enough rows for all that is explained; the page scrolls to what is below it."""
        card = self.parent
        if not isinstance(card, Card) or card.id != "detail":
            return
        needed = self.get_content_height(self.container_size, self.app.size, self.size.width)
        needed += LEAST_NAMES if card.has_class("-names") else 0
        if needed > card.size.height or not grow_only:
            card.styles.min_height = max(LEAST_DETAIL, needed + 2)

    def _drawn(self) -> Table:
        table = Table.grid(padding=(0, 2, 0, 0), expand=True)
        table.add_column(width=self._name_width, no_wrap=True)
        table.add_column(ratio=1, overflow="fold")
        for name, value in self._rows:
            table.add_row(cell((name, "muted")), cell(*value))
        return table


class Reading(VerticalScroll):
    """Text to read: arrows and Page keys scroll it."""


# -- fields -----------------------------------------------------------------------------------------------------------
class Field(Input):
    """An input line. The cursor does not blink, so an idle line sends nothing. After Tab, typing replaces the value."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Continue", key_display="Enter"),
        Binding("up", "app.focus_previous", show=False),
        Binding("down", "app.focus_next", show=False),
    ]

    def __init__(self, value: str = "", *, id: str, secret: bool = False, placeholder: str = "") -> None:  # noqa: A002 - Textual's name
        """Begin with *value*; what cannot be shown in it is shown as an escape."""
        self._given, self._shown = value, printable(value)
        super().__init__(
            self._shown,
            placeholder=Content(look.text(placeholder)).plain,
            id=id,
            password=secret,
            compact=True,
            select_on_focus=not secret,
        )
        self.cursor_blink = False

    def on_mount(self) -> None:
        """Note where Textual's field subscribed: it never ends that itself, and so a removed field stays in memory."""
        self._selections = self.screen.text_selection_started_signal

    def on_unmount(self) -> None:
        """Let the field go, and with it what was typed."""
        self._selections.unsubscribe(self)

    @property
    def answer(self) -> str:
        """What was typed, or the value at the beginning as it really is."""
        return self._given if self.value == self._shown else self.value

    def put(self, value: str) -> None:
        """Show *value*."""
        self._given, self._shown = value, printable(value)
        self.value = self._shown
        self.cursor_position = len(self.value)

    def pasted(self, lines: list[str]) -> str:
        """What several pasted lines become."""
        return lines[0].strip()

    def not_taken(self, words: str) -> None:
        """Ring the bell and say why below the page; a dialog has no place for it."""
        self.app.bell()
        if isinstance(self.screen, Frame):
            self.screen.tell(MARKS["warn"], words)

    def on_paste(self, event: events.Paste) -> None:
        """Accept what can be shown; a line break at the end does not count as Enter."""
        event.prevent_default()
        event.stop()
        lines = [line for line in event.text.splitlines() if line.strip()]
        if not lines:
            return
        text = self.pasted(lines)
        if printable(text) != text:
            self.not_taken("The pasted text has characters that cannot be shown. Nothing was changed.")
            return
        if BEGINS in event.text:
            self.not_taken("This is the content of a file (PEM). Paste it into the field for the files.")
            return
        self.replace(text, *self.selection) if not self.selection.is_empty else self.insert_text_at_cursor(text)


class NameField(Field):
    """A field with a list of answers to pick from."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("down", "into", show=False)]

    class Into(Message):
        """Down was pressed: into the list of names."""

    def action_into(self) -> None:
        """The page knows whether there is a list."""
        self.post_message(self.Into())


class PathField(NameField):
    """A field for files and folders; several are separated by spaces and quoted as in a shell."""

    class Completes(Message):
        """Tab was pressed: the rest of the name is wanted."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("tab", "complete", show=False)]

    def pasted(self, lines: list[str]) -> str:
        """Each line is a path."""
        text = " ".join(shlex.quote(line.strip()) for line in lines)
        at_end = self.selection.is_empty and self.value and not self.value.endswith(" ")
        return f" {text}" if at_end and len(lines) > 1 else text if len(lines) > 1 else lines[0].strip()

    class Pem(Message):
        """The content of a file was pasted, not its name."""

        def __init__(self, text: Secret) -> None:
            """*text* may hold a private key."""
            super().__init__()
            self.text = text

    def on_paste(self, event: events.Paste) -> None:
        """A name is taken as any text; PEM is left to the page."""
        if BEGINS in event.text:
            event.prevent_default()
            event.stop()
            self.post_message(self.Pem(Secret(event.text)))

    def take_word(self, before: str, word: str) -> None:
        """Put *word* in place of *before*, else of what is marked, else behind the rest."""
        start, end = sorted(self.selection)
        rest = f"{self.value[:start]}{self.value[end:]}".strip()
        try:
            words = [each for each in shlex.split(self.value if before else rest) if each != before]
        except ValueError:
            words = []
        self.put(shlex.join([*words, word]))

    def action_complete(self) -> None:
        """The page knows which names there are."""
        self.post_message(self.Completes())


class SecretField(Field):
    """A password: hidden until F4, never in a clipboard, never in what a debugger shows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f4", "reveal", "Show", key_display="F4"),
        Binding("delete,ctrl+d", "delete_right", show=False),
        Binding("backspace", "delete_left", show=False),
    ]

    def __init__(self, *, id: str, kept: bool) -> None:  # noqa: A002 - Textual's name
        """*kept*: one was typed before and is still in memory."""
        super().__init__(
            id=id, secret=True, placeholder="stored; type to replace it, Delete to clear it" if kept else ""
        )
        self.kept = kept
        self._cleared = False

    @property
    def touched(self) -> bool:
        """Whether something was typed, or what was kept was cleared."""
        return bool(self.value) or self._cleared

    def secret(self) -> Secret:
        """What is typed."""
        return Secret(self.value)

    def pasted(self, lines: list[str]) -> str:
        """As it is: a blank may belong to the password."""
        return lines[0]

    def action_copy(self) -> None:
        """Refuse: the clipboard is the terminal's, on another machine."""
        self.app.bell()

    action_cut = action_copy

    def action_reveal(self) -> None:
        """Show or hide it."""
        self.password = not self.password

    def action_delete_right(self) -> None:
        """Delete in an empty field clears the stored password."""
        self._clear() if self.kept and not self.value else super().action_delete_right()

    def action_delete_left(self) -> None:
        """Likewise."""
        self._clear() if self.kept and not self.value else super().action_delete_left()

    def _clear(self) -> None:
        self.kept, self._cleared = False, True
        self.placeholder = ""

    def __rich_repr__(self) -> Iterable[tuple[str, str | None]]:
        """Never the value."""
        yield "id", self.id


# -- lists ------------------------------------------------------------------------------------------------------------
def in_reverse(widget: OptionList, y: int, line: Strip) -> Strip:
    """*line* in reverse when it is the marked one and colours cannot show it: Textual drops `reverse` there."""
    if not (widget.has_focus and widget.app.native_ansi_color and widget.highlighted == widget.scroll_offset.y + y):
        return line
    return Strip([Segment(part.text, (part.style or Style()).without_color + _REVERSE, part.control) for part in line])


class Paged:
    """For lists: the Page keys scroll the page while all lines are visible, because what explains them may be below."""

    allow_vertical_scroll: bool
    size: Size

    def action_page_down(self) -> None:
        """Scroll this list, or leave the key to the page; Textual fails in a list that has no row to show a line in."""
        if not (self.size and self.allow_vertical_scroll):
            raise SkipAction
        super().action_page_down()  # type: ignore[misc]

    def action_page_up(self) -> None:
        """Likewise."""
        if not (self.size and self.allow_vertical_scroll):
            raise SkipAction
        super().action_page_up()  # type: ignore[misc]


class Lines(Paged, OptionList):
    """A list of one-line options whose Enter goes on."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select", "Continue", key_display="Enter")]

    def __init__(self, *options: Option, id: str | None = None, highlighted: int | None = 0) -> None:  # noqa: A002 - Textual's name
        """With *highlighted* marked."""
        super().__init__(*options, id=id, compact=True, markup=False)
        if options and highlighted is not None:
            self.highlighted = highlighted

    def render_line(self, y: int) -> Strip:
        """As Textual does; the marked line is seen without colours too."""
        return in_reverse(self, y, super().render_line(y))


class Choice(Lines):
    """One of several answers. The marked line is the answer; a filled dot says so without colours."""

    def __init__(self, options: Sequence[tuple[str, Content]], value: str, *, id: str) -> None:  # noqa: A002 - Textual's name
        """*options*: values and words; each leaves two columns for its dot."""
        self.values = [each for each, _words in options]
        place = self.values.index(value) if value in self.values else 0
        super().__init__(*(Option(words) for _value, words in options), id=id, highlighted=place)

    @property
    def answer(self) -> str:
        """The value of the marked line."""
        return self.values[self.highlighted or 0]

    def render_line(self, y: int) -> Strip:
        """The dot in front."""
        line = super().render_line(y)
        index = self.scroll_offset.y + y
        if index >= self.option_count or line.cell_length < 3:
            return line
        first, *_rest = line
        dot = NOW if index == self.highlighted else TODO
        return Strip.join([Strip([Segment(f"{dot} ", first.style)]), line.crop(2)])

    def action_cursor_down(self) -> None:
        """Below the last line is the next field."""
        if self.highlighted == self.option_count - 1:
            self.screen.focus_next()
        else:
            super().action_cursor_down()

    def action_cursor_up(self) -> None:
        """Above the first line is the field before."""
        if not self.highlighted:
            self.screen.focus_previous()
        else:
            super().action_cursor_up()


# -- buttons ------------------------------------------------------------------------------------------------------
class Act(Button):
    """A button of one row."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "press", "Choose", key_display="Enter"),
        Binding("left,up", "app.focus_previous", show=False),
        Binding("right,down", "app.focus_next", show=False),
    ]

    def __init__(self, label: str, *, id: str) -> None:  # noqa: A002 - Textual's name
        """*label* says what it does; *id* names it."""
        super().__init__(say(label), id=id)
        self.active_effect_duration = 0


def buttons(*choices: tuple[str, str]) -> Horizontal:
    """A row of buttons: label and id of each."""
    return Horizontal(*(Act(label, id=name) for label, name in choices), classes="buttons")
