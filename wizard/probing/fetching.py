"""Small files over plain HTTP, for OCSP and CRLs: a deadline for the whole, a limit on the size, no surprises."""

import http.client
import socket
import threading
import time
from contextlib import suppress
from urllib.parse import urlsplit

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


def _once(  # noqa: PLR0917 - one request in one place
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
