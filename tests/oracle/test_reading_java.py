"""Stores that real Java wrote, in four ages and three types, come out as keytool itself lists them."""

import base64
import os
import re
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import PrivateFormat, pkcs12

from tests.support.exhaustive import mostly_exhaustive
from tests.support.jvm import jre, run_java
from tests.support.pki import Entity, acme
from wizard.certificates.model import Bundle, Format
from wizard.certificates.reading import ReadingError, read, sniff
from wizard.secret import Secret

PASSWORD = Secret("changeit")
FLAGS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto"


def keytool(version: str, *args: str) -> str:
    environment = {**os.environ, "JAVA_TOOL_OPTIONS": FLAGS, "STOREPASS": PASSWORD.reveal(), "LC_ALL": "C.UTF-8"}
    command = [str(jre(version) / "bin" / "keytool"), *args]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def pkcs12_input(folder: Path) -> Path:
    """The primary's chain under the alias `primary`, as PKCS12 that every age can read (3DES)."""
    pki = acme()
    encryption = (
        PrivateFormat.PKCS12.encryption_builder()
        .key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(hashes.SHA1())
        .build(PASSWORD.reveal().encode())
    )
    above = [each.x509 for each in pki.authorities]
    path = folder / "input.pfx"
    path.write_bytes(
        pkcs12.serialize_key_and_certificates(b"primary", pki.primary.key, pki.primary.x509, above, encryption)
    )
    return path


