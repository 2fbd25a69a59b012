"""A trust store that others changed, and a keytool that reports success and does nothing: both sides are looked at."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256

from tests.support.exhaustive import exhaustive
from tests.support.practice import Practice, company, practice
from wizard.host.jre import Keytool, trust_aliases
from wizard.secret import Secret

CACERTS = "opt/hcp/jre/lib/security/cacerts"
CHANGEIT = Secret("changeit")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Practice]:
    with practice(tmp_path / "p") as made:
        yield made


def idle(server: Practice, command: str) -> None:
    """Replace keytool by one that does all but *command*."""
    program = server.root / "opt/hcp/jre/bin/keytool"
    real = program.resolve()
    program.unlink()
    program.write_text(f'#!/bin/sh\ncase " $* " in *" {command} "*) exit 0 ;; esac\nexec "{real}" "$@"\n')
    program.chmod(0o755)


@exhaustive
def test_an_undo_takes_out_its_own_entry_and_believes_only_what_it_reads(server: Practice) -> None:
    cacerts, sha256 = server.root / CACERTS, company().root.certificate.fingerprint(SHA256()).hex()
    assert server.run("apply", "--answers", "answers.toml", "--yes").returncode == 0
    (ours,) = trust_aliases(cacerts, CHANGEIT, sha256)
    certificate = (server.root / "certificates/Acme-CA-Root.cer").read_bytes()
    Keytool.of(server.deployment.machine).import_trust(cacerts, certificate, "somebody", CHANGEIT)
    assert trust_aliases(cacerts, CHANGEIT, sha256) == {ours, "somebody"}

    before = server.tree()
    keytool = server.root / "opt/hcp/jre/bin/keytool"
    real = keytool.resolve()
    idle(server, "-delete")
    refused = server.run("rollback", "--yes")
    assert refused.returncode == 2, refused.stderr
    assert refused.stderr.startswith("error: change.anchor-stays ")
    assert ours in refused.stderr
    keytool.unlink()
    keytool.symlink_to(real)
    assert server.tree() == before

    done = server.run("rollback", "--yes")
    assert done.returncode == 0, done.stderr
    assert trust_aliases(cacerts, CHANGEIT, sha256) == {"somebody"}
    assert "localhost" in server.served()


def test_an_import_that_keytool_only_reports_is_no_import(server: Practice) -> None:
    idle(server, "-importcert")
    before = server.tree()
    refused = server.run("plan", "--answers", "answers.toml")
    assert refused.returncode == 2, refused.stderr
    assert refused.stderr.startswith("error: change.import-missing ")
    assert "/opt/hcp/jre/lib/security/cacerts" in refused.stderr
    assert server.tree() == before
