"""A real sshd on loopback, and the wizard on its far side: Debian's own server with a throw-away configuration."""

import contextlib
import getpass
import os
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.practice import Practice
from tests.support.pty_terminal import ROOT, Terminal

MODULE = "tests.support.idle_mark"
"""The wizard, which also says when it is idle."""
SSHD = "/usr/sbin/sshd"
CONFIG = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
PidFile {folder}/sshd.pid
AuthorizedKeysFile {folder}/key.pub
UsePAM no
StrictModes no
PasswordAuthentication no
PermitRootLogin prohibit-password
AcceptEnv LANG LC_* NO_COLOR
"""


@dataclass(frozen=True)
class Sshd:
    """The server: its port, and the folder with the keys."""

    port: int
    folder: Path

    def wizard(self, here: Practice, *words: str, saved: bool = False, **env: str) -> Terminal:
        """Log in and start the wizard on the deployment *here*, with a terminal of 80x24.

        As `sandbox DIR`, which knows the port of the practice server; *saved*: as on a real machine, which a run that
        was saved before has told the port.
        """
        options = here.options if saved else []
        way = [*words, *options] if saved else ["sandbox", str(here.root), "--settle", "0", *words]
        command = shlex.join([sys.executable, "-m", MODULE, *way])
        settings = {"LC_ALL": "C.UTF-8", "TMPDIR": str(mark(here))} | env
        setting = shlex.join([f"{name}={value}" for name, value in settings.items()])
        far = f"cd {shlex.quote(str(here.root))} && exec env PYTHONPATH={shlex.quote(str(ROOT))} {setting} {command}"
        return Terminal(["ssh", *self.options, "127.0.0.1", far])

    @property
    def options(self) -> list[str]:
        """Of the client: nothing of the one who runs the tests is read or written."""
        settings = ["StrictHostKeyChecking=no", f"UserKnownHostsFile={self.folder}/known", "LogLevel=ERROR"]
        words = [word for setting in (*settings, "IdentitiesOnly=yes") for word in ("-o", setting)]
        return [
            *("-tt", "-F", "none", "-i", str(self.folder / "key"), "-p", str(self.port), "-l", getpass.getuser()),
            *words,
        ]


@contextmanager
def sshd(folder: Path) -> Iterator[Sshd]:
    """Run the server until the end of the block."""
    for name in ("host", "key"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    (folder / "config").write_text(CONFIG.format(port=port, folder=folder))
    if os.geteuid() == 0:
        # As the package's unit does; without it the server does not start as root.
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen([SSHD, "-D", "-e", "-f", str(folder / "config")], stderr=log)
    try:
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            assert child.poll() is None, (folder / "log").read_text()
            time.sleep(0.05)
        yield Sshd(port, folder)
    finally:
        child.terminate()
        child.wait(timeout=10)


def mark(here: Practice) -> Path:
    """A folder of *here* for temporary files: whatever the wizard starts is told it, and can be known by it."""
    folder = here.root / "tmp-of-the-wizard"
    folder.mkdir(exist_ok=True)
    return folder


def left(here: Practice) -> dict[int, list[str]]:
    """The processes of the wizard that run for *here*: the face itself, a worker, whatever they started.

    Not the practice server: that one is started and stopped as a service.
    """
    found, word = {}, f"TMPDIR={mark(here)}".encode()
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if word in (place / "environ").read_bytes().split(b"\0"):
                words = (place / "cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
                if not any(name.startswith("wizard.sandbox") for name in words) and words != [""]:
                    found[int(place.name)] = words
    return found


def face(here: Practice) -> int:
    """The process that talks to the operator."""
    (pid,) = (pid for pid, words in left(here).items() if words[1:3] == ["-m", MODULE])
    return pid


def wait_until_none_is_left(here: Practice, within_s: float = 120) -> None:
    """Fail when a process of the wizard outlives its terminal."""
    end = time.monotonic() + within_s
    while running := left(here):
        assert time.monotonic() < end, running
        time.sleep(0.1)
