# ruff: noqa: ARG002 - the ports have the shape that the engine asks for
"""A machine to be changed, small and fast: real files, and ports that keep their state in files as well.

The service "starts" by taking the digest of the key store; the prober reads it. Both survive the death of the process.
"""

import errno
import hashlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from wizard.change.context import Context, Operator, Ports, Served, ServiceState
from wizard.change.durable import Syscalls
from wizard.change.events import Event, EventLog
from wizard.change.journal import TrustEntry
from wizard.change.plan import EditFile, Expectation, ImportTrust, MakeFolder, Plan, Probe, PutFile, Restart
from wizard.change.targets import expectation
from wizard.errors import WizardError
from wizard.host.machine import Machine
from wizard.secret import Secret

KEYSTORE = PurePosixPath("/opt/hcp/conf/primary-host.pfx")
CONF = PurePosixPath("/opt/hcp/conf/application.conf")
EXTRA = PurePosixPath("/opt/hcp/conf/notes.txt")
FOLDER = PurePosixPath("/etc/new")
IN_FOLDER = FOLDER / "store.pfx"
CACERTS = PurePosixPath("/opt/hcp/jre/lib/security/cacerts")
ANCHOR = b"certificate of a root"
JAVA = ("/opt/hcp/jre", "17.0.9")
PASSWORD = "pass-W0rd-canary-4711"

Tree = dict[str, tuple[object, ...]]


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Interrupting(Syscalls):
    """Counts every call; `act` decides what happens at each."""

    def __init__(self, act: Callable[[int, str, str], None] | None = None) -> None:
        self.count = 0
        self.names: list[str] = []
        self.act = act

    def gate(self, name: str, target: str) -> None:
        self.count += 1
        self.names.append(f"{name} {target}")
        if self.act is not None:
            self.act(self.count, name, target)


