"""The link is cut at every step, and during the change: nothing is lost, nothing is told, nobody is left behind."""

import os
import signal
from collections.abc import Callable
from functools import partial

import pytest

from tests.support.canary import nothing_told
from tests.support.exhaustive import exhaustive
from tests.support.practice import Practice
from tests.support.pty_operator import ByKeys, ByLines, Operator
from tests.support.pty_terminal import Terminal
from tests.support.scenarios import WAYS, Way, answered, known, prepared
from tests.support.sshd import Sshd, wait_until_none_is_left
from wizard.session.saved_run import NAME, load


def cut(terminal: Terminal, here: Practice) -> None:
    """The link is gone, and the client cannot say goodbye."""
    os.kill(terminal.pid, signal.SIGKILL)
    wait_until_none_is_left(here)


@pytest.mark.parametrize(
    "face",
    [
        pytest.param(partial(ByKeys, haste=True), id="by keys"),
        pytest.param(ByLines, id="by lines"),
    ],
)
@exhaustive
def test_a_set_up_that_is_cut_off_at_every_step_ends_in_the_same_plan(
    face: Callable[[Terminal, Way], Operator], here: Practice, link: Sshd
) -> None:
    way, words = WAYS["set-up"], ["--plain"] if face is ByLines else []
    planned = prepared(here, way).review().plan.digest
    known(here)
    kept = None
    for step in way.steps:
        with link.wizard(here, *words, saved=True) as terminal:
            face(terminal, way).go(step.id)
            cut(terminal, here)
            nothing_told(here.root, terminal.sent)
        if step is way.steps[-1]:
            # The list that is left is kept by itself, so there is nothing to go on with.
            assert load(here.deployment.machine) is None
            break
        kept = load(here.deployment.machine)
        assert kept is not None
        assert kept.step_id == step.id
        assert (here.deployment.machine.state_dir / NAME).stat().st_mode & 0o777 == 0o600
    assert kept is not None
    assert kept.answers == answered(here, way)
    # Cut off while it was made, it went on by itself; coming back, there was nothing left to do.
    (change,) = here.json("history")["changes"]
    assert (change["outcome"], change["digest"]) == ("applied", planned)
    assert "primary-host" in here.served()
