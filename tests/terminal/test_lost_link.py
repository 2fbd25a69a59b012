"""The terminal hangs up in the middle of a change: whichever session sees its end makes packs and checklist."""

import re
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.support.canary import SEQUENCE, nothing_told
from tests.support.exhaustive import exhaustive, mostly_exhaustive
from tests.support.practice import Practice
from tests.support.pty_operator import ByKeys, ByLines, Operator
from tests.support.pty_terminal import ROOT, Terminal
from tests.support.scenarios import FILES_PASSWORD, WAYS, Way, known
from wizard.change import watch
from wizard.handoff import checklist
from wizard.session.saved_run import NAME

WAITING = """\
#!/bin/sh
# A restart takes until the test allows it.
case " $* " in *" restart "*) : >{root}/restarting; while [ ! -e {root}/go ]; do sleep 0.1; done ;; esac
exec {real} "$@"
"""
FACES: dict[str, tuple[Callable[[Terminal, Way], Operator], list[str]]] = {
    "by keys": (ByKeys, []),
    "by lines": (ByLines, ["--plain"]),
}


@pytest.fixture
def waiting(here: Practice) -> Practice:
    """A deployment whose next restart waits for the file `go`."""
    script = here.deployment.systemctl
    real = script.rename(script.with_name("systemctl-itself"))
    script.write_text(WAITING.format(root=here.root, real=real))
    script.chmod(0o755)
    return here


