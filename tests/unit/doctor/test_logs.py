"""Lines that Java servers and Windows clients really write, and what they are taken for."""

import pytest

from wizard.doctor.logs import PATTERNS, SPECS, explain
from wizard.findings import Severity

PKIX = "sun.security.validator.ValidatorException: PKIX path"
LINES = {
    "javax.net.ssl.SSLHandshakeException: Empty client certificate chain": "client-sent-nothing",
    f"{PKIX} building failed: unable to find valid certification path to requested target": "no-path",
    "tls error: invalid peer certificate: UnknownIssuer": "no-path",
    f"{PKIX} validation failed: java.security.cert.CertPathValidatorException: validity check failed": "dates",
    "Extended key usage does not permit use for TLS client authentication": "usage",
    "sun.security.validator.ValidatorException: KeyUsage does not allow digital signatures": "key-usage",
    "No subject alternative DNS name matching primary-host found.": "name",
    "InvalidAlgorithmParameterException: the trustAnchors parameter must be non-empty": "empty-truststore",
    "java.io.IOException: keystore password was incorrect": "password",
    "UnrecoverableKeyException: Get Key failed: Given final block not properly padded": "key-password",
    "java.io.IOException: toDerInputStream rejects tag type 45": "format",
    "java.io.EOFException": "cut",
    "java.io.FileNotFoundException: /opt/hcp/conf/x.pfx (No such file or directory)": "missing-file",
    "java.io.FileNotFoundException: /opt/hcp/conf/x.pfx (Permission denied)": "denied",
    "com.typesafe.config.ConfigException$Parse: /opt/hcp/conf/application.conf: 29": "config",
    "java.net.BindException: Address already in use": "port",
    "Algorithm constraints check failed on keysize limits: RSA 1024 bits key used": "algorithm",
    "javax.net.ssl.SSLHandshakeException: Received fatal alert: protocol_version": "tls-version",
    "CertPathValidatorException: Unable to determine revocation status due to network error": "revocation",
    "ERROR certificate 'acme' not found in Windows store": "store-search",
    "acquire_key failed: NTE_BAD_KEYSET": "private-key",
    "No connection could be made (os error 10061)": "refused",
    "failed to lookup address information: Name or service not known": "unresolved",
    "connection timed out (os error 10060)": "timeout",
    "java.lang.OutOfMemoryError: Java heap space": "memory",
}
QUIET = (
    "2026-11-24 12:00:00 INFO  [primary] Internal TLS listens on 0.0.0.0:2560",
    "Started hcp-server.service.",
    "Key store /opt/hcp/conf/primary-host.pfx loaded, chain length 3",
    "",
)


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_known(line: str) -> None:
    found = explain(["nothing here", line], name="server.log")
    assert [finding.code for finding in found] == [f"doctor.log-{LINES[line]}"]
    assert found[0].subject.line == 2
    assert line[:40] in found[0].message


@pytest.mark.parametrize("line", QUIET)
def test_an_ordinary_line_means_nothing(line: str) -> None:
    assert explain([line]) == []


def test_every_pattern_has_a_line() -> None:
    assert {pattern.spec.code.removeprefix("doctor.log-") for pattern in PATTERNS} == set(LINES.values())
    assert len({spec.code for spec in SPECS}) == len(SPECS)


def test_causes_are_told_once_with_their_number_and_the_worst_first() -> None:
    found = explain(["Empty client certificate chain"] * 3 + ["java.io.EOFException"])
    assert [(finding.severity, finding.facts["times"]) for finding in found] == [
        (Severity.ERROR, 1),
        (Severity.NOTE, 3),
    ]


def test_hostile_lines_are_shown_inert() -> None:
    (found,) = explain(["\x1b]0;x\x07 java.io.EOFException \u202e" + "x" * 9000])
    assert "\x1b" not in found.message
    assert "\u202e" not in found.message
    assert len(found.message) < 300
