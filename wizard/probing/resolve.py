"""Names to addresses, within a time limit."""

import ipaddress
import socket
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from wizard import codes
from wizard.errors import WizardError
from wizard.printable import printable

LONGEST_NAME = 253
"""The longest DNS name in characters (RFC 1035)."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to connect: what `socket.socket` and `connect` want, and the text to show."""

    family: int
    sockaddr: tuple[str | int, ...]
    text: str


def is_address(host: str) -> bool:
    """Whether *host* is an IPv4 or IPv6 address, zone included, and not a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def require_server_name(name: str | None) -> bytes:
    """The bytes that SNI carries for *name* (RFC 6066: ASCII, other letters as IDNA); b"" for None.

    Raises:
        WizardError: `probe.bad-servername`.
    """
    if name is None:
        return b""
    try:
        data = name.encode() if name.isascii() else name.encode("idna")
    except UnicodeError:
        data = b""
    if not 0 < len(data) <= LONGEST_NAME or any(byte <= 0x20 or byte == 0x7F for byte in data):
        raise WizardError(codes.PROBE_BAD_SERVERNAME, subject=name, name=printable(name, limit=60))
    return data


def resolve(host: str, port: int, timeout_s: float) -> tuple[Address, ...]:
    """All addresses of *host*, in the resolver's order, each once.

    Raises:
        OSError: the name is unknown (`socket.gaierror`), or no answer came within *timeout_s* (`TimeoutError`).
    """
    if is_address(host):
        return _distinct(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST))
    found: list[tuple[Address, ...]] = []
    failed: list[OSError] = []

    def ask() -> None:
        try:
            found.append(_distinct(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except UnicodeError:
            failed.append(socket.gaierror(socket.EAI_NONAME, "not a host name"))
        except OSError as error:
            failed.append(error)

    # The C resolver cannot be interrupted: a daemon thread is left behind when it takes too long.
    thread = threading.Thread(target=ask, name="resolver", daemon=True)
    thread.start()
    thread.join(timeout_s)
    if failed:
        raise failed[0]
    if not found:
        raise TimeoutError(f"the resolver did not answer within {timeout_s:g} s")
    return found[0]


def is_here(host: str, timeout_s: float) -> bool:
    """Whether *host* is this machine: one of its addresses can be bound. Nothing is sent; False when unknown."""
    try:
        found = resolve(host, 0, timeout_s)
    except OSError:
        return False
    for address in found:
        with socket.socket(address.family, socket.SOCK_DGRAM) as own, suppress(OSError):
            own.bind(address.sockaddr)
            return True
    return False


def _distinct(infos: Iterable[tuple[socket.AddressFamily, Any, int, str, tuple[Any, ...]]]) -> tuple[Address, ...]:
    addresses: dict[str, Address] = {}
    for family, _kind, _protocol, _name, sockaddr in infos:
        text = str(sockaddr[0])
        addresses.setdefault(text, Address(family, sockaddr, text))
    return tuple(addresses.values())
