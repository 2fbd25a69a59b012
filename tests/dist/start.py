"""The start of the one-file build: unpacks the program once for each version, and runs it from there.

Libraries with compiled parts cannot be loaded from a zip file. This file is also read by Pythons that are too old.
"""

import os
import sys
from typing import NoReturn

UNPACK = "CLOUDSTREAM_WIZARD_UNPACK"
OLDEST = (3, 11)


def refuse(message: str, hint: str) -> NoReturn:
    """End with a message for the operator."""
    sys.stderr.write("error: start.failed {}\nhint: {}\n".format(message, hint))
    raise SystemExit(2)


def base_folder() -> str:
    """Where programs are unpacked: root's folder is one that only root can write."""
    if os.environ.get(UNPACK):
        return os.path.abspath(os.environ[UNPACK])
    if os.geteuid() == 0:
        return "/var/cache"
    return os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")


def is_ours(folder: str) -> bool:
    """Whether *folder* is there and nobody else could have changed it."""
    try:
        facts = os.lstat(folder)
    except FileNotFoundError:
        return False
    if facts.st_mode & 0o170000 != 0o040000 or facts.st_uid != os.geteuid() or facts.st_mode & 0o022:
        refuse("{} belongs to somebody else, or others can write to it.".format(folder), "Remove it and start again.")
    return True


def unpack(archive: str, target: str) -> None:
    """Unpack the program of *archive* to *target*: whole, or not at all."""
    import shutil
    import tempfile
    import zipfile

    os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
    fresh = tempfile.mkdtemp(prefix=".cloudstream-wizard-", dir=os.path.dirname(target))
    try:
        with zipfile.ZipFile(archive) as members:
            members.extractall(fresh)
        os.rename(fresh, target)
    except OSError:
        # Another start may have been first; its files are the same.
        shutil.rmtree(fresh, ignore_errors=True)
        if not is_ours(target):
            raise


def main() -> None:
    """Run the command."""
    archive = os.path.dirname(os.path.abspath(__file__))
    version, machine, digest = __loader__.get_data(os.path.join(archive, "build")).decode().split()  # type: ignore[name-defined]  # noqa: F821
    if sys.version_info < OLDEST:
        refuse(
            "Python 3.11 or newer is needed; this is {}.{}.".format(*sys.version_info[:2]),
            "Install a newer Python and name it: python3.11 {}".format(archive),
        )
    if os.uname().machine != machine:
        refuse(
            "this file is for {} processors; this machine has {}.".format(machine, os.uname().machine),
            "Use the file for {}.".format(os.uname().machine),
        )
    target = os.path.join(base_folder(), "cloudstream-wizard-{}-{}".format(version, digest[:16]))
    try:
        if not is_ours(target):
            unpack(archive, target)
    except OSError as error:
        refuse(
            "the program cannot be unpacked to {}: {}.".format(target, error.strerror),
            "Name a folder with {}=DIR where 50 MB are free and programs may run.".format(UNPACK),
        )
    sys.path[0] = os.path.join(target, "program")
    from wizard.__main__ import entry

    entry()


if __name__ == "__main__":
    main()
