"""The refusals of reading: one maker per cause, so that every format says the same thing with the same code."""

from wizard.certificates.model import Bundle
from wizard.errors import WizardError
from wizard.findings import FindingSpec, Severity
from wizard.printable import printable

KEY_PASSWORD_DIFFERS = ("pkcs12.key-password-differs", "jks.key-password-differs")
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
        self, code: str, message: str, hint: str = "", subject: str = "", *, partial: Bundle | None = None
    ) -> None:
        super().__init__(code, message, hint, subject)
        self.partial = partial
        self.reason = ""


def _called(name: str) -> str:
    return printable(name, limit=200) if name else "the file"


def called(name: str) -> str:
    """The file's name as a sentence may begin with it."""
    return printable(name, limit=200) if name else "The file"


def password_needed(name: str, what: str = "", partial: Bundle | None = None) -> ReadingError:
    """It is encrypted and no password was given."""
    return ReadingError(
        "reading.password-needed",
        f"{called(name)} is protected by a password{f' ({what})' if what else ''}, and none was given.",
        "Give the password that came with the file.",
        name,
        partial=partial,
    )


def password_wrong(name: str, what: str = "", partial: Bundle | None = None) -> ReadingError:
    """The password does not open it, and nothing says that the file is damaged."""
    return ReadingError(
        "reading.password-wrong",
        f"The password does not open {_called(name)}{f' ({what})' if what else ''}. The file itself is not damaged.",
        "Type it again (case, keyboard layout, a space at the end), or ask the PKI team which password belongs to it.",
        name,
        partial=partial,
    )


def key_password_differs(name: str, code: str, partial: Bundle | None) -> ReadingError:
    """The store opens, its private key does not."""
    return ReadingError(
        code,
        f"The password opens {_called(name)}, but its private key has another password.",
        "Give the key's password too: type it now in the same field, or name it by --secret key-password=file:PATH\n"
        "(primary.key-password in a plan). The wizard writes a new file with one password for both, as Java needs it.",
        name,
        partial=partial,
    )


def damaged(name: str, reason: str, position: int | None = None) -> ReadingError:
    """It is recognisably one of our formats, but broken; *position* counts bytes from 0."""
    where = "" if position is None else f" at byte {position}"
    error = ReadingError(
        "reading.damaged",
        f"{called(name)} is damaged{where}: {printable(reason, limit=300)}.",
        "Copy it again in binary mode and compare its size and checksum with the original, or export it again.",
        name,
    )
    error.reason = reason
    return error


def invalid_certificate(name: str, reason: str) -> ReadingError:
    """Its structure is whole, but what it says is no certificate by the rules, or of a kind that is not known here."""
    return ReadingError(
        "certificate.not-readable",
        f"{called(name)} cannot be used: {printable(reason, limit=300)}.",
        "Ask the PKI team for a certificate by RFC 5280 (X.509 version 3).",
        name,
    )


def unsupported(name: str, what: str) -> ReadingError:
    """It uses something that this program cannot read."""
    error = ReadingError(
        "reading.algorithm-unsupported",
        f"{called(name)} uses {printable(what, limit=300)}, which the wizard cannot read.",
        "Export it again with AES-256 and SHA-256.",
        name,
    )
    error.reason = f"the wizard cannot read {what}"
    return error


def too_many_rounds(name: str, rounds: int) -> ReadingError:
    """Opening it would take longer than anyone waits; nothing was tried."""
    shown = f"{min(rounds, 10**15):,}"
    return ReadingError(
        "reading.iterations",
        f"{called(name)} asks for {shown} rounds of key derivation; the limit is {ROUNDS_LIMIT:,} for one part "
        f"and {FILE_ROUNDS_LIMIT:,} for a file.",
        "Export it again with the defaults of Java (10,000 rounds) or OpenSSL (2,048 rounds).",
        name,
    )


def too_large(name: str, size: int, limit: int = SIZE_LIMIT) -> ReadingError:
    """It is larger than any file of this purpose."""
    return ReadingError(
        "reading.too-large",
        f"{called(name)} has {size:,} bytes; files up to {limit:,} bytes are read.",
        "Choose the certificate file itself, not an archive or an image that holds it.",
        name,
    )


def too_many(name: str, limit: int) -> ReadingError:
    """It holds more certificates than any file of this purpose."""
    return ReadingError(
        "reading.too-large",
        f"{called(name)} holds more than {limit:,} certificates; no more are read from one file.",
        "Choose the file with the certificates of this server, not a collection of everything.",
        name,
    )


