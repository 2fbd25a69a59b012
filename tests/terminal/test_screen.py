"""The full screen in a real pseudo-terminal: bytes, signals, cut links, and what stays behind."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.exhaustive import exhaustive, mostly_exhaustive
from tests.support.practice import Practice, practice
from tests.support.pty_terminal import ROOT, Terminal
from tests.support.scenarios import FILES_PASSWORD, furnish
from wizard.session.saved_run import NAME

GOAL = "What do you want to do?"
LEFT = b"\x1b[?1049l"
CURSOR = b"\x1b[?25h"
FORBIDDEN = {
    "mouse": rb"\x1b\[\?100[0236]h",
    "kitty keyboard": rb"\x1b\[>[0-9]+u",
    "clipboard": rb"\x1b\]52",
    "title": rb"\x1b\][012];",
}
Open = Callable[..., Terminal]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """One deployment for all: no test changes more than what the wizard keeps of a run."""
    with practice(tmp_path_factory.mktemp("screen") / "p") as made:
        furnish(made)
        yield made


@pytest.fixture
def here(shared: Practice) -> Practice:
    """That deployment, with nothing kept."""
    shutil.rmtree(shared.deployment.machine.state_dir, ignore_errors=True)
    return shared


@pytest.fixture
def at(here: Practice) -> Open:
    """Opens the wizard at a step of a set-up: `first` is the first one, with nothing said before."""

    def opened(step: str, *words: str, size: tuple[int, int] = (80, 24), **env: str) -> Terminal:
        program = [sys.executable, "-m", "tests.support.start_command", str(here.root), "set-up", step, *words]
        return Terminal(program, size=size, **env)

    return opened


def test_an_idle_screen_sends_nothing_and_no_step_more_than_a_slow_line_takes(at: Open) -> None:
    with at("first") as terminal:
        terminal.until(GOAL)
        assert len(terminal.sent) <= 16_000, "the frame, and the first page"
        assert terminal.quiet(2.0), "idle"
        assert len(terminal.press("down")) <= 2_200
        assert len(terminal.press("home", "enter")) <= 14_000
        terminal.until("Where does the primary server run?")
        assert len(terminal.press("enter")) <= 14_000
        terminal.until("Certificate of the primary server")
        assert terminal.quiet(2.0), "idle with a field to type"
        terminal.press("enter", "enter")
        for character in FILES_PASSWORD[:6]:
            assert len(terminal.press(f"={character}")) <= 1_000
        for what, pattern in FORBIDDEN.items():
            assert not re.search(pattern, terminal.sent), what


@exhaustive
def test_a_large_screen_is_painted_once_too(at: Open) -> None:
    with at("first", size=(120, 36)) as terminal:
        terminal.until(GOAL)
        assert len(terminal.sent) <= 34_000
        assert len(terminal.press("down")) <= 3_500
        assert len(terminal.press("home", "enter")) <= 26_000


def test_ascii_mode_sends_no_other_byte(at: Open) -> None:
    with at("first", LC_ALL="C", LANG="C", TERM="vt220") as terminal:
        terminal.until(GOAL)
        terminal.press("f1", "escape", "home", "enter")
        terminal.until("Where does the primary server run?")
        terminal.press("enter")
        terminal.until("Certificate of the primary server")
        terminal.press("ctrl+c")
        terminal.until("Leave the wizard?")
        terminal.press("right", "enter")
        assert terminal.ended() == 130
        assert max(terminal.sent) < 128


def test_the_cursor_stands_where_the_focus_is(at: Open) -> None:
    with at("first") as terminal:
        terminal.until(GOAL)
        terminal.press("home")
        for expected in ("Replace certificates", "Something is wrong"):
            terminal.press("down")
            assert expected in terminal.text.splitlines()[terminal.screen.cursor.y]
        terminal.press("home", "enter")
        terminal.until("Where does the primary server run?")
        terminal.press("down")
        assert "In the vendor's cloud" in terminal.text.splitlines()[terminal.screen.cursor.y]


@exhaustive
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_signals_save_and_restore_the_terminal(number: int, code: int, at: Open, here: Practice) -> None:
    with at("place") as terminal:
        terminal.until("Where does the primary server run?")
        os.kill(terminal.pid, number)
        assert terminal.ended() == code
        assert LEFT in terminal.sent
        assert CURSOR in terminal.sent
    assert " place " in (here.deployment.machine.state_dir / NAME).read_text().partition("\n")[0]


@exhaustive
@pytest.mark.parametrize("number", mostly_exhaustive([signal.SIGTERM, signal.SIGHUP], {signal.SIGHUP}.__contains__))
def test_a_signal_while_the_first_page_starts_ends_quietly(number: int, at: Open) -> None:
    for words in ("TLS wizard", "Checking this machine", GOAL):
        with at("first") as terminal:
            terminal.shows(words)
            os.kill(terminal.pid, number)
            assert terminal.ended() == 128 + number
            assert b"wizard.bug" not in terminal.sent


@pytest.mark.parametrize("number", mostly_exhaustive([signal.SIGTERM, signal.SIGHUP], {signal.SIGHUP}.__contains__))
def test_a_signal_at_the_moment_the_screen_opens_restores_the_terminal(number: int, at: Open) -> None:
    with at("first") as terminal:
        while b"\x1b[?1049h" not in terminal.sent:
            terminal.read()
        os.kill(terminal.pid, number)
        assert terminal.ended() == 128 + number
        assert LEFT in terminal.sent
        assert b"Traceback" not in terminal.sent


@pytest.mark.parametrize("words", [(), ("hang=check",)])
@exhaustive
def test_a_cut_link_leaves_no_process(words: tuple[str, ...], at: Open) -> None:
    with at("primary-files", *words) as terminal:
        terminal.until("Certificate of the primary server")
        if words:
            terminal.press("enter", "enter")
            terminal.send("enter")
            terminal.shows("Checking ...")
        pid = terminal.pid
        os.close(terminal.child.child_fd)
        end = time.monotonic() + 10
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


def test_leaving_does_not_wait_for_a_call_that_hangs(at: Open) -> None:
    with at("primary-files", "hang=check") as terminal:
        terminal.until("Certificate of the primary server")
        terminal.press("enter", "enter")
        terminal.send("enter")
        terminal.shows("Checking ...")
        terminal.press("f10", "right", "enter")
        assert terminal.ended() == 130


def test_every_key_that_leaves_asks_and_the_summary_stays(at: Open) -> None:
    with at("first") as terminal:
        terminal.until(GOAL)
        for key in ("ctrl+c", "ctrl+q", "f10"):
            terminal.press(key)
            terminal.until("Leave the wizard?")
            terminal.press("escape")
            terminal.until(GOAL)
        terminal.press("ctrl+c", "right", "enter")
        assert terminal.ended() == 130
        assert b"Nothing was changed." in terminal.sent.split(LEFT)[-1]


@pytest.mark.parametrize("key", ["f3", pytest.param("ctrl+l", marks=exhaustive)])
def test_the_screen_is_drawn_again_on_request(key: str, at: Open) -> None:
    with at("place") as terminal:
        terminal.until("Where does the primary server run?")
        before = terminal.text
        terminal.screen.reset()
        terminal.press(key)
        assert terminal.text == before


def test_a_crash_shows_no_value_and_restores_the_terminal(at: Open, here: Practice) -> None:
    state = here.deployment.machine.state_dir
    with at("primary-files", "explode=check") as terminal:
        terminal.until("Certificate of the primary server")
        terminal.press("enter", "enter", f"={FILES_PASSWORD}", "enter")
        assert terminal.ended(20) == 70
        assert LEFT in terminal.sent
        after = terminal.sent.split(LEFT)[-1]
        assert b"error: wizard.bug" in after
        report = next(state.glob("wizard-crash-*.txt"))
        assert report.name.encode() in after.replace(b"\r\n", b"")
    for told in (terminal.sent, report.read_bytes()):
        assert b"S3cret" not in told
        assert FILES_PASSWORD.encode() not in told
        assert b"Traceback" not in told


def test_textual_s_own_switches_are_dropped(at: Open, tmp_path: Path) -> None:
    log = tmp_path / "everything.log"
    switches = {
        "TEXTUAL_LOG": str(log),
        "TEXTUAL_PRESS": "ctrl+q",
        "TEXTUAL_DRIVER": "no.such:Driver",
        "TEXTUAL": "debug",
    }
    with at("place", **switches) as terminal:
        terminal.until("Where does the primary server run?")
        terminal.press("=x")
        assert "Leave the wizard?" not in terminal.text
    assert not log.exists()


def test_a_resize_is_followed_whatever_the_environment_says(at: Open) -> None:
    with at("place", COLUMNS="40", LINES="10") as terminal:
        terminal.until("Where does the primary server run?")
        for columns, rows in ((60, 15), (120, 36), (80, 24)):
            terminal.resize(columns, rows)
            assert "On this machine" in terminal.text
            assert ("of 8" in terminal.text) is (columns < 110)


@pytest.mark.parametrize(
    ("words", "reason"),
    [("</dev/null", "Standard input is not a terminal"), ("2>err", "Standard error is not a terminal")],
)
def test_without_a_terminal_there_is_one_clear_line(words: str, reason: str, here: Practice, tmp_path: Path) -> None:
    command = f"cd {ROOT}; {sys.executable} -m tests.support.start_command {here.root} set-up first {words}"
    command = command.replace("err", str(tmp_path / "err"))
    with Terminal(["/bin/sh", "-c", command]) as terminal:
        assert terminal.ended(20) == 2
        told = terminal.sent.decode() + ((tmp_path / "err").read_text() if (tmp_path / "err").exists() else "")
    assert f"error: screen.terminal {reason}" in " ".join(told.split())
    assert "--plain" in told
    assert "\x1b" not in told


def test_a_terminal_that_cannot_place_text_gets_the_line_mode(at: Open) -> None:
    with at("first", TERM="dumb") as terminal:
        terminal.shows("line by line")
        terminal.shows("Number [")
        assert b"\x1b[?1049h" not in terminal.sent


def test_the_first_page_loads_neither_cryptography_nor_later_pages() -> None:
    code = "import sys, screens.app, screens.frame; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = set(done.stdout.split())
    later = {f"screens.{name}" for name in ("questions", "verdict", "review", "apply", "notices", "dialogs", "lists")}
    assert not loaded & (
        later | {"cryptography", "OpenSSL", "textual.widgets._markdown", "textual.widgets._data_table"}
    )