@contextmanager
def wizard(here: Practice, *words: str) -> Iterator[Terminal]:
    """The wizard on *here* in a terminal of its own."""
    command = shlex.join(
        ["env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "tests.support.idle_mark", *words, *here.options]
    )
    with Terminal(["sh", "-c", f"cd {shlex.quote(str(here.root))} && exec {command}"]) as terminal:
        yield terminal


def hang_up(terminal: Terminal, here: Practice) -> str:
    """The terminal is gone while the service is restarted; the id of the change, which goes on."""
    while not (here.root / "restarting").exists():
        terminal.read(0.1)
        assert terminal.child.isalive(), terminal.text
    terminal.child.close(force=True)
    assert not terminal.child.isalive()
    holder = watch.running(here.deployment.machine)
    assert holder is not None
    return holder.change


def finish(here: Practice, change: str) -> None:
    """Let the change end, and wait for it."""
    (here.root / "go").touch()
    assert watch.outcome(here.deployment.machine, change).outcome == "applied"


def nothing_is_lost(here: Practice, terminal: Terminal, change: str) -> None:
    """Packs and checklist are there, for the machines that were named, and nothing is left to be resumed."""
    told = terminal.sent.decode(errors="replace")
    assert "None of the 0 files" not in told
    for host in ("gateway-host", "pcclient-host"):
        assert (here.root / f"cloudstream-packs/{host}/CHECKLIST.md").is_file(), told
        assert list((here.root / f"cloudstream-packs/{host}").glob("*.pfx"))
    kept = checklist.load(here.deployment.machine)
    assert kept is not None
    ids = [item.id for item in kept.items]
    assert any(name.startswith("gateway/gateway-host/") for name in ids)
    assert any(name.startswith("client/pcclient-host/") for name in ids)
    assert sum(name.startswith("portal/ca/") for name in ids) == 2, ids
    assert f"Change {change}" in told
    state = here.deployment.machine.state_dir
    assert not (state / NAME).exists()
    assert not list(state.glob("changes/*/answers.toml"))
    assert [each["outcome"] for each in here.json("history")["changes"]] == ["applied"]
    nothing_told(here.root, terminal.sent)


@pytest.mark.parametrize("meanwhile", ["it still runs", pytest.param("it has ended", marks=exhaustive)])
@pytest.mark.parametrize("face", mostly_exhaustive(FACES, {"by keys"}.__contains__))
def test_a_second_session_makes_the_last_steps(face: str, meanwhile: str, waiting: Practice) -> None:
    operator, words = FACES[face]
    way = WAYS["set-up"]
    known(waiting)
    # By keys all is answered before, which is tested elsewhere.
    begin = [sys.executable, "-m", "tests.support.start_command", str(waiting.root), "set-up", "confirm"]
    with wizard(waiting, *words) if words else Terminal(begin) as terminal:
        operator(terminal, way).go("apply")
        change = hang_up(terminal, waiting)
    if meanwhile == "it has ended":
        finish(waiting, change)
    with wizard(waiting, *words) as terminal:
        second = operator(terminal, way)
        if meanwhile == "it still runs":
            terminal.shows("another session started is running" if face == "by lines" else "Applying")
            finish(waiting, change)
        second.go()
        assert terminal.ended() == 0
        nothing_is_lost(waiting, terminal, change)
    # The password of the files alone is asked for again, and nothing else that was answered before.
    assert [step for step in second.seen if step != "apply"] == ["primary-files", "handoff", "elsewhere"]
    assert re.search(rb"Passwords (are|were) not saved", SEQUENCE.sub(b"", terminal.sent))


def headless(here: Practice) -> list[str]:
    """The change by a command; every password has a source of its own."""
    answers = here.root / "answers.toml"
    (here.root / "files").write_text(FILES_PASSWORD)
    answers.write_text(re.sub(r"(?m)^password = .*$", 'password = { file = "files" }', answers.read_text()))
    return ["apply", "--answers", str(answers), "--yes"]


@exhaustive
def test_a_command_that_was_hung_up_is_followed_by_the_next(waiting: Practice) -> None:
    with wizard(waiting, *headless(waiting)) as terminal:
        change = hang_up(terminal, waiting)
    with wizard(waiting, *headless(waiting)) as terminal:
        terminal.shows("following it")
        (waiting.root / "go").touch()
        assert terminal.ended() == 0
        assert f"Change {change}" in terminal.text
        assert "Done: the right certificate is presented" in terminal.text
    assert not list(waiting.deployment.machine.state_dir.glob("changes/*/answers.toml"))


@exhaustive
def test_a_command_that_was_hung_up_is_told_by_the_next(waiting: Practice) -> None:
    with wizard(waiting, *headless(waiting)) as terminal:
        change = hang_up(terminal, waiting)
    finish(waiting, change)
    with wizard(waiting, *headless(waiting)) as terminal:
        assert terminal.ended() == 0
        told = terminal.sent.decode()
        assert f"Change {change}, started earlier with these answers, has ended:" in told
        assert "Nothing to do" in told
    assert not list(waiting.deployment.machine.state_dir.glob("changes/*/answers.toml"))


@exhaustive
@pytest.mark.parametrize("face", mostly_exhaustive(FACES, {"by lines"}.__contains__))
def test_a_command_that_was_hung_up_is_finished_by_the_wizard(face: str, waiting: Practice) -> None:
    """Its passwords have sources of their own, so none is asked for."""
    operator, words = FACES[face]
    with wizard(waiting, *headless(waiting)) as terminal:
        change = hang_up(terminal, waiting)
    finish(waiting, change)
    with wizard(waiting, *words) as terminal:
        second = operator(terminal, WAYS["set-up"])
        second.go()
        assert terminal.ended() == 0
        assert second.seen == ["handoff", "elsewhere"]
        (waiting.root / "files").unlink()
        nothing_is_lost(waiting, terminal, change)


@exhaustive
def test_a_change_without_known_answers_is_followed_and_no_more(waiting: Practice) -> None:
    """A rollback by a command: what comes after it is a new beginning, not packs for nobody."""
    (waiting.root / "go").touch()
    assert waiting.run(*headless(waiting)).returncode == 0
    for name in ("go", "restarting"):
        (waiting.root / name).unlink()
    with wizard(waiting, "rollback", "--yes") as terminal:
        change = hang_up(terminal, waiting)
    with wizard(waiting, "--plain") as terminal:
        terminal.shows("another session started is running")
        finish(waiting, change)
        terminal.shows("What do you want to do?")
        assert "Packs for the other machines" not in terminal.sent.decode()
        terminal.child.sendline("quit")
        terminal.shows("save/forget/stay")
        terminal.child.sendline("forget")
        terminal.ended()
    assert not (waiting.root / "cloudstream-packs").exists()
