"""A chain for its role: what is missing, signatures, path lengths, constraints of names, dates, usages, the root."""

import tomllib
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import cache
from ipaddress import ip_address
from itertools import pairwise
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import NameOID

from wizard import codes
from wizard.certificates import fields, hostnames, names, raw
from wizard.certificates.chain import signed_by
from wizard.certificates.formats.der import DerError
from wizard.certificates.model import Certificate, Role
from wizard.certificates.raw import ADDRESS, DIRECTORY, DNS, MAIL, NAME_KINDS, REGISTERED, URI, RawName
from wizard.certificates.rules.certificate import Context, listed, on, on_chain
from wizard.findings import Finding
from wizard.package_data import read_text
from wizard.printable import printable

OPENSSL_LIMIT = 1 << 20
"""Names times subtrees of one CA; beyond, OpenSSL refuses the chain."""
MOST_LABELS = 127
"""Labels of a DNS name (RFC 1035)."""
MOST_MASKS = 1_000
"""Different network masks in one extension; real ones have a handful."""


class _Trees:
    """The subtrees of one side, indexed, so that a name costs the same whatever their number."""

    def __init__(self, trees: tuple[RawName, ...]) -> None:
        self.kinds = {tree.tag for tree in trees}
        self.texts = {(tree.tag, tree.content.lower()) for tree in trees}
        self.directories: set[tuple[bytes, ...]] = set()
        self.networks: dict[tuple[int, int], set[int]] = {}
        self.unclear = set[int]()
        for tree in trees:
            if tree.tag == DIRECTORY:
                try:
                    self.directories.add(tuple(raw.relative_names(tree.content)))
                except DerError:
                    self.unclear.add(DIRECTORY)
            elif tree.tag == ADDRESS:
                half = len(tree.content) // 2
                net, mask = tree.content[:half], int.from_bytes(tree.content[half:])
                self.networks.setdefault((half, mask), set()).add(int.from_bytes(net) & mask)
        if len(self.networks) > MOST_MASKS:
            self.unclear.add(ADDRESS)

    def cover(self, entry: RawName) -> bool | None:
        """Whether *entry* lies in one of them; None where Java cannot tell and refuses the chain."""
        tag, mine = entry.tag, entry.content.lower()
        if tag in self.unclear:
            return None
        if tag == DNS:
            # An empty subtree means every name; Java 21 and newer crash on it, older Java takes nothing for part of it.
            return None if (DNS, b"") in self.texts else self.cover_without_dot(entry) or self._below(DNS, mine, b".")
        if tag == ADDRESS:
            value, size = int.from_bytes(entry.content), len(entry.content)
            found = any(value & mask in nets for (half, mask), nets in self.networks.items() if half == size)
            return found or (ADDRESS, mine) in self.texts
        if tag == MAIL:
            host = mine.rpartition(b"@")[2]
            return (MAIL, mine) in self.texts or (MAIL, host) in self.texts or self._below(MAIL, host, b".")
        if tag == URI:
            found_host = _host(mine)
            return ((URI, found_host) in self.texts or self._below(URI, found_host, b".")) if found_host else None
        if tag == DIRECTORY:
            try:
                parts = raw.relative_names(entry.content)
            except DerError:
                return None
            return any(tuple(parts[:count]) in self.directories for count in range(len(parts) + 1))
        return True if tag == REGISTERED and (tag, mine) in self.texts else None

    def cover_without_dot(self, entry: RawName) -> bool:
        """Whether a DNS name lies in a subtree that has no dot in front."""
        mine = entry.content.lower()
        return (DNS, mine) in self.texts or self._below(DNS, mine, b"")

    def _below(self, tag: int, name: bytes, dot: bytes) -> bool:
        labels = name.split(b".", MOST_LABELS)
        return any((tag, dot + b".".join(labels[start:])) in self.texts for start in range(1, len(labels)))


class _Limits(NamedTuple):
    permitted: _Trees
    excluded: _Trees
    number: int

    def allow(self, entry: RawName) -> bool:
        """Outside every excluded subtree, and inside one that is permitted of its kind."""
        if entry.tag in self.excluded.kinds and self.excluded.cover(entry) is not False:
            return False
        return entry.tag not in self.permitted.kinds or self.permitted.cover(entry) is True


