"""Read the files that the operator, or a setting, named."""

import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from wizard import codes
from wizard.errors import WizardError
from wizard.printable import printable
from wizard.secret import Secret

MIB = 1024 * 1024
LIMIT = 64 * MIB
"""The largest input file in bytes. Certificates are small; a disk image named by mistake must not fill the memory."""

MOST_PIECES = 16
"""Pieces into which blanks cut one name."""

MOST_FILES = 2000
"""The most files that one folder, or one command, may bring."""


def read_input(path: Path, *, limit: int = LIMIT) -> bytes:
    """The bytes of a file that the operator, or a setting, named. Links are followed.

    Raises:
        WizardError: file.missing, file.not-readable, file.too-large, file.is-a-folder, file.not-regular.
    """
    name = printable(str(path))
    try:
        # Non-blocking, because opening a pipe would wait for a writer that may never come.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as problem:
        raise _refused(name, problem) from None
    seen = os.fstat(descriptor)
    if stat.S_ISDIR(seen.st_mode):
        os.close(descriptor)
        raise WizardError(codes.FILE_IS_A_FOLDER, subject=name, file=name)
    with open(descriptor, "rb") as stream:  # noqa: PTH123 - of a descriptor
        if not stat.S_ISREG(seen.st_mode):
            raise WizardError(codes.FILE_NOT_REGULAR, subject=name, file=name)
        try:
            data = stream.read(limit + 1)
        except OSError as problem:
            raise _refused(name, problem) from None
    if len(data) > limit:
        raise WizardError(codes.FILE_TOO_LARGE, subject=name, file=name, size=max(seen.st_size, len(data)), limit=limit)
    return data


def expand_inputs(paths: Iterable[Path | str], base: Path) -> list[Path]:
    """The files that *paths* mean: a file is itself, a folder its visible ordinary files in order of their names.

    Args:
        paths: as the operator named them; `~` is understood, relative ones are taken from *base*.
        base: the folder of the answers file, or the current one.

    Returns:
        Each file once, in the order given; folders one level deep.

    Raises:
        WizardError: file.missing, file.not-readable, file.too-many.
    """
    found: dict[Path, None] = {}
    for path in named_inputs(paths, base):
        try:
            folder = stat.S_ISDIR(os.stat(path).st_mode)  # noqa: PTH116 - Path.is_dir would hide why it fails
        except (OSError, ValueError) as problem:
            raise _refused(printable(str(path)), problem, case="blanks") from None
        found |= dict.fromkeys(_files_of(path) if folder else [path])
        if len(found) > MOST_FILES:
            raise _too_many(printable(str(path)))
    return list(found)


def named_inputs(paths: Iterable[Path | str], base: Path) -> list[Path]:
    """The files and folders that are named themselves.

    A name with blanks that came without quotes, and so in pieces, is put together again where such a file is there.
    """
    waiting, found = [str(each) for each in paths], list[Path]()
    while waiting:
        wholes = [
            base / home_expanded(Path(" ".join(waiting[:count])))
            for count in range(1, min(len(waiting), MOST_PIECES) + 1)
        ]
        count = next((count for count, whole in enumerate(wholes, start=1) if os.path.lexists(whole)), 1)
        found.append(wholes[count - 1])
        del waiting[:count]
    return found


def home_expanded(path: Path) -> Path:
    """*path* with the home folder in place of a leading `~`; as it is when there is no such home."""
    try:
        return path.expanduser()
    except RuntimeError:  # `~` of a user that does not exist is a file's name like any other
        return path


def is_taken(path: Path) -> bool:
    """Whether *path* is a file or a folder with something in it, or one that may not be read."""
    try:
        return any(path.iterdir())
    except FileNotFoundError:
        return False
    except OSError:
        return True


def _files_of(folder: Path) -> list[Path]:
    name = printable(str(folder))
    files: list[Path] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.name.startswith(".") and _is_file(entry):
                    files.append(folder / entry.name)
                if len(files) > MOST_FILES:
                    raise _too_many(name)
    except OSError as problem:
        raise _refused(name, problem) from None
    return sorted(files)


def _is_file(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link in a circle is no file, as one that leads nowhere
        return False


def _too_many(name: str) -> WizardError:
    return WizardError(codes.FILE_TOO_MANY, subject=name, folder=name, limit=MOST_FILES)


def _refused(name: str, problem: Exception, *, case: str = "") -> WizardError:
    """The refusal for *problem*; *case* is that of a file that is missing."""
    if isinstance(problem, FileNotFoundError | NotADirectoryError):
        return WizardError(codes.FILE_MISSING, case=case, subject=name, file=name)
    return WizardError(codes.FILE_NOT_READABLE, subject=name, file=name, reason=_words(problem))


def _words(problem: Exception) -> str:
    number = problem.errno if isinstance(problem, OSError) else None
    if number in {errno.EACCES, errno.EPERM}:
        return "permission denied"
    text = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
    return printable(text).lower()


DEFAULT_STORE_PASSWORD = Secret("changeit")
"""The password of cacerts as the JRE ships it (manual, JDK keytool document)."""
