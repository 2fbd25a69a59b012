"""No process of the wizard leaves its memory, and the secrets in it, in a core dump."""

import os
import pwd
import re
import subprocess
import sys
from pathlib import Path

import pytest

from wizard import core_dumps, self_start

NOBODY = pwd.getpwnam("nobody")
SHOW = """
import ctypes, os, resource, subprocess
print(resource.getrlimit(resource.RLIMIT_CORE)[0], ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
secret = os.memfd_create("x")
os.write(secret, b"kept")
given = subprocess.run(["/bin/cat", f"/proc/{os.getpid()}/fd/{secret}"], capture_output=True, text=True)
print(given.stdout + given.stderr)
print(subprocess.run(["/bin/sh", "-c", "ulimit -c"], capture_output=True, text=True).stdout)
"""


def started(before: str = "", user: int | None = None) -> list[str]:
    """What a process shows of itself after the wizard's start, run with core dumps allowed."""
    start = f"import resource; resource.setrlimit(resource.RLIMIT_CORE, (1 << 20, -1))\n{before}\n"
    path = f"import sys; sys.path[:] = {sys.path!r}\n" if user is None else ""
    source = Path(core_dumps.__file__).read_text(encoding="utf-8")
    take = "from wizard import self_start; self_start.run([])\n"
    take = take if user is None else f"exec({source!r}); no_core_dumps()\n"
    python = sys.executable if user is None else "/usr/bin/python3"
    words = [python, "-I", "-c", start + path + take + SHOW]
    done = subprocess.run(words, capture_output=True, text=True, check=True, user=user, group=user, cwd="/")
    return done.stdout.split()


@pytest.mark.skipif(os.geteuid() != 0, reason="the right to see other processes is root's")
def test_a_process_of_root_cannot_be_dumped_and_keytool_still_opens_its_files() -> None:
    assert started() == ["0", "0", "kept", "0"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")
def test_a_process_of_another_account_writes_none_and_keytool_still_opens_its_files() -> None:
    assert started(user=NOBODY.pw_uid) == ["0", "1", "kept", "0"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has the capability to lose")
def test_a_process_of_root_without_that_right_stays_readable_for_keytool() -> None:
    drop = """
import ctypes, struct
header, data = struct.pack("Ii", 0x20080522, 0), bytearray(24)
libc = ctypes.CDLL(None)
buffer = (ctypes.c_char * 24).from_buffer(data)
libc.capget(header, buffer)
low = struct.unpack_from("I", data)[0] & ~(1 << 19)
struct.pack_into("3I", data, 0, low, low, low)
assert libc.prctl(24, 19, 0, 0, 0) == 0 and libc.capset(header, buffer) == 0
"""
    assert started(drop) == ["0", "1", "kept", "0"]


@pytest.mark.parametrize("words", [["--version"], ["findings"]])
def test_each_command_begins_with_it(words: list[str]) -> None:
    code = """
import os, sys
from wizard import self_start
from wizard.cli import main
os._exit = lambda code: None
try:
    main.entry()
except SystemExit:
    pass
sys.stderr.write(open("/proc/self/limits").read())
"""
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True, check=True)
    assert re.search(r"Max core file size +0 ", done.stderr)


def test_the_worker_begins_with_it() -> None:
    words = self_start.command(self_start.WORKER)
    show = words[4].replace("sys.exit(run(sys.argv[1:]))", "run(['none']); print(open('/proc/self/limits').read())")
    done = subprocess.run([*words[:4], show], capture_output=True, text=True, check=True)
    assert re.search(r"Max core file size +0 ", done.stdout)
