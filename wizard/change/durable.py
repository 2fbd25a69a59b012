"""Files that survive a power cut: their state at one moment, and writes that are whole or not at all."""

import contextlib
import errno
import hashlib
import os
import secrets
import stat
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from wizard import codes
from wizard.errors import WizardError
from wizard.host.directory import Directory, walk
from wizard.printable import printable

BOUND_TO_CONTENT = frozenset({"security.ima", "security.evm"})
"""Extended attributes that sign the bytes themselves: copying them to other bytes would be wrong."""

LARGEST = 64 * 1024 * 1024
"""Real files are much smaller; a larger one is refused before it fills the memory."""

_KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "folder",
    stat.S_IFLNK: "link",
    stat.S_IFIFO: "pipe",
    stat.S_IFSOCK: "socket",
    stat.S_IFBLK: "device",
    stat.S_IFCHR: "device",
}


@dataclass(frozen=True, slots=True)
class FileImage:
    """A file at one moment, without its bytes.

    Attributes:
        kind: `file`, `absent`, `folder`, `link`, `pipe`, `socket` or `device`; the rest is empty unless
            `file`; of a folder mode and owner are recorded too.
        sha256: lower-case hex.
        size: in bytes.
        mode: permission bits.
        uid: numeric owner.
        gid: numeric group.
        xattrs: extended attributes (labels, access lists) by name, sorted.
        links: how many names the file has.
    """

    kind: str = "absent"
    sha256: str = ""
    size: int = 0
    mode: int = 0
    uid: int = 0
    gid: int = 0
    xattrs: tuple[tuple[str, bytes], ...] = ()
    links: int = field(default=1, metadata={"kept": False})

    @property
    def exists(self) -> bool:
        """Whether a regular file is there."""
        return self.kind == "file"

    def same(self, other: "FileImage") -> bool:
        """Equal in bytes, owner, mode and extended attributes; the number of names does not count."""
        return self == replace(other, size=self.size, links=self.links)


ABSENT_FILE = FileImage()
"""No file."""


def read_image(folder: Directory, file: str) -> tuple[FileImage, bytes]:
    """Look at *file* in *folder*, which is not followed when it is a link, and read it when it is a regular file.

    Returns:
        The image, and the bytes (empty unless the kind is `file`).

    Raises:
        OSError: it cannot be read, or is larger than `LARGEST`.
    """
    try:
        named = os.stat(file, dir_fd=folder.descriptor, follow_symlinks=False)
    except FileNotFoundError:
        return ABSENT_FILE, b""
    kind = _KINDS[stat.S_IFMT(named.st_mode)]
    if kind == "folder":
        return FileImage(kind=kind, mode=stat.S_IMODE(named.st_mode), uid=named.st_uid, gid=named.st_gid), b""
    if kind != "file":
        return FileImage(kind=kind), b""
    with open_file(folder, file) as stream:
        status = os.fstat(stream.fileno())
        data = stream.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise OSError(27, "File too large", str(folder.path / file))
        image = FileImage(
            kind="file",
            sha256=hashlib.sha256(data).hexdigest(),
            size=len(data),
            mode=stat.S_IMODE(status.st_mode),
            uid=status.st_uid,
            gid=status.st_gid,
            xattrs=xattrs_of(stream.fileno()),
            links=status.st_nlink,
        )
    return image, data


