"""The wizard as lines, in a pipe and in a real terminal."""

import io
import os
import signal
import subprocess
import sys
import termios
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from tests.screens.fake_session import CHAIN, HOSTILE, LIST, PASSWORD, FakeSession, earlier_run
from tests.support.made_up import made_up
from tests.support.pty_terminal import ROOT, Terminal
from wizard.cli import line_mode
from wizard.findings import Finding, Locator, Severity
from wizard.reports.lines import Line
from wizard.secret import Secret

if TYPE_CHECKING:
    from wizard.session.session import Session

WARNING = Finding(
    made_up("a.warning", Severity.WARNING, "It is odd.", why="A person has to check it.", fix="Fix it."),
    Locator("certificate"),
)
GIVEN = {"primary.chain": CHAIN, "primary.password": PASSWORD}


def answers_to(step_id: str, **given: str) -> list[str]:
    """The lines that lead to the step *step_id*: what has no default, else nothing."""
    lines: list[str] = []
    for step in FakeSession().steps():
        if step.id == step_id:
            break
        lines += [given.get(q.key.replace(".", "_"), GIVEN.get(q.key, "")) for q in step.questions] or [""]
    return lines


TO_REVIEW = answers_to("review")
TO_FILES = [*answers_to("primary-files"), ""]
"""Up to the question for the files; where the server answers is taken as it stands."""


def demo(state: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "tests.screens.demo", str(state), *words]


def talk(session: FakeSession, *lines: str) -> tuple[int, str]:
    """Answer with *lines*; the exit code and what was said."""
    out = io.StringIO()
    code = line_mode.run(
        cast("Session", session), stdin=io.StringIO("".join(f"{line}\n" for line in lines)), stdout=out
    )
    return code, out.getvalue()


def test_the_same_steps_as_lines() -> None:
    session = FakeSession()
    code, said = talk(session, *TO_REVIEW, "", "apply", "")
    assert code == 0
    for number, step in enumerate(session.steps(), start=1):
        assert f"Step {number} of {len(session.steps())}: {step.title}" in said
        for question in step.questions:
            assert question.heading in said
            assert question.why in said
    assert "default-keystore-file" in said
    assert "Applied and proven." in said
    assert said.endswith("summary: applied\n")
    assert PASSWORD not in said
    assert session.started == 1
    assert session.forgotten
    assert session.answers.primary.chain == (CHAIN,)
    assert session.secrets["primary.password"] == Secret(PASSWORD)


def test_help_back_and_defaults() -> None:
    session = FakeSession()
    code, said = talk(session, "?", "2", "back", "", "quit", "stay", "quit", "save")
    assert code == 130
    assert "the server still presents its built-in\n  certificate." in said
    assert "# Keys" not in said
    assert said.count("Step 1 of") == 2
    assert "Number [2]: " in said, "what was answered is the default the next time"
    assert session.saves[-1] == "place"


def test_nothing_is_behind_the_first_step() -> None:
    code, said = talk(FakeSession(), "back", "quit", "forget")
    assert code == 130
    assert "There is no step to go back to." in said


def test_an_error_asks_that_question_alone_again() -> None:
    session = FakeSession()
    code, said = talk(session, *TO_FILES, "'open", CHAIN, "wrong", "", PASSWORD, "quit", "save")
    assert code == 130
    assert "A quote is not closed." in said
    assert "Error: The password does not open primary-host.pfx." in said
    assert said.count("Password for these files") == 2
    assert said.count("  Files or a folder") == 1
    assert "What was found in the files" in said


def test_a_new_password_is_typed_twice() -> None:
    session = FakeSession()
    _code, said = talk(
        session, "", "", "", CHAIN, PASSWORD, "", "2", "", "abcdef", "abcdeg", "abcdef", "abcdef", "quit", "save"
    )
    assert "Error: The two passwords are not the same." in said
    assert session.secrets["primary.keystore-password"] == Secret("abcdef")


def test_only_the_word_apply_applies() -> None:
    session = FakeSession()
    code, said = talk(session, *TO_REVIEW, "", "yes", "back", "quit", "save")
    assert code == 130
    assert "Nothing was done." in said
    assert said.count("Review") == 2
    assert session.started == 0


