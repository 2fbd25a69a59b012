"""The one screen of the program: head, list of steps, title, a page that is exchanged, a message, the keys."""

import asyncio
import contextlib
import gc
import time
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

from rich.control import Control
from textual._styles_cache import StylesCache
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.geometry import Offset
from textual.reactive import Reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from screens.painting import PaintedOnce
from screens.theme import BAD, MARKS, OK, WARN, Part, hanging, look, say
from wizard.questions.flow import Step
from wizard.questions.step_names import phase_of, phases

if TYPE_CHECKING:
    from textual.timer import Timer
    from textual.widgets import Button

    from screens.program import WizardApp
    from screens.widgets import Facts
    from wizard.session.session import Session

PRODUCT = "CloudStream TLS wizard"
LAYOUT_S = 1.0
"""No layout takes so long; the page is painted then as it is."""
SHOWN_AFTER_S = 0.15
"""Work that ends sooner shows no progress line."""
NARROW, WIDE, TALL = 78, 110, 32
"""The columns from which pictures and the list of steps are shown, and the rows from which blank rows are added."""

LITTLE = 56
"""With fewer columns the state is shown in two words."""
_STATES = {
    "": ("", "", ""),
    "trusted": (f"{OK} trusted certificate presented", f"{OK} trusted", "ok bold"),
    "fallback": (f"{BAD} built-in certificate presented", f"{BAD} built-in", "bad bold"),
    "expired": (f"{BAD} expired certificate presented", f"{BAD} expired", "bad bold"),
    "untrusted": (f"{BAD} certificate not trusted", f"{BAD} not trusted", "bad bold"),
    "unknown": (f"{WARN} trust not checked", f"{WARN} not checked", "warn bold"),
    "silent": (f"{BAD} no certificate presented", f"{BAD} no answer", "bad bold"),
}
"""What the server presents: in words, in two words, and their roles."""


