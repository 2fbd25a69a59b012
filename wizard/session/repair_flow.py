"""Something is wrong: what the doctor found, what one change repairs of it, and what can be done next.

Screens, line mode and the command `doctor` show the same result and offer the same next steps.
"""

import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property

from wizard import codes
from wizard.doctor.collect.run import Asked, Examined, examine
from wizard.doctor.diagnose import Cause, Diagnosis, diagnose
from wizard.doctor.repair.choose import Give, of_certificate, repair_for
from wizard.doctor.repair.plan import Together, plan_repairs
from wizard.doctor.repair.steps import KEY_SECRET
from wizard.errors import WizardError
from wizard.findings import Finding, Severity
from wizard.host.machine import Machine, command
from wizard.planning.inputs import PlanInputs
from wizard.planning.primary.plan import STORE_SECRET, Planned
from wizard.printable import printable
from wizard.questions.answers import Goal, PrimaryAnswers
from wizard.questions.flow import Question, Step
from wizard.reports.lines import WIDTH, Line, Tone
from wizard.secret import Secret
from wizard.session import saved_run
from wizard.session.undo import newest

PASSWORD = STORE_SECRET
"""The key of the one field for a password; it is whichever the repair lacks."""


class State(StrEnum):
    """What becomes of a cause."""

    REPAIRED = "in this change"
    PASSWORD = "with a password"  # noqa: S105 - no password
    LATER = "right after it"
    FIRST = "first, by you"
    BY_HAND = "by you"


class Next(StrEnum):
    """What can be done next."""

    REPAIR = "repair"
    REPLACE = "replace"
    REQUEST = "request"
    OPEN = "open"
    UNDO = "undo"
    COMMANDS = "commands"
    AGAIN = "again"
    FINISH = "finish"


WORDS: Mapping[Next, tuple[str, str]] = {
    Next.REPAIR: ("Repair it", "as one change that you review first"),
    Next.REPLACE: ("Replace certificates", "with the files of your PKI team"),
    Next.REQUEST: ("Make a request", "a new key and a request (CSR) for your PKI team"),
    Next.OPEN: ("Open the file", "in your editor, at the line; then everything is checked again"),
    Next.UNDO: ("Undo a change", "restore what a change of the wizard has replaced"),
    Next.COMMANDS: ("Show the commands", "to repair it manually"),
    Next.AGAIN: ("Check again", "after you have changed something"),
    Next.FINISH: ("Finish", "leave the wizard"),
}
"""What each is called, and what it does."""

_PATH = re.compile(r"(?<!\S)/\S+")
_CHECK = "cloudstream-wizard doctor"
_WRITES_TOO = "It changes {path} in a different way, so it needs a separate change."
_FILES_FIRST = {
    codes.DOCTOR_STORE_EMPTY.code, codes.DOCTOR_STORE_DAMAGED.code, codes.DOCTOR_STORE_NO_KEY.code,
    codes.DOCTOR_STORE_KEY_MISMATCH.code, codes.DOCTOR_STORE_LOST.code, codes.DOCTOR_STORE_MISSING.code,
    codes.DOCTOR_STORE_NOT_PKCS12.code, codes.DOCTOR_SETTING_MISSING.code, codes.DOCTOR_SETTINGS_LOST.code,
    codes.DOCTOR_NOT_SET_UP.code, codes.DOCTOR_BUILT_IN_INSTALLED.code,
}  # fmt: skip
"""Causes that the right PFX of this host removes, where the wizard cannot."""


_BLOCKED_BY: Mapping[str, frozenset[str]] = {
    codes.RESTART_UNIT_CHANGED.code: frozenset({codes.DOCTOR_UNIT_CHANGED.code}),
    codes.PLAN_OVERRULED.code: frozenset({codes.DOCTOR_CONF_NOT_USED.code, codes.DOCTOR_SETTING_OVERRULED.code}),
}
"""What forbids a change, by the code of a cause where that has another one."""


@dataclass(frozen=True, slots=True)
class Row:
    """A cause, what becomes of it, and why."""

    cause: Cause
    state: State
    why: str = ""

    @property
    def finding(self) -> Finding:
        """The cause itself."""
        return self.cause.finding

    @property
    def by_hand(self) -> bool:
        """Whether a person has to do it."""
        return self.state in {State.BY_HAND, State.FIRST}

    @property
    def steps(self) -> tuple[str, ...]:
        """What is done about it, in order; what is typed into a shell begins with a dollar sign."""
        repair = self.cause.repair
        why = (self.why,) if self.why else ()
        if self.by_hand:
            typed = {each: f"$ {each}" for each in repair.commands} | {_CHECK: "Check again."}
            return (*why, *(printable(typed.get(step, step)) for step in repair.steps))
        return (f"{repair.summary}.", *why)


