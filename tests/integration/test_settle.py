"""The server is watched for a while after a change: what happens to it then is no success."""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.exhaustive import exhaustive
from tests.support.practice import ROOT, Practice, practice
from wizard.cli import interactive
from wizard.cli import main as cli
from wizard.host.machine import Machine
from wizard.host.systemd import Service


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Practice]:
    with practice(tmp_path / "p", java=None) as made:
        yield made


def test_a_server_that_ends_after_its_start_is_an_undone_change(server: Practice) -> None:
    before, tree = server.served(), server.tree()
    words = ["apply", *server.options, "--answers", "answers.toml", "--yes", "--settle", "60"]
    with subprocess.Popen(
        [sys.executable, "-m", "wizard", *words],
        cwd=server.root,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as change:
        assert change.stderr is not None
        said = []
        for line in change.stderr:
            said.append(line)
            if "settle: started" in line:
                os.kill(Service(server.deployment.machine).show().pid, signal.SIGKILL)
    text = "".join(said)
    assert change.returncode == 3, text
    assert "Observe the server for 60 s, in case it stops later" in text
    assert "undo: started Restore everything: hcp-server: the unit failed to start (signal)" in text
    assert (server.served(), server.tree()) == (before, tree)


def test_each_command_that_changes_the_server_watches_it(server: Practice) -> None:
    applied = server.json("apply", "--answers", "answers.toml", "--yes", "--settle", "0.2")
    assert {"id": "settle", "state": "done"} in applied["steps"]
    assert "settle" in server.run("rollback", "--yes", "--settle", "0.2").stderr
    unwatched = server.run("apply", "--answers", "answers.toml", "--yes", "--settle", "0")
    assert "Not checked: whether the server keeps running after its start." in unwatched.stdout
    assert "settle: skipped Not checked: whether the server keeps running" in unwatched.stderr
    conf = server.deployment.conf
    conf.write_text(conf.read_text().replace("changeit", "wrong"))
    server.systemctl("restart")
    repaired = server.run("doctor", "--fix", "doctor.settings-lost", "--yes", "--settle", "0.2")
    assert repaired.returncode == 0, repaired.stderr
    assert "settle" in repaired.stderr


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ([], 15.0),
        pytest.param(["--settle", "0"], 0.0, marks=exhaustive),
        pytest.param(["--settle", "2.5"], 2.5, marks=exhaustive),
    ],
)
def test_the_wizard_with_questions_watches_as_long_as_the_commands(
    words: list[str], seconds: float, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: list[Machine] = []

    def screens(args: argparse.Namespace, machine: Machine | None = None, *_: object) -> int:
        seen.append(machine or args.machine)
        return 0

    monkeypatch.setattr(interactive, "run", screens)
    assert cli.main(["--state-dir", str(tmp_path), *words]) == 0
    assert cli.main(["sandbox", str(tmp_path / "x"), *words]) == 0
    assert [machine.settle_s for machine in seen] == [seconds, seconds]


@pytest.mark.parametrize("text", ["-1", "nan", "inf", "soon", "1e9"])
def test_a_time_that_is_none_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["history", f"--settle={text}"])
    assert ended.value.code == 2
    assert "is not a number of seconds" in capsys.readouterr().err


def test_a_change_is_the_same_however_long_the_server_is_watched(server: Practice) -> None:
    digests = {server.json("plan", "--answers", "answers.toml", "--settle", word)["digest"] for word in ("0", "9")}
    assert len(digests) == 1
    assert replace(server.deployment.machine, settle_s=3).settle_s == 3
