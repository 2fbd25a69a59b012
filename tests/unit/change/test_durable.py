"""One file, replaced durably; and each way in which a target is unfit, with its own code."""

import errno
import fcntl
import os
import struct
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from unittest.mock import patch

import pytest

from tests.support.fake_host import Interrupting, failing
from wizard.change.durable import (
    check_room,
    put_file,
    put_named,
    read_image,
    remove_file,
    remove_temporary,
    temporary_name,
)
from wizard.change.targets import check_replaceable, expectation, look, resolve
from wizard.errors import WizardError
from wizard.host.directory import Directory
from wizard.host.machine import Machine


def at(path: Path) -> Directory:
    return Directory(path.parent)


def test_order_of_the_calls(tmp_path: Path) -> None:
    """Owner, mode and attributes are right before the name is; bytes are on disk before, the name after."""
    path = tmp_path / "file"
    path.write_bytes(b"old")
    os.setxattr(path, "user.a", b"1")
    calls = Interrupting()
    put_file(at(path), path.name, b"new", mode=0o640, token="abc", calls=calls)
    assert [name.split()[0] for name in calls.names] == [
        "create", "write", "chmod", "setxattr", "fsync", "rename", "fsync",
    ]  # fmt: skip
    assert calls.names[0].split()[1] == ".#file.abc"


def test_keeps_what_is_not_named(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o604)
    os.setxattr(path, "user.label", b"x")
    before = path.stat()
    image = put_file(at(path), path.name, b"new")
    after = path.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert dict(image.xattrs)["user.label"] == b"x"
    assert after.st_ino != before.st_ino
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o400])
def test_mode_of_a_new_file_ignores_the_umask(tmp_path: Path, mode: int) -> None:
    old = os.umask(0o077)
    try:
        assert put_file(Directory(tmp_path), "file", b"x", mode=mode).mode == mode
    finally:
        os.umask(old)


def test_a_new_file_is_private_unless_told_otherwise(tmp_path: Path) -> None:
    assert put_file(Directory(tmp_path), "file", b"x").mode == 0o600


def test_exact_attributes_replace_the_old_ones(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    os.setxattr(path, "user.gone", b"1")
    image = put_file(at(path), path.name, b"new", xattrs=(("user.kept", b"2"),))
    assert dict(image.xattrs) == {"user.kept": b"2"}


def test_access_list_survives_with_the_mode_and_goes_with_another(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o640)
    # user::rw- user:4711:r-- group::r-- mask::r-- other::--- (POSIX.1e draft 17, Linux xattr form)
    nobody = 0xFFFFFFFF
    entries = [(1, 6, nobody), (2, 4, 4711), (4, 4, nobody), (16, 4, nobody), (32, 0, nobody)]
    acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
    os.setxattr(path, "system.posix_acl_access", acl)
    assert dict(put_file(at(path), path.name, b"new").xattrs)["system.posix_acl_access"] == acl
    assert path.stat().st_mode & 0o777 == 0o640
    image = put_file(at(path), path.name, b"newer", mode=0o600)
    assert (image.mode, "system.posix_acl_access" in dict(image.xattrs)) == (0o600, False)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EACCES, errno.EROFS, errno.EDQUOT])
def test_a_failure_leaves_the_old_file_and_no_other(tmp_path: Path, number: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    for number_of_call in range(1, 6):
        with pytest.raises(WizardError) as refused:
            put_file(at(path), path.name, b"new", mode=0o640, calls=failing(number_of_call, number))
        assert refused.value.code == "change.write-failed"
        assert os.strerror(number) in refused.value.message
        assert str(path) in refused.value.message
        assert path.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("file")
    with pytest.raises(WizardError) as refused:
        put_file(Directory(tmp_path), "link", b"x")
    assert refused.value.code == "change.target-is-link"


def test_a_planted_temporary_name_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / temporary_name("file", "t")).symlink_to(victim)
    with pytest.raises(WizardError):
        put_file(Directory(tmp_path), "file", b"x", token="t")
    assert victim.read_bytes() == b"precious"


def test_long_names(tmp_path: Path) -> None:
    path = tmp_path / ("ä" * 127)
    put_file(at(path), path.name, b"x")
    assert path.read_bytes() == b"x"


