"""Plain English in docstrings, comments, strings and documents: words that made readers stop are refused."""

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]

FINISHED = (
    "wizard/texts",
    "wizard/errors.py",
    "wizard/findings.py",
    "wizard/codes.py",
    "wizard/change",
    "wizard/planning",
    "wizard/host",
    "wizard/configs",
    "wizard/certificates",
    "wizard/probing",
    "wizard/doctor",
    "wizard/sandbox",
    "wizard/handoff",
    "wizard/reports",
    "wizard/questions",
    "wizard/session",
    "wizard/cli",
    "screens",
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "SECURITY.md",
)
"""Folders and documents whose texts are clean; add a folder when its texts have been rewritten."""

DOCUMENTS = frozenset({".md", ".sh", ".yml", ".ps1", ".tcss", ".toml", ".txt", ".conf", ".service"})

WORDS = re.compile(
    r"\b(faces?|houses?|rooms?|mend(s|ed|ing)?|way back|put(s|ting)?( +\S+){0,3} back|told|looked at|stands?(?!-in)"
    r"|dial(s|l?ed|l?ing)?|worn|said)\b",
    re.IGNORECASE,
)

NAMED = re.compile(r"\{[^{}\s]*\}|`[^`]*`|\*\w+\*|^\s+\w+:(?= )")
"""Placeholders, code, arguments and the names in a list of arguments."""
IDENTIFIER = re.compile(r"[rbf]*(['\"]+)[\w.-]*\1", re.IGNORECASE)
"""A string that is only a key, a code or a word to look for."""
GLOSSARY_NOT = re.compile(r"^(\|[^|]*\|[^|]*\|)[^|]*\|$")
"""The third column of the glossary names words to avoid."""

TEXT_TOKENS = frozenset(
    {tokenize.COMMENT, tokenize.STRING} | ({tokenize.FSTRING_MIDDLE} if hasattr(tokenize, "FSTRING_MIDDLE") else set())
)


def test_unclear_words_are_not_used_in_texts() -> None:
    unclear = [
        f"{path.relative_to(REPOSITORY)}:{line}: {match[0]!r} in {text.strip()}"
        for path in _files()
        for line, text in (_python_texts(path) if path.suffix == ".py" else _lines(path))
        for match in WORDS.finditer(text)
    ]
    assert not unclear, "\n".join(["write these in plain English:", *unclear])


def _files() -> Iterator[Path]:
    for name in FINISHED:
        place = REPOSITORY / name
        assert place.exists(), f"{name} does not exist any more"
        found = sorted(place.rglob("*")) if place.is_dir() else [place]
        yield from (path for path in found if path.suffix == ".py" or path.suffix in DOCUMENTS)


def _python_texts(path: Path) -> Iterator[tuple[int, str]]:
    """Each line of the comments and strings, without identifiers."""
    for token in tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline):
        if token.type not in TEXT_TOKENS or IDENTIFIER.fullmatch(token.string):
            continue
        for offset, text in enumerate(token.string.splitlines()):
            yield token.start[0] + offset, NAMED.sub("", text)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        yield number, GLOSSARY_NOT.sub(r"\1", text)
