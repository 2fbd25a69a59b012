"""Small files over plain HTTP, for OCSP and CRLs: a deadline for the whole, a limit on the size, no surprises."""

import http.client
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from urllib.parse import urlsplit

from wizard import codes
from wizard.certificates import fields, names
from wizard.certificates.chain import assemble
from wizard.certificates.model import Bundle, Certificate, Chain
from wizard.certificates.reading import read
from wizard.errors import WizardError
from wizard.findings import Finding, Locator
from wizard.printable import printable

MOST_OCSP = 64 * 1024
"""The longest OCSP response that is read, in bytes."""
MOST_CRL = 20 * 1024 * 1024
"""The longest CRL that is read, in bytes."""
_MOST_REDIRECTS = 3


class NotFetchedError(Exception):
    """Nothing usable came; the text says why, printable."""


def fetch(
    url: str, *, limit: int, timeout_s: float, body: bytes | None = None, kind: str = "application/ocsp-request"
) -> bytes:
    """GET *url*, or POST *body* to it, and return what came.

    Only `http` is fetched: answers are signed, and an `https` responder would need its own revocation check (RFC 5280,
    section 8). Proxies of the environment are not used. Up to three redirects are followed.

    Raises:
        NotFetchedError: no http address, no answer in time, another status than 200, or more than *limit* bytes.
    """
    deadline = time.monotonic() + timeout_s
    for _hop in range(_MOST_REDIRECTS + 1):
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise NotFetchedError(f"{printable(url, limit=80)} is no http address")
        try:
            status, place, data = _once(parts.hostname, parts.port or 80, _path(url), body, kind, limit, deadline)
        except TimeoutError:
            raise NotFetchedError(f"no answer within {timeout_s:g} s") from None
        except http.client.HTTPException as error:
            raise NotFetchedError(f"the answer is not HTTP: {printable(str(error), limit=60)}") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise NotFetchedError(printable(str(reason), limit=80)) from None
        if status in {301, 302, 303, 307, 308} and place:
            url = place
            continue
        if status != 200:
            raise NotFetchedError(f"HTTP status {status}")
        return data
    raise NotFetchedError("too many redirects")


def _once(
    host: str, port: int, path: str, body: bytes | None, kind: str, limit: int, deadline: float
) -> tuple[int, str, bytes]:
    connection = http.client.HTTPConnection(host, port, timeout=_left(deadline))
    connection.connect()
    # Time limits of a socket start anew with each byte; the timer ends a server that drips.
    timer = threading.Timer(_left(deadline), _cut, [connection.sock])
    timer.start()
    try:
        headers = {"User-Agent": "cloudstream-wizard", "Connection": "close"}
        if body is None:
            connection.request("GET", path, headers=headers)
        else:
            connection.request("POST", path, body, {**headers, "Content-Type": kind})
        response = connection.getresponse()
        data = response.read(limit + 1)
        if len(data) > limit:
            raise NotFetchedError(f"the answer is longer than {limit} bytes")
    except (http.client.HTTPException, OSError):
        _left(deadline)
        raise
    finally:
        timer.cancel()
        connection.close()
    _left(deadline)
    return response.status, response.getheader("Location", ""), data


def _cut(sock: socket.socket) -> None:
    with suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _path(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


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
            problems.append(_problem(top, bundle.name, "what came is not the issuer", chain.missing_issuer))
            break
        chain = longer
    return found, problems


def _get(url: str, timeout_s: float) -> Bundle:
    bundle = read(fetch(url, limit=MOST_BYTES, timeout_s=timeout_s), name=url)
    if not bundle.certificates:
        raise NotFetchedError("what came holds no certificate")
    return bundle


def _same(chains: Sequence[Chain], first: Certificate) -> Chain | None:
    return next((chain for chain in chains if chain.certificates and chain.certificates[0] == first), None)


def _problem(top: Certificate, url: str, reason: str, missing: str) -> Finding:
    facts = {"name": names.short(top), "url": printable(url, limit=120), "reason": reason, "missing": missing}
    return Finding(codes.AIA_NOT_FETCHED, Locator("certificate", path=top.origin, sha256=top.sha256), facts)
