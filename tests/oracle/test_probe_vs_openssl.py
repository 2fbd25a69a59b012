"""The probe beside `openssl s_client` on the same endpoints: same chain, protocol and cipher."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from ssl import PEM_cert_to_DER_cert

import pytest

from tests.support.pki import Entity, acme, authority, issue
from tests.support.tls_servers import free_port, wait_for_port
from wizard.probing.probe import probe
from wizard.probing.text_dump import plain_dump
from wizard.probing.trust import Version

PKI = acme()
EC = acme("p256")
WEAK = issue("primary-host", authority("Weak-CA", kind="rsa-1024"), kind="rsa-1024")

SERVERS: list[tuple[str, Entity, list[str]]] = [
    ("ordinary", PKI.primary, []),
    ("elliptic curve", EC.primary, []),
    ("TLS 1.2 only", PKI.primary, ["-tls1_2"]),
    ("TLS 1.3 only", PKI.primary, ["-tls1_3"]),
    ("ChaCha first", PKI.primary, ["-tls1_2", "-cipher", "ECDHE+CHACHA20", "-serverpref"]),
    ("no forward secrecy", PKI.primary, ["-tls1_2", "-cipher", "kRSA"]),
    ("demands a client", PKI.primary, ["-Verify", "3"]),
    ("likes a client", PKI.primary, ["-verify", "3"]),
    ("leaf only", PKI.primary, ["LEAF"]),
    ("Ed25519", issue("primary-host", authority("Ed-CA", kind="ed25519"), kind="ed25519"), []),
]


@contextmanager
def s_server(folder: Path, entity: Entity, options: list[str]) -> Iterator[int]:
    (folder / "leaf.pem").write_bytes(entity.pem)
    (folder / "above.pem").write_bytes(b"".join(each.chain_pem for each in [entity.issuer] if each))
    (folder / "key.pem").write_bytes(entity.key_pem())
    port = free_port()
    above = [] if "LEAF" in options else ["-cert_chain", "above.pem"]
    command = ["openssl", "s_server", "-accept", str(port), "-cert", "leaf.pem", "-key", "key.pem", *above, "-quiet"]
    command += [option for option in options if option != "LEAF"]
    with subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for_port(port)
            yield port
        finally:
            server.terminate()


def s_client(port: int, *options: str) -> tuple[list[str], str, str]:
    """Fingerprints as presented, protocol, cipher."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", "primary-host", "-showcerts"]
    done = subprocess.run(
        [*command, *options], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=20
    )
    blocks = re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", done.stdout, re.DOTALL)
    session = re.search(r"^New, (\S+), Cipher is (\S+)$", done.stdout, re.MULTILINE)
    assert session, done.stdout + done.stderr
    return [sha256(PEM_cert_to_DER_cert(block)).hexdigest() for block in blocks], session[1], session[2]


@pytest.mark.parametrize(("entity", "options"), [pytest.param(*case[1:], id=case[0]) for case in SERVERS])
def test_same_chain_protocol_and_cipher(entity: Entity, options: list[str], tmp_path: Path) -> None:
    with s_server(tmp_path, entity, options) as port:
        result = probe("127.0.0.1", port, servername="primary-host", timeout_s=5)
        chain, protocol, cipher = s_client(port)
    assert [certificate.sha256 for certificate in result.chain] == chain
    assert (result.protocol, result.cipher) == (protocol, cipher)
    dump = plain_dump(result)
    assert f"New, {protocol}, Cipher is {cipher}" in dump
    assert dump.count("-----BEGIN CERTIFICATE-----") == 1
    assert result.error is None


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_same_with_one_version(version: Version, tmp_path: Path) -> None:
    with s_server(tmp_path, PKI.primary, []) as port:
        result = probe("127.0.0.1", port, servername="primary-host", tls=version, timeout_s=5)
        chain, protocol, cipher = s_client(port, f"-tls{version.replace('.', '_')}")
    assert [certificate.sha256 for certificate in result.chain] == chain
    assert (result.protocol, result.cipher) == (protocol, cipher)


OLD: list[tuple[str, Entity, list[str], str, str]] = [
    ("TLS 1.0", PKI.primary, ["-tls1", "-cipher", "ALL:@SECLEVEL=0"], "TLSv1", "probe.old-protocol-only"),
    ("TLS 1.1", PKI.primary, ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], "TLSv1.1", "probe.old-protocol-only"),
    (
        "signs with SHA-1",
        PKI.primary,
        ["-tls1_2", "-cipher", "ALL:@SECLEVEL=0", "-sigalgs", "RSA+SHA1"],
        "TLSv1.2",
        "probe.weak-parameters-only",
    ),
]


@pytest.mark.parametrize(
    ("entity", "options", "protocol", "code"), [pytest.param(*case[1:], id=case[0]) for case in OLD]
)
def test_old_servers_are_seen_at_the_second_try(
    entity: Entity, options: list[str], protocol: str, code: str, tmp_path: Path
) -> None:
    with s_server(tmp_path, entity, options) as port:
        result = probe("127.0.0.1", port, servername="primary-host", timeout_s=5)
        strict = probe("127.0.0.1", port, servername="primary-host", tls="1.3", timeout_s=5)
    assert (result.lowered, result.protocol, result.error) == (True, protocol, None)
    assert result.leaf == entity.certificate
    assert code in {finding.code for finding in result.findings}
    assert (strict.lowered, strict.chain) == (False, ())
    assert strict.error is not None


def test_a_short_key_is_seen_all_the_same(tmp_path: Path) -> None:
    with s_server(tmp_path, WEAK, ["-cipher", "ALL:@SECLEVEL=0"]) as port:
        result = probe("127.0.0.1", port, servername="primary-host", timeout_s=5)
    assert result.leaf == WEAK.certificate


def test_a_version_or_a_name_that_is_asked_for_alone(tmp_path: Path) -> None:
    with s_server(tmp_path, PKI.primary, ["-tls1_2"]) as port:
        old, new = (
            probe("127.0.0.1", port, servername="primary-host", tls=version, timeout_s=5) for version in ("1.2", "1.3")
        )
        names = [probe("127.0.0.1", port, servername=name, timeout_s=5) for name in ("primary-host", "other", None)]
    assert old.protocol == "TLSv1.2"
    assert (new.error, new.alert) == ("probe.alert", "protocol_version")
    assert [result.name_matches for result in names] == [True, False, False]
