"""OCSP responses and revocation lists, made, changed and damaged: nothing changed is ever believed."""

import datetime as dt
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given
from hypothesis import strategies as st

from tests.support.pki import DAY, NOW, Entity, acme, authority, issue
from wizard.probing.revocation.crl import judge_list
from wizard.probing.revocation.ocsp import Answer, OcspAnswer, judge

PKI = acme("p256")
LEAF = PKI.primary
AT = NOW + DAY / 2


def response(
    *,
    about: Entity = LEAF,
    signer: Entity = PKI.intermediate,
    since: dt.datetime = NOW,
    until: dt.datetime | None = NOW + DAY,
    nonce: bytes | None = None,
    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
) -> bytes:
    revoked = status is ocsp.OCSPCertStatus.REVOKED
    builder = ocsp.OCSPResponseBuilder().add_response(
        about.x509, PKI.intermediate.x509, hashes.SHA1(), status, since, until, since if revoked else None, None
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, signer.x509).certificates([signer.x509])
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER)


def asked(data: bytes, nonce: bytes | None = None, at: dt.datetime = AT) -> OcspAnswer:
    return judge(data, LEAF.certificate, PKI.intermediate.certificate, at, nonce)


def responder(**how: Any) -> Entity:
    return issue("responder", how.pop("issuer", PKI.intermediate), **{"eku": ("1.3.6.1.5.5.7.3.9",), **how})


ANSWERS: list[tuple[str, Callable[[], OcspAnswer], str, str]] = [
    ("good", lambda: asked(response()), "good", ""),
    ("with our nonce", lambda: asked(response(nonce=b"ours"), b"ours"), "good", ""),
    ("without any nonce", lambda: asked(response(), b"ours"), "good", ""),
    ("with another nonce", lambda: asked(response(nonce=b"else"), b"ours"), "unusable", "nonce differs"),
    ("revoked", lambda: asked(response(status=ocsp.OCSPCertStatus.REVOKED)), "revoked", "no reason given"),
    ("unknown", lambda: asked(response(status=ocsp.OCSPCertStatus.UNKNOWN)), "unknown", "does not know"),
    ("about another", lambda: asked(response(about=PKI.gateway)), "unusable", "another certificate"),
    ("delegate", lambda: asked(response(signer=responder())), "good", ""),
    ("no delegate", lambda: asked(response(signer=PKI.gateway)), "unusable", "not allowed to sign OCSP"),
    ("no usage at all", lambda: asked(response(signer=responder(eku=None))), "unusable", "not allowed to sign OCSP"),
    ("expired delegate", lambda: asked(response(signer=responder(end=NOW - DAY))), "unusable", "not valid now"),
    ("stranger", lambda: asked(response(signer=responder(issuer=authority("Else")))), "unusable", "did not issue"),
    ("clock a little behind", lambda: asked(response(since=AT + dt.timedelta(minutes=4))), "good", ""),
    ("from the future", lambda: asked(response(since=AT + dt.timedelta(minutes=6))), "unusable", "future"),
    ("a little late", lambda: asked(response(until=AT - dt.timedelta(minutes=4))), "good", ""),
    ("out of date", lambda: asked(response(until=AT - dt.timedelta(minutes=6))), "unusable", "out of date"),
    ("no end, fresh", lambda: asked(response(until=None)), "good", ""),
    ("no end, old", lambda: asked(response(until=None, since=NOW - 8 * DAY)), "unusable", "out of date"),
]


@pytest.mark.parametrize(("act", "status", "detail"), [pytest.param(*case[1:], id=case[0]) for case in ANSWERS])
def test_responses_are_judged(act: Callable[[], OcspAnswer], status: str, detail: str) -> None:
    answer = act()
    assert (answer.status, detail in answer.detail) == (status, True), answer.detail
    answer.as_json()


