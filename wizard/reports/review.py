"""The review: what will happen, as one object that is shown, confirmed, and then done."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile

from wizard import codes
from wizard.certificates.model import Chain
from wizard.change.plan import Plan
from wizard.findings import Finding
from wizard.printable import printable
from wizard.questions.answers import PROMPT, Answers, PasswordSource, Phase, SourceKind
from wizard.questions.flow import Ask, Question, Step, View
from wizard.reports.lines import Line, Tone


@dataclass(frozen=True, slots=True)
class UndoStep:
    """One step of an undo.

    Attributes:
        id: of the step, as its events have it.
        words: what it does.
        kind: `file`, `restart` or `probe`.
        target: the unit of a restart; "" otherwise.
    """

    id: str
    words: str
    kind: str = "file"
    target: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """The plan as the operator sees it.

    Attributes:
        plan: the very object that `start` applies; empty for an undo, which follows the record of its change.
        lines: each step with its file, owner, mode and diff, secrets masked; then the findings.
        findings: of the check and the planning.
        blocked: an ERROR or BLOCKER is among them, so `start` refuses.
        undo: the steps of an undo.
        decided: what was answered, a line each that leads to its step; empty for a plan that was kept.
        phase: of a change of the root; `auto` when there is none.
        compared: the installed chain, None when none can be read, and the new one; None when none is installed by this.
        later: how to apply it in a maintenance window instead; empty when it cannot be applied.
    """

    plan: Plan
    lines: tuple[Line, ...]
    findings: tuple[Finding, ...]
    blocked: bool
    undo: tuple[UndoStep, ...] = ()
    decided: tuple[Line, ...] = ()
    compared: tuple[Chain | None, Chain] | None = None
    later: tuple[Line, ...] = ()
    phase: Phase = Phase.AUTO

    @property
    def page(self) -> tuple[Line, ...]:
        """The decisions with their steps, then the planned changes: for user interfaces that can go back to a step."""
        return (*self.decided, *self.lines, *self.later)

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """Id and words of each step, in order, for following them."""
        undone = tuple((step.id, step.words) for step in self.undo)
        return undone or tuple((step.id, step.summary) for step in self.plan.steps)

    @property
    def undone_files(self) -> tuple[str, ...]:
        """What an undo does to each file."""
        return tuple(step.words for step in self.undo if step.kind == "file")

    @property
    def risks(self) -> tuple[str, ...]:
        """What others may lose by this change, to be repeated at the last question."""
        risks = {codes.PHASE_SKIPPED, codes.ROLLOVER_ROOT_CHANGES}
        return tuple(f"{each.message} {each.why}" for each in self.findings if each.spec in risks)

    @property
    def restarts(self) -> str:
        """The unit that will be restarted, "" when none is."""
        return next((step.target for step in (*self.plan.steps, *self.undo) if step.kind == "restart"), "")


_SOURCES = {
    SourceKind.FILE: "from a file",
    SourceKind.ENV: "from the environment",
    SourceKind.FD: "from a descriptor",
}
_OTHERS_FILES = ("others.chain", "others.password")
"""Asked in vain while there are no other machines."""


def decided(
    steps: Sequence[Step], answers: Answers, value: Callable[[Question], str], typed: Callable[[str], bool]
) -> Iterator[tuple[Step, Question, str]]:
    """Each decision up to the review, with its words; arguments as `decided_lines`."""
    for step in takewhile(lambda step: step.view is not View.REVIEW, steps):
        for question in step.questions:
            words = answer_words(question, answers, value, typed)
            if words:
                yield step, question, words


def decided_lines(
    steps: Sequence[Step], answers: Answers, value: Callable[[Question], str], typed: Callable[[str], bool]
) -> list[Line]:
    """The decisions up to the review, in the order of the steps.

    Args:
        steps: all that *answers* lead to.
        answers: for where a password comes from.
        value: the text in the field of a question.
        typed: whether a password was typed for a key.
    """
    asked: list[Line] = []
    found = list(decided(steps, answers, value, typed))
    width = max((len(question.name) for _step, question, _words in found), default=0)
    for step, question, words in found:
        if question.ask is Ask.SECRET and asked and asked[-1].step == step.id:
            # A password and the files that it opens are one decision.
            asked[-1] = replace(asked[-1], text=f"{asked[-1].text}; password: {words}", key="")
        else:
            asked.append(Line(f"{question.name:{width}}  {words}", step=step.id, key=question.key))
    return [Line("Your choices:", Tone.HEADING), *asked, Line("")] if asked else []


def answer_words(
    question: Question, answers: Answers, value: Callable[[Question], str], typed: Callable[[str], bool]
) -> str:
    """What was answered to *question*, in words; "" when it is not asked for."""
    if question.key in _OTHERS_FILES and not answers.other_roles():
        return ""
    match question.ask:
        case Ask.SECRET | Ask.NEW_SECRET if typed(question.key):
            return "typed"
        case Ask.SECRET if question.key == "others.password" and typed("primary.password"):
            return "as the primary's"
        case Ask.SECRET | Ask.NEW_SECRET:
            return _SOURCES.get(_source(question.key, answers).kind, "none")
        case Ask.CHOICE:
            chosen = value(question)
            return next((choice.label for choice in question.choices if choice.value == chosen), chosen)
        case _:
            return printable(value(question)) or question.otherwise


def _source(key: str, answers: Answers) -> PasswordSource:
    if key == "others.password":
        return next((answers.table(role).password for role in answers.other_roles()), PROMPT)
    found: PasswordSource = answers.get(key)
    return found
