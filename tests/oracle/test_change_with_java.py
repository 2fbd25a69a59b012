"""The engine on the practice deployment with a real JVM, a real TLS server and the service's stand-in."""

import shutil
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest

from tests.support.exhaustive import mostly_exhaustive
from tests.support.jvm import trust_entries
from tests.support.practice import Practice, anchors_in, practice
from wizard.change.plan import Plan, PutFile, Restart
from wizard.change.targets import expectation
from wizard.findings import Severity
from wizard.host.jre import Keytool
from wizard.planning.primary.plan import Planned
from wizard.planning.proofs import ask_java
from wizard.planning.snapshot import MachineSnapshot
from wizard.secret import Secret

CHANGEIT = Secret("changeit")


@pytest.fixture(params=mostly_exhaustive(["11.0.5", "17", "21"], {"17"}.__contains__))
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Practice]:
    """A running primary whose keytool counts its starts."""
    with practice(tmp_path / "p", java=request.param) as made:
        program = made.root / "opt/hcp/jre/bin/keytool"
        real = program.resolve()
        program.unlink()
        program.write_text(f'#!/bin/sh\necho "$@" >> "{made.root}/starts"\nexec "{real}" "$@"\n')
        program.chmod(0o755)
        host, port = made.deployment.endpoint.rsplit(":", 1)
        limit = time.monotonic() + 30
        while time.monotonic() < limit:
            try:
                socket.create_connection((host, int(port)), timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield made


def starts(server: Practice) -> list[str]:
    path = server.root / "starts"
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return lines


def apply(server: Practice) -> int:
    """Exit code of the whole thing."""
    done = server.run("apply", "--answers", "answers.toml", "--yes")
    print(done.stderr)
    return done.returncode


def test_there_and_back_with_java_asked_while_planning(server: Practice) -> None:
    before = server.tree()
    cacerts = server.root / "opt/hcp/jre/lib/security/cacerts"
    anchors = anchors_in(cacerts)
    assert apply(server) == 0
    lines = starts(server)
    # The proof, the import, and the certificates of the other machines; the worker starts none.
    assert [sum(word in line for line in lines) for word in ("-certreq", "-importcert", "-printcert")] == [1, 1, 1]
    assert len(lines) == 3, lines
    assert "changeit" not in "".join(lines)
    assert "primary-host" in server.served()
    (added,) = anchors_in(cacerts).keys() - anchors.keys()
    assert added in trust_entries(server.root / "opt/hcp/jre", cacerts, "changeit")
    starts(server)

    # Somebody adds an anchor of his own: the rollback takes away exactly ours, by keytool on a copy.
    other = cacerts.with_name("other")
    shutil.copy(cacerts, other)
    certificate = (server.root / "certificates/Acme-CA-Intermediate.cer").read_bytes()
    Keytool.of(server.deployment.machine).import_trust(other, certificate, "somebody", CHANGEIT)
    other.replace(cacerts)
    both = anchors_in(cacerts)
    starts(server)
    back = server.run("rollback", "--yes")
    assert back.returncode == 0, back.stderr
    assert len(starts(server)) == 1
    assert anchors_in(cacerts).keys() == both.keys() - {added}
    assert "localhost" in server.served()
    after = server.tree()
    name = "opt/hcp/jre/lib/security/cacerts"
    assert {key: value for key, value in after.items() if key != name} == {
        key: value for key, value in before.items() if key != name
    }
    assert after[name][1:] == before[name][1:]


def test_a_store_that_java_refuses_never_goes_live(tmp_path: Path) -> None:
    """A key with another password than the store: `keytool -list` would pass it, the proof does not."""
    with practice(tmp_path / "p", java="17", start=False) as server:
        machine = server.deployment.machine
        before = server.tree()
        path = PurePosixPath("/opt/hcp/conf/primary-host.pfx")
        data = (server.root / "certificates/primary-host.pfx").read_bytes()
        put = PutFile("store", path, data, 0o640, expectation(machine, path), "Key store", proof="p")
        for bad in (replace(put, data=data[:-40]), put):
            plan = Plan("A store that Java refuses", (bad, Restart("restart", machine.unit, 30)))
            (finding,) = ask_java(
                MachineSnapshot(machine), Planned(plan, (), {"p": Secret("not-the-password")})
            ).findings
            assert finding.severity is Severity.ERROR
            assert finding.code == "store.java-refuses"
            assert str(finding.facts["keytool"]).startswith("keytool.")
            assert str(path) in finding.message
            assert "/proc/" not in finding.message
            assert "not-the-password" not in str(finding)
            assert server.tree() == before


def test_a_masked_unit_is_refused_before_anything_is_touched(tmp_path: Path) -> None:
    with practice(tmp_path / "p", java="17", start=False) as server:
        before = server.tree()
        assert server.systemctl("mask").returncode == 0
        done = server.run("apply", "--answers", "answers.toml", "--yes")
        assert done.returncode == 1, done.stderr
        assert "doctor.unit-masked" in done.stderr + done.stdout
        assert server.tree() == before