@cache
def written(version: str, kind: str) -> tuple[bytes, str]:
    """A store of keytool with the primary's chain and a trusted root, and what keytool lists in it."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        store = folder / "store"
        (folder / "root.cer").write_bytes(acme().root.der)
        common = ("-storetype", kind, "-storepass:env", "STOREPASS", "-noprompt")
        keytool(
            version, "-importkeystore", "-srckeystore", str(pkcs12_input(folder)), "-srcstoretype", "PKCS12",
            "-srcstorepass:env", "STOREPASS", "-destkeystore", str(store), "-deststoretype", kind,
            "-deststorepass:env", "STOREPASS", "-noprompt",
        )  # fmt: skip
        keytool(
            version,
            "-importcert",
            "-alias",
            "acme-ca",
            "-file",
            str(folder / "root.cer"),
            "-keystore",
            str(store),
            *common,
        )
        listed = keytool(version, "-list", "-v", "-keystore", str(store), *common[:4])
        return store.read_bytes(), listed


STORES = [
    ("11.0.5", "PKCS12"),
    ("17", "PKCS12"),
    ("21", "PKCS12"),
    ("25", "PKCS12"),
    ("11.0.5", "JKS"),
    ("17", "JKS"),
    ("25", "JKS"),
    ("17", "JCEKS"),
]
OFTEN = mostly_exhaustive(STORES, {("17", "PKCS12"), ("17", "JCEKS")}.__contains__)


def fingerprints(bundle: Bundle) -> list[str]:
    return sorted(each.sha256 for each in bundle.certificates)


@pytest.mark.parametrize(("version", "kind"), OFTEN)
def test_store_of_keytool(version: str, kind: str) -> None:
    data, listed = written(version, kind)
    bundle = read(data, name="store", password=PASSWORD)
    shown = [each.replace(":", "").lower() for each in re.findall(r"SHA256: ([0-9A-F:]{95})", listed)]
    assert len(shown) == 4, listed
    assert set(fingerprints(bundle)) == set(shown)
    assert [each.public_key_der for each in bundle.keys] == [acme().primary.certificate.public_key_der]
    assert bundle.keys[0].alias == "primary"
    assert bundle.trusted_aliases == ("acme-ca",)
    assert sniff(data) is bundle.format is (Format.PKCS12 if kind == "PKCS12" else Format.JKS)
    if bundle.store is not None:
        assert bundle.store.java_trusted == 1
        assert bundle.store.keys == 1
        assert not bundle.store.empty_to_java


@pytest.mark.parametrize(("version", "kind"), OFTEN)
def test_wrong_and_missing_password(version: str, kind: str) -> None:
    data, _ = written(version, kind)
    with pytest.raises(ReadingError) as wrong:
        read(data, name="store", password=Secret("changeIt"))
    assert wrong.value.code == "reading.password-wrong"
    with pytest.raises(ReadingError) as missing:
        read(data, name="store")
    assert missing.value.code == "reading.password-needed"
    if kind != "PKCS12":
        assert missing.value.partial is not None
        assert len(missing.value.partial.certificates) == 4


@pytest.mark.parametrize(("version", "kind"), OFTEN)
def test_a_flipped_byte_is_never_taken_for_good(version: str, kind: str) -> None:
    """The store's own integrity check covers every byte of the contents: no change passes it."""
    data, _ = written(version, kind)
    for at in range(30, len(data) - 30, max(1, len(data) // 25)):
        broken = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        with pytest.raises(ReadingError) as refusal:
            read(broken, name="store", password=PASSWORD)
        assert refusal.value.code in {
            "reading.damaged", "reading.password-wrong", "reading.algorithm-unsupported", "reading.iterations",
        }, at  # fmt: skip


@pytest.mark.parametrize("kind", mostly_exhaustive(["PKCS12", "JKS", "JCEKS"], {"PKCS12", "JKS"}.__contains__))
def test_key_password_that_differs(kind: str, tmp_path: Path) -> None:
    out = tmp_path / "two"
    words = [each.encode().hex() for each in ("changeit", "storepass", "keypass")]
    done = run_java("TwoPasswords", str(pkcs12_input(tmp_path)), words[0], str(out), kind, words[1], words[2])
    assert done.returncode == 0, done.stderr
    data = out.read_bytes()
    with pytest.raises(ReadingError) as refusal:
        read(data, name="two", password=Secret("storepass"))
    own = "pkcs12.key-password-differs" if kind == "PKCS12" else "jks.key-password-differs"
    assert (refusal.value.code, refusal.value.message.count("two")) == (own, 1)
    assert refusal.value.partial is not None
    assert len(refusal.value.partial.certificates) == 3
    bundle = read(data, password=Secret("storepass"), key_password=Secret("keypass"))
    assert [each.public_key_der for each in bundle.keys] == [acme().primary.certificate.public_key_der]
    for store, inner in (("keypass", None), ("wrong", "keypass"), ("storepass", "wrong")):
        with pytest.raises(ReadingError) as wrong:
            read(data, password=Secret(store), key_password=Secret(inner) if inner else None)
        assert wrong.value.code == "reading.password-wrong", (store, inner)


def test_jks_takes_passwords_of_any_letters(tmp_path: Path) -> None:
    out = tmp_path / "umlaut"
    words = [each.encode().hex() for each in ("changeit", "pässwörd€")]
    done = run_java("TwoPasswords", str(pkcs12_input(tmp_path)), words[0], str(out), "JKS", words[1], words[1])
    assert done.returncode == 0, done.stderr
    assert len(read(out.read_bytes(), password=Secret("pässwörd€")).keys) == 1


@pytest.mark.parametrize("version", mostly_exhaustive(["11.0.5", "17", "21", "25"], {"17"}.__contains__))
def test_cacerts_of_the_jre(version: str) -> None:
    """JKS or PKCS12 without a password, as the vendor chose: both come out whole and without a password."""
    data = (jre(version) / "lib" / "security" / "cacerts").read_bytes()
    bundle = read(data, name="cacerts")
    listed = keytool(version, "-list", "-cacerts", "-storepass:env", "STOREPASS")
    shown = {each.replace(":", "").lower() for each in re.findall(r"SHA-?256\): ([0-9A-F:]{95})", listed)}
    assert len(shown) > 50
    assert set(fingerprints(bundle)) == shown
    assert len(bundle.trusted_aliases) == len(bundle.certificates)
    assert not bundle.keys


TEXTS: dict[
    str, tuple[Callable[[Entity], bytes], bool, bool, bool]
] = {  # what: the text, whether keytool 11, keytool 25 and openssl read it; the wizard reads each
    "plain": (lambda leaf: leaf.pem, True, True, True),
    "pem.utf-8-bom": (lambda leaf: b"\xef\xbb\xbf" + leaf.pem, False, True, True),
    "pem.utf-16": (lambda leaf: leaf.pem.decode().encode("utf-16"), False, False, False),
    "pem.repaired": (lambda leaf: leaf.pem.replace(b"\n", b"\n> "), False, False, False),
    "pem.no-armour": (lambda leaf: base64.encodebytes(leaf.der), False, False, False),
}


@pytest.mark.parametrize("case", mostly_exhaustive(TEXTS, {"plain", "pem.utf-8-bom", "pem.repaired"}.__contains__))
def test_what_the_notes_say_of_others_is_true(case: str, tmp_path: Path) -> None:
    make, *expected = TEXTS[case]
    leaf = acme("p256").primary
    path = tmp_path / "leaf.pem"
    path.write_bytes(make(leaf))
    bundle = read(path.read_bytes())
    assert bundle.certificates == (leaf.certificate,)
    assert [code for code, _ in bundle.notes] == ([] if case == "plain" else [case])
    programs = [
        [str(jre(version) / "bin" / "keytool"), "-printcert", "-file", str(path)] for version in ("11.0.5", "25")
    ]
    programs.append(["openssl", "x509", "-noout", "-in", str(path)])
    results = [subprocess.run(each, capture_output=True, check=False, timeout=60).returncode == 0 for each in programs]
    assert results == expected


def test_secret_keys_of_jceks_are_stepped_over(tmp_path: Path) -> None:
    store = tmp_path / "store.jceks"
    common = ("-keystore", str(store), "-storetype", "JCEKS", "-storepass:env", "STOREPASS", "-noprompt")
    for alias, kind, size in (("first", "AES", "256"), ("second", "DESede", "168")):
        keytool("17", "-genseckey", "-alias", alias, "-keyalg", kind, "-keysize", size, *common)
    (tmp_path / "root.cer").write_bytes(acme().root.der)
    keytool("17", "-importcert", "-alias", "acme-ca", "-file", str(tmp_path / "root.cer"), *common)
    bundle = read(store.read_bytes(), password=PASSWORD)
    assert bundle.certificates == (acme().root.certificate,)
    assert [code for code, _ in bundle.notes].count("jks.secret-key") == 2


def test_two_keys_in_one_store(tmp_path: Path) -> None:
    """cryptography reports the first key only and takes the other leaf for a CA; both come out here."""
    store = tmp_path / "store.pfx"
    common = ("-keystore", str(store), "-storepass:env", "STOREPASS", "-noprompt")
    keytool(
        "17", "-importkeystore", "-srckeystore", str(pkcs12_input(tmp_path)), "-srcstorepass:env", "STOREPASS",
        "-destkeystore", str(store), "-deststoretype", "PKCS12", "-deststorepass:env", "STOREPASS", "-noprompt",
    )  # fmt: skip
    keytool(
        "17",
        "-genkeypair",
        "-alias",
        "localhost",
        "-keyalg",
        "EC",
        "-groupname",
        "secp256r1",
        "-dname",
        "CN=localhost",
        *common,
    )
    bundle = read(store.read_bytes(), password=PASSWORD)
    owners = {each.public_key_der for each in bundle.certificates}
    assert {each.alias for each in bundle.keys} == {"primary", "localhost"}
    assert all(each.public_key_der in owners for each in bundle.keys)