def test_a_blocked_plan_and_a_failed_change() -> None:
    session = FakeSession()
    session.blocked = True
    code, said = talk(session, *TO_REVIEW, "quit", "save")
    assert "Error: this cannot be applied. The certificate has expired." in said
    assert code == 130
    session = FakeSession()
    session.end = "rolled_back"
    code, said = talk(session, *TO_REVIEW, "", "apply")
    assert code == 3
    assert "Everything was restored." in said
    assert not session.forgotten


@pytest.mark.parametrize("answer", ["5", "primary-verdict", "host name"])
def test_the_review_leads_to_the_step_of_a_decision_and_the_steps_lead_back(answer: str) -> None:
    session = FakeSession()
    way_back = ["", "", "", *[""] * 4]
    code, said = talk(session, *TO_REVIEW, answer, *way_back, "", "apply", "")
    assert code == 0, said
    assert "   5  Host name           primary-host" in said
    assert said.count("What was found in the files") == 2
    assert said.count("Your choices:") == 2
    assert PASSWORD not in said


def test_what_is_no_number_of_the_review_is_asked_again() -> None:
    session = FakeSession()
    code, said = talk(session, *TO_REVIEW, "99", "0", "nothing like it", "", "apply", "")
    assert code == 0
    assert said.count("Error: please type a number from 1 to 9, or press Enter.") == 3


def test_a_blocked_plan_leads_to_a_step_too() -> None:
    session = FakeSession()
    session.blocked = True
    _code, said = talk(session, *TO_REVIEW, "3", "quit", "save")
    assert said.count("Certificate of the primary server") == 2


def test_a_warning_is_asked_about_once_with_no_as_the_default() -> None:
    session = FakeSession()
    session.warnings = dict.fromkeys(("primary-verdict", "review"), (WARNING,))
    to_verdict = answers_to("primary-verdict")
    rest = TO_REVIEW[len(to_verdict) + 1 :]
    code, said = talk(session, *to_verdict, "", "", "", "maybe", "yes", *rest, "", "apply", "")
    assert code == 0, said
    assert said.count("Continue anyway? (yes/no) [no]: ") == 3
    assert said.count("You are still at this step") == 1
    assert "  A person has to check it." in said
    assert session.overruled == [WARNING]


def test_a_number_ticks_and_the_policy_comes_last() -> None:
    session = FakeSession()
    code, said = talk(session, *TO_REVIEW, "", "apply", "1", "6", "x", "list", "1", "1", "")
    assert code == 0
    assert "   1  [ ] Upload Acme-CA-Root" in said
    assert "[x] Upload Acme-CA-Root\n1 of 6 done.\n" in said
    assert "Error: The policy comes last" in said
    assert "Error: please type a number from 1 to 6, or list." in said
    assert "   1  [x] Upload Acme-CA-Root" in said, "list shows all of it again"
    assert session.ticked == {LIST.items[0].id}


def test_the_end_of_the_input_saves() -> None:
    session = FakeSession()
    code, _said = talk(session, *TO_FILES, CHAIN)
    assert code == 130
    assert session.saves[-1] == "primary-files"


def test_what_an_earlier_run_left() -> None:
    session = FakeSession()
    session.unfinished = [Line("A change was cut off.")]
    session.earlier = earlier_run("primary-store")
    code, said = talk(session, "undo", "go", "", CHAIN, PASSWORD, "quit", "save")
    assert code == 130
    assert session.recovered == ["undo"]
    assert f"Answer [{CHAIN}]" in said
    session = FakeSession()
    session.earlier = earlier_run("primary-store")
    _code, said = talk(session, "over", "quit", "forget")
    assert "Step 1 of" in said
    session = FakeSession()
    session.runs = True
    code, said = talk(session, "")
    assert code == 0
    assert session.started == 0


def test_an_interrupted_change_can_be_kept_or_still_wait() -> None:
    session = FakeSession()
    session.unfinished = [Line("A change was cut off.")]
    _code, said = talk(session, "keep", "quit", "forget")
    assert session.recovered == ["keep"]
    assert "It is still unfinished" not in said
    session = FakeSession()
    session.unfinished = [Line("A change was cut off.")]
    session.recover = lambda mode: [Line(f"The {mode} is not complete.")]  # type: ignore[method-assign]
    code, said = talk(session, "undo", "quit", "forget")
    assert code == 4
    assert "It is still unfinished. Something is wrong, below, finds the cause" in said


