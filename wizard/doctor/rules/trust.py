"""The product's Java and its cacerts: they exist, open, and trust the root of the installed chain."""

from collections.abc import Iterator

from wizard import codes
from wizard.doctor.facts import DoctorFacts, TrustFacts
from wizard.doctor.rule import CouldNotLook, NotApplicable, Rule, file_at
from wizard.findings import Finding, Locator


def _trust(facts: DoctorFacts) -> TrustFacts:
    assert facts.cacerts is not None  # noqa: S101 - the rule's needs
    return facts.cacerts


def _opened(facts: DoctorFacts) -> TrustFacts:
    trust = _trust(facts)
    if trust.file.problem:
        raise CouldNotLook(trust.file.problem)
    if trust.file.kind != "file":
        raise NotApplicable("cacerts is missing")
    return trust


def _java(facts: DoctorFacts) -> Iterator[Finding]:
    assert facts.java is not None  # noqa: S101 - the rule's needs
    which = {
        "absent": codes.DOCTOR_JRE_MISSING,
        "no-keytool": codes.DOCTOR_KEYTOOL_MISSING,
        "bare": codes.DOCTOR_JRE_BARE,
    }.get(facts.java.present)
    if which is not None:
        yield Finding(which, file_at(facts.java.home), {"path": facts.java.home})


def _file(facts: DoctorFacts) -> Iterator[Finding]:
    file = _trust(facts).file
    if file.kind == "absent":
        yield Finding(codes.DOCTOR_CACERTS_MISSING, file_at(file.path), {"path": file.path})
    elif file.service_reads is False and file.kind in {"file", "unknown"}:
        values = {"path": file.path, "reason": file.blocked_why, "at": file.blocked_at or file.path}
        yield Finding(codes.DOCTOR_CACERTS_UNREADABLE, file_at(file.path), values)


def _content(facts: DoctorFacts) -> Iterator[Finding]:
    trust = _opened(facts)
    path = trust.file.path
    if trust.error is not None and "password" in trust.error.code:
        yield Finding(codes.DOCTOR_CACERTS_PASSWORD, file_at(path), {"path": path})
    elif trust.error is not None or trust.format not in {"jks", "pkcs12"}:
        reason = trust.error.message if trust.error else "it is not a trust store."
        yield Finding(
            codes.DOCTOR_CACERTS_DAMAGED, file_at(path), {"path": path, "size": trust.file.size, "reason": reason}
        )
    elif not trust.entries:
        yield Finding(codes.DOCTOR_CACERTS_EMPTY, file_at(path), {"path": path})


def _root(facts: DoctorFacts) -> Iterator[Finding]:
    trust = _opened(facts)
    store = facts.store
    if store is None or not store.chain:
        raise CouldNotLook("the root is not known, because the key store does not open")
    if trust.has_root is None and trust.error is not None:
        raise CouldNotLook("cacerts does not open")
    top = store.chain[-1]
    if not store.complete:
        if trust.has_root is False and len(store.chain) > 1:
            yield Finding(
                codes.DOCTOR_ROOT_NOT_KNOWN, Locator("certificate", sha256=top.sha256), {"issuer": store.missing_issuer}
            )
        return
    if len(store.chain) == 1:
        raise NotApplicable("the certificate is self-signed")
    if trust.has_root is False:
        namesake = " It has a root with the same name, but with another key." if trust.namesake else ""
        values = {"root": top.name, "sha256": top.sha256[:16], "path": trust.file.path, "namesake": namesake}
        yield Finding(codes.DOCTOR_ROOT_NOT_TRUSTED, file_at(trust.file.path), values)


def _used(facts: DoctorFacts) -> Iterator[Finding]:
    assert facts.unit is not None  # noqa: S101 - the rule's needs
    if facts.unit.trust_store:
        yield Finding(codes.DOCTOR_CACERTS_NOT_USED, file_at(facts.unit.trust_store), {"other": facts.unit.trust_store})


RULES = (
    Rule("doctor.jre", ("java",), _java),
    Rule("doctor.cacerts-file", ("cacerts",), _file),
    Rule("doctor.cacerts-content", ("cacerts",), _content),
    Rule("doctor.root-not-trusted", ("cacerts",), _root),
    Rule("doctor.cacerts-not-used", ("unit",), _used),
)
