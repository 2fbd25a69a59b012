"""Marked passwords go through every command; afterwards they stand only where they belong."""

import base64
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Self

import pytest

from tests.support.practice import Practice, company, practice
from wizard.sandbox.pki import pfx
from wizard.secret import MASK, Redactor, Secret

# The same tests may run beside us, and their watcher sees every process of the machine: each has marks of its own.
OWN = token_hex(4)
INPUT = f"Canary-in7-9fQx-{OWN}"
STORE = f"Canary-st0re-Wz4-{OWN}"
GATEWAY = f"Canary-gw-Hh81-{OWN}"
MARKS = (INPUT, STORE, GATEWAY)


def unfolded(data: bytes) -> bytes:
    """*data* and whatever stands in it as base64."""
    parts = [data]
    for run in re.findall(rb"[A-Za-z0-9+/]{24,}={0,2}", data):
        with suppress(ValueError):
            parts.append(base64.b64decode(run[: len(run) // 4 * 4]))
    return b"\n".join(parts)


@dataclass
class Watcher:
    """Looks at every process of this machine again and again; remembers those that hold a mark."""

    on_argv: set[str] = field(default_factory=set)
    in_environment: set[str] = field(default_factory=set)
    looks: int = 0

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        marks = [mark.encode() for mark in MARKS]
        while not self._stop.wait(0.004):
            self.looks += 1
            for process in Path("/proc").glob("[0-9]*"):
                for place, found in (("cmdline", self.on_argv), ("environ", self.in_environment)):
                    try:
                        data = (process / place).read_bytes()
                        if any(mark in data for mark in marks):
                            found.add((process / "exe").readlink().name)
                    except OSError:
                        continue


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    with practice(tmp_path_factory.mktemp("canary") / "p") as made:
        root = made.root
        for name, password in (("primary-host", INPUT), ("gateway-host", GATEWAY)):
            entity = company().entities[name]
            (root / f"certificates/{name}.pfx").write_bytes(pfx(entity, password, name=name))
        (root / "secrets/primary").write_text(INPUT)
        (root / "secrets/store").write_text(STORE)
        (root / "secrets/gateway").write_text(GATEWAY)
        made.answers(keystore_password='{ file = "secrets/store" }')
        yield made


@pytest.fixture(scope="module")
def said(server: Practice) -> dict[str, subprocess.CompletedProcess[str]]:
    """Every command once; apply is watched from outside."""
    answers = ("--answers", "changed.toml")
    result = {}

    def run(name: str, *words: str, codes: tuple[int, ...] = (0,)) -> None:
        result[name] = server.run(*words)
        assert result[name].returncode in codes, (name, result[name].stdout, result[name].stderr)

    run("plan", "plan", *answers)
    run("plan json", "plan", *answers, "--json", "--debug")
    run("plan kept", "plan", *answers, "--out", str(server.root / "kept.plan"))
    with Watcher() as watcher:
        run("apply", "apply", *answers, "--yes", "--json", "--debug")
    assert watcher.looks > 20
    assert watcher.on_argv == set()
    # A keytool gets its password through an open file.
    assert watcher.in_environment == set()
    run("apply again", "apply", *answers, "--yes")
    run("history", "history", "--json")
    run("doctor", "doctor", "--json", codes=(0, 1))
    run("status", "status", "--json", codes=(0, 1, 2))
    secret = f"x.password=file:{server.root}/secrets/primary"
    run("inspect", "inspect", "certificates", "opt/hcp/conf", "--json", "--secret", secret, codes=(0, 1, 2))
    run("rehearse", "rehearse", *answers, "--json")
    run("handoff", "handoff", *answers, "--out", str(server.root / "packs"), "--json")
    run("export", "export", "ansible", *answers, "--out", str(server.root / "rollout"), "--plain-secrets", "--json")
    wrong = f"primary.password=file:{server.root}/secrets/store"
    run("wrong password", "plan", *answers, "--secret", wrong, "--debug", codes=(2,))
    run("rollback dry", "rollback", "--dry-run", "--json")
    run("rollback", "rollback", "--yes", "--json")
    return result


def test_no_command_says_a_password(said: dict[str, subprocess.CompletedProcess[str]]) -> None:
    redactor = Redactor()
    for mark in MARKS:
        redactor.learn(Secret(mark))
    for name, done in said.items():
        assert MASK not in redactor.scrub((done.stdout + done.stderr).replace(MASK, "")), name


ALLOWED = (
    "secrets/",
    "packs/gateway-host/unattended",
    "rollout/host_vars/gateway-host/",
    "rollout/files/primary-host/",
)


def test_passwords_stand_only_where_they_belong(
    server: Practice, said: dict[str, subprocess.CompletedProcess[str]]
) -> None:
    state = server.deployment.machine.state_dir.relative_to(server.root)
    found = {}
    for path in server.root.rglob("*"):
        if path.is_file() and not path.is_symlink():
            data = unfolded(path.read_bytes())
            marks = [mark for mark in MARKS if mark.encode() in data]
            if marks:
                found[str(path.relative_to(server.root))] = (marks, path.stat().st_mode & 0o777)
    outside = {name: what for name, what in found.items() if not name.startswith(ALLOWED)}
    # The undone change keeps the new application.conf as the backup of the undo; the kept plan is to be applied later.
    assert "kept.plan" in outside
    assert any(name.startswith(f"{state}/") for name in outside)
    for name, (marks, mode) in outside.items():
        assert marks == [STORE], name
        assert mode == 0o600, name
        assert name == "kept.plan" or name.startswith(f"{state}/"), name
        if name != "kept.plan":
            assert (server.root / name).read_text().startswith("# Server settings."), name
    assert STORE not in (server.root / "opt/hcp/conf/application.conf").read_text()
    assert all(mode == 0o600 for name, (_, mode) in found.items() if name.startswith(ALLOWED[1:]))


def test_records_of_the_change_are_there_and_hold_none(
    server: Practice, said: dict[str, subprocess.CompletedProcess[str]]
) -> None:
    state = server.deployment.machine.state_dir
    records = [
        path for path in state.rglob("*") if path.is_file() and path.suffix in {".json", ".jsonl", ".log", ".txt"}
    ]
    assert any("manifest" in path.name for path in records)
    for path in records:
        data = unfolded(path.read_bytes())
        assert not any(mark.encode() in data for mark in MARKS), path