def test_hostile_text_is_only_text() -> None:
    code, said = talk(FakeSession(hostile=True), "quit", "forget")
    assert code == 130
    for text in HOSTILE:
        assert text in said
    assert "\x1b" not in said


def test_a_pipe_in_ascii_shows_everything() -> None:
    words = [sys.executable, "-m", "tests.screens.demo", "/nonexistent", "plain", "hostile"]
    env = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(words, input=b"quit\nforget\n", capture_output=True, cwd=ROOT, env=env, check=False)
    assert b"M\\xfcller" in done.stdout
    assert max(done.stdout) < 128


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_password_is_not_echoed_and_a_signal_gives_the_echo_back(number: int, tmp_path: Path) -> None:
    with Terminal(demo(tmp_path, "plain", "start=primary-files")) as terminal:
        terminal.shows("Number [1]:")
        terminal.send(*["enter"] * len(TO_FILES), f"={CHAIN}\r")
        terminal.shows("Password (not shown):")
        terminal.send(f"={PASSWORD}")
        assert PASSWORD not in terminal.text
        assert not termios.tcgetattr(terminal.child.child_fd)[3] & termios.ECHO
        os.kill(terminal.pid, number)
        end = terminal.ended()
        assert end == 128 + number
        assert termios.tcgetattr(terminal.child.child_fd)[3] & termios.ECHO


@pytest.mark.parametrize("first", ["", "enter"])
def test_a_refused_password_is_asked_again_without_echo(first: str, tmp_path: Path) -> None:
    with Terminal(demo(tmp_path, "plain", "start=primary-files")) as terminal:
        terminal.shows("Number [1]:")
        terminal.send(*["enter"] * len(TO_FILES), f"={CHAIN}\r")
        terminal.shows("Password (not shown):")
        terminal.send("=Wrong-2026\r")
        terminal.shows("The password does not open")
        terminal.shows("again")
        assert not termios.tcgetattr(terminal.child.child_fd)[3] & termios.ECHO
        if first:
            terminal.send(first)
            terminal.shows("Enter keeps")
        terminal.send(f"={PASSWORD}\r")
        terminal.shows("What was found in the files")
        assert termios.tcgetattr(terminal.child.child_fd)[3] & termios.ECHO
        assert PASSWORD.encode() not in terminal.sent
        assert b"Wrong-2026" not in terminal.sent


@pytest.mark.parametrize("word", ["back", "Quit", "?"])
def test_the_ways_on_are_open_where_a_password_was_refused(word: str) -> None:
    session = FakeSession()
    _code, said = talk(session, *TO_FILES, CHAIN, "wrong", word, "save")
    last = {"back": "Where the primary server runs", "Quit": "[save/forget/stay]", "?": "Type back for the step before"}
    assert last[word] in said.partition("does not open")[2]
    assert session.secrets["primary.password"] == Secret("wrong" if word != "?" else "save")


def test_a_new_password_that_is_refused_is_typed_twice_again() -> None:
    session = FakeSession()
    to_store = ["", "", "", CHAIN, PASSWORD, "", "2", ""]
    _code, said = talk(session, *to_store, "abc", "abc", "abcdeg", "abcdeh", "abcdef", "abcdef", "quit", "save")
    assert "The password has fewer than 6 characters" in said
    assert "Error: The two passwords are not the same." in said
    assert session.secrets["primary.keystore-password"] == Secret("abcdef")


def test_a_key_of_the_keyboard_asks_before_it_leaves(tmp_path: Path) -> None:
    with Terminal(demo(tmp_path, "plain")) as terminal:
        terminal.shows("Number [1]:")
        terminal.send("ctrl+c")
        terminal.shows("[save/forget/stay]")
        terminal.send("=stay\r")
        terminal.shows("Number [1]:")
        terminal.send("ctrl+c", "ctrl+c")
        assert terminal.ended() == 130
