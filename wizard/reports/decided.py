"""What was decided so far: one line a question, each tied to the step that asked it. Never a secret."""

from collections.abc import Callable, Sequence

from wizard.printable import printable
from wizard.questions.answers import PROMPT, Answers, PasswordSource, SourceKind
from wizard.questions.flow import Ask, Question, Step, View
from wizard.reports.lines import Line, Tone

_SOURCES = {
    SourceKind.FILE: "from a file",
    SourceKind.ENV: "from the environment",
    SourceKind.FD: "from a descriptor",
}
_OTHERS_FILES = ("others.chain", "others.password")
"""Asked in vain while there are no other machines."""


def decided_lines(
    steps: Sequence[Step], answers: Answers, value: Callable[[Question], str], typed: Callable[[str], bool]
) -> list[Line]:
    """The decisions up to the review, in the order of the steps.

    Args:
        steps: all that *answers* lead to.
        answers: for where a password comes from.
        value: what stands in the field of a question.
        typed: whether a password was typed for a key.
    """
    asked: list[tuple[str, str, str]] = []
    for step in steps:
        if step.view is View.REVIEW:
            break
        for question in step.questions:
            words = _words(question, answers, value, typed)
            if question.ask is Ask.SECRET and words and asked and asked[-1][0] == step.id:
                # A password and the files that it opens are one decision.
                asked[-1] = (*asked[-1][:2], f"{asked[-1][2]}; password: {words}")
            elif words:
                asked.append((step.id, question.short or question.heading.rstrip("?"), words))
    width = max((len(name) for _step, name, _words in asked), default=0)
    lines = [Line(f"{name:{width}}  {words}", step=step) for step, name, words in asked]
    return [Line("What was decided:", Tone.HEADING), *lines, Line("")] if lines else []


def _words(question: Question, answers: Answers, value: Callable[[Question], str], typed: Callable[[str], bool]) -> str:
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
