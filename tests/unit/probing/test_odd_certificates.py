"""Servers that present certificates which break rules: the probe shows them and does not stumble."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.pki import Acme, acme, authority, issue
from tests.support.tls_servers import PracticeServer
from wizard.probing.probe import probe
from wizard.probing.text_dump import plain_dump
from wizard.probing.trust import TrustSet

PKI = acme()
EVIL = "evil\x1b[31m\u202egnp"

ODD: list[tuple[str, dict[str, Any]]] = [
    ("serial zero", {"serial": 0}),
    ("negative serial", {"serial": -5}),
    ("SHA-1", {"hash_name": "sha1"}),
    ("MD5", {"hash_name": "md5"}),
    ("no names", {"sans": ()}),
    ("no extensions", {"sans": (), "basic": False, "eku": None, "usage": None, "ski": False, "aki": False}),
    ("broken signature", {"break_signature": True}),
    ("RSA 1024", {"kind": "rsa-1024"}),
    ("a CA itself", {"ca": True}),
]


@pytest.mark.parametrize("how", [pytest.param(case[1], id=case[0]) for case in ODD])
def test_odd_certificates_are_shown(how: dict[str, Any], tmp_path: Path) -> None:
    leaf = issue("primary-host", PKI.intermediate, **{"kind": "rsa-2048", **how})
    server = PracticeServer(tmp_path, Acme(PKI.root, PKI.intermediate, leaf, PKI.gateway, PKI.client), "required")
    try:
        trust = {"root": TrustSet([PKI.root.certificate])}
        result = probe("127.0.0.1", server.port, servername="primary-host", trust=trust, timeout_s=5)
    finally:
        server.close()
    assert [one.sha256 for one in result.chain] == [one.sha256 for one in leaf.chain[:2]]
    assert result.as_json()["chain"][0]["sha256"] == leaf.sha256
    assert result.trust["root"].ok is not how.get("break_signature", False)
    assert plain_dump(result).startswith("CONNECTED")


def test_an_inspecting_device_is_seen(tmp_path: Path) -> None:
    minted = issue("primary-host", authority("Acme-Inspector"), kind="rsa-2048")
    server = PracticeServer(tmp_path, Acme(PKI.root, PKI.intermediate, minted, PKI.gateway, PKI.client), "none")
    try:
        result = probe(
            "127.0.0.1", server.port, servername="primary-host", expected_chain=PKI.primary.chain, timeout_s=5
        )
    finally:
        server.close()
    assert (result.inspected, result.fallback, result.matches_expected) == (True, False, False)
    assert "probe.inspected" in {finding.code for finding in result.findings}
    assert "probe.unexpected-certificate" not in {finding.code for finding in result.findings}


def test_names_cannot_reach_the_terminal(tmp_path: Path) -> None:
    leaf = issue(EVIL, authority(EVIL), sans=("primary-host",), kind="rsa-2048")
    server = PracticeServer(tmp_path, Acme(PKI.root, PKI.intermediate, leaf, PKI.gateway, PKI.client), "required")
    try:
        result = probe("127.0.0.1", server.port, servername="other-host", expect=["00" * 32], timeout_s=5)
    finally:
        server.close()
    shown = plain_dump(result) + "".join(finding.message + finding.fix for finding in result.findings)
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\\x1b[31m" in shown
