"""Servers without Java, without a known account, or with open folders: what their plan warns of or refuses."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.doctor_runs import Call
from tests.support.practice import Practice, practice
from tests.support.scenarios import Way, prepared
from wizard.errors import WizardError
from wizard.sandbox.deployment import PASSWORD

CONF, CACERTS, PASSWD = "opt/hcp/conf", "opt/hcp/jre/lib/security/cacerts", "etc/passwd"
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: a folder of another account")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """Not started, and without Java; each test leaves it as it was."""
    with practice(tmp_path_factory.mktemp("plans") / "p", java=None, start=False) as made:
        yield made


def service_of(root: Path) -> int:
    """The number of the account that the service runs as."""
    return int((root / PASSWD).read_text().splitlines()[-1].split(":")[2])


@dataclass(frozen=True)
class Case:
    """How a plan is made, the code that it then reports, and what the message names."""

    name: str
    code: str
    facts: tuple[str, ...]
    severity: str = "warning"
    import_root: str = "auto"
    harm: Callable[[Path], object] | None = None


CASES = [
    Case("no keytool", "jre.no-proof", ("/opt/hcp/jre/bin/keytool",)),
    Case("no keytool for the root", "cacerts.root-by-hand", ("Acme-CA-Root", "/opt/hcp/jre/bin/keytool")),
    Case("the root left out", "cacerts.root-left-out", ("Acme-CA-Root", "cacerts"), import_root="no"),
    Case(
        "a damaged cacerts",
        "cacerts.not-checked",
        ("Acme-CA-Root", "cacerts", "is not known"),
        import_root="no",
        harm=lambda root: (root / CACERTS).write_bytes((root / CACERTS).read_bytes()[:-30]),
    ),
    Case(
        "no account",
        "store.world-readable",
        ("/opt/hcp/conf/primary-host.pfx", "0644"),
        harm=lambda root: (root / PASSWD).write_text("root:x:0:0:root:/root:/bin/sh\n"),
    ),
    Case(
        "a folder that everybody may write in",
        "plan.folder-open",
        ("/opt/hcp/conf", "Everybody", "chmod o-w"),
        severity="error",
        harm=lambda root: (root / CONF).chmod(0o757),
    ),
    Case(
        "a folder of the service",
        "plan.folder-of-service",
        ("/opt/hcp/conf", "account of the service"),
        severity="note",
        harm=lambda root: shutil.chown(root / CONF, service_of(root)),
    ),
]


def planned(server: Practice, call: Call, case: Case) -> dict[str, Any]:
    """The findings of a plan, by code; the harm is repaired afterwards."""
    folder = server.root / CONF
    was, files = folder.stat(), {server.root / name: (server.root / name).read_bytes() for name in (CACERTS, PASSWD)}
    try:
        if case.harm is not None:
            case.harm(server.root)
        told = call.json("plan", "--answers", server.answers(import_root=f'"{case.import_root}"'))
    finally:
        os.chown(folder, was.st_uid, was.st_gid)
        folder.chmod(was.st_mode)
        for path, data in files.items():
            path.write_bytes(data)
    return {finding["code"]: finding for finding in told["findings"]}


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case.name, marks=as_root if case.code == "plan.folder-of-service" else ())
        for case in CASES
    ],
)
def test_a_plan_says_what_is_odd(case: Case, server: Practice, capsys: pytest.CaptureFixture[str]) -> None:
    found = planned(server, Call(server, capsys), case)
    assert case.code in found, sorted(found)
    finding = found[case.code]
    assert finding["severity"] == case.severity
    shown = f"{finding['message']} {finding['fix']}"
    assert [fact for fact in case.facts if fact not in shown] == [], shown


def test_a_root_that_must_be_imported_needs_keytool(server: Practice, capsys: pytest.CaptureFixture[str]) -> None:
    before = server.tree()
    code, out, err = Call(server, capsys)("plan", "--answers", server.answers(import_root='"yes"'))
    assert (code, out) == (2, "")
    assert err.startswith("error: cacerts.needs-keytool ")
    assert "Acme-CA-Root" in err
    assert "/opt/hcp/jre/bin/keytool" in err
    assert server.tree() == before


def test_a_change_that_its_findings_forbid_does_not_start(server: Practice) -> None:
    """No page offers it; who starts it all the same is refused."""
    way = Way(
        {"goal": "set-up", "primary.host": "another-host", "primary.keystore-password": "default"},
        {"primary.password": PASSWORD},
    )
    before = server.tree()
    session = prepared(server, way)
    assert session.review().blocked
    with pytest.raises(WizardError) as refused:
        session.start()
    assert (refused.value.code, refused.value.subject) == ("apply.findings", "name.wrong-host")
    assert "another-host" in refused.value.message
    assert server.tree() == before


def test_nothing_is_wrong_or_a_person_is_needed(tmp_path: Path) -> None:
    way = Way({"goal": "rescue"})
    with practice(tmp_path / "p", java=None, configured=True) as made:
        with pytest.raises(WizardError) as good:
            prepared(made, way).review()
        made.deployment.conf.unlink()
        with pytest.raises(WizardError) as bad:
            prepared(made, way).review()
    assert good.value.code == "rescue.nothing-wrong"
    assert bad.value.code == "rescue.by-hand"
    assert bad.value.subject == "doctor.conf-missing"
    assert "/opt/hcp/conf/application.conf" in bad.value.message
