"""The refusals of reading: one function for each cause, so that every format reports it with the same code."""

from wizard import codes
from wizard.certificates.model import Bundle
from wizard.errors import WizardError
from wizard.findings import Code, Fact
from wizard.printable import printable

KEY_PASSWORD_DIFFERS = (codes.PKCS12_KEY_PASSWORD_DIFFERS.code, codes.JKS_KEY_PASSWORD_DIFFERS.code)
"""The codes for a store that its password opens while its private key has another."""

SIZE_LIMIT = 64 * 1024 * 1024
"""Bytes of one input; ten thousand certificates in PEM are about 15 MiB."""

ROUNDS_LIMIT = 5_000_000
"""Rounds of key derivation for one part of a file: the JDK's own limit. Java writes 10,000, Firefox 600,000."""

FILE_ROUNDS_LIMIT = 10_000_000
"""The same for all parts of one file and all attempts to open them: about ten seconds."""


class ReadingError(WizardError):
    """A file that was recognised but not (wholly) read.

    Attributes:
        partial: what could be read without the missing password; None when nothing could.
        reason: the cause alone, without the name of the file; "" when the message has no more to say.
    """

    def __init__(
        self, spec: Code, *, case: str = "", subject: str = "", partial: Bundle | None = None, **facts: Fact
    ) -> None:
        super().__init__(spec, case=case, subject=subject, **facts)
        self.partial = partial
        self.reason = ""


def _called(name: str) -> str:
    return printable(name, limit=200) if name else "the file"


def called(name: str) -> str:
    """The file's name as a sentence may begin with it."""
    return printable(name, limit=200) if name else "The file"


def password_needed(name: str, part: str = "", partial: Bundle | None = None) -> ReadingError:
    """It, or the *part* of it, is encrypted and no password was given."""
    case = "part" if part else ""
    facts = {"file": called(name), **({"part": part} if part else {})}
    return ReadingError(codes.READING_PASSWORD_NEEDED, case=case, subject=name, partial=partial, **facts)


def password_wrong(name: str, part: str = "", partial: Bundle | None = None) -> ReadingError:
    """The password does not open it, or the *part* of it, and nothing says that the file is damaged."""
    case = "part" if part else ""
    facts = {"file": _called(name), **({"part": part} if part else {})}
    return ReadingError(codes.READING_PASSWORD_WRONG, case=case, subject=name, partial=partial, **facts)


def key_password_differs(name: str, spec: Code, partial: Bundle | None) -> ReadingError:
    """The store opens, its private key does not."""
    return ReadingError(spec, subject=name, partial=partial, file=_called(name))


def damaged(name: str, reason: str, position: int | None = None) -> ReadingError:
    """It is recognisably one of our formats, but broken; *position* counts bytes from 0."""
    file, shown = called(name), printable(reason, limit=300)
    if position is None:
        error = ReadingError(codes.READING_DAMAGED, subject=name, file=file, reason=shown)
    else:
        error = ReadingError(codes.READING_DAMAGED, case="at", subject=name, file=file, reason=shown, position=position)
    error.reason = reason
    return error


def invalid_certificate(name: str, reason: str) -> ReadingError:
    """Its structure is whole, but what it says is no certificate by the rules, or of a kind that is not known here."""
    shown = printable(reason, limit=300)
    return ReadingError(codes.CERTIFICATE_NOT_READABLE, subject=name, file=called(name), reason=shown)


def unsupported(name: str, what: str) -> ReadingError:
    """It uses something that this program cannot read."""
    shown = printable(what, limit=300)
    error = ReadingError(codes.READING_ALGORITHM_UNSUPPORTED, subject=name, file=called(name), algorithm=shown)
    error.reason = f"the wizard cannot read {what}"
    return error


def too_many_rounds(name: str, rounds: int) -> ReadingError:
    """Opening it would take longer than anyone waits; nothing was tried."""
    return ReadingError(
        codes.READING_ITERATIONS,
        subject=name,
        file=called(name),
        rounds=min(rounds, 10**15),
        for_part=ROUNDS_LIMIT,
        for_file=FILE_ROUNDS_LIMIT,
    )


def too_large(name: str, size: int, limit: int = SIZE_LIMIT) -> ReadingError:
    """It is larger than any file of this purpose."""
    return ReadingError(codes.READING_TOO_LARGE, subject=name, file=called(name), size=size, limit=limit)


def too_many(name: str, limit: int) -> ReadingError:
    """It holds more certificates than any file of this purpose."""
    return ReadingError(codes.READING_TOO_LARGE, case="certificates", subject=name, file=called(name), limit=limit)
