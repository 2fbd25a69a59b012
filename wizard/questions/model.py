"""What a question and a step are.

`wizard.questions.flow` has the questions in their order, `wizard.texts.en.questions` their texts.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from wizard.questions.answers import Answers
from wizard.texts.en.questions import QUESTIONS, TITLES


class Ask(StrEnum):
    """How a question is answered."""

    CHOICE = "choice"
    TEXT = "text"
    PATHS = "paths"
    """One or more files or folders; several are separated by spaces, quoted as in a shell."""
    SECRET = "secret"  # noqa: S105 - the kind of a question, not a password
    """A password that opens something."""
    NEW_SECRET = "new-secret"  # noqa: S105 - likewise
    """A password to be set: you type it twice."""


class View(StrEnum):
    """What a step shows besides its questions; the session makes the text."""

    NONE = "none"
    FACTS = "facts"
    VERDICT = "verdict"
    DIAGNOSIS = "diagnosis"
    HISTORY = "history"
    REVIEW = "review"
    CONFIRM = "confirm"
    APPLY = "apply"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer to choose: what is stored, and what is read."""

    value: str
    label: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Attributes:
        key: of the answers file (`primary.host`); for a secret, the key of its source (`primary.password`).
        ask: how it is answered.
        heading: the question itself.
        why: one line about what it is for.
        example: one answer as an example.
        choices: for `Ask.CHOICE`.
        optional: whether an empty answer is one.
        short: what it is about in a few words, for the review.
        otherwise: what an empty answer means, for the review.
    """

    key: str
    ask: Ask
    heading: str
    why: str
    example: str = ""
    choices: tuple[Choice, ...] = ()
    optional: bool = False
    short: str = ""
    otherwise: str = "none"

    @classmethod
    def of(
        cls,
        key: str,
        ask: Ask,
        text: str = "",
        *,
        values: Sequence[str] = (),
        optional: bool = False,
        **facts: str,
    ) -> Self:
        """A question with its texts.

        Args:
            key: of the answers.
            ask: how it is answered.
            text: the id of its texts; "" for *key*.
            values: of the choices, in their order.
            optional: whether an empty answer is one.
            facts: what fills the placeholders of the texts; printable.
        """
        words = QUESTIONS[text or key]
        return cls(
            key,
            ask,
            words.label.format_map(facts),
            words.help.format_map(facts),
            words.example,
            tuple(Choice(value, words.choices[value].label, words.choices[value].detail) for value in values),
            optional,
            words.short.format_map(facts),
            words.empty,
        )

    @property
    def name(self) -> str:
        """What it is about, in a few words."""
        return self.short or self.heading.rstrip("?")

    @property
    def takes_pem(self) -> bool:
        """Whether the content of files can be pasted in place of their names."""
        return self.ask is Ask.PATHS and self.key.rpartition(".")[2] in {"chain", "cloud-authorities"}


class StepId(StrEnum):
    """The permanent names of the steps: in saved answers, and of the help pages."""

    GOAL = "goal"
    PLACE = "place"
    CLOUD = "cloud"
    PRIMARY_FILES = "primary-files"
    PRIMARY_VERDICT = "primary-verdict"
    PRIMARY_STORE = "primary-store"
    PRIMARY_STORE_AGAIN = "primary-store-again"
    PRIMARY_STORE_PASSWORD = "primary-store-password"  # noqa: S105 - a step
    GATEWAY_FILES = "gateway-files"
    GATEWAY_VERDICT = "gateway-verdict"
    GATEWAY_PRIMARY = "gateway-primary"
    GATEWAY_TRUST = "gateway-trust"
    GATEWAY_UNATTENDED = "gateway-unattended"
    GATEWAY_STORES = "gateway-stores"
    GATEWAY_STORE_PASSWORD = "gateway-store-password"  # noqa: S105 - a step
    OTHERS = "others"
    OTHERS_VERDICT = "others-verdict"
    PORTAL = "portal"
    HANDOFF_FIRST = "handoff-first"
    EXAMINE = "examine"
    UNDO = "undo"
    MAINTAIN = "maintain"
    MAINTAIN_PASSWORD = "maintain-password"  # noqa: S105 - a step
    MAINTAIN_ALIAS = "maintain-alias"
    REVIEW = "review"
    CONFIRM = "confirm"
    APPLY = "apply"
    EXAMINE_AGAIN = "examine-again"
    HANDOFF = "handoff"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Step:
    """What is asked or shown in one go.

    Attributes:
        id: a `StepId`; also the name of its help page.
        view: what is shown besides the questions.
        questions: at most four.
        role: whose chain a `View.VERDICT` is about: `primary`, `gateway.0`, `client.1`.
        applies: whether the answers so far lead here.
    """

    id: str
    view: View
    questions: tuple[Question, ...]
    role: str
    applies: Callable[[Answers], bool]

    @property
    def title(self) -> str:
        """A few words for the frame."""
        return TITLES[self.id]
