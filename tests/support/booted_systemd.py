"""A real systemd, the machine's own, as the first process of namespaces of its own: nothing outside is changed.

It runs on an overlay over `/` whose upper layer is a tmpfs, in a cgroup of its own. It ends with this process, also
when this process is killed.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path

INIT = next((path for path in ("/lib/systemd/systemd", "/usr/lib/systemd/systemd") if Path(path).exists()), "")
_GROUP = "cloudstream-wizard-tests"
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_BOOT_S = 60.0

_MOUNTS = """
mkdir -p "$WORK/groups" "$WORK/layers"
mount -t cgroup2 none "$WORK/groups"
for left in "$WORK/groups/$GROUP".*; do # a run that was killed could not remove its own
    owner=${left#*"$GROUP".}
    test -d "/proc/${owner%%.*}" || find "$left" -depth -type d -exec rmdir {} + 2> /dev/null || true
done
mkdir "$WORK/groups/$NAME"
echo $$ > "$WORK/groups/$NAME/cgroup.procs"
mount -t tmpfs -o mode=755 none "$WORK/layers"
mkdir "$WORK/layers/upper" "$WORK/layers/work" "$WORK/layers/root"
mount -t overlay -o "lowerdir=/,upperdir=$WORK/layers/upper,workdir=$WORK/layers/work" none "$WORK/layers/root"
cd "$WORK/layers/root"
for folder in $VISIBLE; do
    mkdir -p ".$folder"
    mount --bind "$folder" ".$folder"
done
exec unshare --pid --fork --kill-child --uts --ipc --net --cgroup sh -ec "$INSIDE"
"""
"""What happens in a mount namespace of its own. VISIBLE: folders of other file systems, which an overlay leaves out."""

_INSIDE = """
mount -t proc none proc
mount -t sysfs -o ro none sys
mount -t cgroup2 none sys/fs/cgroup
for folder in run dev tmp; do mount -t tmpfs -o mode=755 none $folder; done
chmod 1777 tmp
for folder in $HIDDEN; do mkdir -p ".$folder"; mount --bind "$folder" ".$folder"; done
for device in null zero full random urandom tty; do touch dev/$device; mount --bind /dev/$device dev/$device; done
mkdir dev/shm dev/pts
mount -t devpts -o newinstance,ptmxmode=0666 none dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
touch dev/console
for unit in $MASKED; do ln -sf /dev/null "etc/systemd/system/$unit"; done
pivot_root . .
umount -l .
cd /
exec env -i container=other PATH="$PATH" "$INIT" --unit=basic.target --show-status=no < /dev/null
"""
"""In all the other namespaces, before systemd takes over as process 1. HIDDEN: our folders below the new /tmp or /run."""

_MASKED = "tmp.mount systemd-tmpfiles-setup.service systemd-udevd.service systemd-timesyncd.service"
"""Units that would hide our /tmp, take many seconds, or touch what is not ours."""


def missing() -> str:
    """What keeps a systemd from being booted here, "" when nothing does."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return "root on Linux is needed to boot a systemd of our own"
    if not INIT:
        return "the package systemd is not installed (no /lib/systemd/systemd)"
    for tool in ("unshare", "nsenter", "setpriv", "pivot_root"):
        if shutil.which(tool) is None:
            return f"the program {tool} is not installed (package util-linux)"
    tried = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "--cgroup", "true"], capture_output=True, text=True, check=False
    )
    return f"no namespaces can be made here: {tried.stderr.strip()}" if tried.returncode else ""


def below_tmp() -> list[str]:
    """Those of our folders that are below /tmp or /run, which the booted machine has of its own."""
    return sorted(path for path in _ours() if path.startswith(("/tmp/", "/run/")))


def _ours() -> set[str]:
    """Our source and our Python."""
    source = Path(__file__).resolve().parents[2]
    return {str(path) for path in (source, Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve())}


