"""The exported playbooks under a real Ansible on hosts that are folders of this machine: order, failures, undo."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.support.exhaustive import exhaustive
from tests.support.practice import ROOT, Practice, company, practice
from wizard.sandbox.build import upload
from wizard.sandbox.pki import Pki, make, new_key, pfx

ANSIBLE = Path(sys.executable).with_name("ansible-playbook")
LINT = Path(sys.executable).with_name("ansible-lint")
GATEWAYS = ("gateway-1", "gateway-2", "gateway-3")
EMPTY = "---\nverify: false\nrollout_version: x\nstores: []\nsettings: []\n"
"""A gateway that is quickly done: each module that Ansible starts takes half a second."""
WIZARD = """\
#!/bin/sh
echo "$1" >>{calls}
if [ "$1" = apply ] && [ -e {calls}.refused ]; then exit 3; fi
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
    more: dict[str, object] = field(default_factory=dict)
    primaries: tuple[str, ...] = ("primary-host",)

    def play(self, hosts: Mapping[str, str], *words: str, book: str = "site.yml") -> subprocess.CompletedProcess[str]:
        """Run *book* on the primary and the gateways *hosts*, each with its variables as in an inventory."""
        lines = ["[primaries]", *self.primaries, "[gateways]", *(f"{name} {more}" for name, more in hosts.items())]
        lines += ["[gateways:vars]", f"unattended_file={self.work}/{{{{ inventory_hostname }}}}.conf"]
        (self.work / "inventory.ini").write_text("\n".join(lines) + "\n")
        settings = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            "ansible_become": False,
            "wizard_command": str(self.work / "wizard"),
            "store_owner": os.getuid(),
            "store_group": os.getgid(),
            **self.more,
        }
        group = self.work / "group_vars/all.json"
        group.parent.mkdir(exist_ok=True)
        group.write_text(json.dumps(settings))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        environment |= {"ANSIBLE_HOME": str(self.work / "home"), "ANSIBLE_PIPELINING": "1", "ANSIBLE_NOCOLOR": "1"}
        return subprocess.run(
            [str(ANSIBLE), "-i", str(self.work / "inventory.ini"), *words, str(self.folder / book)],
            env=environment | {"LC_ALL": "C.UTF-8"},
            cwd=self.work,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    @property
    def calls(self) -> list[str]:
        """The commands of the wizard that were started for a primary."""
        path = self.work / "calls"
        return path.read_text().split() if path.exists() else []

    @property
    def report(self) -> list[str]:
        """The lines of the report that the run wrote."""
        return (self.folder / "report.txt").read_text().splitlines()

    def state(self, name: str) -> dict[str, tuple[bytes, int]]:
        """The unattended file and the stores of a gateway: content and mode."""
        paths = [self.work / f"{name}.conf", *sorted((self.work / f"{name}-stores").glob("*"))]
        return {str(path): (path.read_bytes(), path.stat().st_mode & 0o777) for path in paths if path.exists()}

    def gateway(self, name: str, text: str, version: str) -> None:
        """Make *name* a gateway with one store of that *text* and one setting."""
        (self.folder / f"files/{name}").mkdir(exist_ok=True)
        (self.folder / f"files/{name}/own.pfx").write_text(text)
        path = f"{self.work}/{name}-stores/own.pfx"
        variables = {
            "verify": False,
            "rollout_version": version,
            "stores": [{"file": "own.pfx", "path": path, "mode": "0600"}],
            "settings": [{"name": "HCP_DEFAULT_KEYSTORE_PASSWORD", "value": f"password-{version}"}],
        }
        (self.folder / f"host_vars/{name}").mkdir(exist_ok=True)
        (self.folder / f"host_vars/{name}/tls.yml").write_text(json.dumps(variables))


def recap(done: subprocess.CompletedProcess[str], host: str) -> dict[str, int]:
    """The counts of Ansible's last lines for *host*."""
    line = re.search(rf"(?m)^{host} +: (.*)$", done.stdout)
    assert line is not None, done.stdout
    return {name: int(count) for name, count in (word.split("=") for word in line[1].split())}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("ansible")
    with practice(base / "p", java=None, start=False) as made:
        words = ("--answers", "answers.toml", "--out", str(base / "rollout"), "--plain-secrets")
        done = made.run("export", "ansible", *words)
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


@exhaustive
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
    assert rollout.report[:3] == ["Done: 0", "Open: 2", f"  gateway-host: failed at: {INSTALLATION}"]
    assert f'export HCP_DEFAULT_KEYSTORE="{work}/stores/gateway-host.pfx"' in (work / "gateway-host.conf").read_text()
    (work / "allowed").touch()
    done = rollout.play(hosts)
    assert done.returncode == 0, done.stdout
    assert (work / "installed").read_text() == "again\n"
    assert rollout.calls == ["plan", "apply", "probe"]
    assert rollout.report == ["Done: 2", "  gateway-host", "  primary-host", "Open: 0"]


INSTALLATION = "Unattended installation, if there is a command for it"


def test_no_batch_begins_after_a_gateway_that_failed(rollout: Rollout) -> None:
    (rollout.work / "gateway-2.conf").write_bytes(b'A="1"\r\n')
    done = rollout.play({"gateway-1": BY_HAND, "gateway-2": BY_HAND, "gateway-3": BY_HAND})
    assert done.returncode != 0
    assert rollout.calls == [], done.stdout
    assert "fatal: [gateway-2]: FAILED!" in done.stdout
    assert "has Windows line endings" in " ".join(done.stdout.split())
    assert (rollout.work / "gateway-1.conf.tls-backup/1/version").exists()
    assert not (rollout.work / "gateway-3.conf.tls-backup").exists()
    assert rollout.report == [
        "Done: 1",
        "  gateway-1",
        "Open: 3",
        "  gateway-2: failed at: The unattended file must have Unix line endings",
        "  gateway-3: without result",
        "  primary-host: failed at: Every gateway must be done before a primary is changed",
    ]


@exhaustive
def test_the_batches_can_be_chosen(rollout: Rollout) -> None:
    done = rollout.play({"gateway-1": NO_FILE, "gateway-2": BY_HAND, "gateway-3": BY_HAND}, "-e", '{"batches": [2, 1]}')
    assert done.returncode != 0
    assert rollout.report[:3] == ["Done: 1", "  gateway-2", "Open: 3"]
    assert "  gateway-3: without result" in rollout.report


@exhaustive
def test_an_unreachable_gateway_and_one_that_nobody_installed_stop_the_primary(rollout: Rollout) -> None:
    done = rollout.play({"gateway-1": BY_HAND, "gateway-2": UNREACHABLE, "gateway-3": ""})
    assert done.returncode != 0
    assert rollout.calls == [], done.stdout
    text = " ".join(done.stdout.split())
    assert "These gateways are not done: gateway-2: unreachable, gateway-3: not installed." in text
    assert rollout.report[3:5] == ["  gateway-2: unreachable", "  gateway-3: not installed"]


@exhaustive
def test_a_gateway_that_was_left_out_stops_the_primary(rollout: Rollout) -> None:
    done = rollout.play({"gateway-1": "", "gateway-2": ""}, "--limit", "primaries")
    assert done.returncode != 0
    assert rollout.calls == [], done.stdout
    text = " ".join(done.stdout.split())
    assert "These gateways are not done: gateway-1: without result, gateway-2: without result." in text


@exhaustive
def test_a_look_in_check_mode_shows_the_plan_of_the_primary(rollout: Rollout) -> None:
    done = rollout.play({"gateway-1": ""}, "--check")
    assert done.returncode == 0, done.stdout
    assert rollout.calls == ["plan"]
    assert not (rollout.folder / "report.txt").exists()


@exhaustive
def test_check_mode_says_what_the_run_does_and_a_second_run_does_nothing(rollout: Rollout) -> None:
    (rollout.work / "gateway-1.conf").write_text('HCP_OTHER="1"\n')
    rollout.gateway("gateway-1", "first", "v1")
    before = rollout.state("gateway-1")
    looked = rollout.play({"gateway-1": BY_HAND}, "--check")
    assert looked.returncode == 0, looked.stdout
    assert rollout.state("gateway-1") == before
    # The folder, the store in it, and the line.
    assert recap(looked, "gateway-1")["changed"] == 3, looked.stdout
    done = rollout.play({"gateway-1": BY_HAND})
    assert done.returncode == 0, done.stdout
    after = rollout.state("gateway-1")
    assert (rollout.work / "gateway-1-stores").stat().st_mode & 0o777 == 0o755
    assert (rollout.work / "gateway-1.conf.tls-backup").stat().st_mode & 0o777 == 0o700
    assert after[f"{rollout.work}/gateway-1-stores/own.pfx"] == (b"first", 0o600)
    again = rollout.play({"gateway-1": BY_HAND})
    assert again.returncode == 0, again.stdout
    assert recap(again, "gateway-1")["changed"] == 0, again.stdout
    assert rollout.state("gateway-1") == after
    looked = rollout.play({"gateway-1": BY_HAND}, "--check")
    assert recap(looked, "gateway-1")["changed"] == 0, looked.stdout


@exhaustive
def test_undo_goes_back_one_rollout_at_a_time_on_each_gateway(rollout: Rollout) -> None:
    """The second re-keying is undone to the first; that one, which was cut off once, to what was there before."""
    hosts = {"gateway-1": BY_HAND, "gateway-2": BY_HAND}
    states: dict[str, list[dict[str, tuple[bytes, int]]]] = {name: [] for name in hosts}
    for name in hosts:
        (rollout.work / f"{name}.conf").write_text(f'HCP_OTHER="{name}"\n')
        (rollout.work / f"{name}.conf").chmod(0o640)
        states[name].append(rollout.state(name))
    for version in ("v1", "v2"):
        for name in hosts:
            rollout.gateway(name, f"{name} {version}", version)
        if version == "v1":
            # Cut off after the store was written: the next run must not take that for what was there before.
            cut = rollout.play({**hosts, "gateway-1": f"{BY_HAND} store_owner=no-such-account"})
            assert cut.returncode != 0
            assert (rollout.work / "gateway-1.conf.tls-backup/1/version").exists()
        done = rollout.play(hosts)
        assert done.returncode == 0, done.stdout
        for name in hosts:
            states[name].append(rollout.state(name))
    looked = rollout.play(hosts, "--check", book="undo.yml")
    assert looked.returncode == 0, looked.stdout
    assert rollout.state("gateway-1") == states["gateway-1"][2]
    for expected in (1, 0):
        done = rollout.play(hosts, book="undo.yml")
        assert done.returncode == 0, done.stdout
        for name in hosts:
            assert rollout.state(name) == states[name][expected], (name, expected)
    done = rollout.play(hosts, book="undo.yml")
    assert done.returncode == 0, done.stdout
    assert recap(done, "gateway-1")["changed"] == 0
    assert "Nothing is changed." in done.stdout


@exhaustive
def test_a_gateway_that_does_not_connect_is_open(rollout: Rollout) -> None:
    (rollout.folder / "host_vars/gateway-1/tls.yml").write_text(EMPTY.replace("verify: false", "verify: true"))
    (rollout.folder / "files/gateway-1").mkdir()
    (rollout.folder / "files/gateway-1/verify.sh").write_text(f'echo "$1" >{rollout.work}/asked\nexit 3\n')
    done = rollout.play({"gateway-1": BY_HAND})
    assert done.returncode != 0
    assert (rollout.work / "asked").read_text() == f"{rollout.work}/gateway-1.conf\n"
    assert rollout.report[2:] == ["Open: 1", "  gateway-1: installed, but verify.sh ended with exit code 3"]


@exhaustive
def test_no_further_primary_is_changed_after_one_that_failed(rollout: Rollout) -> None:
    for part in ("files", "host_vars"):
        shutil.copytree(rollout.folder / part / "primary-host", rollout.folder / part / "primary-2")
    both = replace(rollout, primaries=("primary-host", "primary-2"))
    (rollout.work / "calls.refused").touch()
    done = both.play({"gateway-1": BY_HAND})
    assert done.returncode != 0
    assert both.calls == ["plan", "apply"]
    assert both.report[:3] == ["Done: 1", "  gateway-1", "Open: 2"]
    assert both.report[3] == "  primary-host: failed at: Make and verify the change, or restore everything"
    assert both.report[4].startswith("  primary-2: ")
    (rollout.work / "calls.refused").unlink()
    done = both.play({"gateway-1": BY_HAND})
    assert done.returncode == 0, done.stdout
    assert both.report == ["Done: 3", "  gateway-1", "  primary-host", "  primary-2", "Open: 0"]


ANSWERS = """\
schema = 1
goal = "{goal}"
phase = "{phase}"
[primary]
host = "localhost"
port = {port}
chain = ["{folder}/primary-host.pfx"]
password = {{ file = "password" }}
"""
GATEWAY = """\
[[gateway]]
host = "{host}"
chain = ["{folder}/{host}.pfx"]
password = {{ file = "password" }}
keystore-path = "{stores}/own.pfx"
truststore-path = "{stores}/trust.pfx"
"""


@exhaustive
def test_a_gateway_that_fails_in_the_first_phase_of_a_root_change_stops_it(tmp_path: Path) -> None:
    """The stores are real, and verify.sh connects with them to the practice primary, which has its old certificate."""
    hosts = dict.fromkeys(GATEWAYS[:2], BY_HAND)
    with practice(tmp_path / "p", java=None, configured=True) as made:
        (made.root / "password").write_text("changeit")

        def rollout(goal: str, phase: str, pki: Pki) -> Rollout:
            folder = made.root / goal
            folder.mkdir()
            text = ANSWERS.format(goal=goal, phase=phase, port=made.deployment.port, folder=folder)
            for host in ("primary-host", *hosts):
                entity = pki.entities[host] if host in pki.entities else pki.reissued(host, dns=[host], key=new_key())
                (folder / f"{host}.pfx").write_bytes(pfx(entity, "changeit", name=host))
            for host in hosts:
                text += GATEWAY.format(host=host, folder=folder, stores=tmp_path / f"{host}-stores")
            (made.root / f"{goal}.toml").write_text(text)
            out = str(tmp_path / f"rollout-{goal}")
            done = made.run(
                "export", "ansible", "--answers", str(made.root / f"{goal}.toml"), "--out", out, "--plain-secrets"
            )
            assert done.returncode == 0, done.stderr
            return Rollout(Path(out), tmp_path, primaries=("localhost",))

        (tmp_path / "wizard").write_text(WIZARD.format(calls=tmp_path / "calls"))
        (tmp_path / "wizard").chmod(0o755)
        for host in hosts:
            (tmp_path / f"{host}.conf").write_text('HCP_OTHER="1"\n')
        set_up = rollout("set-up", "auto", company())
        done = set_up.play(hosts)
        assert done.returncode == 0, done.stdout
        before = {host: set_up.state(host) for host in hosts}

        changes = rollout("re-key", "trust-root", make())
        broken = tmp_path / f"{GATEWAYS[1]}.conf"
        kept = broken.read_bytes()
        broken.write_bytes(kept.replace(b"\n", b"\r\n"))
        (tmp_path / "calls").unlink()
        assert changes.play(hosts).returncode != 0
        assert changes.calls == []
        assert changes.report[:3] == ["Done: 1", f"  {GATEWAYS[0]}", "Open: 2"]
        broken.write_bytes(kept)
        done = changes.play(hosts)
        assert done.returncode == 0, done.stdout
        assert changes.report == ["Done: 3", *(f"  {host}" for host in hosts), "  localhost", "Open: 0"]
        for host in hosts:
            after = changes.state(host)
            changed = {Path(path).name for path in after if after[path] != before[host][path]}
            assert changed == {"trust.pfx", f"{host}.conf"}


REAL_WIZARD = """\
#!/bin/sh
echo "$1" >>{calls}
verb=$1
shift
PYTHONPATH={source} exec {python} -m wizard "$verb" {options} "$@"
"""


def prepare(made: Practice, work: Path, new: Pki, gateways: Iterable[str]) -> None:
    """The certificates of both PKIs, the real wizard as the command of the primary, and the unattended files."""
    (made.root / "password").write_text("changeit")
    for pki, name in ((company(), "set-up"), (new, "re-key")):
        (made.root / name).mkdir()
        for host in ("primary-host", *gateways):
            entity = pki.entities[host] if host in pki.entities else pki.reissued(host, dns=[host], key=new_key())
            (made.root / f"{name}/{host}.pfx").write_bytes(pfx(entity, "changeit", name=host))
    options = shlex.join(made.options)
    script = REAL_WIZARD.format(calls=work / "calls", source=ROOT, python=sys.executable, options=options)
    (work / "wizard").write_text(script)
    (work / "wizard").chmod(0o755)
    for host in gateways:
        (work / f"{host}.conf").write_text('HCP_OTHER="1"\n')


@exhaustive
def test_no_phase_of_a_root_change_begins_before_the_one_before_it(tmp_path: Path) -> None:
    """Real stores, the real wizard on the primary; each gateway connects with what it has at that time."""
    hosts, new = dict.fromkeys(GATEWAYS[:2], BY_HAND), make()
    with practice(tmp_path / "p", configured=True) as made:
        prepare(made, tmp_path, new, hosts)

        def rollout(phase: str, goal: str = "re-key") -> Rollout:
            text = ANSWERS.format(goal=goal, phase=phase, port=made.deployment.port, folder=made.root / goal)
            for host in hosts:
                text += GATEWAY.format(host=host, folder=made.root / goal, stores=tmp_path / f"{host}-stores")
            answers, out = made.root / f"{phase}.toml", tmp_path / f"rollout-{phase}"
            answers.write_text(text)
            done = made.run("export", "ansible", "--answers", str(answers), "--out", str(out), "--plain-secrets")
            assert done.returncode == 0, done.stderr
            return Rollout(out, tmp_path, primaries=("localhost",))

        def refused(plays: Rollout, task: str, **others: str) -> None:
            """It stops at *task* on the first gateway; no machine is changed."""
            before = {host: plays.state(host) for host in hosts}
            (tmp_path / "calls").unlink(missing_ok=True)
            assert plays.play({**hosts, **others}).returncode != 0
            assert plays.calls == []
            assert plays.report[:3] == ["Done: 0", "Open: 3", f"  {GATEWAYS[0]}: failed at: {task}"]
            assert {host: plays.state(host) for host in hosts} == before

        def completed(plays: Rollout) -> set[str]:
            """It is played; what it changes on the gateways."""
            before = {host: plays.state(host) for host in hosts}
            done = plays.play(hosts)
            assert done.returncode == 0, done.stdout
            assert plays.report == ["Done: 3", *(f"  {host}" for host in hosts), "  localhost", "Open: 0"]
            after = {host: plays.state(host) for host in hosts}
            return {
                Path(path).name
                for host in hosts
                for path, data in after[host].items()
                if before[host].get(path) != data
            }

        completed(rollout("auto", "set-up"))
        others, roots = rollout("others"), "The trust store must have the root CAs of this phase"
        refused(others, roots)

        configurations = {f"{host}.conf" for host in hosts}
        assert completed(rollout("trust-root")) == {"trust.pfx", *configurations}
        upload(made.deployment, new)
        made.systemctl("stop")
        made.start()
        assert completed(others) == {"own.pfx", "trust.pfx", *configurations}

        primary, last = rollout("primary"), rollout("retire-root")
        refused(last, "The primary must present its new certificate before the old root CA is removed")
        trust = tmp_path / f"{GATEWAYS[0]}-stores/trust.pfx"
        trust.rename(tmp_path / "both.pfx")
        refused(primary, roots, **{GATEWAYS[1]: UNREACHABLE})
        assert primary.report[3] == f"  {GATEWAYS[1]}: unreachable"
        (tmp_path / "both.pfx").rename(trust)
        assert completed(primary) == set()
        assert primary.calls == ["plan", "apply", "probe"]
        assert completed(primary) == set()

        assert completed(last) == {"trust.pfx", *configurations}


@exhaustive
def test_ansible_lint_accepts_it_for_production(exported: Path, tmp_path: Path) -> None:
    shutil.copytree(exported, tmp_path / "rollout")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [str(LINT), "--offline", "--nocolor", "-q", "--profile", "production", "."],
        cwd=tmp_path / "rollout",
        env={**os.environ, "PATH": path, "ANSIBLE_HOME": str(tmp_path / "home"), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