def test_remove(tmp_path: Path) -> None:
    path = tmp_path / "file"
    folder = Directory(tmp_path)
    remove_file(folder, "file")
    path.write_bytes(b"x")
    (tmp_path / ".#file.t").write_bytes(b"left")
    remove_temporary(folder, "file", "t")
    remove_file(folder, "file")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").mkdir()
    with pytest.raises(WizardError) as refused:
        remove_file(folder, "file")
    assert refused.value.code == "change.target-not-file"
    with pytest.raises(WizardError) as refused:
        put_named(tmp_path / "none" / "file", b"x")
    assert refused.value.code == "change.write-failed"


def _hard_link(machine: Machine, _patch: pytest.MonkeyPatch) -> None:
    os.link(machine.real("/d/file"), machine.real("/d/other"))


def _immutable(_machine: Machine, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(fcntl, "ioctl", lambda *_: struct.pack("l", 0x10))


def _append_only(_machine: Machine, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(fcntl, "ioctl", lambda *_: struct.pack("l", 0x20))


def _read_only(_machine: Machine, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(os, "statvfs", lambda _path: SimpleNamespace(f_flag=os.ST_RDONLY))


def _no_rights(_machine: Machine, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(os, "access", lambda *_args, **_more: False)


def _a_folder(machine: Machine, _patch: pytest.MonkeyPatch) -> None:
    machine.real("/d/file").unlink()
    machine.real("/d/file").mkdir()


def _no_folder(machine: Machine, _patch: pytest.MonkeyPatch) -> None:
    machine.real("/d/file").unlink()
    machine.real("/d").rmdir()


@pytest.mark.parametrize(
    ("code", "spoil"),
    [
        ("change.hard-links", _hard_link),
        ("change.immutable", _immutable),
        ("change.immutable", _append_only),
        ("change.read-only", _read_only),
        ("change.folder-not-writable", _no_rights),
        ("change.target-not-file", _a_folder),
        ("change.no-folder", _no_folder),
    ],
)
def test_unfit_targets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, spoil: Callable[[Machine, pytest.MonkeyPatch], None]
) -> None:
    machine = Machine(root=tmp_path)
    (tmp_path / "d").mkdir(mode=0o755)
    (tmp_path / "d/file").write_bytes(b"x")
    target = resolve(machine, PurePosixPath("/d/file"))
    check_replaceable(target, look(target)[0])
    spoil(machine, monkeypatch)
    target = resolve(machine, PurePosixPath("/d/file"))
    image, _ = look(target)
    with pytest.raises(WizardError) as refused:
        check_replaceable(target, image)
    assert refused.value.code == code
    assert "/d" in refused.value.message
    assert refused.value.hint


def test_links_are_followed_below_the_root(tmp_path: Path) -> None:
    machine = Machine(root=tmp_path)
    (tmp_path / "data/hcp/conf").mkdir(parents=True)
    (tmp_path / "opt").mkdir()
    (tmp_path / "opt/hcp").symlink_to("/data/hcp")
    (tmp_path / "data/hcp/conf/a").symlink_to("../../../../../data/hcp/conf/b")
    target = resolve(machine, PurePosixPath("/opt/hcp/conf/a"))
    assert target.path == PurePosixPath("/data/hcp/conf/b")
    assert target.folder is not None
    assert target.folder.path / target.name == tmp_path / "data/hcp/conf/b"
    assert target.shown == "/opt/hcp/conf/a (a link to /data/hcp/conf/b)"
    assert expectation(machine, PurePosixPath("/opt/hcp/conf/a")).link_to == "/data/hcp/conf/b"
    (tmp_path / "data/hcp/conf/b").symlink_to("/opt/hcp/conf/a")
    with pytest.raises(WizardError) as refused:
        resolve(machine, PurePosixPath("/opt/hcp/conf/a"))
    assert refused.value.code == "change.link-loop"


def test_room(tmp_path: Path) -> None:
    check_room([(Directory(tmp_path), 10)])
    with pytest.raises(WizardError) as refused:
        check_room([(Directory(tmp_path), 1 << 60)])
    assert refused.value.code == "change.no-room"
    full = SimpleNamespace(f_bfree=1 << 40, f_bavail=1 << 40, f_frsize=4096, f_files=6, f_ffree=0)
    with patch("os.statvfs", return_value=full), pytest.raises(WizardError, match="no free inode"):
        check_room([(Directory(tmp_path), 10)])


def test_images_of_other_things(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    kinds = {name: read_image(Directory(tmp_path), name)[0].kind for name in ("pipe", "link", ".", "none")}
    assert kinds == {"pipe": "pipe", "link": "link", ".": "folder", "none": "absent"}