@cache
def signed_part() -> tuple[bytes, int, int]:
    """A good response, and where its signed bytes lie."""
    data = response()
    signed = ocsp.load_der_ocsp_response(data).tbs_response_bytes
    start = data.index(signed)
    return data, start, start + len(signed)


@given(place=st.integers(0, 2000), change=st.integers(1, 255))
def test_a_changed_response_is_never_believed(place: int, change: int) -> None:
    data, start, end = signed_part()
    place %= len(data)
    changed = bytearray(data)
    changed[place] ^= change
    answer = asked(bytes(changed))
    assert answer.status in {"good", "unusable"}
    assert answer.status == "unusable" or not start <= place < end


@given(data=st.binary(max_size=200))
def test_made_up_bytes_are_unusable(data: bytes) -> None:
    assert asked(data).status == "unusable"
    assert listed(data).status == "unusable"


def revocation_list(
    *revoked: Entity, signer: Entity = PKI.intermediate, until: dt.datetime = NOW + DAY, scope: Any = None
) -> bytes:
    builder = x509.CertificateRevocationListBuilder().issuer_name(signer.x509.subject)
    builder = builder.last_update(NOW).next_update(until)
    for one in revoked:
        entry = x509.RevokedCertificateBuilder().serial_number(one.x509.serial_number).revocation_date(NOW).build()
        builder = builder.add_revoked_certificate(entry)
    if scope is not None:
        builder = builder.add_extension(scope, critical=True)
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER)


def listed(data: bytes, at: dt.datetime = AT) -> Answer:
    return judge_list(data, LEAF.certificate, PKI.intermediate.certificate, at)


def scope(**what: bool) -> x509.IssuingDistributionPoint:
    flags = ("only_contains_user_certs", "only_contains_ca_certs", "indirect_crl", "only_contains_attribute_certs")
    user, authorities, indirect, attributes = (what.get(flag, False) for flag in flags)
    name = [x509.UniformResourceIdentifier("http://x/")]
    return x509.IssuingDistributionPoint(name, None, user, authorities, None, indirect, attributes)


FORGED = issue(PKI.intermediate.x509.subject, None, ca=True, slot="forged")
LISTS: list[tuple[str, Callable[[], Answer], str, str]] = [
    ("not on it", lambda: listed(revocation_list(PKI.gateway)), "good", ""),
    ("on it", lambda: listed(revocation_list(PKI.gateway, LEAF)), "revoked", "no reason given"),
    ("of another authority", lambda: listed(revocation_list(signer=PKI.root)), "unusable", "another CA"),
    ("forged", lambda: listed(revocation_list(signer=FORGED)), "unusable", "not signed by the issuer"),
    ("out of date", lambda: listed(revocation_list(), NOW + 2 * DAY), "unusable", "out of date"),
    ("from the future", lambda: listed(revocation_list(), NOW - DAY), "unusable", "future"),
    ("for users", lambda: listed(revocation_list(scope=scope(only_contains_user_certs=True))), "good", ""),
    ("for CAs", lambda: listed(revocation_list(scope=scope(only_contains_ca_certs=True))), "unusable", "other"),
    ("indirect", lambda: listed(revocation_list(scope=scope(indirect_crl=True))), "unusable", "of a kind"),
    ("a delta", lambda: listed(revocation_list(scope=x509.DeltaCRLIndicator(1))), "unusable", "changes"),
]


@pytest.mark.parametrize(("act", "status", "detail"), [pytest.param(*case[1:], id=case[0]) for case in LISTS])
def test_lists_are_judged(act: Callable[[], Answer], status: str, detail: str) -> None:
    answer = act()
    assert (answer.status, detail in answer.detail) == (status, True), answer.detail
    answer.as_json()


@given(place=st.integers(0, 2000), change=st.integers(1, 255))
def test_a_changed_list_never_hides_a_revocation(place: int, change: int) -> None:
    data = revocation_list(LEAF)
    changed = bytearray(data)
    changed[place % len(data)] ^= change
    assert listed(bytes(changed)).status in {"revoked", "unusable"}
