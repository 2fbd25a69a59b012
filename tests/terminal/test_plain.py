"""The wizard as lines, in a pipe and in a real terminal, on real sessions."""

import os
import re
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.exhaustive import exhaustive, mostly_exhaustive
from tests.support.line_by_line import talk
from tests.support.practice import Practice, company, practice
from tests.support.pty_terminal import ROOT, Terminal
from tests.support.scenarios import FILES_PASSWORD, STEPS, Way, answered, furnish
from wizard.change.store import history
from wizard.questions.answers import PrimaryAnswers
from wizard.questions.flow import Step
from wizard.questions.step_names import phase_of, phases
from wizard.reports.lines import Line
from wizard.sandbox.pki import pfx
from wizard.secret import Secret
from wizard.session.help_pages import plain_text
from wizard.session.saved_run import save
from wizard.session.session import Session

CHAIN = "certificates/primary-host.pfx"
TO_FILES = ["1", "", ""]
"""What to do, where, and the address as it is proposed: up to the question for the files."""
TO_VERDICT = [*TO_FILES, CHAIN, FILES_PASSWORD]
TO_STORE = [*TO_VERDICT, "primary-host"]
STORE_TO_REVIEW = ["", "", "gateway-host", "17.0.9", *[""] * 7]
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
    names = phases(session.steps())
    for step in session.steps():
        assert f"\nStep {names.index(phase_of(step)) + 1} of {len(names)}: {step.title}\n" in said
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
    assert f"{ticked}\n1 of {last} done. Next is 2: " in said
    assert "[checklist.policy-last]" in said
    assert f"Error: please type a number from 1 to {last}, or list." in said
    assert f"   1  {ticked}" in said, "list shows all of it again"
    assert said.count(f"\n1 of {last} done. Next is 2: ") == 2, "ticked, taken away, ticked again"


def test_help_back_and_defaults(session: Session) -> None:
    code, said = talk(session, "?", "2", "back", "", "quit", "stay", "quit", "save")
    assert code == 130
    assert "* Set up trusted certificates: the server still presents its built-in certificate.\n" in said
    assert "# Keys" not in said
    assert said.count("Step 1 of") == 2
    assert "Number [2]: " in said, "what was answered is the default the next time"
    assert saved_step(session) == "place"
    assert "\nYour answers are saved, passwords are not. To continue, start the wizard again.\n" in said


def test_each_answer_is_followed_by_one_sentence(finished: Finished) -> None:
    for words in (
        "Goal: Set up trusted certificates. It takes about 10 minutes.",
        f"Certificate files: {CHAIN}. 1 file found.\n",
        "File password: typed.\n",
        "Gateways: gateway-host.\n",
        "Windows clients: none.\n",
    ):
        assert words in finished.said
    assert finished.session.answers.gateway[0].java == "17.0.9"


def test_progress_comes_in_lines(finished: Finished) -> None:
    done = re.findall(r"(?m)^(\d) of (\d) done: (.*)$", finished.said)
    assert [int(number) for number, _count, _words in done] == list(range(1, len(done) + 1))
    assert {count for _number, count, _words in done} == {str(len(done))}
    assert done[0][2] == "Prepare and check the new files."
    assert "Now: Restart hcp-server, at most 300 s.\n" in finished.said
    assert (
        f"Presented at localhost:{finished.here.deployment.port}:\n  Certificate: primary-host; issued by"
        in finished.said
    )
    assert "  Planned:     the certificate of the plan\n" in finished.said


@pytest.mark.parametrize("answered", [False, True], ids=["at first", "answers kept while nothing listened"])
def test_the_port_that_was_found_is_proposed(server: Practice, answered: bool) -> None:
    session = Session(server.deployment.machine, base=server.root)
    session.answered = answered
    _code, said = talk(session, "1", "", "quit", "forget")
    assert f"Answer [localhost:{server.deployment.port}]: " in said


def test_the_port_of_this_machine_is_not_that_of_a_primary_elsewhere(server: Practice) -> None:
    session = Session(server.deployment.machine, base=server.root)
    talk(session, "1", "2", "quit", "forget")
    assert session.answers.primary.port == PrimaryAnswers().port
    _code, said = talk(session, "1", "1", "quit", "forget")
    assert "answers are saved" not in said
    assert f"Answer [localhost:{server.deployment.port}]: " in said


