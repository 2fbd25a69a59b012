"""The wizard as lines, in a pipe and in a real terminal, on real sessions."""

import io
import os
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.practice import Practice, company, practice
from tests.support.pty_terminal import ROOT, Terminal
from tests.support.scenarios import FILES_PASSWORD, Way, answered, furnish
from wizard.change.history import history
from wizard.cli import line_mode
from wizard.questions.flow import Step
from wizard.reports.lines import Line
from wizard.sandbox.pki import pfx
from wizard.secret import Secret
from wizard.session.saved_run import save
from wizard.session.session import Session

CHAIN = "certificates/primary-host.pfx"
TO_FILES = ["", "", ""]
"""What to do, where, and the address as it is proposed: up to the question for the files."""
TO_VERDICT = [*TO_FILES, CHAIN, FILES_PASSWORD]
TO_STORE = [*TO_VERDICT, "primary-host"]
STORE_TO_REVIEW = ["", "", "gateway-host", *[""] * 7]
TO_REVIEW = [*TO_STORE, *STORE_TO_REVIEW]
ACCEPTED = ["", "yes"]
"""The review warns that this deployment has no keytool."""
TO_CONFIRM = [*TO_REVIEW, *ACCEPTED]
HOSTILE = (
    "CN=foo [/etc/ssl]",
    "CN=[@click=app.quit]quit[/]",
    "CN=\\",
    "esc \\x1b[2J and osc \\x1b]0;x\\x07",
    "w" * 10_000,
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """A running primary that no test changes."""
    with practice(tmp_path_factory.mktemp("plain") / "p", java=None) as made:
        furnish(made)
        soon = company().reissued("primary-host", days=(-360, 5))
        (made.root / "soon.pfx").write_bytes(pfx(soon, FILES_PASSWORD))
        yield made


def session_on(here: Practice) -> Session:
    return Session(here.deployment.machine, answers=answered(here, Way({})), base=here.root)


@pytest.fixture
def session(server: Practice) -> Iterator[Session]:
    made = session_on(server)
    yield made
    made.forget()


def talk(session: Session, *lines: str) -> tuple[int, str]:
    """Answer with *lines*; the exit code and what was said."""
    out = io.StringIO()
    code = line_mode.run(session, stdin=io.StringIO("".join(f"{line}\n" for line in lines)), stdout=out)
    return code, out.getvalue()


def saved_step(session: Session) -> str:
    run = session.saved()
    assert run is not None
    return run.step_id


def named(session: Session, name: str) -> Step:
    return next(step for step in session.steps() if step.id == name)


@dataclass(frozen=True)
class Finished:
    """A set-up that was made line by line."""

    here: Practice
    session: Session
    code: int
    said: str


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    with practice(tmp_path_factory.mktemp("finished") / "p", java=None) as here:
        furnish(here)
        session = session_on(here)
        yield Finished(here, session, *talk(session, *TO_CONFIRM, "apply", "", "", ""))


def test_the_same_steps_as_lines(finished: Finished) -> None:
    session, said = finished.session, finished.said
    assert finished.code == 0, said
    for number, step in enumerate(session.steps(), start=1):
        assert f"Step {number} of " in said
        assert f": {step.title}\n" in said
        for question in step.questions:
            assert question.heading in said
            assert question.why in said
    assert "default-keystore-file" in said
    assert "Done: " in said
    assert said.endswith("".join(f"{line}\n" for line in session.summary()))
    assert FILES_PASSWORD not in said
    assert "primary-host" in finished.here.served()
    assert session.saved() is None
    assert session.answers.primary.chain == (CHAIN,)


def test_a_number_ticks_and_the_policy_comes_last(finished: Finished) -> None:
    listed = [line for line in finished.session.lines(named(finished.session, "elsewhere")) if line.can_be_chosen]
    last = str(len(listed))
    code, said = talk(session_on(finished.here), "5", "1", last, "x", "list", "1", "1", "")
    assert code == 0, said
    assert f"   1  {listed[0].text}" in said
    assert listed[0].text.startswith("[ ] ")
    ticked = listed[0].text.replace("[ ]", "[x]")
    assert f"{ticked}\n1 of {last} done.\n" in said
    assert "[checklist.policy-last]" in said
    assert f"Error: please type a number from 1 to {last}, or list." in said
    assert f"   1  {ticked}" in said, "list shows all of it again"
    assert said.count(f"\n1 of {last} done.\n") == 2, "ticked, taken away, ticked again"


def test_help_back_and_defaults(session: Session) -> None:
    code, said = talk(session, "?", "2", "back", "", "quit", "stay", "quit", "save")
    assert code == 130
    assert "the server still presents its built-in\n  certificate." in said
    assert "# Keys" not in said
    assert said.count("Step 1 of") == 2
    assert "Number [2]: " in said, "what was answered is the default the next time"
    assert saved_step(session) == "place"


def test_nothing_is_behind_the_first_step(session: Session) -> None:
    code, said = talk(session, "back", "quit", "forget")
    assert code == 130
    assert "There is no step to go back to." in said


def test_an_error_asks_that_question_alone_again(session: Session) -> None:
    code, said = talk(session, *TO_FILES, "'open", CHAIN, "wrong", "", FILES_PASSWORD, "quit", "save")
    assert code == 130
    assert "A quote is not closed." in said
    assert "[reading.password-wrong]" in said
    assert said.count("Password for these files") == 2
    assert said.count("  Files or a folder") == 1
    assert "What was found in the files" in said


def test_a_new_password_is_typed_twice(session: Session) -> None:
    _code, said = talk(session, *TO_STORE, "2", "", "abcdef", "abcdeg", "abcdef", "abcdef", "quit", "save")
    assert "Error: The two passwords are not the same." in said
    assert session._typed["primary.keystore-password"] == Secret("abcdef")


def test_a_new_password_that_is_refused_is_typed_twice_again(session: Session) -> None:
    refused = ("abc", "abc", "abcdeg", "abcdeh", "abcdef", "abcdef")
    _code, said = talk(session, *TO_STORE, "2", "", *refused, "quit", "save")
    assert "fewer than 6 characters" in said
    assert "Error: The two passwords are not the same." in said
    assert session._typed["primary.keystore-password"] == Secret("abcdef")


def test_only_the_word_apply_applies(session: Session) -> None:
    code, said = talk(session, *TO_CONFIRM, "yes", "back", "quit", "save")
    assert code == 130
    assert "Nothing was done." in said
    assert said.count(": Review\n") == 2
    assert not history(session.machine)


def test_a_blocked_plan_leads_to_a_step(tmp_path: Path) -> None:
    with practice(tmp_path / "p", java=None, start=False, faults=["masked"], configured=False) as here:
        furnish(here)
        code, said = talk(session_on(here), *TO_REVIEW, "4", "quit", "save")
    assert code == 130
    assert "Error: this cannot be applied." in said
    assert said.count(": Certificate of the primary server\n") == 2


def test_a_failed_change_is_told(tmp_path: Path) -> None:
    with practice(tmp_path / "p", java=None, start=False, faults=["crash-loop"], configured=False) as here:
        furnish(here)
        here.systemctl("start")
        before = here.tree()
        session = session_on(here)
        code, said = talk(session, *TO_CONFIRM, "apply")
        assert code == 3, said
        assert "restored" in said
        assert here.tree() == before


@pytest.mark.parametrize("answer", ["5", "primary-verdict", "host name"])
def test_the_review_leads_to_the_step_of_a_decision_and_the_steps_lead_back(answer: str, session: Session) -> None:
    code, said = talk(session, *TO_REVIEW, answer, *[""] * 11, "quit", "save")
    assert code == 130, said
    assert "   5  Host name           primary-host" in said
    assert said.count("What was found in the files") == 2
    assert said.count("Your choices:") == 2
    assert saved_step(session) == "review"
    assert FILES_PASSWORD not in said


def test_what_is_no_number_of_the_review_is_asked_again(session: Session) -> None:
    _code, said = talk(session, *TO_REVIEW, "99", "0", "nothing like it", "quit", "save")
    assert said.count("Error: please type a number from 1 to 13, or press Enter.") == 3


def test_a_warning_is_asked_about_once_with_no_as_the_default(session: Session) -> None:
    to_warning = [*TO_FILES, "soon.pfx", FILES_PASSWORD, "primary-host"]
    _code, said = talk(session, *to_warning, "", "", "maybe", "yes", "quit", "save")
    assert said.count("Continue anyway? (yes/no) [no]: ") == 3, said
    assert said.count("You are still at this step") == 1
    assert "[validity.expires-soon]" in said
    assert session.pending_warnings(named(session, "primary-verdict")) == ()
    assert saved_step(session) == "primary-store"


def test_the_end_of_the_input_saves(session: Session) -> None:
    code, _said = talk(session, *TO_FILES, CHAIN)
    assert code == 130
    assert saved_step(session) == "primary-files"


def test_what_an_earlier_run_left(session: Session, server: Practice) -> None:
    talk(session, *TO_STORE, "quit", "save")
    code, said = talk(session_on(server), "go", "", "", FILES_PASSWORD, "quit", "save")
    assert code == 130
    assert f"Answer [{CHAIN}]" in said
    assert said.count(": What was found in the files\n") == 1
    _code, said = talk(session_on(server), "over", "quit", "forget")
    assert "Step 1 of" in said
    assert session.saved() is None


@pytest.mark.parametrize("mode", ["undo", "keep"])
def test_an_interrupted_change_is_recovered_or_still_waits(mode: str, server: Practice) -> None:
    for ends in (True, False):
        session, waiting = session_on(server), [Line("A change was cut off.")]
        recovered: list[str] = []

        def recover(
            how: str, *, ends: bool = ends, kept: list[Line] = waiting, seen: list[str] = recovered
        ) -> list[Line]:
            seen.append(how)
            if ends:
                kept.clear()
            return [Line("It was tried.")]

        session.interrupted = lambda waiting=waiting: waiting  # type: ignore[method-assign, misc]
        session.recover = recover  # type: ignore[method-assign, assignment]
        code, said = talk(session, mode, "quit", "forget")
        assert (code, recovered) == (130 if ends else 4, [mode])
        assert ("It is still unfinished. Something is wrong, below, finds the cause" in said) is not ends


def test_hostile_text_is_only_text(session: Session) -> None:
    session.lines = lambda _step: [Line(text) for text in HOSTILE]  # type: ignore[method-assign, assignment]
    code, said = talk(session, "quit", "forget")
    assert code == 130
    for text in HOSTILE:
        assert text in said
    assert "\x1b" not in said


def test_a_pipe_in_ascii_shows_everything(server: Practice) -> None:
    save(server.deployment.machine, answered(server, Way({"primary.chain": "M\u00fcller.pfx"})), "goal", server.root)
    words = [sys.executable, "-m", "wizard", "--plain", *server.options]
    env = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT)}
    lines = b"go\n\n\n\nquit\nforget\n"
    done = subprocess.run(words, input=lines, capture_output=True, cwd=server.root, env=env, check=False)
    assert b"M\\xfcller" in done.stdout, done.stdout + done.stderr
    assert max(done.stdout) < 128