class Page(VerticalScroll, can_focus=False):
    """The part of the screen that is exchanged. A subclass shows one kind of step.

    Attributes:
        step: whose page it is; None for what comes before the steps.
        data: what `look` gave.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "go_on", "Continue", key_display="Enter"),
        Binding("escape", "back", "Back", key_display="Esc"),
    ]
    first_focus: ClassVar[str] = ""

    def __init__(self, step: Step | None, data: Any = None) -> None:
        """Show *data*."""
        super().__init__()
        self.step = step
        self.data = data

    @classmethod
    def look(cls, session: "Session", step: Step) -> Any:  # noqa: ARG003 - for subclasses
        """BLOCKING. What the page shows; called away from the screen, before the page is made."""
        return None

    @cached_property
    def wizard(self) -> "WizardApp":
        """The program; kept, because a thread that outlives this page cannot look it up."""
        return cast("WizardApp", self.app)

    @cached_property
    def session(self) -> "Session":
        """The engine."""
        return self.wizard.session

    @property
    def frame(self) -> "Frame":
        """The screen around it."""
        return self.wizard.frame

    def claim(self) -> Sequence[Part]:
        """A statement, then muted words."""
        return [(self.step.title if self.step else "", "accent bold")]

    def help_name(self) -> str:
        """Name of its help page."""
        return self.step.id if self.step is not None else ""

    def help_question(self) -> tuple[int, int]:
        """Which question has the focus, and how many there are: the help page begins with it."""
        return 0, 1

    def arrived(self) -> None:
        """Give the focus to a widget, when the page has been built."""
        wanted = self.query(self.first_focus) if self.first_focus else None
        if wanted:  # a page without anything to choose from has no list
            wanted.first().focus()
        else:
            self.screen.set_focus(next((each for each in self.screen.focus_chain if self in each.ancestors), None))

    def measured(self) -> None:
        """The page has been laid out for the first time, and is painted next."""

    def keep(self) -> None:
        """Take over what was typed so far, before leaving."""

    def explain(self) -> None:
        """Say why this step of an earlier run has to be answered again."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """Disable Back on the first page and after a change."""
        return action != "back" or self.wizard.can_go_back(self.step)

    def action_go_on(self) -> None:
        """To the next step."""
        if self.step is not None:
            self.wizard.forward(self.step)

    def on_button_pressed(self, event: "Button.Pressed") -> None:
        """Do what its id says."""
        self.press(event.button.id or "")

    def press(self, name: str) -> None:
        """Do what the button *name* says: `back` leads back, every other one on."""
        self.action_back() if name == "back" else self.action_go_on()

    def action_back(self) -> None:
        """To the step before; what was typed is kept."""
        if self.step is not None:
            self.keep()
            self.wizard.back(self.step)

    @property
    def change_runs(self) -> bool:
        """Whether a change is being made while this is shown."""
        return False


class Frame(PaintedOnce[None], inherit_bindings=False):
    """The screen around the pages; it stays while they come and go."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "app.focus_next", show=False),
        Binding("shift+tab", "app.focus_previous", show=False),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (NARROW, "-normal"), (WIDE, "-wide")]  # noqa: RUF012 - as Textual has it
    VERTICAL_BREAKPOINTS = [(0, "-short"), (24, "-usual"), (TALL, "-tall")]  # noqa: RUF012 - likewise
    AUTO_FOCUS = ""
    # The screen is not painted again for a focus that moves: what gains or loses it draws itself.
    focused: Reactive[Widget | None] = Reactive(None, repaint=False)

    def __init__(self) -> None:
        """Nothing is known yet."""
        super().__init__()
        self.state = ""
        self.at: datetime | None = None
        self.changed = False
        self.page: Page | None = None
        self._said: tuple[Part, ...] = ()
        self._busy: Timer | None = None

    @cached_property
    def wizard(self) -> "WizardApp":
        """The program."""
        return cast("WizardApp", self.app)

    def compose(self) -> ComposeResult:
        """The parts that stay."""
        # Textual sets these at the first resize, after a first layout without them; here they are there from the start.
        for size, points in (
            (self.app.size.width, self.HORIZONTAL_BREAKPOINTS),
            (self.app.size.height, self.VERTICAL_BREAKPOINTS),
        ):
            self.add_class(next(name for least, name in reversed(points) if size >= least))
        yield Head(self, "head")
        with Horizontal(id="main"):
            yield Rail(self, "rail")
            with Vertical(id="column"):
                yield Progress(self, "progress")
                yield Static(say(("Checking this machine ...", "muted")), id="title")
                yield Static(Content(""), id="say")
        yield Keys()

    async def exchange(self, page: Page) -> None:
        """Show *page* in place of the one before, painted once."""
        self.hold()
        try:
            await self.query(Page).remove()
            # Textual 8.2 keeps all lines of a removed widget in the keys of this cache: 7 MB after a set-up.
            StylesCache.get_inner_outer.cache_clear()
            self.page = page
            self.tell()
            await self.query_one("#column").mount(page, before="#say")
            self.headline(*page.claim())
            self.steps_changed()
            page.arrived()
            self.refresh_bindings()
            # The first layout gives the parts their sizes, and what follows from these needs a second one.
            await self._laid_out()
            for each in page.query("#detail > Facts"):
                cast("Facts", each).fit()
            await self._laid_out()
            page.measured()
        finally:
            self.let_go()
            # The page that was left, with what was typed there, and 2 MB for each: it refers to itself.
            self.call_later(gc.collect)

    async def _laid_out(self) -> None:
        done = asyncio.Event()
        if self.call_after_refresh(done.set):  # not when the program is closing
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(done.wait(), LAYOUT_S)

    def headline(self, *parts: Part) -> None:
        """What the page states."""
        self._stop_busy()
        self.query_one("#title", Static).update(say(*parts), layout=False)

    def _stop_busy(self) -> None:
        if self._busy is not None:
            self._busy.stop()
            self._busy = None

    def tell(self, *parts: Part) -> None:
        """Show a message below the page; it stays until the next one."""
        if parts != self._said:
            self._said = parts
            line = self.query_one("#say", Static)
            line.update(hanging(*parts) if parts else "")
            line.set_class(bool(parts), "-on")

    def busy(self, words: str, *, until_esc: bool = True) -> None:
        """Say *words* in place of the title, unless the work is done very soon; no other row moves for it."""
        self._stop_busy()
        if words:
            way_out = ", Esc stops waiting" if until_esc else ""
            self._say_busy(words, way_out, SHOWN_AFTER_S, time.monotonic() + SHOWN_AFTER_S)

    def _say_busy(self, words: str, way_out: str, delay_s: float, start: float) -> None:
        def show() -> None:
            # A timer that was stopped may have fired before: its call still waits in the queue of this screen.
            if self._busy is timer:
                # A key store with many rounds of key derivation takes seconds, and nothing tells how far it is.
                seconds = int(time.monotonic() - start)
                waited = (f"  {seconds} s{way_out}", "muted") if seconds else ""
                self.query_one("#title", Static).update(say(MARKS["now"], (words, "bold"), waited), layout=False)
                self._say_busy(words, way_out, 1, start)

        timer = self._busy = self.set_timer(delay_s, show)

    def idle(self) -> None:
        """The work is done: the page's own title again."""
        if self._busy is not None and self.page is not None:
            self.headline(*self.page.claim())

    def steps_changed(self) -> None:
        """Draw the list of steps again."""
        self.query_one(Rail).refresh()
        self.query_one(Progress).refresh()

    def show_state(self, state: str, at: datetime) -> None:
        """Show in the head what the server presents, and when that was checked."""
        self.state, self.at = state, at
        self.query_one(Head).refresh()

    def place(self) -> tuple[list[str], int]:
        """The names of the steps, and which one is shown."""
        names = phases(self.wizard.steps())
        here = self.page.step if self.page is not None else None
        return names, names.index(phase_of(here)) if here is not None and phase_of(here) in names else 0

    def point(self) -> None:
        """Put the terminal's cursor where the focus is: screen readers and magnifiers follow it."""
        widget = self.focused
        if widget is None or not widget.is_attached:
            return
        region = widget.content_region
        at = getattr(widget, "cursor_screen_offset", None)
        if at is None:
            marked = getattr(widget, "highlighted", None)
            line = marked if marked is not None else getattr(widget, "cursor_line", None)
            row = 0 if line is None else max(0, line - widget.scroll_offset.y)
            at = Offset(region.x, region.y + min(row, max(0, region.height - 1)))
        if at != self.app.cursor_position:
            self.app.cursor_position = at
            driver = self.app._driver  # noqa: SLF001 - Textual moves the cursor with the next paint only
            if driver is not None and not self.app.is_headless:
                driver.write(Control.move_to(at.x, at.y).segment.text)
                driver.flush()


