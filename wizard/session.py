"""The one facade that every face talks to: questions, checks, the plan, its application and what came of it.

Methods marked BLOCKING open files, start programs or wait; a screen calls them in a thread. They import what they need
themselves, because the first screen must be there before cryptography is loaded.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from wizard.answers import Answers, Goal
from wizard.answertext import needed, parsed, shown
from wizard.errors import WizardError
from wizard.findings import FindingSpec, Severity
from wizard.host.machine import Machine
from wizard.host.secretsource import SecretGiver, resolve
from wizard.questions import DEFAULT_WAIT_S, Ask, Question, Step, View, steps
from wizard.reports.lines import Line
from wizard.reports.review import Review
from wizard.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wizard.change.events import Event
    from wizard.change.outcome import Outcome
    from wizard.change.plan import Plan
    from wizard.change.watch import Awake, ChangeRun
    from wizard.diagnosis.examination import Diagnosis
    from wizard.nodes.examining import Examined
    from wizard.nodes.judging import Judged
    from wizard.nodes.planning import Planned
    from wizard.saved import SavedRun

REFUSALS = (
    FindingSpec(
        "apply.findings",
        Severity.ERROR,
        "the findings forbid the change",
        "The judgement of the certificates has errors, so nothing is changed.",
        "A server with this certificate would not be accepted by its gateways and clients.",
        "Mend what the findings name, then start again.",
        "design of the wizard",
    ),
)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a step cannot be left: the question concerned ("" is the step as a whole), and the refusal."""

    key: str
    error: WizardError


