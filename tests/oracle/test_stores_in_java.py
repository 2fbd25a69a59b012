"""Every store that we write, opened and used by real JVMs of four ages, by keytool and by openssl."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.exhaustive import mostly_exhaustive
from tests.support.jvm import jre, run_java
from tests.support.pki import Entity, acme, issue
from wizard.certificates.chain import assemble
from wizard.certificates.model import Profile
from wizard.certificates.writing import keystore, truststore
from wizard.secret import Secret

PASSWORD = Secret("changeit")
VERSIONS = ("11.0.5", "17", "21", "25")
OFTEN = mostly_exhaustive(VERSIONS, {"11.0.5"}.__contains__)
"""Before and after Java read modern stores."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key stores of the manual's hosts and a trust store, in both profiles."""
    place = tmp_path_factory.mktemp("stores")
    pki = acme()
    for profile in Profile:
        for name, entity in (("primary", pki.primary), ("gateway", pki.gateway)):
            (place / f"{name}-{profile}.p12").write_bytes(_keys(entity, profile))
        trusted = [each.certificate for each in pki.authorities]
        (place / f"trust-{profile}.p12").write_bytes(truststore(trusted, PASSWORD, profile=profile))
    return place


def _keys(entity: Entity, profile: Profile) -> bytes:
    return keystore(assemble(entity.bundle)[0], PASSWORD, profile=profile)


@pytest.mark.parametrize("profile", Profile)
@pytest.mark.parametrize("version", OFTEN)
def test_the_jvm_finds_key_chain_and_anchors(folder: Path, version: str, profile: Profile) -> None:
    lines = "".join(f"{folder / f'{name}-{profile}.p12'}\tchangeit\n" for name in ("primary", "trust"))
    answer = run_java("StoreReport", version=version, stdin=lines).stdout.splitlines()
    if version == "11.0.5" and profile is Profile.MODERN:
        # The reason for the other profile: this JRE reads no PBES2 with SHA-256.
        assert all("password was incorrect" in line for line in answer)
    else:
        assert answer == ["primary-host:RSA:3\t1", "acme-ca-intermediate:cert,acme-ca-root:cert\t2"]


@pytest.mark.parametrize("version", OFTEN)
def test_a_handshake_between_our_stores(folder: Path, version: str) -> None:
    profile = Profile.LEGACY if version == "11.0.5" else Profile.MODERN
    stores = [folder / f"{name}-{profile}.p12" for name in ("primary", "trust", "gateway", "trust")]
    lines = "".join("\t".join([tls, tls, "primary-host", *map(str, stores)]) + "\n" for tls in ("TLSv1.2", "TLSv1.3"))
    answer = run_java("Handshake", version=version, stdin=lines).stdout.splitlines()
    assert answer == ["TLSv1.2\tOK\tTLSv1.2", "TLSv1.3\tOK\tTLSv1.3"]


@pytest.mark.parametrize("profile", mostly_exhaustive(Profile, {Profile.MODERN}.__contains__))
def test_keytool_lists_and_signs_with_the_key(folder: Path, profile: Profile) -> None:
    common = ["-keystore", str(folder / f"primary-{profile}.p12"), "-storepass:env", "PASSWORD"]
    for action, found in ((["-list"], "PrivateKeyEntry"), (["-certreq", "-alias", "primary-host"], "BEGIN NEW CERT")):
        command = [str(jre("17") / "bin" / "keytool"), *action, *common]
        done = subprocess.run(
            command, env={**os.environ, "PASSWORD": "changeit"}, capture_output=True, text=True, check=True, timeout=60
        )
        assert found in done.stdout


@pytest.mark.parametrize("profile", Profile)
def test_openssl_reads_them_without_its_legacy_provider(folder: Path, profile: Profile) -> None:
    for name, count in (("primary", 3), ("trust", 2)):
        command = [
            "openssl",
            "pkcs12",
            "-in",
            str(folder / f"{name}-{profile}.p12"),
            "-passin",
            "env:PASSWORD",
            "-nodes",
        ]
        done = subprocess.run(
            command, env={**os.environ, "PASSWORD": "changeit"}, capture_output=True, text=True, check=True, timeout=60
        )
        assert done.stdout.count("BEGIN CERTIFICATE") == count
        assert done.stdout.count("BEGIN PRIVATE KEY") == (1 if name == "primary" else 0)


@pytest.mark.parametrize("kind", mostly_exhaustive(["p256", "p384", "rsa-3072"], {"p256"}.__contains__))
def test_other_kinds_of_keys_in_java(tmp_path: Path, kind: str) -> None:
    entity = issue("other-host", acme("p256").intermediate, kind=kind)
    path = tmp_path / "other.p12"
    path.write_bytes(_keys(entity, Profile.MODERN))
    answer = run_java("StoreReport", version="17", stdin=f"{path}\tchangeit\n").stdout
    assert answer == f"other-host:{'RSA' if kind.startswith('rsa') else 'EC'}:3\t1\n"
