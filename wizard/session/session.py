"""One operator's run, for every user interface: questions, checks, the plan, its application and the result.

Methods marked BLOCKING open files, start programs or wait; a screen calls them in a thread. This module loads the whole
engine, so the full screen imports it after its first paint.
"""

import shlex
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain, count
from pathlib import Path

from wizard import codes
from wizard.certificates.hostnames import address
from wizard.certificates.model import Chain
from wizard.change import watch
from wizard.change.events import APPLIED, NO_CHANGE, STUCK, Event, Outcome
from wizard.change.plan import Probe
from wizard.change.staging import check_java
from wizard.change.store import history
from wizard.change.targets import check_expected, look
from wizard.change.targets import resolve as resolve_file
from wizard.errors import WizardError
from wizard.findings import Finding, worst_finding
from wizard.handoff import checklist, remaining_tasks
from wizard.host import jre
from wizard.host.files import DEFAULT_STORE_PASSWORD, is_taken
from wizard.host.machine import Machine, command, now_utc, own_names
from wizard.host.secret_sources import resolve
from wizard.planning.inputs import PlanInputs, secret_of_key, unseen
from wizard.planning.primary.plan import CACERTS_SECRET, Planned
from wizard.planning.snapshot import MachineSnapshot
from wizard.planning.undo import start_recover, start_rollback
from wizard.printable import endpoint, printable
from wizard.probing.handshake import is_here
from wizard.questions.answers import PHASES, Answers, Goal, Phase, PrimaryAnswers, PrimaryKind, word_for
from wizard.questions.field_text import needed, parsed, shown
from wizard.questions.flow import PHASE_STEPS, Ask, Question, Step, StepId, View, after, steps
from wizard.reports import checklist as checklist_lines
from wizard.reports import outcome
from wizard.reports.checklist import Checklist
from wizard.reports.lines import Line
from wizard.reports.review import Review, answer_words, decided, decided_lines
from wizard.secret import Secret
from wizard.session import kept_answers, overview, repair_flow, review, saved_run, undo, validation
from wizard.session.overview import Overview, Presented
from wizard.session.repair_flow import Next, Rescue, rescue_lines
from wizard.session.requests import write_request
from wizard.session.saved_run import SavedRun
from wizard.session.undo import Undoable

LAST = StepId.ELSEWHERE
"""The step at which a run has ended."""

NEXT = {"handoff": "create the bundles", LAST: "see what is left to do", "examine-again": "check the machine again"}
"""What follows a change, by the step behind it."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a step cannot be left: the question concerned ("" is the step as a whole), and the refusal."""

    key: str
    error: WizardError


def fresh_folder(base: Path, name: str) -> str:
    """*name*, or with a number behind it, so that nothing of that name below *base* is a file or has one in it."""
    numbered = (f"{name}-{number}" for number in count(2))
    return next(each for each in chain((name,), numbered) if not is_taken(base / each))


NAME_S = 1.0
"""The longest wait for the resolver, in seconds."""


@dataclass(eq=False, slots=True)
class _Seen:
    """What was read and made since an answer changed. A call that nobody waits for any more fills that of its begin."""

    inputs: PlanInputs | None = None
    examined: dict[str, Rescue] = field(default_factory=dict)
    review: Review | None = None
    planned: Planned | None = None


