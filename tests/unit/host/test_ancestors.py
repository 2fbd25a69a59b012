"""Who may exchange a folder on the way to a file."""

import os
import struct
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from wizard.change.targets import check_ancestors
from wizard.errors import WizardError
from wizard.host.directory import service_uid, strangers, walk
from wizard.host.machine import Machine

FILE = PurePosixPath("/opt/hcp/conf/application.conf")
STRANGER, SERVICE, STAFF = 4242, 4711, 4300
NOBODY = 0xFFFFFFFF


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    here = Machine(root=tmp_path, systemctl=str(tmp_path / "none"))
    (tmp_path / "opt/hcp/conf").mkdir(parents=True)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text(
        f"root:x:0:0::/:/bin/sh\nhcp:x:{SERVICE}:{SERVICE}::/:/bin/sh\nmallory:x:{STRANGER}:{STRANGER}::/:/bin/sh\n"
    )
    (tmp_path / "etc/group").write_text(f"hcp:x:{SERVICE}:\nstaff:x:{STAFF}:hcp,mallory\nempty:x:4301:\n")
    return here


def group(folder: Path, gid: int) -> None:
    os.chown(folder, -1, gid)
    folder.chmod(0o775)


def of_service(folder: Path, mode: int) -> Path:
    os.chown(folder, SERVICE, SERVICE)
    folder.chmod(mode)
    return folder


def named_user(folder: Path, uid: int) -> None:
    entries = [(1, 7, NOBODY), (2, 7, uid), (4, 5, NOBODY), (16, 7, NOBODY), (32, 5, NOBODY)]
    acl = struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)
    os.setxattr(folder, "system.posix_acl_access", acl)


@pytest.mark.parametrize(
    ("spoil", "repair"),
    [
        (lambda opt: (opt / "hcp/conf").chmod(0o777), "chmod o-w /opt/hcp/conf"),
        (lambda opt: (opt / "hcp/conf").chmod(0o1777), "chmod o-w /opt/hcp/conf"),
        (lambda opt: (opt / "hcp").chmod(0o777), "chmod o-w /opt/hcp"),
        (lambda opt: os.chown(opt, STRANGER, 0), "chown root /opt"),
        (lambda opt: os.chown(opt / "hcp/conf", STRANGER, 0), "chown root /opt/hcp/conf"),
        (lambda opt: group(opt, STAFF), "chmod g-w /opt"),
        (lambda opt: group(opt / "hcp", STRANGER), "chmod g-w /opt/hcp"),
        (lambda opt: named_user(opt / "hcp", STRANGER), f"setfacl -x u:{STRANGER} /opt/hcp"),
    ],
)
def test_strangers_are_refused_with_the_repair(machine: Machine, spoil: Callable[[Path], object], repair: str) -> None:
    spoil(machine.real("/opt"))
    with pytest.raises(WizardError) as refused:
        check_ancestors(machine, walk(machine.root, FILE), "")
    assert refused.value.code == "change.folder-open"
    assert refused.value.hint.endswith(f": {repair}")


@pytest.mark.parametrize(
    "allowed",
    [
        lambda opt: os.chown(opt / "hcp", SERVICE, SERVICE),
        lambda opt: of_service(opt / "hcp", 0o775),
        lambda opt: named_user(of_service(opt / "hcp", 0o755) / "conf", SERVICE),
        lambda opt: opt.chmod(0o1777),
        lambda opt: group(opt, 0),
        lambda opt: group(opt, 4301),
        lambda opt: opt.parent.chmod(0o777),  # the folder that stands for "/" is trusted
    ],
)
def test_others_may(machine: Machine, allowed: Callable[[Path], object]) -> None:
    allowed(machine.real("/opt"))
    check_ancestors(machine, walk(machine.root, FILE), "")


def test_folders_that_were_passed_before_a_link_count_too(machine: Machine) -> None:
    real = machine.real("/data/conf")
    real.mkdir(parents=True)
    machine.real("/opt/hcp/conf").rmdir()
    machine.real("/opt/hcp/conf").symlink_to("/data/conf")
    machine.real("/opt/hcp").chmod(0o777)
    assert [each.folder for each in strangers(machine, walk(machine.root, FILE))] == ["/opt/hcp"]


def test_the_owner_of_the_product_stands_for_the_service_without_systemd(machine: Machine) -> None:
    os.chown(machine.real("/opt/hcp"), SERVICE, SERVICE)
    assert service_uid(machine) == SERVICE
