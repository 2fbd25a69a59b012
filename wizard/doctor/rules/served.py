"""Compare what the port presents with what is installed: the fallback, another leaf, an incomplete chain, names."""

from collections.abc import Iterator

from wizard.doctor.facts import CertificateFacts, DoctorFacts, ProbeFacts
from wizard.doctor.rule import CouldNotLook, NotApplicable, Rule, spec
from wizard.findings import Finding, FindingSpec, Locator, Severity

FALLBACK = spec(
    "fallback-served",
    Severity.ERROR,
    "the built-in certificate is served",
    "{endpoint} serves the built-in certificate ({subject}), although a key store was set up.",
    why="The server could not use the key store, says so only in its log, and gateways refuse this certificate.",
    fix="Settings, readability and password are the causes to look at; then restart the service.",
    source="manual, check of the set-up: localhost",
)
BUILT_IN = spec(
    "built-in-installed",
    Severity.ERROR,
    "the key store holds a certificate like the built-in one",
    "{endpoint} serves {subject}, and that is what the configured key store holds.",
    why="It is a certificate for localhost; gateways and clients refuse it as they refuse the built-in one.",
    fix="Set the server up with the certificate of its own name: cloudstream-wizard.",
    source="manual, check of the set-up: localhost",
)
OTHER = spec(
    "other-certificate-served",
    Severity.ERROR,
    "another certificate than the installed one is served",
    "{endpoint} serves {subject} (SHA-256 {sha256}...), and the key store holds {installed} ({installed_sha256}...).",
    why="What gateways see is not what was installed.",
    fix="Restart the service; if it stays, another server or a load balancer answers at this address.",
    source="manual, check of the set-up",
)
SHORT = spec(
    "served-incomplete",
    Severity.ERROR,
    "the server sends an incomplete chain",
    "{endpoint} sends {sent} of the {needed} certificates that a peer needs; {missing} is missing.",
    why="A peer that knows only the root cannot build the path: PKIX path building failed.",
    fix="The intermediate must be in the key store; run the set-up with the whole chain.",
    source="RFC 5246, section 7.4.2; domain: JSSE",
)
NAME = spec(
    "served-for-another-name",
    Severity.ERROR,
    "the served certificate is for another name",
    "{endpoint} serves a certificate for {names}, and gateways connect to {name}.",
    why="Peers that check the name refuse it: No subject alternative DNS name matching.",
    fix="Ask for a certificate with this name, or have gateways connect to the name in the certificate.",
    source="RFC 6125",
)
SNI = spec(
    "name-needed",
    Severity.NOTE,
    "without a server name another certificate is served",
    "With the server name {name} the right certificate is served, without any name {subject} is.",
    why="The server chooses by server name (SNI); a peer that connects to an address sends none.",
    fix="Have gateways connect to the name. In checks give -servername.",
    source="RFC 6066, section 3",
)
CA_MISSING = spec(
    "ca-not-accepted",
    Severity.WARNING,
    "the server does not name an authority of your chain",
    "When {endpoint} asks for a client certificate it names {count} authorities, but not {missing}.",
    why="Gateways and clients under this authority choose their certificate by that list, and may send none.",
    fix="Upload it in the portal: Security > Security options > Certificates > Trusted CA certificates.",
    source="RFC 8446, section 4.2.4; vendor's PKI page: root and every intermediate",
)
SPECS = (FALLBACK, BUILT_IN, OTHER, SHORT, NAME, SNI, CA_MISSING)


def _found(which: FindingSpec, seen: ProbeFacts, **values: str | int) -> Finding:
    return Finding(which, Locator("endpoint", endpoint=seen.endpoint), {"endpoint": seen.endpoint, **values})


def _served(facts: DoctorFacts) -> Iterator[tuple[ProbeFacts, CertificateFacts]]:
    assert facts.probes is not None  # noqa: S101 - the rule's needs
    answering = [(seen, seen.leaf) for seen in facts.probes if seen.leaf is not None]
    if not answering:
        raise CouldNotLook("no certificate is served")
    yield from answering