def test_files_are_named_by_numbers(session: Session) -> None:
    missing = ["nowhere.pfx", "wrong folder/x.pfx"]
    _code, said = talk(session, *TO_FILES, *missing, "99", "2 5", FILES_PASSWORD, "quit", "save")
    assert said.count("[file.missing]") == 2, "before the password is asked for"
    assert "Error: please type numbers from 1 to 5, or a path.\n" in said
    assert said.count(f"Answer [{CHAIN}]: ") == 4, "what cannot be used is not proposed"
    assert "   1  certificates/, this folder and all its files\n   2  certificates/Acme-CA-Root.cer\n" in said
    assert session.answers.primary.chain == ("certificates/Acme-CA-Root.cer", CHAIN)
    assert "2 files found." in said


def test_an_empty_password_is_no_wrong_one(session: Session) -> None:
    _code, said = talk(session, *TO_FILES, CHAIN, "", FILES_PASSWORD, "quit", "save")
    assert "is protected by a password, but none was given. [reading.password-needed]" in " ".join(said.split())
    assert "[reading.password-wrong]" not in said


def test_an_unsuitable_password_is_named_in_words(session: Session) -> None:
    _code, said = talk(session, *TO_STORE, "2", "", "abc", "abc", "quit", "save")
    assert (
        "Error: The password of the key store of primary-host is not suitable for Java: it has fewer than 6 characters."
        in " ".join(said.split())
    )


def test_what_is_no_java_version_is_asked_again(session: Session) -> None:
    _code, said = talk(session, *TO_STORE, "", "", "gateway-host", "pcclient-host", "17.0.9", "", "quit", "save")
    assert said.count("[handoff.java-version]") == 1
    assert said.count("Java version of gateway-host, if you know it") == 2
    assert session.answers.gateway[0].java == "17.0.9"


def test_a_folder_is_opened_by_its_number_and_taken_by_the_first(session: Session) -> None:
    session.answers = session.answers.put("primary.chain", ("renewed.pfx",))
    _code, said = talk(session, *TO_FILES, "3", "1", FILES_PASSWORD, "primary-host", "quit", "save")
    assert "   1  renewed.pfx\n   2  soon.pfx\n   3  certificates/, a folder\n" in said
    assert "Files in certificates/ (you can enter their numbers):\n   1  certificates/, this folder" in said
    assert session.answers.primary.chain == ("certificates/",)
    assert saved_step(session) == "primary-store"


def test_an_earlier_answer_is_changed_at_any_point_and_nothing_else_is_asked_again(session: Session) -> None:
    before = [*TO_STORE, "", "", "gateway-host", "17.0.9"]
    code, said = talk(session, *before, "answers", "8", "2", "answers", "99", "6", "primary-host", "", "quit", "save")
    assert code == 130, said
    assert "   1  Goal: Set up trusted certificates\n" in said
    assert "   5  File password: typed\n" in said
    assert "Error: please type a number from 1 to 9, or press Enter." in said
    assert said.count("Windows clients with local storage (host names)") == 3, "asked, and come back to twice"
    assert said.count("Gateways to prepare (host names)") == 1
    assert session.answers.primary.import_root == "no"


def test_a_changed_answer_leads_through_the_steps_that_it_brings(session: Session) -> None:
    typed = ("abcdef", "abcdef")
    _code, said = talk(session, *TO_REVIEW, "6", "2", *typed, "quit", "save")
    assert said.count("Password of the new key store") == 2
    assert said.count("New password for the key store") == 1
    assert said.count(": Review\n") == 2
    assert said.count(": Gateways and clients\n") == 1


def test_back_leads_to_the_question_before(session: Session) -> None:
    code, said = talk(session, *TO_FILES, "back", "", CHAIN, FILES_PASSWORD, "back", "back", "quit", "save")
    assert code == 130
    assert said.count("Address and port of this server") == 3
    assert said.count(": Certificate of the primary server\n") == 2
    assert saved_step(session) == "place"


def test_a_host_name_goes_with_the_files_that_it_was_taken_from(session: Session) -> None:
    talk(session, *TO_STORE, "back", "back", "", "renewed.pfx", "", "quit", "save")
    assert session.answers.primary.chain == ("renewed.pfx",)
    assert session.answers.primary.host == ""


