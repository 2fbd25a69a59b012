"""Each certificate by itself: serial number, readable parts, harmless text, extensions, keys and hashes."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from wizard import codes
from wizard.certificates import fields, names, raw
from wizard.certificates.formats.der import OID, SEQUENCE, DerError, parse, wrap
from wizard.certificates.model import Certificate, Chain, Role
from wizard.findings import Code, Finding, Locator
from wizard.printable import printable


@dataclass(frozen=True, slots=True)
class Context:
    """A chain and the question that is asked about it.

    Attributes:
        chain: to be checked.
        role: what it is for; None when that is not known, and rules that need a role then keep silent.
        host: the name that peers connect to; None when it is not known.
        now: the moment, in UTC.
        ocsp_wanted: whether revocation is to be checked by OCSP.
        public_roots: SHA-256 of the roots that every Java trusts.
        unclear_roots: SHA-256 of roots that count as private and may be public (`wizard.certificates.roots`).
    """

    chain: Chain
    role: Role | None
    host: str | None
    now: datetime
    ocsp_wanted: bool = False
    public_roots: frozenset[str] = frozenset()
    unclear_roots: frozenset[str] = frozenset()

    @property
    def is_public(self) -> bool:
        """Whether the chain ends in a public root."""
        return self.chain.root is not None and self.chain.root.sha256 in self.public_roots


def on(certificate: Certificate, spec: Code, **facts: str | int) -> Finding:
    """A finding about one certificate; the fact `name` says which in words."""
    where = Locator("certificate", path=certificate.origin, sha256=certificate.sha256)
    return Finding(spec, where, {"name": names.short(certificate), **facts})


def on_chain(chain: Chain, spec: Code, **facts: str | int) -> Finding:
    """A finding about the whole chain, located at its leaf or else at its lowest CA certificate."""
    first = next(iter(chain.certificates), None)
    if first is None:
        return Finding(spec, Locator("chain"), {"name": "the chain", **facts})
    where = Locator("chain", path=first.origin, sha256=first.sha256)
    return Finding(spec, where, {"name": names.short(first), **facts})


def listed(found: Sequence[str], most: int) -> str:
    """The first *most* of *found*, and how many more there are."""
    return ", ".join(found[:most]) + (f" and {len(found) - most} more" if len(found) > most else "")


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


def encoding(context: Context) -> Iterator[Finding]:
    """Look at each certificate of the chain by itself."""
    for certificate in context.chain.certificates:
        field = fields.unreadable(certificate)
        if field:
            yield on(
                certificate, codes.FORM_UNREADABLE if field == "extensions" else codes.FORM_NAME_UNREADABLE, field=field
            )
        missing = list(_subject(certificate))
        yield from missing
        why = fields.java_refuses(certificate)
        if why and not missing:
            yield on(certificate, codes.FORM_JAVA_CANNOT_READ, reason=why)
        number = fields.serial(certificate)
        if number <= 0:
            yield on(certificate, codes.FORM_SERIAL_NOT_POSITIVE, serial=number)
        elif number >= LONGEST_SERIAL:
            yield on(certificate, codes.FORM_SERIAL_TOO_LONG)
        text = next((each for each in _texts(certificate) if printable(each) != each), None)
        if text is not None:
            yield on(certificate, codes.FORM_HIDDEN_CHARACTERS, text=printable(text, limit=80))
        yield from _extensions(certificate, context)


def _subject(certificate: Certificate) -> Iterator[Finding]:
    name = fields.parsed(certificate).subject
    if name is None or name.rdns:
        return
    alternative = fields.raw_extension(certificate, x509.SubjectAlternativeName)
    if alternative is None or not alternative.critical:
        yield on(certificate, codes.FORM_EMPTY_SUBJECT, state="missing" if alternative is None else "not critical")


def _extensions(certificate: Certificate, context: Context) -> Iterator[Finding]:
    is_leaf = certificate is context.chain.leaf
    judged: set[str] = set()
    for each in fields.parsed(certificate).unread:
        judged.add(each.oid)
        names = [*map(_kind, each.names)]
        part = " and is there twice" if each.repeated else f": {', '.join(dict.fromkeys(names[:3]))}" if names else ""
        refused = each.repeated or (each.critical and each.oid in EXTENSIONS and not _salvaged(each))
        if is_leaf and each.oid in JAVA_NEEDS and context.role is not Role.CLIENT:
            refused |= not each.names or any(map(_java_refuses, each.names))
        facts = {"extension": EXTENSIONS.get(each.oid, each.oid), "part": part}
        if refused:
            yield on(certificate, codes.FORM_EXTENSION_REFUSED, how="critical " if each.critical else "", **facts)
        else:
            yield on(certificate, codes.FORM_EXTENSION_UNREADABLE, **facts)
    if is_leaf and SAN not in judged and context.role is not Role.CLIENT:
        entries, facts = fields.raw_names(certificate), {"extension": EXTENSIONS[SAN]}
        if odd := [name for name in entries if _java_refuses(name)]:
            yield on(certificate, codes.FORM_EXTENSION_REFUSED, how="", **facts, part=f": {_kind(odd[0])}")
        if any(each.tag == raw.ADDRESS and len(each.content) == 8 for each in entries):
            part = ": a network instead of an address"
            yield on(certificate, codes.FORM_EXTENSION_UNREADABLE, **facts, part=part)
    spec, takes = (
        (codes.FORM_ROOT_CRITICAL_EXTENSION, OPENSSL_TAKES)
        if certificate is context.chain.root
        else (codes.FORM_CRITICAL_EXTENSION, JAVA_TAKES)
    )
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
    for name in (fields.parsed(certificate).subject, fields.parsed(certificate).issuer):
        for attribute in name or ():
            if isinstance(attribute.value, str):
                yield attribute.value
    yield from fields.names(certificate)


LEAST_RSA = 2048
SMALL_CURVES = {"P-224", "P-192", "secp224k1", "secp192k1", "sect163k1", "sect163r2"}
TLS_CURVES = {"P-256", "P-384", "P-521"}
OLD_HASHES = {"md2", "md4", "md5", "sha1"}
CLIENT_KEYS = {"P-256", "P-384"}


def strength(context: Context) -> Iterator[Finding]:
    """Check the key of every certificate, and the hash of every signature that a peer verifies."""
    chain = context.chain
    for certificate in chain.certificates:
        label = fields.key_label(certificate)
        yield from _key(certificate, label)
        if context.role is not None and fields.key_encoding(certificate) == "rsa-pss":
            yield on(
                certificate, codes.ALGORITHM_RSA_PSS if certificate is chain.leaf else codes.ALGORITHM_RSA_PSS_AUTHORITY
            )
        # The root's own signature is not verified by anyone: the root is trusted as it is.
        if certificate is not chain.root and fields.signature_label(certificate) in OLD_HASHES:
            yield on(certificate, codes.STRENGTH_WEAK_HASH, hash=fields.signature_label(certificate))
    if chain.leaf is not None:
        yield from _for_role(chain.leaf, context.role)


def _key(certificate: Certificate, label: str) -> Iterator[Finding]:
    kind, _, size = label.partition("-")
    if label == "unknown" or _compressed(certificate):
        yield on(certificate, codes.ALGORITHM_UNKNOWN)
    elif label in {"X25519", "X448", "Diffie-Hellman"}:
        yield on(certificate, codes.ALGORITHM_NOT_FOR_TLS, key=label)
    elif kind == "DSA" or label in SMALL_CURVES or (kind == "RSA" and int(size) < LEAST_RSA):
        yield on(certificate, codes.STRENGTH_WEAK_KEY, key=label)
    elif kind not in {"RSA", "Ed25519", "Ed448"} and label not in TLS_CURVES:
        yield on(certificate, codes.STRENGTH_CURVE_NOT_IN_TLS, key=label)


def _compressed(certificate: Certificate) -> bool:
    """Whether the key is a compressed point of a curve, which Java does not read."""
    try:
        point = parse(raw.fields(certificate.der).key).fields(2)[1].content
    except DerError:
        return False
    return fields.key_label(certificate) in TLS_CURVES and point[1:2] in {b"\2", b"\3"}


def _for_role(leaf: Certificate, role: Role | None) -> Iterator[Finding]:
    label = fields.key_label(leaf)
    if role is Role.CLIENT:
        if not label.startswith("RSA-") and label not in CLIENT_KEYS | {"unknown"}:
            yield on(leaf, codes.ALGORITHM_CLIENT_CANNOT_USE, key=label)
    elif label in {"Ed25519", "Ed448"}:
        yield on(leaf, codes.ALGORITHM_EDWARDS, key=label)
