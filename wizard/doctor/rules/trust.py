"""The product's Java and its cacerts: they exist, open, and trust the root of the installed chain."""

from collections.abc import Iterator

from wizard import codes
from wizard.doctor.facts import DoctorFacts, JavaFacts, TrustFacts, UnitFacts
from wizard.doctor.rule import CouldNotLook, NotApplicable, Rule, at_file, read, unreadable
from wizard.findings import Finding, Locator


def _java(_facts: DoctorFacts, java: JavaFacts) -> Iterator[Finding]:
    which = {
        "absent": codes.DOCTOR_JRE_MISSING,
        "no-keytool": codes.DOCTOR_KEYTOOL_MISSING,
        "bare": codes.DOCTOR_JRE_BARE,
    }.get(java.present)
    if which is not None:
        yield at_file(which, java.home)


def _file(_facts: DoctorFacts, trust: TrustFacts) -> Iterator[Finding]:
    file = trust.file
    if file.kind == "absent":
        yield at_file(codes.DOCTOR_CACERTS_MISSING, file.path)
    elif file.service_reads is False and file.kind in {"file", "unknown"}:
        yield from unreadable(codes.DOCTOR_CACERTS_UNREADABLE, file)


def _content(_facts: DoctorFacts, trust: TrustFacts) -> Iterator[Finding]:
    read(trust.file, "cacerts")
    path = trust.file.path
    if trust.error is not None and "password" in trust.error.code:
        yield at_file(codes.DOCTOR_CACERTS_PASSWORD, path)
    elif trust.error is not None or trust.format not in {"jks", "pkcs12"}:
        reason = trust.error.message if trust.error else "it is not a trust store."
        yield at_file(codes.DOCTOR_CACERTS_DAMAGED, path, size=trust.file.size, reason=reason)
    elif not trust.entries:
        yield at_file(codes.DOCTOR_CACERTS_EMPTY, path)


def _root(facts: DoctorFacts, trust: TrustFacts) -> Iterator[Finding]:
    read(trust.file, "cacerts")
    store = facts.store
    if store is None or not store.chain:
        raise CouldNotLook("the root is not known, because the key store does not open")
    if trust.has_root is None and trust.error is not None:
        raise CouldNotLook("cacerts does not open")
    top = store.chain[-1]
    if not store.complete:
        if trust.has_root is False and len(store.chain) > 1:
            where = Locator("certificate", sha256=top.sha256)
            yield Finding(codes.DOCTOR_ROOT_NOT_KNOWN, where, {"issuer": store.missing_issuer})
        return
    if len(store.chain) == 1:
        raise NotApplicable("the certificate is self-signed")
    if trust.has_root is False:
        namesake = " It has a root with the same name, but with another key." if trust.namesake else ""
        values = {"root": top.name, "sha256": top.sha256[:16], "namesake": namesake}
        yield at_file(codes.DOCTOR_ROOT_NOT_TRUSTED, trust.file.path, **values)


def _used(_facts: DoctorFacts, unit: UnitFacts) -> Iterator[Finding]:
    if unit.trust_store:
        where = Locator("file", path=unit.trust_store)
        yield Finding(codes.DOCTOR_CACERTS_NOT_USED, where, {"other": unit.trust_store})


RULES = (
    Rule("doctor.jre", ("java",), _java),
    Rule("doctor.cacerts-file", ("cacerts",), _file),
    Rule("doctor.cacerts-content", ("cacerts",), _content),
    Rule("doctor.root-not-trusted", ("cacerts",), _root),
    Rule("doctor.cacerts-not-used", ("unit",), _used),
)
