from pathlib import Path

import pytest

from tests.support import pki
from wizard.certificates.model import Profile
from wizard.errors import WizardError
from wizard.host import jre
from wizard.host.jre import Keytool
from wizard.host.machine import Machine
from wizard.sandbox import truststore
from wizard.secret import Secret


@pytest.mark.parametrize(
    ("text", "numbers", "profile"),
    [
        ("1.8.0_292", (8, 0, 292), Profile.LEGACY),
        ("1.8.0_301", (8, 0, 301), Profile.MODERN),
        ("8u302", (8, 0, 302), Profile.MODERN),
        ("1.8.0", (8, 0, 0), Profile.LEGACY),
        ("1.7.0_80", (7, 0, 80), Profile.LEGACY),
        ("9.0.4", (9, 0, 4), Profile.LEGACY),
        ("10.0.2", (10, 0, 2), Profile.LEGACY),
        ("11.0.11", (11, 0, 11), Profile.LEGACY),
        ("11.0.12", (11, 0, 12), Profile.MODERN),
        ("11.0.5.1", (11, 0, 5), Profile.LEGACY),
        ("11", (11, 0, 0), Profile.LEGACY),
        ("12.0.1", (12, 0, 1), Profile.MODERN),
        ("17", (17, 0, 0), Profile.MODERN),
        ("17.0.9+9", (17, 0, 9), Profile.MODERN),
        ("25-ea", (25, 0, 0), Profile.MODERN),
    ],
)
def test_versions_choose_the_profile(text: str, numbers: tuple[int, int, int], profile: Profile) -> None:
    assert jre.parse_version(text) == numbers
    choice = jre.choose_profile(jre.Jre(Path("/x"), text))
    assert (choice.profile, choice.known) == (profile, True)
    assert text in choice.reason


@pytest.mark.parametrize("found", [None, jre.Jre(Path("/x")), jre.Jre(Path("/x"), "Hotspot")])
def test_an_unknown_version_takes_what_every_java_reads(found: jre.Jre | None) -> None:
    choice = jre.choose_profile(found)
    assert (choice.profile, choice.known) == (Profile.LEGACY, False)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "opt/hcp/jre/bin").mkdir(parents=True)
    (tmp_path / "opt/hcp/jre/lib/security").mkdir(parents=True)
    return Machine(root=tmp_path)


def _program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_the_release_file_tells(machine: Machine) -> None:
    home = machine.real(machine.jre_home)
    (home / "release").write_text('JAVA_VERSION="17.0.9"\nIMPLEMENTOR="Eclipse Adoptium"\nMODULES="a b"\n')
    found = jre.find(machine)
    assert found == jre.Jre(home, "17.0.9", "Eclipse Adoptium", "release", None)
    _program(home / "bin/keytool", "exit 0")
    found = jre.find(machine)
    assert found is not None
    assert found.keytool == home / "bin/keytool"


def test_java_is_asked_when_the_release_file_is_silent(machine: Machine) -> None:
    home = machine.real(machine.jre_home)
    _program(home / "bin/java", "echo 'openjdk version \"1.8.0_292\"' >&2; echo 'OpenJDK Runtime Environment (x)' >&2")
    found = jre.find(machine)
    assert found is not None
    assert (found.version, found.vendor, found.source) == ("1.8.0_292", "OpenJDK", "java -version")
    silent = jre.find(machine, ask_java=False)
    assert silent is not None
    assert (silent.version, bool(silent.reason)) == ("", True)


@pytest.mark.parametrize("text", [None, "echo nothing"])
def test_a_java_that_does_not_answer_is_told(machine: Machine, text: str | None) -> None:
    if text:
        _program(machine.real(machine.jre_home) / "bin/java", text)
    found = jre.find(machine)
    assert found is not None
    assert (found.version, bool(found.reason)) == ("", True)


def test_no_jre(tmp_path: Path) -> None:
    assert jre.find(Machine(root=tmp_path)) is None
    with pytest.raises(WizardError) as missing:
        Keytool.of(Machine(root=tmp_path))
    assert missing.value.code == "jre.missing"


def test_no_keytool(machine: Machine) -> None:
    with pytest.raises(WizardError) as missing:
        Keytool.of(machine)
    assert missing.value.code == "jre.no-keytool"


def test_anchors_are_read_without_java(machine: Machine) -> None:
    root = pki.acme().root.certificate
    path = machine.real(machine.cacerts)
    truststore.empty(path, "changeit")
    assert jre.trust_aliases(path, Secret("changeit"), root.sha256) == set()
    truststore.add(path, root.x509, "acme-root", "changeit")
    assert jre.trust_aliases(path, Secret("changeit"), root.sha256) == {"acme-root"}
    truststore.change_password(path, "changeit", "somethingelse")
    with pytest.raises(WizardError):
        jre.trust_aliases(path, Secret("changeit"), root.sha256)
