"""Each fault breaks what it says, and nothing is broken without one; no process is started here."""

import os
import shutil
from pathlib import Path

import pytest

from tests.support.healthy import VARIANTS
from tests.support.jvm import jre as java_home
from wizard.errors import WizardError
from wizard.host.systemd import Service
from wizard.reports.catalogue import catalogue
from wizard.sandbox.build import create
from wizard.sandbox.deployment import Deployment
from wizard.sandbox.faults import FAULTS, Fault
from wizard.sandbox.pki import Pki
from wizard.sandbox.server import stores
from wizard.sandbox.service.supervisor import behaviour
from wizard.sandbox.service.unit_file import Unit

# These show only when the service really runs; the tests of the stand-in start them.
RUNNING = {
    "not-restarted",
    "masked",
    "unit-missing",
    "crash-loop",
    "port-taken",
    "stopped",
    "account-missing",
    "unit-broken",
}


@pytest.fixture(scope="module")
def healthy(company: Pki, tmp_path_factory: pytest.TempPathFactory) -> Deployment:
    return create(tmp_path_factory.mktemp("healthy") / "d", jre=java_home("17"), configured=True, pki=company)


def outcome(deployment: Deployment, company: Pki) -> str:
    """What the primary would do, by the same functions that it uses."""
    try:
        wanted = stores.settings_of(deployment, Unit(str(deployment.root)).all_environment(str(deployment.root)))
    except (WizardError, OSError):
        return "down"
    if not wanted.keystore_file:
        return "fallback"
    try:
        chain = stores.configured(deployment, wanted).chain
    except stores.JavaError:
        return "fallback"
    entity = company.entities["primary-host"]
    if chain[0] == company.fallback.certificate:
        return "fallback"
    return "right" if chain == (entity.certificate, *entity.issuers) else "other"


def test_without_a_fault_all_is_right(healthy: Deployment, company: Pki) -> None:
    assert outcome(healthy, company) == "right"


@pytest.mark.parametrize(
    "fault",
    [*(fault for fault in FAULTS if fault.name not in RUNNING), *VARIANTS],
    ids=lambda it: it.name,
)
def test_a_fault_does_what_it_says(fault: Fault, healthy: Deployment, company: Pki, tmp_path: Path) -> None:
    shutil.copytree(healthy.root, tmp_path / "d", symlinks=True)
    for path in (p for p in healthy.root.rglob("*") if not p.is_symlink()):
        twin = tmp_path / "d" / path.relative_to(healthy.root)
        shutil.chown(twin, path.stat().st_uid, path.stat().st_gid)
    deployment = Deployment(tmp_path / "d", healthy.port)
    before = _picture(deployment.root)
    fault.act(deployment, company)
    assert _picture(deployment.root) != before
    assert outcome(deployment, company) == fault.serves


def _picture(root: Path) -> dict[str, tuple[object, ...]]:
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(root.rglob("*")):
        seen = path.lstat()
        data = path.read_bytes() if path.is_file() and not path.is_symlink() and os.access(path, os.R_OK) else b""
        found[str(path.relative_to(root))] = (seen.st_mode, seen.st_uid, seen.st_mtime_ns, data)
    return found


def test_names_are_unique_and_said_in_one_sentence() -> None:
    faults = FAULTS
    assert len({fault.name for fault in faults}) == len(faults) >= 50
    assert all(fault.breaks.endswith(".") and fault.breaks.count(".") <= 3 for fault in faults)
    assert {fault.code for fault in faults} <= set(catalogue())


def test_pairs_can_be_built(tmp_path: Path, company: Pki) -> None:
    deployment = create(tmp_path / "d", faults=["expired", "wrong-password"], find_jre=False, pki=company)
    assert deployment.faults == ("expired", "wrong-password")
    assert outcome(deployment, company) == "fallback"
    assert behaviour(str(deployment.root)) == {}
    assert Service(deployment.machine).show().load == "loaded"
