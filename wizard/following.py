"""A change that was handed to its own process: what happens, how it ends, and one that an earlier face left behind."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from wizard.answers import Answers, Goal
from wizard.host.machine import Machine
from wizard.reports.lines import Line
from wizard.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wizard.change.events import Event
    from wizard.change.outcome import Outcome
    from wizard.change.watch import ChangeRun


class Following(ABC):
    """The half of the session that is about a change under way; `start` is the other half's.

    Attributes:
        machine: that is changed.
        answers: for what kind of change it is.
    """

    machine: Machine
    answers: Answers
    _run: "ChangeRun | None"
    _outcome: "Outcome | None"

    @abstractmethod
    def secret(self, key: str) -> Secret | None:
        """BLOCKING. The password for *key*, if any."""

    def events(self) -> "Iterator[Event]":
        """BLOCKING. What happens, as it happens; ends when the change has ended."""
        from wizard.change import watch

        if self._run is not None:
            # What is told at the end is loaded while the change is made, and not after it.
            from wizard.nodes import checklist  # noqa: F401
            from wizard.reports import views  # noqa: F401

            yield from watch.events(self.machine, self._run)

    def outcome(self) -> "Outcome":
        """BLOCKING. How the change ended; after `events` is exhausted."""
        from wizard.change import watch
        from wizard.change.outcome import NOTHING, Outcome

        if self._outcome is None and self._run is not None:
            self._outcome = watch.outcome(self.machine, self._run)
        return self._outcome or Outcome(NOTHING)

    def outcome_lines(self) -> list[Line]:
        """BLOCKING. The same for people: the result, why, and what to do."""
        from wizard.reports import views

        return views.outcome(self.outcome(), undo=self.answers.goal is Goal.UNDO)

    def watching(self) -> bool:
        """BLOCKING. Whether a change that an earlier face started is running; `events` then follows it."""
        from wizard.change import watch

        if self._run is None:
            holder = watch.running(self.machine)
            self._run = watch.ChangeRun(holder.change) if holder is not None and holder.change else None
        return self._run is not None

    def interrupted(self) -> list[Line]:
        """BLOCKING. What is said about an unfinished change that no process works on; empty when there is none."""
        from wizard.change.history import history
        from wizard.reports import views

        return views.interrupted(history(self.machine))

    def recover(self, mode: str) -> list[Line]:
        """BLOCKING. Settle the interrupted change: `finish`, `undo`, or `keep` it as it stands; tells how it ended.

        Raises:
            WizardError: another run is at work, or the change cannot be settled in this way.
        """
        from wizard.change import watch

        self._outcome = None
        self._run = watch.start_recover(self.machine, mode, self._store_secrets())
        return self.outcome_lines()

    def _store_secrets(self) -> dict[str, Secret]:
        from wizard.host.secretsource import DEFAULT_STORE_PASSWORD
        from wizard.nodes.stores import CACERTS_SECRET

        return {CACERTS_SECRET: self.secret(CACERTS_SECRET) or DEFAULT_STORE_PASSWORD}