@dataclass(eq=False, repr=False)
class Session:
    """One operator's run on one machine.

    Attributes:
        machine: what is read and changed, and whose state folder keeps the answers.
        answers: so far.
        base: the folder that relative paths in the answers are taken from.
        dry_run: `start` refuses nothing and changes nothing.
        notes: lines for the first screen.
        given: of a command, with its secrets and perhaps a plan that was kept, which is checked again and applied.
        answered: whether anything was answered in this run.
        pasted: the texts that were pasted in place of files, by their words in the answers; in
            memory alone.
        recommended: the goal that the last look at the machine recommends.
        taken_up: whether the change was started by an earlier session, whose answers are used now.
        renews: whether the answers are those that are kept, with renewed files and without other machines.
        prefilled: when the run was completed whose answers this one begins with; None when it begins with none.
        kept_answers: the file that has the answers of this run for the next renewal, once it is completed.
    """

    machine: Machine
    answers: Answers = field(default_factory=Answers)
    base: Path = field(default_factory=Path.cwd)
    dry_run: bool = False
    notes: tuple[str, ...] = ()
    given: PlanInputs | None = None
    answered: bool = field(default=False, init=False)
    pasted: dict[str, Secret] = field(default_factory=dict, init=False)
    taken_up: bool = field(default=False, init=False)
    renews: bool = field(default=False, init=False)
    prefilled: datetime | None = field(default=None, init=False)
    kept_answers: str = field(default="", init=False)
    _typed: dict[str, Secret] = field(default_factory=dict, init=False)
    _own: dict[str, str] = field(default_factory=dict, init=False)
    _taken: dict[str, str] = field(default_factory=dict, init=False)
    _places: dict[PrimaryKind, tuple[tuple[str, ...], int]] = field(default_factory=dict, init=False)
    """For each place of the primary the answer `primary.chain`, the server's files or its root, and the port."""
    _refused: dict[str, Secret] = field(default_factory=dict, init=False)
    _other: dict[str, Secret] = field(default_factory=dict, init=False)
    """Typed before for the same key and refused: a store and its private key may have two passwords."""
    _seen: _Seen = field(default_factory=_Seen, init=False)
    _handed: Answers | None = field(default=None, init=False)
    _accepted: set[str] = field(default_factory=set, init=False)
    _earlier: list[Outcome] = field(default_factory=list, init=False)
    _run: watch.ChangeRun | None = field(default=None, init=False)
    _outcome: Outcome | None = field(default=None, init=False)
    _completed: Outcome | None = field(default=None, init=False)
    _started: bool = field(default=False, init=False)
    _saving: threading.Lock = field(default_factory=threading.Lock, init=False)
    """Held while the saved answers are written or removed: what is still being written would come back."""

    def __post_init__(self) -> None:
        self._first = self.given or PlanInputs(self.machine, self.answers, self.base, self.secret, dry_run=self.dry_run)
        self.recommended = self.answers.goal

    @classmethod
    def of(cls, inputs: PlanInputs) -> "Session":
        """A session in which everything is answered."""
        return cls(inputs.machine, inputs.answers, inputs.base, inputs.dry_run, given=inputs)

    @property
    def inputs(self) -> PlanInputs:
        """What plans and bundles are made from, as it is now; files are read once until an answer changes."""
        seen = self._seen
        inputs = seen.inputs
        if inputs is None or inputs.answers is not self.answers:
            inputs = seen.inputs = replace(
                self._first,
                answers=self.answers,
                base=self.base,
                secret=self.secret,
                key_password=self._key_password,
                checklist=checklist.load(self.machine),
                pasted=self.pasted,
                progress=unseen,
            )
        return inputs

    # -- questions ------------------------------------------------------------------------------------------------

    def steps(self) -> tuple[Step, ...]:
        """The steps that the answers so far lead to."""
        return steps(self.answers)

    def asked(self, step: Step) -> tuple[Question, ...]:
        """BLOCKING. The questions of *step* in words that fit what its view has found, and those that arise from it."""
        if step.id == StepId.PORTAL:
            return validation.with_advice(self.inputs, step.questions)
        if step.role and step.role != "others":
            self._look_at_names(step.role)
        if step.id == StepId.EXAMINE:
            return repair_flow.asked(step, self.rescue(step.id))
        questions = step.questions
        if step.id == StepId.PLACE and self.prefilled is not None:
            values, day = tuple(choice.value for choice in questions[0].choices), f"{self.prefilled:%Y-%m-%d}"
            questions = (Question.of("primary.kind", Ask.CHOICE, "primary.kind.prefilled", values=values, day=day),)
        more = (*validation.root_questions(self.inputs, step), *validation.file_questions(self.inputs, step))
        return (*questions, *more, *(self._phase_question(step) if step.id in PHASE_STEPS else ()))

    def _phase_question(self, step: Step) -> tuple[Question, ...]:
        """Which phase is next, when the root changes; otherwise an answer of an earlier change is forgotten."""
        question = None
        with suppress(WizardError):
            question = validation.phase_question(self.inputs, here=step.id == StepId.PRIMARY_VERDICT)
        if question is None and self.answers.phase is not Phase.AUTO:
            self.answers = self.answers.put("phase", Phase.AUTO)
        return (question,) if question is not None else ()

    def _look_at_names(self, role: str) -> None:
        """Whether the certificate of *role* is for this machine: by its own names, else by what DNS says of it."""
        try:
            name = self.inputs.judged(role).suggested_host
        except WizardError:
            return
        own = {socket.gethostname().lower(), socket.getfqdn().lower()}
        self._own[role] = name if name.lower() in own or is_here(name, NAME_S) else ""

    def value(self, question: Question) -> str:
        """The text for the field: the answer so far, else what was found, else nothing."""
        if question.ask in {Ask.SECRET, Ask.NEW_SECRET}:
            return ""
        if question.key == "change" and not self.answers.change:
            return undo.newest(self.machine)
        found = shown(self.answers.get(question.key))
        if question.key == "phase" and found not in {choice.value for choice in question.choices}:
            return question.choices[0].value
        if question.key == "packs" and found == Answers().packs and self._handed is None:
            return fresh_folder(self.base, found)
        role, _, name = question.key.rpartition(".")
        # A name comes from the certificate only when it is this machine's; any other one has to be typed.
        return self._own.get(role, "") if name == "host" and not found and role in self.inputs.judged_roles else found

    def put(self, question: Question, text: str) -> None:
        """Take *text* as the answer.

        Raises:
            WizardError: `answer.unusable` or `answer.missing`; the answers are then as before.
        """
        before = self.answers.get(question.key)
        value = parsed(question, before, text)
        done = self.inputs.judged_roles
        self.answered = True
        role, _, name = question.key.rpartition(".")
        if value is Goal.RE_KEY:
            self._prefill()
        if value != before:
            if question.key == "primary.kind":
                primary = self.answers.primary
                self._places[before] = primary.chain, primary.port
                # The port that was found is that of this machine, not of a primary elsewhere.
                chain, port = self._places.get(value, ((), self._first.answers.primary.port))
                self.answers = replace(self.answers, primary=replace(primary, chain=chain, port=port))
            self.answers = self.answers.put(question.key, value)
            if name == "chain" and role in self._taken and self._taken.pop(role) == self.answers.get(f"{role}.host"):
                # The name was that of the files before; these may be for another one.
                self.answers = self.answers.put(f"{role}.host", "")
            self.invalidate()
        if name == "host" and role in done and value == done[role].suggested_host:
            self._taken[role] = value

    def _prefill(self) -> None:
        """Certificates are replaced: begin with the answers of the last completed run, when nothing else is answered.

        That needs no network and no more than two small files.
        """
        blank = replace(self.answers.primary, port=self._first.answers.primary.port)
        if replace(self.answers, goal=self._first.answers.goal, primary=blank) != self._first.answers:
            return
        with suppress(WizardError):
            kept = kept_answers.load(self.machine)
            packs = str(fresh_folder(self.base, kept.packs))
            self.answers = replace(kept, goal=self.answers.goal, packs=packs)
            self.prefilled = kept_answers.kept_at(self.machine)
            self.invalidate()

    def put_secret(self, key: str, secret: Secret) -> None:
        """Take a typed password for the question *key*. It is kept in memory alone."""
        self.answered = True
        before = self._typed.get(key)
        if before != secret:
            if before and before == self._refused.get(key):
                self._other[key] = before
            else:
                self._other.pop(key, None)
            self._typed[key] = secret
            self.invalidate()

    def paste(self, text: Secret, instead: str = "") -> str:
        """Take pasted PEM, which is kept only in memory; its word in the answers.

        Args:
            text: it may hold a private key.
            instead: the word of an earlier text that it replaces.

        Raises:
            WizardError: as `wizard.questions.answers.content`; nothing is taken then.
        """
        word = word_for(text.reveal(), self.pasted.keys() - {instead})
        self.pasted = {each: kept for each, kept in self.pasted.items() if each != instead} | {word: text}
        self._handed = None
        self.invalidate()
        return word

    def has_secret(self, key: str) -> bool:
        """Whether a password was typed for *key*; leaving its field empty is none."""
        return bool(self._typed.get(key))

    def secret(self, key: str) -> Secret | None:
        """BLOCKING. The typed password, else the one that the answers name a source for."""
        if key in self._typed:
            return self._typed[key]
        role, _, name = key.rpartition(".")
        found = self.given.secret(key) if self.given else resolve(self.answers.get(key), base=self.base, name=key)
        if found is None and name == "password" and role != "primary":
            # One password for all other machines, else the primary's: so they are asked for.
            return self._typed.get("others.password") or self._typed.get("primary.password")
        return found

    # -- looking and checking --------------------------------------------------------------------------------------

    def check(self, step: Step) -> list[Problem]:
        """BLOCKING. Why *step* cannot be left; empty when it can. Nothing is changed."""
        missing = [
            Problem(question.key, needed(question))
            for question in step.questions
            if question.ask in {Ask.TEXT, Ask.PATHS} and not question.optional and not self.value(question)
        ]
        answers, pasted = self.answers, self.pasted
        hands_off = step.id in {StepId.HANDOFF, StepId.HANDOFF_FIRST}
        if hands_off and self._handed == answers:
            # Back and forth: the bundles of these very answers are there already.
            return []
        problems = missing or [
            Problem(key, error) for key, error in validation.refusals(self.inputs, step, self._examine)
        ]
        if hands_off and not problems and pasted is self.pasted:
            # Not those that were given meanwhile: nobody may wait for this call any more.
            self._handed = answers
        return problems

    def pending_warnings(self, step: Step) -> tuple[Finding, ...]:
        """BLOCKING. The warnings at *step* that nobody has accepted yet: the operator is asked before going on.

        Raises:
            WizardError: a file cannot be read any more.
        """
        found = self.review().findings if step.view is View.REVIEW else validation.of_chains(self.inputs, step)
        return tuple(each for each in validation.warnings(found) if validation.identity(each) not in self._accepted)

    def accept_warnings(self, pending_warnings: Iterable[Finding]) -> None:
        """Go on in spite of *pending_warnings*: exactly these are not asked about again in this run."""
        self._accepted.update(validation.identity(finding) for finding in pending_warnings)

    def tick(self, item: str) -> list[Line]:
        """BLOCKING. Tick this item of the checklist, or take its tick away; the list as it is then.

        Raises:
            WizardError: it cannot be ticked now, or not be kept.
        """
        lines = remaining_tasks.tick(self.inputs, item)
        self._seen.inputs = None  # the list is another one now, and the next phase follows from it
        return lines

    def lines(self, step: Step) -> list[Line]:
        """BLOCKING. What the view of *step* shows."""
        match step.view:
            case View.FACTS:
                return [*(Line(note) for note in self.notes if note), *overview.first_lines(self.overview())]
            case View.VERDICT:
                return validation.verdicts(self.inputs, step)
            case View.DIAGNOSIS:
                return rescue_lines(self.rescue(step.id), codes=False)
            case View.HISTORY:
                return undo.history_lines(self.machine)
            case View.CONFIRM:
                if self.answers.goal is Goal.UNDO:
                    return undo.undo_lines(self.machine, undo.chosen(self.machine, self.answers.change))
                return outcome.confirm(self.review().plan, self.machine)
            case View.ELSEWHERE:
                self.inputs.read_machine_again()
                shown = remaining_tasks.elsewhere_lines(self.inputs)
                self.keep_answers()
                if not self.dry_run:
                    # The list is kept now, so there is nothing left to go on with.
                    with suppress(WizardError, OSError):
                        self.forget()
                return shown
            case _:
                return []

    def rescue(self, step_id: str) -> Rescue:
        """BLOCKING. What the doctor finds, and what can be done; examined once for each step that shows it.

        Raises:
            WizardError: the machine cannot be checked.
        """
        examined = self._seen.examined
        if step_id not in examined:
            examined[step_id] = repair_flow.look(self.inputs)
        return examined[step_id]

    def _examine(self) -> Rescue:
        return self.rescue(StepId.EXAMINE)

    def begin_round(self, step: Step) -> str:
        """Go on from what *step* has seen as if it were the first look; a password for the last repair is forgotten.

        Returns:
            The id of the step at which the next repair begins.
        """
        seen = self._seen.examined.get(step.id)
        self._typed.pop(repair_flow.PASSWORD, None)
        self.invalidate()
        if seen is not None:
            self._seen.examined[StepId.EXAMINE] = seen
        # The change that has ended is not the one to follow any more; the summary still names it.
        self.forget_change()
        self.let_go()
        return StepId.EXAMINE

    def overview(self) -> Overview:
        """BLOCKING, two seconds at most for the port. What this machine is and presents, and what is recommended.

        The port is taken from the service as long as nobody answered, or nobody named another than the usual one.
        """
        seen = overview.overview(self.machine, self.answers)
        probed = seen.presented.probe if seen.presented is not None else None
        open_yet = not self.answered or self.answers.primary.port == PrimaryAnswers().port
        open_yet = open_yet and self.answers.primary.kind is PrimaryKind.ON_PREMISE
        if probed is not None and probed.reachable and open_yet and probed.port != self.answers.primary.port:
            self.answers = self.answers.put("primary.port", probed.port)
        self.recommended = seen.goal
        return seen

    def installed(self) -> Chain | None:
        """BLOCKING. The chain that is installed, when certificates are replaced; None otherwise, or when unreadable."""
        return MachineSnapshot(self.machine).chain if self.answers.goal is Goal.RE_KEY else None

    def presented(self) -> Presented | None:
        """BLOCKING. What the first node presents now, asked as a gateway asks; None when nothing listens.

        As long as nobody answered, the port is the one that the service uses.
        """
        if not self.answered:
            return self.overview().presented
        primary = self.answers.primary
        return overview.present(
            MachineSnapshot(self.machine), primary.nodes[0], primary.port, servername=primary.host or None
        )

    def left(self) -> Checklist | None:
        """BLOCKING. The list of what is left to do that is kept on this machine."""
        return checklist.load(self.machine)

    def changes(self) -> list[Undoable]:
        """BLOCKING. The changes on record, the newest first, what undoing each means, and why it is impossible."""
        return undo.undoable(self.machine)

    def next_steps(self, step: Step) -> tuple[Next, ...]:
        """BLOCKING. What can be done after the examination at *step*, the recommended one in front.

        After a repair the run can end here, so that comes before what needs a person.
        """
        found = self.rescue(step.id).next_steps
        if step.id != StepId.EXAMINE_AGAIN or found[0] is Next.REPAIR:
            return found
        return tuple(dict.fromkeys((Next.FINISH, *found)))

    def place_to_edit(self, step: Step) -> tuple[Path, int]:
        """BLOCKING. The text file that the first cause at *step* is about, and its line."""
        path, line = self.rescue(step.id).place
        return self.machine.real(path), line

    def request_for(self) -> tuple[str, str]:
        """The host name that a request is probably for, and a folder for it."""
        own = own_names(self.machine)
        name = self.answers.primary.host or repair_flow.last_name(self.machine) or (own[0] if own else "")
        return name, fresh_folder(self.base, "request")

    def write_request(self, names: str, folder: str, password: Secret) -> list[str]:
        """BLOCKING. Write a private key and a request for the PKI team; what was written, and what to do with it.

        Args:
            names: host names and addresses, apart by blanks or commas; the first is the one to connect to.
            folder: for both files.
            password: of the key.

        Raises:
            WizardError: as `wizard.session.requests.write_request`; there is no name.
        """
        wanted = names.replace(",", " ").split()
        if not wanted:
            raise WizardError(codes.ANSWER_MISSING, case="required", example="primary.example.com")
        out = self.base / folder
        key, request = write_request(wanted[0], out, password, sans=tuple(wanted[1:]), dry_run=self.dry_run)
        return [
            "Send only the request. Save the answer in the folder of the key. Then choose",
            "Replace certificates and enter this folder.",
            f"Request for the PKI team: {printable(str(request))}",
            f"Private key, encrypted:   {printable(str(key))}",
        ]

    def command(self, words: str) -> str:
        """How the command *words* is called for this machine."""
        return f"{command(self.machine)} {words}"

    def planned_leaf(self) -> str:
        """The fingerprint of the certificate that the plan wants to be presented; "" without such a plan."""
        probe = self._probe()
        return probe.expect_sha256 if probe is not None else ""

    def _probe(self) -> Probe | None:
        steps = self._seen.review.plan.steps if self._seen.review is not None else ()
        return next((step for step in steps if isinstance(step, Probe)), None)

    def undo_command(self) -> str:
        """How the last change is undone later; "" when there is none."""
        change = self._outcome.change if self._outcome is not None else ""
        return self.command(f"rollback {change[:4]}") if change else ""

    def openssl_command(self) -> str:
        """How to see from a shell what the primary presents."""
        primary = self.answers.primary
        node, port, host = primary.nodes[0], primary.port, primary.host
        if (probe := self._probe()) is not None:
            (node, port), host = probe.nodes[0], probe.servername
        # An address is never a server name (RFC 6066).
        name = "" if address(host or node) is not None else f" -servername {shlex.quote(host or node)}"
        return f"openssl s_client -connect {endpoint(node, port)}{name} </dev/null"

    def _key_password(self, role: str, sure: bool) -> Secret | None:  # noqa: FBT001 - as PlanInputs asks
        """The other one of two passwords, after the typed one was refused: typed before, else from its own source.

        Args:
            role: whose store it is.
            sure: whether the typed one opens the store but not its private key.
        """
        name = f"{role}.password"
        if role != "primary" and not self._typed.get(name):
            name = "others.password"
        if self._typed.get(name):
            self._refused[name] = self._typed[name]
        if name in self._other or not sure:
            return self._other.get(name)
        return secret_of_key(self.secret, role)

    # -- the change -----------------------------------------------------------------------------------------------

    def review(self) -> Review:
        """BLOCKING. Look at the machine and make the plan; the same object until an answer changes.

        Raises:
            WizardError: the machine, the files or the answers do not allow a plan.
        """
        seen = self._seen
        if seen.review is None:
            made, seen.planned = review.review(self.inputs, self._examine)
            if self._first.kept is None:
                asked = self._as_asked(View.VERDICT, View.DIAGNOSIS)
                made = replace(made, decided=tuple(decided_lines(asked, self.answer_words)))
            seen.review = made
        return seen.review

    def decided(self) -> list[tuple[Step, Question, str]]:
        """BLOCKING. What is answered up to the review, in words, whether or not it was asked yet."""
        return list(decided(self._as_asked(View.VERDICT), self.answer_words))

    def answer_words(self, question: Question) -> str:
        """The answer to *question* in words."""
        return answer_words(question, self.answers, self.value, self.has_secret)

    def _as_asked(self, *views: View) -> list[Step]:
        """The steps; those of *views* and the stores of a gateway with the questions that arise from what is found."""
        return [
            replace(step, questions=self.asked(step))
            if step.view in views or step.id == StepId.GATEWAY_STORES
            else step
            for step in self.steps()
        ]

    def outdated(self) -> WizardError | None:
        """BLOCKING. Why the kept plan does not fit this machine any more; None when it does, or there is none."""
        kept = self._first.kept
        if kept is None:
            return None
        try:
            for step in kept.file_steps:
                target = resolve_file(self.machine, step.path)
                check_expected(target, look(target)[0], step.expect)
            check_java(kept, jre.identity(self.machine))
        except WizardError as error:
            return error
        return None

    def start(self) -> None:
        """BLOCKING. Hand the reviewed plan to its own process, which goes on whatever becomes of this one.

        Raises:
            WizardError: errors among the findings, another run at work, an interrupted change, or missing rights.
        """
        review = self.review()
        planned = self._seen.planned
        if planned is None or review.blocked:
            worst = worst_finding(review.findings)
            raise WizardError(codes.APPLY_FINDINGS, subject=worst.code, reason=worst.message, hint=worst.fix)
        if review.undo and not self.dry_run:
            self._run = start_rollback(self.machine, self.answers.change or None, self._store_secrets())
            self._begun()
            return
        if review.plan.is_empty or self.dry_run:
            self._outcome = Outcome(NO_CHANGE, digest=review.plan.digest)
            return
        self._run = watch.start(self.machine, review.plan, planned.secrets)
        self._begun()

    def _begun(self) -> None:
        self._outcome, self._started, self.taken_up = None, True, False
        if self._first.kept is None:
            self.keep_beside_change()

    def _keep_list(self) -> None:
        """After a phase of a change of the root keep the list of what is left at once: the next phase follows from it.

        Otherwise it is kept where it is shown.
        """
        phase = self._made_phase()
        if phase in PHASES:
            with suppress(WizardError):
                remaining_tasks.kept_list(replace(self.inputs, answers=replace(self.answers, phase=phase)))

    def _made_phase(self) -> Phase:
        return self._seen.review.phase if self._seen.review is not None else Phase.AUTO

    def summary(self) -> list[str]:
        """What stays in the terminal after leaving: result, backups, how to undo, what is next."""
        if self._outcome is None and self._run is not None and self._run.id:
            return outcome.at_work(self._run.id, self.machine)
        made = self._seen.review
        if self.dry_run and made is not None and not made.plan.is_empty:
            return ["This was a dry run: nothing was changed."]
        packs = self.base / self.answers.packs if self._handed is not None else None
        undo = self.answers.goal is Goal.UNDO
        earlier = [each for each in self._earlier if each is not self._outcome]
        said = outcome.summary(self._outcome, self.machine, packs, undo=undo, earlier=earlier)
        if self._outcome is None and saved_run.load(self.machine) is not None:
            said.append("Your answers are saved, passwords are not. To continue, start the wizard again.")
        if self.planned_leaf() and self._outcome is not None and not self._outcome.exit_code:
            said += ["To check the certificate:", self.openssl_command()]
        if self._outcome is not None and self._outcome.exit_code:
            return said
        if self.kept_answers:
            said.append(f"Answers for the next renewal, no password in them: {self.kept_answers}")
        return [*said, *checklist_lines.summary_lines(checklist.load(self.machine))]

    def invalidate(self) -> None:
        """Forget what was read of the machine and the files, so that it is read again."""
        self._seen = _Seen()

    # -- a change under way, or one that ended -----------------------------------------------------------------------

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

    def events(self) -> Iterator[Event]:
        """BLOCKING. What happens, as it happens; ends when the change has ended."""
        if self._run is not None:
            yield from watch.events(self.machine, self._run)

    def outcome(self) -> Outcome:
        """BLOCKING. How the change ended; after `events` is exhausted."""
        if self._outcome is None and self._run is not None:
            self._outcome = watch.outcome(self.machine, self._run)
        ended = self._outcome
        if ended is not None and not ended.exit_code and ended is not self._completed:
            self._completed = ended
            self.inputs.read_machine_again()
            self.keep_answers()
            self._keep_list()
        return ended or Outcome(NO_CHANGE)

    def keep_answers(self) -> None:
        """BLOCKING. Keep the answers for the next renewal: this run is completed. A kept plan has none."""
        if self.answers.goal.installs and not self.dry_run and self._first.kept is None and not self.unknown_answers:
            keep = kept_answers.keep_renewed if self.renews else kept_answers.keep
            # The change is made; answers that cannot be kept are given again next year.
            with suppress(WizardError, OSError):
                self.kept_answers = str(keep(self.inputs))

    def outcome_lines(self) -> list[Line]:
        """BLOCKING. The same for people: the result, why, and what to do."""
        lines = outcome.outcome(self.outcome(), undo=self.answers.goal is Goal.UNDO)
        if not self.outcome().exit_code and self.needed_again() is not None:
            lines += [Line(""), Line("Passwords were not saved. You will be asked for them in the last steps.")]
        return lines

    def watching(self) -> bool:
        """BLOCKING. Whether a change that an earlier session started is running; `events` then follows it."""
        if self._run is None:
            holder = watch.running(self.machine)
            if holder is not None and holder.change:
                self._run = watch.ChangeRun(holder.change)
                self.take_answers_of(holder.change)
        return self._run is not None

    def interrupted(self) -> list[Line]:
        """BLOCKING. The report on an unfinished change that no process works on; empty when there is none."""
        return outcome.interrupted(history(self.machine))

    def recover(self, mode: str) -> list[Line]:
        """BLOCKING. Settle the interrupted change: `finish`, `undo`, or `keep` it as it is; the lines say how it ended.

        Raises:
            WizardError: another run is at work, or the change cannot be settled in this way.
        """
        self._outcome = None
        self._run = start_recover(self.machine, mode, self._store_secrets())
        try:
            return self.outcome_lines()
        finally:
            # It has ended; the next change of this session is another one.
            self._run = None

    def _store_secrets(self) -> dict[str, Secret]:
        return {CACERTS_SECRET: self.secret(CACERTS_SECRET) or DEFAULT_STORE_PASSWORD}

    # -- leaving and coming back -------------------------------------------------------------------------------------

    def save(self, step_id: str = "") -> None:
        """BLOCKING. Keep the answers, if anything was answered; at the last step the list is kept instead."""
        if step_id == LAST or not self.answered:
            return
        with self._saving:
            saved_run.save(self.machine, self.answers, step_id, self.base)
        if self._started or self.taken_up:
            self.keep_beside_change()

    def saved(self) -> SavedRun | None:
        """BLOCKING. An earlier run that was not finished; a change that has ended meanwhile comes first."""
        return saved_run.load_ended(self.machine) or saved_run.load(self.machine)

    def ended_lines(self, run: SavedRun) -> list[Line]:
        """BLOCKING. How the change of *run* ended, why when it failed, and what is left of it."""
        ended = watch.outcome(self.machine, run.change)
        why = outcome.outcome(ended, undo=run.answers.goal is Goal.UNDO) if ended.exit_code else []
        kept = "The answers are still there. Passwords were not saved. You will be asked for those that are needed."
        return [Line(self.ended_words(run)), *why, Line(kept)]

    def ended_words(self, run: SavedRun) -> str:
        """BLOCKING. In a sentence or two, how the change of *run* ended and what is next; "" when it has none."""
        if not run.change:
            return ""
        ended = watch.outcome(self.machine, run.change)
        moment = datetime.fromisoformat(ended.at) if ended.at else run.when
        day = "" if moment.date() == now_utc().date() else f"on {moment:%Y-%m-%d} "
        words = f"Change {run.change[:4]} %s {day}at {moment:%H:%M} UTC"
        if ended.failure is not None and ended.failure.code == codes.CHANGE_INTERRUPTED.code:
            return f"{words % 'was interrupted'} and then undone. Next: apply the change again."
        if ended.exit_code:
            return f"{words % 'failed'} and was undone. Next: correct the answers."
        verified = " and was verified" if "probe" in ended.steps else ""
        following = after(StepId.APPLY, run.answers)
        what = f" Next: {NEXT[following.id]}." if following is not None and following.id in NEXT else ""
        return f"{words % 'finished'}{verified}.{what}"

    def resume(self) -> str:
        """BLOCKING. Take the answers of the earlier run; return the step to go on with. Secrets must be typed again.

        After a change that has ended well it is the first of its last steps, "" when there is none.
        """
        run = self.saved()
        if run is None:
            return self.steps()[0].id
        self._take(run)
        if not run.change:
            return self._first_to_answer(run.step_id)
        self._run, self._outcome = watch.ChangeRun(run.change), None
        if not self.outcome().exit_code:
            self.taken_up = True
            return self.after_change()
        self.put_aside()
        self._run = None
        return self._first_to_answer(StepId.REVIEW)

    def _first_to_answer(self, wanted: str) -> str:
        """The first step whose answers cannot be taken as they are, at the latest *wanted* or the review."""
        known = self.steps()
        for step in known:
            if step.id == wanted or step.view is View.REVIEW or (step.questions and self.check(step)):
                return step.id
        return known[0].id

    def _take(self, run: SavedRun) -> None:
        self.answers, self.base, self.answered = run.answers, run.base, True
        self.invalidate()

    def take_answers_of(self, change: str) -> None:
        """BLOCKING. Use the answers that *change*, which is running, is made from; without any, none."""
        run = saved_run.load(self.machine, change)
        if run is None and (last := saved_run.load(self.machine)) is not None and last.step_id == StepId.APPLY:
            # The earlier session was cut off between the start of the change and its note beside it.
            run = last
        if run is not None:
            self._take(run)
            self.taken_up = True

    def after_change(self) -> str:
        """BLOCKING. The step to go on with when the change of an earlier session is made; "" when nothing is left."""
        step = self.needed_again() or after(StepId.APPLY, self.answers)
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
            if (Ask.SECRET in asks or (several and Ask.NEW_SECRET in asks)) and self.check(step):
                return step
        return None

    def rejoin(self) -> bool:
        """BLOCKING. Follow the change that is running when it was started with these very answers."""
        holder = watch.running(self.machine)
        if holder is None or not holder.change or not self._are_mine(saved_run.load(self.machine, holder.change)):
            return False
        self._run, self._outcome, self.taken_up = watch.ChangeRun(holder.change), None, True
        return True

    def earlier_end(self) -> list[Line]:
        """BLOCKING. How a change ended that an earlier command started with these answers and did not follow."""
        run = saved_run.load_ended(self.machine)
        if run is None or not self._are_mine(run):
            return []
        lines = outcome.outcome(watch.outcome(self.machine, run.change))
        return [Line(f"Change {run.change}, started earlier with these answers, has ended:"), *lines]

    def reported(self) -> None:
        """BLOCKING. A command has reported how its change ended, which is the last that it does; the list is kept."""
        if self.outcome().outcome == STUCK:
            return
        if self.outcome().outcome == APPLIED and self.answers.goal.installs and self._made_phase() not in PHASES:
            with suppress(WizardError, OSError):
                remaining_tasks.elsewhere_lines(self.inputs)
        with suppress(WizardError, OSError):
            self.forget_change()
            run = saved_run.load_ended(self.machine)
            if run is not None and self._are_mine(run):
                saved_run.forget(self.machine, run.change)

    def _are_mine(self, run: SavedRun | None) -> bool:
        return run is not None and (run.answers, run.base) == (self.answers, self.base)

    def keep_beside_change(self) -> None:
        """BLOCKING. Note the answers beside the change that was started, for whichever session sees its end."""
        if self._run is not None and self._run.id:
            # Like the events: a full disk loses the note, never the change.
            with suppress(WizardError, OSError):
                saved_run.save(self.machine, self.answers, StepId.APPLY, self.base, self._run.id)

    def put_aside(self) -> None:
        """BLOCKING. After a change that failed: its answers are those to begin the next run with."""
        if self.outcome().outcome != STUCK and not self.unknown_answers:
            with suppress(WizardError, OSError):
                self.save(StepId.REVIEW)
                self.forget_change()

    def forget_change(self) -> None:
        """BLOCKING. Remove the answers beside the change: its last step is done."""
        if self._run is not None and self._run.id:
            saved_run.forget(self.machine, self._run.id)

    def forget(self) -> None:
        """BLOCKING. Remove the saved answers, also those of a change that has ended."""
        with self._saving:
            saved_run.forget(self.machine)
        run = saved_run.load_ended(self.machine)
        if run is not None:
            saved_run.forget(self.machine, run.change)
