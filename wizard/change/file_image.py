"""The state of a file at one moment: digest, owner, mode, extended attributes."""

import base64
import hashlib
import os
import stat
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

from wizard.host.directory import Directory

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


_PLAIN = ("kind", "sha256", "size", "mode", "uid", "gid")


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
    links: int = 1

    @property
    def exists(self) -> bool:
        """Whether a regular file is there."""
        return self.kind == "file"

    def same(self, other: "FileImage") -> bool:
        """Equal in bytes, owner, mode and extended attributes; the number of names does not count."""
        return self == replace(other, size=self.size, links=self.links)

    def as_json(self) -> dict[str, Any]:
        """For the manifest."""
        xattrs = {name: base64.b64encode(value).decode() for name, value in self.xattrs}
        return {**{name: getattr(self, name) for name in _PLAIN}, "xattrs": xattrs}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "FileImage":
        """The reverse of `as_json`."""
        attributes = sorted((name, base64.b64decode(text)) for name, text in data["xattrs"].items())
        return cls(**{name: data[name] for name in _PLAIN}, xattrs=tuple(attributes))


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
