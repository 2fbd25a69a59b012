"""The form of a certificate: serial number, readable parts, harmless text, known extensions."""

import re
from collections.abc import Iterator

from cryptography import x509

from wizard.certificates import fields, raw
from wizard.certificates.formats.der import OID, SEQUENCE, DerError, parse, wrap
from wizard.certificates.model import Certificate, Role
from wizard.certificates.rules.context import Context, on
from wizard.findings import Finding, FindingSpec, Severity
from wizard.printable import printable

LONGEST_SERIAL = 1 << 159
EXTENSIONS = {
    "2.5.29.9": "subjectDirectoryAttributes", "2.5.29.14": "subjectKeyIdentifier", "2.5.29.15": "keyUsage",
    "2.5.29.16": "privateKeyUsagePeriod", "2.5.29.17": "subjectAltName", "2.5.29.18": "issuerAltName",
    "2.5.29.19": "basicConstraints", "2.5.29.30": "nameConstraints", "2.5.29.31": "cRLDistributionPoints",
    "2.5.29.32": "certificatePolicies", "2.5.29.33": "policyMappings", "2.5.29.35": "authorityKeyIdentifier",
    "2.5.29.36": "policyConstraints", "2.5.29.37": "extKeyUsage", "2.5.29.46": "freshestCRL",
    "2.5.29.54": "inhibitAnyPolicy", "1.3.6.1.5.5.7.1.1": "authorityInfoAccess",
    "1.3.6.1.5.5.7.1.11": "subjectInfoAccess", "1.3.6.1.5.5.7.1.24": "tlsFeature",
}  # fmt: skip
JAVA_TAKES = {
    "2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.30", "2.5.29.32", "2.5.29.33", "2.5.29.36", "2.5.29.37",
    "2.5.29.54",
}  # fmt: skip
"""The extensions that may be critical; measured with JDK 11 to 25."""
SAN = "2.5.29.17"
OPENSSL_TAKES = JAVA_TAKES | {"2.5.29.14", "2.5.29.31", "2.16.840.1.113730.1.1", "1.3.6.1.5.5.7.48.1.5"}
"""Those that may be critical in a root for OpenSSL; measured with OpenSSL 3.0."""
JAVA_NEEDS = {"2.5.29.17", "2.5.29.37"}
"""The extensions of a leaf that Java 21 and newer read again in the handshake, and refuse the peer when they cannot."""
SCHEME = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]*")
NEVER_IN_URI = re.compile(rb"[\0-\x20\x7f\"<>\\^`{|}]")

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
    "The field {field} of {name} does not follow the standard.",
    "What cannot be read here is refused by most peers too.",
    "Ask the PKI team for the certificate again.",
    "RFC 5280, 4.1",
)
ODD_NAME = FindingSpec(
    "form.name-unreadable",
    Severity.WARNING,
    "A name in a certificate cannot be read",
    "The {field} of {name} holds text that does not follow the standard.",
    "Java accepts it; OpenSSL and the Windows client may not.",
    "Ask the PKI team for the certificate again.",
    "RFC 5280, 4.1.2.4; measured with JDK 11 to 25",
)
ODD_EXTENSION = FindingSpec(
    "form.extension-unreadable",
    Severity.WARNING,
    "An extension does not follow the standard",
    "The extension {extension} of {name} does not follow the standard{part}.",
    "Java goes on without it; OpenSSL and other strict programs may refuse the certificate.",
    "Ask the PKI team for a certificate in which it is right.",
    "RFC 5280, 4.2; measured with JDK 11 to 25",
)
BAD_EXTENSION = FindingSpec(
    "form.extension-refused",
    Severity.ERROR,
    "Java refuses an extension",
    "The {how}extension {extension} of {name} does not follow the standard{part}.",
    "Java refuses the certificate; of a store with it, it may say that the password was incorrect.",
    "Ask the PKI team for a certificate in which it is right.",
    "RFC 5280, 4.2; measured with JDK 11 to 25",
)
NO_SUBJECT = FindingSpec(
    "form.empty-subject",
    Severity.ERROR,
    "The subject is empty, and no critical subjectAltName replaces it",
    "{name} has an empty subject, and its subjectAltName is {state}.",
    "Java cannot read such a certificate, and says of a store with it that the password was incorrect.",
    "Ask for a certificate with a subject, or with a critical subjectAltName.",
    "RFC 5280, 4.1.2.6; JDK: SubjectAlternativeName extension MUST be marked critical when subject field is empty",
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
    "An extension is critical that Java does not take as critical",
    "{name} has the critical extension {oid}.",
    "A peer must refuse a certificate with a critical extension that it does not process, and Java does.",
    "Ask for a certificate in which that extension is not critical.",
    "RFC 5280, 4.2; JDK: unrecognized critical extension(s)",
)
ROOT_CRITICAL = FindingSpec(
    "form.root-critical-extension",
    Severity.WARNING,
    "A critical extension of the root that OpenSSL does not take",
    "The root {name} has the critical extension {oid}.",
    "Java does not look at the extensions of a root that it trusts; OpenSSL and Windows do and refuse the chain.",
    "Ask the PKI team for a root certificate in which that extension is not critical.",
    "OpenSSL: X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION",
)
NOT_IN_JAVA = FindingSpec(
    "form.java-cannot-read",
    Severity.ERROR,
    "Java cannot read a certificate",
    "Java cannot read {name}: {reason}.",
    "A store with this certificate does not open in Java, which then says that the password is wrong; a peer that "
    "sends it is refused.",
    "Ask for a new certificate; for an EC key with a named curve (openssl: -param_enc named_curve).",
    "OpenJDK 11 to 25: CertificateParsingException; RFC 5480, 2.1.1; RFC 5280, 4.1.2",
)
SPECS = (
    SERIAL, LONG_SERIAL, UNREADABLE, ODD_NAME, ODD_EXTENSION, BAD_EXTENSION, NO_SUBJECT, HOSTILE, CRITICAL,
    ROOT_CRITICAL, NOT_IN_JAVA,
)  # fmt: skip


