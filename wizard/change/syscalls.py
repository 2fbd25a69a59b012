"""All system calls by which this package writes, in one place, so that tests can make each of them fail."""

import os


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
