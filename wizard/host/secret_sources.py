"""Where a password comes from: a file, a variable or a descriptor that the operator named."""

import os
from pathlib import Path
from typing import Protocol

from wizard.errors import WizardError
from wizard.findings import FindingSpec, Severity
from wizard.printable import printable
from wizard.questions.answers import PasswordSource, SourceKind
from wizard.secret import Secret

DEFAULT_STORE_PASSWORD = Secret("changeit")
"""The password of cacerts as the JRE ships it (manual, JDK keytool document)."""

LONGEST = 4096

REFUSALS = (
    FindingSpec(
        "secret.missing",
        Severity.BLOCKER,
        "a password is needed",
        "A password is needed, and nothing says where it comes from.",
        "Without it the files cannot be opened or written.",
        "Give --secret NAME=file:PATH, or name a source in the answers file.",
        "interface of the wizard",
    ),
    FindingSpec(
        "secret.source-unusable",
        Severity.BLOCKER,
        "a password source cannot be read",
        "The file, variable or descriptor that should hold a password cannot be read.",
        "The wizard has no password to go on with.",
        "Check the name and the rights, or name another source.",
        "interface of the wizard",
    ),
)


class SecretGiver(Protocol):
    """Where a face gets passwords from that nobody typed: named sources and the answers file."""

    def __call__(self, name: str, *, base: Path, source: PasswordSource) -> Secret | None:
        """The secret called *name*, or None when nothing says where it is."""


def parse_source(text: str) -> PasswordSource:
    """Read `file:PATH`, `env:VAR` or `fd:N`.

    Raises:
        WizardError: the text has none of these forms; it is not echoed, for it may be the password itself.
    """
    kind, separator, name = text.partition(":")
    if separator and name and kind in {"file", "env", "fd"} and (kind != "fd" or name.isdigit()):
        return PasswordSource(SourceKind(kind), name)
    raise WizardError(
        "secret.source-unusable",
        "A password source has none of the forms that are understood.",
        "Write NAME=file:PATH, NAME=env:VARIABLE or NAME=fd:NUMBER.\nA password never stands on the command line.",
    )


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
                "secret.source-unusable",
                f"The variable {printable(source.name)}, which should hold {name}, is not set.",
                "Set and export it, or name another source.",
                name,
            )
        return Secret(value)
    if source.kind is SourceKind.DEFAULT:
        return DEFAULT_STORE_PASSWORD
    return None


def _read(place: Path | int, name: str) -> bytes:
    try:
        with open(place, "rb", closefd=True) as stream:  # noqa: PTH123 - a descriptor is no path
            return stream.read(LONGEST + 1)
    except OSError as error:
        where = f"descriptor {place}" if isinstance(place, int) else printable(str(place))
        raise WizardError(
            "secret.source-unusable",
            f"{where}, which should hold {name}, cannot be read: {error.strerror}.",
            "Check the name and the rights, or name another source.",
            name,
        ) from error


def _text(data: bytes, name: str) -> str:
    """The password in *data*: one line of text.

    What looks like a mistake is named, because it would otherwise only show as a wrong password.
    """
    if len(data) > LONGEST:
        raise _unusable(
            name,
            f"holds more than {LONGEST} bytes; that is no password",
            "Name the file that holds the password alone.",
        )
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data:
        raise _unusable(name, "is UTF-16 text or binary", "Save the password as plain UTF-8 text.")
    try:
        # Windows editors put a byte order mark in front, which is no part of the password.
        text = data.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise _unusable(name, "is not UTF-8 text", "Save the password as plain UTF-8 text.") from None
    if not text:
        raise _unusable(name, "is empty", "Write the password into it; an empty one is given by env:VARIABLE.")
    if "\n" in text or "\r" in text:
        raise _unusable(name, "holds more than one line", "Write the password alone into it, on one line.")
    if text != text.strip():
        hint = "Remove the blank; if it belongs to the password, give the password by env:VARIABLE."
        raise _unusable(name, "has a blank or tab at the beginning or end", hint)
    return text


def _unusable(name: str, what: str, hint: str) -> WizardError:
    return WizardError("secret.source-unusable", f"The source of {name} {what}.", hint, name)
