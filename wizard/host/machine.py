"""The machine that is checked and changed, or an image of one, and who an account is on it."""

import grp
import os
import pwd
import shlex
import socket
import stat
import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import platformdirs

from wizard.errors import WizardError
from wizard.host.processes import run

UNIT = "hcp-server"
"""The service unit of a primary server (manual)."""

SETTLE_S = 15.0
"""How long every command watches a changed server, in seconds, unless an option says otherwise."""

HCP_HOME = PurePosixPath("/opt/hcp")
"""The product's home (manual)."""

STATE = PurePosixPath("/var/lib/cloudstream-wizard")
"""The state folder of the system."""


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
    noted = text_of(machine.real("/etc/hostname")).split()
    running = [socket.gethostname()] if machine.root == Path("/") else []
    return tuple(dict.fromkeys(name.lower() for name in (*running, *noted[:1])))


def default_state_dir(root: Path = Path("/")) -> Path:
    """The state folder of the system at *root*: the record of an image must not be taken for one of this machine.

    On this machine an ordinary user has his own; an account without a home has one by its number.
    """
    if root != Path("/") or os.geteuid() == 0:
        return root / STATE.relative_to("/")
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
    usual = Machine(state_dir=default_state_dir(machine.root))
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


@dataclass(frozen=True, slots=True)
class Account:
    """A user as the kernel sees it.

    Attributes:
        name: as the service unit names it.
        uid: user id.
        gid: primary group id.
        groups: all group ids, the primary one among them.
    """

    name: str
    uid: int
    gid: int
    groups: frozenset[int]


def lookup(machine: Machine, name: str) -> Account | None:
    """The account called *name*; `""` is root, as in a unit without `User=`. None when there is none of that name.

    Below another root the files of the image are asked when it has them, because its numbers may differ from ours.
    """
    if name in {"", "root", "0"}:
        return Account("root", 0, 0, frozenset({0}))
    image = _of_image(machine)
    if image is None:
        try:
            entry = pwd.getpwuid(int(name)) if name.isascii() and name.isdigit() else pwd.getpwnam(name)
        except KeyError:
            return None
        groups = frozenset(os.getgrouplist(entry.pw_name, entry.pw_gid))
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, groups)
    for own, uid, gid in image[0]:
        if name in {own, str(uid)}:
            return Account(own, uid, gid, frozenset({gid, *(number for number, names in image[1] if own in names)}))
    return None


def members(machine: Machine, gid: int) -> frozenset[int]:
    """The accounts of a group, by user id: those that it names, and those whose primary group it is.

    Group 0 counts as root alone: some systems have it as the primary group of accounts that cannot log in.
    """
    if gid == 0:
        return frozenset({0})
    image = _of_image(machine)
    if image is not None:
        users, groups = image
        named = {name for number, names in groups if number == gid for name in names}
    else:
        users = [(entry.pw_name, entry.pw_uid, entry.pw_gid) for entry in pwd.getpwall()]
        try:
            named = set(grp.getgrgid(gid).gr_mem)
        except KeyError:
            named = set()
    return frozenset(uid for name, uid, primary in users if primary == gid or name in named)


def _of_image(machine: Machine) -> tuple[list[tuple[str, int, int]], list[tuple[int, list[str]]]] | None:
    """The accounts of an image (name, number, primary group) and its groups (number, names); None without the files."""
    passwd = machine.real("/etc/passwd")
    if machine.root == Path("/") or not os.path.isfile(passwd):
        return None
    accounts = [row for row in _rows(passwd) if len(row) > 3 and row[2].isdigit() and row[3].isdigit()]
    groups = [row for row in _rows(machine.real("/etc/group")) if len(row) > 3 and row[2].isdigit()]
    return (
        [(row[0], int(row[2]), int(row[3])) for row in accounts],
        [(int(row[2]), row[3].split(",")) for row in groups],
    )


def name_of(number: int, machine: Machine | None = None, *, group: bool = False) -> str:
    """The name of a user id, or of a group id, on *machine*, else on this one; or the number as text."""
    path = "/etc/group" if group else "/etc/passwd"
    if machine is not None and machine.root != Path("/") and os.path.isfile(machine.real(path)):
        names = (row[0] for row in _rows(machine.real(path)) if len(row) > 2 and row[2] == str(number))
        return next(names, str(number))
    try:
        return grp.getgrgid(number).gr_name if group else pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _rows(path: Path) -> list[list[str]]:
    return [line.split(":") for line in text_of(path).splitlines()]