class OfFrame(Static):
    """A part of the frame that draws what the frame knows."""

    def __init__(self, frame: Frame, name: str) -> None:
        """Of *frame*; *name* is its id."""
        super().__init__(id=name)
        self._frame = frame


class Head(OfFrame):
    """The first row: the product and the machine, and the state at the last check at the right."""

    def render(self) -> Content:
        """As much as fits; the state comes first."""
        frame, width = self._frame, self.size.width
        words, few, roles = _STATES[frame.state]
        state = few if width < LITTLE else words
        at = f"  {frame.at:%H:%M}" if frame.at is not None else ""
        machine = f"  {frame.wizard.machine_name}" + ("  DRY RUN" if frame.wizard.source.dry_run else "")
        space = width - len(state) - len(at) - 1
        product = PRODUCT if len(PRODUCT) + len(machine) <= space else "TLS wizard"
        machine = machine if len(product) + len(machine) <= space else ""
        gap = " " * max(1, width - len(product) - len(look.text(machine)) - len(state) - len(at))
        return say((product, "bold"), (machine, "muted"), gap, (state, roles), (at, "muted"))


class Rail(OfFrame):
    """The list of steps on the left, on a wide terminal."""

    def render(self) -> Content:
        """Each step with its mark."""
        names, here = self._frame.place()
        parts: list[Part] = []
        for at, name in enumerate(names):
            parts.append(MARKS["ok" if at < here else "now" if at == here else "todo"])
            parts.append((name, "accent bold" if at == here else "" if at < here else "muted"))
            parts.append(("\n│\n" if at < len(names) - 1 else "\n\n", "ok" if at < here else "muted"))
        if self._frame.changed:
            return say(*parts, (f"{WARN} Changed.\n", "warn"), ("  Undo is available.", "muted"))
        return say(*parts, (f"{OK} Nothing changes\n  until you confirm.", "muted"))


class Progress(OfFrame):
    """The same in one row, on a narrow terminal."""

    def render(self) -> Content:
        """A bar, the number and the name."""
        names, here = self._frame.place()
        parts: list[Part] = [
            ("━━ " if at <= here else "── ", "accent" if at <= here else "muted") for at in range(len(names))
        ]
        return say(*parts, (f" {here + 1} of {len(names)}  ", "muted"), (names[here], "bold"))


class Keys(Static):
    """The keys that work now, in one row; drawn only when they differ.

    Textual's own footer makes a widget for each key anew whenever the focus moves, which is painted each time.
    """

    def __init__(self) -> None:
        """Nothing is known yet."""
        super().__init__()
        self._said: tuple[tuple[str, str], ...] = ()

    def on_mount(self) -> None:
        """Follow the keys."""
        self.screen.bindings_updated_signal.subscribe(self, self._look)

    def _look(self, screen: Screen[Any]) -> None:
        shown: dict[str, tuple[str, str]] = {}
        for active in screen.active_bindings.values():
            binding = active.binding
            if binding.show and active.enabled:
                shown.setdefault(binding.action, (self.app.get_key_display(binding), binding.description))
        texts = tuple(shown.values())
        if texts != self._said:
            self._said = texts
            self.refresh()

    def render(self) -> Content:
        """Each key and what it does."""
        parts: list[Part] = []
        for key, words in self._said:
            parts += ["  " if parts else "", (key, "accent bold"), f" {words}"]
        return say(*parts)
