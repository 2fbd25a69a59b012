"""The input of a rule, and how it reports."""

from dataclasses import dataclass
from datetime import datetime

from wizard.certificates import names
from wizard.certificates.model import Certificate, Chain, Role
from wizard.findings import Code, Finding, Locator


@dataclass(frozen=True, slots=True)
class Context:
    """A chain and the question that is asked about it.

    Attributes:
        chain: to be checked.
        role: what it is for; None when that is not known, and rules that need a role then keep silent.
        host: the name that peers connect to; None when it is not known.
        now: the moment, in UTC.
        ocsp_wanted: whether revocation is to be checked by OCSP.
        public_roots: SHA-256 of the roots that every Java trusts.
        unclear_roots: SHA-256 of roots that count as private and may be public (`wizard.certificates.public_roots`).
    """

    chain: Chain
    role: Role | None
    host: str | None
    now: datetime
    ocsp_wanted: bool = False
    public_roots: frozenset[str] = frozenset()
    unclear_roots: frozenset[str] = frozenset()

    @property
    def is_public(self) -> bool:
        """Whether the chain ends in a public root."""
        return self.chain.root is not None and self.chain.root.sha256 in self.public_roots


def on(certificate: Certificate, spec: Code, **facts: str | int) -> Finding:
    """A finding about one certificate; the fact `name` says which in words."""
    where = Locator("certificate", path=certificate.origin, sha256=certificate.sha256)
    return Finding(spec, where, {"name": names.short(certificate), **facts})


def on_chain(chain: Chain, spec: Code, **facts: str | int) -> Finding:
    """A finding about the whole chain, located at its leaf or else at its lowest CA certificate."""
    first = next(iter(chain.certificates), None)
    if first is None:
        return Finding(spec, Locator("chain"), {"name": "the chain", **facts})
    where = Locator("chain", path=first.origin, sha256=first.sha256)
    return Finding(spec, where, {"name": names.short(first), **facts})
