"""A chain from the operator's files, judged for its role."""

from collections.abc import Callable
from pathlib import Path

from wizard.answers import Answers, ClientAnswers, GatewayAnswers, PrimaryAnswers
from wizard.certificates import look
from wizard.certificates.model import Certificate, Chain, Role
from wizard.certificates.names import short
from wizard.certificates.rules import judge
from wizard.errors import WizardError
from wizard.findings import Finding
from wizard.host import jre
from wizard.host.clock import now_utc
from wizard.host.machine import Machine
from wizard.host.secretsource import DEFAULT_STORE_PASSWORD
from wizard.nodes.loading import Loaded, load
from wizard.records import dataclass
from wizard.secret import Secret

OUR_ALIASES = ("cloudstream-", "mykey")
"""Entries in cacerts that somebody added for this product (by this wizard, by the manual's command)."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What the files hold for a role, and what the rules say of it.

    Attributes:
        loaded: the chain that is meant and what else was there.
        findings: of the rules, the worst first.
        suggested_host: the first host name in the leaf, "" when it has none.
        public: whether the root is one that every JRE brings.
    """

    loaded: Loaded
    findings: tuple[Finding, ...]
    suggested_host: str
    public: bool

    @property
    def chain(self) -> Chain:
        """The chain that is meant."""
        return self.loaded.chain


def judge_role(
    role: str, answers: Answers, base: Path, password: Callable[[], Secret | None], machine: Machine
) -> Judged:
    """Load and judge the chain for *role*; without a host in the answers, for the first name in the leaf.

    Args:
        role: `primary`, `gateway.0`, `client.1`: the table of the answers.
        answers: so far.
        base: the folder that relative paths are taken from.
        password: asked when a file turns out to be protected.
        machine: whose JRE tells the public roots.

    Raises:
        WizardError: the files cannot be read or hold no certificate of a host.
    """
    section: PrimaryAnswers | GatewayAnswers | ClientAnswers = answers.table(role)
    loaded = load(section.chain, base, password, section.host or None)
    suggested = suggested_host(loaded.chain.leaf)
    roots = public_roots(machine)
    findings = judge(
        loaded.chain,
        role=Role(role.partition(".")[0]),
        host=section.host or suggested,
        now=now_utc(),
        ocsp_wanted=answers.account.ocsp not in {"unchanged", "off"},
        public_roots=roots,
    )
    findings.sort(key=lambda finding: -finding.severity)
    root = loaded.chain.root
    return Judged(loaded, tuple(findings), suggested, root is not None and root.sha256 in roots)


def suggested_host(leaf: Certificate | None) -> str:
    """The first DNS name in the leaf that is a host's, else its common name, for the operator to confirm."""
    if leaf is None:
        return ""
    return next((name for name in look.dns_names(leaf) if "*" not in name), short(leaf))


def public_roots(machine: Machine) -> frozenset[str]:
    """Fingerprints of the roots that the product's JRE brings; empty when its store cannot be read."""
    try:
        entries = jre.cacerts_fingerprints(machine, DEFAULT_STORE_PASSWORD)
    except WizardError:
        return frozenset()
    return frozenset(sha256 for sha256, alias in entries.items() if not alias.startswith(OUR_ALIASES))
