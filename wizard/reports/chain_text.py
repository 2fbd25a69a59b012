"""A chain as a few lines that can be read aloud: who issued whom, until when, and where the key is."""

from datetime import datetime

from wizard.certificates.model import Certificate, Chain
from wizard.certificates.names import short
from wizard.reports.lines import Line, Tone


def chain_lines(chain: Chain, now: datetime) -> list[Line]:
    """The chain from the leaf to the root, each line one certificate; then the key and what is missing."""
    result: list[Line] = []
    for depth, certificate in enumerate(chain.certificates):
        lead = "  " * depth + ("issued by " if depth else "")
        kind = "" if certificate is chain.leaf else ", root" if certificate is chain.root else ", intermediate"
        result.append(Line(f"{lead}{short(certificate)}{kind}, {validity(certificate, now)}"))
    if chain.missing_issuer is not None:
        result.append(
            Line(f"{'  ' * len(chain.certificates)}issued by {chain.missing_issuer}: not among the files", Tone.WARN)
        )
    key = {
        True: ("its private key is there", Tone.GOOD),
        False: ("the private key belongs to another certificate", Tone.BAD),
    }
    text, tone = (
        key.get(bool(chain.key_matches), ("", Tone.PLAIN))
        if chain.key_matches is not None
        else ("no private key", Tone.BAD)
    )
    result.append(Line(f"Key: {text}", tone))
    return result


def validity(certificate: Certificate, now: datetime) -> str:
    """`valid until 2027-11-24 (365 days)`, or that it has expired, or is not valid yet."""
    start, end = certificate.x509.not_valid_before_utc, certificate.x509.not_valid_after_utc
    if now > end:
        return f"expired {end:%Y-%m-%d}"
    if now < start:
        return f"not valid before {start:%Y-%m-%d}"
    days = (end - now).days
    return f"valid until {end:%Y-%m-%d} ({days} day{'' if days == 1 else 's'})"
