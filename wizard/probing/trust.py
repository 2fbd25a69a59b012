"""Whether a peer with these trust anchors trusts a chain. OpenSSL decides; its codes are explained in words."""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from OpenSSL import crypto

from wizard.certificates import names
from wizard.certificates.formats.objects import odd_certificates_allowed
from wizard.certificates.model import Certificate
from wizard.printable import printable

SYSTEM_ROOTS = "roots of this system"
"""Name of the trust set of this system's programs, whoever is in it: a private PKI mostly is not, and that is no fault.
Whether a root is public is decided by `wizard.certificates.public_roots`, never by this set."""

_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""Where Debian, Red Hat, SUSE, and Alpine or macOS keep the roots that the programs of the system trust."""

_WORDS = {
    2: "the issuer {issuer} is missing",
    7: "the signature does not match the issuer's key",
    9: "{subject} is not valid yet",
    10: "{subject} has expired",
    18: "it is self-signed and not trusted",
    19: "it ends in {subject}, which is not trusted",
    20: "the issuer {issuer} is neither sent nor trusted",
    21: "the issuer {issuer} is neither sent nor trusted",
    23: "{subject} is revoked",
    24: "{subject} is used as a CA but is not one",
    25: "{subject} must not have so many CAs below it",
    32: "{subject} is used as a CA, but its key usage forbids signing certificates",
    34: "{subject} has an unknown critical extension",
    47: "a name constraint of a CA forbids the name in {subject}",
    48: "a name constraint of a CA forbids the name in {subject}",
    79: "{subject} is used as a CA but is not one",
}
"""OpenSSL's verification codes (`openssl verify` manual) in words."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a chain is trusted.

    Attributes:
        ok: a path to a trust anchor was found, with dates, signatures and constraints in order.
        code: OpenSSL's verification code, 0 when ok.
        reason: words, "" when ok.
        path: the certificates used, the leaf first, the trust anchor last; empty when not ok.
    """

    ok: bool
    code: int = 0
    reason: str = ""
    path: tuple[Certificate, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return {
            "ok": self.ok,
            "reason": printable(self.reason),
            "path": [certificate.sha256 for certificate in self.path],
        }


class TrustSet:
    """Trust anchors that are asked often: the OpenSSL store is built on first use and kept.

    Every certificate counts as an anchor, self-issued or not, as in Java's trust stores.
    """

    def __init__(self, certificates: Iterable[Certificate], *, now: datetime | None = None) -> None:
        """Take the anchors.

        Args:
            certificates: the anchors.
            now: aware; the moment for which to check, None for the moment of the question.
        """
        self.certificates = tuple(dict.fromkeys(certificates))
        self._now = now
        self._store: crypto.X509Store | None = None
        self._lock = threading.Lock()

    def verdict(self, chain: Sequence[Certificate]) -> Verdict:
        """Check *chain* (the leaf first; the others in any order help to build the path)."""
        if not chain:
            return Verdict(ok=False, code=2, reason="no certificate was sent")
        with self._lock:
            self._store = self._store or self._built()
        untrusted = [crypto.X509.from_cryptography(certificate.x509) for certificate in chain[1:]]
        asked = crypto.X509StoreContext(self._store, crypto.X509.from_cryptography(chain[0].x509), untrusted)
        try:
            path = asked.get_verified_chain()
        except crypto.X509StoreContextError as error:
            code = int(error.errors[0])
            at = from_openssl(error.certificate)
            words = _WORDS.get(code, str(error.errors[2]))
            reason = words.format(subject=names.subject(at), issuer=names.issuer(at))
            return Verdict(ok=False, code=code, reason=reason)
        return Verdict(ok=True, path=tuple(from_openssl(one) for one in path))

    def __len__(self) -> int:
        return len(self.certificates)

    def _built(self) -> crypto.X509Store:
        store = crypto.X509Store()
        # An intermediate in a trust store is an anchor for Java.
        store.set_flags(crypto.X509StoreFlags.PARTIAL_CHAIN)
        if self._now is not None:
            store.set_time(self._now)
        for certificate in self.certificates:
            try:
                store.add_cert(crypto.X509.from_cryptography(certificate.x509))
            except (crypto.Error, ValueError):
                continue  # OpenSSL cannot parse it; as an anchor it would be useless.
        return store


def from_openssl(certificate: crypto.X509) -> Certificate:
    """OpenSSL's certificate as the model's, without the library's warnings about odd ones."""
    with odd_certificates_allowed():
        return Certificate(certificate.to_cryptography())


@cache
def system_roots() -> TrustSet:
    """The CAs that the programs of this system trust; empty when it has no bundle of them. Read once."""
    for path in _BUNDLES:
        try:
            data = Path(path).read_bytes()
        except OSError:
            continue
        # Some bundled roots have odd serial numbers or names; that is their authors' business.
        with odd_certificates_allowed():
            try:
                return TrustSet(Certificate(parsed, origin=path) for parsed in x509.load_pem_x509_certificates(data))
            except ValueError:
                continue
    return TrustSet(())
