"""Check whether a password suits everything that will read it, and generate one that does."""

import re
import secrets
from enum import StrEnum

from wizard import codes
from wizard.errors import WizardError
from wizard.findings import Finding, Locator, Severity
from wizard.secret import Secret


class Consumer(StrEnum):
    """Who reads a password, in the words of a message."""

    JDK_PKCS12 = "Java"
    """keytool and a Java server opening a PKCS12 store."""
    HOCON = "application.conf"
    """application.conf, written in double quotes."""
    SHELL = "a shell"
    """An unattended file that a shell sources: `NAME="value"`."""
    PLAIN = "the unattended file"
    """The same file read by a parser that takes the text between the quotes literally."""
    OPENSSL = "OpenSSL"
    """The openssl command of versions before 1.1.0 and its prompts."""
    WINDOWS = "Windows"
    """The certificate import of Windows, typed on any keyboard."""


SHORTEST_JDK = 6
LONGEST_OPENSSL = 50
LONGEST_WINDOWS = 128
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
"""Letters and digits that no reader, keyboard layout or file format changes, without those that look alike."""
LENGTH = 24
"""Of a generated one: it fits every consumer."""

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_HALF = re.compile("[\ud800-\udfff]")
_SHELL = {"$": "$", "`": "a backtick", '"': "a double quote", "'": "a single quote", "\\": "a backslash"}
_KNOWN = frozenset({
    "000000", "111111", "123123", "123456", "1234567", "12345678", "123456789", "1234567890",
    "654321", "abc123", "admin", "admin123", "administrator", "changeit", "changeme", "changeme123",
    "cloudstream", "default", "everyoneprint", "hcp", "hcpserver", "iloveyou", "keystore", "letmein",
    "password", "password1", "password123", "passw0rd", "p@ssw0rd", "qwerty", "qwerty123", "ricoh",
    "ricoh123", "root", "safeq", "safeqcloud", "secret", "server", "test", "test123",
    "test1234", "topsecret", "truststore", "welcome", "welcome1", "ysoft", "changeit1", "changeit123",
    "notasecret", "storepass", "keypass", "acme-ca-pfx-password", "gateway-pfx-password", "jks", "tomcat", "weblogic",
    "wildfly",
})  # fmt: skip


def unfit(password: Secret) -> dict[Consumer, str]:
    """The consumers that cannot read *password* as it is, each with the reason."""
    text = password.reveal()
    checks = {
        Consumer.JDK_PKCS12: _jdk,
        Consumer.HOCON: _hocon,
        Consumer.SHELL: _shell,
        Consumer.PLAIN: _plain,
        Consumer.OPENSSL: _openssl,
        Consumer.WINDOWS: _windows,
    }
    return {consumer: reason for consumer, check in checks.items() if (reason := check(text))}


def known(password: Secret) -> bool:
    """Whether the password is one of the well-known ones, whatever its letter case."""
    return password.reveal().strip().lower() in _KNOWN


def examine(password: Secret, name: str, consumers: tuple[Consumer, ...] = tuple(Consumer)) -> list[Finding]:
    """What is wrong with a password for those who will read it; *name* says whose it is and is shown."""
    subject = Locator("setting")
    found = [
        Finding(codes.PASSWORD_UNFIT, subject, {"name": name, "consumer": consumer.value, "reason": reason})
        for consumer, reason in unfit(password).items()
        if consumer in consumers
    ]
    if known(password):
        found.append(Finding(codes.PASSWORD_KNOWN, subject, {"name": name}))
    return found


def generate() -> Secret:
    """A password that fits every consumer: letters and digits, about 5.8 bits each."""
    return Secret("".join(secrets.choice(ALPHABET) for _ in range(LENGTH)))


def _jdk(text: str) -> str:
    if len(text) < SHORTEST_JDK:
        return f"it has fewer than {SHORTEST_JDK} characters"
    if not text.isascii():
        return "it has characters outside ASCII"
    return "it has control characters" if _CONTROL.search(text) else ""


def _hocon(text: str) -> str:
    # Everything else is written as an escape inside double quotes; NUL survives that, but no Java password field.
    if _HALF.search(text):
        return "it has half of a surrogate pair"
    return "it has a NUL character" if "\0" in text else "it is empty" if not text else ""


def _shell(text: str) -> str:
    if not text:
        return "it is empty"
    sign = next((sign for sign in text if sign in _SHELL), "")
    if sign:
        return f"it has {_SHELL[sign]}, which a shell changes inside quotes"
    if _CONTROL.search(text) or _HALF.search(text):
        return "it has control characters"
    return "it has characters outside ASCII, which depend on the locale" if not text.isascii() else ""


def _plain(text: str) -> str:
    if not text:
        return "it is empty"
    if any(sign in text for sign in "\"'\\"):
        return "it has a quote or a backslash, which parsers read in different ways"
    if text != text.strip():
        return "it begins or ends with a space, which parsers may strip"
    if "#" in text or ";" in text:
        return "it has a # or ;, where some parsers begin a comment"
    if _CONTROL.search(text) or _HALF.search(text):
        return "it has control characters"
    return "it has characters outside ASCII, which depend on the encoding" if not text.isascii() else ""


def _openssl(text: str) -> str:
    if len(text.encode("utf-8", "surrogatepass")) > LONGEST_OPENSSL:
        return f"it is longer than {LONGEST_OPENSSL} bytes"
    if len(text) < 4:
        return "it has fewer than 4 characters, which its prompt rejects"
    if not text.isascii():
        return "it has characters outside ASCII, which old versions encode differently"
    return "it has control characters" if _CONTROL.search(text) else ""


def _windows(text: str) -> str:
    if not text:
        return "it is empty"
    if len(text) > LONGEST_WINDOWS:
        return f"it is longer than {LONGEST_WINDOWS} characters"
    if _CONTROL.search(text) or _HALF.search(text):
        return "it has control characters"
    if text != text.strip():
        return "it begins or ends with a space, which is lost when it is pasted"
    return "it has characters outside ASCII, which depend on the keyboard and code page" if not text.isascii() else ""


PRIMARY = (Consumer.JDK_PKCS12, Consumer.HOCON)
"""Who reads the password of the primary's key store."""

GATEWAY = (Consumer.JDK_PKCS12, Consumer.SHELL, Consumer.PLAIN)
"""Who reads the passwords of a gateway's stores: its Java, and whatever reads the unattended file."""

CLIENT = (Consumer.WINDOWS,)
"""Who reads the password of a client's PFX: a prompt on Windows."""


def require_fit(password: Secret, name: str, consumers: tuple[Consumer, ...]) -> tuple[Finding, ...]:
    """The warnings about *password*, when everybody can read it.

    Args:
        password: that was typed or named.
        name: whose it is, for the message.
        consumers: who will read it.

    Raises:
        WizardError: somebody cannot; it says who and why.
    """
    findings = examine(password, name, consumers)
    for finding in findings:
        if finding.severity >= Severity.ERROR:
            raise WizardError.of(finding, name)
    return tuple(findings)


def is_usable_password(password: Secret | None, consumers: tuple[Consumer, ...]) -> bool:
    """Whether there is a password and everybody among *consumers* can read it."""
    try:
        return password is not None and require_fit(password, "", consumers) is not None
    except WizardError:
        return False