def check(context: Context) -> Iterator[Finding]:
    """Look at each certificate of the chain by itself."""
    for certificate in context.chain.certificates:
        field = fields.unreadable(certificate)
        if field:
            yield on(certificate, UNREADABLE if field == "extensions" else ODD_NAME, field=field)
        missing = list(_subject(certificate))
        yield from missing
        why = fields.java_refuses(certificate)
        if why and not missing:
            yield on(certificate, NOT_IN_JAVA, reason=why)
        number = fields.serial(certificate)
        if number <= 0:
            yield on(certificate, SERIAL, serial=number)
        elif number >= LONGEST_SERIAL:
            yield on(certificate, LONG_SERIAL)
        text = next((each for each in _texts(certificate) if printable(each) != each), None)
        if text is not None:
            yield on(certificate, HOSTILE, text=printable(text, limit=80))
        yield from _extensions(certificate, context)


def _subject(certificate: Certificate) -> Iterator[Finding]:
    name = fields.subject_name(certificate)
    if name is None or name.rdns:
        return
    alternative = fields.raw_extension(certificate, x509.SubjectAlternativeName)
    if alternative is None or not alternative.critical:
        yield on(certificate, NO_SUBJECT, state="missing" if alternative is None else "not critical")


def _extensions(certificate: Certificate, context: Context) -> Iterator[Finding]:
    is_leaf = certificate is context.chain.leaf
    judged: set[str] = set()
    for each in fields.unread(certificate):
        judged.add(each.oid)
        names = [*map(_kind, each.names)]
        part = " and is there twice" if each.repeated else f": {', '.join(dict.fromkeys(names[:3]))}" if names else ""
        refused = each.repeated or (each.critical and each.oid in EXTENSIONS and not _salvaged(each))
        if is_leaf and each.oid in JAVA_NEEDS and context.role is not Role.CLIENT:
            refused |= not each.names or any(map(_java_refuses, each.names))
        facts = {"extension": EXTENSIONS.get(each.oid, each.oid), "part": part}
        if refused:
            yield on(certificate, BAD_EXTENSION, how="critical " if each.critical else "", **facts)
        else:
            yield on(certificate, ODD_EXTENSION, **facts)
    if is_leaf and SAN not in judged and context.role is not Role.CLIENT:
        odd = [name for name in fields.raw_names(certificate) if _java_refuses(name)]
        if odd:
            yield on(certificate, BAD_EXTENSION, how="", extension=EXTENSIONS[SAN], part=f": {_kind(odd[0])}")
        networks = [
            each for each in fields.raw_names(certificate) if each.tag == raw.ADDRESS and len(each.content) == 8
        ]
        if networks:
            yield on(certificate, ODD_EXTENSION, extension=EXTENSIONS[SAN], part=": a network instead of an address")
    spec, takes = (ROOT_CRITICAL, OPENSSL_TAKES) if certificate is context.chain.root else (CRITICAL, JAVA_TAKES)
    for extension in fields.raw_extensions(certificate):
        if extension.critical and extension.oid not in takes:
            known = EXTENSIONS.get(extension.oid)
            yield on(certificate, spec, oid=f"{known} ({extension.oid})" if known else extension.oid)


def _salvaged(each: fields.Unread) -> bool:
    """Whether Java reads it all the same: only odd, or with names that it does not check."""
    return each.readable or (bool(each.names) and not any(map(_java_refuses, each.names)))


def _kind(name: raw.RawName) -> str:
    return f"an entry of the type {raw.NAME_KINDS.get(name.tag, 'that does not exist')}"


def _java_refuses(name: raw.RawName) -> bool:
    """Whether Java cannot read this alternative name; 21 and newer then refuse the peer, 17 and older see no names."""
    tag, content = name
    if tag == raw.URI:
        return not _java_uri(content)
    if tag == raw.ADDRESS:
        return len(content) not in {4, 8, 16}
    if tag == raw.MAIL:
        return not content
    if tag == raw.EDI_PARTY:
        return True
    try:
        if tag == raw.OTHER:
            return [part.tag for part in parse(wrap(SEQUENCE, content), inner=True)] != [OID, 0xA0]
        if tag == raw.DIRECTORY:
            parse(content, inner=True).expect(SEQUENCE)
    except DerError:
        return True
    return tag not in raw.NAME_KINDS or (tag == raw.REGISTERED and (not content or content[-1] > 0x7F))


def _java_uri(content: bytes) -> bool:
    """Whether Java takes it for a URI, as far as certificates have been seen to differ from it."""
    scheme, _, rest = content.partition(b":")
    host = rest[2:].partition(b"/")[0] if rest.startswith(b"//") else b""
    whole = SCHEME.fullmatch(scheme) and rest not in {b"", b"//"} and not NEVER_IN_URI.search(content)
    return bool(whole) and not host.endswith(b".") and b"%" not in host


def _texts(certificate: Certificate) -> Iterator[str]:
    for name in (fields.subject_name(certificate), fields.issuer_name(certificate)):
        for attribute in name or ():
            if isinstance(attribute.value, str):
                yield attribute.value
    yield from fields.names(certificate)
