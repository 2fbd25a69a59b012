"""A run that is left before its end: its answers are kept, never a secret, so that a lost link costs nothing."""

from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from wizard.errors import WizardError
from wizard.host.machine import Machine
from wizard.questions.answers import Answers, PrimaryKind
from wizard.questions.flow import Ask, Step, View, after, steps
from wizard.reports.lines import Line

if TYPE_CHECKING:
    from wizard.change.outcome import Outcome
    from wizard.change.watch import ChangeRun
    from wizard.saved import SavedRun


class Unfinished(ABC):
    """The part of the session that is about leaving and coming back.

    Attributes:
        machine: whose state folder keeps them.
        answers: so far.
        base: the folder that relative paths in the answers are taken from.
        taken_up: whether the change was started by an earlier session, whose answers are used now.
    """

    machine: Machine
    answers: Answers
    base: Path
    taken_up: bool = False
    _started: bool
    _run: "ChangeRun | None"
    _outcome: "Outcome | None"

    @abstractmethod
    def look_again(self) -> None:
        """Forget what was seen of the machine and the files."""

    @abstractmethod
    def fails(self, step: Step) -> bool:
        """BLOCKING. Whether *step* cannot be left."""

    @property
    @abstractmethod
    def unknown_answers(self) -> bool:
        """Whether the change that is followed was started from answers that nobody has kept."""

    @abstractmethod
    def outcome(self) -> "Outcome":
        """BLOCKING. How the change ended."""

    def save(self, step_id: str = "") -> None:
        """BLOCKING. Keep the answers."""
        from wizard.saved import save

        save(self.machine, self.answers, step_id, self.base)
        if self._started or self.taken_up:
            self.keep_beside_change()

    def saved(self) -> "SavedRun | None":
        """BLOCKING. An earlier run that was not finished; a change that has ended meanwhile comes first."""
        from wizard.saved import load, load_ended

        return load_ended(self.machine) or load(self.machine)

    def ended_lines(self, run: "SavedRun") -> list[Line]:
        """BLOCKING. How the change of *run* ended, and what is left of it."""
        from wizard.change import watch
        from wizard.questions.answers import Goal
        from wizard.reports import outcome

        ended = watch.outcome(self.machine, run.change)
        return [
            Line(f"{run.who} started change {run.change} on {run.when:%Y-%m-%d at %H:%M} UTC. It has ended:"),
            *outcome.outcome(ended, undo=run.answers.goal is Goal.UNDO),
            Line(""),
            Line("Going on makes its last steps: packs and the list of what is left to do."),
            Line("Passwords are not saved; those that are needed are asked for again."),
        ]

    def resume(self) -> str:
        """BLOCKING. Take the answers of the earlier run; return its step. Secrets must be typed again.

        After a change that has ended well it is the first of its last steps, "" when there is none.
        """
        run = self.saved()
        if run is None:
            return steps(self.answers)[0].id
        self._take(run)
        if not run.change:
            return run.step_id
        from wizard.change.watch import ChangeRun

        self._run, self._outcome = ChangeRun(run.change), None
        if not self.outcome().exit_code:
            self.taken_up = True
            return self.after_change()
        self.put_aside()
        self._run = None
        return "review"

    def _take(self, run: "SavedRun") -> None:
        self.answers, self.base = run.answers, run.base
        self.look_again()

    def take_answers_of(self, change: str) -> None:
        """BLOCKING. Use the answers that *change*, which is running, is made from; without any, none."""
        from wizard.saved import load, load_for

        run = load_for(self.machine, change)
        if run is None and (last := load(self.machine)) is not None and last.step_id == "apply":
            # The earlier session was cut off between the start of the change and its note beside it.
            run = last
        if run is not None:
            self._take(run)
            self.taken_up = True

    def after_change(self) -> str:
        """BLOCKING. The step to go on with when the change of an earlier session is made; "" when nothing is left."""
        step = self.needed_again() or after("apply", self.answers)
        return step.id if step is not None else ""

    def needed_again(self) -> Step | None:
        """BLOCKING. The next step that asks for a password which the last steps need and nobody has saved."""
        if not self.taken_up or not self.answers.goal.installs:
            return None
        primary = self.answers.primary
        # The new password of the key store goes to the other nodes of a cluster, and to nobody else.
        several = primary.kind is PrimaryKind.ON_PREMISE and len(primary.nodes) > 1
        for step in steps(self.answers):
            if step.view is View.APPLY:
                break
            asks = {question.ask for question in step.questions}
            if (Ask.SECRET in asks or (several and Ask.NEW_SECRET in asks)) and self.fails(step):
                return step
        return None

    def rejoin(self) -> bool:
        """BLOCKING. Follow the change that is running when it was started with these very answers."""
        from wizard.change import watch
        from wizard.saved import load_for

        holder = watch.running(self.machine)
        if holder is None or not holder.change or not self._are_mine(load_for(self.machine, holder.change)):
            return False
        self._run, self._outcome, self.taken_up = watch.ChangeRun(holder.change), None, True
        return True

    def earlier_end(self) -> list[Line]:
        """BLOCKING. How a change ended that an earlier command started with these answers and did not follow."""
        from wizard.change import watch
        from wizard.reports import outcome
        from wizard.saved import load_ended

        run = load_ended(self.machine)
        if run is None or not self._are_mine(run):
            return []
        lines = outcome.outcome(watch.outcome(self.machine, run.change))
        return [Line(f"Change {run.change}, started before with these answers, has ended:"), *lines]

    def reported(self) -> None:
        """BLOCKING. A command has told how its change ended, which is the last that it does."""
        from wizard.change.outcome import STUCK
        from wizard.saved import forget_for, load_ended

        if self.outcome().outcome == STUCK:
            return
        with suppress(WizardError, OSError):
            self.forget_change()
            run = load_ended(self.machine)
            if run is not None and self._are_mine(run):
                forget_for(self.machine, run.change)

    def _are_mine(self, run: "SavedRun | None") -> bool:
        return run is not None and (run.answers, run.base) == (self.answers, self.base)

    def keep_beside_change(self) -> None:
        """BLOCKING. Note the answers beside the change that was started, for whichever session sees its end."""
        from wizard.saved import save_for

        if self._run is not None and self._run.id:
            # Like the events: a full disk loses the note, never the change.
            with suppress(WizardError, OSError):
                save_for(self.machine, self._run.id, self.answers, self.base)

    def put_aside(self) -> None:
        """BLOCKING. After a change that failed: its answers are those to begin the next run with."""
        from wizard.change.outcome import STUCK

        if self.outcome().outcome != STUCK and not self.unknown_answers:
            with suppress(WizardError, OSError):
                self.save("review")
                self.forget_change()

    def forget_change(self) -> None:
        """BLOCKING. Remove the answers beside the change: its last step is done."""
        from wizard.saved import forget_for

        if self._run is not None and self._run.id:
            forget_for(self.machine, self._run.id)

    def forget(self) -> None:
        """BLOCKING. Remove the saved answers, also those of a change that has ended."""
        from wizard.saved import forget, forget_for, load_ended

        forget(self.machine)
        run = load_ended(self.machine)
        if run is not None:
            forget_for(self.machine, run.change)
