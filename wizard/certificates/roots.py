"""Roots: the public ones, and the change from one root to another.

Every other root is private, whether it is in cacerts or not: somebody may have imported it there.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import cache

from wizard.certificates import fields
from wizard.certificates.chain import signed_by
from wizard.certificates.model import Certificate, Chain
from wizard.certificates.names import short, subject
from wizard.package_data import read_text

JDK_ALIAS = " [jdk]"
"""How builds of the JDK end the alias of each root that they bring (OpenJDK, GenerateCacerts.java)."""

OUR_ALIASES = ("cloudstream-", "mykey")
"""How the alias of a private root begins that this wizard, or the command of the manual, added to cacerts."""


@dataclass(frozen=True, slots=True)
class PublicRoots:
    """What is known of the roots of one machine, by SHA-256 fingerprint.

    Attributes:
        public: roots that every Java can be expected to trust.
        unclear: private ones that are in cacerts under another name than a JDK or this wizard gives; perhaps a public
            root that the list lacks.
    """

    public: frozenset[str]
    unclear: frozenset[str] = frozenset()


def public_roots(
    cacerts: Iterable[Certificate] = (), *, public: Collection[str] = (), private: Collection[str] = ()
) -> PublicRoots:
    """Decide for all roots at once.

    Args:
        cacerts: the trust anchors of the product's Java with their aliases.
        public: fingerprints that the operator knows to be of public roots.
        private: likewise of private roots.
    """
    aliases: dict[str, list[str]] = {}
    for anchor in cacerts:
        aliases.setdefault(anchor.sha256, []).append(anchor.alias.lower())
    brought = {sha256 for sha256, names in aliases.items() if any(name.endswith(JDK_ALIAS) for name in names)}
    ours = {sha256 for sha256, names in aliases.items() if any(name.startswith(OUR_ALIASES) for name in names)}
    known = (shipped().keys() | brought | set(public)) - set(private)
    return PublicRoots(frozenset(known), frozenset(aliases.keys() - known - ours - set(private)))


@cache
def shipped() -> dict[str, str]:
    """The list that came with this version of the wizard; `make public-roots` renews it.

    Returns:
        SHA-256 fingerprint, lower-case hex, to last day and name.
    """
    lines = read_text("wizard.certificates", "data/public_roots.txt").splitlines()
    return dict(line.split(maxsplit=1) for line in lines if not line.startswith("#"))


class Kind(StrEnum):
    """What is new besides the certificate itself."""

    SAME = "same"
    """Nothing: it is the very certificate."""
    LEAF = "leaf"
    """The certificate alone; its CAs are the same."""
    INTERMEDIATE = "intermediate"
    """At least one intermediate, or another copy of the root with the same key."""
    ROOT = "root"
    """The root."""


@dataclass(frozen=True, slots=True)
class OrderStep:
    """One step of the order.

    Attributes:
        what: to do, in words.
        earliest: the first safe moment according to the dates; None when it is safe now.
        latest: when it must be done; None when no date limits it.
    """

    what: str
    earliest: datetime | None = None
    latest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Rollover:
    """A change from one chain to another.

    Attributes:
        kind: what is new.
        begins: from when all of the new chain is valid.
        ends: until when all of the old chain is valid.
        old_name: of the old root, or of what is missing in its place.
        new_name: likewise.
        new_ends: until when all of the new chain is valid.
        old_root: the old root when it is known and goes; None otherwise.
        new_root: the new root when it is known and comes; None otherwise.
        added: CA certificates that are new.
        dropped: CA certificates that are not in the new chain any more.
    """

    kind: Kind
    begins: datetime
    ends: datetime
    old_name: str
    new_name: str
    new_ends: datetime
    old_root: Certificate | None = None
    new_root: Certificate | None = None
    added: tuple[Certificate, ...] = ()
    dropped: tuple[Certificate, ...] = ()

    @property
    def gap(self) -> bool:
        """Whether the old chain ends before the new one begins."""
        return self.ends < self.begins

    @property
    def both_end(self) -> datetime:
        """Until when both chains are valid: whichever of their certificates ends first."""
        return min(self.ends, self.new_ends)


def compare(old: Chain, new: Chain) -> Rollover | None:
    """What the change from *old* to *new* is; None when either has no leaf."""
    if old.leaf is None or new.leaf is None:
        return None
    begins = max(fields.not_before(each) for each in new.certificates)
    ends = min(fields.not_after(each) for each in old.certificates)
    new_ends = min(fields.not_after(each) for each in new.certificates)
    same_root = _same_root(old, new)
    added = _not_in(new, old, same_root=same_root)
    dropped = _not_in(old, new, same_root=same_root)
    if old.leaf == new.leaf:
        kind, added, dropped = Kind.SAME, (), ()
    elif not same_root:
        kind = Kind.ROOT
    else:
        kind = Kind.INTERMEDIATE if added else Kind.LEAF
    gone, comes = (old.root, new.root) if kind is Kind.ROOT else (None, None)
    names = (_root_name(old), _root_name(new))
    if kind is Kind.ROOT and names[0] == names[1]:
        # A successor often has its predecessor's name.
        names = (_with_fingerprint(names[0], old), _with_fingerprint(names[1], new))
    return Rollover(kind, begins, ends, *names, new_ends, gone, comes, added, dropped)


def _not_in(one: Chain, other: Chain, *, same_root: bool) -> tuple[Certificate, ...]:
    """The CA certificates of *one* that *other* lacks; a root that is merely left out of a file is not lacking."""
    wanted = one.intermediates if same_root and other.root is None else one.authorities
    return tuple(each for each in wanted if each not in other.authorities)


def _same_root(old: Chain, new: Chain) -> bool:
    """Compare roots by key: a renewed root is the same trust anchor. A missing root is recognized by what it signed."""
    if old.root is not None and new.root is not None:
        return old.root.public_key_der == new.root.public_key_der
    for whole, part in ((old, new), (new, old)):
        if whole.root is not None:
            top = part.certificates[-1]
            return part.missing_issuer == subject(whole.root) and signed_by(top, whole.root) is not False
    return old.missing_issuer == new.missing_issuer


def _root_name(chain: Chain) -> str:
    return short(chain.root) if chain.root is not None else (chain.missing_issuer or "a root that is not in the file")


def _with_fingerprint(name: str, chain: Chain) -> str:
    return f"{name} ({chain.root.sha256[:8]})" if chain.root is not None else f"{name} (not in the file)"


def order_steps(change: Rollover, now: datetime, *, public: bool = False) -> tuple[OrderStep, ...]:
    """The order of steps that keeps all peers connected; empty when nothing changes.

    Args:
        change: as `compare` found it.
        now: the present, aware.
        public: the new root is one that every Java brings.
    """
    begins = change.begins if change.begins > now else None
    install = "Install the new certificate on the primary (its restart is a short outage)."
    swap = OrderStep(install, begins, change.both_end)
    match change.kind:
        case Kind.SAME:
            return ()
        case Kind.LEAF:
            return (swap, OrderStep("Gateways, clients and the portal need nothing new: the CAs are the same."))
        case Kind.INTERMEDIATE:
            upload = f"Upload {_listed(change.added)} to the portal and keep those that are there."
            return (
                OrderStep(upload, _first_day(change.added, now), change.both_end),
                swap,
                OrderStep(
                    f"Remove {_listed(change.dropped) or 'nothing'} from the portal. You can do so earlier if no"
                    " machine presents a certificate under it. Wait if a gateway or client still does. Trust stores"
                    " have the root and stay as they are.",
                    change.ends,
                ),
            )
        case Kind.ROOT:
            return _root_steps(change, now, swap, public=public)


def _root_steps(change: Rollover, now: datetime, swap: OrderStep, *, public: bool) -> tuple[OrderStep, ...]:
    if public:
        first = (
            f"{change.new_name} is a public root: nothing to upload, and cacerts has it. A gateway with its own trust"
            " store needs it there, together with the old one."
        )
    else:
        first = (
            f"Add {change.new_name} and its intermediates everywhere and keep the old ones: portal, cacerts, the trust"
            " store of every gateway and the stores of every client."
        )
    return (
        OrderStep(first, _first_day(change.added, now), change.both_end),
        replace(swap, what="After step 1 is done on every machine, install new certificates on gateways and clients."),
        replace(swap, what=f"After step 2 is done on every machine, {swap.what[:1].lower()}{swap.what[1:]}"),
        OrderStep(
            f"Remove {change.old_name} from all these places. You can do so earlier if no machine presents a"
            " certificate under it. Wait if a gateway or client still does.",
            max(change.ends, change.begins),
        ),
    )


def _first_day(authorities: tuple[Certificate, ...], now: datetime) -> datetime | None:
    begins = max((fields.not_before(each) for each in authorities), default=now)
    return begins if begins > now else None


def _listed(authorities: tuple[Certificate, ...]) -> str:
    return ", ".join(short(each) for each in authorities)
