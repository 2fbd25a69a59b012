"""Rehearsed handshakes: what would fail, for whom, and by which of Java's rules."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.pki import CLIENT, DAY, NOW, SERVER, Entity, acme, authority, issue
from wizard.certificates.chain import assemble
from wizard.certificates.model import Certificate, Chain
from wizard.probing.rehearsal import rehearse

PKI = acme("p256")
ROOT = PKI.root.certificate
FOREIGN = issue("gateway-host", authority("Foreign-CA"))
LATE_ROOT = authority("Late-Root", end=NOW - DAY)
NO_SIGN = authority("No-Sign", PKI.root, usage=("crl_sign",))
NOT_CA = issue("not-a-ca", PKI.root)
SHORT = authority("Short", PKI.root, path_length=0)
RSA_CA = authority("RSA-CA", PKI.root, kind="rsa-2048")
PERMITTED = authority("Permitted", PKI.root, permitted=["allowed.example"])


def chain(entity: Entity) -> Chain:
    return assemble(entity.bundle)[0]


def leaf_only(entity: Entity) -> Chain:
    return replace(chain(entity), intermediates=(), root=None)


def by(issuer: Entity, **how: Any) -> Chain:
    return chain(issue("gateway-host", issuer, **how))


def below(issuer: Entity, count: int) -> Entity:
    """The last of *count* more CAs, each under the one before."""
    for number in range(count):
        issuer = authority(f"Level {number}", issuer)
    return issuer


GATEWAYS: list[tuple[str, Chain, set[str]]] = [
    ("good", chain(PKI.gateway), set()),
    ("RSA 2048", by(PKI.intermediate, kind="rsa-2048"), set()),
    ("RSA 1024", by(PKI.intermediate, kind="rsa-1024"), set()),
    ("no extended key usage", by(PKI.intermediate, eku=None), set()),
    ("client only", by(PKI.intermediate, eku=(CLIENT,)), set()),
    ("any usage", by(PKI.intermediate, eku=("2.5.29.37.0",)), set()),
    ("server only", by(PKI.intermediate, eku=(SERVER,)), {"rehearsal.usage"}),
    ("no digital signature", by(PKI.intermediate, usage=("key_encipherment",)), {"rehearsal.usage"}),
    ("no key usage", by(PKI.intermediate, usage=None), set()),
    ("expired", by(PKI.intermediate, end=NOW - DAY), {"rehearsal.dates"}),
    ("future", by(PKI.intermediate, start=NOW + DAY), {"rehearsal.dates"}),
    ("foreign", chain(FOREIGN), {"rehearsal.untrusted", "rehearsal.not-offered"}),
    ("intermediate missing", leaf_only(PKI.gateway), {"rehearsal.untrusted", "rehearsal.not-offered"}),
    ("issuer may not sign", by(NO_SIGN), {"rehearsal.untrusted"}),
    ("issuer is no CA", by(NOT_CA), {"rehearsal.untrusted", "rehearsal.not-offered"}),
    ("path too long", by(authority("Below", SHORT)), {"rehearsal.untrusted"}),
    ("name constraint", by(PERMITTED), {"rehearsal.untrusted"}),
    ("MD5", by(RSA_CA, kind="rsa-2048", hash_name="md5"), {"rehearsal.algorithm"}),
    ("too many certificates", by(below(PKI.root, 10)), {"rehearsal.length"}),
    ("inside the name constraint", by(PERMITTED, sans=["a.allowed.example"]), set()),
]


@pytest.mark.parametrize(("gateway", "expected"), [pytest.param(*case[1:], id=case[0]) for case in GATEWAYS])
def test_the_gateway_is_judged_as_java_would(gateway: Chain, expected: set[str]) -> None:
    rehearsed = rehearse(chain(PKI.primary), [ROOT], gateway, [ROOT], "primary-host", now=NOW)
    assert {finding.code for finding in rehearsed.findings} == expected
    assert rehearsed.ok is (not expected)
    assert all("primary" in finding.message and "gateway" in finding.message for finding in rehearsed.findings)
    outcomes = {step.name: step.outcome for step in rehearsed.steps}
    assert outcomes["the gateway trusts the primary"] == "passed"
    # The bytes go through either way: it is Java's judgement that ends it.
    assert outcomes["TLS 1.3 handshake with the certificate of the gateway"] == "passed"
    assert outcomes["TLS 1.2 without a client certificate is refused"] == "passed"


PRIMARIES: list[tuple[str, Chain, list[Certificate], str, set[str]]] = [
    ("good", chain(PKI.primary), [ROOT], "primary-host", set()),
    ("intermediate trusted", leaf_only(PKI.primary), [PKI.intermediate.certificate], "primary-host", set()),
    ("leaf trusted", leaf_only(PKI.primary), [PKI.primary.certificate], "primary-host", set()),
    ("nothing trusted", chain(PKI.primary), [], "primary-host", {"rehearsal.empty-trust"}),
    ("another root", chain(PKI.primary), [FOREIGN.chain[-1]], "primary-host", {"rehearsal.untrusted"}),
    ("another name", chain(PKI.primary), [ROOT], "10.0.0.5", {"rehearsal.name"}),
    (
        "client only",
        chain(issue("primary-host", PKI.intermediate, eku=(CLIENT,))),
        [ROOT],
        "primary-host",
        {"rehearsal.usage"},
    ),
    ("expired root", chain(issue("primary-host", LATE_ROOT)), [LATE_ROOT.certificate], "primary-host", set()),
]


@pytest.mark.parametrize(
    ("primary", "trust", "connect_name", "expected"), [pytest.param(*case[1:], id=case[0]) for case in PRIMARIES]
)
def test_the_primary_is_judged_as_java_would(
    primary: Chain, trust: list[Certificate], connect_name: str, expected: set[str]
) -> None:
    rehearsed = rehearse(primary, [ROOT], None, trust, connect_name, now=NOW)
    assert {finding.code for finding in rehearsed.findings} == expected


def test_a_key_that_is_elsewhere_is_no_failure() -> None:
    windows = replace(chain(PKI.client), key=None)
    rehearsed = rehearse(chain(PKI.primary), [ROOT], windows, [ROOT], "primary-host", client_name="client", now=NOW)
    assert rehearsed.ok
    not_run = [step for step in rehearsed.steps if step.outcome == "not_run"]
    assert [step.detail for step in not_run] == ["the private key of the client is not available"] * 2


def test_a_key_of_another_certificate_fails_in_memory() -> None:
    mixed = replace(chain(PKI.gateway), key=PKI.client.private_key)
    rehearsed = rehearse(chain(PKI.primary), [ROOT], mixed, [ROOT], "primary-host", now=NOW)
    assert {finding.code for finding in rehearsed.findings} == {"rehearsal.handshake"}


def test_a_chain_without_leaf_cannot_be_rehearsed() -> None:
    with pytest.raises(ValueError, match="without a leaf"):
        rehearse(Chain(None), [ROOT], None, [ROOT], "primary-host")


def test_the_report_is_plain_data() -> None:
    rehearsed = rehearse(chain(PKI.primary), [ROOT], chain(FOREIGN), [ROOT], "primary-host", now=NOW)
    data = rehearsed.as_json()
    assert data["ok"] is False
    assert data["findings"][0]["facts"]["java"].startswith("PKIX path building failed")
    assert [step["outcome"] for step in data["steps"]].count("failed") == 2
    linked = {finding["code"]: finding["caused_by"] for finding in data["findings"]}
    assert linked == {"rehearsal.untrusted": None, "rehearsal.not-offered": "rehearsal.untrusted"}
