import os
import shutil
import struct
import subprocess
from pathlib import Path, PurePosixPath

import pytest

from wizard.host.machine import Account, Machine, lookup, name_of, readable_as

STRANGER = Account("hcp", 54321, 54321, frozenset({54321}))
ROOT = Account("root", 0, 0, frozenset({0}))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    (tmp_path / "opt/conf").mkdir(parents=True)
    (tmp_path / "opt/conf/file").write_bytes(b"x")
    for path in (tmp_path / "opt", tmp_path / "opt/conf"):
        path.chmod(0o755)
    (tmp_path / "opt/conf/file").chmod(0o644)
    tmp_path.chmod(0o700)
    return Machine(root=tmp_path)


def test_the_folder_that_stands_for_the_root_does_not_count(machine: Machine) -> None:
    assert readable_as(machine, "/opt/conf/file", STRANGER).ok is True


@pytest.mark.parametrize(
    ("change", "mode", "blocked"),
    [("opt", 0o700, "/opt"), ("opt/conf", 0o750, "/opt/conf"), ("opt/conf/file", 0o640, "/opt/conf/file")],
)
def test_the_first_element_that_stops_is_named(machine: Machine, change: str, mode: int, blocked: str) -> None:
    (machine.root / change).chmod(mode)
    answer = readable_as(machine, PurePosixPath("/opt/conf/file"), STRANGER)
    assert (answer.ok, str(answer.blocked_at)) == (False, blocked)
    assert "hcp cannot" in answer.reason
    assert readable_as(machine, "/opt/conf/file", ROOT).ok is True


def test_owner_group_and_others_are_told_apart(machine: Machine) -> None:
    path = machine.root / "opt/conf/file"
    seen = path.stat()
    owner = Account("owner", seen.st_uid or 1, seen.st_gid, frozenset({seen.st_gid}))
    member = Account("member", 54321, 54321, frozenset({54321, seen.st_gid}))
    path.chmod(0o040)
    assert readable_as(machine, "/opt/conf/file", member).ok is True
    assert readable_as(machine, "/opt/conf/file", STRANGER).ok is False
    path.chmod(0o044)
    if seen.st_uid:  # the owner's own bits decide, also when others have more
        assert readable_as(machine, "/opt/conf/file", owner).ok is False
    path.chmod(0o004)
    assert readable_as(machine, "/opt/conf/file", member).ok is False


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/opt/conf/gone", "does not exist"),
        ("/opt/conf/file/x", "not a folder"),
        ("/opt/conf", "is a folder"),
        ("/opt/circle", "circle"),
    ],
)
def test_what_is_no_file_is_said(machine: Machine, path: str, reason: str) -> None:
    (machine.root / "opt/circle").symlink_to("circle")
    answer = readable_as(machine, path, STRANGER)
    assert answer.ok is False
    assert reason in answer.reason


def test_links_are_followed_inside_the_root(machine: Machine) -> None:
    (machine.root / "opt/absolute").symlink_to("/opt/conf/file")
    (machine.root / "opt/conf/up").symlink_to("../conf/file")
    (machine.root / "opt/chain").symlink_to("absolute")
    for name in ("/opt/absolute", "/opt/conf/up", "/opt/chain"):
        assert readable_as(machine, name, STRANGER).ok is True
    (machine.root / "opt/conf").chmod(0o700)
    assert readable_as(machine, "/opt/absolute", STRANGER).blocked_at == PurePosixPath("/opt/conf")


def test_an_unknown_account_gives_no_answer(machine: Machine) -> None:
    assert readable_as(machine, "/opt/conf/file", None).ok is None


@pytest.mark.parametrize(
    ("entries", "account", "ok"),
    [
        ([(1, 6, 0), (2, 4, 54321), (4, 0, 0), (16, 4, 0), (32, 0, 0)], STRANGER, True),
        ([(1, 6, 0), (2, 4, 54321), (4, 0, 0), (16, 0, 0), (32, 4, 0)], STRANGER, False),
        ([(1, 6, 0), (4, 0, 0), (8, 4, 54321), (16, 7, 0), (32, 0, 0)], STRANGER, True),
        ([(1, 6, 0), (4, 0, 0), (8, 0, 54321), (16, 7, 0), (32, 4, 0)], STRANGER, False),
        ([(1, 6, 0), (4, 0, 0), (8, 4, 99), (16, 7, 0), (32, 0, 0)], STRANGER, False),
    ],
)
def test_acl_entries_are_weighed_as_the_kernel_does(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, entries: list[tuple[int, int, int]], account: Account, ok: bool
) -> None:
    data = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
    path = str(machine.root / "opt/conf/file")

    def acl(real: Path, _: str) -> bytes:
        if str(real) == path:
            return data
        raise OSError

    monkeypatch.setattr(os, "getxattr", acl)
    (machine.root / "opt/conf/file").chmod(0o640)
    assert readable_as(machine, "/opt/conf/file", account).ok is ok


def test_a_real_acl_is_read(machine: Machine) -> None:
    assert shutil.which("setfacl"), "setfacl is missing: apt-get install acl"
    path = machine.root / "opt/conf/file"
    path.chmod(0o600)
    assert readable_as(machine, "/opt/conf/file", STRANGER).ok is False
    subprocess.run(["setfacl", "-m", "u:54321:r", str(path)], check=True)
    assert readable_as(machine, "/opt/conf/file", STRANGER).ok is True


@pytest.mark.parametrize(("mode", "ok"), [(0o644, True), (0o600, False)])
def test_the_kernel_agrees(mode: int, ok: bool, tmp_path: Path) -> None:
    """On the machine itself: our walk against an account that really tries."""
    nobody = lookup(Machine(), "nobody")
    assert nobody is not None
    folder = Path("/var/tmp") / f"wizard-access-{os.getpid()}"
    folder.mkdir(mode=0o755)
    try:
        path = folder / "file"
        path.write_bytes(b"x")
        path.chmod(mode)
        assert readable_as(Machine(), str(path), nobody).ok is ok
    finally:
        shutil.rmtree(folder)


def test_accounts_come_from_the_image(tmp_path: Path) -> None:
    image = Machine(root=tmp_path)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("root:x:0:0::/:\nhcp:x:991:990::/:\nbad line\n")
    (tmp_path / "etc/group").write_text("hcp:x:990:\nssl:x:77:hcp,x\n")
    assert lookup(image, "hcp") == Account("hcp", 991, 990, frozenset({990, 77}))
    assert lookup(image, "991") == lookup(image, "hcp")
    assert lookup(image, "nobody-here") is None
    assert lookup(image, "") == ROOT
    assert (name_of(991, image), name_of(990, image, group=True)) == ("hcp", "hcp")
    assert (name_of(4, image), name_of(4, image, group=True)) == ("4", "4"), "not what this system calls them"


def test_accounts_come_from_the_system() -> None:
    here = Machine()
    assert lookup(here, "no-such-account") is None
    assert lookup(here, "root") == ROOT
    assert (name_of(0), name_of(0, group=True)) == ("root", "root")
    assert (name_of(3999999999), name_of(3999999999, group=True)) == ("3999999999", "3999999999")
