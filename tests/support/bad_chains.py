"""Hand-made chains, what our rules say of each, and what Java does with it in a mutual TLS handshake.

Used twice: `unit/certificates/test_rules_cases.py` compares the rules, `oracle/test_rules_against_java.py` the JVM.
Where the two verdicts differ, `difference` says why that is right.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID, ObjectIdentifier

from tests.support.pki import ANY_USAGE, CLIENT, CODE, DAY, NOW, SERVER, Entity, authority, cross_signed, issue
from wizard.certificates.model import Role

HOST = "primary-host"
OLD = {"start": NOW - 60 * DAY, "end": NOW - DAY}
FUTURE = {"start": NOW + 10 * DAY}
SOON = NOW + 5 * DAY


def root(**how: Any) -> Entity:
    return authority("Case Root", **how)


def middle(**how: Any) -> Entity:
    return authority("Case Intermediate", root(), **how)


def leaf(**how: Any) -> Entity:
    return issue(HOST, middle(), **how)


def under(issuer: Entity, **how: Any) -> Entity:
    return issue(HOST, issuer, **how)


def rsa_leaf(**how: Any) -> Entity:
    return issue(HOST, _rsa_middle(), **how)


def _rsa_middle(hash_name: str = "sha256") -> Entity:
    return authority("Case RSA", _rsa_root(), kind="rsa-2048", hash_name=hash_name)


def _rsa_root(hash_name: str = "sha256") -> Entity:
    return authority("Case RSA Root", kind="rsa-2048", hash_name=hash_name)


def two_below(**how: Any) -> Entity:
    """Root > upper (made with *how*) > lower > leaf."""
    upper = authority("Case Upper", root(), **how)
    return issue(HOST, authority("Case Lower", upper))


def deep(count: int) -> Entity:
    """A leaf under so many authorities that the whole chain has *count* certificates."""
    upper = root()
    for number in range(count - 2):
        upper = authority(f"Case Link {number}", upper)
    return issue(HOST, upper)


def foreign_twin() -> Entity:
    """The leaf's issuer has the right name and another key; the right one is missing."""
    true = authority("Case Intermediate", root(), slot="true")
    false = authority("Case Intermediate", root(), slot="false")
    return Entity(issue(HOST, true, sans=[HOST]).x509, issue(HOST, true).key, false)


def missing_intermediate() -> Entity:
    made = leaf()
    return Entity(made.x509, made.key, root())


def key_id_differs() -> Entity:
    return issue(HOST, middle(), aki=b"\1" * 20)


@dataclass(frozen=True)
class Case:
    """One chain in one role.

    Attributes:
        name: of the case.
        build: makes it.
        codes: every finding that is worse than a note.
        java: part of the JVM's reason for refusing it, "" when it accepts.
        difference: why our verdict and Java's differ; empty when they agree.
        role: the primary's chain is judged by a client, the others' by a server.
        java_tls: the protocol of the handshake.
    """

    name: str
    build: Callable[[], Entity]
    codes: frozenset[str] = frozenset()
    java: str = ""
    difference: str = ""
    role: Role = Role.PRIMARY
    java_tls: str = "TLSv1.3"


def _case(
    name: str, build: Callable[[], Entity], codes: str = "", java: str = "", difference: str = "", **how: Any
) -> Case:
    return Case(name, build, frozenset(codes.split()), java, difference, **how)


GATEWAY = {"role": Role.GATEWAY}
WINDOWS = {"role": Role.CLIENT}
EKU = "Extended key usage does not permit use for TLS"
PATH = "unable to find valid certification path"
NO_SIGNATURE = "No supported CertificateVerify signature algorithm"
FLOOR = "our floor is higher than the JDK's, which still takes this under a private root"
unknown_extension = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
wrong_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "evil\u202e\x1b[31m", _validate=False)])

