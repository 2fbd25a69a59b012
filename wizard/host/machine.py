"""The machine: its paths, also of an image or a practice folder below another root; its names and its clock."""

import os
import shlex
import socket
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import platformdirs

UNIT = "hcp-server"
"""The service unit of a primary server (manual)."""

SETTLE_S = 15.0
"""How long every command watches a changed server, in seconds, unless an option says otherwise."""

HCP_HOME = PurePosixPath("/opt/hcp")
"""The product's home (manual)."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine that is checked and changed.

    Paths come in two kinds: *logical*, as the operator and the product's files name them (`/opt/hcp/conf/...`), and
    *real*, where the bytes are. They differ only below another `root`.

    Attributes:
        root: every logical path is taken below this folder.
        hcp_home: logical home of the product.
        state_dir: real folder for journal, backups and saved answers; mode 0700, made on first use by `change/`.
        systemctl: the program, by name or path.
        restart_command: a shell-free command line that restarts the service where there is no systemd, else None.
        unit: the service unit.
        settle_s: how long a server is watched after a change before it counts as verified, in seconds; 0: not at all.
        syslog: whether the steps of a change also go to the system's log.
    """

    root: Path = Path("/")
    hcp_home: PurePosixPath = HCP_HOME
    state_dir: Path = Path()
    systemctl: str = "systemctl"
    restart_command: tuple[str, ...] | None = None
    unit: str = UNIT
    settle_s: float = 0.0
    syslog: bool = False

    def real(self, logical: PurePosixPath | str) -> Path:
        """Where the bytes of *logical* are. `..` cannot climb above the root; links are not followed here."""
        clean = os.path.normpath("/" + str(logical).lstrip("/"))
        return self.root / clean.lstrip("/")

    def logical(self, real: Path) -> PurePosixPath:
        """The name under which the operator knows *real*; a path outside the root keeps its own name."""
        try:
            return PurePosixPath("/") / real.relative_to(self.root)
        except ValueError:
            return PurePosixPath(real)

    @property
    def conf(self) -> PurePosixPath:
        """The server's settings (manual)."""
        return self.hcp_home / "conf" / "application.conf"

    @property
    def jre_home(self) -> PurePosixPath:
        """The product's private JRE (manual)."""
        return self.hcp_home / "jre"

    @property
    def keytool(self) -> PurePosixPath:
        """The key store tool of that JRE."""
        return self.jre_home / "bin" / "keytool"

    @property
    def cacerts(self) -> PurePosixPath:
        """The JRE's store of trust anchors."""
        return self.jre_home / "lib" / "security" / "cacerts"


def own_names(machine: Machine) -> tuple[str, ...]:
    """The host names that *machine* has itself, in lower case; empty when nobody knows, as for some images."""
    try:
        noted = machine.real("/etc/hostname").read_text(encoding="utf-8", errors="replace").split()
    except OSError:
        noted = []
    running = [socket.gethostname()] if machine.root == Path("/") else []
    return tuple(dict.fromkeys(name.lower() for name in (*running, *noted[:1])))


def default_state_dir() -> Path:
    """The system-wide state folder for root, the user's own otherwise; one by number for an account without a home."""
    if sys.platform == "linux" and os.geteuid() == 0:
        return Path("/var/lib/cloudstream-wizard")
    if sys.platform != "win32" and os.geteuid() == 0:
        return Path(platformdirs.site_data_dir("cloudstream-wizard"))
    try:
        folder = Path(platformdirs.user_state_dir("cloudstream-wizard"))
    except RuntimeError:  # neither HOME nor an entry in the list of accounts; older ones return a path with `~`
        folder = Path("~")
    return folder if folder.is_absolute() else Path(f"/var/tmp/cloudstream-wizard-{os.geteuid()}")  # noqa: S108


def command(machine: Machine) -> str:
    """How the program is called for *machine*: with the options that name it, unless it is this one."""
    return shlex.join(["cloudstream-wizard", *options(machine)])


def options(machine: Machine) -> list[str]:
    """The options that name *machine*; none for this one."""
    usual = Machine(state_dir=default_state_dir())
    known = [
        ("--root", str(machine.root), str(usual.root)),
        ("--hcp-home", str(machine.hcp_home), str(usual.hcp_home)),
        ("--state-dir", str(machine.state_dir), str(usual.state_dir)),
        ("--systemctl", machine.systemctl, usual.systemctl),
        ("--restart-command", shlex.join(machine.restart_command or ()), ""),
    ]
    return [word for name, value, default in known if value != default for word in (name, value)]


def now_utc() -> datetime:
    """Now, in UTC, with its zone."""
    return datetime.now(UTC)


AHEAD_S = 600.0
"""A file on a network file system may be a little younger than the clock shows; more means that the clock went back."""


def before_files(now: datetime, newest: float) -> bool:
    """Whether the clock shows *now* although a file was written later: *newest* is its time in seconds since 1970."""
    return newest > now.timestamp() + AHEAD_S
