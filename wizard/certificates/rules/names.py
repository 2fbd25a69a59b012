"""Host names that must be covered, and name constraints; judged as Java judges them, which is measured."""

from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.x509.oid import NameOID

from wizard import codes
from wizard.certificates import fields, hostnames, names, raw
from wizard.certificates.formats.der import DerError
from wizard.certificates.model import Certificate, Role
from wizard.certificates.raw import ADDRESS, DIRECTORY, DNS, MAIL, NAME_KINDS, REGISTERED, URI, RawName
from wizard.certificates.rules.context import Context, on
from wizard.findings import Finding
from wizard.printable import printable

MOST_NAMES = 5


def check_hostname(context: Context) -> Iterator[Finding]:
    """Compare the leaf's names with the host."""
    leaf = context.chain.leaf
    if leaf is None or (context.role is None and context.host is None):
        return
    found = [*fields.dns_names(leaf), *map(str, fields.addresses(leaf))]
    hosts = [printable(name, limit=80) for name in found]
    # A server does not check_hostname a client's name.
    if not hosts and context.role is not Role.CLIENT:
        yield on(leaf, codes.NAME_NO_SAN)
    shown = ", ".join(hosts[:MOST_NAMES]) + (f" and {len(hosts) - MOST_NAMES} more" if len(hosts) > MOST_NAMES else "")
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


def check_name_constraints(context: Context) -> Iterator[Finding]:
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
    subject = fields.subject_name(certificate)
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
    try:
        subject = raw.fields(certificate.der).subject
    except DerError:
        return []
    found = [RawName(DIRECTORY, subject)] if subject != b"\x30\x00" else []
    alternative = fields.raw_names(certificate)
    return [*found, *(alternative or _in_subject(certificate, NameOID.EMAIL_ADDRESS, MAIL))]


def _only_openssl(certificate: Certificate, carried: list[RawName]) -> Iterator[RawName]:
    """What OpenSSL compares besides: e-mail addresses in the subject, and host names there without a DNS name."""
    yield from _in_subject(certificate, NameOID.EMAIL_ADDRESS, MAIL)
    if not any(each.tag == DNS for each in carried):
        yield from (each for each in _in_subject(certificate, NameOID.COMMON_NAME, DNS) if b" " not in each.content)


def _in_subject(certificate: Certificate, kind: x509.ObjectIdentifier, tag: int) -> list[RawName]:
    name = fields.subject_name(certificate)
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
            text = (
                names.readable(x509.Name.from_bytes(entry.content))
                if entry.tag == DIRECTORY
                else str(ip_address(entry.content))
            )
    return f"the {NAME_KINDS.get(entry.tag, 'name')} {text}"