def name_constraints(context: Context) -> Iterator[Finding]:
    """Hold the names of each certificate against the constraints of every CA above it."""
    chain = context.chain
    path = chain.certificates
    carried: dict[int, list[RawName]] = {}
    for place, issuer in enumerate(path):
        found = fields.raw_extension(issuer, x509.NameConstraints)
        if found is None or chain.leaf is None:
            continue
        is_root = issuer is chain.root
        try:
            permitted, excluded, with_distance = raw.name_constraints(found.value)
        except DerError:
            continue
        if with_distance and not is_root:
            yield on(issuer, codes.SUBTREES_DISTANCE)
        limits = _Limits(_Trees(permitted), _Trees(excluded), len(permitted) + len(excluded))
        for below in range(place):
            # RFC 5280, 6.1.4 (b): an intermediate with the name of its own issuer is exempt.
            if below and fields.self_issued(path[below]):
                continue
            if below not in carried:
                carried[below] = _names(path[below])
            yield from _against(path[below], carried[below], issuer, limits, is_root=is_root)


def _against(
    certificate: Certificate, carried: list[RawName], issuer: Certificate, limits: _Limits, *, is_root: bool
) -> Iterator[Finding]:
    above = names.short(issuer)
    subject = fields.parsed(certificate).subject
    count = len(fields.raw_names(certificate)) + len(list(subject or ()))
    if count * limits.number > OPENSSL_LIMIT:
        yield on(certificate, codes.SUBTREES_TOO_MANY, count=count, trees=limits.number, issuer=above)
    outside = [entry for entry in carried if not limits.allow(entry)]
    if outside:
        more = f", and {len(outside) - 1} more like it" if len(outside) > 1 else ""
        spec = codes.SUBTREES_ROOT_VIOLATED if is_root else codes.SUBTREES_VIOLATED
        yield on(certificate, spec, entry=shown(outside[0]), issuer=above, more=more)
        return
    if DNS in limits.permitted.kinds and not is_root:
        dotted = [each for each in carried if each.tag == DNS and not limits.permitted.cover_without_dot(each)]
        if dotted:
            yield on(certificate, codes.SUBTREES_LEADING_DOT, entry=shown(dotted[0]), issuer=above)
            return
    hidden = next((entry for entry in _only_openssl(certificate, carried) if not limits.allow(entry)), None)
    if hidden is not None:
        yield on(certificate, codes.SUBTREES_OPENSSL_REFUSES, entry=shown(hidden), issuer=above)


def _names(certificate: Certificate) -> list[RawName]:
    """What Java compares: the subject and the alternative names, or e-mail addresses in the subject without those."""
    subject = raw.fields(certificate.der).subject
    found = [RawName(DIRECTORY, subject)] if subject != b"\x30\x00" else []
    alternative = fields.raw_names(certificate)
    return [*found, *(alternative or _in_subject(certificate, NameOID.EMAIL_ADDRESS, MAIL))]


def _only_openssl(certificate: Certificate, carried: list[RawName]) -> Iterator[RawName]:
    """What OpenSSL compares besides: e-mail addresses in the subject, and host names there without a DNS name."""
    yield from _in_subject(certificate, NameOID.EMAIL_ADDRESS, MAIL)
    if not any(each.tag == DNS for each in carried):
        yield from (each for each in _in_subject(certificate, NameOID.COMMON_NAME, DNS) if b" " not in each.content)


def _in_subject(certificate: Certificate, kind: x509.ObjectIdentifier, tag: int) -> list[RawName]:
    name = fields.parsed(certificate).subject
    found = name.get_attributes_for_oid(kind) if name is not None else []
    return [RawName(tag, str(each.value).encode()) for each in found]


def _host(uri: bytes) -> bytes:
    try:
        return (urlsplit(uri.decode("latin-1")).hostname or "").encode("latin-1")
    except ValueError:
        return b""


def shown(entry: RawName) -> str:
    """*entry* for people."""
    text = entry.content.hex()
    if entry.tag in {DNS, MAIL, URI}:
        text = entry.content.decode(errors="replace")
    else:
        with suppress(ValueError):
            named = entry.tag == DIRECTORY
            text = names.readable(x509.Name.from_bytes(entry.content)) if named else str(ip_address(entry.content))
    return f"the {NAME_KINDS.get(entry.tag, 'name')} {text}"


MOST_OTHERS = 3
MOST_SENT, MOST_SENT_BY_CLIENT = 10, 8
"""Most certificates that Java accepts from a server, and that Java 25 accepts from a client (older: 10)."""


