"""Which roots are public: those of the list that comes with the wizard, and those that a JDK build brings itself.

Every other root is private, whether it is in cacerts or not: somebody may have imported it there.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache

from wizard.certificates.model import Certificate
from wizard.package_data import read_text

JDK_ALIAS = " [jdk]"
"""How builds of the JDK end the alias of each root that they bring (OpenJDK, GenerateCacerts.java)."""

OUR_ALIASES = ("cloudstream-", "mykey")
"""How the alias of a private root begins that this wizard, or the command of the manual, added to cacerts."""


@dataclass(frozen=True, slots=True)
class ShippedRoot:
    """One public root of the list.

    Attributes:
        sha256: its fingerprint, lower-case hex.
        not_after: its last day.
        name: for people.
    """

    sha256: str
    not_after: date
    name: str


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
def shipped() -> dict[str, ShippedRoot]:
    """The list that came with this version of the wizard, by fingerprint; `make public-roots` renews it."""
    lines = read_text("wizard.certificates", "data/public_roots.txt").splitlines()
    records = (line.split(maxsplit=2) for line in lines if not line.startswith("#"))
    return {sha256: ShippedRoot(sha256, date.fromisoformat(end), name) for sha256, end, name in records}
