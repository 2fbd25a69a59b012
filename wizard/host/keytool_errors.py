"""What keytool says, mapped to codes. Its texts are no API (these: OpenJDK 11.0.5 to 25), so unknown ones pass."""

import re

from wizard.errors import WizardError
from wizard.findings import FindingSpec
from wizard.host.catalogue import refusal
from wizard.printable import printable

_SOURCE = "OpenJDK keytool, versions 11.0.5 to 25"


class KeytoolError(WizardError):
    """keytool refused. `detail` is its own text, made printable, for the log and the report."""

    def __init__(self, code: str, message: str, hint: str = "", subject: str = "", *, detail: str = "") -> None:
        super().__init__(code, message, hint, subject)
        self.detail = detail


_TABLE: tuple[tuple[str, str, str, str], ...] = (
    (
        "password-not-ascii",
        r"Password is not ASCII",
        "the password has characters that Java does not take for a PKCS12 store",
        "Choose a password of ASCII letters, digits and . _ -",
    ),
    (
        "key-password",
        r"Too many failures|Get Key failed|Enter key password|final block not properly padded",
        "the store opens, but the private key in it has another password",
        "Export the store again with one password for store and key.",
    ),
    (
        "tampered",
        r"tampered with, or password was incorrect",
        "Java refuses the store: the password is not the right one, or the file is damaged",
        "Give the password that the store has; for cacerts it is changeit unless somebody changed it.",
    ),
    (
        "password-wrong",
        r"[Kk]eystore password was incorrect",
        "Java says that the password does not open the store",
        "Check the password. A Java older than 8u301 or 11.0.12 says the same about modern encryption.",
    ),
    (
        "password-short",
        r"password must be at least 6 characters|password is too short",
        "the password has fewer than the 6 characters that keytool demands",
        "Choose a password of 6 or more characters.",
    ),
    (
        "alias-exists",
        r"already exists",
        "the trust store already has an entry of this name",
        "Use another alias, or remove the old entry first.",
    ),
    (
        "alias-missing",
        r"Alias <.*> does not exist",
        "the store has no entry of this name",
        "List the store to see its entries.",
    ),
    ("store-missing", r"Keystore file does not exist", "the store is not there", "Check the path."),
    ("store-empty", r"exists, but is empty", "the store is an empty file", "Copy the file again; look at its size."),
    (
        "store-cut",
        r"EOFException|Short read of DER|[Ii]nsufficient data|Too short|extra data at the end",
        "the store ends too early or holds surplus bytes",
        "Copy the file again in binary mode and compare size and hash.",
    ),
    (
        "store-format",
        r"(Unrecognized|Invalid) keystore format|rejects tag type|DerInputStream|DerValue|Sequence tag error",
        "Java does not recognise the file as a key store",
        "Give a PKCS12 file (.pfx, .p12).",
    ),
    (
        "not-a-certificate",
        r"Input not an X\.509 certificate|Failed to parse input|CertificateException|Unable to initialize",
        "keytool does not read the given bytes as an X.509 certificate",
        "Give one certificate in DER or PEM form.",
    ),
    ("no-space", r"No space left on device|Disk quota exceeded", "there is no room to write the store", "Free space."),
    (
        "permission",
        r"Permission denied|Read-only file system|AccessDeniedException",
        "keytool may not read or write the store",
        "Run the wizard as root.",
    ),
    (
        "no-memory",
        r"insufficient memory|Could not reserve enough space|unable to create native thread|OutOfMemoryError",
        "the machine has not enough free memory to start Java",
        "Free memory, or raise the limit of this session, then try again.",
    ),
    (
        "algorithm",
        r"NoSuchAlgorithmException|Algorithm .* not available|unrecognized algorithm|not supported",
        "this Java does not know an algorithm that the store or the key uses",
        "Export the store with another encryption, or use an RSA key.",
    ),
    (
        "damaged-java",
        r"error while loading shared libraries|could not (find|open)|Error occurred during init|cannot execute",
        "the product's Java does not start",
        "Repair or reinstall the product's JRE.",
    ),
)

REFUSALS: tuple[FindingSpec, ...] = (
    *(
        refusal(
            f"keytool.{name}",
            message[0].upper() + message[1:],
            message,
            "The service uses the same Java, so it would meet the same.",
            hint,
            source=_SOURCE,
        )
        for name, _, message, hint in _TABLE
    ),
    refusal(
        "keytool.no-key",
        "No private key for Java",
        "the store opens, but Java sees no private key in it",
        "A server without a private key cannot prove who it is.",
        "Export certificate and private key together as PKCS12.",
        source=_SOURCE,
    ),
    refusal(
        "keytool.certificate-unreadable",
        "Java cannot read a certificate",
        "the store holds a certificate that Java cannot parse; keytool then says that the password is wrong",
        "A server with this store starts with its built-in certificate.",
        "Ask for a new certificate; for an EC key with a named curve.",
        source=_SOURCE,
    ),
    refusal(
        "keytool.key-differs",
        "The key is of another kind than its certificate",
        "the private key in the store is of another kind than the public key in its certificate",
        "Java finds no way to sign in a handshake, though the store opens.",
        "Ask for a certificate with a plain RSA or P-256 key.",
        source=_SOURCE,
    ),
    refusal(
        "keytool.failed",
        "keytool refused",
        "keytool ended with a text that the wizard does not know",
        "The service uses the same Java, so it would meet the same.",
        "Read its text; it stands in the message.",
        source=_SOURCE,
    ),
)


def unread_certificate(output: str) -> str:
    """Why Java could not parse a certificate, from the causes that `-v` prints; "" when that was not the reason."""
    causes: list[str] = re.findall(r"^Caused by: (.*)$", output, re.MULTILINE)
    if not any("CertificateParsingException" in cause for cause in causes):
        return ""
    return printable(re.sub(r"^([\w ]*: )?(java\.[\w.]+: )+", "", causes[-1]), limit=200)


def explained(output: str, subject: str) -> KeytoolError:
    """The refusal that stands for what keytool printed.

    Args:
        output: its standard output and error, as they came.
        subject: the store, as the operator knows it.
    """
    text = printable(" ".join(output.split()), limit=400)
    unread = unread_certificate(output)
    if unread:
        return KeytoolError(
            "keytool.certificate-unreadable",
            f"{subject}: Java cannot read a certificate in it: {unread}",
            "Ask for a new certificate; for an EC key with a named curve.",
            subject,
            detail=unread,
        )
    line = next((part for part in output.splitlines() if "keytool error" in part), text)
    said = printable(re.sub(r".*keytool error: (java\.[\w.]+: )?", "", line).strip() or "nothing", limit=200)
    for name, pattern, message, hint in _TABLE:
        if re.search(pattern, line):
            return KeytoolError(f"keytool.{name}", f"{subject}: {message}", hint, subject, detail=text)
    return KeytoolError(
        "keytool.failed",
        f"{subject}: keytool says: {said}",
        "Read its text; the debug log has all of it.",
        subject,
        detail=text,
    )
