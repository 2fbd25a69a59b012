"""A keytool that starts before its work is known says and does the same as one that starts with it."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.jvm import WHEELS, jre
from tests.support.practice import company
from wizard.certificates.chain import assemble
from wizard.certificates.model import Chain, Profile
from wizard.certificates.reading import read
from wizard.certificates.writing import keystore
from wizard.host.jre import Jre
from wizard.host.keytool import Keytool
from wizard.host.processes import Started
from wizard.host.waiting_keytool import WaitingKeytool, named
from wizard.sandbox.pki import pfx
from wizard.secret import Secret

PASSWORD = Secret("changeit")


def java(version: str) -> Jre:
    return Jre(jre(version), version, keytool=jre(version) / "bin/keytool")


def chain() -> Chain:
    entity = company().entities["primary-host"]
    return assemble(read(pfx(entity, "changeit", name="primary-host"), password=PASSWORD))[0]


def keytools() -> list[str]:
    done = subprocess.run(
        ["pgrep", "-P", str(os.getpid()), "-f", "keytool.*-conf"], capture_output=True, text=True, check=False
    )
    return done.stdout.split()


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store.pfx"
    path.write_bytes(keystore(chain(), PASSWORD, profile=Profile.LEGACY, friendly_name="primary-host"))
    return path


@pytest.mark.parametrize("version", WHEELS)
def test_a_proof_is_the_same_as_without_waiting(version: str, store: Path) -> None:
    waiting = WaitingKeytool(java(version), "-certreq")
    assert waiting.prove_keystore(store, PASSWORD, "primary-host") == Keytool(java(version)).prove_keystore(
        store, PASSWORD, "primary-host"
    )


@pytest.mark.parametrize("version", WHEELS)
def test_an_import_is_the_same_as_without_waiting(version: str, tmp_path: Path) -> None:
    root = chain().root
    assert root is not None
    copies = [tmp_path / "early", tmp_path / "late"]
    for tool, copy in zip((WaitingKeytool(java(version), "-importcert"), Keytool(java(version))), copies, strict=True):
        copy.write_bytes((jre(version) / "lib/security/cacerts").read_bytes())
        tool.import_trust(copy, root.der, "acme", PASSWORD)
    early, late = (Keytool(java(version)).trust_entries(copy, PASSWORD) for copy in copies)
    assert early == late
    assert early[root.sha256] == "acme"


@pytest.mark.parametrize(
    ("password", "alias"),
    [
        (Secret("changeit"), "a name with ${user.home} and 'quotes'"),
        (Secret("changeit"), "no-such-entry"),
        (Secret("wrong-password"), "primary-host"),
        (Secret('$ {x} \\ "'), "primary-host"),
    ],
)
def test_a_refusal_is_the_same_as_without_waiting(store: Path, password: Secret, alias: str) -> None:
    waiting = WaitingKeytool(java("17"), "-certreq")
    try:
        early, late = (tool.prove_keystore(store, password, alias) for tool in (waiting, Keytool(java("17"))))
    finally:
        waiting.drop()
    assert not early.ok
    assert (early.code, early.alias) == (late.code, late.alias)


def test_it_works_once_and_then_starts_anew(store: Path) -> None:
    waiting = WaitingKeytool(java("17"), "-certreq")
    assert waiting.prove_keystore(store, PASSWORD, "primary-host").ok
    assert waiting.prove_keystore(store, PASSWORD, "primary-host").ok
    assert waiting.trust_entries(jre("17") / "lib/security/cacerts", PASSWORD)


def test_what_is_not_needed_ends_at_once() -> None:
    before = keytools()
    waiting = WaitingKeytool(java("17"), "-certreq")
    assert set(keytools()) - set(before)
    waiting.drop()
    waiting.drop()
    assert not set(keytools()) - set(before)


@pytest.mark.parametrize(
    ("version", "can"), [("1.8.0_292", False), ("8u301", False), ("9.0.4", True), ("17.0.9", True), ("", False)]
)
def test_only_a_java_that_knows_the_option_waits(version: str, can: bool) -> None:
    assert WaitingKeytool.can_wait(Jre(Path("/nowhere"), version)) is can


def test_a_file_in_memory_is_read_by_another_program_of_this_user() -> None:
    from wizard.host.processes import memory_file  # noqa: PLC0415 - stands beside its one use

    with memory_file(b"text") as stream:
        assert subprocess.check_output(["cat", named(stream.fileno())]) == b"text"


def test_a_started_program_reads_what_comes_later() -> None:
    started = Started(["cat"])
    time.sleep(0.05)
    assert started.end(10, b"later").stdout == "later"
    assert Started(["cat"], given=b"now").end(10).stdout == "now"


def test_one_that_ends_before_it_is_told_is_no_error() -> None:
    started = Started(["true"])
    time.sleep(0.2)
    assert started.end(10, b"x" * 1_000_000).ok