def test_the_files_of_the_server_are_not_proposed_to_a_gateway(session: Session) -> None:
    for place, chain in (("3", ()), ("1", (CHAIN,))):
        talk(session, "1", place, "quit", "forget")
        assert session.answers.primary.chain == chain


def test_help_is_searched(session: Session) -> None:
    _code, said = talk(session, "1", "? policy last", "? zzz", "quit", "forget")
    assert "The policy comes last" in said
    assert "No page of the help contains all these words." in said


@pytest.mark.parametrize("name", STEPS)
def test_help_in_lines_has_neither_marks_nor_keys_of_the_screen(name: str) -> None:
    lines = plain_text(name)
    assert len(lines) > 1
    assert not re.search(r"\*\*(?!\*)\w|`|^#|\bF\d+\b", "\n".join(lines))


def test_nothing_to_do_ends_at_the_review(finished: Finished) -> None:
    # The gateway of the last run is filled in, so Enter takes it and all that follows.
    lines = ["2", "", "", CHAIN, FILES_PASSWORD, "primary-host", "2", *[""] * 11, "yes", "", ""]
    code, said = talk(session_on(finished.here), *lines)
    assert code == 0, said
    assert "Nothing will be changed." in said
    assert "Type apply" not in said
    assert ": What is left to do\n" in said


def test_the_changes_to_undo_have_numbers(finished: Finished) -> None:
    code, said = talk(session_on(finished.here), "4", "1", "quit", "forget")
    assert code == 130, said
    assert re.search(
        r"(?m)^  1  0001 of .*, Trusted certificate for primary-host, by .*; its files are unchanged", said
    )
    assert "Change to undo: 0001.\n" in said
    assert "Check that 127.0.0.1" in said


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
        assert "\nFailed: " in said
        assert "  1  Finish\n  2  Back to the answers\n" in said
        assert saved_step(session) == "review"
        assert "restored" in said
        assert here.tree() == before


@pytest.mark.parametrize("answer", ["5", "primary-verdict", "host name"])
def test_the_review_leads_to_the_step_of_a_decision_and_the_steps_lead_back(answer: str, session: Session) -> None:
    code, said = talk(session, *TO_REVIEW, answer, "", "quit", "save")
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
    code, said = talk(session_on(server), "go", FILES_PASSWORD, "quit", "save")
    assert code == 130
    assert "but none was given. [reading.password-needed]" in " ".join(said.split()), "why the step is asked again"
    assert "Certificate files" not in said
    assert session.answers.primary.chain == (CHAIN,)
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
        assert ("The change is still unfinished. Choose Something is wrong below" in said) is not ends


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


def comes(terminal: Terminal, words: str, times: int) -> None:
    """Read until *words* were sent so many times; the first may be off the screen by now."""
    while terminal.sent.count(words.encode()) < times:
        assert terminal.read() or terminal.child.isalive(), terminal.text


@pytest.mark.parametrize("number", mostly_exhaustive([signal.SIGTERM, signal.SIGHUP], {signal.SIGHUP}.__contains__))
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


@pytest.mark.parametrize("first", ["", pytest.param("enter", marks=exhaustive)])
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


def test_words_are_wrapped_and_a_password_is_left_by_a_key(server: Practice, session: Session) -> None:
    with terminal_on(server) as terminal:
        to_password(terminal)
        terminal.send("ctrl+c")
        terminal.shows("[save/forget/stay]")
        terminal.send("=answers\r")
        terminal.shows("Type a number to change that answer")
        terminal.send("=2\r")
        terminal.shows("Number [1]:")
        terminal.send("enter")
        comes(terminal, "Password (not shown", 2)
        terminal.child.setwinsize(24, 40)
        terminal.send("=wrong\r")
        terminal.shows("Enter repeats the question:")
        told = terminal.sent.decode().replace("\r\n", "\n")
        # What was typed ahead of its prompt is echoed before it.
        wide, _, narrow = told.partition("stay]: answers")[2].rpartition("Error: ")
        assert max(len(line) for line in wide.split("\n")) < 80
        assert "damaged." in narrow
        assert max(len(line) for line in narrow.split("\n") if "/" not in line and "repeats" not in line) < 40


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
