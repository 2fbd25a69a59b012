import os
import time
from pathlib import Path

import pytest

from wizard.errors import WizardError
from wizard.host.machine import Machine
from wizard.planning.snapshot import MachineSnapshot
from wizard.sandbox.build import create


def test_an_empty_machine(tmp_path: Path) -> None:
    seen = MachineSnapshot(Machine(root=tmp_path, systemctl=str(tmp_path / "none")))
    seen.read_host()
    assert (seen.has_product, seen.jre, seen.unit, seen.account, seen.cacerts_kind) == (False, None, None, None, "")
    assert (seen.ports, seen.anchors, seen.store, seen.chain) == ((), (), None, None)
    assert str(tmp_path / "none") in seen.service_fault
    assert seen.readable(seen.machine.conf).ok is None
    with pytest.raises(WizardError, match=r"application\.conf"):
        seen.require_settings()


def test_a_deployment_is_recognised(tmp_path: Path) -> None:
    deployment = create(tmp_path / "d", find_jre=False)
    seen = MachineSnapshot(deployment.machine)
    assert seen.has_product
    assert seen.account is not None
    assert (seen.account.name, seen.readable(seen.machine.conf).ok) == ("hcp", True)
    assert seen.cacerts_kind == "pkcs12"
    assert seen.restarted is not None
    assert (seen.restarted.load, seen.restarted.active, seen.service_fault) == ("loaded", "inactive", "")
    assert seen.ports == ()
    assert not seen.clock_fault


def test_each_part_is_read_once(tmp_path: Path) -> None:
    deployment = create(tmp_path / "d", find_jre=False, configured=True)
    seen = MachineSnapshot(deployment.machine)
    assert seen.chain is not None
    deployment.conf.write_text("{")
    assert seen.chain is not None
    assert seen.store_setting.text == "/opt/hcp/conf/primary-host.pfx"
    later = MachineSnapshot(deployment.machine)
    assert later.chain is None
    with pytest.raises(WizardError, match=r"application\.conf"):
        later.require_settings()


@pytest.mark.parametrize(
    ("data", "kind"), [(b"\xfe\xed\xfe\xed", "jks"), (b"0\x82\x01\x02", "pkcs12"), (b"", "empty"), (b"text", "other")]
)
def test_kinds_of_cacerts(tmp_path: Path, data: bytes, kind: str) -> None:
    machine = Machine(root=tmp_path, systemctl=str(tmp_path / "none"))
    machine.real(machine.cacerts).parent.mkdir(parents=True)
    machine.real(machine.cacerts).write_bytes(data)
    assert MachineSnapshot(machine).cacerts_kind == kind


def test_a_file_from_the_future_casts_doubt_on_the_clock(tmp_path: Path) -> None:
    machine = Machine(root=tmp_path, restart_command=("true",))
    machine.real(machine.conf).parent.mkdir(parents=True)
    machine.real(machine.conf).write_bytes(b"")
    assert not MachineSnapshot(machine).clock_fault
    os.utime(machine.real(machine.conf), (time.time() + 86400, time.time() + 86400))
    seen = MachineSnapshot(machine)
    assert "cannot be right" in seen.clock_fault
    assert "restart command" in seen.service_fault
