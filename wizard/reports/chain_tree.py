"""A chain as a tree, the root on top; every meaning is a word, none is a colour."""

from datetime import datetime

from wizard.certificates import fields, names
from wizard.certificates.model import Certificate, Chain
from wizard.printable import printable
from wizard.reports.lines import Line, Tone

ASCII_BRANCH = "`- "
UNICODE_BRANCH = "\u2514\u2500 "
MOST_NAMES = 4


def tree_lines(chain: Chain, now: datetime, *, branch: str = ASCII_BRANCH) -> list[Line]:
    """The chain from the root down to the leaf, then its key, what is missing, and who was not taken as issuer."""
    lines: list[Line] = []
    if chain.missing_issuer is not None:
        key_id = f", key id {chain.missing_key_id}" if chain.missing_key_id else ""
        lines.append(Line(f"(missing: {chain.missing_issuer}{key_id})", Tone.BAD))
    for certificate in reversed(chain.certificates):
        lead = ("   " * (len(lines) - 1) + branch) if lines else ""
        lines.append(Line(f"{lead}{names.short(certificate)}  [{_about(certificate, chain, now)}]"))
    lines += [Line(f"   not the issuer: {names.short(each.candidate)}: {each.reason}") for each in chain.rejected]
    if chain.extra:
        lines.append(Line(f"   not needed: {', '.join(names.short(each) for each in chain.extra[:MOST_NAMES])}"))
    return lines


def title(chain: Chain) -> str:
    """One line that says what the chain is: for whom, complete or not, with a key or not."""
    if chain.leaf is None:
        return "CA certificates without a certificate of a host"
    key = {True: "with private key", False: "the private key belongs to another", None: "without private key"}
    whole = "complete" if chain.complete else "incomplete" if chain.missing_issuer is not None else "self-signed"
    return f"{names.short(chain.leaf)}: {whole}, {key[chain.key_matches]}"


def _about(certificate: Certificate, chain: Chain, now: datetime) -> str:
    place = "certificate" if certificate is chain.leaf else "root" if certificate is chain.root else "intermediate"
    parts = [place, fields.key_label(certificate), dates(certificate, now)]
    if certificate is chain.leaf:
        hosts = [printable(name, limit=60) for name in fields.names(certificate)]
        more = f" and {len(hosts) - MOST_NAMES} more" if len(hosts) > MOST_NAMES else ""
        parts += [f"for {', '.join(hosts[:MOST_NAMES])}{more}" if hosts else "for no host name"]
        parts += [", ".join(fields.usage_names(certificate) or ["any usage"])]
    return "; ".join(parts)


def dates(certificate: Certificate, now: datetime) -> str:
    """Until when it is valid and how many days that is, or that it has expired or is not valid yet."""
    try:
        start, end = fields.not_before(certificate), fields.not_after(certificate)
    except fields.NOT_PARSED:
        return "dates unreadable"
    if now > end:
        return f"EXPIRED {end:%Y-%m-%d}"
    if now < start:
        return f"NOT VALID before {start:%Y-%m-%d}"
    return f"until {end:%Y-%m-%d}, {(end - now).days} days"
