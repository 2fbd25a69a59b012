"""The exported playbook under a real Ansible on hosts that are folders of this machine: the order of the roll-out."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.practice import practice

ANSIBLE = Path(sys.executable).with_name("ansible-playbook")
GATEWAYS = ("gateway-1", "gateway-2", "gateway-3")
EMPTY = "---\nverify: false\nstores: []\nsettings: []\n"
"""A gateway that is quickly done: each module that Ansible starts takes half a second."""
WIZARD = """\
#!/bin/sh
echo "$1" >>{calls}
echo '{{"outcome": "applied", "matches_expected": true}}'
"""
BY_HAND = "installed_by_hand=true"
NO_FILE = f"{BY_HAND} unattended_file=/nonexistent/unattended.conf"
UNREACHABLE = f"{BY_HAND} ansible_connection=ssh ansible_host=127.0.0.1 ansible_port=1"


@dataclass(frozen=True)
class Rollout:
    """The exported folder, and a folder for all that the hosts hold."""

    folder: Path
    work: Path

    def play(self, hosts: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
        """Run the playbook on the primary and the gateways *hosts*, each with its variables as in an inventory."""
        lines = ["[primaries]", "primary-host", "[gateways]", *(f"{name} {more}" for name, more in hosts.items())]
        lines += ["[gateways:vars]", f"unattended_file={self.work}/{{{{ inventory_hostname }}}}.conf"]
        (self.work / "inventory.ini").write_text("\n".join(lines) + "\n")
        settings = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "ansible_become": False,
            "wizard_command": str(self.work / "wizard"),
            "store_owner": os.getuid(),
            "store_group": os.getgid(),
        }
        group = self.work / "group_vars/all.json"
        group.parent.mkdir(exist_ok=True)
        group.write_text(json.dumps(settings))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        environment |= {"ANSIBLE_HOME": str(self.work / "home"), "ANSIBLE_PIPELINING": "1", "ANSIBLE_NOCOLOR": "1"}
        return subprocess.run(
            [str(ANSIBLE), "-i", str(self.work / "inventory.ini"), *words, str(self.folder / "site.yml")],
            env=environment | {"LC_ALL": "C.UTF-8"},
            cwd=self.work,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    @property
    def calls(self) -> list[str]:
        """The commands of the wizard that were started for a primary."""
        path = self.work / "calls"
        return path.read_text().split() if path.exists() else []


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("ansible")
    with practice(base / "p", java=None, start=False) as made:
        done = made.run("export", "ansible", "--answers", "answers.toml", "--out", str(base / "rollout"))
        assert done.returncode == 0, done.stderr
    return base / "rollout"


@pytest.fixture
def rollout(exported: Path, tmp_path: Path) -> Rollout:
    folder = tmp_path / "rollout"
    shutil.copytree(exported, folder)
    for name in GATEWAYS:
        (folder / f"host_vars/{name}").mkdir()
        (folder / f"host_vars/{name}/tls.yml").write_text(EMPTY)
        (tmp_path / f"{name}.conf").write_text("")
    for unneeded in (folder / "files/primary-host").glob("*-password"):
        unneeded.unlink()
    wizard = tmp_path / "wizard"
    wizard.write_text(WIZARD.format(calls=tmp_path / "calls"))
    wizard.chmod(0o755)
    return Rollout(folder, tmp_path)


def test_the_primary_waits_for_an_installation_that_failed(rollout: Rollout) -> None:
    """In the next run nothing but the installation is left to be done, and then it is done."""
    work = rollout.work
    variables = rollout.folder / "host_vars/gateway-host/tls.yml"
    # One store and one setting are enough, and the last play would ask a real primary.
    text = re.sub(r"(?s)(stores:\n(?:.*?\n){3}).*?(settings:\n(?:.*?\n){2}).*", r"\1\2", variables.read_text())
    variables.write_text(text.replace("verify: true", "verify: false").replace("/full/path/to/", f"{work}/stores/"))
    (work / "gateway-host.conf").write_text('export HCP_DEFAULT_KEYSTORE=""\n')
    script = work / "install"
    script.write_text(f"#!/bin/sh\ncd {work} && cat allowed && echo again >>installed\n")
    script.chmod(0o755)
    hosts = {"gateway-host": f"unattended_command={script}"}
    done = rollout.play(hosts)
    assert done.returncode != 0
    assert "fatal: [gateway-host]: FAILED!" in done.stdout
    assert rollout.calls == []
    assert f'export HCP_DEFAULT_KEYSTORE="{work}/stores/gateway-host.pfx"' in (work / "gateway-host.conf").read_text()
    (work / "allowed").touch()
    done = rollout.play(hosts)
    assert done.returncode == 0, done.stdout
    assert (work / "installed").read_text() == "again\n"
    assert rollout.calls == ["plan", "apply", "probe"]


def test_the_first_error_on_a_gateway_ends_the_run(rollout: Rollout) -> None:
    done = rollout.play({"gateway-1": BY_HAND, "gateway-2": NO_FILE, "gateway-3": BY_HAND})
    assert done.returncode != 0
    assert rollout.calls == [], done.stdout
    assert "fatal: [gateway-2]: FAILED!" in done.stdout
    assert (rollout.work / "gateway-1.conf.before-tls").exists()
    assert not (rollout.work / "gateway-3.conf.before-tls").exists()


def test_an_unreachable_gateway_and_one_that_nobody_installed_stop_the_primary(rollout: Rollout) -> None:
    done = rollout.play({"gateway-1": BY_HAND, "gateway-2": UNREACHABLE, "gateway-3": ""})
    assert done.returncode != 0
    assert rollout.calls == [], done.stdout
    text = " ".join(done.stdout.split())
    assert "These gateways are not done: gateway-2: without result, gateway-3: not installed." in text


def test_a_gateway_that_was_left_out_stops_the_primary(rollout: Rollout) -> None:
    done = rollout.play({"gateway-1": "", "gateway-2": ""}, "--limit", "primaries")
    assert done.returncode != 0
    assert rollout.calls == [], done.stdout
    text = " ".join(done.stdout.split())
    assert "These gateways are not done: gateway-1: without result, gateway-2: without result." in text


def test_a_look_in_check_mode_shows_the_plan_of_the_primary(rollout: Rollout) -> None:
    done = rollout.play({"gateway-1": ""}, "--check")
    assert done.returncode == 0, done.stdout
    assert rollout.calls == ["plan"]
