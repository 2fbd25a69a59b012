"""The trust anchors of a gateway: the roots that the operator gave, or the root of its own chain."""

from dataclasses import dataclass

from wizard import codes
from wizard.certificates.chain import assemble
from wizard.certificates.model import Certificate, Chain
from wizard.certificates.rules.certificate import on
from wizard.errors import WizardError
from wizard.findings import Finding, Locator
from wizard.host.machine import now_utc
from wizard.planning.inputs import PlanInputs
from wizard.planning.judge import Reading, read_all, roots_of
from wizard.questions.answers import ImportRoot


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
