"""Compare what the port presents with what is installed: the fallback, another leaf, an incomplete chain, names."""

from collections.abc import Iterator

from wizard import codes
from wizard.doctor.facts import CertificateFacts, DoctorFacts, ProbeFacts
from wizard.doctor.rule import CouldNotLook, NotApplicable, Rule, answering, at_endpoint
from wizard.findings import Finding


def _installed(facts: DoctorFacts) -> CertificateFacts | None:
    return facts.store.leaf if facts.store is not None else None


def _configured(facts: DoctorFacts) -> bool:
    conf = facts.conf
    if conf is None or (facts.change is not None and facts.change.settings is not None):
        return True  # when it was not seen: the built-in certificate is never what is wanted
    return conf.error is not None or conf.store_file is None or not conf.store_file.empty


def _fallback(facts: DoctorFacts, probes: tuple[ProbeFacts, ...]) -> Iterator[Finding]:
    if not _configured(facts):
        raise NotApplicable("no key store is configured")
    installed = _installed(facts)
    for seen, leaf in answering(probes):
        if seen.fallback:
            same = installed is not None and leaf.sha256 == installed.sha256
            which = codes.DOCTOR_BUILT_IN_INSTALLED if same else codes.DOCTOR_FALLBACK_SERVED
            yield at_endpoint(which, seen, subject=leaf.subject)


def _other(facts: DoctorFacts, probes: tuple[ProbeFacts, ...]) -> Iterator[Finding]:
    installed = _installed(facts)
    if installed is None:
        raise CouldNotLook("the key store does not open, or none is configured")
    for seen, leaf in answering(probes):
        if leaf.sha256 != installed.sha256 and not seen.fallback:
            served = {"subject": leaf.name, "sha256": leaf.sha256[:16]}
            other = {"installed": installed.name, "installed_sha256": installed.sha256[:16]}
            yield at_endpoint(codes.DOCTOR_OTHER_CERTIFICATE_SERVED, seen, **served, **other)


def _short(facts: DoctorFacts, probes: tuple[ProbeFacts, ...]) -> Iterator[Finding]:
    installed = _installed(facts)
    store = facts.store
    if store is None or installed is None:
        raise CouldNotLook("the key store does not open, or none is configured")
    needed = [each for each in store.chain if not each.self_issued]
    for seen, leaf in answering(probes):
        sent = {each.sha256 for each in seen.chain}
        missing = [each for each in needed if each.sha256 not in sent]
        if leaf.sha256 == installed.sha256 and missing:
            values = {"sent": len(seen.chain), "needed": len(needed)}
            yield at_endpoint(codes.DOCTOR_SERVED_INCOMPLETE, seen, **values, missing=missing[0].name)


def _name(facts: DoctorFacts, probes: tuple[ProbeFacts, ...]) -> Iterator[Finding]:
    if facts.name_from not in {"given", "plan"}:
        raise CouldNotLook("the name that gateways connect to is not known; use --servername")
    for seen, leaf in answering(probes):
        if seen.name_matches is False and not seen.fallback:
            names = ", ".join(leaf.san[:4]) or leaf.name
            yield at_endpoint(codes.DOCTOR_SERVED_FOR_ANOTHER_NAME, seen, names=names, name=facts.servername)


def _sni(facts: DoctorFacts, probes: tuple[ProbeFacts, ...]) -> Iterator[Finding]:
    installed, nameless = _installed(facts), facts.without_name
    if installed is None or nameless is None or nameless.leaf is None:
        raise CouldNotLook("there is nothing to compare with")
    for _, leaf in answering(probes):
        if leaf.sha256 == installed.sha256 and nameless.leaf.sha256 != leaf.sha256:
            yield at_endpoint(codes.DOCTOR_NAME_NEEDED, nameless, name=facts.servername, subject=nameless.leaf.subject)
        return


def _authorities(facts: DoctorFacts, probes: tuple[ProbeFacts, ...]) -> Iterator[Finding]:
    store = facts.store
    if store is None or len(store.chain) < 2:
        raise CouldNotLook("the CAs of the installed chain are not known")
    for seen, _ in answering(probes):
        if not seen.acceptable_cas:
            raise NotApplicable("the server lists no CAs")
        named = set(seen.acceptable_cas)
        missing = [each.name for each in store.chain[1:] if each.subject not in named]
        if missing:
            yield at_endpoint(codes.DOCTOR_CA_NOT_ACCEPTED, seen, count=len(named), missing=", ".join(missing))
        return


RULES = (
    Rule("doctor.fallback-served", ("probes",), _fallback),
    Rule("doctor.other-certificate-served", ("probes",), _other),
    Rule("doctor.served-incomplete", ("probes",), _short),
    Rule("doctor.served-for-another-name", ("probes",), _name),
    Rule("doctor.name-needed", ("probes",), _sni),
    Rule("doctor.ca-not-accepted", ("probes",), _authorities),
)