@dataclass(frozen=True)
class Rescue:
    """The result of an examination for the operator.

    Attributes:
        seen: everything that a repair needs.
        diagnosis: all findings.
        together: the repairs as they can be planned without a password.
        undoable: whether a change is on record that can be undone.
    """

    seen: Examined
    diagnosis: Diagnosis
    together: Together
    undoable: bool

    @cached_property
    def lacks(self) -> str:
        """The name of the secret that a repair asks for, "" for none."""
        return next((error.subject for _, error in self.together.refused if error.spec == codes.SECRET_MISSING), "")

    @cached_property
    def able(self) -> bool:
        """Whether a change can be made now, if only with a password."""
        planned = self.together.planned
        return self.waits_for_password if planned is None else not planned.forbidden

    @property
    def waits_for_password(self) -> bool:
        """Whether a repair can be made with a password, as far as anybody can tell without it."""
        return bool(self.lacks) and all(each.severity < Severity.ERROR for each in self.together.faults)

    @cached_property
    def blocking(self) -> tuple[Finding, ...]:
        """What forbids the change that would repair the rest."""
        planned = self.together.planned
        found = (*(planned.findings if planned is not None else ()), *self.together.faults)
        return tuple(each for each in found if each.severity >= Severity.ERROR)

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """The causes: first what has to be done by hand before anything else, then the others as the doctor ranks them.

        Those that show only when others are repaired are among them; warnings only as far as they are repaired, or when
        there is nothing worse.
        """
        known = {cause.finding.code: cause for cause in self.diagnosis.causes}
        roots = {code: known[code] for code in self.diagnosis.root_causes}
        # What is seen now with its cause, such as a service that did not start, may only end with the restart.
        seen = {finding.code for finding in self.diagnosis.findings}
        together = self.together
        planned = (*together.made, *together.later, *(cause for cause, _ in together.refused))
        repairs = {cause.finding.code: cause for cause in planned}
        shown = {
            **roots,
            **repairs,
            **{code: cause for code, cause in known.items() if of_certificate(code)},
            **{code: known[code] for each in self.blocking for code in _BLOCKED_BY.get(each.code, ()) if code in known},
            **{code: cause for code, cause in self._after.items() if code not in seen and _hurts(cause)},
        }
        for each in self.blocking:
            if not _BLOCKED_BY.get(each.code, frozenset({each.code})) & shown.keys():
                shown[each.code] = Cause(each, repair_for(each, self.seen.facts))
        rows = [self._row(cause) for cause in shown.values()]
        return tuple(sorted(rows, key=lambda row: row.state is not State.FIRST))

    @cached_property
    def _after(self) -> Mapping[str, Cause]:
        """The causes that are left when the change is made, as far as the files tell."""
        return {cause.finding.code: cause for cause in diagnose(self.together.after.facts).causes}

    def _row(self, cause: Cause) -> Row:
        code = cause.finding.code
        if any(each.finding.code == code for each in self.together.later):
            return Row(cause, State.LATER, _WRITES_TOO.format(path=cause.repair.path))
        for refused, error in self.together.refused:
            if refused.finding.code == code:
                needed = error.spec == codes.SECRET_MISSING
                return Row(cause, State.PASSWORD if needed else State.BY_HAND, "" if needed else error.message)
        if code in self.codes or (cause.repair.automatic and code not in self._after):
            # One repair may remove several causes.
            return Row(cause, State.REPAIRED)
        first = any(code in _BLOCKED_BY.get(each.code, frozenset({each.code})) for each in self.blocking)
        return Row(cause, State.FIRST if first else State.BY_HAND)

    @property
    def goal(self) -> Goal:
        """What replaces the certificates: the first set-up where no key store is configured."""
        setting = self.seen.conf.facts.store_file
        return Goal.SET_UP if self.seen.conf.document and (setting is None or setting.empty) else Goal.RE_KEY

    @property
    def codes(self) -> list[str]:
        """What the next change repairs."""
        return [cause.finding.code for cause in self.together.made]

    @cached_property
    def repaired(self) -> int:
        """How many of the causes the next change repairs; with its password, when it needs one."""
        return sum(row.state in {State.REPAIRED, State.PASSWORD} for row in self.rows)

    @property
    def place(self) -> tuple[str, int]:
        """The text file that the first cause is about, and its line from 1; ("", 0) for none."""
        conf = self.seen.conf.facts.file
        texts = (conf.path, *(f"{conf.path.rpartition('/')[0]}/{each.code}" for each in self.seen.conf.facts.includes))
        for row in self.rows:
            subject = row.finding.subject
            if subject.path in texts and subject.line and (row.by_hand or len(self.rows) == 1):
                return subject.path, subject.line
            if row.finding.code in {codes.DOCTOR_CLIENT_AUTH_OFF.code, codes.DOCTOR_TLS12_OFF.code}:
                return conf.path, 1
        return "", 0

    def commands(self, machine: Machine) -> list[str]:
        """What a person types to repair it manually: the causes that the wizard leaves first, each command once."""
        rows = sorted(self.rows, key=lambda row: not row.by_hand)
        program = command(machine)
        found = [
            _PATH.sub(lambda path: str(machine.real(path[0])), each)
            for row in rows
            for each in row.cause.repair.commands
        ]
        named = (
            f"{program}{each.removeprefix('cloudstream-wizard')}" if each.startswith("cloudstream-wizard") else each
            for each in found
        )
        # A restart and the next look come last, however many causes name them.
        return sorted(dict.fromkeys(named), key=lambda words: (words.endswith(" doctor"), " restart " in words))

    @property
    def next_steps(self) -> tuple[Next, ...]:
        """What can be done next, the recommended one in front."""
        if not self.rows:
            return Next.FINISH, Next.AGAIN, Next.REPLACE, Next.REQUEST, *((Next.UNDO,) if self.undoable else ())
        found = [Next.REPAIR] if self.able else []
        new = any(of_certificate(row.finding.code) for row in self.rows)
        by_hand = next((row for row in self.rows if row.by_hand), None)
        if by_hand is not None and (of_certificate(by_hand.finding.code) or by_hand.finding.code in _FILES_FIRST):
            found += [Next.REPLACE]
        found += [Next.REQUEST] if new else []
        found += [Next.OPEN] if self.place[0] else []
        if by_hand is not None and found[:1] != [Next.REPLACE]:
            found += [Next.COMMANDS]
        found += [Next.REPLACE, *([Next.UNDO] if self.undoable else []), Next.COMMANDS, Next.AGAIN, Next.FINISH]
        return tuple(dict.fromkeys(found))

    def label(self, what: Next, *, again: bool = False) -> str:
        """What *what* is called; *again*: after a repair."""
        if what is Next.REPLACE and self.goal is Goal.SET_UP:
            return "Set up certificates"
        if what is not Next.REPAIR or (len(self.rows) == 1 and not again):
            return WORDS[what][0]
        if again:
            return "Repair the rest"
        return "Repair all" if self.repaired == len(self.rows) else f"Repair {self.repaired} of {len(self.rows)}"

    @property
    def headline(self) -> str:
        """The result in a sentence or two."""
        if not self.rows:
            return "Nothing wrong was found."
        first = self.rows[0]
        if len(self.rows) == 1:
            return first.finding.title
        if first.state is State.FIRST and self.repaired:
            return f"{len(self.rows)} causes: fix the first manually, then one change repairs {self.repaired}."
        if not self.able:
            return f"{len(self.rows)} causes; the wizard cannot repair them itself."
        how = "One change with one restart" if self.restarts else "One change without a restart"
        count = len(self.rows)
        if self.repaired < count:
            return f"{how} repairs {self.repaired} of {count} causes."
        return f"{how} repairs {'both' if count == 2 else f'all {count}'} causes."

    @property
    def restarts(self) -> bool:
        """Whether the change restarts the service; with a password, which nobody has typed yet, it does."""
        planned = self.together.planned
        return bool(self.lacks) or planned is None or any(step.kind == "restart" for step in planned.plan.steps)


