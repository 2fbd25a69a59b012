"""A change that was handed to its own process: what happens, how it ends, and one that an earlier face left behind."""

from abc import abstractmethod
from typing import TYPE_CHECKING

from wizard.questions.answers import Goal
from wizard.reports.lines import Line
from wizard.secret import Secret
from wizard.unfinished import Unfinished

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wizard.change.events import Event
    from wizard.change.outcome import Outcome


class Following(Unfinished):
    """The half of the session that is about a change under way; `start` is the other half's."""

    _earlier: "list[Outcome]"
    _started = False

    @abstractmethod
    def secret(self, key: str) -> Secret | None:
        """BLOCKING. The password for *key*, if any."""

    @property
    def unknown_answers(self) -> bool:
        """Whether the change that is followed was started elsewhere from answers that nobody has kept.

        It may be a rollback, a kept plan or a repair by a command; the steps after it are not this session's.
        """
        return self._run is not None and not self._started and not self.taken_up

    def let_go(self) -> None:
        """The change that was followed has ended; this session begins its own work."""
        self._earlier += [self._outcome] if self._outcome is not None else []
        self._run, self._started, self.taken_up = None, False, False

    def events(self) -> "Iterator[Event]":
        """BLOCKING. What happens, as it happens; ends when the change has ended."""
        from wizard.change import watch

        if self._run is not None:
            # What is told at the end is loaded while the change is made, and not after it.
            from wizard.handoff import checklist  # noqa: F401
            from wizard.reports import outcome  # noqa: F401

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
        from wizard.reports import outcome

        lines = outcome.outcome(self.outcome(), undo=self.answers.goal is Goal.UNDO)
        if not self.outcome().exit_code and self.needed_again() is not None:
            lines += [Line(""), Line("Passwords are not saved: for the last steps they are asked for again.")]
        return lines

    def watching(self) -> bool:
        """BLOCKING. Whether a change that an earlier face started is running; `events` then follows it."""
        from wizard.change import watch

        if self._run is None:
            holder = watch.running(self.machine)
            if holder is not None and holder.change:
                self._run = watch.ChangeRun(holder.change)
                self.take_answers_of(holder.change)
        return self._run is not None

    def interrupted(self) -> list[Line]:
        """BLOCKING. What is said about an unfinished change that no process works on; empty when there is none."""
        from wizard.change.history import history
        from wizard.reports import outcome

        return outcome.interrupted(history(self.machine))

    def recover(self, mode: str) -> list[Line]:
        """BLOCKING. Settle the interrupted change: `finish`, `undo`, or `keep` it as it stands; tells how it ended.

        Raises:
            WizardError: another run is at work, or the change cannot be settled in this way.
        """
        from wizard.change import watch

        self._outcome = None
        self._run = watch.start_recover(self.machine, mode, self._store_secrets())
        try:
            return self.outcome_lines()
        finally:
            # It has ended; the next change of this session is another one.
            self._run = None

    def _store_secrets(self) -> dict[str, Secret]:
        from wizard.host.secret_sources import DEFAULT_STORE_PASSWORD
        from wizard.planning.primary.plan import CACERTS_SECRET

        return {CACERTS_SECRET: self.secret(CACERTS_SECRET) or DEFAULT_STORE_PASSWORD}