class Booted:
    """A running systemd and the machine around it."""

    def __init__(self, work: Path) -> None:
        self._work = work
        self._name = f"{_GROUP}.{os.getpid()}.{time.monotonic_ns()}"
        environment = {
            "PATH": _PATH,
            "WORK": str(work),
            "GROUP": _GROUP,
            "NAME": self._name,
            "VISIBLE": " ".join(
                sorted(path for path in _ours() if Path(path).stat().st_dev != Path("/").stat().st_dev)
            ),
            "HIDDEN": " ".join(below_tmp()),
            "INSIDE": _INSIDE,
            "MASKED": _MASKED,
            "INIT": INIT,
        }
        with (work / "console").open("wb") as console:
            # `--pdeathsig` and `--kill-child`: whoever ends this process ends all of it.
            self._outer = subprocess.Popen(
                [
                    "setpriv",
                    "--pdeathsig",
                    "KILL",
                    "unshare",
                    "--mount",
                    "--propagation",
                    "private",
                    "sh",
                    "-ec",
                    _MOUNTS,
                ],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
            )

    @cached_property
    def pid(self) -> int:
        """Of systemd, as seen from outside."""
        children = Path(f"/proc/{self._outer.pid}/task/{self._outer.pid}/children")
        limit = time.monotonic() + _BOOT_S
        while True:
            for child in children.read_text().split():
                # Before it is there the children are the programs that prepare everything.
                with suppress(OSError):
                    if Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                        return int(child)
            self._not_in_vain(limit)

    def _not_in_vain(self, limit: float) -> None:
        assert self._outer.poll() is None, self.console()
        assert time.monotonic() < limit, self.console()
        time.sleep(0.02)

    def wait(self) -> None:
        """Until it has booted."""
        limit = time.monotonic() + _BOOT_S
        while self.run("systemctl", "is-active", "basic.target").returncode:
            self._not_in_vain(limit)
        self._open_the_way()

    def _open_the_way(self) -> None:
        """A service's account must be able to start our Python, which may lie below `/root`; in the overlay alone."""
        for start in (Path(__file__).resolve(), Path(sys.executable), Path(sys.executable).resolve()):
            for folder in list(start.parents)[:-1]:
                inside = self.path(folder)
                mode = inside.stat().st_mode & 0o7777
                if mode & 0o055 != 0o055:
                    inside.chmod(mode | 0o055)

    def path(self, path: Path | str) -> Path:
        """Where a path of that machine is found from outside; links must not lead through `/`."""
        return Path(f"/proc/{self.pid}/root") / str(path).lstrip("/")

    def command(self, *words: str) -> list[str]:
        """The command line that runs *words* in there, as root, with an environment of its own."""
        enter = ["nsenter", "-t", str(self.pid), "--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup"]
        return [*enter, "env", "-i", f"PATH={_PATH}", "LC_ALL=C.UTF-8", *words]

    def run(self, *words: str, timeout_s: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run *words* in there to their end."""
        return subprocess.run(
            self.command(*words),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=timeout_s,
            check=False,
        )

    def console(self) -> str:
        """What systemd and the scripts said, for a failure."""
        return (self._work / "console").read_text(errors="replace")[-4000:]

    def end(self) -> None:
        """Kill all of it, and hold that nothing is left: no process, no mount, no cgroup."""
        self._outer.kill()
        self._outer.wait()
        words = f"""
            mount -t cgroup2 none '{self._work}/groups'
            for try in $(seq 200); do
                test -e '{self._work}/groups/{self._name}' || exit 0
                find '{self._work}/groups/{self._name}' -depth -type d -exec rmdir {{}} + 2> /dev/null || sleep 0.05
            done
            exit 1"""
        # A cgroup can be removed only when it has no process any more, not even in the groups below it.
        subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-ec", words], check=True, timeout=30)
        assert str(self._work) not in Path("/proc/self/mountinfo").read_text()
        assert not any((self._work / "layers").iterdir())


@contextmanager
def booted(work: Path) -> Iterator[Booted]:
    """Boot, and end it whatever happens."""
    machine = Booted(work)
    try:
        machine.wait()
        yield machine
    finally:
        machine.end()


def own_python(*words: str) -> Sequence[str]:
    """The command line that runs *words* with this Python and our source, in there."""
    source = Path(__file__).resolve().parents[2]
    return ["env", f"PYTHONPATH={source}", sys.executable, "-B", *words]