def text_of(path: Path | str) -> str:
    """What a file of the system holds; "" when it is not there, or this account may not read it."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


_LINKS = 40
"""As many links as the kernel follows in one path (path_resolution(7))."""

_ACL_TAGS = {1: "owner", 2: "user", 4: "group-owner", 8: "group", 16: "mask", 32: "other"}


@dataclass(frozen=True, slots=True)
class Access:
    """Whether an account can read a file.

    Attributes:
        ok: True, False, or None when it could not be found out.
        blocked_at: the logical path of the first element that stops it; None when nothing does.
        reason: in words, for a message.
    """

    ok: bool | None
    blocked_at: PurePosixPath | None = None
    reason: str = ""


FOR_PRIMARY, FOR_GATEWAY = 0o644, 0o600
"""The mode of a key store while its service's account is not known or cannot be given the file: a primary restarts at
once and would present its built-in certificate; a gateway is set up later, and the finding says what to do first."""


def rights_for(account: Account | None, euid: int, otherwise: int) -> tuple[int, int | None, int | None]:
    """Mode, owner and group of a file with secrets: the tightest with which the service can read it.

    Args:
        account: of the service; None when it is not known.
        euid: effective user id of the one who writes; only root can give a file to others.
        otherwise: the mode when neither helps, `FOR_PRIMARY` or `FOR_GATEWAY`.

    Returns:
        Mode; owner and group, None where they stay the writer's.
    """
    if account is not None and account.uid == euid:
        return 0o600, None, None
    if account is not None and euid == 0:
        return 0o640, 0, account.gid
    return otherwise, None, None


def readable_as(machine: Machine, logical_path: PurePosixPath | str, account: Account | None) -> Access:
    """Whether *account* can reach and read *logical_path*.

    Walks every element with mode, owner, group and POSIX ACL; links are followed below the machine's root. On the
    machine itself and as root, the kernel is asked too (`runuser -u NAME -- test -r`), which also counts SELinux and
    network file systems.

    Returns:
        An answer without exception; `ok` is None when the account is unknown or a folder cannot be looked into.
    """
    if account is None:
        return Access(None, None, "the account is not known on this machine")
    worked_out = _walk(machine, PurePosixPath("/" + str(logical_path).lstrip("/")), account)
    named = account.name != str(account.uid)  # runuser knows no account without a name
    if named and machine.root == Path("/") and account.uid and os.geteuid() == 0:
        return _asked(worked_out, logical_path, account)
    return worked_out


def may_read(account: Account, mode: int, uid: int, gid: int) -> bool:
    """Whether *account* may read a file with this mode, owner and group and without an ACL."""
    if account.uid in {0, uid}:
        return account.uid == 0 or bool(mode & 0o400)
    return bool((mode >> 3 if gid in account.groups else mode) & 4)


def _walk(machine: Machine, path: PurePosixPath, account: Account) -> Access:
    pending = list(reversed(path.parts[1:]))
    here = PurePosixPath("/")
    links = 0
    while True:
        real = machine.real(here)
        try:
            seen = os.lstat(real) if here != PurePosixPath("/") else os.stat(real)  # noqa: PTH116 - beside lstat
            if stat.S_ISLNK(seen.st_mode):
                links += 1
                if links > _LINKS:
                    return Access(False, here, "too many links, or links that form a circle")
                target = PurePosixPath(os.readlink(real))  # noqa: PTH115 - the text, not a Path
                here = PurePosixPath("/") if target.is_absolute() else here.parent
                pending += [part for part in reversed(target.parts) if part != "/"]
                if pending:
                    here = _step(here, pending.pop())
                continue
            allowed = _allowed(real, seen, account)
        except (FileNotFoundError, NotADirectoryError):
            return Access(False, here, "it does not exist")
        except OSError as problem:
            return Access(None, here, f"it could not be checked: {(problem.strerror or 'error').lower()}")
        if stat.S_ISDIR(seen.st_mode):
            if not pending:
                return Access(False, here, "it is a folder")
            # A practice folder is used for "/": whatever guards the folder itself is no part of the machine.
            inside = here != PurePosixPath("/") or machine.root == Path("/")
            if inside and not allowed & 1:
                return Access(False, here, f"{account.name} cannot enter this folder ({_mode(seen)})")
            here = _step(here, pending.pop())
        elif pending:
            return Access(False, here, "it is not a folder")
        elif not allowed & 4:
            return Access(False, here, f"{account.name} cannot read it ({_mode(seen)})")
        else:
            return Access(True)


def _step(here: PurePosixPath, part: str) -> PurePosixPath:
    return here.parent if part == ".." else here / part


def _mode(seen: os.stat_result) -> str:
    return f"{stat.filemode(seen.st_mode)} {seen.st_uid}:{seen.st_gid}"


def _allowed(real: Path, seen: os.stat_result, account: Account) -> int:
    """The rwx bits that *account* has on one element (acl(5), access check algorithm)."""
    mode = seen.st_mode
    if account.uid == 0:
        return 7
    if account.uid == seen.st_uid:
        return mode >> 6 & 7
    entries = acl(real)
    if not entries:
        return (mode >> 3 if seen.st_gid in account.groups else mode) & 7
    mask = next((bits for tag, bits, _ in entries if tag == "mask"), 7)
    for tag, bits, number in entries:
        if tag == "user" and number == account.uid:
            return bits & mask
    groups = [
        bits
        for tag, bits, number in entries
        if (tag == "group-owner" and seen.st_gid in account.groups) or (tag == "group" and number in account.groups)
    ]
    if groups:
        return next((bits for bits in groups if bits & 5), 0) & mask
    return mode & 7


def acl(real: Path | int) -> list[tuple[str, int, int]]:
    """The POSIX ACL of a path or descriptor as (tag, bits, id); empty without one (linux/posix_acl_xattr.h)."""
    try:
        data = os.getxattr(real, "system.posix_acl_access")
    except (OSError, AttributeError):
        return []
    return [(_ACL_TAGS.get(tag, ""), bits, number) for tag, bits, number in struct.iter_unpack("<HHI", data[4:])]


def _asked(worked_out: Access, path: PurePosixPath | str, account: Account) -> Access:
    try:
        answer = run(["runuser", "-u", account.name, "--", "test", "-r", str(path)], timeout_s=5)
    except WizardError:
        return worked_out
    if answer.ok:
        return Access(True)
    if answer.returncode == 1 and worked_out.ok:
        return Access(
            False, None, f"{account.name} is refused although the modes allow it; the cause may be SELinux or a mount"
        )
    return worked_out
