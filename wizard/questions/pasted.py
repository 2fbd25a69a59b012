"""PEM text that was pasted instead of a file: kept only in memory, named in the answers by its content."""

import re
import shlex
from collections.abc import Collection, Mapping

from wizard import codes
from wizard.errors import WizardError
from wizard.secret import Secret

MARK = "pasted: "
"""How the word in the answers begins that is there in place of the name of a file."""
BEGINS, ENDS = "-----BEGIN ", "-----END "
LARGEST = 256 * 1024
"""The longest text in characters; a chain with its key has about ten thousand."""
NONE: Mapping[str, Secret] = {}

_BEGIN = re.compile(r"-----BEGIN ([A-Z0-9 #]{1,40})-----")
_END = re.compile(r"-----END ([A-Z0-9 #]{1,40})-----")


def is_pasted(word: str) -> bool:
    """Whether *word* of the answers means a pasted text and not a file."""
    return word.startswith(MARK)


def pasted_word(text: str) -> str:
    """The word in *text*, paths as they are typed, that means a pasted text; "" when there is none."""
    try:
        return next((word for word in shlex.split(text) if is_pasted(word)), "")
    except ValueError:
        return ""


def content(text: str) -> str:
    """What *text* holds, in words: `3 certificates, 1 key`.

    Raises:
        WizardError: `pasted.too-large`, `pasted.no-block`, or `pasted.incomplete`.
    """
    if len(text) > LARGEST:
        raise WizardError(codes.PASTED_TOO_LARGE, limit=LARGEST // 1024)
    begun = _BEGIN.findall(text)
    if not begun:
        raise WizardError(codes.PASTED_NO_BLOCK)
    if begun != _END.findall(text):
        raise WizardError(codes.PASTED_INCOMPLETE)
    keys = sum(label.endswith("PRIVATE KEY") for label in begun)
    certificates = sum(label.endswith("CERTIFICATE") for label in begun)
    return ", ".join(
        f"{number} {kind}{'' if number == 1 else 's'}"
        for number, kind in (
            (certificates, "certificate"),
            (keys, "key"),
            (len(begun) - keys - certificates, "other block"),
        )
        if number
    )


def word_for(text: str, taken: Collection[str]) -> str:
    """The word that names *text* in the answers, another one than those *taken*.

    Raises:
        WizardError: as `content`.
    """
    word = f"{MARK}{content(text)}"
    numbered = (f"{word} ({number})" for number in range(2, len(taken) + 3))
    return next(each for each in (word, *numbered) if each not in taken)


def text_of(word: str, pasted: Mapping[str, Secret]) -> bytes:
    """The text that *word* names.

    Raises:
        WizardError: `pasted.not-kept`.
    """
    if word not in pasted:
        raise WizardError(codes.PASTED_NOT_KEPT, subject=word)
    return pasted[word].reveal().encode("utf-8", "surrogatepass")
