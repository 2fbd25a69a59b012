"""The pages of the help: one for each step, in sections, one for each question; and the search in all of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from wizard.package_data import read_text
from wizard.questions.flow import PHASE_STEPS, Question, every_step

KEYS = """
## Keys

* **Enter** continues; in a list it chooses the marked line
* **Esc** goes one step back, **Tab** to the next part of the page
* **Up**, **Down** move in a list; **Page Up**, **Page Down** scroll
* **F4** shows a password, **F5** checks again, **F3** draws the screen again
* **F10** leaves after a question; you can keep your answers

To copy text, mark it with the mouse as always: the wizard leaves the mouse to your terminal.
"""
_KEY = re.compile(r"\*\*(F\d+|Tab|Down|Up|Esc|Enter|Space|Page \w+|[a-z])\*\*")
"""A key of the full screen."""
BEFORE_THE_STEPS = ("resume", "recover")
"""Pages of what comes before the steps."""


@dataclass(frozen=True, slots=True)
class Part:
    """A section of a page: the page's name and title, which section it is (from 0), its heading and its plain words."""

    page: str
    title: str
    place: int
    heading: str
    words: str


def page_text(name: str, question: tuple[int, int] = (0, 1)) -> str:
    """The page *name* in Markdown, the section for *question* (which of how many) before the others, and the keys.

    Sections are in the order of the questions; the introduction speaks of the first questions when there are fewer.
    """
    return "\n\n".join([*_in_order(name, question), KEYS.strip()])


def question_place(name: str, asked: Sequence[Question], question: Question | None) -> tuple[int, int]:
    """Which of the questions *asked* the page *name* begins with, and of how many, for `page_text`.

    The phase of a change of the root is the third and last section of its pages, also when it is not asked.
    """
    if question is not None and question.key == "phase":
        return 2, 3
    others = [each for each in asked if each.key != "phase"]
    return others.index(question) if question is not None else 0, max(1, len(others) + (name in PHASE_STEPS))


def plain_text(name: str, question: tuple[int, int] = (0, 1)) -> list[str]:
    """The same for the line mode: a line for each paragraph, without marks and without sentences about keys."""
    lines = []
    for paragraph in "\n\n".join(_in_order(name, question)).split("\n\n"):
        whole = re.sub(r"\n(?!\* ) *", " ", paragraph.strip())
        first, *others = re.split(r"(?<=[.!?]) +", whole)
        if _KEY.search(first):
            continue  # the sentences behind it are about that key, too
        kept = " ".join([first, *(each for each in others if not _KEY.search(each))])
        text = re.sub(r"\*\*([^*]+)\*\*|^#+ ", r"\1", kept)
        lines += [*text.splitlines(), ""]
    return lines[:-1]


def _in_order(name: str, question: tuple[int, int]) -> list[str]:
    title, sections = _sections(name)
    place = question[0] - max(0, question[1] - len(sections))
    if 0 < place < len(sections):
        sections.insert(0, sections.pop(place))
    return [part.strip() for part in (title, *sections)]


def search(text: str) -> list[Part]:
    """The sections of all pages with every word of *text*, in any case; those with one in a heading come first."""
    wanted = text.lower().split()
    if not wanted:
        return []
    found = [part for part in _parts() if all(word in part.words for word in wanted)]
    return sorted(found, key=lambda part: not any(word in f"{part.title} {part.heading}".lower() for word in wanted))


@lru_cache(maxsize=1)
def _parts() -> tuple[Part, ...]:
    found: list[Part] = []
    for name in dict.fromkeys((*(step.id for step in every_step()), *BEFORE_THE_STEPS)):
        head, sections = _sections(name)
        title, _, introduction = head.strip().partition("\n")
        parts = [("", introduction), *(section.strip().partition("\n")[::2] for section in sections)]
        for at, (heading, body) in enumerate(parts):
            words = " ".join(re.sub(r"[*#`]", "", f"{title} {heading} {body}").lower().split())
            found.append(Part(name, title.lstrip("# "), max(0, at - 1), heading.lstrip("# "), words))
    return tuple(found)


def _sections(name: str) -> tuple[str, list[str]]:
    try:
        text = read_text("screens", f"help/{name}.md")
    except FileNotFoundError:
        text = "There is no page for this step.\n"
    title, *sections = re.split(r"(?m)^(?=## )", text.partition("# Keys")[0])
    return title, sections
