"""The primary as this gateway sees it: is it there, would it be believed, and does it take this gateway's certificate.

What is seen is told, and never a reason to refuse: gateways are mostly made ready before their primary is.
"""

from collections.abc import Iterator

from wizard.certificates.model import Chain
from wizard.certificates.names import short, subject
from wizard.errors import WizardError
from wizard.findings import Finding, FindingSpec, Locator, Severity
from wizard.planning.gateway.trust import PrimaryTrust
from wizard.planning.inputs import PlanInputs
from wizard.planning.judge import cacerts_of
from wizard.planning.primary.inputs import LOOK_TIMEOUT_S
from wizard.printable import printable
from wizard.probing.probe import ClientIdentity, ProbeResult, TrustSet, probe
from wizard.probing.trust import system_roots
from wizard.reports.lines import Line, Tone, finding_lines

SILENT = FindingSpec(
    "gateway.primary-silent",
    Severity.WARNING,
    "the primary does not answer",
    "{endpoint} brings no certificate to this gateway: {reason}.",
    "The gateway cannot connect either, until the primary runs and the way to it is open.",
    "Check the name, the port and the firewall; nothing else here depends on it.",
    "https://docs.ysoft.cloud/docs/gateway-guide",
)
NOT_SET_UP = FindingSpec(
    "gateway.primary-not-set-up",
    Severity.WARNING,
    "the primary serves its built-in certificate",
    "{endpoint} serves its built-in certificate, not one of the company's.",
    "With its new stores the gateway does not believe this certificate.",
    "Set up the primary first, or at the same time.",
    "manual, Primary server setup",
)
NOT_BELIEVED = FindingSpec(
    "gateway.primary-not-trusted",
    Severity.WARNING,
    "the primary would not be believed",
    "What {endpoint} serves is not trusted by {anchors}: {reason}.",
    "The gateway ends the connection as soon as it sees this certificate.",
    "Name the root of the primary's certificate, or set up the primary with one of this root.",
    "RFC 5280, section 6",
)
WRONG_NAME = FindingSpec(
    "gateway.primary-name",
    Severity.WARNING,
    "the primary's certificate has another name",
    "{endpoint} serves the certificate of {subject}, which is not made for {host}.",
    "A gateway that compares the name ends the connection.",
    "Dial the primary by a name that its certificate has, or get one with this name.",
    "RFC 9525",
)
NOT_TAKEN = FindingSpec(
    "gateway.not-accepted",
    Severity.WARNING,
    "the primary does not accept this gateway's certificate",
    "{endpoint} ends the connection when it sees this gateway's certificate: {reason}.",
    "The gateway stays offline until the primary trusts its authority.",
    "Import the root at the primary, and upload the CA certificates in the portal.",
    "manual, Account setup",
)
SPECS = (SILENT, NOT_SET_UP, NOT_BELIEVED, WRONG_NAME, NOT_TAKEN)


def look_at_primary(inputs: PlanInputs, chain: Chain, trust: PrimaryTrust) -> list[Line]:
    """Dial the primary as the gateway will, and say what came of it.

    Args:
        inputs: names the primary.
        chain: of this gateway, shown when the primary asks.
        trust: what the gateway will trust it by; without anchors the roots of its Java, or of this system.
    """
    primary = inputs.answers.primary
    if not primary.host:
        return [Line("The primary was not looked at: primary.host is not given.", Tone.FAINT)]
    if trust.anchors:
        roots, anchors = TrustSet(trust.anchors), ", ".join(short(anchor) for anchor in trust.anchors)
    elif shipped := cacerts_of(inputs.machine):
        roots, anchors = TrustSet(shipped), "the roots of the product's Java"
    else:
        roots, anchors = system_roots(), "the roots of this system"
    try:
        seen = probe(
            primary.host,
            primary.port,
            servername=primary.host,
            client=_identity(chain),
            timeout_s=LOOK_TIMEOUT_S,
            trust={"planned": roots} if len(roots) else {},
        )
    except WizardError as error:
        return [Line(f"The primary was not looked at: {error.message} [{error.code}]", Tone.FAINT)]
    findings = list(_findings(seen, anchors))
    return [*_good(seen, anchors), *finding_lines(findings)]


def _identity(chain: Chain) -> ClientIdentity | None:
    if chain.leaf is None or chain.key is None:
        return None
    return ClientIdentity(chain.leaf, chain.key, chain.intermediates)


def _good(seen: ProbeResult, anchors: str) -> list[Line]:
    if seen.leaf is None:
        return []
    result = [Line(f"The primary answers at {printable(seen.endpoint)}.", Tone.GOOD)]
    verdict = seen.trust.get("planned")
    if verdict is not None and verdict.ok:
        result.append(Line(f"What it serves is trusted by {anchors}.", Tone.GOOD))
    if seen.name_matches and not seen.fallback:
        result.append(Line(f"Its certificate is made for {printable(seen.name)}.", Tone.GOOD))
    if seen.client_certificate == "accepted":
        result.append(Line("It accepts the certificate of this gateway.", Tone.GOOD))
    return result


def _findings(seen: ProbeResult, anchors: str) -> Iterator[Finding]:
    where = Locator("endpoint", endpoint=seen.endpoint)
    facts = {"endpoint": seen.endpoint, "host": seen.name, "anchors": anchors}
    if seen.leaf is None:
        yield Finding(SILENT, where, {**facts, "reason": seen.detail or seen.error or "no certificate came"})
        return
    verdict = seen.trust.get("planned")
    if seen.fallback:
        yield Finding(NOT_SET_UP, where, facts)
    elif verdict is not None and not verdict.ok:
        yield Finding(NOT_BELIEVED, where, {**facts, "reason": verdict.reason})
    if not seen.fallback and seen.name_matches is False:
        yield Finding(WRONG_NAME, where, {**facts, "subject": subject(seen.leaf)})
    if seen.client_certificate == "rejected":
        yield Finding(NOT_TAKEN, where, {**facts, "reason": seen.detail or "it gives no reason"})