def open_file(folder: Directory, file: str) -> BinaryIO:
    """Open *file* in *folder* for reading, without following a link and without waiting for the writer of a pipe.

    Raises:
        OSError: it cannot be opened; it is a link (ELOOP).
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    return open(os.open(file, flags, dir_fd=folder.descriptor), "rb")  # noqa: PTH123 - the caller closes it


def xattrs_of(descriptor: int) -> tuple[tuple[str, bytes], ...]:
    """The extended attributes that travel with a file; none where the file system has none."""
    try:
        names = os.listxattr(descriptor)
    except OSError:
        return ()
    return tuple((name, os.getxattr(descriptor, name)) for name in sorted(names) if name not in BOUND_TO_CONTENT)


class Syscalls:
    """The real calls. `gate` is asked before each: a test overrides it to raise an `OSError` or to end the process.

    Folders are named by an open descriptor (`at`), so that a folder swapped meanwhile cannot redirect a write.
    """

    def gate(self, name: str, target: str) -> None:
        """Called with the call's name and its file's name before anything is written; does nothing here."""

    def create(self, name: str, *, at: int) -> int:
        """A new file of mode 0600 for writing; fails when the name is taken, also by a dangling link."""
        self.gate("create", name)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(name, flags, 0o600, dir_fd=at)

    def write(self, descriptor: int, data: bytes, name: str) -> None:
        """All of *data*, however often the kernel takes only a part."""
        view = memoryview(data)
        while view:
            self.gate("write", name)
            view = view[os.write(descriptor, view) :]

    def truncate(self, descriptor: int, size: int, name: str) -> None:
        """Cut the file at *size* bytes."""
        self.gate("truncate", name)
        os.ftruncate(descriptor, size)

    def chown(self, descriptor: int, uid: int, gid: int, name: str) -> None:
        """Set owner and group; -1 leaves one as it is."""
        self.gate("chown", name)
        os.fchown(descriptor, uid, gid)

    def chmod(self, descriptor: int, mode: int, name: str) -> None:
        """Set the permission bits."""
        self.gate("chmod", name)
        os.fchmod(descriptor, mode)

    def set_xattr(self, descriptor: int, attribute: str, value: bytes, name: str) -> None:
        """Set one extended attribute."""
        self.gate("setxattr", name)
        os.setxattr(descriptor, attribute, value)

    def remove_xattr(self, descriptor: int, attribute: str, name: str) -> None:
        """Remove one extended attribute."""
        self.gate("removexattr", name)
        os.removexattr(descriptor, attribute)

    def fsync(self, descriptor: int, name: str) -> None:
        """Wait until the disk has it."""
        self.gate("fsync", name)
        os.fsync(descriptor)

    def rename(self, old: str, new: str, *, at: int) -> None:
        """Give the file its final name, replacing what has it, in one step."""
        self.gate("rename", new)
        os.rename(old, new, src_dir_fd=at, dst_dir_fd=at)

    def unlink(self, name: str, *, at: int) -> None:
        """Remove the name."""
        self.gate("unlink", name)
        os.unlink(name, dir_fd=at)

    def mkdir(self, name: str, *, at: int) -> None:
        """A new folder of mode 0700."""
        self.gate("mkdir", name)
        os.mkdir(name, 0o700, dir_fd=at)

    def rmdir(self, name: str, *, at: int) -> None:
        """Remove an empty folder."""
        self.gate("rmdir", name)
        os.rmdir(name, dir_fd=at)


REAL = Syscalls()
"""What all code except the tests uses."""


_SPARE = 1024 * 1024
"""Space that is left free on every file system written to, in bytes."""

_LINES = 8192
"""What the last lines of a change take, in bytes; a file system with less is called full."""


def check_room(sizes: Iterable[tuple[Directory, int]]) -> None:
    """Refuse when a file system has no space for what will be written to it.

    Args:
        sizes: open folders and how many bytes will be added there.

    Raises:
        WizardError: `change.no-room`.
    """
    needed: Counter[int] = Counter()
    folders: dict[int, Directory] = {}
    for folder, size in sizes:
        device = folder.status.st_dev
        # Each file also takes its last block, and the name may need a new block in the folder.
        needed[device] += size + 8192
        folders.setdefault(device, folder)
    for device, folder in folders.items():
        system = os.statvfs(folder.descriptor)
        free = (system.f_bfree if os.geteuid() == 0 else system.f_bavail) * system.f_frsize
        no_inode = bool(system.f_files and not system.f_ffree)
        if free < needed[device] + _SPARE or no_inode:
            raise WizardError(
                codes.CHANGE_NO_ROOM,
                case="no-inode" if no_inode else "",
                subject=folder.path,
                mount=mount_point(folder.path),
                free=free // 1024,
                needed=needed[device] // 1024 + 1024,
                folder=folder.path,
            )


def check_change_room(state: Directory, files: Iterable[tuple[Directory, int, int]]) -> None:
    """Refuse a change without space for its new files, its backups and its undo.

    Args:
        state: the folder of the change, or the nearest one that is there.
        files: for each file its folder, its new and its old size in bytes.

    Raises:
        WizardError: `change.no-room`.
    """
    known = list(files)
    check_room([(folder, max(new, old)) for folder, new, old in known])
    check_room([(state, sum(new + 3 * old for _, new, old in known))])


def mount_point(path: Path) -> Path:
    """Where the file system that holds *path*, or would hold it, is mounted."""
    path = Path(os.path.realpath(path))
    while not path.is_mount() and path != path.parent:
        path = path.parent
    return path


def full_at(path: Path) -> str:
    """Where the file system that holds *path* is mounted when it has no space for a few lines more; "" otherwise."""
    try:
        system = os.statvfs(path)
    except OSError:
        return ""
    free = (system.f_bfree if os.geteuid() == 0 else system.f_bavail) * system.f_frsize
    return printable(str(mount_point(path))) if free < _LINES or (system.f_files and not system.f_ffree) else ""


ACL = "system.posix_acl_access"
"""The attribute that holds an access control list; its mask and the group bits of the mode are the same bits."""


def put_file(  # noqa: PLR0913 - what is written, and where a test may stop it
    folder: Directory,
    name: str,
    data: bytes,
    *,
    mode: int | None = None,
    uid: int | None = None,
    gid: int | None = None,
    xattrs: tuple[tuple[str, bytes], ...] | None = None,
    token: str | None = None,
    calls: Syscalls = REAL,
) -> FileImage:
    """Write *data* to *name* in *folder*: temporary file, owner, mode and attributes, fsync, rename, fsync, read back.

    When it returns, the new file is on disk; when it raises before the rename, the old file is untouched and no
    temporary file is left; when the process dies, at most `temporary_name(name, token)` is left.

    Args:
        folder: open.
        name: of the file there, which must not be a link (links are resolved by `wizard.change.targets`).
        data: the whole content.
        mode: permission bits; None keeps the present file's, or 0600 for a new file.
        uid: numeric owner; None keeps the present file's, or the writer's for a new file.
        gid: numeric group, in the same way.
        xattrs: exactly these extended attributes; None keeps the present file's.
        token: part of the temporary name, so that a crash can be cleaned up; None takes a random one.
        calls: the system calls, replaced in tests.

    Returns:
        How the file looks now, read back from disk.

    Raises:
        WizardError: `change.target-is-link`, `change.target-not-file`, `change.write-failed`, `change.read-back`.
    """
    path, at = folder.path / name, folder.descriptor
    temporary = temporary_name(name, token or secrets.token_hex(6))
    with explained(path):
        before, _ = read_image(folder, name)
        _refuse_kind(path, before)
        wanted = dressed(before, mode=mode, uid=uid, gid=gid, xattrs=xattrs)
        descriptor = calls.create(temporary, at=at)
        try:
            try:
                calls.write(descriptor, data, temporary)
                _dress(descriptor, wanted, temporary, calls, strict=before.exists or xattrs is not None)
                calls.fsync(descriptor, temporary)
            finally:
                os.close(descriptor)
            calls.rename(temporary, name, at=at)
        except BaseException:
            with contextlib.suppress(OSError):
                calls.unlink(temporary, at=at)
            raise
        calls.fsync(at, name)
        after, _ = read_image(folder, name)
    _compare(path, after, wanted, hashlib.sha256(data).hexdigest())
    return after


def put_named(path: Path, data: bytes, *, mode: int | None = None) -> None:
    """As `put_file`, for a file that the operator named; links to its folder are followed once.

    Raises:
        WizardError: as `put_file`; `change.write-failed` also when its folder was exchanged meanwhile.
    """
    with explained(path):
        target = walk(Path("/"), PurePosixPath(path.absolute()), last=False)
        if target.folder is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        put_file(target.folder, target.name, data, mode=mode)
        check_still_there(path.parent, target.folder)


def check_still_there(path: Path, folder: Directory) -> None:
    """Refuse when *path* does not lead to *folder* any more.

    Raises:
        OSError: ESTALE; the message says where the folder is now.
    """
    try:
        there = Directory(path).same_as(folder)
    except OSError:
        there = False
    if not there:
        raise OSError(errno.ESTALE, f"its folder was replaced by another one; what was written is in {folder.now_at}")


def new_file(folder: Directory, name: str, data: bytes, *, calls: Syscalls = REAL) -> None:
    """Write *data* to the new file *name*, mode 0600, in a folder of our own, and wait for the disk.

    The folder itself is to be synced by the caller, once for many files.

    Raises:
        WizardError: `change.write-failed`.
    """
    with explained(folder.path / name):
        descriptor = calls.create(name, at=folder.descriptor)
        try:
            calls.write(descriptor, data, name)
            calls.fsync(descriptor, name)
        finally:
            os.close(descriptor)


def sync_folder(folder: Directory, *, calls: Syscalls = REAL) -> None:
    """Wait until the names in *folder* are on disk."""
    try:
        calls.fsync(folder.descriptor, folder.path.name)
    except OSError as error:
        error.filename = str(folder.path)  # a message about a full disk must name the file system
        raise


def remove_file(folder: Directory, name: str, *, calls: Syscalls = REAL) -> None:
    """Remove *name* and wait until the folder knows it on disk; a file that is not there is fine.

    Raises:
        WizardError: `change.target-not-file`, `change.write-failed`.
    """
    with explained(folder.path / name):
        image, _ = read_image(folder, name)
        if image.kind == "absent":
            return
        _refuse_kind(folder.path / name, image)
        calls.unlink(name, at=folder.descriptor)
        calls.fsync(folder.descriptor, name)


def remove_temporary(folder: Directory, name: str, token: str, *, calls: Syscalls = REAL) -> None:
    """Remove what a `put_file` or `make_folder` with *token* left beside *name* when its process died.

    Raises:
        WizardError: `change.write-failed`.
    """
    temporary = temporary_name(name, token)
    with explained(folder.path / name):
        kind = read_image(folder, temporary)[0].kind
        if kind == "folder":
            remove_folder(folder, temporary, calls=calls)
        elif kind != "absent":
            calls.unlink(temporary, at=folder.descriptor)
            calls.fsync(folder.descriptor, temporary)


def temporary_name(name: str, token: str) -> str:
    """The name, in the same folder, under which new bytes wait for the rename (name limit 255 bytes)."""
    head = os.fsdecode(os.fsencode(name)[: 255 - len(token) - 3])
    return f".#{head}.{token}"


def dressed(
    before: FileImage,
    *,
    mode: int | None = None,
    uid: int | None = None,
    gid: int | None = None,
    xattrs: tuple[tuple[str, bytes], ...] | None = None,
) -> FileImage:
    """Owner, mode and attributes that `put_file` would give, without the bytes; gid -1 is left to the kernel."""
    bits = mode if mode is not None else before.mode if before.exists else 0o600
    attributes = before.xattrs if xattrs is None else xattrs
    if before.exists and xattrs is None and bits != before.mode:
        # An access list would set the group bits again: who asks for other bits asks for these bits alone.
        attributes = tuple(pair for pair in attributes if pair[0] != ACL)
    return FileImage(
        kind="file",
        mode=bits,
        uid=uid if uid is not None else before.uid if before.exists else os.geteuid(),
        gid=gid if gid is not None else before.gid if before.exists else -1,
        xattrs=attributes,
    )


def _dress(descriptor: int, wanted: FileImage, name: str, calls: Syscalls, *, strict: bool) -> None:
    status = os.fstat(descriptor)
    present = dict(xattrs_of(descriptor))
    if strict:
        # An inherited default access list is not what the old file had.
        for attribute in present.keys() - dict(wanted.xattrs).keys():
            if attribute == ACL or attribute.startswith("user."):
                calls.remove_xattr(descriptor, attribute, name)
    if (status.st_uid, status.st_gid) != (wanted.uid, wanted.gid) and (wanted.uid, wanted.gid) != (status.st_uid, -1):
        calls.chown(descriptor, wanted.uid, wanted.gid, name)
    calls.chmod(descriptor, wanted.mode, name)
    for attribute, value in wanted.xattrs:
        if present.get(attribute) != value or attribute == ACL:
            calls.set_xattr(descriptor, attribute, value, name)


def _compare(path: Path, after: FileImage, wanted: FileImage, sha256: str) -> None:
    same = (
        after.sha256 == sha256
        and after.mode == wanted.mode
        and after.uid == wanted.uid
        and wanted.gid in {-1, after.gid}
        and set(wanted.xattrs) <= set(after.xattrs)
    )
    if not same:
        raise WizardError(codes.CHANGE_READ_BACK, subject=path, path=path)


def _refuse_kind(path: Path, image: FileImage) -> None:
    if image.kind == "link":
        raise WizardError(codes.CHANGE_TARGET_IS_LINK, subject=path, path=path)
    if image.kind not in {"file", "absent"}:
        raise WizardError(codes.CHANGE_TARGET_NOT_FILE, subject=path, path=path, kind=image.kind)


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Whatever the system refuses while the block runs is refused as `write_failure` of *path*."""
    try:
        yield
    except OSError as error:
        raise write_failure(path, error) from error


FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""How the system says that there is no space left."""

_CASES = {
    errno.ENOSPC: "no-room",
    errno.EDQUOT: "quota",
    errno.EROFS: "read-only",
    errno.EACCES: "rights",
    errno.EPERM: "flag",
    errno.EIO: "disk",
    errno.ENOENT: "no-folder",
}


def write_failure(path: Path, error: OSError) -> WizardError:
    """The refusal for *error*; the reason is the system's own words."""
    case = _CASES.get(error.errno or 0, "")
    reason = error.strerror or str(error)
    return WizardError(
        codes.CHANGE_WRITE_FAILED, case=case, subject=path, path=path, reason=reason, mount=mount_point(path)
    )


_IN_USE = {errno.ENOTEMPTY, errno.EEXIST}
"""How systems say that a folder is not empty (rmdir(2))."""


def new_folder(above: Directory, name: str, *, calls: Syscalls = REAL) -> Directory:
    """Make the folder *name*, mode 0700, and open it.

    Raises:
        OSError: also ESTALE: another folder is in its place before it could be opened.
    """
    calls.mkdir(name, at=above.descriptor)
    made = above.open(name)
    if made.status.st_uid != os.geteuid() or made.names():
        raise OSError(errno.ESTALE, "another folder is in its place")
    return made


