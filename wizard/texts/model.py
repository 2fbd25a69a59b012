"""The records that texts are made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Case:
    """Other words for one code in one situation; an empty field means those of the code's own `Text`."""

    message: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The words of one code; `message` and `fix` have `{facts}` to fill in.

    Attributes:
        title: a few words, for lists.
        message: one or two sentences: state first, then evidence.
        why: what goes wrong if it stays.
        fix: what to do next; may hold several lines.
        source: where this is known from (RFC, JDK document, vendor manual).
        cases: name of a situation to its own words.
    """

    title: str
    message: str
    why: str
    fix: str
    source: str = "manual"
    cases: Mapping[str, Case] = field(default_factory=dict)

    def words(self, case: str = "") -> tuple[str, str]:
        """The templates of message and fix for *case*, or for the code alone when it is "".

        Raises:
            KeyError: there is no such case.
        """
        if not case:
            return self.message, self.fix
        special = self.cases[case]
        return special.message or self.message, special.fix or self.fix


@dataclass(frozen=True, slots=True)
class ChoiceText:
    """The words of one answer to choose."""

    label: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionText:
    """The words of one question.

    Attributes:
        label: the question itself.
        help: one line about what it is for.
        example: one answer as an example.
        short: what it is about in a few words, for the review.
        empty: what an empty answer means, for the review.
        choices: by the value that is stored.
    """

    label: str
    help: str
    short: str
    example: str = ""
    empty: str = "none"
    choices: Mapping[str, ChoiceText] = field(default_factory=dict)
