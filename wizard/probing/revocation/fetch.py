"""Small files over plain HTTP, for OCSP and CRLs: a deadline for the whole, a limit on the size, no surprises."""

import http.client
import ipaddress
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urljoin, urlsplit

from wizard import codes
from wizard.certificates import fields, names
from wizard.certificates.chain import assemble
from wizard.certificates.model import Bundle, Certificate, Chain
from wizard.certificates.reading import read
from wizard.errors import WizardError
from wizard.findings import Finding, Locator
from wizard.printable import printable
from wizard.probing.handshake import connect, resolve

MOST_OCSP = 64 * 1024
"""The longest OCSP response that is read, in bytes."""
MOST_CRL = 20 * 1024 * 1024
"""The longest CRL that is read, in bytes."""
_MOST_REDIRECTS = 3


class NotFetchedError(Exception):
    """Nothing usable came; the text says why, printable."""


@dataclass(frozen=True, slots=True)
class _Where:
    """An http address taken apart."""

    host: str
    port: int
    path: str


def fetch(url: str, *, limit: int, timeout_s: float, body: bytes | None = None) -> bytes:
    """GET *url*, or POST the OCSP request *body* to it, and return what came.

    Only `http` is fetched: answers are signed, and an `https` responder would need its own revocation check (RFC 5280,
    section 8). Proxies of the environment are not used. Up to three redirects are followed, on the same host and port:
    whoever wrote the address into the certificate must not send this machine to others, nor to itself (`may_ask`).

    Raises:
        NotFetchedError: no http address, an address that must not be asked, no answer in time, another status than
            200, or more than *limit* bytes.
    """
    deadline = time.monotonic() + timeout_s
    where = _where(url)
    for _hop in range(_MOST_REDIRECTS + 1):
        try:
            status, place, data = _once(where, body, limit, deadline)
        except TimeoutError:
            raise NotFetchedError(f"no answer within {timeout_s:g} s") from None
        except http.client.IncompleteRead:
            raise NotFetchedError("the answer ends too early") from None
        except http.client.InvalidURL:
            raise NotFetchedError(f"{printable(url, limit=80)} is not an http address") from None
        except http.client.HTTPException:
            raise NotFetchedError("the answer is not HTTP") from None
        except OSError as error:
            raise NotFetchedError(printable(error.strerror or "the connection failed", limit=80)) from None
        except ValueError:  # a length that is no number, a path with letters that HTTP does not have
            raise NotFetchedError("the address or the answer is not HTTP") from None
        if status in {301, 302, 303, 307, 308} and place:
            after = _where(place, url)
            if (after.host, after.port) != (where.host, where.port):
                raise NotFetchedError(f"it redirects to another host, {printable(after.host, limit=60)}")
            url, where = urljoin(url, place), after
            continue
        if status != 200:
            raise NotFetchedError(f"HTTP status {status}")
        return data
    raise NotFetchedError("too many redirects")


def may_ask(address: str) -> bool:
    """Whether something at this IP *address* may be asked: a certificate must not make this machine talk to itself."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    ip = getattr(ip, "ipv4_mapped", None) or ip
    return not (ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast)


def _where(url: str, base: str = "") -> _Where:
    """*url*, which may be relative to *base*, taken apart."""
    try:
        parts = urlsplit(urljoin(base, url))
        port = parts.port or 80
    except ValueError:
        parts, port = urlsplit(""), 0
    if parts.scheme != "http" or not parts.hostname:
        raise NotFetchedError(f"{printable(url, limit=80)} is not an http address")
    return _Where(parts.hostname, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def _once(where: _Where, body: bytes | None, limit: int, deadline: float) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection(where.host, where.port)
    connection.sock = _connected(where, deadline)
    # Time limits of a socket start again with each byte; the timer ends a server that drips.
    timer = threading.Timer(_left(deadline), _cut, [connection.sock])
    timer.start()
    try:
        headers = {"User-Agent": "cloudstream-wizard", "Connection": "close"}
        if body is None:
            connection.request("GET", where.path, headers=headers)
        else:
            connection.request("POST", where.path, body, {**headers, "Content-Type": "application/ocsp-request"})
        response = connection.getresponse()
        if response.getheader("Content-Encoding", "identity").lower() != "identity":
            raise NotFetchedError("the answer is compressed, which was not requested")
        data = response.read(limit + 1)
        if len(data) > limit:
            raise NotFetchedError(f"the answer is longer than {limit} bytes")
        if response.length:  # what is still to come of the announced length
            _left(deadline)  # the timer may have cut it
            raise NotFetchedError("the answer ends too early")
    except (http.client.HTTPException, OSError):
        _left(deadline)
        raise
    finally:
        timer.cancel()
        connection.close()
    _left(deadline)
    return response.status, response.getheader("Location", ""), data


def _connected(where: _Where, deadline: float) -> socket.socket:
    """A connection to one of the addresses of the host; with one that must not be asked, none of them is."""
    addresses = resolve(where.host, where.port, _left(deadline))
    if not all(may_ask(address.text) for address in addresses):
        host = printable(where.host, limit=80)
        raise NotFetchedError(f"{host} is a loopback or link-local address, which is not asked")
    failed = OSError()
    for address in addresses:
        try:
            return connect(address, _left(deadline))
        except OSError as error:
            failed = error
    raise failed


def _cut(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


MOST_BYTES = 256 * 1024
"""The longest answer that is read: an issuer, or a PKCS #7 bundle of a few."""
MOST_STEPS = 5
"""Issuers fetched one above the other."""


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
            problems.append(_problem(top, bundle.name, "the answer is not the issuer", chain.missing_issuer))
            break
        chain = longer
    return found, problems


def _get(url: str, timeout_s: float) -> Bundle:
    bundle = read(fetch(url, limit=MOST_BYTES, timeout_s=timeout_s), name=url)
    if not bundle.certificates:
        raise NotFetchedError("the answer contains no certificate")
    return bundle


def _same(chains: Sequence[Chain], first: Certificate) -> Chain | None:
    return next((chain for chain in chains if chain.certificates and chain.certificates[0] == first), None)


def _problem(top: Certificate, url: str, reason: str, missing: str) -> Finding:
    facts = {"name": names.short(top), "url": printable(url, limit=120), "reason": reason, "missing": missing}
    return Finding(codes.AIA_NOT_FETCHED, Locator("certificate", path=top.origin, sha256=top.sha256), facts)
