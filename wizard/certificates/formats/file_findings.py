"""Findings about a file itself, not about its certificates: encoding, integrity, Java's view of a store."""

from wizard import codes
from wizard.certificates.model import Bundle
from wizard.findings import Code, Finding, Locator

_BY_NOTE = {
    codes.PKCS12_NO_INTEGRITY.code: codes.PKCS12_NO_INTEGRITY,
    codes.PEM_UTF_16.code: codes.PEM_UTF_16,
    codes.PEM_UTF_8_BOM.code: codes.PEM_UTF_8_BOM,
    "pem.no-armour": codes.PEM_ODD_TEXT,
    "pem.repaired": codes.PEM_ODD_TEXT,
    codes.READING_DAMAGED.code: codes.READING_PART_LEFT_OUT,
    codes.READING_ALGORITHM_UNSUPPORTED.code: codes.READING_PART_LEFT_OUT,
    "reading.many-keys": codes.READING_PART_LEFT_OUT,
    codes.CERTIFICATE_NOT_READABLE.code: codes.READING_PART_LEFT_OUT,
    codes.CERTIFICATE_ODD.code: codes.CERTIFICATE_ODD,
    codes.READING_REQUEST.code: codes.READING_REQUEST_BESIDE,
    "der.trailing": codes.READING_PART_LEFT_OUT,
    "jks.trailing": codes.READING_PART_LEFT_OUT,
}
_MOST_ALIKE = 3
_BROKEN_CIPHERS = ("RC2", "RC4", "2DES", "-DES", " DES")


def file_findings(bundle: Bundle) -> list[Finding]:
    """The findings about the file that *bundle* was read from; notes that only inform stay in the bundle."""
    subject = Locator("file", path=bundle.name)
    noted: dict[Code, list[str]] = {}
    for code, text in bundle.notes:
        if (spec := _BY_NOTE.get(code)) is not None:
            noted.setdefault(spec, []).append(text)
    findings = []
    for spec, texts in noted.items():
        shown = texts if len(texts) <= _MOST_ALIKE else [f"{texts[0]} There are {len(texts) - 1} more like it."]
        findings += [Finding(spec, subject, {"path": bundle.name, "note": text}) for text in shown]
    store = bundle.store
    if store is not None:
        about = {"path": bundle.name}
        if store.empty_to_java:
            findings.append(Finding(codes.TRUSTSTORE_EMPTY_TO_JAVA, subject, {**about, "count": store.certificates}))
        weak = [name for name in store.encryption if any(cipher in name for cipher in _BROKEN_CIPHERS)]
        if weak:
            findings.append(Finding(codes.KEYSTORE_WEAK_ENCRYPTION, subject, {**about, "algorithm": weak[0]}))
        if store.keys > 1:
            findings.append(Finding(codes.KEYSTORE_SEVERAL_KEYS, subject, {**about, "count": store.keys}))
    return findings