class Torn(Interrupting):
    """Dies in the middle of the n-th write, after half of its bytes."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self.at = at

    def write(self, descriptor: int, data: bytes, name: str) -> None:
        self.count += 1
        if self.count == self.at:
            os.write(descriptor, data[: len(data) // 2])
            os._exit(9)
        os.write(descriptor, data)

    def gate(self, name: str, target: str) -> None:
        pass


def failing(at: int, number: int, *, lasting: bool = False) -> Interrupting:
    """The call number *at* fails with errno *number*; *lasting*: and every one after it that writes bytes."""

    def act(count: int, name: str, _target: str) -> None:
        if count == at or (lasting and count > at and name in {"create", "write", "mkdir", "setxattr", "fsync"}):
            raise OSError(number, os.strerror(number))

    return Interrupting(act)


def dying(at: int) -> Interrupting:
    """The process is gone right before call number *at*."""

    def act(count: int, _name: str, _target: str) -> None:
        if count == at:
            os._exit(9)

    return Interrupting(act)


def dying_at(wanted: str) -> Interrupting:
    """The process is gone right before the call of that name."""

    def act(_count: int, name: str, _target: str) -> None:
        if name == wanted:
            os._exit(9)

    return Interrupting(act)


def without_anchor(data: bytes, trust: TrustEntry) -> bytes | None:
    """A trust store is a text of lines `alias sha256`."""
    kept = b"".join(line for line in data.splitlines(keepends=True) if line.split()[1] != trust.sha256.encode())
    return None if kept == data else kept


@dataclass
class Service:
    scene: "Scene"
    calls: Syscalls

    def state(self) -> ServiceState:
        text = self.scene.served.read_text()
        if text == "crashed":
            crash = WizardError.recorded("service.crash-loop", "it crashes again and again")
            return ServiceState(running=False, text=crash.message, hopeless=crash)
        return ServiceState(running=True, text="running")

    def restart(self, timeout_s: float, say: Callable[[str], None]) -> None:
        self.calls.gate("restart", "before")
        slow = self.scene.served.with_name("slow")
        time.sleep(float(slow.read_text()) if slow.exists() else 0)
        self.scene.restarts += 1
        data = self.scene.machine.real(KEYSTORE).read_bytes()
        state = "fallback" if data.startswith(b"BROKEN") else "crashed" if data.startswith(b"CRASH") else sha(data)
        self.scene.served.write_text(state)
        say("restarting")
        self.calls.gate("restart", "after")

    def follow(self, timer: str) -> None:
        self.calls.gate("follow", "before")
        self.scene.followed.append(timer)
        if self.scene.unfollowed:
            self.scene.unfollowed -= 1
            raise WizardError.recorded("service.unit-broken", "systemd cannot read the timer")

    def tail(self, lines: int) -> tuple[str, ...]:
        return self.scene.journal[-lines:]


@dataclass
class Prober:
    scene: "Scene"

    def look(self, host: str, port: int, servername: str, timeout_s: float) -> Served:
        text = self.scene.served.read_text()
        if text in {"crashed", "down"}:
            return Served(False, text="nothing listens there")
        return Served(True, sha(text.encode()) if text == "fallback" else text, text == "fallback", "a leaf")


class Scene:
    """The machine below *base*, with a key store, settings, and a trust store behind a link."""

    def __init__(self, base: Path) -> None:
        self.root = base / "root"
        self.machine = Machine(root=self.root, state_dir=base / "state")
        self.served = base / "served"
        self.restarts = 0
        self.followed: list[str] = []
        self.unfollowed = 0
        """So many times systemd does not follow a timer."""
        self.journal: tuple[str, ...] = ()
        self.told: list[Event] = []
        self.time = 0.0

    def build(self) -> "Scene":
        conf = self.machine.real(CONF).parent
        conf.mkdir(parents=True)
        security = self.machine.real(CACERTS).parent
        security.mkdir(parents=True)
        (self.root / "etc/ssl").mkdir(parents=True)
        self._file(KEYSTORE, b"old key store " + bytes(500), 0o640)
        self._file(CONF, b'default-keystore-password = "old"\n', 0o644)
        os.setxattr(self.machine.real(CONF), "user.label", b"kept")
        if os.geteuid() == 0:
            os.chown(self.machine.real(CONF), 4711, 4712)
        self._file(PurePosixPath("/etc/ssl/cacerts"), b"first " + sha(b"first").encode() + b"\n", 0o644)
        self.machine.real(CACERTS).symlink_to("/etc/ssl/cacerts")
        self.served.write_text(sha(self.machine.real(KEYSTORE).read_bytes()))
        return self

    def _file(self, path: PurePosixPath, data: bytes, mode: int) -> None:
        real = self.machine.real(path)
        real.write_bytes(data)
        real.chmod(mode)

    def plan(self, *, keystore: bytes = b"new key store", imports: int = 1) -> Plan:
        conf = self.machine.real(CONF).read_bytes().replace(b"old", PASSWORD.encode())
        trusted = self.machine.real("/etc/ssl/cacerts").read_bytes()
        wanted = [number for number in range(imports) if f"root-{number} ".encode() not in trusted]
        lines = [f"root-{number} {sha(ANCHOR + str(number).encode())}\n".encode() for number in wanted]
        anchors = [
            ImportTrust(
                f"import-{number}",
                CACERTS,
                ANCHOR + str(number).encode(),
                f"root-{number}",
                sha(ANCHOR + str(number).encode()),
                "cacerts-password",
                self.expect(CACERTS),
                "Import the root",
                trusted + b"".join(lines[: place + 1]),
            )
            for place, number in enumerate(wanted)
        ]
        return Plan(
            "Install the new key store",
            (
                PutFile(
                    "keystore",
                    KEYSTORE,
                    keystore,
                    0o600,
                    self.expect(KEYSTORE),
                    "Replace it",
                    proof="keystore",
                    proof_alias="primary-host",
                    proven="Java opened it and used the key",
                ),
                MakeFolder("folder", FOLDER, 0o755, self.expect(FOLDER), "Create the folder"),
                PutFile("inside", IN_FOLDER, b"in a new folder", 0o600, self.expect(IN_FOLDER), "Add a store"),
                PutFile("extra", EXTRA, b"a new file\n", 0o644, self.expect(EXTRA), "Add a file"),
                EditFile("conf", CONF, conf, "-old\n+********\n", self.expect(CONF), "Set two values"),
                *anchors,
                Restart("restart", "hcp-server", 5),
                Probe("probe", (("localhost", 2560), ("node-2", 2560)), "primary-host", sha(keystore), 5),
            ),
            created_for="primary",
            java=JAVA,
        )

    def expect(self, path: PurePosixPath) -> Expectation:
        return expectation(self.machine, path)

    def context(self, calls: Syscalls | None = None) -> Context:
        calls = calls or Syscalls()
        secrets = {"cacerts-password": Secret(PASSWORD), "keystore": Secret(PASSWORD)}
        events = EventLog(listener=self.told.append)
        for secret in secrets.values():
            events._redactor.learn(secret)
        return Context(
            machine=self.machine,
            ports=Ports(lambda: JAVA, Service(self, calls), Prober(self).look),
            events=events,
            secrets=secrets,
            who=Operator("operator", "pts/7"),
            calls=calls,
            sleep=self._sleep,
            monotonic=lambda: self.time,
        )

    def _sleep(self, seconds: float) -> None:
        self.time += seconds + 0.001

    def tree(self) -> Tree:
        """Everything below the root: kind, owner, mode, bytes, attributes."""
        found: Tree = {}
        for path in sorted(self.root.rglob("*")):
            status = path.lstat()
            content: object = None
            if path.is_symlink():
                content = str(path.readlink())
            elif path.is_file():
                content = path.read_bytes()
            attributes = tuple(
                (name, os.getxattr(path, name, follow_symlinks=False))
                for name in os.listxattr(path, follow_symlinks=False)
            )
            found[str(path.relative_to(self.root))] = (
                status.st_mode,
                status.st_uid,
                status.st_gid,
                content,
                attributes,
            )
        return found


def ports_for(machine: Machine) -> Ports:
    """For a worker process: the same ports, found from the machine alone."""
    return Scene(machine.root.parent).context().ports


ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS)


def in_child(work: Callable[[], object]) -> int:
    """Run *work* in a forked process, which may be killed; return its exit code."""
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
