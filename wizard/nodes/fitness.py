"""Whether a password that was given can be read by everybody who will have to read it."""

from wizard.errors import WizardError
from wizard.findings import Finding, Severity
from wizard.passwords import Consumer, examine
from wizard.secret import Secret

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
            raise WizardError(finding.code, finding.message, finding.fix, name)
    return tuple(findings)


def is_fit(password: Secret | None, consumers: tuple[Consumer, ...]) -> bool:
    """Whether there is a password and everybody among *consumers* can read it."""
    try:
        return password is not None and require_fit(password, "", consumers) is not None
    except WizardError:
        return False
