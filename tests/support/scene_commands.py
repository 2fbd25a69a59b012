"""Commands on a `Scene`, in this process; the worker that they start gets the scene's ports."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.fake_host import PASSWORD, Scene, ports_for
from wizard.change import watch
from wizard.change.engine import apply
from wizard.change.events import APPLIED
from wizard.cli.main import main
from wizard.errors import ExitCode

Run = Callable[..., tuple[int, str, str]]
"""Words of a command to its exit code, standard output and standard error."""


def changed_scene(base: Path) -> Scene:
    """A machine with three applied changes."""
    made = Scene(base).build()
    for number in range(3):
        assert apply(made.plan(keystore=f"store {number}".encode()), made.context()).outcome == APPLIED
    return made


def use_ports_of_scenes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the worker, and what is asked before it starts, the ports of a scene instead of Java, systemd and TLS."""
    original = watch._launch
    monkeypatch.setattr(watch, "_launch", lambda made, _ports: original(made, "tests.support.fake_host:ports_for"))
    monkeypatch.setattr("wizard.planning.undo.ports_for", ports_for)


def commands_on(scene: Scene, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run commands on *scene*; none may end as a bug, or show its password."""
    use_ports_of_scenes(monkeypatch)
    where = ["--root", str(scene.root), "--state-dir", str(scene.machine.state_dir), "--settle", "0"]

    def call(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = main([*words, *where])
        shown = capsys.readouterr()
        assert PASSWORD not in shown.out + shown.err
        assert code != ExitCode.BUG, shown.err
        return code, shown.out, shown.err

    return call