def completeness(context: Context) -> Iterator[Finding]:
    """Look for what is missing and what is too much."""
    chain = context.chain
    if chain.leaf is None and context.role is not None:
        yield on_chain(chain, codes.CHAIN_NO_LEAF)
    if chain.missing_issuer is not None and not chain.cut:
        yield _incomplete(context)
    elif chain.leaf is not None and not chain.authorities and not chain.cut:
        yield on(chain.leaf, codes.CHAIN_SELF_SIGNED_LEAF)
    limit = MOST_SENT_BY_CLIENT if context.role in {Role.GATEWAY, Role.CLIENT} else MOST_SENT
    count = len(chain.certificates)
    if chain.cut == "ring":
        yield on_chain(
            chain, codes.CHAIN_RING, others=listed([names.short(each) for each in chain.authorities], MOST_OTHERS)
        )
    elif count > limit:
        yield on_chain(chain, codes.CHAIN_TOO_LONG, count=f"{count} or more" if chain.cut else count, limit=limit)
    if chain.extra:
        others = ", ".join(names.short(each) for each in chain.extra[:MOST_OTHERS])
        yield on_chain(chain, codes.CHAIN_EXTRA, count=len(chain.extra), others=others)
    taken = {names.subject(each): each for each in chain.authorities}
    beside: dict[str, dict[Certificate, str]] = {}
    for rejected in chain.rejected:
        name = names.subject(rejected.candidate)
        if name in taken and rejected.candidate != taken[name]:
            beside.setdefault(name, {}).setdefault(rejected.candidate, rejected.reason)
    for name, found in beside.items():
        first, reason = next(iter(found.items()))
        more = f"; {len(found) - 1} more certificates have it, too" if len(found) > 1 else ""
        yield on(first, codes.CHAIN_NAMESAKE, issuer=names.short(taken[name]), reason=f"{reason}{more}")


def _incomplete(context: Context) -> Finding:
    chain = context.chain
    top = chain.certificates[-1]
    near = next((each for each in chain.rejected if names.subject(each.candidate) == chain.missing_issuer), None)
    url = next(iter(fields.issuer_urls(top)), "")
    return on(
        top,
        codes.CHAIN_INCOMPLETE,
        missing=chain.missing_issuer or "",
        key_id=f" (key id {chain.missing_key_id})" if chain.missing_key_id else "",
        near=f"; one of that name is not it: {near.reason}" if near else "",
        url=f", or fetch it from {url}" if url else "",
    )


def signature(context: Context) -> Iterator[Finding]:
    """Verify each certificate against the next one up."""
    for lower, upper in pairwise(context.chain.certificates):
        verified = signed_by(lower, upper)
        if verified is None:
            yield on(lower, codes.SIGNATURE_NOT_VERIFIED, algorithm=fields.signature_label(lower))
        elif not verified:
            yield on(lower, codes.SIGNATURE_BROKEN, issuer=names.short(upper))
        wanted, found = fields.authority_key_id(lower), fields.subject_key_id(upper)
        if wanted and found and wanted != found:
            ids = {"wanted": wanted.hex(), "found": found.hex()}
            yield on(lower, codes.SIGNATURE_KEY_ID_DIFFERS, issuer=names.short(upper), **ids)
        number = fields.authority_serial(lower)
        if number is not None and number != fields.serial(upper):
            shown = {"wanted": f"{number:x}", "found": f"{fields.serial(upper):x}"}
            yield on(lower, codes.SIGNATURE_ISSUER_SERIAL_DIFFERS, issuer=names.short(upper), **shown)
    root = context.chain.root
    own = fields.subject_key_id(root) if root is not None else None
    if root is not None and (
        fields.authority_key_id(root) not in {None, own}
        or fields.authority_serial(root) not in {None, fields.serial(root)}
    ):
        yield on(root, codes.SIGNATURE_ROOT_NAMES_ANOTHER_ISSUER)


def basic_constraints(context: Context) -> Iterator[Finding]:
    """Count CA certificates below each limit; self-issued ones do not count (RFC 5280, 6.1.4 (l))."""
    chain = context.chain
    if chain.leaf is not None and fields.is_ca(chain.leaf):
        yield on(chain.leaf, codes.CONSTRAINTS_LEAF_IS_CA)
    below = 0
    lower = chain.leaf
    for certificate in chain.authorities:
        allowed = fields.path_length(certificate)
        if allowed is not None and below > allowed:
            spec = codes.CONSTRAINTS_ROOT_PATH_LENGTH if certificate is chain.root else codes.CONSTRAINTS_PATH_LENGTH
            yield on(certificate, spec, allowed=allowed, found=below, below=names.short(lower) if lower else "")
        below += not fields.self_issued(certificate)
        lower = certificate
    if chain.root is not None and not fields.is_ca(chain.root):
        old = fields.is_version_1(chain.root)
        yield on(chain.root, codes.CONSTRAINTS_ROOT_WITHOUT_CONSTRAINTS if old else codes.CONSTRAINTS_ROOT_NOT_CA)


