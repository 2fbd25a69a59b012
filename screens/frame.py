"""The frame of every step: where one is, the body, what is going on, the buttons, the keys."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from screens import glyphs
from screens.action import Action
from screens.text import fit, fold, joined
from wizard.questions.flow import Step

if TYPE_CHECKING:
    from textual.timer import Timer

    from screens.program import WizardApp
    from wizard.session.session import Session

PRODUCT = "CloudStream TLS wizard"
COLUMNS, ROWS = 80, 24
"""What a step needs to be complete."""
WIDEST = 100
"""Columns of the body at most: longer lines are hard to read."""
STATUS_ROWS = 2
SHOWN_AFTER_S = 0.15
"""What is done by then is not announced."""

KEYS = {
    "help": ("f1", "F1 Help"),
    "redraw": ("f3,ctrl+l", "F3 Redraw"),
    "again": ("f5", "F5 Check again"),
    "log": ("f6", "F6 Log"),
    "leave": ("f10", "F10 Save and quit"),
    "back": ("escape", "Esc Back"),
}
"""Action to its keys and to its words in the last row, in the order of that row."""


class Framed(Screen[None], inherit_bindings=False):
    """The base of all full screens. Subclasses give the body, the buttons and what the buttons do.

    Attributes:
        heading: the words of the first row.
        keys: which of `KEYS` work here.
        on_top: whether it lies on a step and goes away again.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        # Priority, because the field would get to its Tab only after it had taken what was typed ahead behind it.
        Binding("tab", "app.focus_next", show=False, priority=True),
        Binding("shift+tab", "app.focus_previous", show=False, priority=True),
        *(Binding(keys, name, show=False) for name, (keys, _words) in KEYS.items()),
    ]
    AUTO_FOCUS = ""
    # The screen is not painted anew for a focus that moves: what gains or loses it draws itself.
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    on_top: ClassVar[bool] = False
    keys: tuple[str, ...] = ("help", "redraw", "leave", "back")

    def __init__(self, heading: str) -> None:
        """Show *heading* in the first row."""
        super().__init__()
        self.heading = heading
        self._said: tuple[str, str] = ("", "")
        self._busy: Timer | None = None
        self._was_focused: Widget | None = None

    @cached_property
    def wizard(self) -> "WizardApp":
        """The program; kept, because a thread that outlives this screen cannot look it up."""
        return cast("WizardApp", self.app)

    @cached_property
    def session(self) -> "Session":
        """The engine."""
        return self.wizard.session

    def body(self) -> Iterable[Widget]:
        """What stands between the first row and the buttons, in reading order."""
        raise NotImplementedError

    def buttons(self) -> Sequence[tuple[str, str]]:
        """Label and name of each button; pressing one calls `press_<name>`."""
        raise NotImplementedError

    def compose(self) -> ComposeResult:
        """The frame around the body."""
        sign = glyphs.of(self)
        dry = "   DRY RUN" if self.session.dry_run else ""
        yield Static(Content(sign.text(f" {PRODUCT}   {self.heading}{dry}")), id="head")
        with Vertical(id="body"):
            yield from self.body()
        yield Static(Content(""), id="status")
        with Horizontal(id="buttons"):
            for label, name in self.buttons():
                yield Action(label, name)
        words = "   ".join(KEYS[name][1] for name in KEYS if name in self.keys)
        yield Static(Content(sign.text(f" {words}")), id="foot")
        yield Static(Content(""), id="small")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """Keys that mean nothing here do nothing; neither does any while the terminal is too small to see it."""
        if action in KEYS:
            return action in self.keys and (not self.has_class("-small") or action in {"redraw", "leave"})
        return True

    def say(self, text: str, style: str = "") -> None:
        """Show *text* above the buttons; an empty one clears the place."""
        if self._busy is not None:
            self._busy.stop()
            self._busy = None
        if (text, style) != self._said:
            self._said = (text, style)
            self._show_said()

    def busy(self, text: str) -> None:
        """Show *text* unless something else is said very soon."""
        self.say("")
        self._busy = self.set_timer(SHOWN_AFTER_S, lambda: self.say(text))

    def _show_said(self) -> None:
        text, style = self._said
        sign = glyphs.of(self)
        width = min(self.size.width, WIDEST) - 2
        rows = fit(fold(sign.text(text), width), STATUS_ROWS, width, f" {sign.ellipsis} (F1)")
        self.query_one("#status", Static).update(joined(Content.styled(row, style) for row in rows))

    @property
    def said(self) -> str:
        """What stands above the buttons, in full."""
        return self._said[0]

    def on_resize(self, event: events.Resize) -> None:
        """Below the size that a step needs only that is said, until there is room again."""
        small = event.size.width < COLUMNS or event.size.height < ROWS
        if small:
            text = f"Terminal is {event.size.width}x{event.size.height}; {COLUMNS}x{ROWS} is needed"
            self.query_one("#small", Static).update(Content(text[: max(1, event.size.width)]))
        if small and not self.has_class("-small"):
            self._was_focused = self.focused
            self.set_focus(None)
        self.set_class(small, "-small")
        if not small:
            if self._was_focused is not None and self.focused is None:
                self.call_after_refresh(self._was_focused.focus)
            self._was_focused = None
            if self._said[0]:
                self._show_said()

    def focus_on(self, widget: Widget) -> None:
        """Give *widget* the focus, or as soon as the terminal is large enough to show it."""
        if self.has_class("-small"):
            self._was_focused = widget
        else:
            widget.focus()

    def on_screen_resume(self) -> None:
        """Back from a page on top: the terminal's cursor stood there."""
        place = getattr(self.focused, "place_cursor", None)
        if place is not None:
            self.call_after_refresh(place)

    def on_action_pressed(self, message: Action.Pressed) -> None:
        """Do what the button says."""
        message.stop()
        getattr(self, f"press_{message.name}")()

    def press_help(self) -> None:
        """Open the help page."""
        self.action_help()

    def press_back(self) -> None:
        """One step back."""
        self.action_back()

    def action_help(self) -> None:
        """Open the page of this step."""
        self.wizard.open_help(self.help_name(), self.help_first())

    def help_name(self) -> str:
        """Name of the help page."""
        raise NotImplementedError

    def help_first(self) -> list[str]:
        """What stands above the page: errors in full, which a row may have cut."""
        return [self.said] if self.said else []

    def action_redraw(self) -> None:
        """Send the whole screen again: another program has written over it."""
        self.refresh(repaint=True, layout=True)

    def action_leave(self) -> None:
        """Save and quit."""
        self.wizard.save_and_quit()

    def action_again(self) -> None:
        """Look again."""

    def action_log(self) -> None:
        """Show what happened."""

    def action_back(self) -> None:
        """One step back."""

    def keep(self) -> None:
        """Take over what was typed so far, before leaving."""

    @property
    def change_runs(self) -> bool:
        """Whether a change is being made while this is shown."""
        return False


class StepScreen(Framed):
    """A step of the flow."""

    def __init__(self, step: Step, number: int, count: int) -> None:
        """Show *step*, the *number*-th of *count*."""
        super().__init__(f"Step {number} of {count}   {step.title}")
        self.step = step

    def help_name(self) -> str:
        """Each step has a page."""
        return self.step.id

    def action_back(self) -> None:
        """Keep what was typed and go one step back."""
        self.keep()
        self.wizard.back(self.step)
