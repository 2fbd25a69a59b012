"""Lines that Java servers and Windows clients really write, and what they are taken for."""

import ctypes
import re
import shutil
import subprocess

import pytest

from wizard.doctor.logs import PATTERNS, explain
from wizard.findings import Severity

PKIX = "sun.security.validator.ValidatorException: PKIX path"
LINES = {
    "javax.net.ssl.SSLHandshakeException: Empty client certificate chain": "doctor.log-client-sent-nothing",
    f"{PKIX} building failed: unable to find valid certification path to requested target": "doctor.log-no-path",
    "tls error: invalid peer certificate: UnknownIssuer": "doctor.log-no-path",
    f"{PKIX} validation failed: java.security.cert.CertPathValidatorException: validity check failed": "doctor.log-dates",
    "Extended key usage does not permit use for TLS client authentication": "doctor.log-usage",
    "sun.security.validator.ValidatorException: KeyUsage does not allow digital signatures": "doctor.log-key-usage",
    "No subject alternative DNS name matching primary-host found.": "doctor.log-name",
    "InvalidAlgorithmParameterException: the trustAnchors parameter must be non-empty": "doctor.log-empty-truststore",
    "java.io.IOException: keystore password was incorrect": "doctor.log-password",
    "UnrecoverableKeyException: Get Key failed: Given final block not properly padded": "doctor.log-key-password",
    "java.io.IOException: toDerInputStream rejects tag type 45": "doctor.log-format",
    "java.io.EOFException": "doctor.log-cut",
    "java.io.FileNotFoundException: /opt/hcp/conf/x.pfx (No such file or directory)": "doctor.log-missing-file",
    "java.io.FileNotFoundException: /opt/hcp/conf/x.pfx (Permission denied)": "doctor.log-denied",
    "com.typesafe.config.ConfigException$Parse: /opt/hcp/conf/application.conf: 29": "doctor.log-config",
    "java.net.BindException: Address already in use": "doctor.log-port",
    "Algorithm constraints check failed on keysize limits: RSA 1024 bits key used": "doctor.log-algorithm",
    "javax.net.ssl.SSLHandshakeException: Received fatal alert: protocol_version": "doctor.log-tls-version",
    "CertPathValidatorException: Unable to determine revocation status due to network error": "doctor.log-revocation",
    "ERROR certificate 'acme' not found in Windows store": "doctor.log-store-search",
    "acquire_key failed: NTE_BAD_KEYSET": "doctor.log-private-key",
    "No connection could be made (os error 10061)": "doctor.log-refused",
    "failed to lookup address information: Name or service not known": "doctor.log-unresolved",
    "connection timed out (os error 10060)": "doctor.log-timeout",
    "java.lang.OutOfMemoryError: Java heap space": "doctor.log-memory",
    "basic constraints check failed: pathLenConstraint violated - this cert must be the last cert": "doctor.log-chain-rule",
    "The certificate chain length (11) exceeds the maximum allowed length (10)": "doctor.log-chain-rule",
    "verify error:num=47:permitted subtree violation": "doctor.log-chain-rule",
    "invalid peer certificate: Other(CaUsedAsEndEntity)": "doctor.log-chain-rule",
    "java.io.IOException: Only named ECParameters supported": "doctor.log-unreadable-certificate",
    "X.509 Certificate is incomplete: SubjectAlternativeName extension MUST be marked critical": "doctor.log-unreadable-certificate",
    "javax.net.ssl.SSLHandshakeException: Invalid CertificateVerify signature": "doctor.log-signature",
    "tls_process_cert_verify:bad signature": "doctor.log-signature",
    "javax.net.ssl.SSLHandshakeException: No available authentication scheme": "doctor.log-nothing-to-show",
    "tls_post_process_client_hello:no shared cipher": "doctor.log-nothing-to-show",
    "javax.net.ssl.SSLHandshakeException: Received fatal alert: certificate_unknown": "doctor.log-peer-refuses-certificate",
    "ssl3_read_bytes:sslv3 alert bad certificate": "doctor.log-peer-refuses-certificate",
    "A fatal alert was received. The TLS protocol defined fatal alert code is 46.": "doctor.log-peer-refuses-certificate",
    "javax.net.ssl.SSLHandshakeException: Received fatal alert: handshake_failure": "doctor.log-peer-refuses-handshake",
    "received fatal alert: HandshakeFailure": "doctor.log-peer-refuses-handshake",
    "javax.net.ssl.SSLHandshakeException: Remote host terminated the handshake": "doctor.log-peer-hangs-up",
    "error:0A000126:SSL routines::unexpected eof while reading": "doctor.log-peer-hangs-up",
    "javax.net.ssl.SSLException: Unsupported or unrecognized SSL message": "doctor.log-not-tls",
    "error:0A00010B:SSL routines:ssl3_get_record:wrong version number": "doctor.log-not-tls",
    "java.io.IOException: Integrity check failed: java.security.NoSuchAlgorithmException": "doctor.log-old-java",
    "java.io.IOException: ObjectIdentifier() -- data isn't an object ID (tag = 48)": "doctor.log-old-java",
    "error:0308010C:digital envelope routines:inner_evp_generic_fetch:unsupported": "doctor.log-old-cipher",
    "Import-PfxCertificate : The specified network password is not correct.": "doctor.log-windows-password",
    "The TLS protocol defined fatal alert code is 48.": "doctor.log-no-path",
    "SEC_E_WRONG_PRINCIPAL (0x80090322)": "doctor.log-name",
    "The client and server cannot communicate, because they do not possess a common algorithm": "doctor.log-tls-version",
    "CRYPT_E_REVOCATION_OFFLINE (0x80092013)": "doctor.log-revocation",
    "No credentials are available in the security package (0x8009030E)": "doctor.log-store-search",
    "tlsv13 alert certificate required": "doctor.log-client-sent-nothing",
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
    assert [finding.code for finding in found] == [LINES[line]]
    assert found[0].subject.line == 2
    assert line[:40] in found[0].message


@pytest.mark.parametrize("line", QUIET)
def test_an_ordinary_line_means_nothing(line: str) -> None:
    assert explain([line]) == []


def test_every_pattern_has_a_line() -> None:
    assert {spec.code for spec in PATTERNS} == set(LINES.values())


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


def test_every_verdict_of_openssl_on_a_chain_is_explained() -> None:
    """The list is that of the library itself; what no handshake with this product meets is left out."""
    library = ctypes.CDLL("libcrypto.so.3")
    library.X509_verify_cert_error_string.restype = ctypes.c_char_p
    rare = re.compile(
        r"^ok$|CRL|proxy|Suite B|DANE|RFC 3779|Transparency|OCSP|out of memory|unspecified|unknown certificate verification"
        r"|application verification|format error|email|path loop|certificate rejected|verification context|lookup error"
        r"|algorithm|doesn't have a public key|decrypt certificate's|Path length|keyCertSign|name empty|Missing|Empty"
        r"|Subject empty|marked critical|does not include key usage|requires at least"
    )
    texts = [library.X509_verify_cert_error_string(number).decode() for number in range(96)]
    wanted = [text for text in texts if not rare.search(text)]
    assert len(wanted) > 30
    assert [text for text in wanted if not explain([f"verify error:num=0:{text}"])] == []


JDK = (
    "sun.security.validator.EndEntityChecker", "sun.security.provider.certpath.PKIXMasterCertPathValidator",
    "sun.security.provider.certpath.ConstraintsChecker", "sun.security.provider.certpath.KeyChecker",
    "sun.security.provider.certpath.AlgorithmChecker", "sun.security.util.HostnameChecker",
    "sun.security.ssl.X509TrustManagerImpl", "sun.security.ssl.CertificateMessage$T13CertificateConsumer",
    "sun.security.ssl.CertificateMessage$T13CertificateProducer", "sun.security.ssl.SSLSocketInputRecord",
    "sun.security.ssl.CertificateVerify$T13CertificateVerifyMessage", "sun.security.ssl.SSLSocketImpl",
    "sun.security.pkcs12.PKCS12KeyStore", "sun.security.provider.JavaKeyStore", "sun.security.x509.X509CertInfo",
    "sun.security.x509.CertificateExtensions", "sun.security.ssl.AbstractTrustManagerWrapper", "sun.security.util.ECParameters",
)  # fmt: skip
JDK_SENTENCES = (
    "Extended key usage does not permit use for TLS client authentication", "KeyUsage does not allow digital signatures",
    "KeyUsage does not allow key agreement", "Netscape cert type does not permit use for SSL server",
    " check failed: this is not a CA certificate", " check failed: keyCertSign bit is not set",
    "unrecognized critical extension(s)", "Certificates do not conform to algorithm constraints",
    "No name matching ", "No subject alternative names present", "No subject alternative DNS name matching ",
    "Illegal given domain name: ", "Certificate domain name has illegal single wildcard character: ",
    "Empty client certificate chain", "Failed to parse server certificates", "No available authentication scheme",
    "Invalid CertificateVerify signature", "Remote host terminated the handshake", "SSL peer shut down incorrectly",
    "keystore password was incorrect", "Get Key failed: ", "PKCS12 keystore not in version 3 format",
    "Keystore was tampered with, or password was incorrect", "Invalid keystore format", "Integrity check failed: ",
    "Duplicate extensions not allowed", "Only named ECParameters supported", "Unsupported or unrecognized SSL message",
)  # fmt: skip


def test_the_sentences_of_the_jdk_are_its_own_and_are_explained() -> None:
    javap = shutil.which("javap")
    assert javap, "javap is missing: apt-get install openjdk-17-jdk-headless"
    done = subprocess.run(
        [javap, "-p", "-c", "-constants", "--module", "java.base", *JDK],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    known = done.stdout
    for sentence in JDK_SENTENCES:
        assert sentence.strip() in known, sentence
        # The checks of one kind of constraint put its name in front.
        assert explain([f"basic constraints{sentence}" if sentence.startswith(" check") else sentence]), sentence