@cache
def calendar() -> dict[str, Any]:
    """The dates of public CAs that came with this version of the wizard (`data/public_ca.toml`)."""
    return tomllib.loads(read_text("wizard.certificates", "data/public_ca.toml"))


def lifetime(issued: date) -> dict[str, Any] | None:
    """From when on how many days a public certificate issued on that day may live; None before there was a limit."""
    return next((each for each in reversed(calendar()["lifetime"]) if issued >= each["from"]), None)


def client_auth_end(issuer: str) -> dict[str, Any]:
    """When the CA whose name is part of *issuer* stops putting clientAuth into new certificates."""
    entries: list[dict[str, Any]] = calendar()["client-auth"]
    return next(each for each in entries if each["organization"].lower() in issuer.lower())


def public_ca(context: Context) -> Iterator[Finding]:
    """Private PKIs are not bound by the ballot, so only chains under public roots are checked."""
    leaf = context.chain.leaf
    if leaf is None or not context.is_public:
        return
    issued, ends = fields.not_before(leaf), fields.not_after(leaf)
    days = (ends - issued).days
    limit, following = lifetime(issued.date()), lifetime(ends.date())
    if limit is not None and days > limit["days"]:
        start = f"{limit['from']:%Y-%m-%d}"
        yield on(leaf, codes.LIFETIME_BEYOND_PUBLIC, days=days, limit=limit["days"], start=start)
    if limit is not None and following is not None and following["days"] < limit["days"]:
        yield on(leaf, codes.LIFETIME_RENEWAL_IS_SHORTER, date=f"{ends:%Y-%m-%d}", limit=following["days"])


def unclear_root(context: Context) -> Iterator[Finding]:
    """Ask the operator where it is needed."""
    root = context.chain.root
    if root is not None and root.sha256 in context.unclear_roots:
        yield on(root, codes.ROOT_PUBLIC_OR_PRIVATE, sha256=root.sha256)


MOST_NAMES = 5


def private_key(context: Context) -> Iterator[Finding]:
    """Check whether the leaf can be used."""
    chain = context.chain
    if chain.leaf is None:
        return
    if chain.key_matches is False:
        yield on(chain.leaf, codes.KEY_MISMATCH)
    elif chain.key_matches is None and context.role is not None:
        yield on(chain.leaf, codes.KEY_CLIENT_ELSEWHERE if context.role is Role.CLIENT else codes.KEY_MISSING)


def hostname(context: Context) -> Iterator[Finding]:
    """Compare the leaf's names with the host."""
    leaf = context.chain.leaf
    if leaf is None or (context.role is None and context.host is None):
        return
    found = [*fields.dns_names(leaf), *map(str, fields.addresses(leaf))]
    hosts = [printable(name, limit=80) for name in found]
    # A server does not check a client's name.
    if not hosts and context.role is not Role.CLIENT:
        yield on(leaf, codes.NAME_NO_SAN)
    shown = listed(hosts, MOST_NAMES)
    as_server = context.role in {Role.PRIMARY, None}
    reason = hostnames.refused(context.host) if context.host is not None and as_server else ""
    if context.host is not None and reason:
        yield on(leaf, codes.NAME_JAVA_REFUSES, host=context.host, reason=reason)
    elif context.host is not None and hosts and not fields.matches(leaf, context.host):
        spec = codes.NAME_WRONG_HOST if as_server else codes.NAME_OTHER_HOST
        odd = hostnames.difference(context.host, fields.dns_names(leaf))
        kind = "IP" if hostnames.address(context.host) is not None else "DNS"
        yield on(leaf, spec, found=shown, host=context.host, difference=odd or f"is for {shown}", type=kind)
    stars = [name for name in hosts if name.startswith("*")]
    if stars:
        yield on(leaf, codes.NAME_WILDCARD, found=", ".join(stars[:MOST_NAMES]))


def usage(context: Context) -> Iterator[Finding]:
    """Compare extended key usage and key usage with what the role needs."""
    yield from _extended_key_usage(context)
    yield from _key_usage(context)


