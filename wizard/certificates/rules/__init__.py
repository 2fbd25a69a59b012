"""Rules: each is small and pure, and reports what Java and the other peers would accept or refuse in a chain."""

from collections.abc import Callable, Iterator
from datetime import datetime

from wizard import codes
from wizard.certificates.model import Chain, Role
from wizard.certificates.rules import certificate
from wizard.certificates.rules import chain as of_chain
from wizard.certificates.rules.certificate import Context, on_chain
from wizard.findings import Finding

Rule = Callable[[Context], Iterator[Finding]]

RULES: dict[str, Rule] = {
    "completeness": of_chain.completeness,
    "private_key": of_chain.private_key,
    "signature": of_chain.signature,
    "validity": of_chain.validity,
    "hostname": of_chain.hostname,
    "usage": of_chain.usage,
    "basic_constraints": of_chain.basic_constraints,
    "name_constraints": of_chain.name_constraints,
    "strength": certificate.strength,
    "revocation": of_chain.revocation,
    "public_ca": of_chain.public_ca,
    "unclear_root": of_chain.unclear_root,
    "encoding": certificate.encoding,
}
"""By name, in the order in which findings are reported."""


def judge(
    chain: Chain,
    *,
    role: Role | None,
    host: str | None = None,
    now: datetime,
    ocsp_wanted: bool = False,
    public_roots: frozenset[str] = frozenset(),
    unclear_roots: frozenset[str] = frozenset(),
) -> list[Finding]:
    """Apply every rule to one chain.

    Args:
        chain: as `chain.assemble` made it.
        role: what it is for; None applies only the rules that hold for any role.
        host: the name that peers connect to.
        now: the moment that dates are checked at, in UTC.
        ocsp_wanted: whether revocation will be checked by OCSP.
        public_roots: SHA-256 of the roots that every Java trusts.
        unclear_roots: SHA-256 of roots that count as private and may be public.

    Returns:
        Findings, the worst first; of equal severity in the order of the rules and from leaf to root.
    """
    context = Context(chain, role, host, now, ocsp_wanted, public_roots, unclear_roots)
    found = [finding for name, rule in RULES.items() for finding in _guarded(rule, name, context)]
    return sorted(found, key=lambda finding: -finding.severity)


def _guarded(check: Rule, name: str, context: Context) -> Iterator[Finding]:
    try:
        yield from check(context)
    except Exception as error:  # noqa: BLE001 - a rule that crashes must not take the others with it
        yield on_chain(context.chain, codes.RULES_BROKEN, rule=name, error=f"{type(error).__name__}: {error}")
