"""A run that is left before its end: its answers are kept, never a secret, so that a lost link costs nothing."""

from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

from wizard.answers import Answers
from wizard.host.machine import Machine
from wizard.questions import steps

if TYPE_CHECKING:
    from wizard.saved import SavedRun


class Unfinished(ABC):
    """The part of the session that is about leaving and coming back.

    Attributes:
        machine: whose state folder keeps them.
        answers: so far.
        base: the folder that relative paths in the answers are taken from.
    """

    machine: Machine
    answers: Answers
    base: Path

    @abstractmethod
    def look_again(self) -> None:
        """Forget what was seen of the machine and the files."""

    def save(self, step_id: str = "") -> None:
        """BLOCKING. Keep the answers."""
        from wizard.saved import save

        save(self.machine, self.answers, step_id, self.base)

    def saved(self) -> "SavedRun | None":
        """BLOCKING. An earlier run that was not finished."""
        from wizard.saved import load

        return load(self.machine)

    def resume(self) -> str:
        """BLOCKING. Take the answers of the earlier run; return its step. Secrets must be typed again."""
        run = self.saved()
        if run is None:
            return steps(self.answers)[0].id
        self.answers, self.base = run.answers, run.base
        self.look_again()
        return run.step_id

    def forget(self) -> None:
        """BLOCKING. Remove the saved answers."""
        from wizard.saved import forget

        forget(self.machine)
