"""The app: steps, keys, leaving, signals, crash reports."""

import asyncio
import contextlib
import gc
import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.app import App
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.filter import ANSIToTruecolor, LineFilter, Monochrome, NoColor
from textual.screen import Screen
from textual.widget import MountError

from screens import pages
from screens.background import Background
from screens.frame import Frame, Page
from screens.painting import PaintedOnce
from screens.terminal import ShortDriver
from screens.theme import BAD, MONO, SIXTEEN, AsciiFilter, ShortFilter, look, refusal, theme_for, themes
from wizard.cli.commands import WRITE_TRACE
from wizard.errors import ExitCode, WizardError
from wizard.package_data import read_text
from wizard.questions.answers import Answers, Goal
from wizard.questions.flow import Step, View, after, before, steps
from wizard.self_start import load

if TYPE_CHECKING:
    from wizard.findings import Finding
    from wizard.session.session import Session

Typed = events.Key | events.Paste
SENT_AFTER_S = 0.03
STOPPED = 130
"""Exit code when the operator left before the end, as after Ctrl+C in a command."""
COLLECTOR = (700, 10, 5)
"""Thresholds of Python's cycle collector: every key and page leaves rings of references behind."""
TURN_S = 0.25
"""The longest time that a key may take before the next one is handled."""
ALWAYS = frozenset({"ctrl+c", "ctrl+q", "f10", "escape", "f3", "ctrl+l"})
"""Keys that work also while the engine works and while a page is being exchanged."""
GIVEN_UP = frozenset({"look", "check", "after"})
"""What Esc stops waiting for: calls that only look. What changes something is waited for, so that its end is seen."""

MAKING = {View.REVIEW: "Checking the machine and making the plan ...", View.DIAGNOSIS: "Checking the machine ..."}


@dataclass(frozen=True, slots=True)
class SessionSource:
    """Where the session comes from, and what the first paint shows of it: loading the engine takes longer.

    Attributes:
        open: loads the engine and gives the session; called after the first paint.
        answers: those that the session begins with.
        dry_run: whether nothing will be changed.
    """

    open: Callable[[], "Session"]
    answers: Answers
    dry_run: bool = False


