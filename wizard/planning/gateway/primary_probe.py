"""The primary as this gateway sees it: by which roots it is trusted, whether it answers and accepts this gateway.

The result is reported and never a reason to refuse: gateways are often set up before their primary.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wizard import codes
from wizard.certificates.chain import assemble
from wizard.certificates.model import Certificate, Chain
from wizard.certificates.names import short, subject
from wizard.certificates.rules.certificate import on
from wizard.errors import WizardError
from wizard.findings import Finding, Locator
from wizard.host.machine import now_utc
from wizard.planning.inputs import PlanInputs
from wizard.planning.judge import Reading, read_all, roots_of
from wizard.planning.primary.plan import LOOK_TIMEOUT_S
from wizard.printable import endpoint, printable
from wizard.probing.probe import ClientIdentity, ProbeResult, TrustSet, probe
from wizard.probing.trust import system_roots
from wizard.questions.answers import ImportRoot
from wizard.reports.lines import Line, Tone


def look_at_primary(
    inputs: PlanInputs, chain: Chain, trusted: Sequence[Certificate]
) -> tuple[list[Line], list[Finding]]:
    """Connect to the primary as the gateway will; what is good in lines, and the findings.

    Args:
        inputs: names the primary.
        chain: of this gateway, shown when the primary asks.
        trusted: what the gateway will trust it by; without any the roots of its Java, or of this system.
    """
    primary = inputs.answers.primary
    if not primary.host:
        return [Line("The primary was not probed: primary.host is not given.", Tone.FAINT)], []
    if trusted:
        roots, anchors = TrustSet(tuple(trusted)), ", ".join(short(anchor) for anchor in trusted)
    elif shipped := inputs.seen.anchors:
        roots, anchors = TrustSet(shipped), "the roots of the product's Java"
    else:
        roots, anchors = system_roots(), "the roots of this system"
    try:
        seen = probe(
            primary.host,
            primary.port,
            servername=primary.host,
            client=identity(chain),
            timeout_s=LOOK_TIMEOUT_S,
            trust={"planned": roots} if len(roots) else {},
        )
    except WizardError as error:
        where = endpoint(primary.host, primary.port)
        facts = {"endpoint": where, "reason": error.message.rstrip(".")}
        return [], [Finding(codes.GATEWAY_PRIMARY_SILENT, Locator("endpoint", endpoint=where), facts)]
    return _good(seen, anchors), list(_findings(seen, anchors))


def identity(chain: Chain) -> ClientIdentity | None:
    """What a gateway with *chain* shows to the primary; None without its key."""
    if chain.leaf is None or chain.key is None:
        return None
    return ClientIdentity(chain.leaf, chain.key, chain.intermediates)


def _good(seen: ProbeResult, anchors: str) -> list[Line]:
    if seen.leaf is None:
        return []
    result = [Line(f"The primary answers at {printable(seen.endpoint)}.", Tone.GOOD)]
    verdict = seen.trust.get("planned")
    if verdict is not None and verdict.ok:
        result.append(Line(f"Its certificate is trusted by {anchors}.", Tone.GOOD))
    if seen.name_matches and not seen.fallback:
        result.append(Line(f"Its certificate is made for {printable(seen.name)}.", Tone.GOOD))
    if seen.client_certificate == "accepted":
        result.append(Line("It accepts the certificate of this gateway.", Tone.GOOD))
    return result


def _findings(seen: ProbeResult, anchors: str) -> Iterator[Finding]:
    where = Locator("endpoint", endpoint=seen.endpoint)
    facts = {"endpoint": seen.endpoint, "host": seen.name, "anchors": anchors}
    if seen.leaf is None:
        yield Finding(
            codes.GATEWAY_PRIMARY_SILENT,
            where,
            {**facts, "reason": seen.detail or seen.error or "no certificate was presented"},
        )
        return
    verdict = seen.trust.get("planned")
    if seen.fallback:
        yield Finding(codes.GATEWAY_PRIMARY_NOT_SET_UP, where, facts)
    elif verdict is not None and not verdict.ok:
        yield Finding(codes.GATEWAY_PRIMARY_NOT_TRUSTED, where, {**facts, "reason": verdict.reason})
    if not seen.fallback and seen.name_matches is False:
        yield Finding(codes.GATEWAY_PRIMARY_NAME, where, {**facts, "subject": subject(seen.leaf)})
    if seen.client_certificate == "rejected":
        yield Finding(codes.GATEWAY_NOT_ACCEPTED, where, {**facts, "reason": seen.detail or "it gives no reason"})


# -- by which roots it is trusted ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PrimaryTrust:
    """The trust anchors for the primary.

    Attributes:
        anchors: what goes into the trust store; empty when none is needed.
        public: public roots that every Java brings; a trust store that is there already lacks them.
        findings: about the files that they are from.
    """

    anchors: tuple[Certificate, ...] = ()
    public: tuple[Certificate, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def chain(self) -> Chain | None:
        """The first anchor as the end of a chain whose leaf is not here; None when none is needed."""
        return Chain(None, root=self.anchors[0]) if self.anchors else None


def primary_trust(inputs: PlanInputs) -> PrimaryTrust:
    """The anchors that the answers of *inputs* lead to: none for a public root, unless it is asked for.

    Raises:
        WizardError: `gateway.no-anchor`; the files cannot be read.
    """
    primary = inputs.answers.primary
    if primary.import_root is ImportRoot.NO:
        return PrimaryTrust()
    if primary.chain:
        found = _from_files(inputs)
    else:
        root = inputs.judged("gateway.0").chain.root
        found = PrimaryTrust((root,) if root is not None else ())
    if not found.anchors:
        files = " ".join(primary.chain) or "the chain of this gateway"
        raise WizardError(codes.GATEWAY_NO_ANCHOR, subject="primary.chain", files=files)
    roots = roots_of(inputs.seen, inputs.answers)
    if primary.import_root is ImportRoot.YES:
        return found
    if all(anchor.sha256 in roots.public for anchor in found.anchors):
        return PrimaryTrust((), found.anchors, found.findings)
    unclear = [
        on(anchor, codes.ROOT_PUBLIC_OR_PRIVATE, sha256=anchor.sha256)
        for anchor in found.anchors
        if anchor.sha256 in roots.unclear
    ]
    return PrimaryTrust(found.anchors, (), (*found.findings, *unclear))


def _from_files(inputs: PlanInputs) -> PrimaryTrust:
    how = Reading(
        inputs.base,
        lambda: inputs.secret("primary.password") or inputs.secret("gateway.0.password"),
        pasted=inputs.pasted,
    )
    bundles, _ = read_all(inputs.answers.primary.chain, how)
    roots = [chain.root for chain in assemble(bundles, now=now_utc()) if chain.root is not None]
    keys = [bundle.name for bundle in bundles if bundle.keys]
    findings = [Finding(codes.GATEWAY_PRIMARY_KEY_HERE, Locator("file", name), {"path": name}) for name in keys]
    return PrimaryTrust(tuple(dict.fromkeys(roots)), (), tuple(findings))
