"""What happens around a journey over a real ssh link: leaving while a change is made, signals, a poor terminal."""

import json
import os
import re
import signal

import pytest

from tests.support.canary import nothing_told
from tests.support.exhaustive import exhaustive
from tests.support.practice import Practice
from tests.support.pty_operator import ByKeys
from tests.support.pty_terminal import Terminal
from tests.support.scenarios import WAYS, known
from tests.support.sshd import Sshd, face, wait_until_none_is_left

COLOUR = re.compile(rb"\x1b\[(?:[0-9;]*;)?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;[0-9;]*)?m")
LEFT, CURSOR = b"\x1b[?1049l", b"\x1b[?25h"


def delayed(here: Practice) -> None:
    """Let its server take some seconds to start, so that a change can be left while it is made."""
    (here.root / "etc/practice.json").write_text(json.dumps({"start_delay": 4}))


def applying(terminal: Terminal) -> ByKeys:
    """Go the way of a set-up until the change is being made."""
    operator = ByKeys(terminal, WAYS["set-up"], haste=True)
    operator.go("confirm")
    terminal.press("right")
    terminal.send("enter")
    terminal.shows("Applying the change")
    return operator


def test_a_change_ends_by_itself_when_the_link_is_cut(here: Practice, link: Sshd) -> None:
    delayed(here)
    known(here)
    with link.wizard(here, saved=True) as terminal:
        applying(terminal)
        os.kill(terminal.pid, signal.SIGKILL)
        nothing_told(here.root, terminal.sent)
    with link.wizard(here, saved=True) as terminal:
        terminal.until("Success")
        ByKeys(terminal, WAYS["set-up"]).mark()
        os.kill(terminal.pid, signal.SIGKILL)
    wait_until_none_is_left(here)
    assert "primary-host" in here.served()
    assert [change["outcome"] for change in here.json("history")["changes"]] == ["applied"]


@pytest.mark.parametrize("leaving", ["waits", "Ctrl+C"])
@exhaustive
def test_a_practice_server_is_not_stopped_under_a_change(leaving: str, here: Practice, link: Sshd) -> None:
    delayed(here)
    with link.wizard(here) as terminal:
        applying(terminal)
        terminal.press("f10")
        terminal.until("The change continues in the background")
        terminal.press("right")
        terminal.send("enter")
        terminal.shows("Waiting for its end")
        if leaving == "Ctrl+C":
            terminal.send("ctrl+c")
        assert terminal.ended() == 130
        said = terminal.sent.split(LEFT)[-1]
        assert b"is still running. It continues in the background." in said
        assert b"Nothing was changed" not in said
        assert (b"Stop the server later with:" in said) is (leaving == "Ctrl+C")
    wait_until_none_is_left(here)
    assert here.systemctl("is-active").stdout.strip() == ("active" if leaving == "Ctrl+C" else "inactive")
    assert [change["outcome"] for change in here.json("history")["changes"]] == ["applied"]


@exhaustive
def test_rescue_in_ascii_without_colour(here: Practice, link: Sshd) -> None:
    with link.wizard(here, "--ascii", NO_COLOR="1") as terminal:
        operator = ByKeys(terminal, WAYS["rescue"])
        operator.go("examine")
        terminal.press("f1", "escape", "f10", "right", "enter")
        assert terminal.ended() == 130
        assert max(terminal.sent) < 128
        assert not COLOUR.search(terminal.sent)
    wait_until_none_is_left(here)


@exhaustive
@pytest.mark.parametrize(("number", "code"), [(signal.SIGHUP, 129), (signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_gives_the_terminal_back(number: int, code: int, here: Practice, link: Sshd) -> None:
    with link.wizard(here) as terminal:
        terminal.until("hcp-server is active")
        os.kill(face(here), number)
        assert terminal.ended() == code
        assert LEFT in terminal.sent
        assert CURSOR in terminal.sent
    wait_until_none_is_left(here)