def _hurts(cause: Cause) -> bool:
    finding = cause.finding
    return finding.severity >= Severity.ERROR or cause.repair.automatic or of_certificate(finding.code)


def last_name(machine: Machine) -> str:
    """The host name in the answers of the last run on *machine* that are still kept; "" without any."""
    run = saved_run.load(machine)
    return run.answers.primary.host if run is not None else ""


def look(inputs: PlanInputs) -> Rescue:
    """Examine the machine now, as the answers and the last run name it."""
    primary, usual = inputs.answers.primary, PrimaryAnswers()
    host = primary.host or last_name(inputs.machine)
    asked = Asked(servername=host, cacerts_password=inputs.secret("primary.cacerts-password"))
    if inputs.answers.goal is Goal.MAINTAIN:
        nodes = primary.nodes if primary.nodes != usual.nodes else ()
        asked = replace(asked, nodes=nodes, port=primary.port if primary.port != usual.port else 0)
    seen = examine(inputs.machine, asked)
    return rescue(inputs.machine, seen, without_password(inputs.secret))


def rescue(machine: Machine, seen: Examined, give: Give) -> Rescue:
    """The result for the operator of what was *seen*."""
    return Rescue(seen, diagnose(seen.facts), plan_repairs(machine, seen, give), bool(newest(machine)))


def without_password(secret: Callable[[str], Secret | None]) -> Give:
    """Gives what *secret* gives, but none of the passwords that an operator types for a repair."""
    return lambda name: None if name in _FIELDS else secret(name)


