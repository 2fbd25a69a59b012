"""What keytool says when the machine or the store does not allow its work, and what the operator is told of it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.jvm import jre as java_home
from tests.support.pki import acme, authority
from wizard import codes
from wizard.host.jre import Jre, Keytool, KeytoolError, Proof
from wizard.sandbox import truststore
from wizard.secret import Secret

JAVA = java_home("17")
WORD = Secret("changeit")


def keytool(program: Path) -> Keytool:
    return Keytool(Jre(JAVA, "17", keytool=program))


def wrapped(folder: Path, text: str) -> Keytool:
    """The real keytool, started by a script in which KEYTOOL stands for it."""
    program = folder / "keytool"
    program.write_text(f"#!/bin/sh\n{text.replace('KEYTOOL', str(JAVA / 'bin/keytool'))}\n")
    program.chmod(0o755)
    return keytool(program)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store.pfx"
    path.write_bytes(acme().primary.pfx("changeit", name="x"))
    return path


def told(refused: Proof | KeytoolError, code: str, store: Path) -> None:
    """The code, the store by its name, and the catalogue's words."""
    words = refused.text if isinstance(refused, Proof) else refused.message
    assert refused.code == code, words
    assert words.startswith(f"{store}: ")
    assert words.endswith(codes.ALL[code].text.message.removeprefix("{store}"))
    assert refused.hint


def test_java_is_damaged(store: Path, tmp_path: Path) -> None:
    """The program alone, without the libraries beside it, as after a half copied JRE."""
    program = tmp_path / "bin/keytool"
    program.parent.mkdir()
    shutil.copy(JAVA / "bin/keytool", program)
    proof = keytool(program).prove_keystore(store, WORD, "x")
    told(proof, "keytool.damaged-java", store)


def test_the_machine_has_no_memory_for_java(store: Path, tmp_path: Path) -> None:
    limited = wrapped(tmp_path, 'exec prlimit --as=300000000 KEYTOOL "$@"')
    told(limited.prove_keystore(store, WORD, "x"), "keytool.no-memory", store)


def test_a_password_that_is_not_ascii(tmp_path: Path) -> None:
    """Java says that the password was incorrect, and only its causes tell why."""
    path = tmp_path / "umlaut.pfx"
    path.write_bytes(acme().primary.pfx("pässwort", name="x"))
    proof = keytool(JAVA / "bin/keytool").prove_keystore(path, Secret("pässwort"), "x")
    told(proof, "keytool.password-not-ascii", path)


@pytest.mark.parametrize(
    "options", [["-macalg", "sha3-256"], ["-certpbe", "camellia-256-cbc", "-keypbe", "camellia-256-cbc"]], ids=" ".join
)
def test_an_algorithm_that_java_does_not_know(options: list[str], tmp_path: Path) -> None:
    path = tmp_path / "store.pfx"
    (tmp_path / "all.pem").write_bytes(acme().primary.chain_pem + acme().primary.key_pem())
    command = ["openssl", "pkcs12", "-export", "-in", "all.pem", "-name", "x", "-passout", "pass:changeit"]
    subprocess.run([*command, *options, "-out", path], cwd=tmp_path, check=True, capture_output=True)
    told(keytool(JAVA / "bin/keytool").prove_keystore(path, WORD, "x"), "keytool.algorithm", path)


@pytest.fixture
def anchors(tmp_path: Path) -> Path:
    """A trust store that one certificate more makes longer than a page of memory."""
    path = tmp_path / "cacerts"
    truststore.empty(path, "changeit", keep=acme().root.x509)
    for number in range(6):
        truststore.add(path, authority(f"Authority {number}").x509, f"authority-{number}", "changeit")
    assert 3500 < path.stat().st_size < 4096
    return path


def refused(tool: Keytool, anchors: Path) -> KeytoolError:
    with pytest.raises(KeytoolError) as caught:
        tool.import_trust(anchors, authority("One more").der, "one-more", WORD)
    return caught.value


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: a mount")
def test_there_is_no_room_for_the_trust_store(anchors: Path, tmp_path: Path) -> None:
    """A file system of one page is mounted where the store is, for keytool alone."""
    folder = tmp_path / "full"
    folder.mkdir()
    mount = f"mount -t tmpfs -o size=4k tmpfs {folder} && cp {anchors} {folder}/cacerts"
    full = wrapped(tmp_path, f'exec unshare -m sh -c \'{mount} && exec KEYTOOL "$@"\' sh "$@"')
    told(refused(full, folder / "cacerts"), "keytool.no-space", folder / "cacerts")


def test_the_trust_store_may_not_be_written(anchors: Path, tmp_path: Path) -> None:
    anchors.chmod(0o444)
    before = anchors.read_bytes()
    obey = "setpriv --bounding-set=-dac_override,-dac_read_search --inh-caps=-all" if os.geteuid() == 0 else ""
    told(refused(wrapped(tmp_path, f'exec {obey} KEYTOOL "$@"'), anchors), "keytool.permission", anchors)
    assert anchors.read_bytes() == before
