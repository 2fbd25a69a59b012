"""What pages show of a certificate and of a chain. Loads cryptography, so only pages after the first paint load it."""

from dataclasses import dataclass
from datetime import datetime

from screens.theme import MARKS, Part, life_role
from screens.widgets import Row
from wizard.certificates import fields
from wizard.certificates.model import Certificate, Chain
from wizard.certificates.names import issuer_short, short
from wizard.findings import Finding, Severity

_MARKS = {Severity.BLOCKER: "bad", Severity.ERROR: "bad", Severity.WARNING: "warn", Severity.NOTE: "info"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a chain.

    Attributes:
        name: short.
        place: root, intermediate, certificate; with a word for the key.
        past: share of the lifetime that is over.
        days: left.
        ends: the last day.
        rows: everything else, for the detail card.
        missing: it is not among the files.
    """

    name: str
    place: str
    past: float = 0.0
    days: int = 0
    ends: str = ""
    rows: tuple[Row, ...] = ()
    missing: bool = False


def life(certificate: Certificate, now: datetime) -> tuple[float, int, str]:
    """The share of the lifetime that is over, the days left, and the last day."""
    start, end = fields.not_before(certificate), fields.not_after(certificate)
    whole = max(1.0, (end - start).total_seconds())
    return (now - start).total_seconds() / whole, (end - now).days, f"{end:%Y-%m-%d}"


def fingerprint(sha256: str) -> str:
    """In pairs, as other tools show it."""
    return ":".join(sha256[at : at + 2] for at in range(0, len(sha256), 2)).upper()


def entries(chain: Chain, now: datetime) -> list[Entry]:
    """The chain from the root down."""
    found: list[Entry] = []
    if chain.missing_issuer is not None:
        rows: tuple[Row, ...] = (
            ("Missing", [(chain.missing_issuer, "bad")]),
            ("Do", ["Ask the PKI team for this CA certificate and add its file."]),
        )
        found.append(Entry(chain.missing_issuer, "missing", rows=rows, missing=True))
    for certificate in reversed(chain.certificates):
        past, days, ends = life(certificate, now)
        place = "root" if certificate is chain.root else "intermediate"
        if certificate is chain.leaf:
            place = {True: "with key", False: "other key", None: "no key"}[chain.key_matches]
        found.append(Entry(short(certificate), place, past, days, ends, tuple(_rows(certificate, chain, now))))
    return found


def _rows(certificate: Certificate, chain: Chain, now: datetime) -> list[Row]:
    _past, days, ends = life(certificate, now)
    left = f"{days} days left" if days >= 0 else "EXPIRED"
    rows: list[Row] = [("Valid", [f"until {ends}, ", (left, life_role(days))])]
    if certificate is chain.leaf:
        rows.append(("Names", [", ".join(fields.names(certificate)) or ("none", "bad")]))
        rows.append(("Usage", [", ".join(fields.usage_names(certificate) or ["any usage"])]))
    key = fields.key_label(certificate)
    belongs = {True: "; the private key belongs to it", False: "; the private key does not match", None: ""}
    own = belongs[chain.key_matches] if certificate is chain.leaf else ""
    rows.append(("Key", [f"{key}, {fields.signature_label(certificate)}", own]))
    return [*rows, ("Issuer", [issuer_short(certificate)]), ("SHA-256", [fingerprint(certificate.sha256)])]


def finding_rows(finding: Finding) -> list[Row]:
    """A finding in full."""
    texts = {"What": finding.message, "Why": finding.why, "Do": " ".join(finding.fix.split())}
    return [*((name, [text]) for name, text in texts.items() if text), ("Code", [(finding.code, "muted")])]


def mark(finding: Finding) -> Part:
    """The mark of its severity."""
    return MARKS[_MARKS[finding.severity]]


def finding_line(finding: Finding) -> list[Part]:
    """A finding as one line."""
    return [mark(finding), finding.message]