class Session:
    """One operator's run on one machine."""

    def __init__(
        self,
        machine: Machine,
        *,
        answers: Answers | None = None,
        base: Path | None = None,
        secrets: SecretGiver | None = None,
        dry_run: bool = False,
        plan: "Plan | None" = None,
        notes: tuple[str, ...] = (),
        wait_s: float = DEFAULT_WAIT_S,
    ) -> None:
        """Start with *answers*; nothing is looked at yet.

        Args:
            machine: what is looked at and changed.
            answers: from a file, or None for the defaults.
            base: the folder that relative paths in the answers are taken from; None is the current one.
            secrets: gives passwords from named sources; None reads the sources in the answers alone.
            dry_run: `start` refuses nothing and changes nothing.
            plan: one that was kept; it is reviewed and applied instead of a new one.
            notes: lines for the first screen.
            wait_s: how long the server may take to answer after the restart.
        """
        self.machine = machine
        self.answers = answers or Answers()
        self.dry_run = dry_run
        self._kept = plan
        self._notes = notes
        self.wait_s = wait_s
        self.base = base or Path.cwd()
        self._giver: SecretGiver = secrets or (lambda name, *, base, source: resolve(source, base=base, name=name))
        self._typed: dict[str, Secret] = {}
        self._judged: dict[str, Judged] = {}
        self._examined: dict[str, tuple[Examined, Diagnosis]] = {}
        self._review: Review | None = None
        self._planned: Planned | None = None
        self._run: ChangeRun | None = None
        self._handed: Answers | None = None
        self._outcome: Outcome | None = None

    # -- questions ------------------------------------------------------------------------------------------------

    def steps(self) -> tuple[Step, ...]:
        """The steps that the answers so far lead to."""
        return steps(self.answers)

    def value(self, question: Question) -> str:
        """What stands in the field: the answer so far, else what was found, else nothing."""
        if question.ask in {Ask.SECRET, Ask.NEW_SECRET}:
            return ""
        if question.key == "change" and not self.answers.change:
            from wizard.nodes.undoing import newest

            return newest(self.machine)
        if question.key == "primary.host" and not self.answers.primary.host and "primary" in self._judged:
            return self._judged["primary"].suggested_host
        return shown(self.answers.get(question.key))

    def put(self, question: Question, text: str) -> None:
        """Take *text* as the answer.

        Raises:
            WizardError: `answer.unusable` or `answer.missing`; the answers are then as before.
        """
        before = self.answers.get(question.key)
        value = parsed(question, before, text)
        if value != before:
            self.answers = self.answers.put(question.key, value)
            self._forget_plan()

    def put_secret(self, key: str, secret: Secret) -> None:
        """Take a typed password for the question *key*. It is kept in memory alone."""
        if self._typed.get(key) != secret:
            self._typed[key] = secret
            self._forget_plan()

    def has_secret(self, key: str) -> bool:
        """Whether a password was typed for *key*."""
        return key in self._typed

    def secret(self, key: str) -> Secret | None:
        """BLOCKING. The typed password, else the one that the answers name a source for."""
        if key in self._typed:
            return self._typed[key]
        role, _, name = key.rpartition(".")
        found = self._giver(key, base=self.base, source=self.answers.get(key))
        if found is None and name == "password" and role != "primary":
            # One password for all other machines, else the primary's: so they are asked for.
            return self._typed.get("others.password") or self._typed.get("primary.password")
        return found

    # -- looking and judging --------------------------------------------------------------------------------------

    def check(self, step: Step) -> list[Problem]:
        """BLOCKING. Why *step* cannot be left; empty when it can. Nothing is changed."""
        from wizard.nodes.checking import refusals

        missing = [
            Problem(question.key, needed(question))
            for question in step.questions
            if question.ask in {Ask.TEXT, Ask.PATHS} and not question.optional and not self.value(question)
        ]
        hands_off = step.id in {"handoff", "handoff-first"}
        if hands_off and self._handed == self.answers:
            # Back and forth: the packs of these very answers lie there already.
            return []
        problems = missing or [Problem(key, error) for key, error in refusals(self, step)]
        if hands_off and not problems:
            self._handed = self.answers
        return problems

    def lines(self, step: Step) -> list[Line]:
        """BLOCKING. What the view of *step* shows."""
        from wizard.nodes.showing import lines

        noted = [Line(note) for note in self._notes] if step.view is View.FACTS else []
        return noted + lines(self, step)

    def examined(self, step_id: str) -> "tuple[Examined, Diagnosis]":
        """BLOCKING. What the doctor finds; looked at once for each step that shows it.

        Raises:
            WizardError: the machine cannot be looked at.
        """
        from wizard.nodes.rescuing import look

        if step_id not in self._examined:
            self._examined[step_id] = look(self)
        return self._examined[step_id]

    def judged(self, role: str) -> "Judged":
        """BLOCKING. The chain for *role* (`primary`, `gateway.0`) and what the rules say of it.

        Raises:
            WizardError: the files cannot be read or hold no certificate of a host.
        """
        from wizard.nodes.judging import judge_role

        if role not in self._judged:
            self._judged[role] = judge_role(
                role, self.answers, self.base, lambda: self.secret(f"{role}.password"), self.machine
            )
        return self._judged[role]

    # -- the change -----------------------------------------------------------------------------------------------

    def review(self) -> Review:
        """BLOCKING. Look at the machine and make the plan; the same object until an answer changes.

        Raises:
            WizardError: the machine, the files or the answers do not allow a plan.
        """
        if self._review is None:
            from wizard.nodes.reviewing import review

            self._review, self._planned = review(self, self._kept)
        return self._review

    def planned(self) -> "Plan":
        """BLOCKING. The plan of the review."""
        return self.review().plan

    def start(self, awake: "Awake | None" = None) -> None:
        """BLOCKING. Hand the reviewed plan to its own process, which goes on whatever becomes of this one.

        Args:
            awake: a process that waits for a change already; None starts one.

        Raises:
            WizardError: errors among the findings, another run at work, an interrupted change, or missing rights.
        """
        from wizard.change import watch
        from wizard.change.outcome import NOTHING, Outcome

        review = self.review()
        if review.undo and not self.dry_run:
            self._run = watch.start_rollback(self.machine, self.answers.change or None, self._store_secrets())
            return
        if self._planned is None or review.blocked:
            worst = max(review.findings, key=lambda finding: finding.severity)
            raise WizardError("apply.findings", f"Nothing was changed: {worst.message}", worst.fix, worst.code)
        if review.plan.is_empty or self.dry_run:
            self._outcome = Outcome(NOTHING, digest=review.plan.digest)
            return
        self._run = watch.start(self.machine, review.plan, self._planned.secrets, awake=awake)

    def events(self) -> "Iterator[Event]":
        """BLOCKING. What happens, as it happens; ends when the change has ended."""
        from wizard.change import watch

        if self._run is not None:
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

    def summary(self) -> list[str]:
        """What stays in the terminal after leaving: result, backups, how to undo, what is next."""
        from wizard.reports import views

        packs = self.base / self.answers.packs if self._handed is not None else None
        return views.summary(self._outcome, self.machine, packs, undo=self.answers.goal is Goal.UNDO)

    # -- survival -------------------------------------------------------------------------------------------------

    def save(self, step_id: str = "") -> None:
        """BLOCKING. Keep the answers, never a secret, so that a lost link costs nothing."""
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
            return self.steps()[0].id
        self.answers, self.base = run.answers, run.base
        self._forget_plan()
        return run.step_id

    def forget(self) -> None:
        """BLOCKING. Remove the saved answers."""
        from wizard.saved import forget

        forget(self.machine)

    def _store_secrets(self) -> dict[str, Secret]:
        from wizard.host.secretsource import DEFAULT_STORE_PASSWORD
        from wizard.nodes.primary import CACERTS_SECRET

        return {CACERTS_SECRET: self.secret(CACERTS_SECRET) or DEFAULT_STORE_PASSWORD}

    def _forget_plan(self) -> None:
        self._judged.clear()
        self._examined.clear()
        self._review = None
        self._outcome = None