def _blocker(code: str, *text: str) -> FindingSpec:
    title, message, why, fix, source = text
    return FindingSpec(code, Severity.BLOCKER, title, message, why, fix, source)


REFUSALS: tuple[FindingSpec, ...] = (
    _blocker(
        "reading.password-needed",
        "The file needs a password",
        "The file is protected by a password, and none was given.",
        "Its private key, or all of it, is encrypted.",
        "Give the password that came with the file.",
        "RFC 7292, RFC 5958",
    ),
    _blocker(
        "reading.password-wrong",
        "The password does not open the file",
        "The structure of the file is whole, but its integrity check or its encryption does not accept the password.",
        "Without the right password neither the wizard nor the server can use the private key.",
        "Type it again, watching case and keyboard layout, or ask the PKI team which password belongs to the file.",
        "RFC 7292, section 4 and appendix B",
    ),
    _blocker(
        "reading.damaged",
        "The file is damaged",
        "The file begins like a certificate or key file, but its structure breaks off or contradicts itself.",
        "It was cut, sent as text instead of binary, or changed after it was written.",
        "Copy it again in binary mode and compare size and checksum, or export it again.",
        "ITU-T X.690, RFC 7468",
    ),
    _blocker(
        "certificate.not-readable",
        "The certificate breaks the rules of its format",
        "The structure of the certificate is whole, but its version, its key or one of its fields is not allowed.",
        "Whoever cannot read a certificate cannot trust it; Java and OpenSSL differ in what they tolerate.",
        "Ask the PKI team for a certificate by RFC 5280 (X.509 version 3).",
        "RFC 5280, section 4.1",
    ),
    _blocker(
        "reading.algorithm-unsupported",
        "The file uses an unknown algorithm",
        "The file uses an encryption, integrity check or kind of key that the wizard cannot read.",
        "What cannot be read cannot be checked.",
        "Export it again with AES-256 and SHA-256.",
        "RFC 8018, RFC 7292",
    ),
    _blocker(
        "reading.iterations",
        "The file asks for absurdly many rounds",
        f"Opening the file would take more than {ROUNDS_LIMIT:,} rounds of key derivation for one part or more than "
        f"{FILE_ROUNDS_LIMIT:,} in all; it was not tried.",
        "Such a file would hold up the wizard, and the server at each start.",
        "Export it again with the defaults of Java (10,000 rounds) or OpenSSL (2,048 rounds).",
        "RFC 8018, section 4.2",
    ),
    _blocker(
        "reading.too-large",
        "The file is too large",
        f"The file has more than {SIZE_LIMIT:,} bytes, or more than 100,000 certificates.",
        "No certificate file of this purpose is so large; reading it would only use up memory.",
        "Choose the certificate file itself, not an archive or an image.",
        "design of this program",
    ),
    _blocker(
        "reading.no-certificate",
        "There is no certificate in the file",
        "The file was read, but no certificate is in it.",
        "A chain is made of certificates.",
        "Choose the file that the PKI team sent as certificate: .pfx, .p12, .cer, .crt, .pem or .p7b.",
        "RFC 5280",
    ),
    _blocker(
        "reading.request",
        "The file is a request, not a certificate",
        "The file holds a certificate request (CSR); the CA's answer to it is a certificate.",
        "A request proves nothing to anybody until a CA signs it.",
        "Send the request to the PKI team and use the certificate that comes back.",
        "RFC 2986",
    ),
    _blocker(
        "reading.key-only",
        "The file holds only a private key",
        "The file holds a private key and no certificate.",
        "A key alone identifies nobody.",
        "Choose the certificate that belongs to the key as well.",
        "RFC 5958",
    ),
    _blocker(
        "pkcs12.key-password-differs",
        "The key's password differs from the store's",
        "The password opens the PKCS12 file, but not the private key in it.",
        "Java uses one password for both: the store lists well, and then the key cannot be used.",
        "Give the key's password too; the wizard writes a new file with one password for both.",
        "RFC 7292; JDK KeyManagerFactory",
    ),
    _blocker(
        "jks.key-password-differs",
        "The key's password differs from the store's",
        "The password opens the JKS file, but not the private key in it.",
        "The server is given one password and uses it for both.",
        "Give the key's password too; the wizard writes a new PKCS12 file with one password for both.",
        "JDK keytool documentation, -keypass",
    ),
    _blocker(
        "file.not-readable",
        "The file cannot be read",
        "The file exists, but this account may not read it.",
        "What cannot be read cannot be checked.",
        "Run the wizard as an account that may read it, or copy the file to where it can be read.",
        "POSIX open(2)",
    ),
)
