"""The full screen in a real pseudo-terminal: bytes, signals, cut links, and what stays behind."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.screens.fake_session import CHAIN, PASSWORD
from tests.support.pty_terminal import ROOT, Terminal

GOAL = "What do you want to do?"
LEFT = b"\x1b[?1049l"
CURSOR = b"\x1b[?25h"
FORBIDDEN = {
    "mouse": rb"\x1b\[\?100[0236]h",
    "kitty keyboard": rb"\x1b\[>[0-9]+u",
    "clipboard": rb"\x1b\]52",
    "title": rb"\x1b\][012];",
}


def test_an_idle_screen_sends_nothing_and_no_step_more_than_a_slow_line_takes(tmp_path: Path) -> None:
    with Terminal(tmp_path) as terminal:
        terminal.until(GOAL)
        assert len(terminal.sent) <= 14_000, "the first screen, with what was found"
        assert terminal.read(2.0) == b"", "idle"
        assert len(terminal.press("tab")) <= 1_000
        assert len(terminal.press("enter")) <= 12_000
        while "Which files hold" not in terminal.text:
            assert len(terminal.press("enter")) <= 12_000
        assert terminal.read(2.0) == b"", "idle with a field to type"
        for character in "/root/":
            assert len(terminal.press(f"={character}")) <= 1_000
        for what, pattern in FORBIDDEN.items():
            assert not re.search(pattern, terminal.sent), what


def test_a_change_that_is_watched_sends_little_and_one_that_has_ended_nothing(tmp_path: Path) -> None:
    with Terminal(tmp_path, "hang", "start=apply") as terminal:
        terminal.until("restarting hcp-server")
        before, begun = len(terminal.sent), time.monotonic()
        while time.monotonic() - begun < 3:
            terminal.read(0.3)
        assert len(terminal.sent) - before <= 3 * 1_000
    with Terminal(tmp_path, "start=apply") as terminal:
        terminal.until("> [ Next ]")
        assert terminal.read(1.2) == b"", "idle"
        assert len(terminal.press("tab")) <= 1_000


def test_ascii_mode_sends_no_other_byte_on_the_whole_way(tmp_path: Path) -> None:
    with Terminal(tmp_path, "hostile", LC_ALL="C", LANG="C", TERM="vt220") as terminal:
        terminal.until(GOAL)
        terminal.press(
            "enter", "enter", f"={CHAIN}", "enter", f"={PASSWORD}", "enter", "f1", "escape", "enter", "enter"
        )
        terminal.press("enter", "ctrl+c", "escape", *["enter"] * 4)
        terminal.until("Review")
        terminal.press("enter", "right", "enter")
        terminal.until("Applied and proven.")
        terminal.press("enter")
        terminal.until("What is left to do")
        terminal.press("tab", "enter")
        assert terminal.ended() == 0
        assert max(terminal.sent) < 128


def test_the_cursor_stands_where_the_focus_is(tmp_path: Path) -> None:
    with Terminal(tmp_path) as terminal:
        terminal.until(GOAL)
        for key in (
            "down",
            "down",
            "down",
            "down",
            "up",
            "enter",
            "tab",
            "tab",
            "up",
            "f1",
            "escape",
            "ctrl+c",
            "down",
        ):
            terminal.press(key)
            marked = [row for row, line in enumerate(terminal.text.splitlines()) if re.search(r"^ > |> \[", line)]
            # A pane that is read has its mark below and the cursor at its first row.
            assert terminal.screen.cursor.y in marked or "> Lines" in terminal.text, terminal.text


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_signals_save_and_restore_the_terminal(number: int, code: int, tmp_path: Path) -> None:
    with Terminal(tmp_path) as terminal:
        terminal.until(GOAL)
        terminal.press("enter")
        terminal.until("Step 2 of")
        os.kill(terminal.pid, number)
        assert terminal.ended() == code
        assert LEFT in terminal.sent
        assert CURSOR in terminal.sent
    assert (tmp_path / "saves.txt").read_text() == "place place"


@pytest.mark.parametrize("words", [(), ("hang", "start=apply")])
def test_a_cut_link_leaves_no_process(words: tuple[str, ...], tmp_path: Path) -> None:
    with Terminal(tmp_path, *words) as terminal:
        terminal.until("Applying" if words else GOAL)
        pid = terminal.pid
        os.close(terminal.child.child_fd)
        end = time.monotonic() + 5
        while time.monotonic() < end:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                assert os.waitstatus_to_exitcode(status) == 129
                break
            time.sleep(0.05)
        else:
            os.kill(pid, signal.SIGKILL)
            raise AssertionError("it goes on without a terminal")
        terminal.child.closed = True
    assert (tmp_path / "saves.txt").exists()


def test_leaving_does_not_wait_for_a_call_that_hangs(tmp_path: Path) -> None:
    with Terminal(tmp_path, "hang", "start=primary-files") as terminal:
        terminal.until("Which files hold")
        terminal.press(f"={CHAIN}", "enter", "enter")
        terminal.until("Checking ...")
        started = time.monotonic()
        terminal.press("f10")
        assert terminal.ended() == 130
        assert time.monotonic() - started < 3


def test_both_keys_ask_before_leaving_and_the_summary_stays(tmp_path: Path) -> None:
    with Terminal(tmp_path) as terminal:
        terminal.until(GOAL)
        for key in ("ctrl+c", "ctrl+q"):
            terminal.press(key)
            terminal.until("> [ Keep working ]")
            terminal.press("escape")
            terminal.until(GOAL)
        terminal.press("ctrl+c", "down", "enter")
        assert terminal.ended() == 130
        after = terminal.sent.split(LEFT)[-1]
        assert b"summary: nothing was changed" in after


@pytest.mark.parametrize("key", ["f3", "ctrl+l"])
def test_the_screen_is_drawn_again_on_request(key: str, tmp_path: Path) -> None:
    with Terminal(tmp_path) as terminal:
        terminal.until(GOAL)
        before = terminal.text
        terminal.screen.reset()
        assert GOAL not in terminal.text
        terminal.press(key)
        assert terminal.text == before


def test_a_crash_shows_no_value_and_restores_the_terminal(tmp_path: Path) -> None:
    with Terminal(tmp_path, "explode=check", "start=primary-files") as terminal:
        terminal.until("Which files hold")
        terminal.press(f"={CHAIN}", "enter", f"={PASSWORD}", "enter")
        assert terminal.ended() == 70
        assert LEFT in terminal.sent
        after = terminal.sent.split(LEFT)[-1]
        assert b"error: wizard.bug" in after
        report = next(tmp_path.glob("wizard-crash-*.txt"))
        assert report.name.encode() in after.replace(b"\r\n", b"")
    for told in (terminal.sent, report.read_bytes()):
        assert b"S3cret" not in told
        assert PASSWORD.encode() not in told
        assert b"Traceback" not in told


def test_no_password_reaches_the_terminal(tmp_path: Path) -> None:
    with Terminal(tmp_path, "start=primary-files") as terminal:
        terminal.until("Which files hold")
        terminal.press(f"={CHAIN}", "enter")
        for character in PASSWORD:
            terminal.press(f"={character}")
        terminal.press("enter")
        terminal.until("What was found")
        shown = re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", terminal.sent)
        assert PASSWORD.encode() not in shown
        assert b"Acme-2" not in shown


def test_textual_s_own_switches_are_dropped(tmp_path: Path) -> None:
    log = tmp_path / "everything.log"
    with Terminal(
        tmp_path, TEXTUAL_LOG=str(log), TEXTUAL_PRESS="ctrl+q", TEXTUAL_DRIVER="no.such:Driver", TEXTUAL="debug"
    ) as terminal:
        terminal.until(GOAL)
        terminal.press("=x")
        assert "Leave the wizard?" not in terminal.text
    assert not log.exists()


def test_a_resize_is_followed_whatever_the_environment_says(tmp_path: Path) -> None:
    with Terminal(tmp_path, COLUMNS="40", LINES="10") as terminal:
        terminal.until(GOAL)
        terminal.child.setwinsize(20, 60)
        terminal.screen.resize(20, 60)
        terminal.until("Terminal is 60x20; 80x24 is needed")
        terminal.child.setwinsize(24, 80)
        terminal.screen.resize(24, 80)
        terminal.until(GOAL)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("</dev/null", "Standard input is no terminal"),
        ("2>err", "Standard error is no terminal"),
    ],
)
def test_without_a_terminal_there_is_one_clear_line(words: str, reason: str, tmp_path: Path) -> None:
    command = (
        f"cd {ROOT}; {sys.executable} -m tests.screens.demo {tmp_path} {words.replace('err', str(tmp_path / 'err'))}"
    )
    with Terminal(tmp_path, program=["/bin/sh", "-c", command]) as terminal:
        assert terminal.ended() == 2
        told = terminal.sent.decode() + ((tmp_path / "err").read_text() if (tmp_path / "err").exists() else "")
    assert f"error: screen.terminal {reason}" in " ".join(told.split())
    assert "--plain" in told
    assert "\x1b" not in told


def test_a_terminal_that_cannot_place_text_is_refused(tmp_path: Path) -> None:
    with Terminal(tmp_path, TERM="dumb") as terminal:
        assert terminal.ended() == 2
        assert b"The terminal type dumb cannot place text" in terminal.sent


def test_the_first_screen_loads_neither_cryptography_nor_later_screens() -> None:
    code = "import sys, screens.app, screens.step; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = set(done.stdout.split())
    later = {
        "screens.review",
        "screens.apply",
        "screens.confirm",
        "screens.notices",
        "screens.pages",
        "screens.quitting",
    }
    assert not loaded & (later | {"cryptography", "OpenSSL", "textual.widgets._footer"})