def plan_rescue(inputs: PlanInputs, found: Rescue) -> Planned:
    """The change that repairs what can be repaired at once.

    A password that was typed has to be right; without one, what needs it is left out as long as there is anything else.

    Raises:
        WizardError: nothing is wrong, a person has to do it, or a password is needed.
    """
    typed = inputs.secret(PASSWORD) or None
    together = plan_repairs(inputs.machine, found.seen, lambda name: typed if name in _FIELDS else inputs.secret(name))
    waiting = {cause.finding.code for cause, error in found.together.refused if error.spec == codes.SECRET_MISSING}
    for cause, error in together.refused:
        if error.spec == codes.SECRET_MISSING and together.planned is None:
            _, error.hint = error.spec.text.words("here")
            raise error
        if typed and cause.finding.code in waiting:
            raise error
    if together.planned is not None:
        return together.planned
    headline = found.diagnosis.headline
    if headline is None:
        raise WizardError(codes.RESCUE_NOTHING_WRONG)
    raise WizardError(
        codes.RESCUE_BY_HAND, subject=headline.code, reason=headline.message, hint=tuple(headline.fix.splitlines())
    )


_FIELDS = {KEY_SECRET: "primary.keystore-password.repair-key", STORE_SECRET: "primary.keystore-password.repair-store"}
"""The id of the texts of the field, by the secret that a repair lacks."""


def asked(step: Step, found: Rescue) -> tuple[Question, ...]:
    """The questions of *step*: the password that a repair lacks, and nothing when it lacks none."""
    if found.lacks not in _FIELDS or not found.waits_for_password:
        return ()
    rest = found.together.planned is not None and not found.together.planned.forbidden
    more = " Leave empty to make only the other repairs." if rest else ""
    text = _FIELDS[found.lacks]
    made = (Question.of(each.key, each.ask, text, optional=each.optional) for each in step.questions)
    return tuple(replace(each, why=each.why + more) for each in made)


def next_lines(found: Rescue, machine: Machine) -> Sequence[str]:
    """The next steps as commands, for those who use no screen."""
    program = command(machine)
    path, line = found.place
    words = {
        Next.REPAIR: f"{program} doctor --fix all",
        Next.REPLACE: program,
        Next.REQUEST: f"{program} csr --role primary --host NAME --out DIR",
        Next.OPEN: f"editor +{line} {machine.real(path)}",
        Next.UNDO: f"{program} rollback",
        Next.AGAIN: f"{program} doctor",
    }
    return [f"{found.label(each)}: {words[each]}" for each in found.next_steps if each in words]


def rescue_lines(found: Rescue, *, codes: bool) -> list[Line]:
    """The result of an examination.

    Args:
        found: the result.
        codes: whether the permanent codes are shown too.
    """
    result = [] if len(found.rows) == 1 else _folded(found.headline)
    if not found.rows:
        result = _folded(f"OK: {found.headline[:1].lower()}{found.headline[1:]}", tone=Tone.GOOD)
    for number, row in enumerate(found.rows, start=1):
        result += _cause(row, f"{number}. " if len(found.rows) > 1 else "", codes=codes)
    named = {row.finding.code for row in found.rows}
    others = [each for each in found.diagnosis.findings if each.code not in named and each.caused_by is None]
    if others:
        result.append(Line("Also found:", Tone.HEADING))
        result += [line for each in others for line in _folded(f"- {each.message}{_code(each, codes=codes)}", 2)]
    unseen = found.diagnosis.not_seen
    if unseen:
        names = ", ".join(each.rule.removeprefix("doctor.") for each in unseen)
        result += _folded(f"Not checked: {names}.")
    return result


def _code(finding: Finding, *, codes: bool) -> str:
    return f" [{finding.code}]" if codes else ""


def _cause(row: Row, number: str, *, codes: bool) -> list[Line]:
    finding = row.finding
    bad = finding.severity >= Severity.ERROR
    word = "Error" if bad else "Warning"
    title = f"{number}{word}: {finding.title}{_code(finding, codes=codes)}"
    result = [*_folded(title, tone=Tone.BAD if bad else Tone.WARN)]
    result += _folded(finding.message, 2)
    result += _folded(finding.why, 2)
    result += _folded(f"{'What to do' if row.by_hand else 'Repair'} ({row.state.value}):", 2)
    return result + [line for step in row.steps for line in _folded(step, 4)]


def _folded(text: str, indent: int = 0, tone: Tone = Tone.PLAIN) -> list[Line]:
    first, more = " " * indent, " " * (indent + 2 if indent else 0)
    lines = textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=more, break_long_words=False, break_on_hyphens=False
    )
    return [Line(line, tone) for line in lines]
