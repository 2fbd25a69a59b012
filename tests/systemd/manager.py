"""One way to drive both: the real systemd of `booted`, and the one of a practice deployment that simulates it."""

import json
import shlex
import shutil
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path

from tests.support.booted_systemd import Booted
from wizard.host.machine import UNIT, Machine
from wizard.host.systemd import Service
from wizard.sandbox.deployment import Deployment

FOLDER = "etc/systemd/system"
FILE = f"{FOLDER}/{UNIT}.service"


def until(done: Callable[[], bool], seconds: float = 20.0) -> None:
    limit = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.1)  # what is asked starts a program, which costs more than the wait


class Manager(ABC):
    """A systemd with one unit, `hcp-server`, whose program does what `behave` says."""

    systemctl_path: Path

    @abstractmethod
    def path(self, path: str) -> Path:
        """Where a file of that machine is found from here."""

    @abstractmethod
    def behave(self, how: str) -> None:
        """What the program does at its next starts: `run`, `fail` and `end` at once, or `stop-slowly`."""

    @abstractmethod
    def ready(self) -> None:
        """Wait until the program knows how it shall end."""

    def define(self, unit: str = "", service: str = "", *, install: bool = True) -> None:
        """Write the unit with these lines in its sections, and have it read."""
        # "mixed": the program itself decides when it ends.
        text = f"[Unit]\n{unit}\n[Service]\nExecStart={self.program}\nKillMode=mixed\n{service}\n"
        self.path(FILE).write_text(text + ("[Install]\nWantedBy=multi-user.target\n" if install else ""))
        self.do("daemon-reload")
        if install:
            self.do("enable", UNIT)

    program = "/opt/hcp/bin/hcp-server"

    def do(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run systemctl."""
        return subprocess.run(
            [self.systemctl_path, *words],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )

    def show(self, *names: str, unit: str = UNIT) -> list[str]:
        """Properties by name, in that order; "" for one that has no line."""
        lines = [line.partition("=") for line in self.do("show", unit, "-p", ",".join(names)).stdout.splitlines()]
        return ["\n".join(value for key, _, value in lines if key == name) for name in names]

    def count(self) -> int:
        """Automatic restarts as counted."""
        return int(self.show("NRestarts")[0])

    def journal(self, unit: str = UNIT) -> str:
        """The last lines of the unit's journal."""
        argv = [
            str(self.systemctl_path.with_name("journalctl")),
            "-u",
            unit,
            "-o",
            "cat",
            "-q",
            "--no-pager",
            "-n",
            "8",
        ]
        done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60)
        return done.stdout

    def service(self, unit: str = UNIT) -> Service:
        """The wizard's view of it."""
        return Service(Machine(systemctl=str(self.systemctl_path), unit=unit))


class Real(Manager):
    """The real one."""

    def __init__(self, machine: Booted, folder: Path) -> None:
        self.machine = machine
        for name in ("systemctl", "journalctl"):
            script = folder / name
            script.write_text(f'#!/bin/sh\nexec {shlex.join(machine.command(name))} "$@"\n')
            script.chmod(0o755)
        self.systemctl_path = folder / "systemctl"
        self.path("opt/practice").mkdir(exist_ok=True)
        program = self.path("opt/practice/program")
        program.write_text(
            "#!/bin/sh\nread how < /opt/practice/how\n"
            'case $how in fail) exit 1;; end) exit 0;; stop-slowly) trap "sleep 1.2; exit 0" TERM;; esac\n'
            "echo ready $$\nwhile :; do sleep 0.1 & wait $!; done\n"
        )
        program.chmod(0o755)

    program = "/opt/practice/program"

    def path(self, path: str) -> Path:
        return self.machine.path(path)

    def behave(self, how: str) -> None:
        self.path("opt/practice/how").write_text(f"{how}\n")

    def ready(self) -> None:
        until(lambda: f"ready {self.show('MainPID')[0]}\n" in self.journal())

    def clear(self) -> None:
        """No unit, no failure, no count."""
        self.do("stop", UNIT, "--no-block")
        self.do("kill", "-s", "KILL", UNIT)
        self.do("stop", UNIT)
        self.do("reset-failed")
        for name in ("hcp-server.service", "practice-alias.service", "needed.service"):
            self.path(f"{FOLDER}/{name}").unlink(missing_ok=True)
        self.path(f"{FOLDER}/multi-user.target.wants/{UNIT}.service").unlink(missing_ok=True)
        shutil.rmtree(self.path(f"{FILE}.d"), ignore_errors=True)
        self.do("daemon-reload")


class Simulated(Manager):
    """That of a practice deployment."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        self.systemctl_path = deployment.systemctl

    def path(self, path: str) -> Path:
        return self.deployment.root / path

    def behave(self, how: str) -> None:
        acts = {"fail": {"die_after": 0.01}, "end": {"quit_after": 0.01}, "stop-slowly": {"stop_delay": 1.2}}
        self.path("etc/practice.json").write_text(json.dumps(acts.get(how, {})))

    def ready(self) -> None:
        def listens() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.deployment.port)) == 0

        until(listens)