class WizardApp(App[int], inherit_bindings=False):
    """Leads through the steps of a session. The pages show and ask; the session decides.

    Attributes:
        source: of the session.
        opened: the session; None before the first paint.
        engine: for blocking calls of the session.
        listing: for looking into folders while a path is typed.
        frame: the screen.
        drafts: texts that the session did not take, by step and key, so that nothing typed is lost.
        ended: exit code of the change, None before it ended.
        crashed: where the report of a crash lies, or that it could not be kept; None while all is well.
        taking: a key is being handled, with all that it leads to.
        occupied: the page takes no keys: the engine works for it, or it is being exchanged.
        opening: a dialog is on top that is not painted yet.
        awaited: the purpose of the work that the page waits for, "" without one.
    """

    ENABLE_COMMAND_PALETTE = False
    CSS = read_text("screens", "frame.tcss")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", "Help", key_display="F1"),
        Binding("f10", "ask_quit", "Quit", key_display="F10"),
        Binding("ctrl+q,ctrl+c", "ask_quit", show=False, priority=True),
        Binding("f3,ctrl+l", "redraw", show=False),
    ]

    def __init__(self, source: SessionSource, *, ascii_only: bool = False, start: str = "", theme: str = "") -> None:
        """Begin at the step *start* (the first when empty), drawn in *theme*; the session is opened after the paint."""
        chosen = MONO if theme == "none" else theme_for(theme)
        super().__init__(driver_class=ShortDriver, ansi_color=chosen in {MONO, SIXTEEN})
        for each in themes():
            self.register_theme(each)
        look.use(chosen, ascii_only=ascii_only)
        self._is_painted = False
        self.theme = chosen
        self.stylesheet.set_variables(self.get_css_variables())
        if chosen == MONO:
            self._filters = [each for each in self._filters if not isinstance(each, Monochrome | NoColor)] + [NoColor()]
        self.animation_level = "none"
        self.source = source
        self.opened: Session | None = None
        self.machine_name = socket.gethostname().partition(".")[0]
        self.engine = Background()
        self.listing = Background()
        self.listing.start()
        self.frame = Frame()
        self.drafts: dict[tuple[str, str], str] = {}
        self.early: list[int] = []
        """Signals that came before the terminal could be restored."""
        self.crashed: str | None = None
        self.ended: int | None = None
        self.occupied = True
        self.opening = False
        self.awaited = ""
        self.taking = False
        self._explain = False
        self._loaded = False
        self._unsaved = ""
        self._start = start
        self._ascii = AsciiFilter(enabled=ascii_only)
        self._short = ShortFilter()
        self._typed: asyncio.Queue[Typed] = asyncio.Queue()
        self._typing: asyncio.Task[None] | None = None

    @property
    def session(self) -> "Session":
        """The engine; pages come after it was loaded."""
        if self.opened is None:
            raise RuntimeError("the session is opened after the first paint")
        return self.opened

    @property
    def locked(self) -> bool:
        """Whether keys other than `ALWAYS` are dropped. A dialog takes them whatever the page below waits for."""
        return self.opening or (self.occupied and len(self.screen_stack) < 2)

    def steps(self) -> tuple[Step, ...]:
        """The steps that the answers so far lead to."""
        return steps(self.source.answers) if self.opened is None else self.opened.steps()

    def get_default_screen(self) -> Screen[None]:
        """There is one screen; dialogs are on top of it."""
        return self.frame

    # -- from step to step --------------------------------------------------------------------------------------------

    def forward(self, step: Step) -> None:
        """Show the step after *step*, or end after the last."""
        if step.view is View.APPLY and self.session.unknown_answers:
            # What follows it is not this session's: nobody knows from which answers it was made.
            self.session.let_go()
            self.begin()
        elif self.session.taken_up and step.id in self._up_to_apply():
            self.work("after", self.session.after_change, self.follow_change, "Checking the answers ...")
        else:
            following = after(step.id, self.session.answers)
            self.go_on(following.id if following is not None else "")

    def follow_change(self, name: str | WizardError) -> None:
        """Go on with the step called *name* behind a change; one before it asks for a password that was not saved."""
        self._explain = name in self._up_to_apply()
        self.go_on(name)

    def go_on(self, name: str | WizardError) -> None:
        """Show the step called *name*, with the answers saved, or end when it is ""."""
        if isinstance(name, WizardError):
            self.frame.tell(*refusal(name.message, name.hint))
        elif not name:
            self.finish()
        else:
            self.engine.run(self, "save", lambda: self.session.save(name), self._saved)
            self.open_step(name)

    def ask_again(self, name: str) -> None:
        """Show the step called *name*; say why it cannot be left, where what was answered earlier is refused now."""
        self._explain = True
        self.open_step(name)

    def _up_to_apply(self) -> list[str]:
        ids = [step.id for step in self.session.steps()]
        return ids[: ids.index("apply") + 1] if "apply" in ids else []

    def begin(self) -> None:
        """Look for what an earlier run left, then show the first step."""
        self.work("start", self._look_around, self._looked_around, "Checking this machine ...")

    def back(self, step: Step) -> None:
        """Show the step before *step*."""
        earlier = before(step.id, self.session.answers)
        if earlier is not None and self.can_go_back(step):
            self.open(earlier)

    def can_go_back(self, step: Step | None) -> bool:
        """Whether there is a step before *step* that is not a change: what was applied stays."""
        earlier = before(step.id, self.session.answers) if step is not None else None
        return earlier is not None and earlier.view is not View.APPLY

    def skip_change(self, step: Step) -> None:
        """Go on from the review *step* when there is nothing to change: to the first step after the change."""
        following: Step | None = step
        while following is not None and following.view is not View.APPLY:
            following = after(following.id, self.session.answers)
        if following is None:
            self.finish()
        else:
            self.forward(following)

    def change_goal(self, goal: Goal) -> None:
        """Go on with another goal."""
        first = self.session.steps()[0]
        self.session.put(first.questions[0], goal)
        self.forward(first)

    def open_step(self, name: str) -> None:
        """Show the step called *name*, or the first when the answers do not lead there."""
        known = self.session.steps()
        self.open(next((step for step in known if step.id == name), known[0]))

    def open(self, step: Step) -> None:
        """Look at what the page of *step* shows, then show it."""
        kind = pages.page_of(step)

        def show(data: Any) -> None:
            if isinstance(data, WizardError):
                self.show(load(pages.REFUSED)(step, data))
            else:
                self.show(kind(step, data))

        purpose = "apply" if step.view is View.APPLY else "look"
        self.work(purpose, lambda: kind.look(self.session, step), show, MAKING.get(step.view, "Checking ..."))

    def work(self, purpose: str, call: Callable[[], Any], done: Callable[[Any], None], words: str) -> None:
        """Call the engine; until it has answered, keys are dropped and *words* are shown. Esc may give up waiting."""
        self.occupied, self.awaited = True, purpose
        self.frame.tell()
        self.frame.busy(words, until_esc=purpose in GIVEN_UP)

        def finished(result: Any) -> None:
            self.occupied, self.awaited = False, ""
            self.frame.idle()
            done(result)

        self.engine.run(self, purpose, call, finished)

    def give_up(self) -> None:
        """Stop waiting for the engine; its late answer is dropped."""
        if self.frame.page is not None and self.awaited in GIVEN_UP:
            self.engine.drop(self, self.awaited)
            self.occupied, self.awaited = False, ""
            self.frame.idle()
            self.frame.tell(("Stopped waiting.", "muted"))

    def show(self, page: Page) -> None:
        """Exchange the page; what was typed before it is painted is dropped."""
        self.occupied = True
        self.call_next(self._exchange, page)

    async def _exchange(self, page: Page) -> None:
        try:
            await self.frame.exchange(page)
        except (MountError, NoMatches):
            # A signal may close the program while parts come and go.
            if not self._exit:
                raise
        finally:
            self.frame.call_after_refresh(self._painted, page)

    def _painted(self, page: Page) -> None:
        if self.frame.page is page:
            self.occupied = False
            self.frame.point()
            if self._explain:
                self._explain = False
                page.explain()
            if self._unsaved:
                self.frame.tell(("! ", "warn bold"), self._unsaved)
                self._unsaved = ""
        if not self._loaded:
            # The operator reads the first page; the next ones are loaded meanwhile.
            self._loaded = True
            self.listing.run(self, "load", pages.load_next, lambda _nothing: None)

    def confirm_warnings(self, step: Step, pending_warnings: "tuple[Finding, ...]") -> None:
        """Continue after *step*; ask first when it has warnings that the operator has not accepted."""

        def answered(go_on: bool | None) -> None:  # noqa: FBT001 - what a dialog gives
            if go_on:
                self.session.accept_warnings(pending_warnings)
                self.forward(step)

        if pending_warnings:
            self.push(load(pages.DOUBT)(pending_warnings), answered)
        else:
            self.forward(step)

    def push(self, dialog: Screen[Any], answered: Callable[[Any], None] | None = None) -> None:
        """Put *dialog* on top; keys typed before it is painted are dropped."""
        self.opening = True

        def painted() -> None:
            self.opening = False

        self.push_screen(dialog, answered)
        # When the dialog goes, the frame is painted once, after it was shown again.
        self.frame.hold()
        dialog.call_after_refresh(painted)

    # -- what there is at the start -----------------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Restore the terminal on signals too, and look at the machine and at what an earlier run left."""
        loop = asyncio.get_running_loop()
        # Ctrl+C is a key here; SIGINT comes from elsewhere, and would end the program as if all were done.
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal, number)
        for early in self.early[:1]:
            self._on_signal(early)
        self._typing = asyncio.create_task(self._type())
        self.engine.run(self, "start", self._look_around, self._first_looked_around)
        self.call_after_refresh(self._first_painted)

    def refresh_css(self, animate: bool = True) -> None:  # noqa: FBT001, FBT002 - Textual's signature
        """As Textual does; but the style sheet is made with the first theme, so it is not parsed again for it."""
        if self._is_painted:
            super().refresh_css(animate)

    def _first_painted(self) -> None:
        self._is_painted = True
        gc.set_threshold(*COLLECTOR)
        gc.enable()
        # The paint still has to reach the terminal, through a thread of its own.
        self.set_timer(SENT_AFTER_S, self._prepare)

    def _prepare(self) -> None:
        self.engine.start()
        self.stylesheet.add_source(read_text("screens", "pages.tcss"), ("screens", "pages.tcss"))
        self.stylesheet.parse()

    def _look_around(self) -> tuple[str, Any]:
        if self.opened is None:
            self.opened = self.source.open()
        if self.session.watching():
            return "apply", None
        if lines := self.session.interrupted():
            return "recover", lines
        saved = None if self._start else self.session.saved()
        if saved is None:
            return "", None
        return "resume", (saved, self.session.ended_words(saved))

    def _first_looked_around(self, found: "tuple[str, Any] | WizardError") -> None:
        # All modules are loaded now, and stay: a collection that visits them too stops the screen for 80 ms.
        gc.freeze()
        self._looked_around(found)

    def _looked_around(self, found: "tuple[str, Any] | WizardError") -> None:
        if isinstance(found, WizardError):
            self.open_step(self._start)
            self.frame.tell((f"{BAD} ", "bad"), found.in_one_line)
            return
        what, data = found
        if what or self._start:
            self.check_again()
        if what in {"recover", "resume"}:
            self.show(load(pages.RECOVER if what == "recover" else pages.RESUME)(None, data))
        else:
            self.open_step(what or self._start)

    def check_again(self) -> None:
        """Look at what is presented, for the head."""
        self.engine.run(self, "presented", self.session.presented, self._presented)

    def _presented(self, seen: Any) -> None:
        if seen is not None and not isinstance(seen, WizardError):
            self.frame.show_state(seen.state, seen.at)

    # -- keys ---------------------------------------------------------------------------------------------------------

    async def on_event(self, event: events.Event) -> None:
        """Handle keys one after the other: each is meant for the result of the one before."""
        if isinstance(event, Typed) and not event.is_forwarded:
            self._typed.put_nowait(event)
        else:
            await super().on_event(event)

    async def _type(self) -> None:
        try:
            following = None
            while True:
                event, following = self._together(following or await self._typed.get())
                await self._take(event)
        except Exception as error:  # noqa: BLE001 - a task of its own would lose it
            self._handle_exception(error)

    def _together(self, event: Typed) -> tuple[Typed, Typed | None]:
        """A run of characters as one paste, where several lines are typed, and what came behind it.

        A terminal without bracketed paste sends a pasted text as thousands of keys.
        """
        text, following = _character(event), None
        if not text or not getattr(self.focused, "takes_lines", False):
            return event, None
        while following is None and not self._typed.empty():
            following = self._typed.get_nowait()
            if more := _character(following):
                text, following = text + more, None
        return (events.Paste(text) if len(text) > 1 else event), following

    async def _take(self, event: Typed) -> None:
        key = event.key if isinstance(event, events.Key) else ""
        if self.locked and key not in ALWAYS:
            return
        if self.locked and key == "escape" and self.screen is self.frame:
            self.give_up()
            return
        self.taking = True
        try:
            await super().on_event(event)
            # The first round follows the key itself, the second what its handler sent.
            for _ in range(2):
                await self._handled()
        finally:
            self.taking = False
        if isinstance(self.screen, PaintedOnce):
            # What the key has led to, the help for another field too, is painted together.
            self.screen.call_after_refresh(self.screen.moved)
        if self.screen is self.frame:
            self.frame.point()

    def on_unmount(self) -> None:
        """Ignore further keys."""
        if self._typing is not None:
            self._typing.cancel()

    async def _handled(self) -> None:
        """Wait until the widget with the focus and all around it have done what was asked of them."""
        for node in [*(self.focused or self.screen).ancestors_with_self, self]:
            done = asyncio.Event()
            if node.is_running and node.call_later(done.set):
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(done.wait(), TURN_S)

    def action_redraw(self) -> None:
        """Send the whole screen again: another program has written over it."""
        self.screen.refresh()

    def action_help(self) -> None:
        """Open the page of this step, the part for the field with the focus first."""
        page = self.frame.page
        if page is not None and self.screen is self.frame:
            self.push(load(pages.HELP)(page.help_name(), page.help_question()))

    # -- leaving ------------------------------------------------------------------------------------------------------

    def action_ask_quit(self) -> None:
        """Ask whether to leave; a second press changes nothing."""
        dialog = load(pages.QUIT)
        if not any(isinstance(screen, dialog) for screen in self.screen_stack):
            runs = self.awaited == "apply" or (self.frame.page is not None and self.frame.page.change_runs)
            answered = self.opened is not None and self.opened.answered
            self.push(dialog(running=runs, over=self.ended is not None, answered=answered), self._left)

    def _left(self, how: str | None) -> None:
        match how:
            case "save":
                self._keep()
                self.leave()
            case "forget":
                self.engine.drop(self, "save")
                with contextlib.suppress(WizardError, OSError):
                    self.session.forget()
                self.leave()
            case "leave":
                self.leave()

    def leave(self) -> None:
        """Leave now, with the exit code that says how far it came."""
        code = STOPPED if self.ended is None else self.ended
        self.exit(code, return_code=code)

    def finish(self) -> None:
        """The last step was left: nothing is to be resumed."""
        with contextlib.suppress(WizardError, OSError):
            self.session.forget()
        code = self.ended if self.ended is not None else int(ExitCode.DONE)
        self.exit(code, return_code=code)

    def _keep(self) -> None:
        page = self.frame.page
        if page is not None and page.step is not None:
            if page.is_mounted:  # before it is built its fields are not those of the answers
                page.keep()
            with contextlib.suppress(WizardError, OSError):
                self.session.save(page.step.id)

    def _on_signal(self, number: int) -> None:
        self._keep()
        self.exit(128 + number, return_code=128 + number)

    def _saved(self, result: WizardError | None) -> None:
        # Not being able to save must not keep anybody from going on.
        if isinstance(result, WizardError):
            self._unsaved = f"The answers are not saved. {result.message}"

    # -- the terminal -------------------------------------------------------------------------------------------------

    def get_line_filters(self) -> Sequence[LineFilter]:
        """The filters of Textual, without the one for ANSI colours that no page uses, and those of the program."""
        usual = [each for each in super().get_line_filters() if not isinstance(each, ANSIToTruecolor)]
        return [*usual, *([self._ascii] if self._ascii.enabled else []), self._short]

    def copy_to_clipboard(self, text: str) -> None:
        """Nothing goes to a clipboard: the sequence for it reaches the operator's own desktop."""

    def _fatal_error(self) -> None:
        """A bug: say where the report lies. Textual's own report would show the values of variables, passwords too."""
        error = self._exception
        with contextlib.suppress(Exception):
            # Not at this step again: it might be the one that fails.
            self.session.save("")
        folder = self.opened.machine.state_dir if self.opened is not None else None
        place = load(WRITE_TRACE)(error, folder) if error is not None else None
        self.crashed = str(place or "")
        self._close_messages_no_wait()


def _character(event: Typed) -> str:
    """What a key writes, "" for one that writes nothing."""
    if isinstance(event, events.Paste):
        return ""
    return "\n" if event.key == "enter" else (event.character or "") if event.is_printable else ""
