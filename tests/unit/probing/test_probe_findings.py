"""From what was seen to findings: each rule fires on its case and on no other."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.support.pki import DAY, NOW, Entity, acme, authority, issue
from wizard.certificates.model import Certificate
from wizard.findings import Finding
from wizard.probing.handshake import REASONS
from wizard.probing.probe import ProbeResult, findings
from wizard.probing.trust import SYSTEM_ROOTS, TrustSet, Verdict, covers, is_fallback
from wizard.reports.catalogue import catalogue

PKI = acme("p256")
LEAF, MIDDLE, ROOT = PKI.primary.chain
OTHER = issue("primary-host", authority("Acme-Inspector"))
STRANGER = issue("stranger", authority("Stranger-CA"))
BUILTIN = issue("localhost", None)
EXPIRED = issue("primary-host", PKI.intermediate, end=NOW - DAY)
FUTURE = issue("primary-host", PKI.intermediate, start=NOW + DAY)


def seen(*chain: Certificate, **facts: Any) -> ProbeResult:
    base = ProbeResult(
        "primary-host",
        2560,
        "primary-host",
        address="10.0.0.5",
        reachable=True,
        phase="client-auth",
        protocol="TLSv1.3",
        cipher="TLS_AES_256_GCM_SHA384",
        chain=chain,
        name_matches=True,
        client_auth="required",
    )
    return replace(base, **facts)


BAD = {"old": Verdict(ok=False, reason="the issuer is missing")}
GOOD = {"new": Verdict(ok=True, path=(LEAF, MIDDLE, ROOT))}
ONLY_PUBLIC = {SYSTEM_ROOTS: Verdict(ok=False, reason="x")}

CASES: list[tuple[str, ProbeResult, set[str]]] = [
    ("as it should be", seen(LEAF, MIDDLE), set()),
    ("as expected", seen(LEAF, MIDDLE, matches_expected=True, trust=GOOD), set()),
    ("another leaf", seen(LEAF, MIDDLE, matches_expected=False), {"probe.unexpected-certificate"}),
    ("built-in", seen(BUILTIN.certificate, fallback=True, matches_expected=False), {"probe.fallback-certificate"}),
    ("wrong name", seen(LEAF, MIDDLE, name_matches=False), {"probe.name-mismatch"}),
    ("unknown name", seen(LEAF, MIDDLE, warned="unrecognized_name"), {"probe.name-unknown"}),
    ("expired", seen(EXPIRED.certificate, MIDDLE), {"probe.expired"}),
    ("future", seen(FUTURE.certificate, MIDDLE), {"probe.not-yet-valid"}),
    ("leaf only", seen(LEAF), {"probe.leaf-only"}),
    ("leaf only, expected known", seen(LEAF, trust=GOOD), {"probe.chain-incomplete"}),
    ("root sent", seen(LEAF, MIDDLE, ROOT), {"probe.root-sent"}),
    ("self-signed leaf alone", seen(issue("primary-host", None).certificate), set()),
    ("out of order", seen(LEAF, ROOT, MIDDLE), {"probe.chain-disordered", "probe.root-sent"}),
    ("leaf twice", seen(LEAF, LEAF, MIDDLE), {"probe.chain-extra"}),
    ("stranger sent", seen(LEAF, MIDDLE, STRANGER.certificate), {"probe.chain-extra"}),
    ("not trusted", seen(LEAF, MIDDLE, trust=BAD), {"probe.untrusted"}),
    ("one of two trusts", seen(LEAF, MIDDLE, trust=BAD | GOOD), set()),
    ("not public", seen(LEAF, MIDDLE, trust=ONLY_PUBLIC), set()),
    ("no client authentication", seen(LEAF, MIDDLE, client_auth="none"), {"probe.client-auth-none"}),
    ("old protocol", seen(LEAF, MIDDLE, protocol="TLSv1", lowered=True), {"probe.old-protocol-only"}),
    ("weak parameters", seen(LEAF, MIDDLE, lowered=True), {"probe.weak-parameters-only"}),
    (
        "authority not listed",
        seen(LEAF, MIDDLE, acceptable_cas=("CN=Else",), client_issuer=frozenset({"CN=Ours"})),
        {"probe.client-authority-unlisted"},
    ),
    (
        "authority listed",
        seen(LEAF, MIDDLE, acceptable_cas=("CN=Ours",), client_issuer=frozenset({"CN=Ours"})),
        set(),
    ),
    (
        "rejected",
        seen(LEAF, MIDDLE, error="probe.client-rejected", detail="the server said so"),
        {"probe.client-rejected"},
    ),
]


def codes(found: Sequence[Finding]) -> set[str]:
    return {finding.code for finding in found}


@pytest.mark.parametrize(("result", "expected"), [pytest.param(*case[1:], id=case[0]) for case in CASES])
def test_each_rule_fires_on_its_case(result: ProbeResult, expected: set[str]) -> None:
    found = findings(result, now=NOW)
    assert codes(found) == expected
    for finding in found:
        assert "{" not in finding.message + finding.fix
        assert finding.subject.endpoint == "primary-host:2560"


def test_the_expected_chain_names_the_missing_intermediate() -> None:
    found = findings(seen(LEAF), (LEAF, MIDDLE, ROOT), now=NOW)
    assert codes(found) == {"probe.chain-incomplete"}
    assert "CN=Acme-CA-Intermediate" in found[0].message


def test_an_inspecting_device_is_named_by_its_authority() -> None:
    found = findings(seen(*OTHER.chain[:2], matches_expected=False, inspected=True), (LEAF, MIDDLE, ROOT), now=NOW)
    assert codes(found) == {"probe.inspected", "probe.root-sent"}
    assert "comes from CN=Acme-Inspector,O=Acme, not from CN=Acme-CA-Intermediate" in found[0].message


def test_a_leaf_directly_under_the_root_needs_no_more() -> None:
    direct = issue("primary-host", PKI.root)
    assert codes(findings(seen(direct.certificate), direct.chain, now=NOW)) == set()


def test_what_the_fallback_brings_along_is_linked_to_it() -> None:
    result = seen(BUILTIN.certificate, fallback=True, name_matches=False, trust=BAD)
    causes = {finding.code: finding.caused_by for finding in findings(result, now=NOW)}
    assert causes == {
        "probe.fallback-certificate": None,
        "probe.name-mismatch": "probe.fallback-certificate",
        "probe.untrusted": "probe.fallback-certificate",
    }


def test_every_error_code_has_its_entry() -> None:
    assert {spec.code for spec, _ in REASONS.values()} <= set(catalogue())


NAMES = [
    ("exact", ["primary-host"], "primary-host", True),
    ("case", ["Primary-Host.Example"], "primary-host.example", True),
    ("Java refuses a final dot", ["Primary-Host.Example"], "primary-host.example.", False),
    ("wildcard", ["*.acme.example"], "primary.acme.example", True),
    ("wildcard is one label", ["*.acme.example"], "a.b.acme.example", False),
    ("address", ["10.0.0.5"], "10.0.0.5", True),
    ("address is no name", ["10.0.0.5"], "10.0.0.6", False),
    ("IPv6 in another form", ["2001:db8::5"], "2001:db8:0::5", True),
    ("only the common name", [], "primary-host", True),
    ("SAN hides the common name", ["else"], "primary-host", False),
    ("umlaut", ["xn--mller-kva.example"], "m\u00fcller.example", True),
]


@pytest.mark.parametrize(("sans", "name", "expected"), [pytest.param(*case[1:], id=case[0]) for case in NAMES])
def test_names(sans: list[str], name: str, expected: bool) -> None:
    assert covers(issue("primary-host", PKI.intermediate, sans=sans).certificate, name) is expected


PRIVATE_LOCALHOST = issue("localhost", PKI.intermediate)
FALLBACKS: list[tuple[str, Entity, list[str], str, bool]] = [
    ("self-signed, nothing expected", BUILTIN, [], "localhost", True),
    ("self-signed, another expected", BUILTIN, [LEAF.sha256], "primary-host", True),
    ("self-signed and expected", BUILTIN, [BUILTIN.sha256], "localhost", False),
    ("issued, for the name that was asked", PRIVATE_LOCALHOST, [], "localhost", False),
    ("issued, another name was asked", PRIVATE_LOCALHOST, [], "primary-host", True),
    ("another name", PKI.primary, [], "other", False),
    ("another name, not expected", PKI.primary, ["00" * 32], "other", False),
]


@pytest.mark.parametrize(
    ("entity", "expect", "name", "expected"), [pytest.param(*case[1:], id=case[0]) for case in FALLBACKS]
)
def test_the_fallback_is_recognised(entity: Entity, expect: list[str], name: str, expected: bool) -> None:
    assert is_fallback(entity.certificate, expect, name) is expected


VERDICTS: list[tuple[str, tuple[Certificate, ...], tuple[Certificate, ...], str]] = [
    ("root trusted", (LEAF, MIDDLE), (ROOT,), ""),
    ("root sent too", (LEAF, MIDDLE, ROOT), (ROOT,), ""),
    ("any order", (LEAF, ROOT, MIDDLE), (ROOT,), ""),
    ("intermediate trusted", (LEAF,), (MIDDLE,), ""),
    ("intermediate missing", (LEAF,), (ROOT,), "CN=Acme-CA-Intermediate,O=Acme is neither sent nor trusted"),
    ("another root", (LEAF, MIDDLE, ROOT), (STRANGER.chain[1],), "ends in CN=Acme-CA-Root,O=Acme"),
    ("nothing trusted", (LEAF, MIDDLE), (), "neither sent nor trusted"),
    ("nothing sent", (), (ROOT,), "no certificate was sent"),
    ("expired", (EXPIRED.certificate, MIDDLE), (ROOT,), "has expired"),
    ("future", (FUTURE.certificate, MIDDLE), (ROOT,), "not valid yet"),
    ("self-signed", (BUILTIN.certificate,), (ROOT,), "self-signed"),
]


@pytest.mark.parametrize(("chain", "anchors", "reason"), [pytest.param(*case[1:], id=case[0]) for case in VERDICTS])
def test_trust(chain: tuple[Certificate, ...], anchors: tuple[Certificate, ...], reason: str) -> None:
    verdict = TrustSet(anchors, now=NOW).verdict(chain)
    assert verdict.ok is (reason == "")
    assert reason in verdict.reason
    if verdict.ok:
        assert verdict.path[0] == chain[0]
        assert verdict.path[-1] in anchors