def terminal_on(server: Practice) -> Terminal:
    """The line mode in a terminal, with all answers as they are proposed."""
    return Terminal([sys.executable, "-m", "tests.support.start_command", str(server.root), "set-up", "first", "plain"])


def to_password(terminal: Terminal) -> None:
    terminal.shows("Number [1]:")
    terminal.send(*["enter"] * len(TO_FILES), f"={CHAIN}\r")
    terminal.shows("Password (not shown")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_password_is_not_echoed_and_a_signal_gives_the_echo_back(
    number: int, server: Practice, session: Session
) -> None:
    with terminal_on(server) as terminal:
        to_password(terminal)
        terminal.send(f"={FILES_PASSWORD}")
        assert not termios.tcgetattr(terminal.child.child_fd)[3] & termios.ECHO
        os.kill(terminal.pid, number)
        assert terminal.ended() == 128 + number
        assert FILES_PASSWORD.encode() not in terminal.sent
        assert termios.tcgetattr(terminal.child.child_fd)[3] & termios.ECHO
    assert saved_step(session) == "primary-files"


@pytest.mark.parametrize("first", ["", "enter"])
def test_a_refused_password_is_asked_again_without_echo(first: str, server: Practice, session: Session) -> None:
    with terminal_on(server) as terminal:
        to_password(terminal)
        terminal.send("=Wrong-2026\r")
        terminal.shows("Enter repeats the question:")
        assert not termios.tcgetattr(terminal.child.child_fd)[3] & termios.ECHO
        if first:
            terminal.send(first)
            terminal.shows("Enter keeps", times=2)
        terminal.send(f"={FILES_PASSWORD}\r")
        terminal.shows("Answer [primary-host]:")
        assert termios.tcgetattr(terminal.child.child_fd)[3] & termios.ECHO
        assert FILES_PASSWORD.encode() not in terminal.sent
        assert b"Wrong-2026" not in terminal.sent
    session.forget()


@pytest.mark.parametrize("word", ["back", "Quit", "?"])
def test_the_ways_on_are_open_where_a_password_was_refused(word: str, session: Session) -> None:
    _code, said = talk(session, *TO_FILES, CHAIN, "wrong", word, "save")
    last = {"back": "Where the primary server runs", "Quit": "[save/forget/stay]", "?": "Type back for the step before"}
    assert last[word] in said.partition("[reading.password-wrong]")[2]
    assert session._typed["primary.password"] == Secret("wrong" if word != "?" else "save")


def test_a_key_of_the_keyboard_asks_before_it_leaves(server: Practice, session: Session) -> None:
    with terminal_on(server) as terminal:
        terminal.shows("Number [1]:")
        terminal.send("ctrl+c")
        terminal.shows("[save/forget/stay]")
        terminal.send("=stay\r")
        terminal.shows("Number [1]:", times=2)
        terminal.send("ctrl+c")
        terminal.shows("[save/forget/stay]", times=2)
        terminal.send("ctrl+c")
        assert terminal.ended() == 130
    assert session.saved() is not None
