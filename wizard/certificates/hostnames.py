"""Host names as Java compares them with a certificate (`sun.security.util.HostnameChecker`), which is measured.

Where Java accepts more than OpenSSL and the Windows client (a star in the middle of a label, or directly below the top
of the tree), the stricter rule decides: every peer has to accept.
"""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address

from wizard.printable import printable

Address = IPv4Address | IPv6Address
NUMBERS = re.compile(r"\d+(\.\d+){0,3}")
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", re.IGNORECASE)
LONGEST_LABEL = 63
LONGEST_NAME = 253


def address(host: str) -> Address | None:
    """*host* as an IP address, also in brackets; None when it is a name."""
    try:
        return ip_address(host.strip().strip("[]"))
    except ValueError:
        return None


def plain(host: str) -> str:
    """*host* in the form used to connect: stripped, in lower case, international letters in ASCII (IDNA)."""
    name = host.strip()
    if name.isascii():
        return name.lower()
    try:
        return name.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return name.lower()


def refused(host: str) -> str:
    """Why Java cannot connect to *host* by TLS, whatever the certificate; "" when it can."""
    if address(host) is not None:
        return ""
    name = plain(host)
    if not name:
        return "is empty"
    if NUMBERS.fullmatch(name):
        return "is read as an IP address by Java, but is not one"
    if name.endswith("."):
        return "ends in a dot"
    odd = next((letter for letter in name if not (letter.isascii() and (letter.isalnum() or letter in "-."))), "")
    if odd:
        return f"has {_called(odd)} in it"
    labels = name.split(".")
    if "" in labels:
        return "has two dots in a row or one at the beginning"
    if any(len(label) > LONGEST_LABEL for label in labels) or len(name) > LONGEST_NAME:
        return f"is longer than {LONGEST_LABEL} letters between two dots, or than {LONGEST_NAME} in all"
    edge = next((label for label in labels if not LABEL.fullmatch(_decoded(label))), "")
    return f"has a hyphen at the beginning or end of {edge!r}" if edge else ""


def _decoded(label: str) -> str:
    """An international label as Java compares it: decoded, its foreign letters replaced."""
    try:
        text = label.encode("ascii").decode("idna") if label.startswith("xn--") else label
    except UnicodeError:
        return label
    return "".join(letter if letter.isascii() else "x" for letter in text)


def _called(letter: str) -> str:
    names = {"_": "an underscore", " ": "a blank", "\0": "a NUL character", ":": "a colon", "/": "a slash"}
    return names.get(letter) or (
        f"the character {printable(letter)}" if letter.isprintable() else "a control character"
    )


def matches(host: str, names: Iterable[str], addresses: Iterable[object]) -> bool:
    """Whether one of the DNS *names* or the *addresses* of a certificate covers *host* for every peer."""
    wanted = address(host)
    if wanted is not None:
        return wanted in addresses
    return not refused(host) and any(covers(pattern, plain(host)) for pattern in names)


def covers(pattern: str, name: str) -> bool:
    """Whether a DNS entry of a certificate covers a name: equal but for case, or with one star for its first label."""
    pattern = pattern.lower()
    if not pattern.isascii() or not pattern.startswith("*."):
        return pattern == name and pattern.isascii()
    first, _, rest = name.partition(".")
    return bool(first) and rest == pattern[2:] and "." in rest


def difference(host: str, names: Iterable[str]) -> str:
    """How an entry that looks like *host* differs from it, to follow "the certificate"; "" when none looks like it."""
    wanted = address(host)
    if wanted is not None:
        if any(address(each) == wanted for each in names):
            return f"names {wanted} as a name of the type DNS, where an address needs the type IP"
        return ""
    name = plain(host)
    for each in names:
        odd = _oddity(each, name)
        if odd:
            return f"names {printable(each, limit=80)!r}, {odd}"
    return ""


def _oddity(entry: str, name: str) -> str:
    """In what *entry* differs from *name*, which it was meant to be."""
    bare = entry.lower()
    if not bare.isascii() and plain(bare) == name:
        return f"which must be written {name}"
    if bare == f"{name}." or (bare.endswith(".") and covers(bare[:-1], name)):
        return "which ends in a dot"
    if bare.strip() == name and bare != name:
        return "which has a space before or after it"
    if "".join(letter for letter in bare if letter.isprintable()) == name and bare != name:
        return "which has a control character"
    if "://" in bare and bare.partition("://")[2].partition("/")[0].partition(":")[0] == name:
        return "which is a URL and not a name"
    if bare.startswith(f"{name}:"):
        return "which ends with a port"
    if "*" in bare and re.fullmatch(re.escape(bare).replace(r"\*", "[^.]*"), name) and not covers(bare, name):
        return "where a star must be the whole first label, followed by two more"
    return ""
