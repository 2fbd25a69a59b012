"""Read passwords from where an option or an answer says that they are."""

import os
from pathlib import Path
from typing import Protocol

from wizard import codes
from wizard.errors import WizardError
from wizard.host.files import DEFAULT_STORE_PASSWORD
from wizard.questions.answers import LAST_DESCRIPTOR, PasswordSource, SourceKind
from wizard.secret import Secret

LONGEST = 4096


class SecretGiver(Protocol):
    """Where a user interface gets passwords from that nobody typed: named sources and the answers file."""

    def __call__(self, name: str, *, base: Path, source: PasswordSource) -> Secret | None:
        """The secret called *name*, or None when nothing says where it is."""


def parse_source(text: str) -> PasswordSource:
    """Read `file:PATH`, `env:VAR` or `fd:N`.

    Raises:
        WizardError: the text has none of these forms; it is not echoed, for it may be the password itself.
    """
    kind, separator, name = text.partition(":")
    if separator and name and kind in {"file", "env", "fd"} and (kind != "fd" or _is_descriptor(name)):
        return PasswordSource(SourceKind(kind), name)
    raise WizardError(codes.SECRET_SOURCE_UNUSABLE, case="form")


def resolve(source: PasswordSource, *, base: Path, name: str) -> Secret | None:
    """The password at *source*; None when it must be asked for or made.

    A byte order mark and the final line ends of a file or descriptor are not part of the password.

    Args:
        source: where it comes from.
        base: the folder that relative paths are taken from.
        name: of the secret, for messages.
    """
    if source.kind is SourceKind.FILE:
        return Secret(_text(_read(base / source.name, name), name))
    if source.kind is SourceKind.FD:
        return Secret(_text(_read(int(source.name), name), name))
    if source.kind is SourceKind.ENV:
        value = os.environ.get(source.name)
        if value is None:
            raise WizardError(
                codes.SECRET_SOURCE_UNUSABLE, case="variable", subject=name, variable=source.name, name=name
            )
        return Secret(value)
    if source.kind is SourceKind.DEFAULT:
        return DEFAULT_STORE_PASSWORD
    return None


def _is_descriptor(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= len(str(LAST_DESCRIPTOR)) and int(text) <= LAST_DESCRIPTOR


def _read(place: Path | int, name: str) -> bytes:
    try:
        with open(place, "rb", closefd=True) as stream:  # noqa: PTH123 - a descriptor is no path
            return stream.read(LONGEST + 1)
    except OSError as error:
        where = f"descriptor {place}" if isinstance(place, int) else place
        reason = error.strerror or type(error).__name__
        raise WizardError(codes.SECRET_SOURCE_UNUSABLE, subject=name, source=where, name=name, reason=reason) from error


def _text(data: bytes, name: str) -> str:
    """The password in *data*: one line of text.

    What looks like a mistake is named, because it would otherwise only show as a wrong password.
    """
    if len(data) > LONGEST:
        raise WizardError(codes.SECRET_SOURCE_UNUSABLE, case="too-long", subject=name, name=name, limit=LONGEST)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data:
        raise WizardError(codes.SECRET_SOURCE_UNUSABLE, case="utf-16", subject=name, name=name)
    try:
        # Windows editors put a byte order mark in front, which is no part of the password.
        text = data.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise WizardError(codes.SECRET_SOURCE_UNUSABLE, case="not-utf-8", subject=name, name=name) from None
    if not text:
        raise WizardError(codes.SECRET_SOURCE_UNUSABLE, case="empty", subject=name, name=name)
    if "\n" in text or "\r" in text:
        raise WizardError(codes.SECRET_SOURCE_UNUSABLE, case="lines", subject=name, name=name)
    if text != text.strip():
        raise WizardError(codes.SECRET_SOURCE_UNUSABLE, case="blank", subject=name, name=name)
    return text
