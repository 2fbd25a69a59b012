"""Rules: each is small and pure, knows its findings, and says what Java and the other peers make of a chain."""

from collections.abc import Callable, Iterator
from datetime import datetime

from wizard import codes
from wizard.certificates.model import Chain, Role
from wizard.certificates.rules.certificate import check_basic_constraints, check_encoding, check_strength, check_usage
from wizard.certificates.rules.chain import (
    check_completeness,
    check_private_key,
    check_revocation,
    check_signature,
    check_unclear_root,
)
from wizard.certificates.rules.context import Context, on_chain
from wizard.certificates.rules.names import check_hostname, check_name_constraints
from wizard.certificates.rules.validity import check_public_ca, check_validity
from wizard.findings import Finding

RULES: tuple[Callable[[Context], Iterator[Finding]], ...] = (
    check_completeness,
    check_private_key,
    check_signature,
    check_validity,
    check_hostname,
    check_usage,
    check_basic_constraints,
    check_name_constraints,
    check_strength,
    check_revocation,
    check_public_ca,
    check_unclear_root,
    check_encoding,
)
"""In the order in which findings are reported."""


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
        now: the moment that dates are judged at, in UTC.
        ocsp_wanted: whether revocation will be checked by OCSP.
        public_roots: SHA-256 of the roots that every Java trusts.
        unclear_roots: SHA-256 of roots that count as private and may be public.

    Returns:
        Findings, the worst first; of equal severity in the order of the rules and from leaf to root.
    """
    context = Context(chain, role, host, now, ocsp_wanted, public_roots, unclear_roots)
    found = [finding for rule in RULES for finding in _guarded(rule, context)]
    return sorted(found, key=lambda finding: -finding.severity)


def _guarded(check: Callable[[Context], Iterator[Finding]], context: Context) -> Iterator[Finding]:
    try:
        yield from check(context)
    except Exception as error:  # noqa: BLE001 - a rule that crashes must not take the others with it
        short = check.__name__.removeprefix("check_")
        yield on_chain(context.chain, codes.RULES_BROKEN, rule=short, error=f"{type(error).__name__}: {error}")
