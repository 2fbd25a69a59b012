"""Fetching a missing issuer from the address that a certificate names, only when the operator asked for it."""

from collections.abc import Sequence
from datetime import datetime

from wizard.certificates import fields, names
from wizard.certificates.chain import assemble
from wizard.certificates.model import Bundle, Certificate, Chain
from wizard.certificates.reading import read
from wizard.errors import WizardError
from wizard.findings import Finding, FindingSpec, Locator, Severity
from wizard.printable import printable
from wizard.probing.fetching import NotFetchedError, fetch

MOST_BYTES = 256 * 1024
"""The longest answer that is read: an issuer, or a PKCS #7 bundle of a few."""
MOST_STEPS = 5
"""Issuers fetched one above the other."""

NOT_FETCHED = FindingSpec(
    "aia.not-fetched",
    Severity.WARNING,
    "A missing issuer could not be fetched",
    "The issuer of {name} was looked for at {url}: {reason}.",
    "The chain stays incomplete.",
    "Ask the PKI team for the certificate of {missing}.",
    "RFC 5280, 4.2.2.1",
)
SPECS = (NOT_FETCHED,)


def fetch_issuers(
    bundles: Sequence[Bundle], chain: Chain, *, timeout_s: float = 10.0, now: datetime | None = None
) -> tuple[list[Bundle], list[Finding]]:
    """Follow the caIssuers addresses upwards from the end of *chain* until it has a root or nothing more is found.

    A fetched certificate is only evidence, not trusted for having been fetched: it must fit by name, key and signature
    like any other. Plain http alone is used, at most `MOST_BYTES` are read, and each fetch has *timeout_s* seconds.

    Returns:
        The bundles together with what was fetched, ready for `assemble`; and a finding where nothing came.
    """
    found, problems = list(bundles), []
    wanted = chain.leaf or next(iter(chain.certificates), None)
    for _step in range(MOST_STEPS):
        if wanted is None or chain.missing_issuer is None:
            break
        top = chain.certificates[-1]
        bundle = None
        for url in fields.issuer_urls(top):
            try:
                bundle = _get(url, timeout_s)
            except (NotFetchedError, WizardError) as error:
                problems.append(_problem(top, url, str(error), chain.missing_issuer))
            else:
                break
        if bundle is None:
            break
        found.append(bundle)
        longer = _same(assemble(found, now=now), wanted)
        if longer is None or len(longer.certificates) <= len(chain.certificates):
            problems.append(_problem(top, bundle.name, "what came is not the issuer", chain.missing_issuer))
            break
        chain = longer
    return found, problems


def _get(url: str, timeout_s: float) -> Bundle:
    bundle = read(fetch(url, limit=MOST_BYTES, timeout_s=timeout_s), name=url)
    if not bundle.certificates:
        raise NotFetchedError("what came holds no certificate")
    return bundle


def _same(chains: Sequence[Chain], first: Certificate) -> Chain | None:
    return next((chain for chain in chains if chain.certificates and chain.certificates[0] == first), None)


def _problem(top: Certificate, url: str, reason: str, missing: str) -> Finding:
    facts = {"name": names.short(top), "url": printable(url, limit=120), "reason": reason, "missing": missing}
    return Finding(NOT_FETCHED, Locator("certificate", path=top.origin, sha256=top.sha256), facts)
