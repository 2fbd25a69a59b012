"""The form of a certificate: serial number, readable parts, harmless text, known extensions."""

from collections.abc import Iterator

from wizard.certificates import look
from wizard.certificates.model import Certificate
from wizard.certificates.rules.context import Context, on
from wizard.findings import Finding, FindingSpec, Severity
from wizard.printable import printable

LONGEST_SERIAL = 1 << 159
KNOWN = {
    "2.5.29.14", "2.5.29.15", "2.5.29.17", "2.5.29.18", "2.5.29.19", "2.5.29.30", "2.5.29.31", "2.5.29.32",
    "2.5.29.33", "2.5.29.35", "2.5.29.36", "2.5.29.37", "2.5.29.54", "1.3.6.1.5.5.7.1.1",
}  # fmt: skip

SERIAL = FindingSpec(
    "form.serial-not-positive",
    Severity.WARNING,
    "The serial number is zero or negative",
    "The serial number of {name} is {serial}.",
    "The standard forbids it; Java reads it, newer libraries refuse such certificates.",
    "Ask the PKI team for a certificate with a proper serial number.",
    "RFC 5280, 4.1.2.2",
)
LONG_SERIAL = FindingSpec(
    "form.serial-too-long",
    Severity.NOTE,
    "The serial number is too long",
    "The serial number of {name} takes more than 20 bytes.",
    "The standard allows 20; some appliances cut the rest off.",
    "Nothing needs to be done unless a peer complains.",
    "RFC 5280, 4.1.2.2",
)
UNREADABLE = FindingSpec(
    "form.unreadable",
    Severity.ERROR,
    "A part of a certificate cannot be read",
    "A part of {name} does not follow the standard: {reason}.",
    "What cannot be read here is refused by most peers too.",
    "Ask the PKI team for the certificate again.",
    "RFC 5280, 4.1",
)
HOSTILE = FindingSpec(
    "form.hidden-characters",
    Severity.WARNING,
    "A name holds control or invisible characters",
    "The names in {name} hold characters that are not shown: {text}.",
    "Such names can pretend to be others on a screen; no proper CA issues them.",
    "Ask where this certificate comes from before you use it.",
    "Unicode TR 36",
)
CRITICAL = FindingSpec(
    "form.critical-extension",
    Severity.ERROR,
    "A critical extension that Java does not know",
    "{name} has the critical extension {oid}.",
    "A peer must refuse a certificate with a critical extension that it does not know, and Java does.",
    "Ask for a certificate in which that extension is not critical.",
    "RFC 5280, 4.2; JDK: unrecognized critical extension(s)",
)
SPECS = (SERIAL, LONG_SERIAL, UNREADABLE, HOSTILE, CRITICAL)


def check(context: Context) -> Iterator[Finding]:
    """Look at each certificate of the chain by itself."""
    for certificate in context.chain.certificates:
        reason = look.unreadable(certificate)
        if reason:
            yield on(certificate, UNREADABLE, reason=printable(reason, limit=120))
        number = look.serial(certificate)
        if number <= 0:
            yield on(certificate, SERIAL, serial=number)
        elif number >= LONGEST_SERIAL:
            yield on(certificate, LONG_SERIAL)
        text = next((raw for raw in _texts(certificate) if printable(raw) != raw), None)
        if text is not None:
            yield on(certificate, HOSTILE, text=printable(text, limit=80))
        if certificate is not context.chain.root:
            for extension in look.extensions(certificate):
                if extension.critical and extension.oid.dotted_string not in KNOWN:
                    yield on(certificate, CRITICAL, oid=extension.oid.dotted_string)


def _texts(certificate: Certificate) -> Iterator[str]:
    for name in (look.subject_name(certificate), look.issuer_name(certificate)):
        for attribute in name or ():
            if isinstance(attribute.value, str):
                yield attribute.value
    yield from look.names(certificate)
