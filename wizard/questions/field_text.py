"""Answers as text in a field, and text from a field as answers."""

import shlex
from enum import StrEnum
from typing import Any

from wizard import codes
from wizard.errors import WizardError
from wizard.findings import Code
from wizard.printable import shell_words
from wizard.questions.answers import (
    ENDPOINTS,
    OCSP_URL,
    PROMPT,
    RESPONDER,
    PasswordSource,
    SourceKind,
    endpoints,
    is_host,
)
from wizard.questions.flow import Ask, Question

_CHOSEN = (SourceKind.GENERATE, SourceKind.KEEP)
"""Sources that are an answer in themselves; every other one is asked for."""


def shown(value: Any) -> str:
    """The text that a field shows for a value of the answers."""
    if isinstance(value, tuple):
        return shlex.join(value)
    if isinstance(value, PasswordSource):
        return value.kind if value.kind in _CHOSEN else SourceKind.PROMPT
    return str(value)


def parsed(question: Question, before: Any, text: str) -> Any:
    """The value that *text* means, of the same kind as *before*.

    Raises:
        WizardError: `answer.missing` or `answer.unusable`.
    """
    text = text.strip()
    if not text and not question.optional and question.ask is not Ask.CHOICE:
        raise needed(question)
    if isinstance(before, tuple):
        return _several(question, text)
    if isinstance(before, PasswordSource):
        if before.kind not in {*_CHOSEN, SourceKind.PROMPT} and text == SourceKind.PROMPT:
            return before
        return PasswordSource(SourceKind(text)) if text in _CHOSEN else PROMPT
    if isinstance(before, int):
        if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
            raise _refused(codes.ANSWER_UNUSABLE, question, "port")
        return int(text)
    if isinstance(before, StrEnum):
        return type(before)(text)
    if question.ask is Ask.PATHS:
        return _one_path(text)
    _require_form(question, text)
    return text


def _require_form(question: Question, text: str) -> None:
    if question.key == ENDPOINTS:
        try:
            endpoints(text, 1)
        except ValueError:
            raise _refused(codes.ANSWER_UNUSABLE, question, "endpoints") from None
    if question.key == OCSP_URL and text and not RESPONDER.fullmatch(text):
        raise _refused(codes.ANSWER_UNUSABLE, question, "url")
    if question.key.endswith(".host") and text and not is_host(text):
        raise _refused(codes.ANSWER_UNUSABLE, question, "host")


def _one_path(text: str) -> str:
    """Quoted as in a shell or as it is: one path has no need of quotes."""
    items = shell_words(text)
    return items[0] if len(items) == 1 else text


def _several(question: Question, text: str) -> tuple[str, ...]:
    try:
        items = tuple(shlex.split(text))
    except ValueError:
        raise _refused(codes.ANSWER_UNUSABLE, question, "quote") from None
    if question.key in {"others.gateways", "others.clients"} and not all(is_host(item) for item in items):
        raise _refused(codes.ANSWER_UNUSABLE, question, "host")
    return items


def needed(question: Question) -> WizardError:
    """The refusal of an empty answer."""
    return _refused(codes.ANSWER_MISSING, question, "required")


def _refused(spec: Code, question: Question, case: str) -> WizardError:
    error = WizardError(spec, case=case, subject=question.key, example=question.example)
    if not question.example:
        error.hint = ""
    return error