CASES: tuple[Case, ...] = (
    _case("good", leaf),
    _case("good, TLS 1.2", leaf, java_tls="TLSv1.2"),
    _case("good gateway", leaf, **GATEWAY),
    _case("good client", leaf, **WINDOWS),
    _case("good, directly under the root", lambda: under(root())),
    _case("expired", partial(leaf, **OLD), "validity.leaf-expired", "NotAfter"),
    _case("expired gateway", partial(leaf, **OLD), "validity.leaf-expired", "NotAfter", **GATEWAY),
    _case("not yet valid", partial(leaf, **FUTURE), "validity.leaf-not-yet-valid", "NotBefore"),
    _case("soon over", partial(leaf, end=SOON), "validity.expires-soon"),
    _case("intermediate expired", lambda: under(middle(**OLD)), "validity.intermediate-expired", "NotAfter"),
    _case("intermediate not yet valid", lambda: under(middle(**FUTURE)), "validity.intermediate-not-yet-valid", "NotBefore"),
    _case("intermediate ends first", lambda: under(middle(end=NOW + 90 * DAY)), "validity.issuer-expires-first"),
    _case("root expired", lambda: under(authority("Case Intermediate", root(**OLD))), "validity.root-outside-dates"),
    _case("no SAN at all, name is not compared in Java's fallback to CN", partial(leaf, sans=()), "name.no-san", "",
          "JSSE still falls back to the common name; the Windows client and OpenSSL do not"),
    _case("no SAN, gateway", partial(leaf, sans=()), "name.no-san", "",
          "a server does not compare the names of who dials in; the files still break elsewhere", **GATEWAY),
    _case("SAN of another host", partial(leaf, sans=["other-host"]), "name.wrong-host", "No subject alternative DNS name"),
    _case("SAN of another host, gateway", partial(leaf, sans=["other-host"]), "name.other-host", **GATEWAY),
    _case("EKU server only", partial(leaf, eku=[SERVER])),
    _case("EKU server only, gateway", partial(leaf, eku=[SERVER]), "usage.no-client-auth", EKU, **GATEWAY),
    _case("EKU server only, client", partial(leaf, eku=[SERVER]), "usage.no-client-auth", EKU, **WINDOWS),
    _case("EKU client only", partial(leaf, eku=[CLIENT]), "usage.no-server-auth", EKU),
    _case("EKU client only, gateway", partial(leaf, eku=[CLIENT]), **GATEWAY),
    _case("EKU code signing", partial(leaf, eku=[CODE]), "usage.no-server-auth", EKU),
    _case("EKU any", partial(leaf, eku=[ANY_USAGE]), "usage.any"),
    _case("EKU any, gateway", partial(leaf, eku=[ANY_USAGE]), "usage.any", **GATEWAY),
    _case("EKU any and the right one", partial(leaf, eku=[ANY_USAGE, SERVER])),
    _case("no EKU", partial(leaf, eku=None)),
    _case("no EKU, gateway", partial(leaf, eku=None), **GATEWAY),
    _case("intermediate limited to server, gateway", lambda: under(middle(eku=[SERVER])), "usage.ca-narrow", **GATEWAY),
    _case("no key usage", partial(leaf, usage=None)),
    _case("no digitalSignature", partial(leaf, usage=["key_encipherment"]), "key-usage.no-digital-signature", "digital signature"),
    _case("no digitalSignature, gateway", partial(leaf, usage=["key_encipherment"]), "key-usage.no-digital-signature", "digital signature", **GATEWAY),
    _case("intermediate without keyCertSign", lambda: under(middle(usage=["crl_sign"])), "key-usage.ca-cannot-sign", "keyCertSign"),
    _case("root without keyCertSign", lambda: under(root(usage=["crl_sign"])), "key-usage.ca-cannot-sign", "keyCertSign"),
    _case("root of version 3 without basicConstraints", lambda: under(root(basic=False)), "constraints.root-not-ca", "not a CA"),
    _case("leaf is a CA", partial(leaf, ca=True, sans=[HOST], usage=["digital_signature", "key_cert_sign"]), "constraints.leaf-is-ca", "",
          "JSSE does not look at basicConstraints of the last certificate; the client's library does"),
    _case("path length of an intermediate", partial(two_below, path_length=0), "constraints.path-length", "pathLenConstraint"),
    _case("path length just enough", partial(two_below, path_length=1)),
    _case("path length of the root", lambda: under(authority("Case Intermediate", root(path_length=0), slot="x")) , "constraints.root-path-length"),
    _case("permitted names", lambda: under(middle(permitted=["primary-host"]))),
    _case("not among the permitted names", lambda: under(middle(permitted=["acme.example"])), "subtrees.violated", "name constraints"),
    _case("among the excluded names", lambda: under(middle(excluded=["primary-host"])), "subtrees.violated", "name constraints"),
    _case("not permitted by the root", lambda: under(root(permitted=["acme.example"])), "subtrees.root-violated"),
    _case("RSA 1024", partial(leaf, kind="rsa-1024"), "strength.weak-key", "", FLOOR),
    _case("RSA 1024, gateway", partial(leaf, kind="rsa-1024"), "strength.weak-key", "", FLOOR, **GATEWAY),
    _case("RSA 3072", partial(leaf, kind="rsa-3072")),
    _case("P-384", partial(leaf, kind="p384")),
    _case("P-224", partial(leaf, kind="p224"), "strength.weak-key", NO_SIGNATURE),
    _case("secp256k1", partial(leaf, kind="secp256k1"), "strength.curve-not-in-tls", NO_SIGNATURE),
    _case("SHA-1", partial(rsa_leaf, hash_name="sha1"), "strength.weak-hash", "", FLOOR),
    _case("SHA-1, gateway", partial(rsa_leaf, hash_name="sha1"), "strength.weak-hash", "", FLOOR, **GATEWAY),
    _case("MD5", partial(rsa_leaf, hash_name="md5"), "strength.weak-hash", "MD5"),
    _case("SHA-1 intermediate", lambda: under(_rsa_middle(hash_name="sha1")), "strength.weak-hash", "", FLOOR),
    _case("SHA-1 root", lambda: under(authority("Case SHA1", _rsa_root(hash_name="sha1")))),
    _case("Ed25519", partial(leaf, kind="ed25519"), "algorithm.edwards"),
    _case("Ed25519 client", partial(leaf, kind="ed25519"), "algorithm.client-cannot-use", "",
          "Java takes the key; the Windows client could not use it", **WINDOWS),
    _case("P-521", partial(leaf, kind="p521")),
    _case("P-521 client", partial(leaf, kind="p521"), "algorithm.client-cannot-use", "",
          "Java takes the key; the Windows client could not use it", **WINDOWS),
    _case("self-signed", lambda: issue(HOST), "chain.self-signed-leaf", "",
          "in this test the peer trusts the leaf itself; in the product the portal takes CA certificates alone"),
    _case("intermediate missing", missing_intermediate, "chain.incomplete", PATH),
    _case("intermediate missing, gateway", missing_intermediate, "chain.incomplete", "Empty client certificate chain", **GATEWAY),
    _case("issuer of the right name and another key", foreign_twin, "chain.incomplete", PATH),
    _case("damaged signature", partial(leaf, break_signature=True), "signature.broken", "Signature"),
    _case("damaged signature, gateway", partial(leaf, break_signature=True), "signature.broken", "Signature", **GATEWAY),
    _case("key id of another issuer", key_id_differs, "signature.key-id-differs", PATH),
    _case("serial 0", partial(leaf, serial=0), "form.serial-not-positive"),
    _case("negative serial", partial(leaf, serial=-5), "form.serial-not-positive"),
    _case("critical extension", partial(leaf, extensions=[(unknown_extension, True)]), "form.critical-extension", "unrecognized critical"),
    _case("unknown extension, not critical", partial(leaf, extensions=[(unknown_extension, False)])),
    _case("hostile text", lambda: issue(wrong_name, middle(), sans=[HOST]), "form.hidden-characters"),
    _case("ten certificates", lambda: deep(10)),
    _case("eleven certificates", lambda: deep(11), "chain.too-long", "exceeds the maximum allowed length (10)"),
    _case("nine certificates of a gateway", lambda: deep(9), "chain.too-long", "",
          "Java 25 takes eight from who dials in, older ones ten", **GATEWAY),
    _case("cross-signed root on top", lambda: under(cross_signed(middle(), authority("Elsewhere")))),
)  # fmt: skip