def _extended_key_usage(context: Context) -> Iterator[Finding]:
    """Compare extended key usage with what the role needs."""
    leaf = context.chain.leaf
    if leaf is None or context.role is None:
        return
    server = context.role is Role.PRIMARY
    wanted = fields.SERVER_AUTH if server else fields.CLIENT_AUTH
    found = fields.usages(leaf)
    if found is None:
        yield on(leaf, codes.USAGE_NONE)
    elif wanted not in found and fields.ANY_USAGE in found:
        yield on(leaf, codes.USAGE_ANY, wanted=fields.USAGE_NAMES[wanted])
    elif wanted not in found:
        spec = codes.USAGE_NO_SERVER_AUTH if server else codes.USAGE_NO_CLIENT_AUTH
        yield on(leaf, spec, found=_words(fields.usage_names(leaf)))
    elif not server and context.is_public:
        end = client_auth_end(names.issuer(leaf))
        ca, gone = end["organization"] or "public CAs", f"{end['gone']:%Y-%m-%d}"
        yield on(leaf, codes.USAGE_PUBLIC_CA_DROPS_CLIENT_AUTH, ca=ca, gone=gone)
    for certificate in context.chain.authorities:
        limits = fields.usages(certificate)
        if limits is not None and wanted not in limits:
            found_names = _words(fields.usage_names(certificate))
            yield on(certificate, codes.USAGE_CA_NARROW, found=found_names, wanted=fields.USAGE_NAMES[wanted])


def _words(found: list[str] | None) -> str:
    return ", ".join(found or []) or "nothing"


def _key_usage(context: Context) -> Iterator[Finding]:
    """Look at the key usage of every certificate that has the extension."""
    chain = context.chain
    for certificate in chain.certificates:
        found = fields.extension(certificate, x509.KeyUsage)
        if found is None:
            continue
        if certificate is chain.leaf:
            if not found.digital_signature:
                yield on(certificate, codes.KEY_USAGE_NO_DIGITAL_SIGNATURE)
        elif not found.key_cert_sign:
            yield on(certificate, codes.KEY_USAGE_CA_CANNOT_SIGN)


def revocation(context: Context) -> Iterator[Finding]:
    """Only when OCSP is wanted: every certificate below the root needs a responder."""
    chain = context.chain
    for certificate in (chain.leaf, *chain.intermediates) if context.ocsp_wanted else ():
        if certificate is not None and not fields.responders(certificate):
            yield on(certificate, codes.OCSP_NO_RESPONDER)


SOON = timedelta(days=30)
CLOCK_FLOOR = datetime(2026, 11, 1, tzinfo=UTC)
"""This version did not exist before; a clock that shows less is wrong."""


def validity(context: Context) -> Iterator[Finding]:
    """Check the dates of each certificate at `context.now`."""
    chain, now = context.chain, context.now
    if now < CLOCK_FLOOR:
        yield on_chain(chain, codes.VALIDITY_CLOCK_BEHIND, now=f"{now:%Y-%m-%d %H:%M} UTC")
    for certificate in chain.certificates:
        start, end = fields.not_before(certificate), fields.not_after(certificate)
        left = _facts(end, end - now)
        is_leaf = certificate is chain.leaf
        if certificate is chain.root and not start <= now <= end:
            dates = {"start": f"{start:%Y-%m-%d}", "date": f"{end:%Y-%m-%d}"}
            yield on(certificate, codes.VALIDITY_ROOT_OUTSIDE_DATES, **dates)
        elif now > end:
            spec = codes.VALIDITY_LEAF_EXPIRED if is_leaf else codes.VALIDITY_INTERMEDIATE_EXPIRED
            yield on(certificate, spec, **_facts(end, now - end))
        elif now < start:
            spec = codes.VALIDITY_LEAF_NOT_YET_VALID if is_leaf else codes.VALIDITY_INTERMEDIATE_NOT_YET_VALID
            yield on(certificate, spec, **_facts(start, start - now))
        elif end - now <= SOON:
            yield on(certificate, codes.VALIDITY_EXPIRES_SOON, **left)
        elif is_leaf:
            yield on(certificate, codes.VALIDITY_DAYS_LEFT, **left)
    if chain.leaf is not None:
        last = fields.not_after(chain.leaf)
        for issuer in chain.authorities:
            if now < fields.not_after(issuer) < last:
                dates = {"date": f"{fields.not_after(issuer):%Y-%m-%d}", "leaf_date": f"{last:%Y-%m-%d}"}
                yield on(issuer, codes.VALIDITY_ISSUER_EXPIRES_FIRST, **dates, leaf=names.short(chain.leaf))


def _facts(moment: datetime, span: timedelta) -> dict[str, str | int]:
    """Facts for a message: the date, the whole days to or since it, and the span in words (hours below one day)."""
    days, hours = span.days, span.seconds // 3600
    words = f"{days} day{'' if days == 1 else 's'}" if days else f"{hours} hour{'' if hours == 1 else 's'}"
    return {"date": f"{moment:%Y-%m-%d}", "days": days, "span": words}
