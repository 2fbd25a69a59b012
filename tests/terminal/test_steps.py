"""Every step of every goal on a real deployment and in a real terminal: keys, bytes, cursor, ASCII, and its end."""

import os
import re
import signal
import sys
import termios
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.support.canary import nothing_told
from tests.support.exhaustive import exhaustive, mostly_exhaustive
from tests.support.practice import Practice, practice
from tests.support.pty_operator import ByKeys
from tests.support.pty_terminal import Terminal
from tests.support.scenarios import EVERY, GOALS, STEPS, furnish
from tests.support.sshd import left, mark, wait_until_none_is_left
from wizard.questions.flow import View
from wizard.session.saved_run import NAME

SIGNALS = [
    pytest.param(step, number, marks=[] if step == "primary-files" and number == signal.SIGHUP else exhaustive)
    for step in STEPS
    for number in (signal.SIGHUP, signal.SIGTERM)
]
NORMAL = {b"7": b"h", b"25": b"h"}
"""Modes that a terminal has before anything was sent: lines wrap, and the cursor is seen; every other one is off."""
MOST_STOPS = 12


@pytest.fixture(scope="module")
def deployments(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Practice]]:
    """One for each goal, made when it is asked for."""
    with ExitStack() as stack:

        class Made(dict[str, Practice]):
            def __missing__(self, goal: str) -> Practice:
                way, folder = EVERY[goal], tmp_path_factory.mktemp("steps") / "p"
                here = stack.enter_context(practice(folder, faults=way.faults, configured=way.configured))
                if goal == "undo":
                    assert here.run("apply", "--answers", "answers.toml", "--yes").returncode == 0
                furnish(here)
                self[goal] = here
                return here

        yield Made()


def opened(here: Practice, step: str, **env: str) -> tuple[Terminal, ByKeys]:
    """The wizard, begun at *step*."""
    program = [sys.executable, "-m", "tests.support.start_command", str(here.root), GOALS[step], step]
    terminal = Terminal(program, size=(80, 24), TMPDIR=str(mark(here)), **env)
    return terminal, ByKeys(terminal, EVERY[GOALS[step]])


def restored(terminal: Terminal) -> None:
    """The terminal is as it was found: every mode, echo, lines, and the screen of before."""
    modes = dict(re.findall(rb"\x1b\[\?(\d+)([hl])", terminal.sent))
    assert {mode: state for mode, state in modes.items() if state != NORMAL.get(mode, b"l")} == {}
    wanted = termios.ECHO | termios.ICANON | termios.ISIG
    assert termios.tcgetattr(terminal.child.child_fd)[3] & wanted == wanted
    assert b"\x1b[?1049l" in terminal.sent


def ended_by(number: int, here: Practice, step: str, terminal: Terminal) -> None:
    """End the wizard by this signal: what must hold then."""
    os.kill(terminal.pid, number)
    assert terminal.ended() == 128 + number
    restored(terminal)
    with pytest.raises(ProcessLookupError):
        os.killpg(terminal.pid, 0)
    wait_until_none_is_left(here)
    saved = here.deployment.machine.state_dir / NAME
    if step == "elsewhere":
        # The run has ended; the list that is left is kept by itself.
        assert not saved.exists()
        return
    assert saved.stat().st_mode & 0o777 == 0o600
    assert f" {step} ".encode() in saved.read_bytes().partition(b"\n")[0]
    saved.unlink()
    nothing_told(here.root, terminal.sent)
    if STEPS[step].view is View.APPLY:
        # It went on by itself; the next test begins where this one did.
        assert here.json("history")["changes"][-1]["outcome"] == "applied"
        assert here.run("rollback", "--yes").returncode == 0


@pytest.mark.parametrize(("step", "number"), SIGNALS)
def test_a_signal_at_any_step_restores_the_terminal_and_saves(
    step: str, number: int, deployments: dict[str, Practice]
) -> None:
    here = deployments[GOALS[step]]
    terminal, operator = opened(here, step)
    with terminal:
        shown = operator.at()
        assert shown is not None
        assert shown.id == step
        assert left(here)
        ended_by(number, here, step, terminal)


@exhaustive
@pytest.mark.parametrize("step", mostly_exhaustive(STEPS, {"review"}.__contains__))
def test_a_step_on_a_slow_line_in_ascii(step: str, deployments: dict[str, Practice]) -> None:
    here = deployments[GOALS[step]]
    terminal, operator = opened(here, step, LC_ALL="C", LANG="C", TERM="vt220")
    with terminal:
        assert operator.at()
        if STEPS[step].view is View.APPLY:
            terminal.until("Success")
        for _ in range(MOST_STOPS):
            operator.press("tab")
            operator.mark()
        for key in ("f1", "escape", "ctrl+c", "escape"):
            assert len(terminal.press(key)) <= 18_000, key
        assert terminal.quiet(0.5), "idle"
        ended_by(signal.SIGINT, here, step, terminal)
        assert max(terminal.sent) < 128