def sub_folder(above: Directory, name: str, *, calls: Syscalls = REAL) -> Directory:
    """Open the folder *name*; it is made as `new_folder` does when it is missing, and its name is then on disk.

    Raises:
        OSError: it cannot be made or opened.
    """
    try:
        return above.open(name)
    except FileNotFoundError:
        made = new_folder(above, name, calls=calls)
        sync_folder(above, calls=calls)
        return made


def reach(path: Path, *, last: bool = True, calls: Syscalls = REAL) -> Directory:
    """Open the folder *path* that the operator named, made with mode 0700 where it is missing.

    Args:
        path: links on the way are followed, once.
        last: the last part may be a link too.
        calls: the system calls, replaced in tests.

    Raises:
        OSError: it cannot be made or opened.
    """
    target = walk(Path("/"), PurePosixPath(path.absolute()), last=last)
    folder = target.folders[-1]
    for name in target.names:
        folder = sub_folder(folder, name, calls=calls)
    return folder


def make_folder(above: Directory, name: str, image: FileImage, *, token: str, calls: Syscalls) -> Directory:
    """Make the folder *name* with the owner and mode of *image*: under another name first, then renamed, both on disk.

    When the process dies, at most the empty folder `temporary_name(name, token)` is left.

    Raises:
        WizardError: `change.write-failed`.
    """
    temporary = temporary_name(name, token)
    try:
        made = new_folder(above, temporary, calls=calls)
        if (made.status.st_uid, made.status.st_gid) != (image.uid, image.gid):
            calls.chown(made.descriptor, image.uid, image.gid, temporary)
        calls.chmod(made.descriptor, image.mode, temporary)
        calls.fsync(made.descriptor, temporary)
        calls.rename(temporary, name, at=above.descriptor)
        calls.fsync(above.descriptor, name)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.rmdir(temporary, dir_fd=above.descriptor)
        raise write_failure(above.path / name, error) from error
    made.path = above.path / name
    return made


def remove_folder(above: Directory, name: str, *, calls: Syscalls) -> None:
    """Take the folder *name* away; one that holds files of somebody else stays, and one that is gone is fine.

    Raises:
        WizardError: `change.write-failed`.
    """
    try:
        calls.rmdir(name, at=above.descriptor)
        calls.fsync(above.descriptor, name)
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno not in _IN_USE:
            raise write_failure(above.path / name, error) from error
