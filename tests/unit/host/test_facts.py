import os
import time
from pathlib import Path

import pytest

from wizard.host.facts import collect
from wizard.host.machine import Machine
from wizard.sandbox.build import create


def test_an_empty_machine_is_told_with_reasons(tmp_path: Path) -> None:
    facts = collect(Machine(root=tmp_path, systemctl=str(tmp_path / "none")))
    assert (facts.installed, facts.jre, facts.unit, facts.account, facts.cacerts_kind) == (False, None, None, None, "")
    assert set(facts.reasons) == {"unit", "account", "jre", "ports", "cacerts_kind"}
    assert facts.conf_for_service.ok is None
    assert facts.as_json()["conf"]["kind"] == "absent"


def test_a_deployment_is_recognised(tmp_path: Path) -> None:
    deployment = create(tmp_path / "d", find_jre=False)
    facts = collect(deployment.machine)
    assert facts.installed
    assert facts.account is not None
    assert (facts.account.name, facts.conf_for_service.ok) == ("hcp", True)
    assert facts.cacerts_kind == "pkcs12"
    assert facts.unit is not None
    assert (facts.unit.load, facts.unit.active) == ("loaded", "inactive")
    assert (facts.ports, "ports" in facts.reasons) == ((), True)
    assert facts.clock_ok


@pytest.mark.parametrize(
    ("data", "kind"), [(b"\xfe\xed\xfe\xed", "jks"), (b"0\x82\x01\x02", "pkcs12"), (b"", "empty"), (b"text", "other")]
)
def test_kinds_of_cacerts(tmp_path: Path, data: bytes, kind: str) -> None:
    machine = Machine(root=tmp_path, systemctl=str(tmp_path / "none"))
    machine.real(machine.cacerts).parent.mkdir(parents=True)
    machine.real(machine.cacerts).write_bytes(data)
    assert collect(machine).cacerts_kind == kind


def test_a_file_from_the_future_casts_doubt_on_the_clock(tmp_path: Path) -> None:
    machine = Machine(root=tmp_path, restart_command=("true",))
    machine.real(machine.conf).parent.mkdir(parents=True)
    machine.real(machine.conf).write_bytes(b"")
    assert collect(machine).clock_ok
    os.utime(machine.real(machine.conf), (time.time() + 86400, time.time() + 86400))
    facts = collect(machine)
    assert not facts.clock_ok
    assert "later date than the clock" in facts.reasons["clock_ok"]
    assert "restart command" in facts.reasons["unit"]
