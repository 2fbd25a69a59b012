"""Java is asked while the plan is made; the change itself compares the Java and the trust store, and asks nothing."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.test_recovery_and_doctor import interrupted
from tests.support.jvm import trust_entries
from tests.support.practice import Practice, practice
from wizard.host.jre import Keytool
from wizard.secret import Secret

CACERTS = "opt/hcp/jre/lib/security/cacerts"
CHANGEIT = Secret("changeit")


@contextmanager
def planned(folder: Path) -> Iterator[Practice]:
    """A primary whose keytool records its starts, with a plan that was kept."""
    with practice(folder, start=False) as made:
        program = made.root / "opt/hcp/jre/bin/keytool"
        real = program.resolve()
        program.unlink()
        program.write_text(f'#!/bin/sh\necho "$@" >> "{made.root}/starts"\nexec "{real}" "$@"\n')
        program.chmod(0o755)
        done = made.run("plan", "--answers", "answers.toml", "--out", "kept.plan")
        assert done.returncode == 0, done.stderr
        assert "Java 17" in done.stdout
        assert "opened the store and signed with the key primary-host" in done.stdout
        yield made


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Practice]:
    with planned(tmp_path / "p") as made:
        yield made


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """Each test leaves it as it was."""
    with planned(tmp_path_factory.mktemp("planned") / "p") as made:
        yield made


@contextmanager
def rewritten(path: Path) -> Iterator[bytes]:
    """The bytes of the file *path*, which are put back afterwards."""
    data = path.read_bytes()
    try:
        yield data
    finally:
        path.write_bytes(data)


def refused(server: Practice, code: str) -> str:
    before = server.tree()
    done = server.run("apply", "--plan", "kept.plan", "--yes", "--json")
    assert done.returncode == 2, done.stderr
    result = json.loads(done.stdout)
    assert (result["outcome"], result["error"]["code"]) == ("refused", code)
    assert server.tree() == before
    return str(result["error"]["message"])


def test_a_kept_plan_asks_java_neither_for_the_store_nor_for_the_import(fresh: Practice) -> None:
    commands = (fresh.root / "starts").read_text()
    assert sorted(word for word in commands.split() if word in {"-certreq", "-importcert", "-printcert"}) == [
        "-certreq",
        "-importcert",
        "-printcert",
    ]
    fresh.start()
    # A program of its own, which remembers nothing that Java said before.
    done = fresh.process("apply", "--plan", "kept.plan", "--yes")
    assert done.returncode == 0, done.stderr
    # Only the certificates of the other machines are judged again.
    assert (fresh.root / "starts").read_text().removeprefix(commands).split().count("-printcert") == 1
    assert len((fresh.root / "starts").read_text().splitlines()) == 4
    assert "opened the store and signed with the key primary-host" in done.stderr
    assert "primary-host" in fresh.served()


def test_another_java_than_the_reviewed_one_stops_the_change(server: Practice) -> None:
    release = server.root / "opt/hcp/jre/release"
    with rewritten(release) as data:
        release.write_bytes(data.replace(b'JAVA_VERSION="17', b'JAVA_VERSION="99'))
        message = refused(server, "change.changed-since-review")
    assert "changed after you reviewed the plan" in message
    assert " 99" in message


def test_another_trust_store_than_the_reviewed_one_stops_the_change(server: Practice) -> None:
    certificate = (server.root / "certificates/Acme-CA-Intermediate.cer").read_bytes()
    cacerts = server.root / CACERTS
    with rewritten(cacerts):
        Keytool.of(server.deployment.machine).import_trust(cacerts, certificate, "somebody", CHANGEIT)
        assert "cacerts changed since the plan was made" in refused(server, "change.changed-since-review")


def test_a_given_password_must_open_the_plan_s_key_store(server: Practice) -> None:
    before = server.tree()
    (server.root / "other").write_text("another-1")
    secret = "primary.keystore-password=file:other"
    done = server.run("apply", "--plan", "kept.plan", "--yes", "--secret", secret)
    assert done.returncode == 2, done.stdout
    assert done.stderr.startswith("error: reading.")
    assert server.tree() == before


def test_a_java_for_another_processor_is_named_by_the_plan(server: Practice) -> None:
    program = server.root / "opt/hcp/jre/bin/keytool"
    with rewritten(program):
        program.write_bytes(b"\x7fELF of another machine")
        done = server.run("plan", "--answers", "answers.toml")
        assert done.returncode == 2
        assert done.stderr.startswith("error: program.not-runnable")
        done = server.run("plan", "--answers", server.answers(import_root='"no"'))
    assert done.returncode == 0, done.stderr
    assert "[jre.cannot-run]" in done.stdout
    assert "The server's Java has not opened this key store." in done.stdout


def test_recover_takes_our_root_alone_out_of_a_trust_store_that_others_changed(tmp_path: Path) -> None:
    with practice(tmp_path / "p") as made:
        keytool, cacerts = Keytool.of(made.deployment.machine), made.root / CACERTS
        before = trust_entries(keytool.jre.home, cacerts, "changeit").keys()
        interrupted(made)
        certificate = (made.root / "certificates/Acme-CA-Intermediate.cer").read_bytes()
        keytool.import_trust(cacerts, certificate, "somebody", CHANGEIT)
        assert len(trust_entries(keytool.jre.home, cacerts, "changeit").keys() - before) == 2
        done = made.run("recover")
        assert done.returncode == 0, done.stderr
        after = trust_entries(keytool.jre.home, cacerts, "changeit")
        assert [after[sha256] for sha256 in after.keys() - before] == ["somebody"]
        assert "localhost" in made.served()