def _installed(facts: DoctorFacts) -> CertificateFacts | None:
    return facts.store.leaf if facts.store is not None else None


def _configured(facts: DoctorFacts) -> bool:
    conf = facts.conf
    if facts.change is not None and facts.change.settings is not None:
        return True
    if conf is None:
        return True  # it was not seen, and the built-in certificate is never what is wanted
    return conf.error is not None or conf.store_file is None or not conf.store_file.empty


def _fallback(facts: DoctorFacts) -> Iterator[Finding]:
    if not _configured(facts):
        raise NotApplicable("no key store is configured")
    installed = _installed(facts)
    for seen, leaf in _served(facts):
        if seen.fallback:
            same = installed is not None and leaf.sha256 == installed.sha256
            yield _found(BUILT_IN if same else FALLBACK, seen, subject=leaf.subject)


def _other(facts: DoctorFacts) -> Iterator[Finding]:
    installed = _installed(facts)
    if installed is None:
        raise CouldNotLook("the key store does not open, or none is configured")
    for seen, leaf in _served(facts):
        if leaf.sha256 != installed.sha256 and not seen.fallback:
            values = {"subject": leaf.name, "sha256": leaf.sha256[:16], "installed": installed.name}
            yield _found(OTHER, seen, **values, installed_sha256=installed.sha256[:16])


def _short(facts: DoctorFacts) -> Iterator[Finding]:
    installed = _installed(facts)
    store = facts.store
    if store is None or installed is None:
        raise CouldNotLook("the key store does not open, or none is configured")
    needed = [each for each in store.chain if not each.self_issued]
    for seen, leaf in _served(facts):
        sent = {each.sha256 for each in seen.chain}
        missing = [each for each in needed if each.sha256 not in sent]
        if leaf.sha256 == installed.sha256 and missing:
            yield _found(SHORT, seen, sent=len(seen.chain), needed=len(needed), missing=missing[0].name)


def _name(facts: DoctorFacts) -> Iterator[Finding]:
    if facts.name_from not in {"given", "plan"}:
        raise CouldNotLook("the name that gateways connect to is not known; give it with --servername")
    for seen, leaf in _served(facts):
        if seen.name_matches is False and not seen.fallback:
            yield _found(NAME, seen, names=", ".join(leaf.san[:4]) or leaf.name, name=facts.servername)


def _sni(facts: DoctorFacts) -> Iterator[Finding]:
    installed, nameless = _installed(facts), facts.without_name
    if installed is None or nameless is None or nameless.leaf is None:
        raise CouldNotLook("there is nothing to compare with")
    for _, leaf in _served(facts):
        if leaf.sha256 == installed.sha256 and nameless.leaf.sha256 != leaf.sha256:
            yield _found(SNI, nameless, name=facts.servername, subject=nameless.leaf.subject)
        return


def _authorities(facts: DoctorFacts) -> Iterator[Finding]:
    store = facts.store
    if store is None or len(store.chain) < 2:
        raise CouldNotLook("the authorities of the installed chain are not known")
    for seen, _ in _served(facts):
        if not seen.acceptable_cas:
            raise NotApplicable("the server names no authorities")
        named = set(seen.acceptable_cas)
        missing = [each.name for each in store.chain[1:] if each.subject not in named]
        if missing:
            yield _found(CA_MISSING, seen, count=len(named), missing=", ".join(missing))
        return


RULES = (
    Rule("doctor.fallback-served", ("probes",), _fallback),
    Rule("doctor.other-certificate-served", ("probes",), _other),
    Rule("doctor.served-incomplete", ("probes",), _short),
    Rule("doctor.served-for-another-name", ("probes",), _name),
    Rule("doctor.name-needed", ("probes",), _sni),
    Rule("doctor.ca-not-accepted", ("probes",), _authorities),
)
