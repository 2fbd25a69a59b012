"""The wizard as a Textual program: the way through the steps, leaving, signals, and what a crash may say."""

import asyncio
import contextlib
import gc
import signal
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType
from textual.filter import LineFilter
from textual.screen import Screen

from screens import glyphs
from screens.background import Background
from screens.frame import Framed, StepScreen
from screens.opening import screen_for
from screens.turns import KeysInTurn
from wizard.errors import ExitCode, WizardError
from wizard.questions.flow import Step, View, after, before

if TYPE_CHECKING:
    from screens.quitting import QuitChosen
    from wizard.session.session import Session

SENT_AFTER_S = 0.03
STOPPED = 130
"""Exit code when the operator left before the end, as after Ctrl+C in a command."""


class WizardApp(KeysInTurn, inherit_bindings=False):
    """Leads through the steps of a session. The screens show and ask; the session decides.

    Attributes:
        session: the engine.
        glyphs: what the terminal can draw.
        engine: for blocking calls of the session.
        listing: for looking into folders while a path is typed.
        drafts: texts that the session did not take, by step and key, so that nothing typed is lost.
        ended: exit code of the change, None before it ended.
        crashed: where the report of a crash lies, or that it could not be kept; None while all is well.
    """

    ENABLE_COMMAND_PALETTE = False
    CSS_PATH = "wizard.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "ask_quit", show=False, priority=True),
        Binding("ctrl+c", "ask_quit", show=False, priority=True),
    ]

    def __init__(self, session: "Session", *, ascii_only: bool = False, start: str = "") -> None:
        """Work on *session*, beginning at the step *start* (the first when empty)."""
        super().__init__()
        self.theme = "ansi-dark"
        self.animation_level = "none"
        self.session = session
        self.glyphs = glyphs.ASCII if ascii_only else glyphs.UNICODE
        self.engine = Background()
        self.listing = Background()
        self.listing.start()
        self.drafts: dict[tuple[str, str], str] = {}
        self.crashed: str | None = None
        self.ended: int | None = None
        self._start = start
        self._ascii_filter = glyphs.AsciiFilter(enabled=ascii_only)
        self.set_class(ascii_only, "-ascii")

    # -- the way ----------------------------------------------------------------------------------------------------

    def forward(self, step: Step) -> None:
        """Show the step after *step*, or end after the last."""
        if step.view is View.APPLY and self.session.unknown_answers:
            # What follows it is not this session's: nobody knows from which answers it was made.
            self.session.let_go()
            self.begin()
        elif self.session.taken_up and step.id in self._up_to_apply():
            self.engine.run(self, "after", self.session.after_change, self.go_on)
        else:
            following = after(step.id, self.session.answers)
            self.go_on(following.id if following is not None else "")

    def go_on(self, name: str | WizardError) -> None:
        """Show the step called *name*, with the answers saved, or end when it is ""."""
        if isinstance(name, WizardError):
            if isinstance(self.screen, Framed):
                self.screen.say(f"Error: {name.in_one_line}", "bold ansi_red")
        elif not name:
            self.finish()
        else:
            self.engine.run(self, "save", lambda: self.session.save(name), self._saved)
            self.open_step(name)

    def _up_to_apply(self) -> list[str]:
        ids = [step.id for step in self.session.steps()]
        return ids[: ids.index("apply") + 1] if "apply" in ids else []

    def begin(self) -> None:
        """Show the first step, and look for what an earlier run left."""
        self.open_step("")
        self.engine.run(self, "look", self._look, self._looked)

    def back(self, step: Step) -> None:
        """Show the step before *step*."""
        earlier = before(step.id, self.session.answers)
        if earlier is not None and earlier.view is not View.APPLY:
            self._show(screen_for(earlier, self.session.steps()))

    def open_step(self, name: str) -> None:
        """Show the step called *name*, or the first when the answers do not lead there."""
        self._show(screen_for(self._step_named(name), self.session.steps()))

    def get_default_screen(self) -> Screen[None]:
        """The first step is the first thing that is painted. Textual keeps it below all others."""
        return screen_for(self._step_named(self._start), self.session.steps())

    def _show(self, screen: Screen[None], *, on_top: bool = False) -> None:
        self.call_next(self._paint_once, screen, on_top or self.below is self.screen_stack[0])

    async def _paint_once(self, screen: Screen[None], on_top: bool) -> None:  # noqa: FBT001 - call_next passes no names
        # Painted when all of it stands; otherwise every part would be painted again as it arrives.
        with self.batch_update():
            await (self.push_screen(screen) if on_top else self.switch_screen(screen))

    def _painted(self) -> None:
        gc.enable()
        # The paint still has to reach the terminal, through a thread of its own.
        self.set_timer(SENT_AFTER_S, self.engine.start)

    @property
    def below(self) -> Framed | None:
        """The step or notice that is shown, also while a page or the question about leaving stands on top."""
        framed = (screen for screen in reversed(self.screen_stack) if isinstance(screen, Framed))
        return next((screen for screen in framed if not screen.on_top), None)

    def _step_named(self, name: str) -> Step:
        steps = self.session.steps()
        return next((step for step in steps if step.id == name), steps[0])

    def _saved(self, result: WizardError | None) -> None:
        # Not being able to save must not keep anybody from going on.
        if isinstance(result, WizardError) and isinstance(self.screen, Framed):
            self.screen.say(f"Warning: the answers are not saved. {result.message}")

    # -- what was there before --------------------------------------------------------------------------------------

    def on_mount(self) -> None:
        """Restore the terminal on signals too, and look for what an earlier run left."""
        loop = asyncio.get_running_loop()
        # Ctrl+C is a key here; SIGINT comes from elsewhere, and would end the program as if all were done.
        for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._on_signal, number)
        self.engine.run(self, "look", self._look, self._looked)
        self.call_after_refresh(self._painted)

    def _look(self) -> tuple[str, Any]:
        if self.session.watching():
            return "apply", None
        if lines := self.session.interrupted():
            return "recover", lines
        saved = None if self._start else self.session.saved()
        if saved is None:
            return "", None
        return "resume", (saved, self.session.ended_lines(saved) if saved.change else [])

    def _looked(self, found: "tuple[str, Any] | WizardError") -> None:
        if isinstance(found, WizardError):
            if isinstance(self.screen, Framed):
                self.screen.say(f"Warning: {found.in_one_line}")
            return
        what, data = found
        if what == "apply":
            self.open_step("apply")
        elif what == "recover":
            from screens.notices import RecoverScreen  # noqa: PLC0415 - rarely needed

            self._show(RecoverScreen(data))
        elif what == "resume":
            from screens.notices import ResumeScreen  # noqa: PLC0415 - rarely needed

            self._show(ResumeScreen(*data))

    # -- pages on top -----------------------------------------------------------------------------------------------

    def open_help(self, name: str, first: Sequence[str]) -> None:
        """Show the help page *name*; *first* stands above it."""
        from screens.pages import help_page  # noqa: PLC0415 - only loaded when asked for

        self._show(help_page(name, first), on_top=True)

    def action_ask_quit(self) -> None:
        """Ask whether to leave; a second press changes nothing."""
        from screens.quitting import QuitScreen  # noqa: PLC0415 - likewise

        if not any(isinstance(screen, QuitScreen) for screen in self.screen_stack):
            runs = self.below is not None and self.below.change_runs
            self._show(QuitScreen(running=runs, over=self.ended is not None), on_top=True)

    # -- leaving ----------------------------------------------------------------------------------------------------

    def on_quit_chosen(self, message: "QuitChosen") -> None:
        """Leave as it was chosen in the dialog."""
        {"save": self.save_and_quit, "forget": self.forget_and_quit, "leave": self.leave}[message.how]()

    def save_and_quit(self) -> None:
        """Keep the answers and leave."""
        self._keep()
        self.leave()

    def forget_and_quit(self) -> None:
        """Leave without keeping the answers."""
        with contextlib.suppress(WizardError, OSError):
            self.session.forget()
        self.leave()

    def leave(self) -> None:
        """Leave now, with the exit code that tells how far it came."""
        code = STOPPED if self.ended is None else self.ended
        self.exit(code, return_code=code)

    def finish(self) -> None:
        """The last step was left: nothing is to be resumed."""
        with contextlib.suppress(WizardError, OSError):
            self.session.forget()
        code = self.ended if self.ended is not None else int(ExitCode.DONE)
        self.exit(code, return_code=code)

    def _keep(self) -> None:
        below = self.below
        if isinstance(below, StepScreen):
            below.keep()
            with contextlib.suppress(WizardError, OSError):
                self.session.save(below.step.id)

    def _on_signal(self, number: int) -> None:
        self._keep()
        self.exit(128 + number, return_code=128 + number)

    # -- the terminal -----------------------------------------------------------------------------------------------

    def get_line_filters(self) -> Sequence[LineFilter]:
        """The filters of Textual, and the net below an ASCII terminal."""
        return [*super().get_line_filters(), *([self._ascii_filter] if self._ascii_filter.enabled else [])]

    def copy_to_clipboard(self, text: str) -> None:
        """Nothing goes to a clipboard: the sequence for it reaches the operator's own desktop."""

    def _fatal_error(self) -> None:
        """A bug: say where the report lies. Textual's own report would show the values of variables, passwords too."""
        from wizard.cli.crash import write_trace  # noqa: PLC0415 - only loaded when needed

        error = self._exception
        with contextlib.suppress(Exception):
            # Not at this step again: it might be the one that fails.
            self.session.save("")
        place = write_trace(error, self.session.machine.state_dir) if error is not None else None
        self.crashed = str(place or "")
        self._close_messages_no_wait()
