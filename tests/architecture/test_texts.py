"""Every text that an operator reads has short sentences; and the printed list of texts is complete."""

import re
from collections.abc import Iterator

import pytest

from tests.support.texts import every_text
from wizard.texts.en.catalogue import TEXTS
from wizard.texts.en.questions import QUESTIONS, TITLES

MOST_WORDS = 25
NOT_SENTENCES = re.compile(r"--help$|\.(yml|sh|ps1)$")
"""Help is made of strings that are in the list on their own; scripts are code with comments."""
END = re.compile(r"(?<=[.?!])[)\"']?\s+|:\s*\n|\n\s*\n|\n(?=\s*(?:[-*|#]|\d+\.) )|\n(?=\d+ )|\s{2,}")
"""Where a sentence, a point of a list or a row of a table ends."""
PATTERN = re.compile(r"\w\|[\w(\\]|\\\w")
"""A regular expression, not a sentence."""
WORD = re.compile(r"[A-Za-z0-9{]")


def _sentences(text: str) -> Iterator[str]:
    return (" ".join(sentence.split()) for sentence in END.split(text) if sentence)


@pytest.fixture(scope="module")
def texts() -> list[tuple[str, str]]:
    return list(every_text())


def test_no_sentence_is_longer_than_25_words(texts: list[tuple[str, str]]) -> None:
    long = [
        f"{name}: {sentence}"
        for name, text in texts
        if not NOT_SENTENCES.search(name) and not PATTERN.search(text)
        for sentence in _sentences(text)
        if sum(bool(WORD.search(word)) for word in sentence.split()) > MOST_WORDS
    ]
    assert not long, "\n".join(["shorten these:", *long])


def test_the_list_has_every_text(texts: list[tuple[str, str]]) -> None:
    names = [name for name, _ in texts]
    assert {f"{code} fix" for code in TEXTS} <= set(names)
    assert {f"question {name} label" for name in QUESTIONS} <= set(names)
    assert {f"step {name} title" for name in TITLES} <= set(names)
    kinds = (
        "help primary-files",
        "guide undo",
        "answers primary.port",
        "doctor --help",
        "template verify.sh",
        "wizard/reports/",
        "screens/start.py:",
    )
    assert [kind for kind in kinds if not any(name.startswith(kind) for name in names)] == []
