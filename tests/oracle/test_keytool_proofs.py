"""What four ages of Java's keytool say, and what we make of it."""

import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from tests.support.codes_in import codes_in
from tests.support.exhaustive import exhaustive, mostly_exhaustive
from tests.support.jvm import jre as java_home
from tests.support.jvm import trust_entries
from wizard.host.jre import Jre, Keytool, KeytoolError, choose_profile, explained, find
from wizard.host.machine import Machine
from wizard.sandbox import pki as practice
from wizard.sandbox import truststore
from wizard.sandbox.pki import Entity, Pki
from wizard.secret import Secret

AGES = ("11.0.5", "17", "21", "25")
WORD = "changeit"


@pytest.fixture(scope="module")
def made() -> Pki:
    return practice.make()


@pytest.fixture(params=mostly_exhaustive(AGES, {"17"}.__contains__))
def keytool(request: pytest.FixtureRequest) -> Keytool:
    home = java_home(request.param)
    return Keytool(Jre(home, request.param, keytool=home / "bin/keytool"))


def store(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "store.pfx"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("alias", [pytest.param("primary-host", marks=exhaustive), None])
def test_a_good_store_is_proven(keytool: Keytool, made: Pki, tmp_path: Path, alias: str | None) -> None:
    entity = made.entities["primary-host"]
    path = store(tmp_path, practice.pfx(entity, WORD, name="primary-host", legacy=True))
    proof = keytool.prove_keystore(path, Secret(WORD), alias)
    assert (proof.ok, proof.alias, proof.code) == (True, "primary-host", "")


def test_the_profile_choice_is_right_about_modern_stores(keytool: Keytool, made: Pki, tmp_path: Path) -> None:
    path = store(tmp_path, practice.pfx(made.entities["primary-host"], WORD, name="primary-host"))
    proof = keytool.prove_keystore(path, Secret(WORD), "primary-host")
    assert proof.ok is (choose_profile(keytool.jre).profile == "modern")
    assert proof.code == ("" if proof.ok else "keytool.password-wrong")


def test_a_store_without_a_friendly_name_is_proven(made: Pki, tmp_path: Path) -> None:
    home = java_home("17")
    path = store(tmp_path, practice.pfx(made.entities["primary-host"], WORD))
    proof = Keytool(Jre(home, "17", keytool=home / "bin/keytool")).prove_keystore(path, Secret(WORD))
    assert (proof.ok, proof.alias) == (True, "1")


@pytest.mark.parametrize("keytool", mostly_exhaustive(["11.0.5", "17", "25"], {"17"}.__contains__), indirect=True)
def test_refusals_have_their_own_codes(keytool: Keytool, made: Pki, tmp_path: Path) -> None:
    entity = made.entities["primary-host"]
    good = practice.pfx(entity, WORD, name="x", legacy=True)
    certificates, _ = truststore.parts(good)
    other_key = truststore.parts(practice.pfx(entity, "other-word", name="x", legacy=True))[1]
    cases = {
        "keytool.password-wrong": (good, "not-the-word", "x"),
        "keytool.alias-missing": (good, WORD, "y"),
        "keytool.store-empty": (b"", WORD, "x"),
        "keytool.store-cut": (good[:1000], WORD, "x"),
        "keytool.store-format": (practice.pem(entity.certificate), WORD, "x"),
        "keytool.key-password": (truststore.joined([certificates, other_key], WORD), WORD, "x"),
        "keytool.no-key": (truststore.joined([certificates], WORD), WORD, None),
    }
    for code, (data, word, alias) in cases.items():
        proof = keytool.prove_keystore(store(tmp_path, data), Secret(word), alias)
        assert (proof.ok, proof.code) == (False, code)
        assert proof.text
    assert keytool.prove_keystore(tmp_path / "gone", Secret(WORD), "x").code == "keytool.store-missing"


# a JKS cacerts and a passwordless PKCS12 one
@pytest.mark.parametrize("keytool", mostly_exhaustive(["17", "21"], {"17"}.__contains__), indirect=True)
def test_a_root_goes_into_a_copy_of_cacerts_and_out_again(keytool: Keytool, made: Pki, tmp_path: Path) -> None:
    copy = tmp_path / "cacerts"
    shutil.copyfile(keytool.jre.home / "lib/security/cacerts", copy)
    before = trust_entries(keytool.jre.home, copy, WORD)
    assert len(before) > 100
    der = _der(made.root)
    fingerprint = made.root.certificate.fingerprint(SHA256()).hex()
    keytool.import_trust(copy, der, "cloudstream-acme-ca-root", Secret(WORD))
    after = trust_entries(keytool.jre.home, copy, WORD)
    assert after == before | {fingerprint: "cloudstream-acme-ca-root"}
    assert len(trust_entries(keytool.jre.home, copy, WORD)) == len(before) + 1
    with pytest.raises(KeytoolError) as twice:
        keytool.import_trust(copy, der, "cloudstream-acme-ca-root", Secret(WORD))
    assert twice.value.code == "keytool.alias-exists"
    with pytest.raises(KeytoolError) as bad:
        keytool.import_trust(copy, der[:100], "other", Secret(WORD))
    assert bad.value.code == "keytool.not-a-certificate"
    keytool.delete_trust(copy, "cloudstream-acme-ca-root", Secret(WORD))
    assert trust_entries(keytool.jre.home, copy, WORD) == before
    with pytest.raises(KeytoolError) as gone:
        keytool.delete_trust(copy, "cloudstream-acme-ca-root", Secret(WORD))
    assert gone.value.code == "keytool.alias-missing"


def test_a_changed_password_of_a_jks_is_told(made: Pki, tmp_path: Path) -> None:
    home = java_home("17")
    keytool = Keytool(Jre(home, "17", keytool=home / "bin/keytool"))
    path = tmp_path / "cacerts"
    truststore.empty(path, "our-own-word", keep=made.root.certificate)
    with pytest.raises(KeytoolError) as refused:
        keytool.import_trust(path, _der(made.root), "x", Secret(WORD))
    assert refused.value.code == "keytool.tampered"
    assert len(trust_entries(home, path, "our-own-word")) == 1


@pytest.mark.parametrize("age", mostly_exhaustive(AGES, {"17"}.__contains__))
def test_our_reading_of_the_release_file_agrees_with_java(age: str, tmp_path: Path) -> None:
    (tmp_path / "opt/hcp").mkdir(parents=True)
    (tmp_path / "opt/hcp/jre").symlink_to(java_home(age))
    told = find(Machine(root=tmp_path))
    silent = tmp_path / "silent/opt/hcp/jre"
    silent.mkdir(parents=True)
    (silent / "bin").symlink_to(java_home(age) / "bin")
    (silent / "lib").symlink_to(java_home(age) / "lib")
    asked = find(Machine(root=tmp_path / "silent"))
    assert told is not None
    assert asked is not None
    assert (told.source, asked.source) == ("release", "java -version")
    assert asked.version.startswith(told.version)


def test_secrets_stay_out_of_the_command_line(made: Pki, tmp_path: Path) -> None:
    record = tmp_path / "argv"
    program = tmp_path / "keytool"
    program.write_text(f'#!/bin/sh\necho "$@" > {record}\necho "keytool error: java.lang.Exception: odd" >&2\nexit 1\n')
    program.chmod(0o755)
    proof = Keytool(Jre(tmp_path, "17", keytool=program)).prove_keystore(tmp_path, Secret("v3ry-secret"), "x")
    assert (proof.ok, proof.code) == (False, "keytool.failed")
    assert "v3ry-secret" not in record.read_text()
    assert "odd" in proof.text


def test_every_known_text_has_a_catalogue_entry() -> None:
    known = codes_in("wizard/host/jre.py")
    texts = (
        "Password is not ASCII",
        "No space left on device",
        "Permission denied",
        "OutOfMemoryError",
        "what is this",
    )
    for text in texts:
        assert explained(f"keytool error: java.io.IOException: {text}", "x").code in known


def _der(entity: Entity) -> bytes:
    return entity.certificate.public_bytes(Encoding.DER)
